"""What `no_sync` saves: the time of a step of each split that accumulates on several devices, exchanging with every micro ÷ exchanging with the last one.

usage: no_sync_pace.py [--isobatch FILE] [--case NAME] [--rounds N]    prints; nothing here is a test, since a time depends on the machine

Real processes, gloo and DDP's reducer. Both runs train the same, bit for bit or nearly so: only the exchanges differ, and `check` says so as a cost.
"""
import argparse, collections, csv, pathlib, statistics, subprocess, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPLITS = "16x1x1,4x2x2,2x4x2,1x8x2"  # the first exchanges nothing


def steps(isobatch, case, out, *more):
    """By split: milliseconds of a step, and bytes that a rank moved."""
    subprocess.run([isobatch, "check", case, "--engine", "gloo", "--splits", SPLITS, "--epochs", "8", "--out", out, *more], check=True, stdout=subprocess.DEVNULL)
    with open(pathlib.Path(out, "costs.csv"), encoding="utf-8") as file:
        return {f"{row['per_device']}x{row['accum']}x{row['devices']}": (float(row["ms_per_step"]), float(row["bytes"])) for row in csv.DictReader(file) if row["devices"] != "1"}


def main():
    parser = argparse.ArgumentParser(description="What no_sync saves.")
    parser.add_argument("--isobatch", default=str(ROOT / "build/release/bin/isobatch"))
    parser.add_argument("--case", default="gpt")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ratios, bytes_ratio = collections.defaultdict(list), {}
    with tempfile.TemporaryDirectory(prefix="isobatch-bench-") as home:
        for _ in range(options.rounds):  # one after the other, so that both see the machine's other load
            once = steps(options.isobatch, options.case, home + "/once")
            each = steps(options.isobatch, options.case, home + "/each", "--fault", "no-sync-around-backward")
            for split, (ms, moved) in once.items():
                ratios[split].append(each[split][0] / ms)
                bytes_ratio[split] = each[split][1] / moved
    for split, seen in ratios.items():
        print(f"{options.case} {split}: without no_sync a step takes {statistics.median(seen):.2f} ({min(seen):.2f} to {max(seen):.2f}) of its time, and moves {bytes_ratio[split]:.2f} of the bytes")


if __name__ == "__main__":
    main()
