"""`isobatch try` on a plain loop, right and with each planted fault."""
from attempts import TryTest
from program import main


# What each planted fault of the plain loop turns red in some split, and its causes: only the first window's gradients are judged, and no loss, so that some are
# one and the same; step-every-micro is what the catalogue knows as accumulation-off.
PLAIN_FAULTS = {"token-mean-of-means": ({"grad"}, ["token-mean-of-means", "sample-share-on-token-mean"]),
                "missing-accum-division": ({"grad"}, ["missing-accum-division", "divide-after-backward"]), "double-division": ({"grad"}, ["double-division"]),
                "padded-tokens-counted": ({"grad"}, ["padded-tokens-counted"]), "zero-grad-in-window": ({"events", "grad"}, ["zero-grad-in-window"]),
                "not-zeroed-after-step": ({"events"}, ["not-zeroed-after-step"]), "first-backward-survives": ({"grad"}, ["first-backward-survives"]),
                "epoch-tail-dropped": ({"data", "events", "step"}, ["epoch-tail-dropped"]), "epoch-tail-extra-step": ({"events", "step"}, ["epoch-tail-extra-step"]),
                "step-every-micro": ({"data", "step"}, ["accumulation-off"]), "schedule-per-micro": ({"step"}, ["schedule-per-micro"]),
                "schedule-horizon": ({"step"}, ["schedule-horizon"])}


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
        for fault, (checks, causes) in PLAIN_FAULTS.items():
            with self.subTest(fault):
                self.assertEqual(self.attempt("plain_train.py", "--fault", fault, out=fault), 1, self.said)
                self.assertLessEqual(checks, self.red(fault), self.said)
                self.assertEqual(self.causes(fault), causes, self.said)

    def test_an_average_that_every_micro_moves_is_named(self):
        self.assertEqual(self.attempt("plain_train.py", "--average"), 0, self.said)
        self.assertEqual(self.attempt("plain_train.py", "--average", "--fault", "ema-per-micro", out="moved"), 1, self.said)
        self.assertEqual(self.causes("moved"), ["ema-per-micro"], self.said)
        self.assertIn("updates of an average before the update of window 1, the reference has 1", self.said)


if __name__ == "__main__":
    main()
