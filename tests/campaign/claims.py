"""Measures what courses and manuals say of batch sizes, each claim on its own, and says of each whether it holds here.

usage: claims.py [--quick] [--report FILE]    FILE.json holds the figures, FILE.md shows them; --quick: small sizes, as in ctest
"""
import argparse, json, math, os, pathlib, platform, random, statistics, subprocess, sys, tempfile

from runs import PROGRAM, write_report

MEASURE = os.environ.get("ISOBATCH_CLAIMS") or os.path.join(os.path.dirname(PROGRAM), "tests", "isobatch-claims")
ALONE = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SLIGHTLY = 1.10  # "slightly lower utilisation": up to a tenth
FULL = {"effective": 64, "rounds": 3, "sizes": [*range(1, 6), 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65], "size_rounds": 41,
        "noise": [1, 2, 4, 8, 16, 32, 64, 128], "batches": 200, "rates": [4, 8, 16, 32, 64], "epochs": 6}
QUICK = {"effective": 8, "rounds": 1, "sizes": [1, 3, 4, 5], "size_rounds": 3, "noise": [1, 4, 16], "batches": 60, "rates": [8, 16], "epochs": 1}


def measured(*words):
    return json.loads(subprocess.run([MEASURE, *map(str, words)], stdout=subprocess.PIPE, text=True, env=ALONE, check=True).stdout)


def check(*words):
    """The result of one isobatch check."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        done = subprocess.run([PROGRAM, "check", *map(str, words), "--jobs", "1", "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if not (out / "result.json").exists():
            sys.exit(f"claims: isobatch check {' '.join(map(str, words))} left no result:\n{done.stdout[-2000:]}")
        return json.loads((out / "result.json").read_text(encoding="utf-8"))


def split_of(trial):
    return tuple(map(int, trial.split("--splits ")[1].split()[0].split("x")))


def number(value):
    """As it is written in JSON, where what is no number is a word."""
    return float(value)


def slope(points):
    """Of the straight line through the logarithms, by least squares."""
    xs, ys = [math.log2(x) for x, _ in points], [math.log2(y) for _, y in points]
    mean_x, mean_y = statistics.fmean(xs), statistics.fmean(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum((x - mean_x) ** 2 for x in xs)


def costs(sizes):
    """{case: {per_device: (ms, bytes at the peak)}} on one device, the least of some rounds; and how many trials were equivalent of how many."""
    found, green, trials = {}, 0, 0
    for _ in range(sizes["rounds"]):
        result = check("gpt", "gpt-recomputed", "--effective", sizes["effective"], "--max-devices", 1, "--recipe", "fp32", "--lengths", "equal", "--epochs", 3)
        for record in result["records"]:
            per_device, cost = split_of(record["trial"])[0], record["cost"]
            case = found.setdefault(record["trial"].split()[0], {})
            ms, size = number(cost["step_ms_min"]), cost["memory_bytes_peak"]
            case[per_device] = (min(ms, case.get(per_device, (ms,))[0]), size)
            green += record["verdict"]["outcome"] in ("identical", "equivalent")
            trials += 1
    return found, green, trials


def interval(ratios):
    """The median, and where it lies in 95 of 100 samples of these rounds."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
    return statistics.median(ratios), medians[50], medians[1949]


def claim_same(sizes, green, trials):
    ragged, equal = ([record["verdict"]["outcome"] for record in check("gpt", "--effective", 16, "--fault", "token-mean-of-means", "--lengths", lengths)["records"]]
                     for lengths in ("ragged", "equal"))
    figures = {"equivalent": green, "trials": trials, "ragged": {one: ragged.count(one) for one in ragged}, "equal": {one: equal.count(one) for one in equal}}
    sound = green == trials and "divergent" in ragged and set(equal) <= {"identical", "equivalent"}
    return {"claim": "A batch of 8 accumulated 4 times has dynamics identical to a batch of 32; divide the loss by accum_steps.", "by": "course", "figures": figures, "sound": sound,
            "verdict": "holds when every micro-batch has as many scored tokens",
            "measured": f"{green} of {trials} splits of a right trainer are equivalent; with the loss divided by accum_steps as printed, rows of different lengths diverge and rows of one length do not"}


def claim_trade(sizes, cost):
    plain = cost["gpt"]
    large, small = plain[max(plain)], plain[1]
    memory, time = large[1] / small[1], small[0] / large[0]
    holds = memory > 1 and time > 1
    return {"claim": "Accumulation trades wall-clock time for memory.", "by": "course", "figures": {"memory_ratio": memory, "time_ratio": time}, "sound": large[1] > small[1] > 0,
            "verdict": "holds" if holds else "does not hold",
            "measured": f"1x{sizes['effective']}x1 needs 1/{memory:.1f} of the memory of {sizes['effective']}x1x1 and {time:.1f} times its time"}


def claim_slightly(sizes, cost):
    plain = cost["gpt"]
    base = plain[max(plain)][0]
    ratios = {per_device: ms / base for per_device, (ms, _) in sorted(plain.items())}
    within = [per_device for per_device, ratio in ratios.items() if ratio <= SLIGHTLY and per_device < max(plain)]
    return {"claim": "Smaller micro-batches: slightly lower utilisation.", "by": "manual", "figures": {"time_ratio": ratios}, "sound": True,
            "verdict": f"holds from per_device {min(within)} up" if within else "does not hold at any smaller per_device",
            "measured": "time of a step against the single large batch: " + ", ".join(f"{ratio:.2f} at {per_device}" for per_device, ratio in ratios.items())}


def claim_power_of_two(sizes):
    figures, better, told = {}, [], []
    for recipe in ("fp32", "bf16-autocast"):
        rounds = {int(size): times for size, times in measured("sizes", "gpt", recipe, sizes["size_rounds"], *sizes["sizes"]).items()}
        for power in (size for size in sorted(rounds) if size > 2 and size & (size - 1) == 0 and size - 1 in rounds and size + 1 in rounds):
            each = [2 * own / power / (below / (power - 1) + above / (power + 1)) for below, own, above in zip(rounds[power - 1], rounds[power], rounds[power + 1])]
            median, low, high = interval(each)
            figures[f"{recipe} {power}"] = {"ratio": median, "low": low, "high": high}
            told.append(f"{recipe} {power}: {median:.2f} ({low:.2f} to {high:.2f})")
            if high < 0.95:
                better.append(f"{power} in {recipe}")
    return {"claim": "The batch should be a power of two for optimal utilisation.", "by": "manual", "figures": figures, "sound": bool(figures),
            "verdict": f"holds for {', '.join(better)}" if better else "does not hold on this processor",
            "measured": "time a sample against the mean of one sample less and one more, better below 0.95: " + "; ".join(told)}


def claim_noise(sizes):
    answer = measured("noise", "gpt", sizes["batches"], *sizes["noise"])
    points = [(int(size), value) for size, value in answer["distance"].items()]
    steep = slope(points)
    scale = statistics.fmean(size * value for size, value in points) / answer["truth"]
    return {"claim": "Smaller batches have noisier gradients.", "by": "course", "figures": {"slope": steep, "noise_scale": scale, **answer}, "sound": abs(steep + 1) < 0.25,
            "verdict": "holds" if abs(steep + 1) < 0.1 else "holds roughly",
            "measured": f"the squared distance to the gradient of all samples falls as B^{steep:.2f}, where independent samples give B^-1; it is as large as that gradient's square at B = {scale:.1f}"}


def claim_rates(sizes):
    figures, told, verdicts = {}, [], []
    for optimizer in ("sgd", "adamw"):
        losses = {int(size): {int(power): number(loss) for power, loss in row.items()} for size, row in measured("rates", "gpt", optimizer, sizes["epochs"], *sizes["rates"]).items()}
        finite = {size: {power: loss if math.isfinite(loss) else math.inf for power, loss in row.items()} for size, row in losses.items()}
        best = {size: min(row, key=row.get) for size, row in finite.items()}
        first, last = min(best), max(best)
        grows = (best[last] - best[first]) / math.log2(last / first)
        linear, root = best[first] + round(math.log2(last / first)), best[first] + round(math.log2(last / first) / 2)
        worse = {name: finite[last].get(power, math.nan) / finite[last][best[last]] for name, power in (("kept", best[first]), ("root", root), ("linear", linear))}
        figures[optimizer] = {"best_power": best, "exponent": grows, "loss_over_best": worse, "losses": losses}
        edge = max(next(iter(losses.values())))
        verdicts.append(grows > 0 and best[first] < edge)  # at the edge of what was tried nothing grows
        told.append(f"{optimizer}: the best rate grows as B^{grows:.2f} from {first} to {last}; there the rate of {first} ends {worse['kept']:.2f} times as high as the best, "
                    f"scaled by the root {worse['root']:.2f}, linearly {worse['linear']:.2f}")
    return {"claim": "Larger effective batches can tolerate a larger learning rate.", "by": "course", "figures": figures, "sound": True,
            "verdict": "holds" if all(verdicts) else "holds for " + ", ".join(name for name, grown in zip(figures, verdicts) if grown) if any(verdicts) else "does not hold",
            "measured": "; ".join(told)}


def claim_recompute(sizes, cost):
    plain, again = cost["gpt"], cost["gpt-recomputed"]
    figures = {per_device: {"memory_ratio": again[per_device][1] / plain[per_device][1], "time_ratio": again[per_device][0] / plain[per_device][0]} for per_device in sorted(plain)}
    small, large = figures[1], figures[max(plain)]
    return {"claim": "A per-device batch of 1 to 4 is common with gradient checkpointing.", "by": "manual", "figures": figures, "sound": large["memory_ratio"] < 1,
            "verdict": "checkpointing saves least where the micro-batch is small",
            "measured": f"gradients are the same bits; memory {small['memory_ratio']:.2f} and time {small['time_ratio']:.2f} times as much at per_device 1, {large['memory_ratio']:.2f} and "
                        f"{large['time_ratio']:.2f} at {max(plain)}"}


def page(figures):
    rows = "\n".join(f"| {one['claim']} ({one['by']}) | **{one['verdict']}** | {one['measured']} |" for one in figures["claims"])
    return (f"# What is said of batch sizes, measured\n\n`ci/campaign claims` on {figures['machine']}, one thread; `gpt` is the built-in Transformer, an effective batch of {figures['sizes']['effective']}. "
            "Ratios are of one run, times the least of its rounds; nothing of this was run on a GPU.\n\n"
            f"| claim | verdict | measured |\n| --- | --- | --- |\n{rows}\n")


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description="What is said of batch sizes, measured.")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--report", help="file for the figures, without .json and .md")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    cost, green, trials = costs(sizes)
    claims = [claim_same(sizes, green, trials), claim_trade(sizes, cost), claim_slightly(sizes, cost), claim_recompute(sizes, cost), claim_power_of_two(sizes), claim_noise(sizes), claim_rates(sizes)]
    figures = {"machine": machine(), "sizes": sizes, "claims": claims}
    for one in claims:
        print(f"{one['claim']} -> {one['verdict']}: {one['measured']}{'' if one['sound'] else '  UNSOUND: ' + json.dumps(one['figures'])}")
    write_report(options.report and options.report + ".json", json.dumps(figures, indent=1))
    write_report(options.report and options.report + ".md", page(figures))
    return 0 if all(one["sound"] for one in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
