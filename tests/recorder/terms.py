"""The plain loop with what loops add of their own: terms in each micro-batch's loss, hooks, gradients that are asked for and set by hand, and optimizers
that depend on how a batch was split. A twist says which; those of RIGHT do not depend on the split."""
import contextlib, io, os, sys

import torch
from torch.nn import functional

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

import plain_train  # noqa: E402

WRONG = ("penalty-per-micro", "z-loss-divided-again", "constant-per-backward", "hook-divides", "leaks-after-first", "decay-per-micro",
         "weight-decay-by-accum", "betas-by-accum", "state-cleared", "second-moment-per-micro", "count-per-micro", "partly-mean", "asked-mean-of-means")
RIGHT = ("penalty-shared", "scaled-by-hand", "asked", "asked-to-know", "adaptive-setting", "two-backwards")
NOISY = ("dropout",)
UNSEEN = ("functional",)


class OwnAdam(torch.optim.Optimizer):
    """Adam whose second moment is fed micro-batch by micro-batch, or once an update."""
    def __init__(self, parameters, lr, adapts):
        super().__init__(parameters, {"lr": lr, "size": 1.0})
        self.adapts = adapts

    @torch.no_grad()
    def feed(self):
        for p in self.param_groups[0]["params"]:
            square = self.state[p].setdefault("square", torch.zeros_like(p))
            square.mul_(0.9).addcmul_(p.grad, p.grad, value=0.1)

    @torch.no_grad()
    def step(self, closure=None):
        group = self.param_groups[0]
        for p in group["params"]:
            p.addcdiv_(p.grad, self.state[p]["square"].sqrt().add_(1e-3), value=-group["lr"])
        group["size"] = 1.0 if not self.adapts else float(sum(p.norm() for p in group["params"]))  # as optimizers do that set their own rate


class Counting(torch.optim.SGD):
    """Its steps grow with what it has seen."""
    seen = 0

    @torch.no_grad()
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            p.add_(p.grad, alpha=-0.1 * (1 - 0.9 ** self.seen))


class Loop(plain_train.Loop):
    def __init__(self, options, twist):
        super().__init__(options)
        self.twist, accum = twist, options.ga
        self.embedding = self.model[0].weight
        if twist == "dropout":
            self.model.insert(2, torch.nn.Dropout(0.2))
        if twist == "hook-divides":
            self.embedding.register_hook(lambda gradient: gradient / accum)
        if twist == "constant-per-backward":
            self.embedding.register_hook(lambda gradient: gradient + 1e-3)
        if twist == "weight-decay-by-accum":
            self.optimizer.param_groups[0]["weight_decay"] *= accum
        if twist == "betas-by-accum":
            self.optimizer.param_groups[0]["betas"] = (0.9, 0.999 ** accum)
        if twist in ("second-moment-per-micro", "adaptive-setting", "count-per-micro"):
            self.optimizer = Counting(self.model.parameters(), 0.1) if twist == "count-per-micro" else OwnAdam(self.model.parameters(), 0.01, twist == "adaptive-setting")
            self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 1.0)

    def loss_of(self, micro, window):
        loss = super().loss_of(micro, window)
        if self.twist in ("penalty-per-micro", "penalty-shared"):
            penalty = 1e-3 * sum(p.pow(2).sum() for p in self.model.parameters())
            return loss + (penalty if self.twist == "penalty-per-micro" else penalty / len(window))
        if self.twist == "z-loss-divided-again":
            logits = self.model(plain_train.pad([self.rows[row] for row in micro], 0))
            labels = plain_train.pad([self.labels[row] for row in micro], plain_train.IGNORED)
            scored = sum(int((self.labels[row] != plain_train.IGNORED).sum()) for each in window for row in each)
            return loss + 0.1 * logits.logsumexp(-1)[labels != plain_train.IGNORED].pow(2).sum() / scored / len(window)
        if self.twist == "partly-mean":  # of two losses one is a mean over its micro-batch
            shown = self.model(plain_train.pad([self.rows[row] for row in micro], 0))
            return loss + 0.01 * shown.pow(2).mean() / len(window)
        if self.twist == "asked-mean-of-means":
            logits = self.model(plain_train.pad([self.rows[row] for row in micro], 0))
            labels = plain_train.pad([self.labels[row] for row in micro], plain_train.IGNORED)
            return functional.cross_entropy(logits.flatten(0, 1), labels.flatten()) / len(window)
        return loss

    def train_window(self, window):
        parameters, total = list(self.model.parameters()), None
        for micro in window:
            loss = self.loss_of(micro, window)
            if self.twist == "functional":
                torch.func.grad(lambda named: torch.func.functional_call(self.model, named, (torch.ones(2, 3, dtype=torch.int64),)).sum())(dict(self.model.named_parameters()))
                total = [torch.zeros_like(p) for p in parameters]
                continue
            if self.twist.startswith("asked") and self.twist != "asked-to-know":
                found = torch.autograd.grad(loss, self.model.parameters())  # a generator, as many write it
                total = list(found) if total is None else [a + b for a, b in zip(total, found)]
                continue
            if self.twist == "asked-to-know":
                torch.autograd.grad(outputs=loss, inputs=self.model[-1].weight, retain_graph=True)[0].norm()
            loss.backward(retain_graph=self.twist == "two-backwards")
            if self.twist == "two-backwards":
                (0.5 * loss).backward()
            if self.twist == "decay-per-micro":
                with torch.no_grad():
                    torch._foreach_mul_(parameters, 1 - 1e-3)
            if self.twist == "leaks-after-first" and micro is not window[0]:
                self.embedding.grad.copy_(kept)
            kept = self.embedding.grad.clone()
            if self.twist == "second-moment-per-micro":
                self.optimizer.feed()
        if total is not None:
            for p, gradient in zip(parameters, total):
                p.grad = gradient
        if self.twist == "adaptive-setting":
            self.optimizer.feed()
        if self.twist == "count-per-micro":
            self.optimizer.seen += len(window)
        if self.twist == "scaled-by-hand":
            self.embedding.grad.mul_(0.1)
        if self.twist == "state-cleared" and len(window) > 1:
            self.optimizer.state.clear()
        self.update()


def train(twist):
    """What assert_equivalent takes."""
    def run(per_device, accum):
        with contextlib.redirect_stdout(io.StringIO()):
            Loop(plain_train.arguments(["--bs", str(per_device), "--ga", str(accum)]), twist).train()
    return run
