"""trace_writer.h: its examples compiled as a user does, tried right and with a planted fault, and what it refuses."""
import json, os, shutil, subprocess, tempfile, unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORDER, PROGRAM = os.path.join(ROOT, "harness", "recorder"), os.environ["ISOBATCH_PROGRAM"]
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-I", RECORDER)
EXAMPLES = {"linear": ("gcc", "-std=c99", "linear.c"), "linear-in-c++": ("g++", "-std=c++17", "linear.c"), "logistic": ("g++", "-std=c++17", "logistic.cpp")}
# Odd values, a window that never ends, and calls after the end: nothing of it may break the trace or the program.
ODD = """
#include "trace_writer.h"
int main(void) {
    float gradient[3] = {0, 0, 0};
    isobatch_trace* trace = isobatch_open();
    isobatch_parameter(trace, "a", ISOBATCH_FP32, gradient, 3);
    isobatch_step(trace, 1);
    for (int window = 0; window < 4; ++window) {
        isobatch_before_backward(trace);
        isobatch_sample(trace, window % 2 ? "odd" : "even");
        gradient[window % 3] += 0.1f;
        isobatch_after_backward(trace, 1e-300, window ? INFINITY : NAN);
        if (window < 3) printf("%d", isobatch_step(trace, 0.1));
    }
    isobatch_close(trace);
    return 0;
}
"""


class TraceWriter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="isobatch-writer-")
        cls.folder = cls.kept.name
        with open(os.path.join(cls.folder, "odd.c"), "w", encoding="utf-8") as file:
            file.write(ODD)
        for name, (compiler, standard, source) in {**EXAMPLES, "odd": ("gcc", "-std=c99", "odd.c")}.items():
            path = os.path.join(cls.folder if name == "odd" else os.path.join(RECORDER, "examples"), source)
            language = ("-x", "c++") if compiler == "g++" else ()
            subprocess.run([compiler, standard, *STRICT, *language, path, "-o", os.path.join(cls.folder, name), "-lm"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def run_at(self, *words, **variables):
        return subprocess.run(words, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **variables}, check=False)

    def attempt(self, name, *words, splits="8x1x1,2x4x1,1x8x1"):
        run = self.run_at(PROGRAM, "try", "--splits", splits, "--out", "report", "--", os.path.join(self.folder, name), "{per_device}", "{accum}", *words)
        self.said = run.stdout + run.stderr
        return run.returncode

    def result(self):
        with open(os.path.join(self.folder, "report", "result.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_the_examples_are_right(self):
        for name in EXAMPLES:
            with self.subTest(name):
                self.assertEqual(self.attempt(name), 0, self.said)
                self.assertEqual([record["verdict"]["outcome"] for record in self.result()["records"]], ["identical"] * 3)
                self.assertTrue(all(claim["tested_by"] for claim in self.result()["claims"] if claim["claim"] in ("scale", "weighting", "tail", "state")))
                traces = os.path.join(self.folder, "report", "traces")
                for trace in os.listdir(traces):
                    run = self.run_at(PROGRAM, "trace", "check", os.path.join(traces, trace))
                    self.assertRegex(run.stdout, "^whole: 1 rank\\(s\\), 7 step\\(s\\)", run.stderr)

    def test_a_mean_of_means_is_named_with_its_weights(self):
        for name in EXAMPLES:
            with self.subTest(name):
                self.assertEqual(self.attempt(name, "mean-of-means"), 1, self.said)
                self.assertIn("token-mean-of-means", self.result()["findings"][0]["causes"])
                self.assertEqual([record["verdict"]["outcome"] for record in self.result()["records"]], ["identical", "divergent", "divergent"])

    def test_the_program_does_the_same_without_isobatch(self):
        for name in EXAMPLES:
            trace = os.path.join(self.folder, name + ".trace")
            recorded = self.run_at("./" + name, "2", "4", ISOBATCH_TRACE=trace, ISOBATCH_SPLIT="2x4x1", ISOBATCH_STEPS="9")
            self.assertEqual((recorded.stdout, recorded.stderr), (self.run_at("./" + name, "2", "4").stdout, ""))
            self.assertTrue(os.path.exists(os.path.join(trace, "manifest.json")))

    def test_odd_values_and_an_unfinished_window(self):
        trace = os.path.join(self.folder, "odd.trace")
        run = self.run_at("./odd", ISOBATCH_TRACE=trace, ISOBATCH_SPLIT="1x1x1", ISOBATCH_TRIAL="outside")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "000", ""))
        self.assertEqual(self.run_at(PROGRAM, "trace", "check", trace).stdout, "whole: 1 rank(s), 4 step(s), 2 tensors\n")
        with open(os.path.join(trace, "rank0", "steps.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([line["step"] for line in lines], [1, 2, 3, None])
        self.assertEqual(lines[0]["events"], ["step", "backward 0", "step"])
        self.assertEqual([line["micros"][0]["loss"] for line in lines], ["nan", "inf", "inf", "inf"])
        self.assertEqual([round(line["left_over"], 6) for line in lines], [0, 0.1, 0.1, 0.1])
        self.assertEqual(lines[3]["micros"][0]["units"], 1e-300)

    def test_what_cannot_be_written_is_said_and_training_goes_on(self):
        inert = self.run_at("./linear", "2", "4").stdout
        there = os.path.join(self.folder, "there")
        os.makedirs(there, exist_ok=True)
        for split, trace, said in (("2x4x1", there, "name a new folder"), ("2x2x2", os.path.join(self.folder, "two"), "one rank, not each of 2x2x2"),
                                   ("2x4x1", os.path.join(self.folder, "no", "where"), "cannot make")):
            run = self.run_at("./linear", "2", "4", ISOBATCH_TRACE=trace, ISOBATCH_SPLIT=split)
            self.assertEqual((run.returncode, run.stdout), (0, inert))
            self.assertIn(said, run.stderr)
            self.assertEqual(run.stderr.count("\n"), 1)
            self.assertFalse(os.path.exists(os.path.join(trace, "manifest.json")))

    def test_a_full_disk_leaves_no_manifest(self):
        trace = os.path.join(self.folder, "full.trace")
        run = self.run_at("sh", "-c", "ulimit -f 0; trap '' XFSZ; exec ./linear 2 4 >/dev/null", ISOBATCH_TRACE=trace, ISOBATCH_SPLIT="2x4x1")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("free the disk: cannot write", run.stderr)
        self.assertFalse(os.path.exists(os.path.join(trace, "manifest.json")))
        shutil.rmtree(trace)


if __name__ == "__main__":
    unittest.main()
