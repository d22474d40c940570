"""A worker may die, hang or lie: that is a crash of the trial, never a verdict, and the other trials run."""
import json, os
from program import ProgramTest, main

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]


class Crash(ProgramTest):
    def run_case(self, name, *words):
        return self.isobatch("check", name, "--runner", RUNNER, "--splits", "4x1x1,2x2x1,1x4x1", *words)

    def test_abort_is_a_crash_of_its_trial_only(self):
        self.assertEqual(self.run_case("aborts-in-2x2x1"), 3, self.said)
        outcomes = {record["split"]: record["verdict"]["outcome"] for record in self.result()["records"]}
        self.assertEqual(outcomes, {"4x1x1": "identical", "2x2x1": "crashed", "1x4x1": "equivalent"})
        self.assertIn("signal 6", self.said)
        self.assertIn("last words", self.said)

    def test_exception_is_a_crash_with_its_message(self):
        self.assertEqual(self.run_case("throws-in-2x2x1"), 3, self.said)
        self.assertIn("deliberate failure", self.said)

    def test_exit_without_an_answer_is_a_crash(self):
        self.assertEqual(self.run_case("exits-in-2x2x1"), 3, self.said)
        self.assertIn("exit code 0", self.said)

    def test_hang_ends_at_the_deadline(self):
        self.assertEqual(self.run_case("hangs-in-2x2x1", "--deadline", "5"), 3, self.said)
        self.assertIn("no answer within 5 s", self.said)

    def test_hang_ends_without_a_sign_of_life(self):
        self.assertEqual(self.run_case("hangs-in-2x2x1", "--step-deadline", "3"), 3, self.said)
        self.assertRegex(self.said, r"no sign of life within 3 s, in (the exchange of )?step 1")

    def test_a_worker_that_never_greets_is_a_crash(self):
        with open(self.path("silent"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexec sleep 600\n")
        os.chmod(self.path("silent"), 0o755)
        for engine in ("serial", "gloo"):
            self.assertEqual(self.isobatch("check", "mlp", "--runner", self.path("silent"), "--engine", engine, "--splits", "2x1x1", "--start-deadline", "0.5"), 3, self.said)
            self.assertIn("no greeting within 0.5 s", self.said)

    def test_crash_and_divergence_are_both_said_first(self):
        self.assertEqual(self.run_case("aborts-in-2x2x1", "--fault", "token-mean-of-means"), 3, self.said)
        self.assertIn("1 of 3 splits crashed, and 1 of 3 splits trains differently", self.said)

    def test_worker_that_lies_is_a_crash(self):
        stranger = json.dumps({"record": "nothing"})
        for answer in ("no JSON", "{}", "[1]", stranger, "nan"):
            script = self.path("liar")
            with open(script, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\necho '{{\"protocol\": 3}}' >&3\nwhile read line; do echo '{answer}' >&3; done\n")
            os.chmod(script, 0o755)
            for engine, said in (("serial", "answered nonsense"), ("gloo", "the reference: ")):
                self.assertEqual(self.isobatch("check", "mlp", "--runner", script, "--engine", engine, "--splits", "2x1x1,1x2x1"), 3, self.said)
                self.assertIn(said, self.said)

    def test_answer_for_another_trial_is_a_crash(self):
        self.isobatch("check", "mlp", "--splits", "2x1x1,1x2x1")
        with open(self.path("answer"), "w", encoding="utf-8") as file:
            json.dump({"record": self.result()["records"][0]}, file)
        with open(self.path("liar"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho '{\"protocol\": 3}' >&3\nwhile read line; do cat answer >&3; echo >&3; done\n")
        os.chmod(self.path("liar"), 0o755)
        self.assertEqual(self.isobatch("check", "mlp", "--runner", self.path("liar"), "--splits", "2x1x1,1x2x1"), 3, self.said)
        self.assertEqual([record["verdict"]["outcome"] for record in self.result()["records"]], ["identical", "crashed"])
        self.assertIn("answered for another trial", self.said)

    def test_runner_that_is_no_worker(self):
        for runner, said in (("/bin/true", "did not start"), ("/nonexistent", "cannot start")):
            self.assertEqual(self.isobatch("check", "mlp", "--runner", runner), 2, self.said)
            self.assertIn(said, self.said)


if __name__ == "__main__":
    main()
