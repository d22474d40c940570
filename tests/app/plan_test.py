#!/usr/bin/env python3
"""`isobatch plan`, as a user types it."""
import json
import subprocess
import sys

sys.dont_write_bytecode = True

from command import CommandTest, main  # noqa: E402


class PlanTest(CommandTest):
    def setUp(self):
        super().setUp()
        subprocess.run([self.examples, str(self.folder)], check=True)
        for name in ("priced", "small"):
            (self.folder / name).mkdir()
            (self.folder / f"{name}.json").rename(self.folder / name / "result.json")

    def test_every_split_of_a_batch(self):
        self.assertEqual(self.run_command("plan", "--effective", "64", "--devices", "2").split(),
                         ["32x1x2", "16x2x2", "8x4x2", "4x8x2", "2x16x2", "1x32x2"])
        self.assertEqual(json.loads(self.run_command("plan", "--effective", "4", "--devices", "2", "--json")), ["2x1x2", "1x2x2"])

    def test_a_run_ranks_them(self):
        said = self.run_command("plan", "--effective", "64", "--devices", "2", "--memory", "2MiB", "--from", "priced")
        self.assertIn("goal 10 %: met", said)
        lines = said.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("split")) + 1
        self.assertRegex(lines[first], r"^8x4x2 .*recommended$")
        self.assertRegex(lines[-1], "^16x2x2 .*does not fit$")
        answer = json.loads(self.run_command("plan", "--effective", "64", "--devices", "2", "--memory", "2MiB", "--from", "priced", "--json"))
        self.assertEqual(answer["recommended"], "8x4x2")
        self.assertEqual(answer["splits"][0]["fits"], "yes")
        self.assertTrue(answer["fit"]["time"]["goal_met"])

    def test_nothing_is_rounded(self):
        said = self.refuse("plan", "--effective", "64", "--devices", "6")
        self.assertIn("nearest: 60 and 66; or share 64 by 4 or 8 data-parallel devices", said)
        self.assertIn("nearest: 16", self.refuse("plan", "--effective", "8", "--devices", "16"))

    def test_bad_input_is_named(self):
        for words, said in (
            (("--memory", "24GiB"), "--from"),
            (("--memory", "0", "--from", "priced"), "no amount of memory"),
            (("--from", "small"), "matrices"),
        ):
            self.assertIn(said, self.refuse("plan", "--effective", "64", *words))

    def test_where_nothing_fits_the_smallest_is_named(self):
        ended = subprocess.run([self.isobatch, "plan", "--effective", "64", "--memory", "1MiB", "--from", "priced"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("no split of 64 fits 1 MiB", ended.stderr)
        self.assertIn("takes 1.1 MiB", ended.stderr)

    def test_the_four_patterns(self):
        said = self.run_command("plan", "--patterns")
        self.assertIn("70B on 8 x 80 GB, 1x8x8 of effective batch 64: holds only with adapters+sharded or adapters+4-bit.", said)
        self.assertEqual(len(json.loads(self.run_command("plan", "--patterns", "--json"))), 4)


if __name__ == "__main__":
    main()
