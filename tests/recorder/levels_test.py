"""What the recorder keeps of gradients at each level, and how much of them it holds meanwhile."""
import json, math, os, struct, sys, tempfile, unittest, zlib

from recorder_test import PLAIN, RECORDER, ROOT, read_trace, start

sys.path[:0] = [RECORDER, os.path.join(ROOT, "tests", "bench")]
from isobatch_sketch import coordinates  # noqa: E402
from recorder_memory import peak  # noqa: E402

# One large table and two rows; its gradient is one window's.
LARGE = """
import torch
table = torch.nn.Embedding(%d, 64)
optimizer = torch.optim.SGD(table.parameters(), 0.1)
table(torch.tensor([[1, 2], [3, 4]])).sum().backward()
optimizer.step()
"""


class Levels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.folder = cls.kept.name
        for level in ("losses", "sketch", "grads"):
            run = start(cls.folder, level, [PLAIN, "--bs", "16", "--ga", "1"], ISOBATCH_SPLIT="16x1x1", ISOBATCH_LEVEL=level)
            assert run.returncode == 0, run.stderr

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def trace(self, level):
        return read_trace(os.path.join(self.folder, level + ".trace"))

    def test_a_sketch_s_coordinates_are_those_of_every_language(self):  # tests/trace/sketch_test.cpp has the same ones
        drawn = coordinates("layer.0.weight", (10, 100), 16)
        self.assertEqual((drawn[:6], drawn[-1], len(drawn)), ([1, 27, 38, 51, 71, 90], 999, 64))
        self.assertEqual(coordinates("größe", (65,), 1)[:3], [1, 2, 3])
        self.assertEqual([coordinates("b", shape, 16) for shape in ((3,), (), (0,))], [[0, 1, 2], [0], []])
        self.assertEqual(len(coordinates("w", (10, 100), 40)), 120)

    def test_a_sketch_holds_these_elements_of_what_grads_holds(self):
        (manifest, (line, *_), sketch), (_, _, whole) = self.trace("sketch"), self.trace("grads")
        self.assertEqual((manifest["level"], manifest["recipe"]), ("sketch", {"compute": "fp32"}))
        self.assertEqual(sorted(sketch), sorted("sketch/" + p["name"] for p in manifest["parameters"]))
        for p in manifest["parameters"]:
            gradient = whole["grad/" + p["name"]][2]
            self.assertEqual(list(sketch["sketch/" + p["name"]][2]), [gradient[at] for at in coordinates(p["name"], tuple(p["shape"]), 16)])
            said = line["sketched"][p["name"]]
            self.assertAlmostEqual(said["norm"], math.sqrt(math.fsum(value * value for value in gradient)), delta=1e-12)
            self.assertEqual(said["peak"], max(map(abs, gradient)))
            self.assertEqual(said["digest"], "crc32:%08x" % zlib.crc32(struct.pack("<%df" % len(gradient), *gradient)))

    def test_gradients_of_a_large_model_or_a_large_window_are_sketched_unasked(self):
        for name, rows, split, level in (("fits", 50_000_000 // 64, "2x1x1", "grads"), ("large", 50_000_000 // 64 + 1, "2x1x1", "sketch"),
                                         ("window", 6250, "1x2000x1", "full"), ("large_window", 6251, "1x2000x1", "sketch")):
            path = os.path.join(self.folder, name)
            with open(path + ".py", "w", encoding="utf-8") as file:
                file.write(LARGE % rows)
            run = start(self.folder, name, [path + ".py"], ISOBATCH_SPLIT=split, ISOBATCH_LEVEL="")
            self.assertEqual(run.returncode, 0, run.stderr)
            with open(path + ".trace/manifest.json", encoding="utf-8") as file:
                self.assertEqual(json.load(file)["level"], level, name)
            size = sum(os.path.getsize(os.path.join(path + ".trace", "rank0", name)) for name in os.listdir(path + ".trace/rank0"))
            self.assertEqual(size > 4 * 64 * rows, level != "sketch", size)

    def test_at_level_losses_there_is_no_tensor(self):
        manifest, lines, _ = self.trace("losses")
        self.assertEqual((manifest["level"], manifest["steps"], len(manifest["parameters"])), ("losses", 4, 5))
        self.assertEqual([name for name in manifest["files"]], ["rank0/steps.jsonl"])

    def test_no_more_than_one_set_of_gradients_is_held(self):
        bare, gradients = peak(20, 4, None, self.folder)
        for level, most in (("grads", 0.1), ("full", 1.1)):  # of four micro-batches there are five sets
            held = (peak(20, 4, level, self.folder)[0] - bare) / gradients
            print("%s: %.2f sets of gradients held" % (level, held))
            self.assertLess(held, most)


if __name__ == "__main__":
    unittest.main()
