"""A plain PyTorch loop with gradient accumulation: a token classifier, rows of different lengths, ignored labels, a last short window in each
epoch, a clip and a schedule. `--fault` breaks it in one of the ways that trainers have been broken."""
import argparse
import hashlib

import torch
from torch.nn import functional

FAULTS = ("token-mean-of-means", "missing-accum-division", "double-division", "padded-tokens-counted", "zero-grad-in-window", "not-zeroed-after-step",
          "first-backward-survives", "epoch-tail-dropped", "epoch-tail-extra-step", "step-every-micro", "schedule-per-micro", "schedule-horizon")
LATE_FAULTS = ("short-window-nominal-accum", "ema-per-micro")  # right gradients in the first window
VOCAB, IGNORED = 32, -100


def arguments(words=None):
    options = argparse.ArgumentParser()
    options.add_argument("--bs", type=int, required=True)
    options.add_argument("--ga", type=int, required=True)
    options.add_argument("--fault", choices=("none",) + FAULTS + LATE_FAULTS, default="none")
    options.add_argument("--rows", type=int, default=43)
    options.add_argument("--longest", type=int, default=24)
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--optimizer", choices=("sgd", "momentum", "adam", "adamw"), default="adamw")
    options.add_argument("--clip", type=float, default=0.25, help="0: none")
    options.add_argument("--dtype", choices=("float32", "float64", "bfloat16", "float16"), default="float32")
    options.add_argument("--wide", type=int, default=16, help="of the hidden layer")
    options.add_argument("--mean", choices=("tokens", "samples"), default="tokens", help="what the loss of a window averages over")
    options.add_argument("--drop-last", action="store_true", help="micro-batches that are not full are left out")
    options.add_argument("--average", action="store_true", help="keep an average of the parameters")
    options.add_argument("--keep-zeros", action="store_true", help="clear gradients to zeros, not to None")
    return options.parse_args(words)


def pad(sequences, value):
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=value)


def content(tensor):
    return (tensor.float() if tensor.element_size() < 4 else tensor).detach().numpy().tobytes()


def make_optimizer(name, parameters):
    if name in ("sgd", "momentum"):
        return torch.optim.SGD(parameters, lr=0.1, momentum=0.9 if name == "momentum" else 0)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name](parameters, lr=0.01)


class Loop:
    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.options, self.fault = options, options.fault
        self.rows = [torch.randint(1, VOCAB, (length,)) for length in torch.randint(3, options.longest + 1, (options.rows,)).tolist()]
        self.labels = [torch.where(torch.rand(len(row)) < 0.3, torch.tensor(IGNORED), (row * 5) % VOCAB) for row in self.rows]
        self.model = torch.nn.Sequential(torch.nn.Embedding(VOCAB, 16), torch.nn.Linear(16, options.wide), torch.nn.Tanh(), torch.nn.Linear(options.wide, VOCAB))
        self.model.to(getattr(torch, options.dtype))
        self.optimizer = make_optimizer(options.optimizer, self.model.parameters())
        updates = options.epochs * -(-options.rows // (options.bs * options.ga))
        horizon = updates * options.ga if self.fault == "schedule-horizon" else updates
        self.average = torch.optim.swa_utils.AveragedModel(self.model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)) if options.average else None
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: max(0.0, 1 - step / (2 * horizon)))

    def micros(self):
        end = len(self.rows) // self.options.bs * self.options.bs if self.options.drop_last else len(self.rows)
        return [range(at, min(at + self.options.bs, end)) for at in range(0, end, self.options.bs)]

    def loss_of(self, micro, window):
        logits = self.model(pad([self.rows[row] for row in micro], 0))
        logits = logits.float() if logits.element_size() < 4 else logits  # as the losses of narrow models are computed
        target = pad([self.labels[row] for row in micro], IGNORED)
        if self.options.mean == "samples":
            losses = functional.cross_entropy(logits.transpose(1, 2), target, reduction="none").sum(1)
            return (losses / (target != IGNORED).sum(1).clamp(min=1)).sum() / sum(len(each) for each in window)
        summed = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum")
        counts = [int((self.labels[row] != IGNORED).sum()) for row in micro]
        scored = max(1, sum(int((self.labels[row] != IGNORED).sum()) for each in window for row in each))
        if self.fault == "token-mean-of-means":
            return summed / max(1, sum(counts)) / len(window)
        if self.fault == "missing-accum-division":
            return summed / (scored / len(window))
        if self.fault == "double-division":
            return summed / scored / len(window)
        if self.fault == "padded-tokens-counted":
            return summed / sum(len(each) * max(len(self.rows[row]) for row in each) for each in window)
        if self.fault == "short-window-nominal-accum":
            return summed / scored * len(window) / self.options.ga
        return summed / scored

    def clear(self):
        self.optimizer.zero_grad(set_to_none=not self.options.keep_zeros)

    def update(self):
        gradient = b"".join(content(p.grad) for p in self.model.parameters())
        print("gradient", hashlib.sha256(gradient).hexdigest(), flush=True)
        if self.options.clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip)
        self.optimizer.step()
        if self.average and self.fault != "ema-per-micro":
            self.average.update_parameters(self.model)
        if self.fault != "schedule-per-micro":
            self.schedule.step()
        if self.fault != "not-zeroed-after-step":
            self.clear()

    def train_window(self, window):
        first = None
        for micro in window:
            if self.fault == "zero-grad-in-window":
                self.clear()
            self.loss_of(micro, window).backward()
            if self.fault == "schedule-per-micro":
                self.schedule.step()
            if self.fault == "ema-per-micro":
                self.average.update_parameters(self.model)
            if self.fault == "first-backward-survives" and first is None:
                first = [p.grad.clone() for p in self.model.parameters()]
            if self.fault == "step-every-micro" and micro is not window[-1]:
                self.update()
        if self.fault == "first-backward-survives":
            for p, kept in zip(self.model.parameters(), first):
                p.grad.copy_(kept)
        if self.fault != "epoch-tail-dropped" or len(window) == self.options.ga:
            self.update()

    def train(self):
        accum = self.options.ga
        for _ in range(self.options.epochs):
            if self.fault != "not-zeroed-after-step":
                self.clear()
            micros = self.micros()
            for at in range(0, len(micros), accum):
                self.train_window(micros[at:at + accum])
            if self.fault == "epoch-tail-extra-step" and len(micros) % accum:
                self.optimizer.step()
        weights = b"".join(content(p) for p in self.model.parameters())
        print("trained", hashlib.sha256(weights).hexdigest(), flush=True)


if __name__ == "__main__":
    Loop(arguments()).train()
