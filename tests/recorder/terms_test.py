"""Loops that add terms of their own, ask for gradients, and set their optimizer by the split: also where the run of single samples carries the fault itself, the
answer is a verdict."""
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "harness", "recorder"))

from isobatch_pytest import NotComparable, NotEquivalent, assert_equivalent  # noqa: E402
from terms import RIGHT, WRONG, train  # noqa: E402

SPLITS = ["16x1x1", "4x4x1", "1x16x1"]
# What each turns red, and what is said of it.
SAID = {"penalty-per-micro": ("grad", "a term of its own is added with every backward, 4 time(s) here and 1 in the reference, to all parameters"),
        "constant-per-backward": ("grad", "a term of its own is added with every backward, 4 time(s) here and 1 in the reference, to 0.weight"),
        "z-loss-divided-again": ("grad", "a part of the gradient is divided by the number of backwards, 4 here, in all parameters"),
        "hook-divides": ("grad", "a part of the gradient is divided by the number of backwards, 4 here, in 0.weight"),
        "leaks-after-first": ("grad", "Of all gradients only that of 0.weight is wrong."),
        "decay-per-micro": ("events", "the parameters changed between backward 1 and 2 of the window, without an optimizer step"),
        "weight-decay-by-accum": ("step", "weight_decay of parameter group 1 is 0.04 in window 1, the reference has 0.01"),
        "betas-by-accum": ("step", "betas of parameter group 1 is"),
        "state-cleared": ("opt", 'parameter(s) have state "exp_avg" before the update of window 2'),
        "second-moment-per-micro": ("opt", 'state "square" has the norm'),
        "count-per-micro": ("opt", 'state "the first update" has the norm'),
        "partly-mean": ("grad", "more than rounding leaves"),
        "asked-mean-of-means": ("grad", "token-mean-of-means")}

# Those that some cause explains: of one parameter only the first micro-batch's gradient is kept.
NAMED = {"asked-mean-of-means": ["token-mean-of-means", "sample-share-on-token-mean"], "leaks-after-first": ["first-backward-survives"]}


class Terms(unittest.TestCase):
    def failure(self, twist):
        with self.assertRaises(NotEquivalent) as caught:
            assert_equivalent(train(twist), SPLITS)
        return str(caught.exception), caught.exception.result

    def test_each_is_divergent_and_said(self):
        self.assertEqual(set(SAID), set(WRONG))
        for twist, (check, said) in SAID.items():
            with self.subTest(twist):
                text, result = self.failure(twist)
                self.assertEqual(result["outcome"], "divergent", text)
                self.assertIn(said, text)
                self.assertIn(check, {each["check"] for record in result["records"] for each in record["verdict"]["checks"] if each["outcome"] == "divergent"})
                self.assertEqual(result["findings"][0]["causes"], NAMED.get(twist, ["unknown"]), text)

    def test_what_does_not_depend_on_the_split_is_green(self):
        for twist in RIGHT:
            with self.subTest(twist):
                outcomes = [record["verdict"]["outcome"] for record in assert_equivalent(train(twist), SPLITS)["records"]]
                self.assertEqual(outcomes, ["identical", "equivalent", "equivalent"])

    def test_random_numbers_are_no_fault(self):
        text, result = self.failure("dropout")
        self.assertEqual(result["outcome"], "inconclusive", text)
        self.assertIn("set dropout and the like to 0", text)

    def test_gradients_that_nobody_can_see_are_refused_in_a_sentence(self):
        with self.assertRaises(NotComparable) as caught:
            assert_equivalent(train("functional"), SPLITS)
        self.assertIn("0 backward(s) were seen: gradients that neither backward() nor autograd.grad() makes are not supported yet", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
