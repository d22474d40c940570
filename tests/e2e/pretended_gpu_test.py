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
        for case in ("gpt", "gpt-recomputed", "mlp", "lesson", "exact-gpt", "exact-mlp", "exact-conv", "canary", "batch-norm", "contrastive", "mixture", "shared-layer", "dropout", "tasks"):
            with self.subTest(case):
                self.assertEqual(self.on_gpu(case, *SPLITS, "--recipe", "fp32"), 0, self.said)
                self.assertEqual(len(self.result()["records"]), 3)

    def test_every_recipe_trains_there(self):
        for recipe in ("fp64", "bf16", "bf16-autocast", "fp16-autocast"):
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
        for switch in ("cudnn_benchmark", "tf32_cublas", "tf32_cudnn", "sdp_flash", "sdp_mem_efficient", "sdp_cudnn", "fp16_reduction", "bf16_reduction"):
            self.assertEqual(said[switch], "off", switch)
        self.assertEqual((said["CUBLAS_WORKSPACE_CONFIG"], said["NCCL_ALGO"], said["NVIDIA_TF32_OVERRIDE"]), (":4096:8", "Ring", "0"))
        self.isobatch("check", "mlp", *SPLITS, "--keep-traces", "--out", "cpu")
        self.assertNotIn("tf32_cublas", self.manifest("cpu")["provenance"])

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
