"""What an outside trainer claims: kept, not kept, inferred; and batches that are meant to differ."""
from attempts import TryTest
from program import main

SPLITS = {"splits": "16x1x1,4x4x1"}


class TryContract(TryTest):
    def clauses(self, out="isobatch-report"):
        return {clause["claim"]: (clause["word"], "given" if clause["given"] else "inferred", clause["stance"]) for clause in self.result(out)["clauses"]}

    def page(self):
        with open(self.path("isobatch-report/index.html"), encoding="utf-8") as file:
            return file.read()

    def test_what_nobody_says_is_inferred_and_printed_so(self):
        self.assertEqual(self.attempt("plain_train.py", **SPLITS), 0, self.said)
        self.assertEqual(self.clauses(), {"weighting": ("token-mean", "inferred", "kept"), "tail": ("keeps-tail", "inferred", "kept"),
                                          "schedule": ("schedule-in-updates", "inferred", "kept")})
        for word in ("inferred: token-mean (", "inferred: keeps-tail (window 3 of 11 samples", "inferred: schedule-in-updates (", "1x16x1 was run too"):
            self.assertIn(word, self.said)
        self.assertIn("<td class=\"text\">inferred</td>", self.page())
        self.assertEqual(self.attempt("plain_train.py", "--mean", "samples", **SPLITS), 0, self.said)
        self.assertEqual(self.clauses()["weighting"], ("sample-mean", "inferred", "kept"))

    def test_what_is_claimed_and_done_is_green(self):
        claims = ("--contract", "token-mean,keeps-tail,schedule-in-updates")
        self.assertEqual(self.attempt("plain_train.py", options=claims, **SPLITS), 0, self.said)
        self.assertEqual(self.clauses(), {"weighting": ("token-mean", "given", "kept"), "tail": ("keeps-tail", "given", "kept"),
                                          "schedule": ("schedule-in-updates", "given", "kept")})

    def test_what_is_claimed_and_not_done_is_red_though_every_split_agrees(self):
        for wrong, words in (("token-mean", ("--mean", "samples")), ("sample-mean", ()), ("drops-tail", ()), ("constant-rate", ())):
            with self.subTest(wrong):
                self.assertEqual(self.attempt("plain_train.py", *words, options=("--contract", wrong), **SPLITS), 1, self.said)
                self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent"])
                self.assertIn("claimed and not kept: %s (" % wrong, self.said)
                self.assertIn("The trainer does not keep what it claims: %s." % wrong, self.said)
                self.assertIn("claimed and not kept", self.page())
                with open(self.path("isobatch-report/junit.xml"), encoding="utf-8") as file:
                    self.assertIn("not kept", file.read())
                self.assertEqual(self.isobatch("report", "isobatch-report", "--out", "again"), 1, self.said)
                self.assertEqual(self.clauses("again"), self.clauses())

    def test_a_tail_that_the_loader_drops_is_seen_in_the_run_of_single_samples(self):
        with open(self.path("claims.txt"), "w", encoding="utf-8") as file:
            file.write("keeps-tail  # as the manual says\n")
        self.assertEqual(self.attempt("plain_train.py", "--drop-last", options=("--contract", "claims.txt"), **SPLITS), 1, self.said)
        self.assertIn("claimed and not kept: keeps-tail (of the 43 samples that an epoch has where they come one by one, 11 are in none", self.said)
        self.assertEqual(self.clauses()["tail"], ("keeps-tail", "given", "broken"))

    def test_a_claim_that_nobody_can_make_is_refused_before_anything_runs(self):
        for claim in ("sum", "", "token-mean,sample-mean"):
            self.assertEqual(self.attempt("plain_train.py", options=("--contract", claim)), 2, self.said)
            self.assertIn("--contract", self.said)

    def test_another_effective_batch_is_refused_or_never_equivalent(self):
        self.assertEqual(self.attempt("plain_train.py", splits="16x1x1,8x1x1"), 2, self.said)
        self.assertEqual(self.attempt("plain_train.py", splits="16x1x1,8x2x1,8x1x1", options=("--expect-different",)), 4, self.said)
        self.assertEqual(self.outcomes(), {"16x1x1": "identical", "8x2x1": "equivalent", "8x1x1": "inconclusive"})
        self.assertIn("another effective batch, 8 where the reference has 16", self.said)
        # Also where the data are too few to tell the two apart.
        self.assertEqual(self.attempt("plain_train.py", "--rows", "8", splits="16x1x1,32x1x1", options=("--expect-different", "--steps", "1")), 4, self.said)
        self.assertEqual(self.outcomes()["32x1x1"], "inconclusive")
        self.assertEqual(self.attempt("plain_train.py", splits="16x1x1,8x1x1,8x1x1", options=("--expect-different",)), 2, self.said)


if __name__ == "__main__":
    main()
