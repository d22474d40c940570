"""A loop on accelerate, as its manual shows it: `--loop accumulate` divides each mean by the number of micro-batches, `--loop counted` counts the scored
tokens of the whole window first."""
import argparse

import torch
from accelerate import Accelerator
from torch.nn import functional

options = argparse.ArgumentParser()
options.add_argument("--bs", type=int, required=True)
options.add_argument("--ga", type=int, required=True)
options.add_argument("--loop", choices=("accumulate", "counted"), required=True)
options = options.parse_args()

VOCAB, IGNORED = 32, -100
torch.manual_seed(7)
rows = [torch.randint(1, VOCAB, (length,)) for length in torch.randint(2, 25, (32,)).tolist()]
model = torch.nn.Sequential(torch.nn.Embedding(VOCAB, 16), torch.nn.Linear(16, 16), torch.nn.Tanh(), torch.nn.Linear(16, VOCAB))


def collate(batch):
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(batch, batch_first=True), pad([(row * 5) % VOCAB for row in batch], batch_first=True, padding_value=IGNORED)


def loss_of(batch, reduction):
    inputs, labels = batch
    return functional.cross_entropy(model(inputs).flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction=reduction)


accelerator = Accelerator(cpu=True, gradient_accumulation_steps=options.ga)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
loader = torch.utils.data.DataLoader(rows, batch_size=options.bs, collate_fn=collate)
model, optimizer, loader, schedule = accelerator.prepare(model, optimizer, loader, schedule)
for _ in range(3):
    window = []
    for batch in loader:
        if options.loop == "counted":
            window.append(batch)
            if len(window) < options.ga:
                continue
            scored = sum(int((labels != IGNORED).sum()) for _, labels in window)
            for each in window:
                accelerator.backward(loss_of(each, "sum") / scored * options.ga)  # it divides by that once more
            window = []
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        else:
            with accelerator.accumulate(model):
                accelerator.backward(loss_of(batch, "mean"))
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
print("trained", flush=True)
