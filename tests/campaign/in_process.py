"""Trains random loops in this one process through assert_equivalent, each right and then broken: not one right one may raise, and each broken
one must be seen, and named where a first window can show what it is. Lengths, splits, optimizers, clip, precision and how gradients are cleared are drawn; the faults take turns.

usage: in_process.py [--count N] [--seed S] [--report FILE]    FILE.md shows the figures
"""
import argparse, collections, contextlib, importlib, io, os, random, sys, warnings

from runs import write_report

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "harness", "recorder"), os.path.join(ROOT, "tests", "e2e")]

import plain_train  # noqa: E402
from isobatch_pytest import NotComparable, NotEquivalent, assert_equivalent  # noqa: E402

configuration = importlib.import_module("try").configuration
CALLED = {"step-every-micro": "accumulation-off"}  # as the catalogue calls it, where that is not the fault's own name


def attempt(splits, options):
    """(outcome, causes, largest margin) of one loop."""
    def train(per_device, accum, devices=1):
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch has an opinion on some of the faults
            plain_train.Loop(plain_train.arguments(["--bs", str(per_device), "--ga", str(accum), *options])).train()
    try:
        result = assert_equivalent(train, splits.split(","))
    except NotEquivalent as difference:
        result = difference.result
    except NotComparable as refusal:
        return "refused: " + str(refusal).splitlines()[0], [], 0.0
    causes = sorted({cause for finding in result["findings"] for cause in finding["causes"]})
    margins = [float(check["margin"]) for record in result["records"] for check in record["verdict"]["checks"] if check["check"] == "grad"]
    return result["outcome"], causes, max(margins, default=0.0)


def page(seed, right, broken, alarms, missed):
    named = collections.Counter((fault, ", ".join(causes) or outcome) for fault, (outcome, causes, _) in broken)
    rows = "\n".join(f"| {fault} | {said} | {count} |" for (fault, said), count in sorted(named.items()))
    return (f"# Random loops in one process\n\n`ci/campaign in-process` handed {len(right)} random right loops and the same {len(broken)} broken ones to `assert_equivalent`, in one process, "
            f"under three splits each (seed {seed}): **{alarms} alarms, {missed} faults unseen or called another name**. The largest margin of a right one was "
            f"{max(margin for _, _, margin in right):.3f} of what is allowed.\n\n| planted | said | loops |\n| --- | --- | ---: |\n{rows}")


def main():
    parser = argparse.ArgumentParser(description="Random loops in one process: right ones pass, broken ones are named.")
    parser.add_argument("--count", type=int, default=200, help="configurations, each trained right and broken (default 200)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--report", help="file for the figures, without .md")
    options = parser.parse_args()
    right, broken, alarms, missed = [], [], 0, 0
    for turn in range(options.count):
        splits, words = configuration(random.Random(options.seed + turn))
        fault = plain_train.FAULTS[(options.seed + turn) % len(plain_train.FAULTS)]
        right.append(attempt(splits, words))
        broken.append((fault, attempt(splits, [*words, "--fault", fault])))
        alarm, miss = right[-1][0] not in ("identical", "equivalent"), CALLED.get(fault, fault) not in broken[-1][1][1]
        alarms, missed = alarms + alarm, missed + miss
        for name, seen, wrong in (("right", right[-1], alarm), (fault, broken[-1][1], miss)):
            if wrong:
                print(f"WRONG {name}: {seen}: --count 1 --seed {options.seed + turn}: {splits} {' '.join(words)}", flush=True)
    print(f"{len(right)} right and {len(broken)} broken loops, {alarms} alarms, {missed} faults unseen or called another name, "
          f"largest margin {max(margin for _, _, margin in right):.3f}, seed {options.seed}")
    write_report(options.report and options.report + ".md", page(options.seed, right, broken, alarms, missed))
    return 1 if alarms or missed else 0


if __name__ == "__main__":
    sys.exit(main())
