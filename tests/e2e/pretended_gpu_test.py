"""--device cuda on a machine without a GPU: LibTorch's part for CUDA is one whose operators are the CPU's, over memory that nothing else
may touch. What a GPU refuses (tensors of two devices in one call, its memory read by the host, statistics of an allocator that nothing has
made ready) is refused there too."""
import glob, json, os

from program import ProgramTest, main

GPU = {"LD_LIBRARY_PATH": os.environ["ISOBATCH_PRETENDED_GPU"], "OMP_NUM_THREADS": "1"}
SPLITS = ("--splits", "8x1x1,2x4x1,2x2x2")


class PretendedGpu(ProgramTest):
    def on_gpu(self, *words):
        return self.isobatch("check", *words, "--device", "cuda", environment=GPU)

    def manifest(self, folder):
        with open(glob.glob(self.path(f"{folder}/traces/*-8x1x1-*/manifest.json"))[0], encoding="utf-8") as file:
            return json.load(file)

    def test_every_case_trains_there_as_on_the_cpu(self):
        for case in ("gpt", "gpt-recomputed", "gpt-fused", "mlp", "lesson", "exact-gpt", "exact-mlp", "exact-conv", "canary", "batch-norm", "contrastive", "mixture", "shared-layer", "dropout", "tasks", "grouped"):
            with self.subTest(case):
                self.assertEqual(self.on_gpu(case, *SPLITS, "--recipe", "fp32"), 0, self.said)
                self.assertEqual(len(self.result()["records"]), 3)

    def test_every_recipe_trains_there(self):
        for recipe in ("fp64", "tf32", "bf16", "bf16-autocast", "fp16-autocast"):
            with self.subTest(recipe):
                self.assertEqual(self.on_gpu("mlp", *SPLITS, "--recipe", recipe, "--trajectory", "2"), 0, self.said)

    def test_every_identity_holds_there_and_every_optimizer_steps(self):
        self.assertEqual(self.on_gpu("mlp", *SPLITS, "--recipe", "fp32", "--identities", "all"), 0, self.said)
        for optimizer in ("sgd", "nesterov", "adam"):
            with self.subTest(optimizer):
                self.assertEqual(self.on_gpu("mlp", *SPLITS, "--optimizer", optimizer), 0, self.said)

    def test_planted_faults_are_named(self):
        for fault in ("token-mean-of-means", "zero-grad-in-window", "clip-per-micro", "bf16-accumulator", "schedule-per-micro", "log-last-micro-loss"):
            with self.subTest(fault):
                recipe = "bf16" if fault == "bf16-accumulator" else "fp32"
                self.assertEqual(self.on_gpu("mlp", "--effective", "8", "--recipe", recipe, "--fault", fault), 1, self.said)
                self.assertIn(fault, self.said)

    def test_the_large_batch_on_the_cpu_judges_that_on_the_gpu(self):
        alone = ("--splits", "8x1x1", "--keep-traces", "--out")
        self.isobatch("check", "mlp", *alone, "cpu")
        self.on_gpu("mlp", *alone, "gpu")
        traces = [glob.glob(self.path(f"{folder}/traces/reference-*"))[0] for folder in ("cpu", "gpu")]
        claims = [word for claim in ("scale", "weighting", "schedule") for word in ("--allow-untested", claim)]
        self.assertEqual(self.isobatch("judge", *traces, *claims), 0, self.said)

    def test_its_manifest_says_how_it_was_made_to_repeat_its_bits(self):
        self.on_gpu("mlp", *SPLITS, "--keep-traces", "--out", "gpu")
        said = self.manifest("gpu")["provenance"]
        self.assertEqual(said["deterministic_algorithms"], "on")
        self.assertNotIn("attention", said, "it has none")
        for switch in ("cudnn_benchmark", "tf32_cublas", "tf32_cudnn", "sdp_flash", "sdp_mem_efficient", "sdp_cudnn", "fp16_reduction", "bf16_reduction"):
            self.assertEqual(said[switch], "off", switch)
        self.assertEqual((said["CUBLAS_WORKSPACE_CONFIG"], said["NCCL_ALGO"]), (":4096:8", "Ring"))
        self.isobatch("check", "mlp", *SPLITS, "--keep-traces", "--out", "cpu")
        self.assertNotIn("tf32_cublas", self.manifest("cpu")["provenance"])

    def test_the_switches_are_the_trials(self):
        for case, recipe, attention, products in (("gpt", "fp32", "off", "off"), ("gpt-fused", "fp32", "on", "off"), ("gpt", "tf32", "off", "on")):
            with self.subTest((case, recipe)):
                self.assertEqual(self.on_gpu(case, *SPLITS, "--recipe", recipe, "--keep-traces", "--out", f"{case}-{recipe}"), 0, self.said)
                said = self.manifest(f"{case}-{recipe}")["provenance"]
                self.assertEqual([said[switch] for switch in ("sdp_flash", "sdp_mem_efficient", "sdp_cudnn", "tf32_cublas", "tf32_cudnn")], [attention, attention, "off", products, products])
                self.assertEqual(said["attention"], "attention_math", "this device has no other")

    def test_tf32_is_of_a_gpu_alone_and_not_of_exact_cases(self):
        self.assertEqual(self.isobatch("check", "mlp", "--recipe", "tf32"), 2)
        self.assertIn("add --device cuda", self.said)
        self.assertEqual(self.on_gpu("exact-mlp", "--recipe", "tf32"), 2)
        self.assertIn("made for bits that tf32 has not", self.said)
        self.assertEqual(self.on_gpu("mlp", *SPLITS, "--recipe", "tf32", "--keep-traces", "--out", "tf32"), 0, self.said)
        self.assertEqual(self.manifest("tf32")["recipe"], {"compute": "tf32", "accumulate": "fp32"})
        grads = [check for record in self.result("tf32")["records"] for check in record["verdict"]["checks"] if check["check"] == "grad"]
        self.assertTrue(all(check["tolerance"]["u"] == 2**-13 for check in grads), grads)
        self.assertTrue(any(check["tolerance"]["E"] > 2**-16 * check["tolerance"]["A"] for check in grads), "products had 11 bits, or E would be of fp32")

    def test_faults_of_its_kernels_are_planted_there_alone(self):
        self.assertEqual(self.isobatch("check", "mlp", "--recipe", "fp32", "--fault", "tf32-on"), 2)
        self.assertIn("tf32-on is what kernels of another device get wrong: there is nothing of it on cpu", self.said)
        self.assertIn("add --device cuda", self.said)
        for case in ("mlp", "gpt"):
            self.assertEqual(self.on_gpu(case, "--effective", "8", "--recipe", "fp32", "--fault", "tf32-on"), 1, self.said)
            self.assertEqual([finding["causes"] for finding in self.result()["findings"]], [["unknown"]])
            self.assertEqual({check["check"] for record in self.result()["records"] for check in record["verdict"]["checks"] if check["outcome"] == "divergent"} - {"loss"}, {"grad"})
        scattered = ("gpt", "--splits", "8x1x1,2x4x1", "--recipe", "fp32", "--identities", "null-micro")
        self.assertEqual(self.on_gpu(*scattered), 0, self.said)
        self.assertEqual(self.on_gpu(*scattered, "--fault", "nondeterministic-scatter"), 4, self.said)
        self.assertIn("not deterministic: the same window gave other bits when it was run again", self.said)

    def test_a_bound_on_its_memory_is_held_to_its_allocators_peak(self):
        words = ("gpt", "--effective", "8", "--max-devices", "1")
        self.on_gpu(*words, "--out", "free")
        peaks = {record["split"]: record["cost"] for record in self.result("free")["records"]}
        for cost in peaks.values():
            self.assertGreaterEqual(cost["memory_bytes_reserved"], cost["memory_bytes_active"])
            self.assertGreater(cost["memory_bytes_active"], cost["memory_bytes_peak"], "whole blocks")
        self.assertGreater(peaks["8x1x1"]["memory_bytes_active"], peaks["1x8x1"]["memory_bytes_active"])
        for less, outcome in ((0, "equivalent"), (1, "out_of_memory")):
            bound = str(peaks["4x2x1"]["memory_bytes_peak"] - less)
            self.assertEqual(self.on_gpu(*words, "--memory", bound), 3, self.said)
            self.assertEqual({record["split"]: record["verdict"]["outcome"] for record in self.result()["records"]}, {"8x1x1": "out_of_memory", "4x2x1": outcome, "2x4x1": "equivalent", "1x8x1": "equivalent"})
        self.assertRegex(self.said, "out of memory: tensors of the GPU held .*, of .* that they may")

    def test_what_another_split_took_is_not_reserved_for_the_next(self):
        self.assertEqual(self.on_gpu("gpt", "--effective", "64", "--splits", "64x1x1,1x64x1", "--epochs", "1", "--samples", "100", "--allow-untested", "schedule"), 0, self.said)
        reserved = {record["split"]: record["cost"]["memory_bytes_reserved"] for record in self.result()["records"]}
        self.assertGreater(reserved["64x1x1"], reserved["1x64x1"])

    def test_the_allocators_peak_is_that_of_the_split(self):
        self.assertEqual(self.on_gpu("gpt", "--effective", "8", "--max-devices", "1"), 0, self.said)
        peaks = {record["split"]: record["cost"]["memory_bytes_peak"] for record in self.result()["records"]}
        order = [peaks[split] for split in ("8x1x1", "4x2x1", "2x4x1", "1x8x1")]
        self.assertEqual(order, sorted(order, reverse=True), "a smaller micro-batch takes less")
        self.assertGreater(order[-1], 0)

    def test_ranks_in_processes_of_their_own_share_the_gpu(self):
        for engine in ("gloo", "gloo:flat", "gloo:bucket=256:view"):
            with self.subTest(engine):
                self.assertEqual(self.on_gpu("mlp", "--splits", "4x1x1,2x1x2,1x2x2", "--engine", engine, "--allow-untested", "tail"), 0, self.said)
        self.assertEqual(self.on_gpu("mlp", "--effective", "4", "--max-devices", "2", "--engine", "gloo", "--fault", "never-synced"), 1, self.said)
        self.assertIn("never-synced", self.said)

    def test_a_gpu_that_is_not_there_is_named(self):
        self.assertEqual(self.isobatch("check", "mlp", "--device", "cuda:1", environment=GPU), 2)
        self.assertIn("no GPU 1 for --device cuda: 1 found", self.said)


if __name__ == "__main__":
    main()
