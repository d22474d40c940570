"""Runs `isobatch try` on the scripts beside this file, and reads what it left."""
import glob, json, os, re

from program import ProgramTest

PYTHON, SCRIPTS, TRAINERS = os.environ["ISOBATCH_PYTHON"], os.path.dirname(os.path.abspath(__file__)), os.environ["ISOBATCH_TRAINERS"]


class TryTest(ProgramTest):
    def attempt(self, script, *words, release=None, splits="16x1x1,4x4x1,1x16x1", out="isobatch-report", options=(), launcher=(PYTHON,)):
        environment = {"PYTHONPATH": os.path.join(TRAINERS, release)} if release else {}
        return self.isobatch("try", "--splits", splits, "--out", out, *options, "--", *launcher, os.path.join(SCRIPTS, script), "--bs", "{per_device}", "--ga",
                             "{accum}", *words, environment=environment)

    def outcomes(self, out="isobatch-report"):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result(out)["records"]}

    def causes(self, out="isobatch-report"):
        return [cause for finding in self.result(out)["findings"] for cause in finding["causes"]]

    def red(self, out="isobatch-report"):
        return {check["check"] for record in self.result(out)["records"] for check in record["verdict"]["checks"] if check["outcome"] == "divergent"}

    def windows(self, split, out="isobatch-report"):
        """The lines that the recorder left of a split, rank by rank, in one list."""
        lines = []
        for path in sorted(glob.glob(self.path(f"{out}/traces/outside-{split}-*/rank*/steps.jsonl"))):
            with open(path, encoding="utf-8") as file:
                lines += [line for line in map(json.loads, file) if line["step"] is not None]
        return lines

    def trace(self, split, out="isobatch-report"):
        return glob.glob(self.path(f"{out}/traces/outside-{split}-*.trace"))[0]

    def newest(self):
        return sorted(name for name in os.listdir(TRAINERS) if re.fullmatch(r"transformers-5\.[0-9.]+", name))[-1]
