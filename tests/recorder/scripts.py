"""Scripts that the recorder meets in its test, each odd in a way of its own."""
ODD = """
import importlib.util
importlib.util.find_spec("torch")  # as libraries do that ask whether torch is there
import torch
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = torch.nn.Linear(3, 1, dtype=torch.float64)
        self.narrow = torch.nn.Linear(3, 1, bias=False)
        self.frozen = torch.nn.Linear(3, 1, dtype=torch.bfloat16).requires_grad_(False)  # as under an adapter
        self.tied = self.wide.weight
    def forward(self, batch):
        return self.wide(batch["x"]) + self.narrow(batch["x"].float()) + self.frozen(batch["x"].bfloat16())
model = Model()
groups = [{"params": [model.narrow.weight]}, {"params": model.wide.parameters(), "lr": float("inf")}]
optimizer = torch.optim.SGD(groups, 0.1)
optimizer.step()
optimizer.zero_grad()
batch = {"x": torch.ones(2, 3, dtype=torch.float64)}
with torch.no_grad():
    model(batch)
(model(batch).sum() * float("nan")).backward()
optimizer.step()
"""
WORKERS = """
import torch
from torch.utils.data import DataLoader
torch.manual_seed(1)
class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, row):
        inner = torch.nn.Linear(1, 1)
        inner(torch.ones(1, 1)).sum().backward()
        torch.optim.SGD(inner.parameters(), 0.1).step()
        return torch.full((8,), float(row))
model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Dropout(0.5))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
for batch in DataLoader(Rows(), batch_size=2, num_workers=1, multiprocessing_context="fork"):
    model(batch).pow(2).sum().backward()
    schedule.step()
print(model[0].weight.grad.tolist(), torch.rand(1).item(), flush=True)
optimizer.step()
"""
RAISING = """
import torch
model = torch.nn.Linear(3, 1)
model(torch.ones(2, 3)).sum().backward()
raise ValueError("the script's own fault")
"""
COMPLEX = """
import torch
weight = torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))
weight.abs().sum().backward()
torch.optim.SGD([weight], 0.1).step()
"""
# Two optimizers of one loss, a model that sees what another made, and gradients that a loop clears by hand.
BY_HAND = """
import torch
torch.manual_seed(1)
body, head = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
optimizers = [torch.optim.SGD(part.parameters(), 0.1) for part in (body, head)]
for window in range(3):
    for micro in range(2):
        head(body(torch.full((2, 3), 1.0 + window + 0.1 * micro))).sum().backward()
        if window == 1 and micro == 0:
            for p in [*body.parameters(), *head.parameters()]:
                p.grad = None
    for optimizer in optimizers:
        optimizer.step()
    for p in [*body.parameters(), *head.parameters()]:
        p.grad.zero_()
"""
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "raise ValueError('of a child')"], stderr=subprocess.DEVNULL)
sys.exit(3)
"""
CLOSURE = """
import sys, torch
torch.manual_seed(1)
model = torch.nn.Linear(3, 1)
optimizer = getattr(torch.optim, sys.argv[1])(model.parameters())
def closure():
    optimizer.zero_grad()
    loss = model(torch.ones(2, 3)).pow(2).sum()
    loss.backward()
    return loss
for _ in range(3):
    optimizer.step(closure)
print("trained", model.weight.tolist())
"""
