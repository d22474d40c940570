"""What judging a pair of large traces costs beside a loop of torch.testing.assert_close over the same files: seconds, their ratio, and the memory that the judge held.

usage: judge_pace.py [--bin DIR] [--windows N] [--pair DIR]    prints; nothing here is a test, since a time depends on the machine

Both read every byte of both traces once beforehand, so that the disk is not what is measured. The loop maps each file and compares what both
traces hold of a step: the gradient, and what the optimizer made of the reference's. The judge does that by bits and by bounds, for which it also reads the
samples' own gradients and the fp64 truth, and looks whether the files are those that were written. What nobody could judge faster than is a plain sum
over the mapped bytes of both, on all processors. --pair keeps the traces where they are, or takes
those that are there.
"""
import argparse, json, pathlib, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOAL, MEMORY_GOAL, MIB = 5, 64, 1 << 20
LOOP = """
import json, pathlib, sys, time
import torch
def tensors(path):
    data = torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8)
    length = int.from_bytes(bytes(data[:8].tolist()), "little")
    kinds = {"F32": torch.float32, "F64": torch.float64}
    return {key: data[8 + length + at["data_offsets"][0]:8 + length + at["data_offsets"][1]].view(kinds[at["dtype"]])
            for key, at in json.loads(bytes(data[8:8 + length].tolist())).items() if key != "__metadata__"}
begin, compared = time.monotonic(), 0
reference, candidate = (pathlib.Path(name, "rank0") for name in sys.argv[1:])
for path in sorted(candidate.glob("*.safetensors")):
    expected = tensors(reference / path.name)
    for key, found in tensors(path).items():
        torch.testing.assert_close(found, expected[key.removeprefix("forced/")], rtol=1e-4, atol=1e-5)
        compared += found.nbytes
print(json.dumps([time.monotonic() - begin, compared]))
"""

FLOOR = """
import pathlib, sys, time
import torch
begin, total = time.monotonic(), 0
for path in (path for trace in sys.argv[1:] for path in pathlib.Path(trace).rglob("*.safetensors")):
    total += int(torch.from_file(str(path), shared=False, size=path.stat().st_size // 8, dtype=torch.int64).sum())
print(time.monotonic() - begin)
"""


def read_all(traces):
    """How many bytes there are; they then lie in memory, as far as it goes."""
    size = 0
    for path in (path for trace in traces for path in trace.rglob("*") if path.is_file()):
        with open(path, "rb", buffering=0) as file:
            while chunk := file.read(16 * MIB):
                size += len(chunk)
    return size


def judged(isobatch, traces, out):
    """Seconds, and the most memory of its own that the process held: what is mapped from files is the system's to take back."""
    begin, most = time.monotonic(), 0
    process = subprocess.Popen([str(isobatch), "judge", *map(str, traces), "--out", str(out), "--allow-untested", "scale"], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            break
        most = max([most] + [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon")])
        time.sleep(0.005)
    if process.wait() not in (0, 4):
        raise RuntimeError(f"isobatch judge ended with {process.returncode}")
    return time.monotonic() - begin, most


def said(script, traces):
    """What a script prints of them, in a process of its own."""
    return json.loads(subprocess.run([sys.executable, "-c", script, *map(str, traces)], check=True, stdout=subprocess.PIPE, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description="What judging large traces costs.")
    parser.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    parser.add_argument("--windows", type=int, default=4, help="1.2 GB each (default 4)")
    parser.add_argument("--pair", help="directory of the two traces; made where it is missing")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isobatch-bench-") as home:
        pair = pathlib.Path(options.pair or home)
        traces = [pair / "reference.trace", pair / "candidate.trace"]
        if not traces[1].exists():
            pair.mkdir(parents=True, exist_ok=True)
            subprocess.run([options.bin + "/write_pair", str(pair), str(options.windows)], check=True)
        size, ratios, most = read_all(traces), [], 0
        for _ in range(options.rounds):
            seconds, memory = judged(options.bin + "/isobatch", traces, pathlib.Path(home, "out"))
            (loop, compared), floor = said(LOOP, traces), said(FLOOR, traces)
            ratios.append(loop / seconds)
            most = max(most, memory)
            print(f"{size / 1e9:.2f} GB judged in {seconds:.2f} s, {memory / MIB:.0f} MiB of its own; assert_close took {loop:.2f} s for {2 * compared / 1e9:.2f} GB of them: "
                  f"a ratio of {ratios[-1]:.2f}, and of {ratios[-1] * size / 2 / compared:.2f} for each byte read; "
                  f"a plain sum of all bytes took {floor:.2f} s, which would be a ratio of {loop / floor:.2f}", flush=True)
    print(f"ratio of the times {min(ratios):.2f} to {max(ratios):.2f} (goal {GOAL}), {most / MIB:.0f} MiB of its own (goal {MEMORY_GOAL})")


if __name__ == "__main__":
    main()
