"""An unmodified transformers.Trainer on a tiny random GPT-2: rows of different lengths, padded inside each batch."""
import argparse
import random
import tempfile

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

options = argparse.ArgumentParser()
options.add_argument("--bs", type=int, required=True)
options.add_argument("--ga", type=int, required=True)
options.add_argument("--bf16", action="store_true", help="compute in bfloat16, under autocast")
options = options.parse_args()

draw = random.Random(3)
rows = [[draw.randrange(1, 64) for _ in range(draw.randint(2, 24))] for _ in range(32)]


def collate(batch):
    longest = max(len(row) for row in batch)
    padded = [(row, longest - len(row)) for row in batch]
    return {"input_ids": torch.tensor([row + [0] * missing for row, missing in padded]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * missing for row, missing in padded]),
            "labels": torch.tensor([row + [-100] * missing for row, missing in padded])}


torch.manual_seed(11)
model = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=2, resid_pdrop=0.0,
                                   embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0))
with tempfile.TemporaryDirectory() as folder:
    settings = TrainingArguments(
        output_dir=folder, per_device_train_batch_size=options.bs, gradient_accumulation_steps=options.ga, max_steps=2,
        learning_rate=1e-3, seed=5, use_cpu=True, bf16=options.bf16, save_strategy="no", eval_strategy="no", logging_strategy="no",
        report_to="none", disable_tqdm=True, remove_unused_columns=False)
    Trainer(model=model, args=settings, data_collator=collate, train_dataset=rows).train()
print("trained", flush=True)
