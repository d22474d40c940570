#!/usr/bin/env python3
"""ci/summary: what it counts, and when it is red. The samples have the shape that CMake 3.25's ctest writes."""
import json
import pathlib
import subprocess
import tempfile
import unittest

SUMMARY = pathlib.Path(__file__).resolve().parents[2] / "ci" / "summary"

PASSED = '<testcase name="{name}" classname="{name}" time="{time}" status="run"><system-out></system-out></testcase>'
FAILED = '<testcase name="{name}" time="{time}" status="fail"><failure message=""/><system-out>no</system-out></testcase>'
SKIPPED_77 = (
    '<testcase name="{name}" time="{time}" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
    "<system-out>starting\nskipped: there is no GPU here\n</system-out></testcase>"
)
SKIPPED_GTEST = (
    '<testcase name="{name}" time="{time}" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>'
    "<system-out>[ RUN      ] A.b\na_test.cpp:10: Skipped\ntwo GPUs are needed\n\n[  SKIPPED ] A.b (0 ms)\n"
    "</system-out></testcase>"
)
NOT_RUN = (
    '<testcase name="{name}" time="{time}" status="notrun"><skipped message="Unable to find executable"/>'
    "<system-out>Unable to find executable: bin/x</system-out></testcase>"
)
DISABLED = '<testcase name="{name}" time="{time}" status="disabled"><system-out>Disabled</system-out></testcase>'


def summary(presets, stages=None):
    """Runs ci/summary on presets {name: [(case, test name, seconds, labels)]}; returns (exit code, lines)."""
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder)
        if stages is None:
            stages = [("lint", 1, 0)] + [(f"ctest {preset}", 2, 0) for preset in presets]
        (results / "stages.tsv").write_text("".join(f"{name}\t{seconds}\t{code}\n" for name, seconds, code in stages))
        for preset, cases in presets.items():
            body = "".join(case.format(name=name, time=seconds) for case, name, seconds, _ in cases)
            (results / f"{preset}.xml").write_text(f'<?xml version="1.0"?>\n<testsuite name="x">{body}</testsuite>')
            tests = [
                {"name": name, "properties": [{"name": "LABELS", "value": labels}] if labels else []}
                for _, name, _, labels in cases
            ]
            (results / f"{preset}.json").write_text(json.dumps({"tests": tests}))
        done = subprocess.run([str(SUMMARY), folder], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()


class Summary(unittest.TestCase):
    def test_all_passed_is_green_and_counts_the_lint(self):
        code, lines = summary({"release": [(PASSED, "a", 1.5, ["plan"]), (PASSED, "b", 0.5, ["plan", "slow"])]})
        self.assertEqual((code, lines[-1]), (0, "tests: 3 passed, 0 failed, 0 skipped"))
        self.assertIn("       2.0  plan", lines)
        self.assertIn("       0.5  slow", lines)
        self.assertIn("       1.5  a (release)", lines)

    def test_a_failed_test_is_red_and_prints_how_to_repeat_it(self):
        code, lines = summary({"release": [(PASSED, "a", 1, []), (FAILED, "b.c", 1, [])]})
        self.assertEqual((code, lines[-1]), (1, "tests: 2 passed, 1 failed, 0 skipped"))
        self.assertIn(r"failed: b.c (release); again: ctest --preset release -R '^b\.c$' --output-on-failure", lines)

    def test_a_failed_test_prints_its_last_lines(self):
        said = "\n".join(f"line {number}\n" for number in range(40)) + "x" * 1000
        _, lines = summary({"release": [(FAILED.replace(">no<", f">{said}<"), "b", 1, [])]})
        self.assertIn("  | line 39", lines)
        self.assertIn("  | " + "x" * 400, lines)
        self.assertNotIn("  | line 10", lines)

    def test_a_skip_is_red_without_a_hardware_label(self):
        code, lines = summary({"release": [(PASSED, "a", 1, []), (SKIPPED_77, "b", 0, ["run"])]})
        self.assertEqual((code, lines[-1]), (1, "tests: 2 passed, 0 failed, 1 skipped"))
        reason = "skipped: b (release): there is no GPU here -- only tests labelled gpu or nccl may be skipped"
        self.assertIn(reason, lines)

    def test_a_skip_is_green_with_label_gpu_or_nccl(self):
        cases = [(PASSED, "a", 1, []), (SKIPPED_77, "b", 0, ["run", "gpu"]), (SKIPPED_GTEST, "c", 0, ["nccl"])]
        code, lines = summary({"release": cases})
        self.assertEqual((code, lines[-1]), (0, "tests: 2 passed, 0 failed, 2 skipped"))
        self.assertIn("skipped: b (release): there is no GPU here", lines)
        self.assertIn("skipped: c (release): two GPUs are needed", lines)

    def test_a_test_that_could_not_start_is_a_failure_even_with_label_gpu(self):
        code, lines = summary({"release": [(PASSED, "a", 1, []), (NOT_RUN, "b", 0, ["gpu"])]})
        self.assertEqual((code, lines[-1]), (1, "tests: 2 passed, 1 failed, 0 skipped"))

    def test_a_disabled_test_is_a_skip_without_leave(self):
        code, lines = summary({"release": [(PASSED, "a", 1, []), (DISABLED, "b", 0, [])]})
        self.assertEqual((code, lines[-1]), (1, "tests: 2 passed, 0 failed, 1 skipped"))

    def test_no_test_is_a_failure(self):
        code, lines = summary({"release": []})
        self.assertEqual((code, lines[-1]), (1, "tests: 1 passed, 1 failed, 0 skipped"))
        self.assertIn("failed: ctest release: no test ran", lines)

    def test_only_skipped_tests_is_a_failure(self):
        code, lines = summary({"release": [(SKIPPED_77, "a", 0, ["gpu"])]})
        self.assertEqual((code, lines[-1]), (1, "tests: 1 passed, 1 failed, 1 skipped"))

    def test_a_failed_stage_counts_once(self):
        build = [("install", 3, 0), ("lint", 1, 1), ("build release", 9, 1)]
        code, lines = summary({}, build)
        self.assertEqual((code, lines[-1]), (1, "tests: 0 passed, 2 failed, 0 skipped"))
        tests = {"release": [(PASSED, "a", 1, []), (FAILED, "b", 1, [])]}
        code, lines = summary(tests, [("ctest release", 2, 8)])
        self.assertEqual((code, lines[-1]), (1, "tests: 1 passed, 1 failed, 0 skipped"))

    def test_a_ctest_that_broke_without_a_failed_test_is_a_failure(self):
        code, lines = summary({"release": [(PASSED, "a", 1, [])]}, [("ctest release", 2, 8)])
        self.assertEqual((code, lines[-1]), (1, "tests: 1 passed, 1 failed, 0 skipped"))

    def test_a_preset_without_results_is_a_failure(self):
        code, lines = summary({}, [("lint", 1, 0), ("ctest asan", 2, 1)])
        self.assertEqual((code, lines[-1]), (1, "tests: 1 passed, 1 failed, 0 skipped"))

    def test_presets_add_up(self):
        cases = [(PASSED, "a", 1, []), (PASSED, "b", 1, [])]
        code, lines = summary({"release": cases, "asan": cases[:1]})
        self.assertEqual((code, lines[-1]), (0, "tests: 4 passed, 0 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
