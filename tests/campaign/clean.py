"""Runs random clean trials and counts alarms: not one may be red. A judge that never fires would show in the sensitivities, which say of
each clean trial how small a wrong weight of one sample would have been seen.

usage: clean.py [--count N] [--seed S] [--jobs J] [--report FILE]    FILE.json holds the figures, FILE.md shows them
"""
import argparse, collections, concurrent.futures, json, math, os, random, subprocess, sys

from runs import PROGRAM, write_report

WORKER = os.path.join(os.path.dirname(PROGRAM), "isobatch-run")
FAIL_FACTOR = {"fp64": 64, "fp32": 64, "bf16": 8, "bf16-autocast": 8, "fp16-autocast": 8}  # judge/tolerance.h: a margin is a share of that many (E + u·A)
SUSPECT_FACTOR = {recipe: 8 if factor == 64 else 4 for recipe, factor in FAIL_FACTOR.items()}
SPLITS_PER_REFERENCE = 6
LARGEST = {"gpt": 16, "gpt-recomputed": 16, "gpt-fused": 16, "mlp": 24, "lesson": 24, "exact-mlp": 24, "exact-conv": 16, "exact-gpt": 16, "batch-norm": 12, "contrastive": 12, "mixture": 12, "shared-layer": 16, "dropout": 16, "tasks": 16, "grouped": 16}  # effective batch
SHARE = {"gpt": 2, "gpt-recomputed": 1, "gpt-fused": 1, "mlp": 4, "lesson": 2, "exact-mlp": 1, "exact-conv": 1, "exact-gpt": 1, "batch-norm": 1, "contrastive": 1, "mixture": 1, "shared-layer": 1, "dropout": 1, "tasks": 1, "grouped": 1}
FINE = ("identical", "equivalent")


def splits_of(effective):
    return [f"{b}x{a}x{effective // b // a}" for b in range(1, effective + 1) if effective % b == 0 for a in range(1, effective // b + 1) if effective // b % a == 0]


def matrix(chance):
    """Some trials of one random reference."""
    case = chance.choices(list(SHARE), list(SHARE.values()))[0]
    effective = chance.randint(1, LARGEST[case])
    samples, recipe, lengths = chance.randint(1, 3 * effective), chance.choice(("fp64", "fp32") if case.startswith("exact") else list(FAIL_FACTOR)), chance.choice(("ragged", "ragged", "equal"))
    common = f"--device cpu --recipe {recipe} --seed {chance.randrange(1, 1 << 30)} --samples {samples} --lengths {lengths} --epochs {chance.randint(1, 2)}"
    if chance.randint(1, 8) == 1 and samples > 2 * effective:  # the loss moves over more than one window
        common = common.replace("--epochs 1", "--epochs 2") + " --trajectory 8"
    optimizer = chance.choice(("", "", " --optimizer sgd", " --optimizer momentum", " --optimizer nesterov", " --optimizer adam", " --optimizer adamw"))
    some = [chance.choice(splits_of(effective)) for _ in range(SPLITS_PER_REFERENCE)]
    return case, recipe, [f"{case} --splits {split} --engine serial {common}" + chance.choice(("", "", " --copies 2")) + optimizer + chance.choice(("", "", " --threads 2")) for split in some]


def work(seed, count):
    """A worker of its own runs so many trials: (case, recipe, trial, outcome, ratio, sensitivity, trajectory) of each; and how many more were refused,
    since their loss grows beyond all numbers: with those nothing can be compared."""
    chance, seen, refused = random.Random(seed), [], 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    # The worker answers on descriptor 3, and whatever it prints goes elsewhere.
    with subprocess.Popen(["/bin/sh", "-c", 'exec "$0" 3>&1 1>&2', WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as worker:
        json.loads(worker.stdout.readline())
        while len(seen) < count:
            case, recipe, trials = matrix(chance)
            for trial in trials[:count - len(seen)]:
                worker.stdin.write(trial + "\n")
                worker.stdin.flush()
                answer = {}
                while "record" not in answer and "error" not in answer:
                    answer = json.loads(worker.stdout.readline())
                if "error" in answer and "is not finite" in answer["error"]["what"]:
                    refused += 1
                    continue
                if "error" in answer:
                    raise RuntimeError(f"{trial}: {answer}")
                verdict = answer["record"]["verdict"]
                checks = {check["check"]: check for check in verdict["checks"]}
                own = checks.pop("trajectory", None)
                void = own is not None and own["outcome"] == "inconclusive"  # trusted runs come apart: said, and no alarm
                outcome = "equivalent" if void and all(check["outcome"] in FINE for check in checks.values()) else verdict["outcome"]
                grad = next((check for check in verdict["checks"] if check["check"] == "grad"), {"margin": "nan"})
                trajectory = None if own is None else "void" if void else float(own["margin"])
                seen.append((case, recipe, trial, outcome, float(grad["margin"]) * FAIL_FACTOR[recipe], float(verdict["sensitivity"]), trajectory))
                if outcome not in FINE or seen[-1][4] > SUSPECT_FACTOR[recipe]:
                    print(f"{'suspect' if outcome in FINE else 'ALARM ' + outcome}, ratio {seen[-1][4]:.2f}: isobatch check {trial}", flush=True)
                if len(seen) % 500 == 0:
                    print(f"{len(seen)} of {count} trials by the worker of seed {seed}", flush=True)
        worker.stdin.close()
    return seen, refused


def spread(values):
    """Median, 99th percentile and extremes, and how many values each power of two holds."""
    ordered = sorted(values)
    powers = collections.Counter(math.floor(math.log2(value)) if value > 0 else "zero" for value in ordered)
    return {"minimum": ordered[0], "median": ordered[len(ordered) // 2], "percentile_99": ordered[len(ordered) * 99 // 100], "maximum": ordered[-1],
            "count_by_power_of_two": {str(power): powers[power] for power in sorted(powers, key=lambda power: -math.inf if power == "zero" else power)}}


def bars(histogram, unit):
    most = max(histogram.values())
    lines = [f"    {'0' if power == 'zero' else f'2^{power}':>6} {count:>6} {'#' * max(1, round(50 * count / most))}" for power, count in histogram.items()]
    return "\n".join([f"    {unit}, from this power of two to the next:"] + lines)


def page(figures):
    rows = "\n".join(f"| {f['case']} | {f['recipe']} | {f['trials']} | {f['alarms']} | {f['ratio']['median']:.2f} | {f['ratio']['percentile_99']:.2f} | {f['ratio']['maximum']:.2f} | "
                     f"{f['sensitivity']['median']:.1e} | {f['sensitivity']['maximum']:.1e} |" for f in figures["families"])
    pictures = "\n\n".join(f"## {f['case']}, {f['recipe']}\n\n{bars(f['ratio']['count_by_power_of_two'], 'observed ÷ (E + u·A)')}\n\n"
                           f"{bars(f['sensitivity']['count_by_power_of_two'], 'sensitivity')}" for f in figures["families"])
    return (f"# Clean trials\n\n`ci/campaign clean` ran {figures['trials']} random clean trials (seed {figures['seed']}) over cases, recipes, effective batches, splits, copies, optimizers, threads, data sets, "
            f"weights, lengths and epochs: **{figures['alarms']} alarms**. {figures['refused']} more were refused, because the reference's own gradient grew beyond all numbers.\n\nThe ratio is the largest gradient error of a trial in units of E + u·A, over all parameters, ranks and judged "
            f"windows; a trial is suspect above 8 and divergent above 64, or above 4 and 8 in recipes that compute in bf16 or fp16. The sensitivity is the smallest error in the weight of one sample, relative to 1, that would have made the "
            f"trial red: what a judge that never fires could not show. {figures['trajectories']['asked']} of the trials also ran following nothing: {figures['trajectories']['void']} of these trajectories are void, since "
            f"trusted runs come apart, and of the others the largest margin is {figures['trajectories']['largest_margin']:.2f}, red above 1.\n\n"
            "| case | recipe | trials | alarms | ratio: median | 99th percentile | maximum | sensitivity: median | worst |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            f"{rows}\n\n{pictures}")


def main():
    parser = argparse.ArgumentParser(description="Random clean trials: none may be red.")
    parser.add_argument("--count", type=int, default=10000, help="trials (default 10000)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--report", help="file for the figures, without .json and .md")
    options = parser.parse_args()
    shares = [options.count // options.jobs + (job < options.count % options.jobs) for job in range(options.jobs)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as jobs:
        parts = list(jobs.map(work, range(options.seed, options.seed + options.jobs), shares))
    seen, refused = [trial for part, _ in parts for trial in part], sum(count for _, count in parts)
    families = []
    for case, recipe in sorted({trial[:2] for trial in seen}):
        own = [trial for trial in seen if trial[:2] == (case, recipe)]
        families.append({"case": case, "recipe": recipe, "trials": len(own), "alarms": sum(trial[3] not in FINE for trial in own),
                         "ratio": spread([trial[4] for trial in own]), "sensitivity": spread([trial[5] for trial in own])})
    followed = [trial[6] for trial in seen if trial[6] is not None]
    margins = [margin for margin in followed if margin != "void"]
    figures = {"trials": len(seen), "alarms": sum(family["alarms"] for family in families), "refused": refused, "seed": options.seed, "jobs": options.jobs,
               "trajectories": {"asked": len(followed), "void": len(followed) - len(margins), "largest_margin": max(margins, default=0)}, "families": families}
    largest = ", ".join(f"{max(family['ratio']['maximum'] for family in families if family['recipe'] == recipe):.2f} ({recipe}, divergent above {FAIL_FACTOR[recipe]})" for recipe in sorted({family["recipe"] for family in families}))
    print(f"{figures['trials']} clean trials, {figures['alarms']} alarms, largest ratios {largest}, seed {options.seed}")
    write_report(options.report and options.report + ".json", json.dumps(figures, indent=1))
    write_report(options.report and options.report + ".md", page(figures))
    return 1 if figures["alarms"] else 0


if __name__ == "__main__":
    sys.exit(main())
