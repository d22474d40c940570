"""`isobatch try` on a loop of several ranks, right and with a broken exchange."""
from attempts import PYTHON, TryTest
from program import main


class TryRanks(TryTest):
    def test_two_ranks_right_and_wrong(self):
        splits = "16x1x1,8x1x2,2x4x2,1x16x1"
        for fault, cause in (("none", None), ("no-sync-off-by-one", "no-sync-off-by-one"), ("never-synced", "never-synced"),
                             ("rank-local-denominator", "rank-local-denominator"), ("never-synced-after-the-first-window", "unknown")):
            with self.subTest(fault):
                self.assertEqual(self.attempt("ddp_train.py", "--fault", fault, out=fault, splits=splits), 1 if cause else 0, self.said)
                self.assertEqual(self.causes(fault), [cause] if cause else [], self.said)
                self.assertEqual(self.outcomes(fault)["1x16x1"], "equivalent")
                self.assertEqual(len(self.windows("2x4x2", fault)), 12)  # three epochs of two windows, on each of two ranks

    def test_a_launcher_of_one_s_own(self):
        torchrun = (PYTHON, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "{devices}")
        self.assertEqual(self.attempt("ddp_train.py", splits="16x1x1,8x1x2,1x16x1", launcher=torchrun), 0, self.said)

    def test_ranks_that_fail_or_are_not_there(self):
        self.assertEqual(self.attempt("ddp_train.py", "--fault", "one-rank-fails", splits="16x1x1,4x2x2,1x16x1"), 3, self.said)
        self.assertIn("the disk of rank 1 is full", self.said)
        self.assertEqual(self.outcomes(), {"16x1x1": "identical", "4x2x2": "crashed"} | {"1x16x1": "equivalent"})
        self.assertEqual(self.attempt("plain_train.py", splits="16x1x1,4x2x2,1x16x1"), 3, self.said)
        self.assertIn("the script runs 1 rank(s), the split has 2 device(s)", self.said)


if __name__ == "__main__":
    main()
