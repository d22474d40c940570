"""ci/gpu on machines made of stubs: with and without a GPU, with a failing tool, without programs; and its bundle."""
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

CI = pathlib.Path(__file__).resolve().parents[2] / "ci"
TESTS = "echo '  OfFloats/cpu'; echo '  OfFloats/gpu  # GetParam() = \"gpu\"'; case \"$*\" in *json:*) for w; do case $w in *json:*) echo '{}' >\"${w#*json:}\";; esac; done;; esac"
WITH_GPU = 'case "$*" in *--probe*) echo "a GPU";; *) for w; do :; done; echo "{}" >"$w";; esac'
# `isobatch check` leaves a run directory, and finds what is planted; `isobatch report` merges those that it is given.
TRAINS = """for dir; do :; done
case $1 in
check) mkdir -p $dir; echo {} >$dir/result.json; case "$*" in *nondeterministic*) exit 4;; *--fault*) exit 1;; esac;;
report) mkdir -p $dir; echo {} >$dir/result.json; shift; for dir; do basename $dir; done >${dir}/index.html;;
esac"""
WITHOUT = "echo 'skipped: no CUDA device can be used'; exit 77"


class GpuTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.script = self.root / "ci" / "gpu"
        self.script.parent.mkdir()
        for part in ("gpu", "gpu_run.py", "gpu_report.py"):
            shutil.copy2(CI / part, self.script.parent / part)
        self.stub("tools/nvidia-smi", "echo 'a GPU, 1.0, 30, 100, 100, 200, 200, 70, 0'")

    def stub(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def programs(self, kernels, tests=TESTS):
        self.stub("build/cuda/bin/tests/isobatch_test_cuda", tests)
        self.stub("build/cuda/bin/gpu_kernels", kernels)

    def environment(self):
        return {**os.environ, "PATH": f"{self.root / 'tools'}:{os.environ['PATH']}"}

    def run_it(self, *words):
        return subprocess.run([sys.executable, str(self.script), *words], cwd=self.root, env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def stages(self):
        return {stage["name"]: stage["exit"] for stage in self.result()["stages"]}

    def trainers(self, isobatch):
        """All that trains, as stubs, and a torch that can be imported."""
        self.stub("tools/compute-sanitizer", "exit 0")
        for path in ("bin/isobatch-run", "lib/libisobatch_nccl.so"):
            self.stub(f"build/cuda/{path}", "exit 0")
        self.stub("build/cuda/bin/gpu_step", 'test $# = 0 || echo "[]" >$1; echo skipped')
        self.stub("build/cuda/bin/isobatch", isobatch)
        (self.root / "torch.py").write_text("__version__ = '1.0'", encoding="utf-8")
        (self.root / "tests/e2e").mkdir(parents=True, exist_ok=True)
        for name in ("nccl_test.py", "program.py"):
            (self.root / "tests/e2e" / name).write_text("import os; print(os.environ['LD_LIBRARY_PATH'], os.environ['ISOBATCH_PROGRAM'])", encoding="utf-8")
        os.environ["PYTHONPATH"] = str(self.root)
        self.addCleanup(os.environ.pop, "PYTHONPATH", None)

    def result(self):
        return json.loads((self.root / "gpu-report" / "result.json").read_text(encoding="utf-8"))

    def test_without_programs_it_says_how_to_build_them(self):
        done = self.run_it()
        self.assertEqual(done.returncode, 2)
        self.assertIn("ci/build cuda", done.stdout)

    def test_without_a_gpu_it_says_so_and_leaves_nothing(self):
        self.programs(WITHOUT)
        done = self.run_it("--quick")
        self.assertEqual(done.returncode, 77)
        self.assertIn("skipped: no CUDA device", done.stdout)
        self.assertFalse((self.root / "gpu-report").exists())

    def test_with_a_gpu_everything_runs_and_is_written(self):
        self.programs(WITH_GPU)
        self.stub("tools/compute-sanitizer", "exit 0")
        done = self.run_it("--quick")
        self.assertEqual(done.returncode, 0, done.stdout)
        files = {path.name for path in (self.root / "gpu-report").iterdir()}
        self.assertEqual(files, {"result.json", "tests.json", "kernels.json", "details.tar.gz"})
        names = [stage["name"] for stage in self.result()["stages"]]
        self.assertEqual(names, ["tests", "kernels", "memcheck", "racecheck", "initcheck", "synccheck"])
        self.assertEqual(self.result()["device"], "a GPU")
        self.assertEqual(self.result()["before"]["temperature.gpu"], "30")

    def test_what_a_sanitizer_finds_fails(self):
        self.programs(WITH_GPU)
        self.stub("tools/compute-sanitizer", 'case "$*" in *racecheck*) echo hazard; exit 9;; esac')
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("hazard", done.stdout)
        self.assertEqual([stage["exit"] for stage in self.result()["stages"]], [0, 0, 0, 9, 0, 0])

    def test_a_failed_test_or_kernel_fails(self):
        self.stub("tools/compute-sanitizer", "exit 0")
        self.programs(WITH_GPU, tests="exit 1")
        self.assertEqual(self.run_it().returncode, 1)
        self.programs('case "$*" in *--probe*) echo "a GPU";; *) exit 2;; esac')
        self.assertEqual(self.run_it().returncode, 1)

    def test_a_program_that_lists_no_gpu_test_fails_the_self_check(self):
        self.programs(WITHOUT, tests="echo '  OfFloats/cpu'")
        done = self.run_it("--self-check")
        self.assertEqual(done.returncode, 2)
        self.assertIn("lists no test", done.stdout)

    def test_the_bundle_runs_where_it_is_unpacked(self):
        self.programs(WITHOUT)
        self.stub("tools/strip", 'cp "$3" "$2"')
        done = self.run_it("--bundle", "b.tar.gz")
        self.assertEqual(done.returncode, 0, done.stdout)
        with tarfile.open(self.root / "b.tar.gz") as archive:
            archive.extractall(self.root / "elsewhere")
        self.script = self.root / "elsewhere" / "isobatch-gpu" / "ci" / "gpu"
        self.assertEqual(self.run_it().returncode, 77)
        self.assertTrue((self.script.parents[1] / "commit.txt").read_text(encoding="utf-8").strip())

    def test_the_matrix_is_run_packed_and_merged_where_there_is_a_torch(self):
        self.programs(WITH_GPU)
        self.stub("tools/strip", 'cp "$3" "$2"')
        self.trainers(TRAINS)
        self.assertEqual(self.run_it("--bundle", "b.tar.gz").returncode, 0)
        with tarfile.open(self.root / "b.tar.gz") as archive:
            archive.extractall(self.root / "elsewhere")
        self.script = self.root / "elsewhere" / "isobatch-gpu" / "ci" / "gpu"
        (self.root / "torch.py").write_text("import does_not_exist", encoding="utf-8")
        done = self.run_it()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("not run: matrix", done.stdout)
        (self.root / "torch.py").write_text("__version__ = '1.0'", encoding="utf-8")
        done = self.run_it()
        self.assertEqual(done.returncode, 0, done.stdout)
        trained = [name for name in self.stages() if name.startswith(("matrix-", "fault-", "across", "gloo", "graph", "nccl"))]
        self.assertEqual(len([name for name in trained if name.startswith("matrix-")]), 6, "a recipe each")
        self.assertEqual(trained[-4:], ["across", "gloo", "graph", "nccl"])
        said = (self.root / "gpu-report" / "matrix.html").read_text(encoding="utf-8")
        for recipe in ("fp32", "fp64", "tf32", "bf16", "bf16-autocast", "fp16-autocast"):
            self.assertIn(f"matrix-{recipe}\n", said)
        files = list((self.root / "gpu-report").iterdir())
        self.assertLessEqual(len(files), 8)
        self.assertEqual({file.name for file in files}, {"result.json", "tests.json", "kernels.json", "steps.json", "matrix.json", "matrix.html", "details.tar.gz"})

    def test_a_fault_that_is_not_found_fails(self):
        self.programs(WITH_GPU)
        self.trainers(TRAINS.replace("exit 1", "exit 0"))
        self.assertEqual(self.run_it("--quick", "--stages", "matrix,fault").returncode, 1)
        self.assertEqual(set(self.stages().values()), {0})

    def test_what_hangs_is_ended_with_its_children_and_the_rest_runs(self):
        self.programs(WITH_GPU)
        self.trainers('for dir; do :; done; case "$*" in *fp32*) mkdir -p $dir/trials; echo {} >$dir/trials/one.json; sleep 600 & sleep 600;; esac; ' + TRAINS)
        done = self.run_it("--minutes", "0.1", "--stages", "matrix-fp32,matrix-bf16")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.stages(), {"matrix-fp32": 124, "matrix-bf16-autocast": 124, "matrix-bf16": 124})
        self.assertIn("not run: no time was left", done.stdout)
        with tarfile.open(self.root / "gpu-report" / "details.tar.gz") as archive:
            self.assertIn("details/matrix-fp32-trials/one.json", archive.getnames(), "what was finished before")

    def test_who_ends_the_script_leaves_what_was_finished(self):
        self.programs(WITH_GPU)
        reached = self.root / "reached"
        self.trainers(f'case "$*" in *fp64*) echo $$ >{reached}.part; mv {reached}.part {reached}; exec sleep 600;; esac; {TRAINS}')
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                with subprocess.Popen([sys.executable, str(self.script), "--stages", "tests,matrix"], cwd=self.root, env=self.environment(), stdout=subprocess.DEVNULL) as running:
                    while not reached.exists() and running.poll() is None:
                        time.sleep(0.05)
                    running.send_signal(how)
                trains = pathlib.Path("/proc") / reached.read_text(encoding="utf-8").strip()
                if how == signal.SIGTERM:
                    self.assertFalse(trains.exists(), "ends with who started it")
                else:
                    os.kill(int(trains.name), signal.SIGKILL)  # nobody could
                reached.unlink()
                self.assertEqual(self.stages(), {"tests": 0, "matrix-fp32": 0, "matrix-bf16-autocast": 0, "matrix-fp64": None})
                self.assertFalse(self.result()["passed"])
                report = self.root / "gpu-report"
                self.assertIn("matrix-bf16-autocast", (report / "matrix.html").read_text(encoding="utf-8"))
                with tarfile.open(report / "details.tar.gz") as archive:
                    self.assertIn("details/matrix-fp32.txt", archive.getnames())

    def test_a_long_log_is_cut_and_a_large_report_left_out(self):
        self.programs(WITH_GPU)
        self.trainers('case "$1" in check) head -c 3000000 /dev/zero | tr "\\0" x;; esac; ' + TRAINS.replace("basename $dir", "basename $dir; head -c 17000000 /dev/zero"))
        done = self.run_it("--stages", "matrix-fp32")
        self.assertIn("no matrix.html", done.stdout)
        report = self.root / "gpu-report"
        with tarfile.open(report / "details.tar.gz") as archive:
            self.assertEqual(archive.getmember("details/matrix-fp32.txt").size, 1 << 20)
        self.assertFalse((report / "matrix.html").exists())

    def test_an_unknown_stage_is_refused(self):
        self.programs(WITH_GPU)
        done = self.run_it("--stages", "kernel")
        self.assertEqual(done.returncode, 2)
        self.assertIn("choose from tests, kernels, memcheck", done.stdout)

    def test_a_worker_that_does_not_come_to_the_device_fails_the_self_check(self):
        self.programs(WITHOUT)
        self.stub("tools/ldd", "exit 0")
        self.trainers("echo 'no GPU 0 for --device cuda: 0 found'; exit 2")
        done = self.run_it("--self-check")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("training: no GPU 0", done.stdout)
        self.trainers("echo 'cannot open shared object file'; exit 127")
        done = self.run_it("--self-check")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot open shared object file", done.stdout)

    def test_too_large_a_bundle_is_refused(self):
        self.programs(WITHOUT)
        self.stub("tools/strip", 'truncate -s 65M "$2"')
        done = self.run_it("--bundle")
        self.assertEqual(done.returncode, 2)
        self.assertIn("more than 64", done.stdout)


if __name__ == "__main__":
    unittest.main()
