"""Training functions as people hand them to assert_equivalent: each makes its model, its data and its loop."""
import torch
from torch.nn.functional import cross_entropy  # by its name, before anything is recorded

VOCAB, IGNORED, ROWS = 16, -100, 11


def model_of(*more):
    return torch.nn.Sequential(torch.nn.Embedding(VOCAB, 8), torch.nn.Linear(8, 8), torch.nn.Tanh(), *more, torch.nn.Linear(8, VOCAB))


def rows_of(lengths):
    return [torch.randint(1, VOCAB, (length,)) for length in lengths]


def pad(sequences, value):
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=value)


def train(per_device, accum, devices=1, means=False, lengths=None, model=None, optimizer_of=None, scaler=None, clip=0.25, logs=False, sums=False):
    """Two epochs over rows of different lengths. means: the mean of each micro-batch's mean, which is the classic fault. logs: a loss of a window's first micro-batch for the log
    alone. sums: in buffers of its own, cleared after every backward. Returns the model."""
    rows = rows_of(lengths or torch.randint(2, 12, (ROWS,)).tolist())
    model = model or model_of()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = optimizer_of(trained) if optimizer_of else torch.optim.AdamW(trained, lr=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    micros = [rows[at:at + per_device] for at in range(0, len(rows), per_device)]
    for window in [micros[at:at + accum] for at in range(0, len(micros), accum)] * 2:
        optimizer.zero_grad()
        buffers = [0] * len(trained)
        scored = sum(map(len, (row for micro in window for row in micro)))
        for micro in window:
            logits, target = model(pad(micro, 0)), pad([row * 5 % VOCAB for row in micro], IGNORED)
            if means:
                loss = cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=IGNORED) / len(window)
            else:
                loss = cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=IGNORED, reduction="sum") / scored
            if logs and micro is window[0]:
                cross_entropy(logits.detach().flatten(0, 1), target.flatten(), ignore_index=IGNORED).item()
            (scaler.scale(loss) if scaler else loss).backward()
            if sums:
                buffers = [buffer + p.grad for buffer, p in zip(buffers, trained)]
                optimizer.zero_grad()
        if sums:
            for buffer, p in zip(buffers, trained):
                p.grad = buffer
        if scaler:
            scaler.unscale_(optimizer)
        if clip:
            torch.nn.utils.clip_grad_norm_(trained, clip)
        if scaler:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()
        schedule.step()
    return model


def train_means(per_device, accum, devices=1):
    return train(per_device, accum, means=True)


def train_without_devices(per_device, accum):
    return train(per_device, accum)


def train_equal(per_device, accum, devices=1):
    return train(per_device, accum, means=True, lengths=[6] * 12)


def train_with_dropout(per_device, accum, devices=1):
    return train(per_device, accum, model=model_of(torch.nn.Dropout(0.5)))


def train_and_fail(per_device, accum, devices=1):
    train(per_device, accum)
    raise LookupError("of the function itself")


def train_nothing(per_device, accum, devices=1):
    pass
