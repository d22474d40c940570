"""What the recorder costs: eight windows with it and eight without in turn, in one process, and their ratios.

usage: recorder_tax.py [--rounds N] [--profile]    prints; nothing here is a test, since a time depends on the machine
"""
import argparse, cProfile, importlib.util, os, pstats, statistics, sys, tempfile, time

import torch
from torch.nn import functional

RECORDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "harness", "recorder")
sys.path.insert(0, RECORDER)
VOCAB, WIDTH, LAYERS, ROWS, LENGTH, ACCUM, WINDOWS = 512, 128, 4, 4, 64, 4, 8


def model_of():
    layer = torch.nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True)
    return torch.nn.Sequential(torch.nn.Embedding(VOCAB, WIDTH), torch.nn.TransformerEncoder(layer, LAYERS), torch.nn.Linear(WIDTH, VOCAB))


class Loop:
    def __init__(self, micro_rows):
        torch.manual_seed(1)
        self.model, self.rows = model_of(), micro_rows
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)

    def window(self):
        """Seconds of processor time, as machines are shared, that one update of ACCUM micro-batches took."""
        batches = [torch.randint(1, VOCAB, (self.rows, LENGTH)) for _ in range(ACCUM)]
        begin = time.process_time()
        self.optimizer.zero_grad()
        for batch in batches:
            logits = self.model(batch)
            (functional.cross_entropy(logits.flatten(0, 1), batch.flatten(), reduction="sum") / (ACCUM * batch.numel())).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return time.process_time() - begin


def recording(folder, level):
    spec = importlib.util.spec_from_file_location("isobatch_recorder", os.path.join(RECORDER, "isobatch_recorder.py"))
    recorder = importlib.util.module_from_spec(spec)
    recorder.settings = {"ISOBATCH_TRACE": folder, "ISOBATCH_SPLIT": "%dx%dx1" % (ROWS, ACCUM), "ISOBATCH_LEVEL": level, "ISOBATCH_STEPS": "1000"}
    spec.loader.exec_module(recorder)
    return recorder


def measure(loop, level, rounds):
    """Seconds of bare windows, of first ones of a recording and of its later ones; and a whole recording over as many bare windows, each round."""
    bare, first, later, whole = [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            loop.window()
            without = [loop.window() for _ in range(WINDOWS)]
            recorder = recording(os.path.join(folder, "trace"), level)
            recorder.install(torch)
            with_it = [loop.window() for _ in range(WINDOWS)]
            recorder.uninstall()
        bare, first, later = bare + without, first + with_it[:1], later + with_it[1:]
        whole.append(sum(with_it) / sum(without))
    return bare, first, later, whole


def main():
    parser = argparse.ArgumentParser(description="Windows with and without the recorder, eight in turn.")
    parser.add_argument("--rounds", type=int, default=10, help="recordings of %d windows a level (default 10)" % WINDOWS)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows a micro-batch: raise it where a window takes less than 50 ms")
    parser.add_argument("--profile", action="store_true", help="say where the time of the recorder goes instead")
    options = parser.parse_args()
    torch.set_num_threads(1)
    loop = Loop(options.rows)
    loop.window()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, loop, "grads", 2)
        return pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    print(f"{sum(p.numel() for p in loop.model.parameters()):,} parameters, windows of {ACCUM} micro-batches of {options.rows} rows, one thread")
    for level in ("sketch", "grads", "full"):
        bare, first, later, whole = measure(loop, level, options.rounds)
        for name, of in (("medians", statistics.median), ("minima", min)):
            print(f"{level}, {name}: a window {1e3 * of(bare):.1f} ms of processor time bare; the first of a recording, which keeps gradients, "
                  f"{of(first) / of(bare):.3f} of it; a later one {of(later) / of(bare):.3f}; all {WINDOWS} of a recording {of(whole):.3f}")
    return 0


if __name__ == "__main__":
    main()
