"""Faults planted in our own trainer: named, with right weights, at any time, and never passed over."""
import json, re
from program import FAULTS, ProgramTest, main
from runs import without_times


class Faults(ProgramTest):
    def test_each_fault_is_named_alone_and_its_weights_are_right(self):
        for fault in FAULTS:
            words = ("--copies", "2") if fault == "wrong-group-divisor" else ()  # where it matters
            with self.subTest(fault):
                self.assertEqual(self.isobatch("check", "gpt", "--effective", "8", "--recipe", "fp64", "--fault", fault, "--json", *words), 1, self.said)
                result = self.result()
                self.assertEqual(json.loads(self.said), result)
                self.assertEqual([finding["causes"] for finding in result["findings"]], [[fault]])
                finding = result["findings"][0]
                self.assertLess(finding["worst_error"], 1e-9)
                self.assertLessEqual(set(FAULTS) - {fault}, {rival["cause"] for rival in finding["rivals"]})
                for line in finding["weights"]:
                    if line["recovered"] != "nan":
                        self.assertAlmostEqual(line["recovered"], line["predicted"], delta=1e-9)

    def test_a_long_run_that_clips_and_never_clears_is_named(self):
        words = ("check", "gpt", "--effective", "4", "--splits", "4x1x1,2x2x1", "--fault", "not-zeroed-after-step")
        for longer in (("--epochs", "3"), ("--samples", "43")):
            self.assertEqual(self.isobatch(*words, *longer), 1, self.said)
            self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["not-zeroed-after-step"]], self.said)

    def test_mean_of_means_weights_follow_from_the_ledger(self):
        """N / (K n_m), computed here from the recorded counts and not by the program's own prediction."""
        self.isobatch("check", "gpt", "--fault", "token-mean-of-means")
        checked = 0
        for record in self.result()["records"]:
            for window in record["evidence"]["windows"]:
                micros = window["micros"]
                units = sum(micro["units"] for micro in micros)
                for recovered in window["recovered"]:
                    for sample, weight in enumerate(recovered["weights"]):
                        own = micros[window["micro_of"][sample]]["units"]
                        if weight != "nan":
                            self.assertAlmostEqual(weight, units / (len(micros) * own), delta=1e-9)
                            checked += 1
        self.assertGreater(checked, 500)

    def test_the_printed_command_gives_the_same_verdict(self):
        for fault in FAULTS[::4]:  # one of each kind: repeating is the same for all
            self.isobatch("check", "gpt", "--effective", "16", "--recipe", "fp64", "--fault", fault)
            first = self.result()
            command = re.search(r"repeat: isobatch (check .*)", self.said).group(1)
            self.isobatch(*command.split(), "--out", "again")
            again = self.result("again")["records"]
            self.assertEqual(len(again), 1)
            twin = next(record for record in first["records"] if record["trial"] == again[0]["trial"])
            self.assertEqual(json.dumps(without_times(twin)), json.dumps(without_times(again[0])))
            self.isobatch(*first["command"].split()[1:], "--out", "whole")
            self.assertEqual(json.dumps(without_times(first)), json.dumps(without_times(self.result("whole"))))

    def test_an_identity_finds_what_equal_lengths_hide_from_every_split(self):
        words = ("check", "gpt", "--effective", "8", "--lengths", "equal", "--fault", "token-mean-of-means", "--identities")
        self.assertEqual(self.isobatch(*words, "null-micro,scale"), 1, self.said)
        self.assertIn("null-micro does not hold (a micro-batch without a scored unit", self.said)
        self.assertIn("identity scale           held by 10 of 10", self.said)
        command = re.search(r"repeat: isobatch (check .*)", self.said).group(1)
        self.assertEqual(self.isobatch(*command.split(), "--out", "again"), 1, self.said)
        self.assertEqual(self.isobatch(*words[:-1]), 4, self.said)
        self.assertEqual(self.isobatch("check", "gpt", "--effective", "8", "--fault", "token-mean-of-means", "--identities", "all"), 1, self.said)
        self.assertIn("10 of 10 splits train differently from the single large batch: token-mean-of-means.", self.said)

    def test_the_canary_shows_weights_and_bits(self):
        for recipe in ("fp64", "fp32"):
            self.assertEqual(self.isobatch("check", "canary", "--recipe", recipe), 0, self.said)
            self.assertEqual({check["margin"] for record in self.result()["records"] for check in record["verdict"]["checks"] if check["check"] == "grad"}, {0})
        self.assertEqual(self.isobatch("check", "canary", "--fault", "zero-grad-in-window"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["zero-grad-in-window"]], self.said)

    def test_what_can_be_planted_is_listed_and_may_have_its_time(self):
        self.assertEqual(self.isobatch("faults", "--json"), 0, self.said)
        known = {entry["id"]: entry for entry in json.loads(self.said)}
        self.assertLessEqual(set(FAULTS), set(known))
        self.assertEqual(self.isobatch("faults"), 0, self.said)
        for entry in known.values():
            self.assertIn(f"\n{entry['id']}{'[@TIMING]' if entry['timed'] else ''}{'[@REACH]' if entry['by_micro'] else ''}\n", "\n" + self.said)
        self.assertFalse(known["epoch-not-set"]["timed"])
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--fault", "epoch-not-set@first-window"), 2, self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--fault", "never-synced@sometimes"), 2, self.said)
        self.assertIn("Known: always, first-window", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--fault", "never-synced@later-windows"), 1, self.said)
        self.assertIn("It happens in every window but the first only.", self.said)
        finding = self.result()["findings"][0]
        self.assertEqual((finding["causes"], finding["timing"]), (["never-synced"], "later-windows"))
        self.assertEqual(finding["first"]["step"], 2)
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--fault", "never-synced@second-device"), 2, self.said)
        self.assertIn("never-synced is not decided micro-batch by micro-batch", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--fault", "double-division@second-device"), 1, self.said)
        self.assertIn("It happens on the second device only.", self.said)
        finding = self.result()["findings"][0]
        self.assertEqual((finding["causes"], finding["timing"], finding["reach"]), (["double-division"], "always", "second-device"))

    def test_a_fault_of_some_parameters_is_named_with_them(self):
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--fault", "n-minus-one@some-parameters"), 1, self.said)
        self.assertIn("It happens in some parameters only.", self.said)
        self.assertIn("Of all gradients only those of ", self.said)
        finding = self.result()["findings"][0]
        self.assertEqual((finding["causes"], finding["timing"], finding["reach"]), (["n-minus-one"], "always", "some-parameters"))

    def test_a_fault_that_cannot_matter_is_no_pass(self):
        for words in (("--fault", "wrong-group-divisor"), ("--fault", "two-level-order", "--engine", "serial:inner=8"), ("--fault", "never-synced@later-epochs", "--epochs", "1")):
            self.assertEqual(self.isobatch("check", "lesson", "--effective", "8", *words), 4, self.said)
            self.assertIn("nothing here could have shown a fault of: the planted " + words[1], self.said)

    def test_data_that_cannot_show_a_fault_is_inconclusive(self):
        code = self.isobatch("check", "gpt", "--effective", "16", "--recipe", "fp64", "--lengths", "equal", "--fault", "token-mean-of-means")
        self.assertEqual(code, 4, self.said)
        self.assertIn("untested: weighting", self.said)
        self.assertIn("--lengths ragged", self.said)
        claims = {claim["claim"]: claim["tested_by"] for claim in self.result()["claims"]}
        self.assertEqual(claims["weighting"], 0)
        self.assertEqual(self.isobatch("check", "mlp", "--lengths", "equal", "--allow-untested", "weighting", "--allow-untested", "tail"), 0, self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--splits", "16x1x1"), 4)


if __name__ == "__main__":
    main()
