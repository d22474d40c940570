#!/usr/bin/env python3
"""`isobatch gate` as a user meets it: red on each kind of planted regression, green on the same again, undecided as itself.

usage: gate_test.py ISOBATCH EXAMPLES
"""
import json
import pathlib

from gate_runs import ROUNDS, GateRuns, main
from schema_test import Validator, everything_of


class GateTest(GateRuns):
    def worse(self, change, code=1):
        """The lines that say what is worse."""
        ended = self.gate(*self.runs("now", change))
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        lines = ended.stdout.splitlines()
        self.assertRegex(lines[0], "^(Regressed|Crashed and regressed): ")
        found = [line for line in lines if line.startswith("worse ")]
        self.assertEqual(sum(line.startswith("  repeat: isobatch check ") for line in lines), len(found))
        return "\n".join(found)

    # green

    def test_the_same_again_is_green(self):
        ended = self.gate(*self.runs("again"))
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout, "Not regressed: 3 trials are no worse than in the baseline.\n")

    def test_what_is_better_is_said_and_green(self):
        def fewer(result):
            result["records"][2]["traffic"]["calls"] -= 1
        ended = self.gate(*self.runs("fewer", fewer))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("better collectives: 24 calls -> 23 calls in gpt --splits 1x2x2", ended.stdout)

    # red, one kind each

    def test_red_on_a_worse_outcome_and_its_cause(self):
        def wrong(result):
            verdict = result["records"][1]["verdict"]
            verdict["outcome"] = verdict["checks"][3]["outcome"] = "divergent"
        said = self.worse(wrong)
        self.assertIn("worse outcome: equivalent -> divergent in gpt --splits 2x2x1", said)
        self.assertIn("worse cause: absent -> gpt: unknown in the whole run", said)

    def test_red_on_a_crash_with_its_own_exit_code(self):
        def crash(result):
            record = result["records"][1]
            record["verdict"]["outcome"] = record["verdict"]["checks"][0]["outcome"] = "crashed"
        self.assertIn("worse outcome: equivalent -> crashed", self.worse(crash, code=3))

    def test_red_on_a_margin_beyond_its_history(self):
        def grown(result):
            result["records"][1]["verdict"]["margin"] = 0.26
        self.assertEqual(self.worse(grown).count("\n"), 0)
        self.assertIn("worse margin: 0.125 (the largest of 1 seen) -> 0.26, above 0.25 in gpt --splits 2x2x1", self.gate(*(f"now-{n}" for n in range(ROUNDS))).stdout)

    def test_red_on_a_slower_split(self):
        def slower(result):
            result["records"][2]["cost"]["processor_ms_min"] *= 1.05
        said = self.worse(slower)
        self.assertRegex(said, r"^worse throughput: 8 ms a step \(processor time, 24 runs\) -> 8.4 ms a step .*1.050 times as long .* in gpt --splits 1x2x2")

    def test_red_on_more_memory(self):
        def more(result):
            result["records"][0]["cost"]["memory_bytes_peak"] += 1
        self.assertIn("worse memory: 1000 bytes at the peak -> 1001 bytes at the peak in gpt --splits 4x1x1", self.worse(more))

    def test_red_on_more_collectives(self):
        for field, said in (("calls", "24 calls -> 25 calls"), ("bytes", "4096 bytes -> 4097 bytes")):
            def more(result):
                result["records"][2]["traffic"][field] += 1
            ended = self.gate(*self.runs(field, more))
            self.assertEqual(ended.returncode, 1, ended.stderr)
            self.assertIn(f"worse collectives: {said} in gpt --splits 1x2x2", ended.stdout)

    def test_red_on_a_trial_that_vanished(self):
        def vanish(result):
            del result["records"][1]
        self.assertIn("worse trial: equivalent -> absent in gpt --splits 2x2x1", self.worse(vanish))

    def test_red_on_a_claim_that_nothing_tests_any_more(self):
        def powerless(result):
            for record in result["records"]:
                record["verdict"]["tested"] = ["scale"]
        self.assertIn("worse run: equivalent: ", self.worse(powerless))

    # undecided

    def test_few_runs_are_undecided_with_what_to_do(self):
        one = self.runs("one", count=1)
        ended = self.gate(*one)
        self.assertEqual(ended.returncode, 4, ended.stderr)
        self.assertTrue(ended.stdout.startswith("Undecided: nothing that could be judged is worse; undecided: throughput 3.\n"), ended.stdout)
        self.assertIn("\n  isobatch check --out one-0-2 gpt --effective 4\n", ended.stdout)
        self.assertIn("\n  isobatch gate one-0 one-0-2 one-0-3", ended.stdout)
        self.assertEqual(self.gate(*one, "--allow-untested", "throughput").returncode, 0)
        self.assertEqual(self.gate(*one, "--allow-untested", "memory").returncode, 2)

    def test_a_regression_is_red_beside_what_is_undecided(self):
        def more(result):
            result["records"][2]["traffic"]["calls"] += 1
        self.assertEqual(self.gate(*self.runs("one", more, count=1)).returncode, 1)

    def test_a_machine_that_is_slower_in_all_splits_is_undecided(self):
        def slower(result):
            for record in result["records"]:
                record["cost"]["processor_ms_min"] *= 1.5
        ended = self.gate(*self.runs("slow", slower))
        self.assertEqual(ended.returncode, 4, ended.stdout)
        self.assertIn("1.500 times as long", ended.stdout)

    # programs

    def test_json_is_the_whole_answer(self):
        def more(result):
            result["records"][2]["traffic"]["calls"] += 1
        ended = self.gate(*self.runs("more", more), "--json")
        answer = json.loads(ended.stdout)
        self.assertEqual((ended.returncode, answer["exit_code"], answer["schema"]), (1, 1, "isobatch-gate/1"))
        self.assertEqual([one["aspect"] for one in answer["regressed"]], ["collectives"])

    def test_json_is_what_its_schema_says_and_the_schema_says_no_more(self):
        def much_worse(result):
            first, second, third = result["records"]
            first["cost"]["memory_bytes_peak"] += 1
            second["verdict"]["outcome"] = second["verdict"]["checks"][3]["outcome"] = "divergent"
            third["verdict"]["margin"] = 0.26
            third["traffic"]["calls"] += 1
            third["cost"]["processor_ms_min"] *= 1.05

        def vanished(result):
            del result["records"][1]
            for record in result["records"]:
                record["verdict"]["tested"] = ["scale"]

        def crashed(result):
            record = result["records"][1]
            record["verdict"]["outcome"] = record["verdict"]["checks"][0]["outcome"] = "crashed"
        schema = json.loads((pathlib.Path(__file__).resolve().parents[2] / "reports/gate.schema.json").read_text())
        validator = Validator(schema)
        seen = set()
        for number, (change, count, *more) in enumerate(((None, ROUNDS), (much_worse, ROUNDS), (vanished, ROUNDS), (crashed, ROUNDS), (None, 1), (None, 1, "--allow-untested", "throughput"))):
            ended = self.gate(*self.runs(f"now-{number}", change or (lambda result: None), count), "--json", *more)
            answer = json.loads(ended.stdout)
            self.assertEqual(validator.problems(answer), [])
            self.assertEqual(ended.returncode, answer["exit_code"])
            self.assertTrue(validator.problems({**answer, "more": 1}))
            seen.add(ended.returncode)
        self.assertEqual(seen, {0, 1, 3, 4})
        self.assertEqual([part for part in everything_of(schema) if part not in validator.used], [])

    def test_a_job_gets_its_page_and_its_annotations(self):
        def more(result):
            result["records"][2]["traffic"]["calls"] += 1
        page = self.folder / "page.md"
        page.write_text("earlier\n")
        ended = self.gate(*self.runs("more", more), "--json", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(page))
        self.assertTrue(json.loads(ended.stdout))
        self.assertIn("::error title=isobatch regressed::collectives: 24 calls -> 25 calls", ended.stderr)
        self.assertTrue(page.read_text().startswith("earlier\n## isobatch gate: Regressed"))
        undecided = self.gate(*self.runs("one", count=1), GITHUB_ACTIONS="true")
        self.assertIn("::warning title=isobatch undecided::", undecided.stderr)


if __name__ == "__main__":
    main()
