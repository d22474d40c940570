"""`isobatch try` on unmodified scripts: two releases of a popular trainer, and a plain loop right and wrong."""
import os, re
from program import ProgramTest, main

PYTHON, SCRIPTS, TRAINERS = os.environ["ISOBATCH_PYTHON"], os.path.dirname(os.path.abspath(__file__)), os.environ["ISOBATCH_TRAINERS"]


class Try(ProgramTest):
    def attempt(self, script, *words, release=None, splits="16x1x1,4x4x1,1x16x1", out="isobatch-report"):
        environment = {"PYTHONPATH": os.path.join(TRAINERS, release)} if release else {}
        return self.isobatch("try", "--splits", splits, "--out", out, "--", PYTHON, os.path.join(SCRIPTS, script), "--bs", "{per_device}", "--ga", "{accum}",
                             *words, environment=environment)

    def weights(self):
        """(recovered, N / (K n_m)) of every sample, from the recorded counts."""
        pairs = []
        for record in self.result()["records"]:
            for window in record["evidence"]["windows"]:
                micros = window["micros"]
                units = sum(micro["units"] for micro in micros)
                for recovered in window["recovered"]:
                    pairs += [(weight, units / (len(micros) * micros[m]["units"])) for weight, m in zip(recovered["weights"], window["micro_of"])]
        return pairs

    def test_transformers_4_45_2_weighs_by_micro_batch(self):
        self.assertEqual(self.attempt("hf_train.py", release="transformers-4.45.2"), 1, self.said)
        result = self.result()
        self.assertEqual([record["verdict"]["outcome"] for record in result["records"]], ["identical", "divergent", "divergent"])
        self.assertEqual(result["findings"][0]["causes"], ["token-mean-of-means"])
        pairs = self.weights()
        self.assertEqual(len(pairs), 32)
        for recovered, predicted in pairs:
            self.assertAlmostEqual(recovered, predicted, delta=1e-5 * max(1, predicted))
        print(f"largest distance from N/(K n_m): {max(abs(a - b) for a, b in pairs):.2g}")

    def test_newest_transformers_is_equivalent_in_window_1(self):
        newest = sorted(name for name in os.listdir(TRAINERS) if re.fullmatch(r"transformers-5\.[0-9.]+", name))[-1]
        self.assertEqual(self.attempt("hf_train.py", release=newest), 0, self.said)
        self.assertEqual([record["verdict"]["outcome"] for record in self.result()["records"]], ["identical", "equivalent", "equivalent"])

    def test_plain_loop_right_and_wrong(self):
        for fault, code in (("none", 0), ("token-mean-of-means", 1), ("missing-accum-division", 1)):
            with self.subTest(fault):
                self.assertEqual(self.attempt("plain_train.py", "--fault", fault, out=fault), code, self.said)
                self.assertEqual([cause for finding in self.result(fault)["findings"] for cause in finding["causes"]], [fault] * code)

    def test_wrong_use_is_refused_with_what_to_do(self):
        for splits, said in (("16x1x1,8x1x1", "nearest splits"), ("8x1x2", "one device")):
            self.assertEqual(self.attempt("plain_train.py", splits=splits), 2, self.said)
            self.assertIn(said, self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1", "--", "true"), 2)
        self.assertIn("{per_device}", self.said)

    def test_script_that_fails_says_why(self):
        self.assertEqual(self.attempt("no_such_script.py"), 3, self.said)
        self.assertIn("no_such_script.py", self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1,2x2x1", "--", "echo", "{per_device}", "{accum}"), 3, self.said)
        self.assertIn("recorded nothing", self.said)


if __name__ == "__main__":
    main()
