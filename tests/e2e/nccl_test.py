"""The nccl engine: ranks that are processes with a GPU each. Needs GPUs; skipped with a reason where there is none."""
import os, sys
from program import ProgramTest, main


def gpus():
    try:
        return len(os.listdir("/proc/driver/nvidia/gpus"))
    except OSError:
        return 0


class Nccl(ProgramTest):
    def outcomes(self, folder="isobatch-report"):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result(folder)["records"]}

    def test_every_split_that_the_gpus_hold_is_equivalent(self):
        for engine in ("nccl", "nccl:flat", "nccl:bucket=4096:view"):
            with self.subTest(engine):
                self.assertEqual(self.isobatch("check", "gpt", "--engine", engine, "--device", "cuda", "--max-devices", str(gpus())), 0, self.said)
                self.assertEqual(max(int(split.split("x")[2]) for split in self.outcomes()), max(n for n in (1, 2, 4, 8, 16) if n <= gpus()))

    def test_a_planted_fault_is_named(self):
        self.assertEqual(self.isobatch("check", "gpt", "--engine", "nccl", "--device", "cuda", "--max-devices", str(gpus()), "--fault", "token-mean-of-means"), 1, self.said)
        self.assertIn("token-mean-of-means", self.said)

    def test_more_ranks_than_gpus_are_refused(self):
        ranks = 2 * gpus()
        self.assertEqual(self.isobatch("check", "mlp", "--engine", "nccl", "--device", "cuda", "--splits", f"1x1x{ranks}"), 2, self.said)
        self.assertIn(f"one GPU a rank: {ranks} ranks on this machine", self.said)
        self.assertIn("--engine gloo", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--engine", "gloo", "--device", "cuda", "--splits", f"1x1x{ranks}"), 0, self.said)


if __name__ == "__main__":
    if gpus() == 0:
        print("skipped: there is no GPU here, and each rank of the nccl engine takes one")
        sys.exit(77)
    main()
