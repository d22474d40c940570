"""assert_equivalent in this process: what it finds, what it refuses, and that nothing of it stays behind."""
import gc, importlib, json, os, random, subprocess, sys, tempfile, unittest, weakref

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORDER = os.path.join(ROOT, "harness", "recorder")
sys.path.insert(0, RECORDER)
sys.path.insert(0, os.path.join(ROOT, "tests", "campaign"))
os.environ["ISOBATCH_FAULTY_RUNNER"] = ""  # runs.py asks for it

import loops, torch  # noqa: E402
from isobatch_pytest import NotComparable, assert_equivalent, program, record  # noqa: E402
from runs import without_times  # noqa: E402

SPLITS = ["6x1x1", "2x3x1", "1x6x1"]
HOOKED = ((torch.nn.Module, "__call__"), (torch.nn.Module, "zero_grad"), (torch.optim.Optimizer, "zero_grad"), (torch.autograd, "backward"), (torch.autograd, "grad"),
          (torch.optim.lr_scheduler.LRScheduler, "step"), (torch.nn.functional, "cross_entropy"), (torch.nn.functional, "nll_loss"),
          (torch.nn.utils, "clip_grad_norm_"), (torch.nn.utils.clip_grad, "clip_grad_norm_"), (loops, "cross_entropy"))
TEST_FILE = """
import pytest
from isobatch_pytest import assert_equivalent as plainly
from loops import train, train_means
pytestmark = pytest.mark.isobatch(splits=["6x1x1", "2x3x1"])
def test_right(assert_equivalent):
    assert assert_equivalent(train)["outcome"] == "equivalent"
def test_means(assert_equivalent):
    assert_equivalent(train_means)
@pytest.mark.isobatch(splits=[(6, 1), (3, 2)])
def test_nearest_marker(assert_equivalent):
    assert {record["split"] for record in assert_equivalent(train)["records"]} == {"6x1x1", "3x2x1"}
def test_without_fixture():
    plainly(train, splits=["6x1x1", "3x2x1"])
"""


def surroundings():
    """Everything that a recording touches, as it is now."""
    return ([vars(owner)[name] for owner, name in HOOKED], dict(sys.modules["torch.optim.optimizer"]._global_optimizer_pre_hooks), dict(os.environ),
            list(sys.meta_path), set(sys.modules), torch.get_rng_state().tolist(), random.getstate(), torch.get_num_threads())


class InProcess(unittest.TestCase):
    def failure(self, train, error=AssertionError, splits=SPLITS, **options):
        with self.assertRaises(error) as caught:
            assert_equivalent(train, splits, **options)
        return str(caught.exception)

    def test_a_right_function_is_equivalent(self):
        for train in (loops.train, loops.train_without_devices):
            result = assert_equivalent(train, SPLITS)
            self.assertEqual([record["verdict"]["outcome"] for record in result["records"]], ["identical", "equivalent", "equivalent"])
        self.assertEqual({claim["claim"]: claim["tested_by"] > 0 for claim in result["claims"]},
                         {"scale": True, "weighting": True, "tail": True, "schedule": True, "state": True})

    def test_a_fault_is_named_with_samples_and_what_repeats_it(self):
        text = self.failure(loops.train_means, splits=["6x1x1", (2, 3)])
        self.assertTrue(text.startswith("1 of 2 splits trains differently from the single large batch: token-mean-of-means"), text)
        self.assertIn("\ntoken-mean-of-means", text)
        self.assertIn("N / (K n_m)", text)
        self.assertIn("first seen: step 1, rank 0 in 2x3x1\n", text)
        self.assertIn("repeat: assert_equivalent(loops.train_means, splits=['6x1x1', '2x3x1'])\n", text)
        self.assertNotIn("report:", text)

    def test_two_calls_give_one_result(self):
        def judged(seed):
            result = assert_equivalent(loops.train, SPLITS, seed=seed)
            return json.dumps(without_times({part: result[part] for part in ("records", "claims", "outcome")}))
        first, second, other = judged(5), judged(5), judged(6)
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)

    def test_nothing_stays_behind(self):
        assert_equivalent(loops.train, SPLITS)  # what is imported late is imported now
        before = surroundings()
        assert_equivalent(loops.train, SPLITS)
        self.assertEqual(surroundings(), before)
        self.failure(loops.train_means)
        self.assertEqual(surroundings(), before)
        self.assertEqual(self.failure(loops.train_and_fail, LookupError, steps=100), "of the function itself")
        self.assertEqual(surroundings(), before)
        models = []
        def train(per_device, accum):
            model = loops.model_of()
            models.append(weakref.ref(model))
            loops.train(per_device, accum, model=model)
        assert_equivalent(train, SPLITS)
        gc.collect()
        self.assertEqual([model() for model in models], [None] * 3)

    def test_a_hook_that_was_kept_is_inert(self):
        kept = []
        assert_equivalent(lambda per_device, accum: (kept.append(torch.nn.functional.cross_entropy), loops.train(per_device, accum)), SPLITS)
        self.assertIsNot(kept[0], torch.nn.functional.cross_entropy)
        logits, target = torch.eye(3), torch.arange(3)
        self.assertEqual(kept[0](logits, target), torch.nn.functional.cross_entropy(logits, target))

    def test_training_is_the_same_bit_for_bit(self):
        trained = []
        def train(per_device, accum):
            trained.append([p.detach().clone() for p in loops.train(per_device, accum).parameters()])
        with tempfile.TemporaryDirectory() as folder:
            record(train, 2, 3, folder, level="full", steps=100)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        torch.manual_seed(1)
        train(2, 3)
        torch.set_num_threads(threads)
        self.assertTrue(all(map(torch.equal, *trained)))

    def test_what_cannot_be_judged_is_no_pass(self):
        self.assertIn("weighting", self.failure(loops.train_equal))  # equal rows cannot show it
        assert_equivalent(loops.train_equal, SPLITS, allow_untested=("weighting", "tail"))
        self.assertIn("ended before an update: of the optimizers of torch none stepped, and 0 backward(s) were seen", self.failure(loops.train_nothing, NotComparable))
        self.assertIn("set dropout and the like to 0", self.failure(loops.train_with_dropout))

    def test_what_is_claimed_is_held_to(self):
        assert_equivalent(loops.train, SPLITS, contract="token-mean,keeps-tail,schedule-in-updates")
        self.assertIn("The trainer does not keep what it claims: sample-mean.", self.failure(loops.train, contract="sample-mean"))

    def test_a_model_that_splits_share_is_no_fault_of_accumulation(self):
        shared = loops.model_of()
        text = self.failure(lambda per_device, accum: loops.train(per_device, accum, model=shared), NotComparable, splits=["1x6x1", "6x1x1"])
        self.assertIn("under 6x1x1 than under 1x6x1: make the model inside train_fn", text)

    def test_wrong_use_says_what_to_do(self):
        for split, said in (("4x2x2", "use `isobatch try`"), ("4", "is no split"), ("4xfour", "is no split"), ((0, 4), "is no split")):
            self.assertIn(said, self.failure(loops.train, ValueError, splits=[split]))
        self.assertIn("write the reference first", self.failure(loops.train, ValueError, splits=[]))
        self.assertIn("nearest splits", self.failure(loops.train, NotComparable, splits=["6x1x1", "4x1x1"]))

    def test_the_program_is_asked_for_by_name(self):
        kept = os.environ.pop("ISOBATCH_PROGRAM", None)
        places = importlib.import_module("isobatch_pytest").PLACES
        try:
            os.environ["ISOBATCH_PROGRAM"] = "no/such/program"
            self.assertIn("ISOBATCH_PROGRAM=no/such/program is no program", self.failure(loops.train, FileNotFoundError))
            del os.environ["ISOBATCH_PROGRAM"]
            importlib.import_module("isobatch_pytest").PLACES = ()
            path, os.environ["PATH"] = os.environ["PATH"], ""
            self.assertIn("set ISOBATCH_PROGRAM to its path", self.failure(loops.train, FileNotFoundError))
            os.environ["PATH"] = os.path.dirname(kept)
            self.assertEqual(program(), kept)
            os.environ["PATH"] = path
        finally:
            importlib.import_module("isobatch_pytest").PLACES = places
            os.environ["ISOBATCH_PROGRAM"] = kept

    def test_a_folder_keeps_the_report(self):
        with tempfile.TemporaryDirectory() as folder:
            assert_equivalent(loops.train, SPLITS, out=os.path.join(folder, "kept"))
            self.assertLessEqual({"index.html", "result.json", "traces"}, set(os.listdir(os.path.join(folder, "kept"))))

    def test_under_pytest(self):
        places = [RECORDER, os.path.dirname(os.path.abspath(__file__)), os.path.join(os.environ["ISOBATCH_TRAINERS"], "pytest-9.2.0")]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "test_training.py"), "w", encoding="utf-8") as file:
                file.write(TEST_FILE)
            run = subprocess.run([sys.executable, "-m", "pytest", "-p", "isobatch_pytest", "-p", "no:cacheprovider", "--strict-markers", "-q"], cwd=folder,
                                 capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(places)}, check=False)
        self.assertIn("1 failed, 3 passed", run.stdout, run.stderr)
        self.assertIn("-m pytest test_training.py::test_means\n", run.stdout)
        self.assertIn("isobatch_pytest.NotEquivalent: 1 of 2 splits", run.stdout)
        self.assertIn("token-mean-of-means", run.stdout)
        self.assertNotIn("isobatch_pytest.py", run.stdout)  # of us nothing but the finding


if __name__ == "__main__":
    unittest.main()
