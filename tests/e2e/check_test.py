"""What the README promises of `isobatch check`, done with the program itself."""
import glob, json, os, re
from program import ProgramTest, main
from runs import without_times


class Check(ProgramTest):
    def test_every_case_and_recipe_agrees_over_fifteen_splits(self):
        for recipe in ("fp64", "fp32"):
            self.assertEqual(self.isobatch("check", "gpt", "mlp", "lesson", "--effective", "16", "--recipe", recipe), 0, self.said)
            records = self.result()["records"]
            self.assertEqual(len(records), 45)
            for record in records:
                verdict = record["verdict"]
                self.assertEqual(verdict["outcome"], "identical" if record["split"] == "16x1x1" else verdict["outcome"])
                self.assertIn(verdict["outcome"], ("identical", "equivalent"))
                self.assertLess(verdict["margin"], 8 / 64)
                self.assertGreater(verdict["sensitivity"], 0)
                self.assertLess(verdict["sensitivity"], 1e-11 if recipe == "fp64" else 1e-2)
            self.assertIn("All 45 splits train like the single large batch.", self.said)

    def test_identical_means_bitwise(self):
        self.isobatch("check", "lesson", "--recipe", "fp64", "--keep-traces")
        folders = {name.split("-")[1]: name for name in os.listdir(self.path("isobatch-report/traces")) if name.startswith("lesson")}
        reference = self.tensors("reference-" + next(n for n in os.listdir(self.path("isobatch-report/traces")) if n.startswith("ref"))[10:])
        for record in self.result()["records"]:
            same = self.tensors(folders[record["split"]]) == reference
            self.assertEqual(record["verdict"]["checks"][3]["outcome"] == "identical", same, record["split"])

    def tensors(self, trace):
        """Gradients of the judged windows of rank 0, as bytes."""
        found, folder = {}, self.path(f"isobatch-report/traces/{trace}/rank0")
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".safetensors"):
                continue
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            size = int.from_bytes(data[:8], "little")
            for key, entry in json.loads(data[8:8 + size]).items():
                begin, end = entry["data_offsets"]
                if key.startswith("grad/") and not name.startswith("step-000005"):  # window 5 is not judged
                    found[name, key] = data[8 + size + begin:8 + size + end]
        return found

    def test_more_jobs_than_trials_are_enough(self):
        self.assertEqual(self.isobatch("check", "lesson", "--effective", "4", "--jobs", "1024"), 0, self.said)

    def test_every_optimizer_steps_alike_in_every_split(self):
        for optimizer in ("sgd", "momentum", "nesterov", "adam", "adamw"):
            self.assertEqual(self.isobatch("check", "mlp", "gpt", "exact-mlp", "--splits", "4x1x1,1x2x2", "--optimizer", optimizer, "--recipe", "fp32"), 0, self.said)
            for record in self.result()["records"]:
                update = {check["check"]: check["outcome"] for check in record["verdict"]["checks"]}
                self.assertEqual((update["param"], update["opt"]), ("identical", "identical"), record["trial"])
        self.assertEqual(self.isobatch("check", "mlp", "--optimizer", "adamm"), 2, self.said)
        self.assertIn("choose sgd, momentum, nesterov, adam, adamw", self.said)

    def test_a_restart_changes_nothing_and_its_faults_have_names(self):
        margins = []
        for restart in ([], ["--restart", "4"]):
            self.assertEqual(self.isobatch("check", "mlp", "gpt", "--splits", "4x1x1,1x2x2", "--optimizer", "adamw", "--recipe", "fp32", *restart), 0, self.said)
            margins.append([record["verdict"]["margin"] for record in self.result()["records"]])
        self.assertEqual(margins[0], margins[1])
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--engine", "gloo", "--splits", "2x2x2", "--restart", "2"), 0, self.said)
        for fault, restart in (("resume-skips-updates", "1"), ("resume-wrong-permutation", "4"), ("n-minus-one@after-restart", "2")):
            self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--restart", restart, "--fault", fault), 1, self.said)
            finding, = self.result()["findings"]
            self.assertEqual(finding["causes"], [fault.split("@")[0]])
            self.assertEqual(finding["timing"], "after-restart" if "@" in fault else "always")
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--restart", "6"), 2, self.said)
        self.assertIn("none of the run's 6 updates follows update 6", self.said)

    def test_more_threads_change_no_bit_where_nothing_needs_rounding(self):
        for case in ("exact-gpt", "exact-conv"):
            self.assertEqual(self.isobatch("check", case, "--effective", "8", "--threads", "2", "--recipe", "fp32"), 0, self.said)
            self.assertEqual({check["margin"] for record in self.result()["records"] for check in record["verdict"]["checks"] if check["check"] == "grad"}, {0})
        self.assertEqual(self.isobatch("check", "mlp", "--threads", "0"), 2, self.said)

    def identities(self):
        """By name: in how many trials each was tried, and in how many it broke."""
        found = {}
        for record in self.result()["records"]:
            for status in record["verdict"]["identities"]:
                tried, broken = found.get(status["identity"], (0, 0))
                found[status["identity"]] = tried + (status["windows"] > 0), broken + (status["broken"] > 0)
        return found

    def test_identities_hold_in_every_model_bit_for_bit(self):
        for recipe in ("fp64", "fp32"):
            self.assertEqual(self.isobatch("check", "gpt", "mlp", "lesson", "--effective", "8", "--recipe", recipe, "--identities", "all"), 0, self.said)
            found = self.identities()
            self.assertEqual(len(found), 10)
            for name, (tried, broken) in found.items():
                self.assertGreater(tried, 0, name)
                self.assertEqual(broken, 0, name)
            self.assertIn("identity null-micro      held by 30 of 30", self.said)
            self.assertIn("identities", [claim["claim"] for claim in self.result()["claims"]])
        self.assertEqual(self.isobatch("check", "mlp", "--splits", "1x4x1,4x1x1", "--identities", "swap-devices"), 4, self.said)
        self.assertIn("untested: identities of mlp", self.said)
        self.assertIn("does not fit 2: there is one device", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--identities", "swap"), 2, self.said)
        self.assertIn("did you mean", self.said)

    def test_a_case_that_couples_its_samples_is_held_to_its_own_micros(self):
        self.assertEqual(self.isobatch("check", "batch-norm", "contrastive", "mixture", "--effective", "8"), 0, self.said)
        self.assertIn("All 30 splits train like a trusted run of the same micro-batches.", self.said)
        self.assertIn("declared: a micro-batch of batch-norm couples its samples", self.said)
        self.assertEqual(self.isobatch("check", "batch-norm", "--effective", "8", "--fault", "zero-grad-in-window"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["zero-grad-in-window"]], self.said)

    def test_drawn_trials_bring_any_two_choices_together(self):
        self.assertEqual(self.isobatch("check", "mlp", "lesson", "--effective", "4", "--cover", "2"), 0, self.said)
        records = self.result()["records"]
        self.assertIn(f"mlp, lesson: {len(records)} trials of the effective batch 4 (any 2 choices meet in one of them, where each with each are 1440,", self.said)
        self.assertLess(len(records), 60)
        words = [dict(zip(words[1::2], words[2::2])) | {"case": words[0]} for words in (record["trial"].split() for record in records)]
        self.assertEqual(len({(one["--splits"], one.get("--optimizer"), ) for one in words}), 6 * 6)
        self.assertEqual(len({(one["--recipe"], one["--lengths"]) for one in words}), 5 * 2)
        self.assertEqual(len({(one["case"], one.get("--threads")) for one in words}), 2 * 2)
        command = self.result()["command"]
        self.assertEqual(self.isobatch(*command.split()[1:], "--out", "again"), 0, self.said)
        self.assertEqual([record["trial"] for record in self.result("again")["records"]], [record["trial"] for record in records])
        self.assertEqual(self.isobatch("check", "mlp", "--cover", "2", "--recipe", "fp32"), 2, self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--cover", "9"), 2, self.said)
        self.assertIn("cover from 1 to 6 choices at a time", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--cover", "-1"), 2, self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "4", "--cover", "2", "--fault", "token-mean-of-means"), 1, self.said)

    def test_a_trajectory_is_compared_with_trusted_ones(self):
        words = ("check", "mlp", "--effective", "8", "--recipe", "fp32", "--trajectory", "8")
        self.assertEqual(self.isobatch(*words), 0, self.said)
        self.assertIn("trajectory", [claim["claim"] for claim in self.result()["claims"]])
        for record in self.result()["records"]:
            own, = (check for check in record["verdict"]["checks"] if check["check"] == "trajectory")
            self.assertEqual(len(own["losses"]), 6)
            self.assertTrue(all(one["truth"] is not None for one in own["losses"]), own)
        self.assertEqual(self.isobatch(*words, "--fault", "master-weights-lost"), 1, self.said)
        self.assertIn("than a right update of its own gradient does", self.said)
        own, = (check for check in self.result()["records"][-1]["verdict"]["checks"] if check["check"] == "trajectory")
        self.assertEqual(own["outcome"], "divergent")
        command = re.search(r"repeat: isobatch (check .*)", self.said).group(1)
        self.assertEqual(self.isobatch(*command.split(), "--out", "again"), 1, self.said)
        self.assertEqual(self.isobatch(*words[:-2], "--fault", "master-weights-lost"), 1, self.said)
        self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["master-weights-lost"]])
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--samples", "8", "--epochs", "1", "--trajectory", "8"), 4, self.said)
        self.assertIn("trajectory", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--trajectory", "-1"), 2, self.said)

    def test_copies_share_the_devices_that_there_are(self):
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--copies", "3", "--max-devices", "8"), 0, self.said)
        self.assertEqual({record["split"].split("x")[2] for record in self.result()["records"]}, {"1", "2"})
        self.assertIn("each device is 3 ranks", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--copies", "3", "--max-devices", "2"), 2, self.said)
        self.assertIn("--copies", self.said)
        self.assertEqual(self.isobatch("plan", "--effective", "8", "--devices", "6", "--copies", "3"), 0, self.said)
        self.assertEqual(self.said.split(), ["4x1x2", "2x2x2", "1x4x2"])
        for words, said in ((("--devices", "8", "--copies", "3"), "nearest: 6 and 9"), (("--devices", "1", "--copies", "3"), "nearest: 3"), (("--devices", "16"), "nearest: 16"),
                            (("--devices", "6", "--copies", "2"), "3 data-parallel devices"), (("--devices", "4", "--max-devices", "2"), "raise --max-devices"),
                            (("--devices", "-3"), "--devices"), (("--devices", "9223372036854775807"), "--devices"), (("--max-devices", "1", "--copies", "2"), "--copies")):
            self.assertEqual(self.isobatch("plan", "--effective", "8", *words), 2, self.said)
            self.assertIn(said, self.said)

    def test_trials_side_by_side_give_the_same_records(self):
        words = ("check", "gpt", "mlp", "--effective", "8", "--fault", "token-mean-of-means")
        self.assertEqual(self.isobatch(*words, "--out", "one"), 1, self.said)
        self.assertEqual(self.isobatch(*words, "--out", "three", "--jobs", "3"), 1, self.said)
        one, three = (without_times(self.result(name)) for name in ("one", "three"))
        for part in ("records", "findings", "claims", "outcome", "summary", "command"):
            self.assertEqual(json.dumps(one[part]), json.dumps(three[part]), part)
        traces = sorted(os.listdir(self.path("three/traces")))
        self.assertEqual(sorted(os.listdir(self.path("one/traces"))), traces)
        self.assertEqual(self.isobatch("judge", *(self.path("three/traces/" + name) for name in sorted(traces, key=lambda n: not n.startswith("reference-gpt")) if "gpt" in name)), 1, self.said)
        self.assertEqual(self.isobatch(*words, "--jobs", "0"), 2, self.said)

    def test_more_ranks_than_any_machine_has_are_refused(self):
        for engine in ("serial", "gloo"):
            for words in (("--splits", "1x1x4294967296"), ("--splits", "1x1x4194304", "--copies", "1024")):
                self.assertEqual(self.isobatch("check", "lesson", "--engine", engine, "--samples", "10", *words), 2, self.said)
                self.assertIn("--max-devices", self.said)
        self.assertEqual(self.isobatch("check", "lesson", "--splits", "1x1x1025", "--samples", "1025", "--epochs", "1"), 4, self.said)
        self.assertEqual(self.isobatch("report", "isobatch-report"), 4, self.said)

    def test_a_case_is_named_once(self):
        self.assertEqual(self.isobatch("check", "lesson", "mlp", "lesson", "--jobs", "2"), 2, self.said)
        self.assertIn("lesson is given twice", self.said)

    def test_a_misuse_that_one_of_several_jobs_meets_ends_them_all(self):
        self.assertEqual(self.isobatch("check", "mlp", "nothing", "--jobs", "2"), 2, self.said)
        self.assertIn("nothing", self.said)

    def test_shards_merge_in_any_order_to_the_whole_matrix(self):
        words = ("check", "gpt", "--effective", "8", "--fault", "sum-over-devices")
        self.assertEqual(self.isobatch(*words, "--out", "whole"), 1, self.said)
        for shard in (1, 2, 3):
            self.isobatch(*words, "--shard", f"{shard}/3", "--out", f"part{shard}")
        whole = without_times(self.result("whole"))
        for order in ((1, 2, 3), (3, 1, 2)):
            self.assertEqual(self.isobatch("report", *(f"part{shard}" for shard in order), "--out", "merged"), 1, self.said)
            merged = without_times(self.result("merged"))
            for part in ("records", "findings", "claims", "outcome", "summary"):
                self.assertEqual(json.dumps(merged[part]), json.dumps(whole[part]), part)
        for wrong in ("0/3", "4/3", "1", "a/b", "1/2/3", "-1/3"):
            self.assertEqual(self.isobatch(*words, "--shard", wrong), 2, self.said)
            self.assertIn("--shard", self.said)
        self.assertEqual(self.isobatch("check", "mlp", "--splits", "4x1x1", "--shard", "2/2"), 2, self.said)

    def test_the_command_of_a_shard_repeats_it(self):
        self.isobatch("check", "mlp", "lesson", "--effective", "4", "--shard", "2/5", "--out", "part")
        first = self.result("part")
        self.isobatch(*first["command"].split()[1:], "--out", "again")
        self.assertEqual(json.dumps(without_times(first)), json.dumps(without_times(self.result("again"))))

    def test_recipes_of_few_bits_have_a_bound_of_their_own(self):
        for recipe in ("bf16", "bf16-autocast", "fp16-autocast"):
            with self.subTest(recipe):
                words = ("--recipe", recipe, "--splits", "16x1x1,4x4x1,1x16x1,1x8x2,4x1x4")
                self.assertEqual(self.isobatch("check", "gpt", "mlp", "lesson", *words), 0, self.said)
                self.assertIn("gradients are summed in fp32 shows in a window of 8 micro-batches or more", self.said)
                for fault in ("bf16-accumulator", "bf16-reduction", "zero-grad-in-window", "sum-over-devices"):
                    self.assertEqual(self.isobatch("check", "gpt", *words, "--fault", fault), 1, self.said)
                    self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [[fault]], self.said)
                    red = {record["split"] for record in self.result()["records"] if record["verdict"]["outcome"] == "divergent"}
                    if fault == "bf16-accumulator":
                        self.assertEqual(red, {"1x16x1"})

    def test_a_deadline_is_a_number_of_seconds(self):
        for option in ("--deadline", "--start-deadline", "--step-deadline"):
            for value in ("0", "-1", "nan", "inf", "1e10", "soon"):
                self.assertEqual(self.isobatch("check", "mlp", option, value), 2, self.said)
                self.assertIn(option, self.said)

    def test_how_large_a_batch_pays_is_read_from_a_reference(self):
        self.assertEqual(self.isobatch("check", "mlp", "--effective", "8", "--splits", "8x1x1,4x2x1", "--keep-traces"), 0, self.said)
        reference, = glob.glob(self.path("isobatch-report/traces/reference-*"))
        self.assertEqual(self.isobatch("trace", "noise", reference), 0, self.said)
        self.assertRegex(self.said, r"gradient noise scale: [0-9.e+]+ samples \[.*\], [0-9.e+]+ units; of [0-9]+ windows")
        self.assertEqual(self.isobatch("trace", "noise", glob.glob(self.path("isobatch-report/traces/mlp-*"))[0]), 2)
        self.assertIn("--keep-traces", self.said)

    def test_wrong_use_is_refused_with_what_to_do(self):
        for words, said in ((("--effective", "16", "--splits", "4x4x2"), "nearest splits of 16"), (("--effective", "0"), "from 1 to"), (("--splits", "4x-1x2"), "accum"),
                            (("--fault", "token-mean"), "did you mean"), (("--recipe", "fp8"), "bf16-autocast"), (("--device", "cuda:99"), "cuda"), (("--device", "gpu"), "cuda:N"),
                            (("--engine", "mpi"), "serial"), (("--max-devices", "-1"), "--max-devices"), (("--epochs", "0"), "--epochs"),
                            (("--effective", "16", "--splits", "8x1x1"), "nearest")):
            with self.subTest(words):
                self.assertEqual(self.isobatch("check", "mlp", *words), 2, self.said)
                self.assertIn(said, self.said)
        for words, said in ((("--engine", "nccl"), "one a rank, and the device is cpu"), (("--engine", "nccl", "--device", "cuda:1"), "add --device cuda")):
            self.assertEqual(self.isobatch("check", "gpt", *words), 2, self.said)
            self.assertIn(said, self.said)
        self.assertEqual(self.isobatch("check", "nothing"), 2)
        self.assertEqual(self.isobatch("check", "exact-mlp", "--recipe", "bf16"), 2, self.said)
        self.assertIn("choose fp64 or fp32", self.said)
        self.assertEqual(self.isobatch("nonsense"), 2)

    def test_reports_lie_beside_each_other(self):
        self.isobatch("check", "mlp", "--fault", "zero-grad-in-window")
        for name in ("run.json", "result.json", "index.html", "junit.xml"):
            self.assertTrue(os.path.getsize(self.path(f"isobatch-report/{name}")), name)
        self.assertEqual(len(os.listdir(self.path("isobatch-report/trials"))), 15)
        self.assertEqual(self.isobatch("report", "isobatch-report"), 1, self.said)
        self.assertIn("zero-grad-in-window", self.said)
        self.assertNotIn("\x1b", self.said)

    def test_a_directory_of_something_else_is_left_alone(self):
        os.makedirs(self.path("mine/traces"))
        with open(self.path("mine/traces/precious"), "w"):
            pass
        self.assertEqual(self.isobatch("check", "mlp", "--out", "mine"), 2)
        self.assertTrue(os.path.exists(self.path("mine/traces/precious")))


if __name__ == "__main__":
    main()
