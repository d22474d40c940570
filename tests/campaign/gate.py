"""Measures `isobatch gate` on times of this machine: how often the same program is called slower, and how often a split that takes 5 % longer is found.

usage: gate.py [--count N] [--rounds N] [--sizes N…] [--loads N…] [--seed S] [--report FILE]    FILE.json holds the figures, FILE.md shows them

A pool is so many real runs of one command, one after another; with a load, beside so many processes that never rest. Then the real program gates one
stretch of consecutive runs against another that does not overlap it, so that a drift of the machine between the two stays in. Nothing is slower: what is
called so is a false alarm. Then one split's recorded times are multiplied by 1.05 in all runs of the later stretch: what is not called slower was missed.
"""
import argparse, collections, json, os, random, shutil, subprocess, sys, tempfile, time

from runs import PROGRAM, write_report

SLOWER = 1.05
ALARM_GOAL, FOUND_GOAL = 0.001, 0.95
SPLITS = ("16x1x1", "8x2x1", "4x4x1", "4x2x2")
MATRIX = ("gpt", "--splits", ",".join(SPLITS), "--epochs", "8")
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"  # ends with whoever started it


class Pool:
    """Real runs under one load, and the same with one split slower."""

    def __init__(self, home, load, rounds):
        self.load, self.rounds, self.folder = load, rounds, os.path.join(home, f"load-{load}")
        self.approved = {}
        started = time.monotonic()
        busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(load)]
        loads = []
        try:
            for number in range(rounds):
                subprocess.run([PROGRAM, "check", *MATRIX, "--out", self.run(None, number)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True,
                               env={**os.environ, "OMP_NUM_THREADS": "1"})
                loads.append(os.getloadavg()[0])
        finally:
            for process in busy:
                process.kill()
                process.wait()
        self.load_average = sorted(loads)[len(loads) // 2]
        self.seconds = (time.monotonic() - started) / rounds
        for split in SPLITS:
            for number in range(rounds):
                self.slow_down(split, number)

    def run(self, slow, number):
        return os.path.join(self.folder, slow or "right", str(number))

    def slow_down(self, split, number):
        with open(os.path.join(self.run(None, number), "result.json"), encoding="utf-8") as file:
            result = json.load(file)
        for record in result["records"]:
            if record["split"] == split:
                for time_of in ("processor_ms_min", "step_ms_min"):
                    record["cost"][time_of] *= SLOWER
        os.makedirs(self.run(split, number))
        with open(os.path.join(self.run(split, number), "result.json"), "w", encoding="utf-8") as file:
            json.dump(result, file)

    def gate(self, slow, first, size, baseline, *more):
        runs = [self.run(slow, number) for number in range(first, first + size)]
        return subprocess.run([PROGRAM, "gate", *runs, "--baseline", baseline, *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)

    def baseline(self, first, size):
        """The file that approves these runs."""
        if (first, size) not in self.approved:
            path = self.approved[first, size] = os.path.join(self.folder, f"baseline-{first}-{size}.json")
            if self.gate(None, first, size, path, "--approve", "--yes").returncode != 0:
                raise RuntimeError("the runs could not be approved")
        return self.approved[first, size]

    def answer(self, slow, first, size, baseline):
        """What is called slower, and whether the answer is open."""
        ended = self.gate(slow, first, size, baseline, "--json")
        answer = json.loads(ended.stdout)
        worse = [one for one in answer["regressed"] if one["aspect"] != "throughput"]
        if worse or ended.returncode not in (0, 1, 4):
            raise RuntimeError(f"{ended.returncode}: {worse}")  # counts and outcomes are those of one program
        return [one["trial"].split()[2] for one in answer["regressed"]], ended.returncode == 4, [one["trial"] for one in answer["undecided"]]


def measured(pool, size, count, chance):
    """How often the same is called slower, and a slower split is found, in so many pairs of stretches."""
    seen = collections.Counter()
    for _ in range(count):
        while True:
            then, now = (chance.randrange(pool.rounds - size + 1) for _ in range(2))
            if abs(then - now) >= size:
                break
        baseline, split = pool.baseline(then, size), chance.choice(SPLITS)
        slower, undecided, _ = pool.answer(None, now, size, baseline)
        seen["alarms"] += bool(slower)
        seen["same_undecided"] += undecided
        slower, _, open_trials = pool.answer(split, now, size, baseline)
        seen["found"] += split in slower
        seen["found_undecided"] += split not in slower and any(f" {split} " in trial for trial in open_trials)
    return {"load": pool.load, "load_average": round(pool.load_average, 1), "runs": size, "pool": pool.rounds, "gates": count,
            **{name: seen[name] for name in ("alarms", "same_undecided", "found", "found_undecided")}}


def page(figures):
    def verdict(reached):
        return "reached" if reached else "MISSED"
    rows = "\n".join(f"| {f['load']} | {f['load_average']} | {f['runs']} | {f['gates']} | {f['alarms']} ({verdict(f['alarms'] <= ALARM_GOAL * f['gates'])}) | {f['same_undecided']} | "
                     f"{f['found'] / f['gates']:.1%} ({verdict(f['found'] >= FOUND_GOAL * f['gates'])}) | {f['found_undecided'] / f['gates']:.1%} | "
                     f"{1 - (f['found'] + f['found_undecided']) / f['gates']:.1%} |" for f in figures["figures"])
    return (f"# The gate's times\n\n`ci/campaign gate` ran `isobatch check {' '.join(MATRIX)}` {figures['rounds']} times under each load, on {figures['machine']}, {figures['cores']} cores (seed {figures['seed']}), and had "
            "the real program gate random stretches of consecutive runs against others of the same pool, which overlap one another from pair to pair. The same program is never slower: what is called so is a false alarm "
            f"(goal: at most {ALARM_GOAL:.1%} of the gates). A slower split is planted by multiplying its recorded times by {SLOWER} in all runs of the later stretch (goal: found in at least {FOUND_GOAL:.0%}); no program was slowed.\n\n"
            "| busy processes beside it | load average | runs on either side | gates | false alarms | undecided | slower split found | undecided | missed |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            f"{rows}\n\nUndecided is exit code 4, never a pass.")


def machine(pool):
    with open(os.path.join(pool.run(None, 0), "result.json"), encoding="utf-8") as file:
        return json.load(file)["records"][0]["cost"]["machine"]


def main():
    parser = argparse.ArgumentParser(description="False alarms of the gate's times, and planted slowdowns found.")
    parser.add_argument("--count", type=int, default=1000, help="gates of each kind, for each load and number of runs (default 1000)")
    parser.add_argument("--rounds", type=int, default=96, help="real runs under each load (default 96)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32], help="runs on either side of a gate")
    parser.add_argument("--loads", type=int, nargs="+", default=[0, os.cpu_count()], help="processes that never rest beside the runs")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--report", help="file for the figures, without .json and .md")
    options = parser.parse_args()
    if options.rounds < 2 * max(options.sizes):
        parser.error("--rounds has to be twice the largest of --sizes")
    chance, figures = random.Random(options.seed), []
    home = tempfile.mkdtemp(prefix="isobatch-campaign-")
    try:
        for load in options.loads:
            pool = Pool(home, load, options.rounds)
            for size in options.sizes:
                figures.append(measured(pool, size, options.count, chance))
                print(figures[-1], flush=True)
        where = machine(pool)
    finally:
        shutil.rmtree(home)
    result = {"seed": options.seed, "rounds": options.rounds, "slower": SLOWER, "machine": where, "cores": os.cpu_count(), "figures": figures}
    write_report(options.report and options.report + ".json", json.dumps(result, indent=1))
    write_report(options.report and options.report + ".md", page(result))
    gates, alarms = sum(f["gates"] for f in figures), sum(f["alarms"] for f in figures)
    print(f"{gates} gates of one program, {alarms} false alarms; of as many with a slower split {sum(f['found'] for f in figures)} found, seed {options.seed}")
    return 0 if alarms <= max(1, ALARM_GOAL * gates) else 1


if __name__ == "__main__":
    sys.exit(main())
