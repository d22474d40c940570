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
    isobatch_trace* trace = isobatch_open(0, 1);
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

# linear.c on several ranks: processes that send their gradients to the first, and have the sum back.
RANKS = """
#define _GNU_SOURCE
#include "trace_writer.h"
#include <sys/wait.h>
#include <unistd.h>
enum { FEATURES = 12, SAMPLES = 19, UPDATES = 6, MOST = 8 };
static double weight[FEATURES], gradient[FEATURES], sent[FEATURES];
static int up[MOST][2], down[MOST][2];
static double input(int sample, int feature) {
    return ((unsigned)(sample * 131 + feature + 1) * 2654435761u >> 8) / 16777216.0 - 0.5;
}
static void move(int from, int to, void* data) {
    if (from >= 0 ? read(from, data, sizeof sent) != sizeof sent : write(to, data, sizeof sent) != sizeof sent) exit(7);
}
static void exchange(int rank, int ranks) {
    if (rank) move(-1, up[rank][1], gradient), move(down[rank][0], -1, gradient);
    for (int other = 1; !rank && other < ranks; ++other) {
        move(up[other][0], -1, sent);
        for (int j = 0; j < FEATURES; ++j) gradient[j] += sent[j];
    }
    for (int other = 1; !rank && other < ranks; ++other) move(-1, down[other][1], gradient);
}
int main(int count, char** words) {
    const int size = atoi(words[1]), accum = atoi(words[2]), ranks = atoi(words[3]), window = size * accum * ranks;
    const char* fault = count > 4 ? words[4] : "";
    int rank = 0;
    for (int other = 1; other < ranks; ++other)
        if (pipe(up[other]) || pipe(down[other])) return 8;
    while (rank + 1 < ranks && fork() == 0)
        if (++rank == ranks - 1) break;
    isobatch_trace* trace = isobatch_open(rank, strcmp(fault, "alone") ? ranks : 1);
    isobatch_parameter(trace, "weight", ISOBATCH_FP64, gradient, FEATURES);
    for (int update = 0, begin = 0; update < UPDATES; ++update, begin = begin + window < SAMPLES ? begin + window : 0) {
        const int end = begin + window < SAMPLES ? begin + window : SAMPLES;
        memset(gradient, 0, sizeof gradient);
        isobatch_event(trace, "zero");
        for (int micro = 0; micro < accum; ++micro) {
            const int first = begin + (micro * ranks + rank) * size, last = first + size < end ? first + size : end;
            double loss = 0;
            if (first >= last) break;
            isobatch_before_backward(trace);
            for (int sample = first; sample < last; ++sample) {
                char id[16];
                double error = 2 * input(sample, 1) - input(sample, 0);
                for (int j = 0; j < FEATURES; ++j) error += weight[j] * input(sample, j);
                for (int j = 0; j < FEATURES; ++j) gradient[j] += error * input(sample, j) / (end - begin);
                loss += error * error / 2 / (end - begin);
                snprintf(id, sizeof id, "%d", sample);
                isobatch_sample(trace, id);
            }
            isobatch_after_backward(trace, last - first, loss);
            if (!strcmp(fault, "dies") && update == 1) rank ? _exit(9) : (void)alarm(1);  // who waits for it ends too
        }
        if (strcmp(fault, "never-synced")) exchange(rank, ranks), isobatch_event(trace, "reduce");
        for (int j = 0; j < FEATURES && !strcmp(fault, "averaged"); ++j) gradient[j] /= ranks;
        if (isobatch_step(trace, 0.5)) break;
        for (int j = 0; j < FEATURES; ++j) weight[j] -= 0.5 * gradient[j];
    }
    isobatch_close(trace);
    while (wait(NULL) > 0) continue;
    return 0;
}
"""
RANKED = "8x1x1,2x2x2,4x1x2,1x2x4,1x8x1"


class TraceWriter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="isobatch-writer-")
        cls.folder = cls.kept.name
        own = {"odd": ODD, "ranks": RANKS}
        for name, text in own.items():
            with open(os.path.join(cls.folder, name + ".c"), "w", encoding="utf-8") as file:
                file.write(text)
        for name, (compiler, standard, source) in {**EXAMPLES, **{name: ("gcc", "-std=c99", name + ".c") for name in own}}.items():
            path = os.path.join(cls.folder if name in own else os.path.join(RECORDER, "examples"), source)
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

    def test_several_ranks_are_judged_as_one_training(self):
        ranked = lambda *words: self.attempt("ranks", "{devices}", *words, splits=RANKED)
        self.assertEqual(ranked(), 4, self.said)  # every sample counts one unit
        # Products of 24 bits: their sums are exact in any order.
        self.assertEqual([record["verdict"]["outcome"] for record in self.result()["records"]], ["identical"] * 5)
        self.assertEqual({claim["claim"] for claim in self.result()["claims"] if not claim["tested_by"]}, {"weighting"})
        for fault, said in (("never-synced", "scaled-before-wait"), ("averaged", "no-world-compensation")):
            self.assertEqual(ranked(fault), 1, self.said)
            self.assertIn(said, self.said)
            red = {record["split"] for record in self.result()["records"] if record["verdict"]["outcome"] == "divergent"}
            self.assertEqual(red, {"2x2x2", "4x1x2", "1x2x4"}, fault)
        for fault, said in (("dies", "not every rank ended what it recorded"), ("alone", "open a rank on each of the devices of 2x2x2")):
            self.assertEqual(ranked(fault), 3, self.said)
            self.assertIn(said, self.said)

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
        for split, trace, said in (("2x4x1", there, "name a new folder"), ("2x2x2", os.path.join(self.folder, "two"), "open a rank on each of the devices of 2x2x2"),
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
