"""`isobatch try` on trainers that others wrote: Hugging Face, accelerate, Lightning; and its wrong use."""
from attempts import PYTHON, TryTest
from program import main


# One and the same while every micro-batch of the window that is judged holds as many samples.
MEANS = ["token-mean-of-means", "sample-share-on-token-mean"]


class Try(TryTest):
    def weights(self):
        """(recovered, N / (K n_m)) of every sample, from the recorded counts."""
        pairs = []
        for record in self.result()["records"]:
            for window in record["evidence"]["windows"]:
                micros = window["micros"]
                units = sum(micro["units"] for micro in micros)
                for recovered in window["recovered"]:
                    pairs += [(weight, units / (len(micros) * micros[m]["units"])) for weight, m in zip(recovered["weights"], window["micro_of"])]
        return pairs

    def test_transformers_4_45_2_weighs_by_micro_batch(self):
        self.assertEqual(self.attempt("hf_train.py", release="transformers-4.45.2"), 1, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "divergent", "divergent"])
        self.assertEqual(self.result()["findings"][0]["causes"], MEANS)
        pairs = self.weights()
        self.assertEqual(len(pairs), 32)
        for recovered, predicted in pairs:
            self.assertAlmostEqual(recovered, predicted, delta=1e-5 * max(1, predicted))
        print(f"largest distance from N/(K n_m): {max(abs(a - b) for a, b in pairs):.2g}")

    def test_newest_transformers_is_equivalent(self):
        self.assertEqual(self.attempt("hf_train.py", release=self.newest()), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        self.assertEqual(len(self.windows("16x1x1")), 2)  # --max_steps of the script

    def test_transformers_under_bf16(self):
        self.assertEqual(self.attempt("hf_train.py", "--bf16", release="transformers-4.45.2"), 1, self.said)
        self.assertEqual(self.causes(), MEANS)
        self.assertEqual(self.attempt("hf_train.py", "--bf16", release=self.newest()), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        self.assertIn("--recipe bf16-autocast", self.result()["records"][1]["trial"])

    def test_accelerate_s_two_ways(self):
        newest = self.newest()
        self.assertEqual(self.attempt("accelerate_train.py", "--loop", "accumulate", release=newest), 1, self.said)
        self.assertEqual(self.causes(), MEANS)
        self.assertEqual(self.attempt("accelerate_train.py", "--loop", "counted", release=newest), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])

    def test_lightning(self):
        own = {"release": "lightning-2.6.6", "splits": "16x1x1,4x4x1,1x16x1"}
        self.assertEqual(self.attempt("lightning_train.py", **own), 1, self.said)
        self.assertEqual(self.causes(), MEANS)
        equal = ("--lengths", "equal")
        self.assertEqual(self.attempt("lightning_train.py", *equal, options=("--allow-untested", "weighting"), **own), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        self.assertEqual(self.attempt("lightning_train.py", *equal, "--schedule", "once-a-micro", **own), 1, self.said)
        self.assertEqual(self.red(), {"step"})

    def test_judge_says_the_same_of_the_traces_that_are_left(self):
        self.assertEqual(self.attempt("plain_train.py", "--fault", "double-division"), 1, self.said)
        traces = {split: self.trace(split) for split in ("16x1x1", "4x4x1", "1x16x1")}
        self.assertEqual(self.isobatch("judge", *traces.values(), "--out", "judged"), 1, self.said)
        self.assertEqual(self.causes("judged"), self.causes())
        self.assertEqual(self.result("judged")["records"][0]["verdict"], self.result()["records"][1]["verdict"])
        self.assertEqual(self.isobatch("judge", traces["16x1x1"], traces["4x4x1"]), 2, self.said)
        self.assertIn("record 1x16x1 at level full too", self.said)

    def test_wrong_use_is_refused_with_what_to_do(self):
        for splits, said in (("16x1x1,8x1x1", "nearest splits"), ("8x1x2", "put a split of one device first")):
            self.assertEqual(self.attempt("plain_train.py", splits=splits), 2, self.said)
            self.assertIn(said, self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1", "--", "true"), 2)
        self.assertIn("{per_device}", self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1,2x1x2", "--", "sh", "train.sh", "{per_device}", "{accum}"), 2)
        self.assertIn("your own launcher with {devices}", self.said)

    def test_script_that_fails_says_why(self):
        self.assertEqual(self.attempt("no_such_script.py"), 3, self.said)
        self.assertIn("no_such_script.py", self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1,2x2x1", "--", "echo", "{per_device}", "{accum}"), 3, self.said)
        self.assertIn("recorded nothing", self.said)

    def test_a_script_s_own_end_is_said_whatever_it_is(self):
        for code, words, said in (("import sys; sys.exit(5)", (), "(exit code 5): the script ended before an update"),
                                  ("import torch; torch.nn.Linear(2, 1)(torch.ones(1, 2)).sum().backward()", (), "none stepped, and 1 backward(s) were seen"),
                                  ("input('which run? ')", (), "EOFError"),
                                  ("raise ValueError('\\x1b[2J gone')", (), "ValueError: \\x1b[2J gone"),  # a terminal would obey it
                                  ("import os; os.write(1, bytes(range(256))); os.kill(os.getpid(), 9)", (), "signal 9"),
                                  ("import time; time.sleep(99)", ("--deadline", "2"), "no end within 2 s: set --deadline")):
            with self.subTest(code):
                self.assertEqual(self.isobatch("try", "--splits", "4x1x1,2x2x1", *words, "--", PYTHON, "-c", code, "{per_device}", "{accum}"), 3, self.said)
                self.assertIn(said, self.said)
                self.assertNotIn("\x1b", self.said)


if __name__ == "__main__":
    main()
