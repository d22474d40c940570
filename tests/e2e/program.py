"""Runs isobatch as a user does: a command, its exit code, what it printed, the run directory it left."""
import json, os, subprocess, sys, tempfile, unittest

PROGRAM = os.environ["ISOBATCH_PROGRAM"]
FAULTS = ("token-mean-of-means", "missing-accum-division", "rank-local-denominator", "uneven-ranks-equal-weight",
          "average-count-per-micro", "no-world-compensation", "zero-grad-in-window", "not-zeroed-after-step",
          "epoch-tail-dropped", "sum-over-devices", "never-synced", "no-sync-off-by-one", "reduced-once",
          "scaled-before-wait", "replicated-partial", "wrong-group-divisor", "two-level-order")


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="isobatch-e2e-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def isobatch(self, *words, environment=None):
        """Exit code and output of one command in the test's own folder."""
        done = subprocess.run([PROGRAM, *words], cwd=self.folder.name, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300, env={**os.environ, **(environment or {})})
        self.said = done.stdout + done.stderr
        return done.returncode

    def result(self, folder="isobatch-report"):
        with open(os.path.join(self.folder.name, folder, "result.json"), encoding="utf-8") as file:
            return json.load(file)


def main():
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
