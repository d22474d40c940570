"""A plain PyTorch loop with gradient accumulation: a token classifier, rows of different lengths, ignored labels."""
import argparse
import hashlib

import torch
from torch.nn import functional

options = argparse.ArgumentParser()
options.add_argument("--bs", type=int, required=True)
options.add_argument("--ga", type=int, required=True)
options.add_argument("--fault", choices=["none", "token-mean-of-means", "missing-accum-division"], default="none")
options = options.parse_args()

torch.manual_seed(7)
VOCAB, IGNORED = 32, -100
rows = [torch.randint(1, VOCAB, (length,)) for length in torch.randint(2, 25, (32,)).tolist()]
labels = [torch.where(torch.rand(len(row)) < 0.3, torch.tensor(IGNORED), (row * 5) % VOCAB) for row in rows]
model = torch.nn.Sequential(
    torch.nn.Embedding(VOCAB, 16), torch.nn.Linear(16, 16), torch.nn.Tanh(), torch.nn.Linear(16, VOCAB))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)


def pad(sequences, value):
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=value)


for start in range(0, len(rows), options.bs * options.ga):
    micros = [range(at, at + options.bs) for at in range(start, start + options.bs * options.ga, options.bs)]
    scored = sum(int((labels[row] != IGNORED).sum()) for micro in micros for row in micro)
    for micro in micros:
        logits = model(pad([rows[row] for row in micro], 0))
        target = pad([labels[row] for row in micro], IGNORED)
        reduction = "mean" if options.fault == "token-mean-of-means" else "sum"
        loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction=reduction)
        divisor = {"none": scored, "token-mean-of-means": options.ga, "missing-accum-division": scored / options.ga}[options.fault]
        (loss / divisor).backward()
    digest = hashlib.sha256(b"".join(parameter.grad.numpy().tobytes() for parameter in model.parameters())).hexdigest()
    print("gradient", digest, flush=True)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    optimizer.step()
    optimizer.zero_grad()
print("trained", flush=True)
