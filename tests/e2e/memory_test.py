"""Memory that runs out, as a user meets it: `check --memory` and the search of `plan --measure`."""
import glob, json, os, unittest

from program import ProgramTest, main

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]


class Memory(ProgramTest):
    def outcomes(self, folder="isobatch-report"):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result(folder)["records"]}

    def peaks(self, *words):
        """What each split of gpt takes where nothing bounds it."""
        self.assertEqual(self.isobatch("check", "gpt", "--max-devices", "1", "--out", "free", *words), 0, self.said)
        return {record["split"]: record["cost"]["memory_bytes_peak"] for record in self.result("free")["records"]}

    def gradients(self, folder, split):
        """What a kept trace holds of each step, to the byte."""
        found = {}
        for file in glob.glob(self.path(f"{folder}/traces/gpt-{split}-*/rank*/*.safetensors")):
            with open(file, "rb") as data:
                found[os.path.basename(file)] = data.read()
        self.assertTrue(found)
        return found

    def test_what_does_not_fit_is_told_and_the_next_split_has_the_bits_of_a_fresh_process(self):
        peaks = self.peaks()
        limit = str(peaks["4x4x1"])  # to the byte
        self.assertEqual(self.isobatch("check", "gpt", "--max-devices", "1", "--memory", limit, "--keep-traces"), 3, self.said)
        self.assertEqual(self.outcomes(), {"16x1x1": "out_of_memory", "8x2x1": "out_of_memory", "4x4x1": "equivalent", "2x8x1": "equivalent", "1x16x1": "equivalent"})
        self.assertIn("2 of 5 splits ran out of memory.", self.said)
        self.assertRegex(self.said, "data: out of memory: a tensor of .* was asked for, and of .* others held")
        after = {record["split"]: record["cost"]["memory_bytes_peak"] for record in self.result()["records"]}
        for split in ("4x4x1", "2x8x1", "1x16x1"):
            self.assertEqual(after[split], peaks[split], "all of the memory came back")
            self.isobatch("check", "gpt", "--splits", split, "--memory", limit, "--keep-traces", "--out", split)
            self.assertEqual(self.gradients("isobatch-report", split), self.gradients(split, split))

    def test_the_printed_command_repeats_it(self):
        self.isobatch("check", "gpt", "--splits", "16x1x1", "--memory", "1MiB")
        repro = self.result()["records"][0]["repro"].split()
        self.assertIn("--memory", repro)
        self.assertEqual(self.isobatch(*repro[1:], "--out", "again"), 3)
        self.assertEqual(self.outcomes("again"), {"16x1x1": "out_of_memory"})

    def test_a_rank_that_runs_out_of_memory_is_the_cause(self):
        self.assertEqual(self.isobatch("check", "gpt", "--engine", "gloo", "--splits", "8x1x2,1x8x2", "--memory", "1MiB", "--allow-untested", "tail"), 3, self.said)
        self.assertEqual(self.outcomes(), {"8x1x2": "out_of_memory", "1x8x2": "equivalent"})
        self.assertRegex(self.said, r"data: rank [01]: out of memory")

    def test_ddp_holds_buckets_where_gradients_are_no_views_of_them(self):
        for options, buckets in (("gloo", 1), ("gloo:view", 0)):
            self.isobatch("check", "gpt", "--engine", options, "--splits", "4x1x4,1x4x4", "--out", options.replace(":", "-"))
            for record in self.result(options.replace(":", "-"))["records"]:
                cost = record["cost"]
                self.assertEqual(cost["memory_bytes_gradients"], cost["memory_bytes_parameters"])
                self.assertAlmostEqual(cost["memory_bytes_buckets"] / cost["memory_bytes_gradients"], buckets, delta=0.02)

    def test_where_a_bound_means_nothing_it_is_refused(self):
        self.assertEqual(self.isobatch("check", "gpt", "--memory", "1MiB"), 2)
        self.assertIn("--engine gloo", self.said)
        self.assertEqual(self.isobatch("check", "gpt", "--splits", "4x4x1", "--memory", "much"), 2)
        self.assertIn("--memory", self.said)

    def test_a_search_finds_the_largest_micro_batch_by_training(self):
        peaks = self.peaks()
        self.assertEqual(self.isobatch("plan", "--effective", "16", "--memory", str(peaks["4x4x1"]), "--measure", "gpt"), 0, self.said)
        self.assertRegex(self.said, r"8x2x1 +out of memory +above ")
        self.assertRegex(self.said, r"4x4x1 +fits ")
        self.assertIn("4x4x1 has the largest per_device that fits", self.said)
        self.assertEqual(self.isobatch("plan", "--effective", "16", "--memory", str(peaks["4x4x1"] - 1), "--measure", "gpt", "--json"), 0, self.said)
        answer = json.loads(self.said)
        self.assertEqual(answer["largest"], "2x8x1")
        self.assertEqual({trial["split"]: trial["outcome"] for trial in answer["trials"]}["4x4x1"], "out_of_memory")
        self.assertEqual({trial["split"]: trial["memory_bytes_peak"] for trial in answer["trials"]}["2x8x1"], peaks["2x8x1"])
        self.assertLess(len(answer["trials"]), 5, "it is a bisection")
        self.assertEqual(set(self.outcomes()), {trial["split"] for trial in answer["trials"]})  # a run directory like any

    def test_a_search_on_two_devices_has_a_process_for_each(self):
        self.assertEqual(self.isobatch("plan", "--effective", "16", "--devices", "2", "--memory", "1MiB", "--measure", "gpt --engine gloo --epochs 1"), 0, self.said)
        self.assertRegex(self.said, r"\dx\dx2 has the largest per_device that fits 1 MiB")
        self.assertEqual(self.isobatch("plan", "--effective", "16", "--devices", "2", "--memory", "1MiB", "--measure", "gpt"), 2)
        self.assertIn("--engine gloo", self.said)

    def test_a_search_refuses_what_it_cannot_answer(self):
        for words, said in (
            (("--memory", "1KiB", "--measure", "gpt"), ("no split of 16 fits 1 KiB", "--memory", "1x16x1")),
            (("--measure", "gpt"), ("--memory",)),
            (("--memory", "0", "--measure", "gpt"), ("no amount of memory",)),
            (("--memory", "1MiB", "--measure", "gtp"), ("gtp", "gpt")),
            (("--memory", "1MiB", "--measure", "gpt --splits 4x4x1"), ("--splits", "--measure", "--effective")),
            (("--memory", "1MiB", "--measure", "gpt --sead 1"), ("unknown option",)),
            (("--memory", "1MiB", "--measure", ""), ("name of a case",)),
        ):
            with self.subTest(words):
                self.assertEqual(self.isobatch("plan", "--effective", "16", *words), 2, self.said)
                for part in said:
                    self.assertIn(part, self.said)

    def test_a_crash_ends_a_search_without_an_answer(self):
        self.assertEqual(self.isobatch("plan", "--effective", "4", "--memory", "1GiB", "--runner", RUNNER, "--measure", "aborts-in-2x2x1"), 3, self.said)
        self.assertIn("2x2x1 crashed", self.said)
        self.assertNotIn("has the largest", self.said)


if __name__ == "__main__":
    main()
