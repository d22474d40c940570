#!/usr/bin/env python3
"""What `isobatch report` leaves for people and programs: files, a job page and annotations of GitHub Actions, and what changed between two runs.

usage: outputs_test.py ISOBATCH EXAMPLES

EXAMPLES writes result files into the folder that it is given (tests/reports/example_results.cpp).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


class OutputsTest(unittest.TestCase):
    isobatch = examples = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        subprocess.run([self.examples, temporary.name], check=True)
        for name in ("small", "identical", "divergent"):
            (self.folder / f"run-{name}").mkdir()
            (self.folder / f"{name}.json").rename(self.folder / f"run-{name}/result.json")

    def report(self, *arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        return subprocess.run(
            [self.isobatch, "report", *arguments], cwd=self.folder, env={**environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def test_all_files_come_from_one_run(self):
        self.assertEqual(self.report("run-small").returncode, 3)
        for name in ("result.json", "index.html", "junit.xml", "costs.csv"):
            self.assertGreater((self.folder / "run-small" / name).stat().st_size, 300, name)

    def test_a_job_gets_its_page_and_its_annotations(self):
        page = self.folder / "page.md"
        page.write_text("what an earlier step wrote\n")
        ended = self.report("run-small", "--json", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(page))
        self.assertEqual(ended.returncode, 3)
        self.assertEqual(json.loads(ended.stdout)["outcome"], "crashed")  # nothing else was printed there
        self.assertIn("::error title=isobatch token-mean-of-means::", ended.stderr)
        text = page.read_text()
        self.assertTrue(text.startswith("what an earlier step wrote\n## isobatch: crashed\n"), text[:80])

    def test_elsewhere_there_is_neither(self):
        for variables in ({}, {"GITHUB_ACTIONS": "", "GITHUB_STEP_SUMMARY": ""}, {"GITHUB_ACTIONS": "false"}):
            self.assertEqual(self.report("run-small", **variables).stderr, "")

    def test_a_page_that_cannot_be_written_changes_no_answer(self):
        ended = self.report("run-small", GITHUB_STEP_SUMMARY=str(self.folder / "nowhere/page.md"))
        self.assertEqual(ended.returncode, 3)
        self.assertIn("no summary for the job's page", ended.stderr)

    def test_two_runs_are_compared_and_nothing_is_written(self):
        before = sorted(self.folder.rglob("*"))
        ended = self.report("run-identical", "run-divergent", "--compare")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("identical -> divergent  lesson --splits 4x1x1", ended.stdout)
        self.assertIn("new cause: lesson: unknown", ended.stdout)
        back = self.report("run-divergent", "run-identical", "--compare")
        self.assertEqual(back.returncode, 0)
        self.assertIn("gone cause: lesson: unknown", back.stdout)
        changes = json.loads(self.report("run-divergent", "run-identical", "--compare", "--json").stdout)
        self.assertEqual((changes["regressed"], len(changes["better"])), (False, 1))
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_three_runs_cannot_be_compared(self):
        ended = self.report("run-identical", "run-divergent", "run-small", "--compare")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("name two: the earlier and the later", ended.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    OutputsTest.examples = str(pathlib.Path(sys.argv.pop(2)).resolve())
    OutputsTest.isobatch = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
