"""ci/gpu on machines made of stubs: with and without a GPU, with a failing tool, without programs; and its bundle."""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "ci" / "gpu"
TESTS = "echo '  OfFloats/cpu'; echo '  OfFloats/gpu  # GetParam() = \"gpu\"'; case \"$*\" in *json:*) for w; do case $w in *json:*) echo '{}' >\"${w#*json:}\";; esac; done;; esac"
WITH_GPU = 'case "$*" in *--probe*) echo "a GPU";; *) for w; do :; done; echo "{}" >"$w";; esac'
WITHOUT = "echo 'skipped: no CUDA device can be used'; exit 77"


class GpuTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.script = self.root / "ci" / "gpu"
        self.script.parent.mkdir()
        shutil.copy2(SCRIPT, self.script)
        self.stub("tools/nvidia-smi", "echo 'a GPU, 1.0, 30, 100, 100, 200, 200, 70, 0'")

    def stub(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def programs(self, kernels, tests=TESTS):
        self.stub("build/cuda/bin/tests/isobatch_test_cuda", tests)
        self.stub("build/cuda/bin/gpu_kernels", kernels)

    def run_it(self, *words):
        path = f"{self.root / 'tools'}:{os.environ['PATH']}"
        return subprocess.run([sys.executable, str(self.script), *words], cwd=self.root, env={**os.environ, "PATH": path},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

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

    def test_the_nccl_engine_is_packed_and_run_where_there_is_a_torch(self):
        self.programs(WITH_GPU)
        self.stub("tools/strip", 'cp "$3" "$2"')
        self.stub("tools/compute-sanitizer", "exit 0")
        for path in ("bin/isobatch", "bin/isobatch-run", "lib/libisobatch_nccl.so"):
            self.stub(f"build/cuda/{path}", "exit 0")
        for name in ("nccl_test.py", "program.py"):
            (self.root / "tests/e2e").mkdir(parents=True, exist_ok=True)
            (self.root / "tests/e2e" / name).write_text("import os; print(os.environ['LD_LIBRARY_PATH'], os.environ['ISOBATCH_PROGRAM'])", encoding="utf-8")
        self.assertEqual(self.run_it("--bundle", "b.tar.gz").returncode, 0)
        with tarfile.open(self.root / "b.tar.gz") as archive:
            archive.extractall(self.root / "elsewhere")
        self.script = self.root / "elsewhere" / "isobatch-gpu" / "ci" / "gpu"
        for torch, ran in (("import does_not_exist", False), ("", True)):
            (self.root / "torch.py").write_text(torch, encoding="utf-8")
            os.environ["PYTHONPATH"] = str(self.root)
            self.addCleanup(os.environ.pop, "PYTHONPATH", None)
            done = self.run_it()
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual("not run: nccl" in done.stdout, not ran)
            self.assertEqual([stage["exit"] for stage in self.result()["stages"] if stage["name"] == "nccl"], [0] if ran else [])

    def test_too_large_a_bundle_is_refused(self):
        self.programs(WITHOUT)
        self.stub("tools/strip", 'truncate -s 65M "$2"')
        done = self.run_it("--bundle")
        self.assertEqual(done.returncode, 2)
        self.assertIn("more than 64", done.stdout)


if __name__ == "__main__":
    unittest.main()
