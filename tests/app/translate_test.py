#!/usr/bin/env python3
"""`isobatch translate`, as a user types it."""
import json
import sys

sys.dont_write_bytecode = True

from command import CommandTest, main  # noqa: E402

HF = ("huggingface", "per_device_train_batch_size=4", "gradient_accumulation_steps=8")


class TranslateTest(CommandTest):
    def test_words_become_every_other_framework_s_names(self):
        said = self.run_command("translate", *HF, "logging_steps=10", "--devices", "2")
        self.assertIn("split 4x8x2: ", said)
        for line in ("  train_batch_size=64\n", "  num_processes=2\n", "  log_every_n_steps=10 ", "  training.global_batch_size=64\n", "  micro-batch-size=4\n"):
            self.assertIn(line, said)
        self.assertIn("640 samples by the code, 80 by that sentence", said)

    def test_a_file_is_read_and_words_answer_its_auto(self):
        text = {"train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto", "gradient_accumulation_steps": 8, "fp16": {"enabled": True}}
        (self.folder / "ds.json").write_text(json.dumps(text))
        said = self.refuse("translate", "deepspeed", "--file", "ds.json", "--devices", "2")
        self.assertIn("train_micro_batch_size_per_gpu, train_batch_size are auto, and nothing here answers it", said)
        said = self.run_command("translate", "deepspeed", "train_micro_batch_size_per_gpu=4", "--file", "ds.json", "--devices", "2", "--to", "megatron", "--json")
        answer = json.loads(said)
        self.assertEqual((answer["split"], answer["not_read"]), ("4x8x2", ["fp16.enabled"]))
        self.assertEqual(answer["names"], {"megatron": {"micro-batch-size": 4, "global-batch-size": 64}})

    def test_a_launch_command_is_read_as_it_stands(self):
        said = self.run_command("translate", "megatron", "--devices", "8", "--to", "isobatch", "--",
                                "--micro-batch-size", "4", "--global-batch-size", "64", "--tensor-model-parallel-size", "4", "--bf16", "--lr", "0.1")
        self.assertIn("split 4x8x2: ", said)
        self.assertIn("devices in all: 8, as 4 hold the same samples\nassumed: accum=8, from the product\nnot read: bf16, lr\n", said)

    def test_toml_is_read(self):
        (self.folder / "t.toml").write_text("[training]\nlocal_batch_size = 4 # each\nglobal_batch_size = 64\nsteps = 100\n[model]\nname = \"llama3\"\n")
        self.assertIn("split 4x8x2: ", self.run_command("translate", "torchtitan", "--file", "t.toml", "--devices", "2"))

    def test_what_is_wrong_is_named_with_its_remedy(self):
        for words, said in (
            (("hugingface",), "did you mean huggingface?"),
            (HF, "--devices"),
            ((*HF, "gradient_acc_steps=8"), "did you mean gradient_accumulation_steps?"),
            ((*HF, "--devices", "2", "--effective", "32"), "--effective=32 is not per_device_train_batch_size=4 x gradient_accumulation_steps=8 x --devices=2 = 64"),
            (("huggingface", "per_device_train_batch_size=zero"), 'per_device_train_batch_size is "zero"'),
            (("isobatch", "effective=64", "devices=6"), "nearest: 60 and 66"),
            (("isobatch", "4x8x2"), "NAME=VALUE"),
            (("deepspeed", "--file", "missing.json"), "missing.json"),
            (("isobatch", "effective=64", "--devices", "0"), "--devices"),
            ((), "FROM"),
        ):
            self.assertIn(said, self.refuse("translate", *words))


if __name__ == "__main__":
    main()
