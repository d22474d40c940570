"""A DistributedDataParallel loop as torchrun starts it: rows of different lengths, one exchange a window; on one rank without a launcher too.
`--fault` breaks its exchange."""
import argparse
import contextlib
import os

import torch
from torch import distributed
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

options = argparse.ArgumentParser()
options.add_argument("--bs", type=int, required=True)
options.add_argument("--ga", type=int, required=True)
options.add_argument("--fault", choices=("none", "no-sync-off-by-one", "never-synced", "never-synced-after-the-first-window", "rank-local-denominator", "one-rank-fails"),
                     default="none")
options = options.parse_args()

VOCAB, IGNORED, WORLD, RANK = 32, -100, int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
if WORLD > 1:
    distributed.init_process_group("gloo")
torch.manual_seed(7)
rows = [torch.randint(1, VOCAB, (length,)) for length in torch.randint(2, 25, (32,)).tolist()]
labels = [torch.where(torch.rand(len(row)) < 0.3, torch.tensor(IGNORED), (row * 5) % VOCAB) for row in rows]
model = torch.nn.Sequential(torch.nn.Embedding(VOCAB, 16), torch.nn.Linear(16, 16), torch.nn.Tanh(), torch.nn.Linear(16, VOCAB))
model = DistributedDataParallel(model) if WORLD > 1 else model
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def pad(sequences, value):
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=value)


def train_window(begin):
    """This rank's rows follow those of the ranks before it."""
    own = begin + RANK * options.bs * options.ga
    micros = [range(at, at + options.bs) for at in range(own, own + options.bs * options.ga, options.bs)]
    scored = torch.tensor(sum(int((labels[row] != IGNORED).sum()) for micro in micros for row in micro))
    if WORLD > 1 and options.fault != "rank-local-denominator":
        distributed.all_reduce(scored)
        scored = scored / WORLD  # the gradients are averaged
    synced = len(micros) - (2 if options.fault == "no-sync-off-by-one" and len(micros) > 1 else 1)
    alone = options.fault == "never-synced" or (options.fault == "never-synced-after-the-first-window" and begin > 0)
    for index, micro in enumerate(micros):
        with model.no_sync() if WORLD > 1 and index != synced else contextlib.nullcontext():
            inputs = pad([rows[row] for row in micro], 0)
            logits = model.module(inputs) if alone and WORLD > 1 else model(inputs)
            target = pad([labels[row] for row in micro], IGNORED)
            (functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum") / scored).backward()
    if options.fault == "one-rank-fails" and RANK == 1 and begin > 0:
        raise ValueError("the disk of rank 1 is full")
    optimizer.step()
    optimizer.zero_grad()


for _ in range(3):
    for begin in range(0, len(rows), options.bs * options.ga * WORLD):
        train_window(begin)
print("trained", flush=True)
