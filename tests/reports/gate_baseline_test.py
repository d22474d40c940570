#!/usr/bin/env python3
"""The baseline of `isobatch gate`: made only where somebody agrees, said to be foreign or missing where it is, and not trusted.

usage: gate_baseline_test.py ISOBATCH EXAMPLES
"""
import copy
import json
import os
import pathlib
import pty
import subprocess

from gate_runs import ROUNDS, GateRuns, main
from schema_test import Validator


class GateBaselineTest(GateRuns):
    # the baseline

    def test_it_is_a_file_for_people_and_programs(self):
        text = self.baseline.read_text()
        self.assertEqual(sum(line.startswith('  {"trial":"gpt --splits ') for line in text.splitlines()), 3)
        schema = json.loads((pathlib.Path(__file__).resolve().parents[2] / "reports/baseline.schema.json").read_text())
        self.assertEqual(Validator(schema).problems(json.loads(text)), [])
        self.assertTrue(Validator(schema).problems({**json.loads(text), "more": 1}))
        self.gate(*self.base, "--approve", "--yes", baseline="again.json")
        self.assertEqual((self.folder / "again.json").read_text(), text)

    def test_a_missing_one_is_said(self):
        ended = self.gate(*self.base, baseline="nowhere.json")
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertIn("there is no baseline", ended.stderr)
        self.assertIn("--approve", ended.stderr)

    def test_one_of_another_machine_is_said_and_structure_still_judged(self):
        def elsewhere(result):
            for record in result["records"]:
                record["cost"]["machine"] = "another"

        def and_wrong(result):
            elsewhere(result)
            result["records"][2]["traffic"]["calls"] += 1
        ended = self.gate(*self.runs("elsewhere", elsewhere))
        self.assertEqual(ended.returncode, 4)
        self.assertIn("foreign baseline: measured on x86-64, Model 9, this run on another; times are not compared", ended.stdout)
        self.assertEqual(self.gate(*self.runs("wrong", and_wrong)).returncode, 1)

    def test_one_of_another_release_is_said_and_memory_not_judged(self):
        def newer(result):
            for record in result["records"]:
                record["cost"]["software"] = "libtorch 2.12.0"
                record["cost"]["memory_bytes_peak"] += 1
        ended = self.gate(*self.runs("newer", newer), "--allow-untested", "throughput")
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertIn("made with libtorch 2.11.0, this run with libtorch 2.12.0", ended.stdout)

    def test_one_of_other_trials_is_misuse(self):
        def other(result):
            for record in result["records"]:
                record["trial"] = record["trial"].replace("--seed 1", "--seed 2")
        ended = self.gate(*self.runs("other", other))
        self.assertEqual(ended.returncode, 2)
        self.assertIn("the baseline is of other trials", ended.stderr)

    def test_runs_of_two_commands_are_misuse(self):
        def fewer(result):
            del result["records"][2]
        ended = self.gate(*self.base, *self.runs("fewer", fewer, count=1))
        self.assertEqual(ended.returncode, 2)
        self.assertIn("holds other trials", ended.stderr)

    def test_a_run_that_did_not_end_has_its_own_exit_code(self):
        (self.folder / "unfinished").mkdir()
        self.assertEqual(self.gate("unfinished").returncode, 3)

    # approval

    def approve_on_a_terminal(self, answer, *runs):
        ours, theirs = pty.openpty()
        try:
            started = subprocess.Popen([self.isobatch, "gate", *runs, "--baseline", "gate.json", "--approve"], cwd=self.folder, stdin=theirs, stdout=subprocess.PIPE, text=True)
            os.write(ours, answer.encode())
            said = started.communicate(timeout=60)[0]
        finally:
            os.close(ours)
            os.close(theirs)
        return started.returncode, said

    def test_it_shows_the_difference_and_asks(self):
        def more(result):
            result["records"][2]["traffic"]["calls"] += 1
            result["records"][1]["verdict"]["margin"] = 0.25
        before, runs = self.baseline.read_text(), self.runs("more", more)
        for answer in ("n\n", "\n", "whatever\n"):
            code, said = self.approve_on_a_terminal(answer, *runs)
            self.assertEqual(code, 1)
            self.assertIn("worse collectives: 24 calls -> 25 calls in gpt --splits 1x2x2", said)
            self.assertIn("Approve it? [y/N] Not approved; nothing was written.", said)
            self.assertEqual(self.baseline.read_text(), before)
        code, said = self.approve_on_a_terminal("y\n", *runs)
        self.assertEqual(code, 0, said)
        now = json.loads(self.baseline.read_text())
        self.assertEqual([line["collectives"] for line in now["trials"]], [24, 24, 25])
        self.assertEqual([line["margins"] for line in now["trials"]], [[0.125], [0.125, 0.25], [0.125]])  # the history stays
        self.assertEqual(self.gate(*runs).returncode, 0)

    def test_where_nobody_is_asked_it_takes_yes(self):
        before = self.baseline.read_text()
        ended = self.gate(*self.base, "--approve")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("give --yes", ended.stderr)
        self.assertIn("Nothing is worse and nothing is better than in the baseline.", ended.stdout)
        self.assertEqual(self.baseline.read_text(), before)
        self.assertEqual(self.gate(*self.base, "--yes").returncode, 2)

    # a file that is not to be trusted

    def test_hostile_files_are_clear_errors(self):
        text = self.baseline.read_text()
        whole = json.loads(text)

        def changed(change):
            other = copy.deepcopy(whole)
            change(other)
            return json.dumps(other)
        trial = whole["trials"][0]
        hostile = {
            "truncated": (text[:len(text) // 2], "malformed JSON"),
            "empty": ("", "malformed JSON"),
            "no object": ("[]", "expected schema"),
            "another version": (text.replace("baseline/1", "baseline/9"), "expected schema isobatch-baseline/1"),
            "wrong type": (changed(lambda w: w["trials"][0].update(ms="fast")), "expected a list"),
            "huge": (text.replace('"ms":[', '"ms":[1e999,', 1), "malformed JSON"),
            "large": (changed(lambda w: w["trials"][0].update(ms=[1e300] * ROUNDS)), "expected a number from 0 to"),
            "nan": (text.replace('"ms":[', '"ms":[NaN,', 1), "malformed JSON"),
            "nan as text": (changed(lambda w: w["trials"][0].update(margins=["nan"])), "expected a number from 0 to 1"),
            "negative": (changed(lambda w: w["trials"][0].update(bytes=-1)), "expected a whole number"),
            "unknown field": (changed(lambda w: w["trials"][0].update(byte=1)), '"byte" is no field'),
            "twice": (changed(lambda w: w["trials"].append(trial)), "a trial twice"),
            "a key twice": (text.replace('"clock"', '"machine": "", "clock"'), "given twice"),
            "none": (changed(lambda w: w.update(trials=[])), "no trial"),
            "control characters": (changed(lambda w: w["trials"][0].update(trial="\x1b[2J\r--splits 0x0x0")), "\\x1b[2J"),
            "deep": ("[" * 100000, "nested deeper"),
        }
        for name, (content, said) in hostile.items():
            for more in ((), ("--approve", "--yes")):
                with self.subTest(name, more=more):
                    self.baseline.write_text(content)
                    ended = self.gate(*self.base, *more)
                    self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
                    self.assertIn(said, ended.stderr)
                    self.assertIn("where: gate.json", ended.stderr)
                    self.assertIn("next:  ", ended.stderr)
                    self.assertFalse(set(ended.stderr) & set(map(chr, (*range(9), *range(11, 32), 127))), ended.stderr)
                    self.assertEqual(self.baseline.read_text(), content)  # nothing is written over what cannot be read

    def test_a_huge_file_is_refused_at_once(self):
        with open(self.baseline, "wb") as file:
            file.truncate(100 << 20)
        ended = self.gate(*self.base)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("104857600 bytes are no baseline", ended.stderr)

    def test_a_folder_is_no_baseline(self):
        (self.folder / "folder").mkdir()
        self.assertEqual(self.gate(*self.base, baseline="folder").returncode, 2)


if __name__ == "__main__":
    main()
