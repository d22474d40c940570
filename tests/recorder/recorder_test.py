"""The recorder against real scripts: the format byte by byte, what it observes, and that it changes nothing.

Run with .deps/python/bin/python; the reader below is written from the format's description alone.
"""
import concurrent.futures
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

from scripts import BY_HAND, CLOSURE, COMPLEX, ODD, PARENT, RAISING, WORKERS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORDER = os.path.join(ROOT, "harness", "recorder")
PLAIN = os.path.join(ROOT, "tests", "e2e", "plain_train.py")
SPLITS = ("16x1x1", "4x4x1", "1x16x1")
SIZES = {"F64": ("d", 8), "F32": ("f", 4), "BF16": (None, 2), "F16": ("e", 2)}


def start(folder, name, command, recorded=True, front=(), **variables):
    """Runs a script to its end, with the trace (if any) at folder/name.trace."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ISOBATCH_", "PYTHONPATH"))}
    environment.update(OMP_NUM_THREADS="1", PYTHONPATH=os.pathsep.join([RECORDER, *front]), **variables)
    if recorded:
        environment["ISOBATCH_TRACE"] = os.path.join(folder, name + ".trace")
        environment["ISOBATCH_TRIAL"] = 'a trial of "%s"' % name
        environment.setdefault("ISOBATCH_SPLIT", "2x1x1")
        environment.setdefault("ISOBATCH_LEVEL", "full")
    return subprocess.run([sys.executable, *command], env=environment, cwd=folder, capture_output=True, text=True,
                          timeout=120)


def read_tensors(path):
    """{key: (dtype, shape, values or None for bf16)}, having checked each length and offset."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    assert (8 + length) % 8 == 0, "the data are not aligned"
    header, payload, end, tensors = json.loads(data[8:8 + length]), data[8 + length:], 0, {}
    for key, entry in header.items():  # as written: in the order of their offsets
        assert set(entry) == {"dtype", "shape", "data_offsets"}, key
        (code, size), (begin, stop) = SIZES[entry["dtype"]], entry["data_offsets"]
        assert begin == end and stop - begin == size * math.prod(entry["shape"]) and begin % size == 0, key
        values = code and struct.unpack("<%d%s" % (math.prod(entry["shape"]), code), payload[begin:stop])
        tensors[key], end = (entry["dtype"], entry["shape"], values), stop
    assert end == len(payload), "bytes behind the last tensor"
    return tensors


def read_trace(folder):
    """The manifest, the lines and the first step's tensors, having checked every digest and that no file is unlisted."""
    with open(os.path.join(folder, "manifest.json"), "rb") as file:
        text = file.read()
    body, mark, digest = text.rpartition(b',"manifest_digest":"crc32:')
    assert mark and digest == b'%08x"}\n' % zlib.crc32(body) and text.count(b"\n") == 1, digest
    manifest = json.loads(text)
    assert list(manifest)[-1] == "manifest_digest"
    found = [os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names]
    assert sorted(found) == sorted([*manifest["files"], "manifest.json"]), found
    for path, entry in manifest["files"].items():
        with open(os.path.join(folder, path), "rb") as file:
            data = file.read()
        assert entry == {"bytes": len(data), "digest": "crc32:%08x" % zlib.crc32(data)}, path
    with open(os.path.join(folder, "rank0", "steps.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line, parse_constant=lambda word: 1 / 0) for line in file]
    steps = [line["step"] for line in lines]
    assert steps == [*range(1, manifest["steps"] + 1)] or steps == [*range(1, manifest["steps"] + 1), None], steps
    has_tensors = bool(manifest["steps"]) and manifest["level"] != "losses"
    assert [line["step"] for line in lines if "tensors" in line] == [1] * has_tensors, "only window 1 is judged"
    first = read_tensors(os.path.join(folder, "rank0", lines[0]["tensors"])) if has_tensors else None
    return manifest, lines, first


class RecorderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """All runs at once, two at a time: importing torch is what takes the time."""
        cls.kept = tempfile.TemporaryDirectory()
        cls.folder = cls.kept.name
        os.mkdir(os.path.join(cls.folder, "site"))
        with open(os.path.join(cls.folder, "site", "sitecustomize.py"), "w", encoding="utf-8") as file:
            file.write("mark = 'chained'\nprint('the sitecustomize of the user')\n")
        site = [os.path.join(cls.folder, "site")]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            def later(name, *command, **options):
                return pool.submit(start, cls.folder, name, command, **options)
            runs = {}
            for split in SPLITS:
                per_device, accum, _ = split.split("x")
                level = "grads" if split == "4x4x1" else "full"
                runs[split] = later(split, PLAIN, "--bs", per_device, "--ga", accum, ISOBATCH_SPLIT=split,
                                    ISOBATCH_LEVEL=level)
            runs["inert"] = later("inert", PLAIN, "--bs", "4", "--ga", "4", recorded=False)
            runs["whole"] = later("whole", PLAIN, "--bs", "4", "--ga", "4", ISOBATCH_SPLIT="4x4x1", ISOBATCH_STEPS="100")
            runs["grouped"] = later("grouped", PLAIN, "--bs", "2", "--ga", "8", "--keep-zeros", ISOBATCH_SPLIT="2x8x1",
                                    ISOBATCH_STEPS="2")
            for name, script in (("odd", ODD), ("workers", WORKERS), ("raising", RAISING), ("parent", PARENT),
                                 ("complex", COMPLEX), ("by_hand", BY_HAND)):
                runs[name] = later(name, "-c", script)
            for optimizer in ("Adam", "LBFGS"):
                runs[optimizer] = later(optimizer, "-c", CLOSURE, optimizer, ISOBATCH_STEPS="9")
                runs[optimizer + "_inert"] = later(optimizer, "-c", CLOSURE, optimizer, recorded=False)
            runs["workers_inert"] = later("workers_inert", "-c", WORKERS, recorded=False)
            chained = "import sitecustomize; print(sitecustomize.mark)"
            for name, recorded in (("chain", True), ("chain_inert", False)):
                runs[name] = later(name, "-c", chained, recorded=recorded, front=site)
        cls.runs = {name: run.result() for name, run in runs.items()}

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def trace(self, name):
        return read_trace(os.path.join(self.folder, name + ".trace"))

    def test_complete_trace(self):
        for split in SPLITS:
            per_device, accum, devices = map(int, split.split("x"))
            run, (manifest, steps, tensors) = self.runs[split], self.trace(split)
            step = steps[0]
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertNotIn("trained", run.stdout)  # ended one window past the first epoch's edge
            self.assertEqual([sum(len(micro["samples"]) for micro in line["micros"]) for line in steps], [16, 16, 11, 16])
            self.assertEqual({line["left_over"] for line in steps}, {0})
            self.assertEqual([line["counters"]["scheduler_steps"] for line in steps], [0, 1, 2, 3])
            self.assertEqual(len({line["lr"][0] for line in steps}), 4)
            self.assertEqual(manifest["split"], {"per_device": per_device, "accum": accum, "devices": devices})
            self.assertEqual(manifest["trial"], 'a trial of "%s"' % split)
            expected = {"format": "isobatch-trace", "version": 1, "engine": "outside", "device": "cpu", "seed": None,
                        "recipe": {"compute": "fp32"}, "steps": 4, "epochs": 1, "contract": None, "follows": None}
            self.assertEqual(expected, {key: manifest[key] for key in expected})
            names = ["0.weight", "1.weight", "1.bias", "3.weight", "3.bias"]
            self.assertEqual([parameter["name"] for parameter in manifest["parameters"]], names)
            self.assertEqual({parameter["group"] for parameter in manifest["parameters"]}, {0})
            keys = ["grad/" + name for name in names]
            if split != "4x4x1":
                keys += ["micro/%d/%s" % (micro, name) for micro in range(accum) for name in names]
            self.assertEqual(manifest["level"], "grads" if split == "4x4x1" else "full")
            self.assertEqual(sorted(tensors), sorted(keys))
            self.assertEqual(step["events"], ["zero"] + ["backward %d" % micro for micro in range(accum)] + ["clip", "step"])
            self.assertEqual((step["clip_threshold"], step["lr"]), (0.25, [0.01]))

    def test_samples_and_units_do_not_depend_on_the_split(self):
        steps = {split: self.trace(split)[1][0] for split in SPLITS}
        ids = {split: [row for micro in step["micros"] for row in micro["samples"]] for split, step in steps.items()}
        self.assertEqual(len(set(ids["1x16x1"])), 16)
        self.assertEqual(ids["16x1x1"], ids["1x16x1"])
        self.assertEqual(ids["4x4x1"], ids["1x16x1"])
        units = {sum(micro["units"] for micro in step["micros"]) for step in steps.values()}
        self.assertEqual(len(units), 1)
        self.assertEqual({len(micro["samples"]) for micro in steps["4x4x1"]["micros"]}, {4})
        padded = sum(micro["padded_units"] for micro in steps["1x16x1"]["micros"])
        self.assertGreater(steps["16x1x1"]["micros"][0]["padded_units"], padded)

    def test_a_loss_is_seen_as_its_sum_and_what_it_was_multiplied_by(self):
        for split in SPLITS:
            for step in self.trace(split)[1]:
                units = sum(micro["units"] for micro in step["micros"])
                for micro in step["micros"]:
                    self.assertAlmostEqual(micro["weight"] * units, 1, delta=1e-6)  # a mean over the window's tokens
                    self.assertGreater(micro["loss"], micro["units"])  # of untrained rows, each about log 32

    def test_columns_add_up_to_the_gradient(self):
        manifest, _, tensors = self.trace("1x16x1")
        reference = self.trace("16x1x1")[2]
        for name in (parameter["name"] for parameter in manifest["parameters"]):
            gradient = tensors["grad/" + name][2]
            columns = zip(*(tensors["micro/%d/%s" % (micro, name)][2] for micro in range(16)))
            largest = max(map(abs, gradient))
            for total, value, other in zip(map(math.fsum, columns), gradient, reference["grad/" + name][2]):
                # 16 additions, each rounded to within 2^-24 of a partial sum.
                self.assertLess(abs(total - value), 64 * 2.0 ** -24 * largest)
                self.assertLess(abs(other - value), 64 * 2.0 ** -24 * largest)

    def test_the_gradient_is_the_one_before_the_clip(self):
        _, (step, *_), tensors = self.trace("4x4x1")
        squares = math.fsum(value * value for _, _, values in tensors.values() for value in values)
        self.assertAlmostEqual(step["grad_norm"], math.sqrt(squares), delta=1e-5)
        self.assertGreater(step["grad_norm"], step["clip_threshold"])

    def test_nothing_changes(self):
        inert = self.runs["inert"].stdout  # the digests of six gradients and of the trained parameters
        self.assertEqual((len(inert.splitlines()), inert.splitlines()[-1].split()[0]), (7, "trained"))
        self.assertEqual(self.runs["whole"].stdout, inert)
        self.assertEqual(self.runs["4x4x1"].stdout, "".join(inert.splitlines(keepends=True)[:4]))
        self.assertEqual(self.runs["workers"].stdout, self.runs["workers_inert"].stdout)
        self.assertNotEqual(self.runs["workers"].stdout, "")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "inert.trace")))

    def test_as_many_windows_as_asked_for(self):
        steps = self.trace("grouped")[1]
        self.assertEqual([line["step"] for line in steps], [1, 2])
        self.assertEqual({line["left_over"] for line in steps}, {0})  # zeros in the accumulator are nothing
        self.assertEqual(self.trace("whole")[1][-1]["step"], None)
        self.assertEqual(self.trace("whole")[0]["steps"], 6)

    def test_odd_dtypes_and_numbers(self):
        self.assertEqual(self.runs["odd"].returncode, 0, self.runs["odd"].stderr)
        manifest, (step, rest), tensors = self.trace("odd")
        self.assertEqual((rest["step"], rest["events"], rest["micros"]), (None, [], []))  # the script's own end
        self.assertEqual([(p["name"], p["dtype"], p["group"]) for p in manifest["parameters"]],
                         [("tied", "fp64", 1), ("wide.bias", "fp64", 1), ("narrow.weight", "fp32", 0)])
        self.assertEqual([tensors[key][0] for key in ("grad/tied", "grad/narrow.weight", "micro/0/narrow.weight")],
                         ["F64", "F32", "F32"])
        self.assertEqual(manifest["recipe"], {"compute": "fp64"})
        self.assertEqual(step["events"], ["step", "zero", "backward 0", "step"])
        self.assertEqual(len(step["micros"][0]["samples"]), 2)
        self.assertEqual((step["micros"][0]["loss"], step["lr"], step["grad_norm"]), ("nan", [0.1, "inf"], None))
        self.assertEqual(step["counters"],
                         {"optimizer_steps": 2, "scheduler_steps": 0, "zero_grads": 1, "ema_updates": 0})

    def test_a_schedule_that_steps_with_each_micro_is_seen(self):
        step = self.trace("workers")[1][0]
        self.assertEqual(step["events"], ["backward 0", "schedule", "backward 1", "schedule", "step"])
        self.assertEqual(step["counters"]["scheduler_steps"], 2)

    def test_workers_do_not_write(self):
        self.assertEqual(self.runs["workers"].returncode, 0, self.runs["workers"].stderr)
        manifest, (step, *_), _ = self.trace("workers")
        self.assertEqual([p["shape"] for p in manifest["parameters"]], [[8, 8], [8]])
        self.assertEqual([len(micro["samples"]) for micro in step["micros"]], [2, 2])

    def test_a_script_that_fails(self):
        run, (manifest, (step,), _) = self.runs["raising"], self.trace("raising")
        self.assertEqual(run.returncode, 1)
        self.assertTrue(run.stderr.startswith("Traceback"))
        self.assertTrue(run.stderr.endswith("ValueError: the script's own fault\n"))
        self.assertEqual(manifest["ended"],
                         {"crashed": {"rank": 0, "step": 0, "message": "ValueError: the script's own fault"}})
        self.assertEqual((step["events"], [len(micro["samples"]) for micro in step["micros"]]), (["backward 0"], [2]))
        self.assertEqual((self.runs["parent"].returncode, self.runs["parent"].stderr), (3, ""))
        self.assertIn("ended before", self.trace("parent")[0]["ended"]["crashed"]["message"])

    def test_a_dtype_that_no_trace_holds_is_refused(self):
        self.assertEqual(self.runs["complex"].returncode, 1)
        self.assertIn("torch.complex64 are not supported yet: keep those in float32", self.trace("complex")[0]["ended"]["crashed"]["message"])

    def test_a_torch_that_is_too_old_is_refused(self):
        old = os.path.join(self.folder, "old", "torch")
        os.makedirs(old)
        with open(os.path.join(old, "__init__.py"), "w", encoding="utf-8") as file:
            file.write("__version__ = '2.0.1+cu118'\n")
        run = start(self.folder, "old_torch", ["-c", "import torch"], front=[os.path.dirname(old)])
        self.assertEqual(run.returncode, 1)
        with open(os.path.join(self.folder, "old_torch.trace", "manifest.json"), encoding="utf-8") as file:
            self.assertIn("torch 2.0.1+cu118 cannot be watched: run the script with torch 2.1", json.load(file)["ended"]["crashed"]["message"])

    def test_what_is_cleared_by_hand_is_seen(self):
        self.assertEqual(self.runs["by_hand"].returncode, 0, self.runs["by_hand"].stderr)
        manifest, steps, _ = self.trace("by_hand")
        self.assertEqual([p["name"] for p in manifest["parameters"]], ["weight", "bias", "1:weight", "1:bias"])
        self.assertEqual([line["events"] for line in steps],
                         [["backward 0", "backward 1", "step"], ["step", "backward 0", "zero", "backward 1", "step"],
                          ["step", "backward 0", "backward 1", "step"], ["step"]])
        self.assertEqual([line.get("left_over") for line in steps], [0, 0, 0, None])
        self.assertEqual([[len(micro["samples"]) for micro in line["micros"]] for line in steps], [[2, 2]] * 3 + [[]])
        self.assertEqual([line["lr"] for line in steps], [[0.1], [0.1, 0.1], [0.1, 0.1], [0.1, 0.1]])

    def test_a_closure_is_the_window_s_last_backward(self):
        self.assertEqual(self.runs["Adam"].stdout, self.runs["Adam_inert"].stdout)
        steps = self.trace("Adam")[1]
        self.assertEqual([line["events"] for line in steps], [["zero", "backward 0", "step"]] * 3 + [[]])

    def test_a_closure_that_is_called_again_is_refused(self):
        self.assertEqual(self.runs["LBFGS_inert"].returncode, 0, self.runs["LBFGS_inert"].stderr)
        self.assertEqual(self.runs["LBFGS"].returncode, 1)
        self.assertIn("closure more than once", self.trace("LBFGS")[0]["ended"]["crashed"]["message"])

    def test_the_sitecustomize_of_the_user_runs(self):
        for name in ("chain", "chain_inert"):
            self.assertEqual(self.runs[name].stdout, "the sitecustomize of the user\nchained\n", self.runs[name].stderr)
        self.assertNotEqual(self.trace("chain")[0]["ended"], "complete")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "chain_inert.trace")))


if __name__ == "__main__":
    unittest.main()
