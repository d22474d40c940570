"""What the recorder holds beside a training: the most memory of a process with it and without it, in units of one set of gradients.

usage: recorder_memory.py [--millions N]    prints; nothing here is a test, since an allocator's habits depend on the machine
"""
import argparse, os, resource, subprocess, sys, tempfile

RECORDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "harness", "recorder")
LAYERS = 12


def train(millions, micros):
    import torch
    torch.set_num_threads(1)
    width = int((millions * 1e6 / LAYERS) ** 0.5)
    model = torch.nn.Sequential(*(torch.nn.Linear(width, width, bias=False) for _ in range(LAYERS)))
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    for _ in range(2):
        optimizer.zero_grad()
        for _ in range(micros):
            model(torch.randn(1, width)).pow(2).sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False)
        optimizer.step()
    # The most so far, in bytes, and that of one set of gradients.
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, 4 * LAYERS * width * width)


def peak(millions, micros, level, folder):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ISOBATCH_")}
    environment.update(OMP_NUM_THREADS="1", MALLOC_MMAP_THRESHOLD_="65536")  # what is freed is given back at once
    if level:
        environment.update(PYTHONPATH=RECORDER, ISOBATCH_TRACE=os.path.join(folder, level), ISOBATCH_SPLIT="1x%dx1" % micros, ISOBATCH_LEVEL=level, ISOBATCH_STEPS="9")
    words = [sys.executable, os.path.abspath(__file__), "--train", "--millions", str(millions), "--micros", str(micros)]
    return tuple(map(int, subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True).stdout.split()))


def main():
    parser = argparse.ArgumentParser(description="The recorder's memory over one set of gradients.")
    parser.add_argument("--millions", type=int, default=50, help="of parameters (default 50)")
    parser.add_argument("--micros", type=int, default=4)
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        return train(options.millions, options.micros)
    with tempfile.TemporaryDirectory() as folder:
        bare, gradients = peak(options.millions, options.micros, None, folder)
        print(f"{gradients / 4e6:.0f} million parameters, {options.micros} micro-batches: {bare / 1e6:.0f} MB bare, a set of gradients {gradients / 1e6:.0f} MB")
        for level in ("losses", "sketch", "grads", "full"):
            most, _ = peak(options.millions, options.micros, level, folder)
            size = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(os.path.join(folder, level)) for name in names)
            print(f"{level}: {(most - bare) / gradients:.2f} sets of gradients more, a trace of {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
