"""Ranks as processes: the same verdicts, and whatever a rank does, a crash that names it."""
import glob, json, os, subprocess
from program import ProgramTest, main
from runs import without_times

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]


class Gloo(ProgramTest):
    def outcomes(self):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result()["records"]}

    def test_a_matrix_is_equivalent_and_leaves_no_trace_behind(self):
        self.assertEqual(self.isobatch("check", "gpt", "--engine", "gloo", "--max-devices", "4"), 0, self.said)
        self.assertEqual(len(self.outcomes()), 12)
        self.assertIn("All 12 splits", self.said)
        self.assertEqual(glob.glob(self.path("isobatch-report/traces/*")), [])

    def test_a_flat_exchange_and_one_without_ranks_agree(self):
        self.assertEqual(self.isobatch("check", "mlp", "--engine", "gloo:flat", "--splits", "16x1x1,4x2x2,4x1x4"), 0, self.said)

    def test_where_nothing_needs_rounding_every_engine_gives_the_same_bits(self):
        for engine in ("serial", "gloo", "gloo:flat"):
            self.assertEqual(self.isobatch("check", "exact-gpt", "exact-mlp", "exact-conv", "--recipe", "fp32", "--splits", "16x1x1,4x2x2,2x2x4", "--engine", engine), 0, self.said)
            for record in self.result()["records"]:
                grad, = (check for check in record["verdict"]["checks"] if check["check"] == "grad")
                self.assertEqual(grad["margin"], 0, record["trial"])
                self.assertEqual("bits" in record["verdict"]["tested"], record["split"] != "16x1x1", record["trial"])

    def test_identities_hold_between_processes_and_find_what_is_exchanged_once(self):
        words = ("check", "gpt", "--splits", "8x1x1,4x1x2,2x2x2,2x1x4,1x4x2", "--identities", "all", "--engine")
        for engine in ("gloo", "gloo:flat"):
            self.assertEqual(self.isobatch(*words, engine), 0, self.said)
            self.assertIn("identity null-micro      held by 5 of 5", self.said)
            self.assertIn("identity one-device      held by 1 of 1", self.said)
            self.assertIn("identity strict          held by 5 of 5", self.said)
            self.assertIn("what differs is the order of roundings, and nothing else.", self.said)
            self.assertEqual(self.isobatch(*words, engine, "--fault", "reduced-once"), 1, self.said)
            self.assertRegex(self.said, "identity one-device      held by 0 of 1")

    def test_ranks_that_couple_their_samples_follow_their_own_references(self):
        words = ("check", "batch-norm", "mlp", "--splits", "8x1x1,4x2x1,2x2x2,1x4x2", "--engine", "gloo")
        self.assertEqual(self.isobatch(*words), 0, self.said)
        self.assertEqual(self.isobatch(*words, "--fault", "never-synced"), 1, self.said)
        self.assertEqual({cause for finding in self.result()["findings"] for cause in finding["causes"]}, {"never-synced"}, self.said)

    def test_ranks_are_read_unit_by_unit_where_no_samples_explain_them(self):
        self.assertEqual(self.isobatch("check", "gpt", "--splits", "8x1x1,4x1x2,2x2x2", "--engine", "gloo", "--fault", "cut-to-shortest"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["cut-to-shortest"]], self.said)
        self.assertIn("unit by unit: 1", self.said)
        reference, = glob.glob(self.path("isobatch-report/traces/reference-*-units.trace"))
        traces = sorted(set(glob.glob(self.path("isobatch-report/traces/*.trace"))) - {reference})
        self.assertEqual(self.isobatch("judge", reference, *traces, "--out", self.path("again")), 1, self.said)
        self.assertIn("differently from the single large batch: cut-to-shortest.", self.said)

    def test_ranks_run_their_trajectory_too(self):
        words = ("check", "mlp", "--splits", "8x1x1,2x2x2,1x4x2", "--recipe", "fp32", "--trajectory", "4", "--engine", "gloo")
        self.assertEqual(self.isobatch(*words), 0, self.said)
        self.assertEqual(self.isobatch(*words, "--fault", "master-weights-lost"), 1, self.said)
        self.assertIn("than a right update of its own gradient does", self.said)

    def test_a_recipe_of_few_bits_exchanges_fp32(self):
        for engine in ("gloo", "gloo:view", "gloo:unused", "gloo:static", "gloo:flat"):
            words = ("check", "gpt", "--recipe", "bf16", "--splits", "16x1x1,4x2x2,1x8x2", "--engine", engine)
            self.assertEqual(self.isobatch(*words), 0, self.said)
            self.assertNotIn("cost:", self.said)
        for recipe in ("bf16-autocast", "fp16-autocast"):
            self.assertEqual(self.isobatch("check", "gpt", "--recipe", recipe, "--splits", "16x1x1,1x8x2", "--engine", "gloo"), 0, self.said)
        for engine in ("gloo", "gloo:flat"):
            for fault in ("bf16-reduction", "bf16-accumulator"):
                words = ("check", "gpt", "--recipe", "bf16", "--splits", "16x1x1,1x16x1,1x8x2", "--engine", engine, "--fault", fault)
                self.assertEqual(self.isobatch(*words), 1, self.said)
                self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [[fault]], self.said)

    def test_three_devices_owe_no_bits(self):
        words = ("check", "exact-gpt", "--recipe", "fp32", "--effective", "6")
        self.assertEqual(self.isobatch(*words, "--splits", "6x1x1,2x1x3"), 4, self.said)
        self.assertIn("untested: bits of exact-gpt", self.said)
        self.assertEqual(self.isobatch(*words, "--splits", "6x1x1,2x1x3,3x1x2"), 0, self.said)

    def test_a_nested_group_agrees_and_its_faults_are_named(self):
        nested = ("check", "gpt", "--splits", "16x1x1,4x2x2,2x4x2", "--copies", "2")
        for engine in ("gloo", "gloo:flat"):
            self.assertEqual(self.isobatch(*nested, "--engine", engine), 0, self.said)
        self.assertEqual(self.isobatch(*nested, "--engine", "gloo", "--fault", "wrong-group-divisor"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["wrong-group-divisor"]], self.said)

    def test_two_levels_agree_and_their_order_is_named(self):
        levels = ("check", "gpt", "--splits", "4x4x1,4x2x2,2x2x4,1x4x4", "--engine", "gloo:flat:inner=2")
        self.assertEqual(self.isobatch(*levels), 0, self.said)
        self.assertNotIn("cost:", self.said)
        self.assertEqual(self.isobatch(*levels, "--fault", "two-level-order"), 1, self.said)
        self.assertEqual(self.outcomes()["4x2x2"], "equivalent", "one group holds both devices")
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["two-level-order"]], self.said)
        self.assertEqual(self.isobatch(*levels, "--fault", "zero-grad-in-window"), 2, self.said)
        self.assertEqual(self.isobatch(*levels, "--fault", "token-mean-of-means"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["token-mean-of-means"]], self.said)

    def test_trials_side_by_side_give_the_same_records(self):
        words = ("check", "mlp", "lesson", "--effective", "4", "--max-devices", "2", "--fault", "token-mean-of-means", "--engine", "gloo")
        self.assertEqual(self.isobatch(*words, "--out", "one"), 1, self.said)
        self.assertEqual(self.isobatch(*words, "--out", "three", "--jobs", "3"), 1, self.said)
        one, three = (without_times(self.result(name)) for name in ("one", "three"))
        for part in ("records", "findings", "claims", "outcome", "summary", "command"):
            self.assertEqual(json.dumps(one[part]), json.dumps(three[part]), part)
        self.assertEqual(sorted(os.listdir(self.path("one/traces"))), sorted(os.listdir(self.path("three/traces"))))
        self.assertEqual(glob.glob(self.path("three/*.meeting")), [])
        self.assertIn("3 trials at a time", self.said)

    def test_a_fault_is_found_and_named_and_its_traces_are_kept(self):
        self.assertEqual(self.isobatch("check", "gpt", "--engine", "gloo", "--splits", "16x1x1,4x4x1,4x2x2", "--fault", "token-mean-of-means"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["token-mean-of-means"]], self.said)
        references, kept = (glob.glob(self.path("isobatch-report/traces/" + name)) for name in ("reference-*", "gpt-*"))
        self.assertEqual((len(references), len(kept)), (1, 3 - 1))
        self.assertEqual(self.isobatch("judge", references[0], *sorted(kept)), 1, self.said)

    def test_an_exchange_too_many_is_a_cost_and_no_divergence(self):
        self.assertEqual(self.isobatch("check", "gpt", "--engine", "gloo", "--splits", "4x4x1,4x2x2,1x8x2", "--fault", "no-sync-around-backward"), 0, self.said)
        self.assertIn("cost: 1x8x2 exchanges its gradients 8 times a window", self.said)
        self.assertEqual(len(self.result()["waste"]), 1)
        self.assertEqual([record["traffic"]["exchanges"] for record in self.result()["records"]], [0, 2, 8])

    def test_a_static_graph_s_first_exchange_is_no_waste(self):
        self.assertEqual(self.isobatch("check", "mlp", "--engine", "gloo:static", "--splits", "2x2x2"), 0, self.said)
        self.assertNotIn("cost:", self.said)

    def test_what_ddp_cannot_get_wrong_is_misuse(self):
        self.assertEqual(self.isobatch("check", "mlp", "--engine", "gloo", "--splits", "4x1x2", "--fault", "scaled-before-wait"), 2, self.said)
        self.assertIn("gloo:flat", self.said)

    def test_the_printed_command_repeats_the_verdict(self):
        self.isobatch("check", "gpt", "--engine", "gloo:view:bucket=512", "--splits", "4x2x2", "--fault", "token-mean-of-means")
        first = self.result()
        command = first["records"][0]["repro"].split()
        self.assertIn("gloo:bucket=512:view", command)
        self.isobatch(*command[1:])
        self.assertEqual(json.dumps(without_times(first["records"])), json.dumps(without_times(self.result()["records"])))

    def dying(self, case, *words):
        """One rank of 2x1x2 dies in its second window."""
        return self.isobatch("check", case, "--runner", RUNNER, "--engine", "gloo", "--splits", "4x1x1,2x1x2,1x2x2", *words,
                             environment={"ISOBATCH_ONCE": self.path("once")})

    def test_a_rank_that_dies_is_a_crash_of_its_trial_and_the_others_run(self):
        self.assertEqual(self.dying("aborts-in-2x2x1"), 3, self.said)
        self.assertEqual(self.outcomes(), {"4x1x1": "identical", "2x1x2": "crashed", "1x2x2": "equivalent"})
        self.assertIn("signal 6", self.said)
        self.assertIn("last words", self.said)
        self.assertEqual(glob.glob(self.path("isobatch-report/*.meeting")), [])

    def test_the_cause_comes_before_what_the_others_noticed(self):
        self.assertEqual(self.dying("throws-in-2x2x1"), 3, self.said)
        headline = next(line for line in self.said.splitlines() if "rank" in line)
        self.assertIn("deliberate failure", headline)

    def test_a_rank_that_leaves_early_is_no_pass(self):
        self.assertEqual(self.dying("exits-in-2x2x1"), 3, self.said)
        self.assertIn("exit code 0", self.said)

    def test_a_rank_that_hangs_ends_at_the_deadline(self):
        self.assertEqual(self.dying("hangs-in-2x2x1", "--deadline", "5"), 3, self.said)
        self.assertIn("no answer within 5 s", self.said)
        self.assertEqual(self.outcomes()["1x2x2"], "equivalent")

    def test_a_rank_without_a_sign_of_life_is_the_cause_of_those_that_wait_for_it(self):
        self.assertEqual(self.dying("hangs-in-2x2x1", "--step-deadline", "3"), 3, self.said)
        headline = next(line for line in self.said.splitlines() if "rank" in line)
        self.assertRegex(headline, r"data: rank (\d): no sign of life within 3 s, in step \d+; rank (?!\1)\d: no sign of life within 3 s, in the exchange of step")
        self.assertEqual(self.outcomes()["1x2x2"], "equivalent")

    def test_a_worker_that_dies_with_the_reference_is_a_crash_of_every_trial(self):
        self.assertEqual(self.isobatch("check", "aborts-in-2x2x1", "--runner", RUNNER, "--engine", "gloo", "--splits", "8x1x1,2x2x2"), 3, self.said)
        self.assertEqual(set(self.outcomes().values()), {"crashed"})
        self.assertIn("reference", self.said)

    def test_ranks_that_lie_are_a_crash(self):
        for answer in ("no JSON", "{}", "[1]", '{"manifest": 1}', '{"manifest": "{}"}', '{"failed": 1}', '{"error": 1}'):
            with self.subTest(answer), open(self.path("liar"), "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho '{\"protocol\": 3}' >&3\n"
                           f"while read -r line; do case $line in *rank*) echo '{answer}' >&3;; *) echo \"$line\" | $REAL;; esac; done\n")
            os.chmod(self.path("liar"), 0o755)
            real = os.path.join(os.path.dirname(os.environ["ISOBATCH_PROGRAM"]), "isobatch-run") + " 3>&1 | tail -n 1 >&3"
            with open(self.path("liar"), encoding="utf-8") as file:
                script = file.read().replace("$REAL", real)
            with open(self.path("liar"), "w", encoding="utf-8") as file:
                file.write(script)
            self.assertEqual(self.isobatch("check", "mlp", "--runner", self.path("liar"), "--engine", "gloo", "--splits", "2x1x2"), 3, self.said)

    def test_a_rank_of_nccl_that_would_have_to_share_a_gpu_is_refused_by_its_worker(self):
        job = {"trial": "mlp --splits 1x1x99 --engine nccl --device cuda", "trace": "t", "rank": 1, "reference": "r", "meeting": "m", "deadline_s": 5,
               "machine": {"address": "", "rank": 1, "ranks": 99}}
        worker = os.path.join(os.path.dirname(os.environ["ISOBATCH_PROGRAM"]), "isobatch-run")
        done = subprocess.run(["sh", "-c", "\"$0\" 3>&1 >/dev/null", worker], input=json.dumps(job) + "\n", capture_output=True, text=True, timeout=120, cwd=self.folder.name)
        greeting, answer = map(json.loads, done.stdout.splitlines())
        self.assertTrue(greeting["nccl"])
        self.assertIn("the nccl engine wants one GPU a rank: 99 ranks on this machine", answer["error"]["what"])
        self.assertIn("--engine gloo", answer["error"]["next"])

    def test_an_engine_that_is_none_is_misuse(self):
        for engine in ("mpi", "gloo:fast", "gloo:flat:view", "nccl:fast"):
            self.assertEqual(self.isobatch("check", "mlp", "--engine", engine), 2, self.said)
            self.assertIn("--engine", self.said)


if __name__ == "__main__":
    main()
