"""`isobatch try` on unmodified scripts: two releases of a popular trainer, a plain loop and a distributed one, right and wrong."""
import os, re
from program import ProgramTest, main

PYTHON, SCRIPTS, TRAINERS = os.environ["ISOBATCH_PYTHON"], os.path.dirname(os.path.abspath(__file__)), os.environ["ISOBATCH_TRAINERS"]

# What each planted fault of the plain loop turns red in some split, and whether its cause is known.
PLAIN_FAULTS = {"token-mean-of-means": ({"grad"}, True), "missing-accum-division": ({"grad"}, True), "double-division": ({"grad"}, False),
                "padded-tokens-counted": ({"grad"}, False), "zero-grad-in-window": ({"events", "grad"}, True), "not-zeroed-after-step": ({"events"}, True),
                "first-backward-survives": ({"grad"}, False), "epoch-tail-dropped": ({"data", "events", "step"}, True),
                "epoch-tail-extra-step": ({"step"}, False), "step-every-micro": ({"data", "step"}, False), "schedule-per-micro": ({"step"}, False),
                "schedule-horizon": ({"step"}, False)}


class Try(ProgramTest):
    def attempt(self, script, *words, release=None, splits="16x1x1,4x4x1,1x16x1", out="isobatch-report", options=(), launcher=(PYTHON,)):
        environment = {"PYTHONPATH": os.path.join(TRAINERS, release)} if release else {}
        return self.isobatch("try", "--splits", splits, "--out", out, *options, "--", *launcher, os.path.join(SCRIPTS, script), "--bs", "{per_device}", "--ga",
                             "{accum}", *words, environment=environment)

    def outcomes(self, out="isobatch-report"):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result(out)["records"]}

    def causes(self, out="isobatch-report"):
        return [cause for finding in self.result(out)["findings"] for cause in finding["causes"]]

    def red(self, out="isobatch-report"):
        return {check["check"] for record in self.result(out)["records"] for check in record["verdict"]["checks"] if check["outcome"] == "divergent"}

    def newest(self):
        return sorted(name for name in os.listdir(TRAINERS) if re.fullmatch(r"transformers-5\.[0-9.]+", name))[-1]

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
        self.assertEqual(list(self.outcomes().values()), ["identical", "divergent", "divergent"])
        self.assertEqual(self.result()["findings"][0]["causes"], ["token-mean-of-means"])
        pairs = self.weights()
        self.assertEqual(len(pairs), 32)
        for recovered, predicted in pairs:
            self.assertAlmostEqual(recovered, predicted, delta=1e-5 * max(1, predicted))
        print(f"largest distance from N/(K n_m): {max(abs(a - b) for a, b in pairs):.2g}")

    def test_newest_transformers_is_equivalent(self):
        self.assertEqual(self.attempt("hf_train.py", release=self.newest()), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        self.assertEqual(len(self.windows("16x1x1")), 2)  # --max_steps of the script

    def windows(self, split, out="isobatch-report"):
        """The lines that the recorder left of a split, rank by rank, in one list."""
        import glob, json
        lines = []
        for path in sorted(glob.glob(self.path(f"{out}/traces/outside-{split}-*/rank*/steps.jsonl"))):
            with open(path, encoding="utf-8") as file:
                lines += [line for line in map(json.loads, file) if line["step"] is not None]
        return lines

    def test_plain_loop_is_equivalent_until_one_window_past_the_epoch(self):
        self.assertEqual(self.attempt("plain_train.py"), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        for split in ("16x1x1", "4x4x1", "1x16x1"):
            self.assertEqual([sum(len(micro["samples"]) for micro in line["micros"]) for line in self.windows(split)], [16, 16, 11, 16])
        self.assertEqual({claim["claim"]: claim["tested_by"] > 0 for claim in self.result()["claims"]},
                         {"scale": True, "weighting": True, "tail": True, "schedule": True, "state": True})
        self.assertEqual(self.attempt("plain_train.py", options=("--steps", "6")), 0, self.said)
        self.assertEqual(len(self.windows("4x4x1")), 6)

    def test_every_planted_fault_of_the_plain_loop_is_red(self):
        for fault, (checks, known) in PLAIN_FAULTS.items():
            with self.subTest(fault):
                self.assertEqual(self.attempt("plain_train.py", "--fault", fault, out=fault), 1, self.said)
                self.assertLessEqual(checks, self.red(fault), self.said)
                named = self.causes(fault)
                self.assertIn(named, [[fault]] if known else [[fault], ["unknown"]])

    def test_two_ranks_right_and_wrong(self):
        splits = "16x1x1,8x1x2,4x2x2,1x16x1"
        for fault, cause in (("none", None), ("no-sync-off-by-one", "no-sync-off-by-one"), ("never-synced", "never-synced"),
                             ("rank-local-denominator", "rank-local-denominator"), ("never-synced-after-the-first-window", "unknown")):
            with self.subTest(fault):
                self.assertEqual(self.attempt("ddp_train.py", "--fault", fault, out=fault, splits=splits), 1 if cause else 0, self.said)
                self.assertEqual(self.causes(fault), [cause] if cause else [], self.said)
                self.assertEqual(self.outcomes(fault)["1x16x1"], "equivalent")
                self.assertEqual(len(self.windows("4x2x2", fault)), 12)  # three epochs of two windows, on each of two ranks

    def test_accelerate_s_two_ways(self):
        newest = self.newest()
        self.assertEqual(self.attempt("accelerate_train.py", "--loop", "accumulate", release=newest), 1, self.said)
        self.assertEqual(self.causes(), ["token-mean-of-means"])
        self.assertEqual(self.attempt("accelerate_train.py", "--loop", "counted", release=newest), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])

    def test_lightning(self):
        own = {"release": "lightning-2.6.6", "splits": "16x1x1,4x4x1,1x16x1"}
        self.assertEqual(self.attempt("lightning_train.py", **own), 1, self.said)
        self.assertEqual(self.causes(), ["token-mean-of-means"])
        equal = ("--lengths", "equal")
        self.assertEqual(self.attempt("lightning_train.py", *equal, options=("--allow-untested", "weighting"), **own), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        self.assertEqual(self.attempt("lightning_train.py", *equal, "--schedule", "once-a-micro", **own), 1, self.said)
        self.assertEqual(self.red(), {"step"})

    def test_a_launcher_of_one_s_own(self):
        torchrun = (PYTHON, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "{devices}")
        self.assertEqual(self.attempt("ddp_train.py", splits="16x1x1,8x1x2,1x16x1", launcher=torchrun), 0, self.said)

    def test_ranks_that_fail_or_are_not_there(self):
        self.assertEqual(self.attempt("ddp_train.py", "--fault", "one-rank-fails", splits="16x1x1,4x2x2,1x16x1"), 3, self.said)
        self.assertIn("the disk of rank 1 is full", self.said)
        self.assertEqual(self.outcomes(), {"16x1x1": "identical", "4x2x2": "crashed"} | {"1x16x1": "equivalent"})
        self.assertEqual(self.attempt("plain_train.py", splits="16x1x1,4x2x2,1x16x1"), 3, self.said)
        self.assertIn("the script runs 1 rank(s), the split has 2 device(s)", self.said)

    def test_wrong_use_is_refused_with_what_to_do(self):
        for splits, said in (("16x1x1,8x1x1", "nearest splits"), ("8x1x2", "put a split of one device first")):
            self.assertEqual(self.attempt("plain_train.py", splits=splits), 2, self.said)
            self.assertIn(said, self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1", "--", "true"), 2)
        self.assertIn("{per_device}", self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1,2x1x2", "--", "sh", "train.sh", "{per_device}", "{accum}"), 2)
        self.assertIn("your own launcher with {devices}", self.said)

    def test_script_that_fails_says_why(self):
        self.assertEqual(self.attempt("no_such_script.py"), 3, self.said)
        self.assertIn("no_such_script.py", self.said)
        self.assertEqual(self.isobatch("try", "--splits", "4x1x1,2x2x1", "--", "echo", "{per_device}", "{accum}"), 3, self.said)
        self.assertIn("recorded nothing", self.said)


if __name__ == "__main__":
    main()
