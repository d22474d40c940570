"""`isobatch try --follow` and `--level`: what is judged beyond the first window's gradients, and with less than them."""
import os

from attempts import TryTest
from program import main


class TryFollow(TryTest):
    def test_every_window_is_judged_from_the_reference_s_state(self):
        for optimizer in ("adamw", "momentum"):
            self.assertEqual(self.attempt("plain_train.py", "--optimizer", optimizer, options=("--follow",)), 0, self.said)
            self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
            self.assertIn("gradients were compared in 4 of them", self.said)
            self.assertIn("which changes their training", self.said)
            for windows in zip(*(self.windows(split) for split in ("16x1x1", "4x4x1", "1x16x1"))):
                self.assertEqual(len({window["started"] for window in windows}), 1)
            self.assertEqual(len({window["started"] for window in self.windows("4x4x1")}), 4)
            self.assertFalse(os.path.exists(self.path("isobatch-report/states")))

    def test_a_fault_of_later_windows_is_seen_and_named(self):
        fault = ("plain_train.py", "--fault", "short-window-nominal-accum", "--clip", "0")
        self.assertEqual(self.attempt(*fault), 0, self.said)  # the window that has it starts from other parameters
        self.assertEqual(self.attempt(*fault, options=("--follow",)), 1, self.said)
        self.assertEqual(self.causes(), ["short-window-nominal-accum"])
        self.assertIn("first seen: step 3", self.said)
        self.assertIn("isobatch try --splits 16x1x1,4x4x1 --follow -- ", self.said)

    def test_ranks_follow_too(self):
        self.assertEqual(self.attempt("ddp_train.py", options=("--follow",), splits="16x1x1,4x2x2,1x16x1"), 0, self.said)
        self.assertNotIn("compared in the first", self.said)

    def test_a_sketch_names_the_same_cause(self):
        sketch = ("--level", "sketch")
        self.assertEqual(self.attempt("plain_train.py", "--wide", "2048", options=sketch), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        sketched, size = self.traces_bytes(), self.trace("16x1x1")
        self.assertEqual(self.attempt("plain_train.py", "--wide", "2048", "--fault", "token-mean-of-means", options=sketch, out="broken"), 1, self.said)
        self.assertIn("token-mean-of-means", self.causes("broken"))
        self.assertEqual(self.isobatch("judge", size, self.trace("4x4x1"), self.trace("1x16x1"), "--out", "judged"), 0, self.said)
        self.assertEqual(self.attempt("plain_train.py", "--wide", "2048", out="whole"), 0, self.said)
        print("bytes of the three traces: %d sketched, %d whole" % (sketched, self.traces_bytes("whole")))
        self.assertLess(20 * sketched, self.traces_bytes("whole"))
        # Of whole gradients the coordinates are picked.
        self.assertEqual(self.isobatch("judge", size, self.trace("4x4x1", "whole"), self.trace("1x16x1", "whole"), "--out", "mixed"), 0, self.said)
        self.assertEqual(self.isobatch("judge", self.trace("16x1x1", "whole"), self.trace("4x4x1", "broken"), self.trace("1x16x1", "whole"), "--out", "mixed"), 1, self.said)

    def test_losses_alone_judge_no_gradient(self):
        self.assertEqual(self.attempt("plain_train.py", "--fault", "token-mean-of-means", options=("--level", "losses")), 4, self.said)
        self.assertIn("gradients were compared in none", self.said)
        self.assertEqual(self.attempt("plain_train.py", "--fault", "epoch-tail-dropped", options=("--level", "losses")), 1, self.said)

    def traces_bytes(self, out="isobatch-report"):
        return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(self.path(out + "/traces")) for name in names)


if __name__ == "__main__":
    main()
