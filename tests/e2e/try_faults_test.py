"""`isobatch try` on a plain loop, right and with each planted fault."""
from attempts import TryTest
from program import main


# What each planted fault of the plain loop turns red in some split, and whether its cause is known.
PLAIN_FAULTS = {"token-mean-of-means": ({"grad"}, True), "missing-accum-division": ({"grad"}, True), "double-division": ({"grad"}, False),
                "padded-tokens-counted": ({"grad"}, False), "zero-grad-in-window": ({"events", "grad"}, True), "not-zeroed-after-step": ({"events"}, True),
                "first-backward-survives": ({"grad"}, False), "epoch-tail-dropped": ({"data", "events", "step"}, True),
                "epoch-tail-extra-step": ({"step"}, False), "step-every-micro": ({"data", "step"}, False), "schedule-per-micro": ({"step"}, False),
                "schedule-horizon": ({"step"}, False)}


class TryFaults(TryTest):
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


if __name__ == "__main__":
    main()
