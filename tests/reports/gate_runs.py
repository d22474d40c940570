"""Runs of three right splits for the tests of `isobatch gate`, which change them in one place.

EXAMPLES writes result files into the folder that it is given (tests/reports/example_results.cpp); right.json is such a run.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROUNDS = 24


class GateRuns(unittest.TestCase):
    isobatch = examples = None

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([cls.examples, folder], check=True)
            cls.right = json.loads(pathlib.Path(folder, "right.json").read_text())

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.baseline = self.folder / "gate.json"
        self.base = self.runs("base")
        ended = self.gate(*self.base, "--approve", "--yes")
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def runs(self, name, change=lambda result: None, count=ROUNDS):
        """Run directories, each a little different in its times, after `change` has been made in each."""
        made = []
        for number in range(count):
            result = copy.deepcopy(self.right)
            for place, record in enumerate(result["records"]):
                record["cost"]["processor_ms_min"] *= 1 + 0.001 * ((7 * number + 3 * place) % 5)
            change(result)
            made.append(f"{name}-{number}")
            (self.folder / made[-1]).mkdir()
            (self.folder / made[-1] / "result.json").write_text(json.dumps(result))
        return made

    def gate(self, *words, baseline="gate.json", **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        return subprocess.run([self.isobatch, "gate", *words, "--baseline", baseline], cwd=self.folder, env={**environment, **variables}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)


def main():
    """The last two arguments are the programs."""
    if len(sys.argv) < 3:
        sys.exit(sys.modules["__main__"].__doc__)
    GateRuns.examples = str(pathlib.Path(sys.argv.pop(2)).resolve())
    GateRuns.isobatch = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
