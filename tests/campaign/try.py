"""Tries random right scripts, and the same ones broken: not one right one may be red, and no broken one green. Data, lengths, splits, optimizers, clip,
precision, what the loss averages over and how gradients are cleared are drawn; the right ones claim what they do, and some claim something else.

usage: try.py [--count N] [--seed S] [--jobs J] [--report FILE]    FILE.md shows the figures
"""
import argparse, collections, concurrent.futures, glob, json, os, random, subprocess, sys, tempfile

from runs import PROGRAM, write_report

PYTHON, SCRIPT = os.environ["ISOBATCH_PYTHON"], os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e", "plain_train.py")
FAULTS = ("token-mean-of-means", "missing-accum-division", "double-division", "padded-tokens-counted", "zero-grad-in-window", "not-zeroed-after-step",
          "first-backward-survives", "epoch-tail-dropped", "epoch-tail-extra-step", "step-every-micro", "schedule-per-micro", "schedule-horizon")
FALSE_CLAIM = "claims another mean"  # of a loop that does nothing else wrong
NAMES = {"step-every-micro": "accumulation-off"}


def configuration(chance):
    """(splits, options) in which every fault matters: accumulation in one split, a last window of fewer micros, unequal rows."""
    effective = chance.choice((4, 6, 8, 12))
    accum = chance.choice([a for a in range(2, effective) if effective % a == 0])
    per_device = effective // accum
    rows = effective * chance.randint(1, 2) + chance.randint(1, effective - 1)  # a tail may fill the turns of one split and not of another
    options = ["--rows", str(rows), "--longest", str(chance.randint(8, 40)), "--seed", str(chance.randrange(1 << 30)), "--optimizer",
               chance.choice(("sgd", "momentum", "adam", "adamw")), "--clip", chance.choice(("0", "0.1", "1", "100")), "--dtype", chance.choice(("float32", "float64"))]
    if chance.random() < 0.5:
        options.append("--keep-zeros")
    return f"{effective}x1x1,{per_device}x{accum}x1,1x{effective}x1", options


def apart(folder):
    """How far the norms of what the optimizer keeps before its second update are from each other, relative: what judge/check_outside.cpp allows 1 % of."""
    norms = collections.defaultdict(list)
    for steps in glob.glob(os.path.join(folder, "isobatch-report", "traces", "outside-*", "rank0", "steps.jsonl")):
        with open(steps, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        for slot, kept in lines[1]["watched"]["state"].items() if len(lines) > 1 else ():
            norms[slot].append(kept["norm"])
    return max(((max(each) - min(each)) / max(each) for each in norms.values() if max(each) > 0), default=0)


def attempt(seed):
    """One configuration, right or broken: (fault or nothing, command, exit code, outcomes, causes, largest margin, sensitivity, states apart)."""
    chance = random.Random(seed)
    fault = chance.choice(("",) * 12 + FAULTS + (FALSE_CLAIM,))
    splits, options = configuration(chance)
    claims = []
    if not fault or fault == FALSE_CLAIM:
        mean, other = chance.sample(("token", "sample"), 2)
        options += ["--mean", mean + "s"]
        claims = ["--contract", f"{mean if not fault else other}-mean,keeps-tail,schedule-in-updates"]
    if fault in FAULTS:
        options += ["--fault", fault]
    elif not fault and chance.random() < 0.4:  # not with a fault, which the few bits of a sum may hide
        options += ["--dtype", chance.choice(("bfloat16", "float16"))]
    words = [PROGRAM, "try", "--splits", splits, "--json", *claims, "--", PYTHON, SCRIPT, "--bs", "{per_device}", "--ga", "{accum}", *options]
    with tempfile.TemporaryDirectory(prefix="isobatch-try-") as folder:
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        try:
            with open(os.path.join(folder, "isobatch-report", "result.json"), encoding="utf-8") as file:
                result = json.load(file)
        except OSError:
            return fault, " ".join(words), done.returncode, [done.stderr], [], 0, 0, 0
        states = apart(folder) if "float16" not in " ".join(words) else 0  # of few bits no norms are compared
    records = result["records"]
    broken = ["not kept: " + clause["claim"] for clause in result["clauses"] if clause["stance"] == "broken"]
    grad = [check for record in records for check in record["verdict"]["checks"] if check["check"] == "grad"]
    return (fault, " ".join(words), done.returncode, [record["verdict"]["outcome"] for record in records],
            [cause for finding in result["findings"] for cause in finding["causes"]] + broken, max(float(check["margin"]) for check in grad),
            max(float(record["verdict"]["sensitivity"]) for record in records), states)


def named(fault, causes):
    """Whether it is among what the recorded windows cannot tell apart."""
    if fault == FALSE_CLAIM:
        return causes == ["not kept: weighting"]
    return NAMES.get(fault, fault) in causes


def page(seed, right, broken):
    named = collections.Counter((fault, ", ".join(causes) or "nothing") for fault, _, _, _, causes, *_ in broken)
    rows = "\n".join(f"| {fault} | {causes} | {count} |" for (fault, causes), count in sorted(named.items()))
    return (f"# Outside scripts\n\n`ci/campaign try` ran {len(right)} random right configurations of a plain PyTorch loop and {len(broken)} broken ones under three splits each (seed {seed}): "
            f"**{sum(code != 0 for _, _, code, *_ in right)} alarms, {sum(code != 1 for _, _, code, *_ in broken)} faults unseen**. The largest margin of a right one was "
            f"{max((case[5] for case in right), default=0):.3f} of what is allowed. Before the second update, norms of what "
            f"their optimizers keep were apart by at most {max((case[7] for case in right), default=0):.2g} of them; what is apart by 0.01 is called another state.\n\n| planted | named | runs |\n| --- | --- | ---: |\n{rows}")


def main():
    parser = argparse.ArgumentParser(description="Random outside scripts: right ones are green, broken ones red.")
    parser.add_argument("--count", type=int, default=200, help="configurations (default 200)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=1, help="at a time; each runs as many scripts as there are cores")
    parser.add_argument("--report", help="file for the figures, without .md")
    options = parser.parse_args()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as jobs:
        seen = list(jobs.map(attempt, range(options.seed, options.seed + options.count)))
    right, broken = [case for case in seen if not case[0]], [case for case in seen if case[0]]
    wrong = [case for case in right if case[2] != 0] + [case for case in broken if case[2] != 1 or not named(case[0], case[4])]
    for fault, command, code, outcomes, causes, *_ in wrong:
        print(f"WRONG {fault or 'right'}: exit code {code}, {outcomes}, {causes}: {command}")
    print(f"{len(right)} right and {len(broken)} broken configurations, {len(wrong)} wrong answers, largest margin {max((case[5] for case in right), default=0):.3f}, seed {options.seed}")
    write_report(options.report and options.report + ".md", page(options.seed, right, broken))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
