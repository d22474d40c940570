"""How many planted faults a covering finds of those that each with each finds: case, split, recipe, optimizer, lengths and threads.

usage: covering.py [--cases CASE…] [--effective N] [--faults ID…] [--jobs J] [--seed S] [--report FILE]    FILE.json and FILE.md
"""
import argparse, concurrent.futures, itertools, json, os, queue, random, subprocess, sys, tempfile

from kill_matrix import CONTROLS
from runs import PROGRAM, catalogue, write_report

DRAWS = 100  # random sets of as many trials, beside which a covering has to stand


def run_of(*words):
    with tempfile.TemporaryDirectory(prefix="isobatch-campaign-") as home:
        subprocess.run([PROGRAM, "check", *words, "--out", os.path.join(home, "run")], capture_output=True, check=False)
        with open(os.path.join(home, "run", "result.json"), encoding="utf-8") as file:
            return [record["trial"] for record in json.load(file)["records"]]


def choices(trial):
    """What a covering draws of a trial."""
    words = trial.split()
    options = dict(zip(words[1::2], words[2::2]))
    return (words[0], options["--splits"], options["--recipe"], options.get("--optimizer", ""), options["--lengths"], options.get("--threads", "1"))


def spelled(chosen, effective, fault, red):
    case, split, recipe, optimizer, lengths, threads = chosen
    text = f"{case} --splits {split} --engine {'serial:inner=1' if fault == 'two-level-order' else 'serial'} --recipe {recipe} --lengths {lengths}"
    text += f" --samples {3 * effective if lengths == 'equal' else max(1, 43 * effective // 16)}"
    text += f" --optimizer {optimizer}" if optimizer else ""
    text += f" --threads {threads}" if threads != "1" else ""
    text += " --copies 2" if fault == "wrong-group-divisor" else ""
    text += " --trajectory 8" if red == ["trajectory"] else ""
    return text + f" --fault {fault}"


class Worker:
    """isobatch-run, asked directly: a matrix of 10,000 trials needs no report."""

    def __init__(self):
        self.process = subprocess.Popen(["sh", "-c", 'exec "$0" 3>&1 >/dev/null', os.path.join(os.path.dirname(PROGRAM), "isobatch-run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"})
        self.process.stdout.readline()  # its greeting

    def outcome(self, trial):
        self.process.stdin.write(trial + "\n")
        self.process.stdin.flush()
        while True:
            answer = json.loads(self.process.stdout.readline())
            if "window" not in answer:
                return answer["record"]["verdict"]["outcome"] if "record" in answer else "refused: " + answer["error"]["what"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def found_by(red, chosen):
    """The faults that one of these trials turns red."""
    return {fault for fault, trials in red.items() if not trials.isdisjoint(chosen)}


def where_two_meet(levels, red):
    """Every fault that is there only where two choices meet, as the trials that show it; those that none shows are left out."""
    shown = {}
    for (one, ones), (other, others) in itertools.combinations(list(enumerate(levels)), 2):
        for a, b in itertools.product(ones, others):
            for fault, trials in red.items():
                both = {chosen for chosen in trials if chosen[one] == a and chosen[other] == b}
                if both:
                    shown[(fault, a, b)] = both
    return shown


def main():
    parser = argparse.ArgumentParser(description="Compares coverings with each trial of a small matrix.")
    parser.add_argument("--cases", nargs="+", default=["gpt", "mlp"])
    parser.add_argument("--effective", type=int, default=4)
    parser.add_argument("--faults", nargs="+", help="only these (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="workers at once")
    parser.add_argument("--seed", type=int, default=1, help="of the random sets")
    parser.add_argument("--report", help="where to write FILE.json and FILE.md")
    options = parser.parse_args()
    known = {entry["id"]: entry for entry in catalogue()}
    faults = options.faults or [fault for fault, entry in known.items() if fault not in CONTROLS and entry["needs"].get("case", options.cases[0]) in options.cases]
    covers = {strength: {choices(trial) for trial in run_of(*options.cases, "--effective", str(options.effective), "--cover", str(strength))} for strength in (2, 3)}
    levels = [sorted({chosen[factor] for chosen in covers[2]}) for factor in range(6)]  # a covering has every choice
    everything = list(itertools.product(*levels))
    # Trials of one reference follow one another, each with every fault.
    workers = queue.SimpleQueue()
    for _ in range(options.jobs):
        workers.put(Worker())

    def outcomes_of(chosen_list):
        worker = workers.get()
        try:
            return [(chosen, fault, worker.outcome(spelled(chosen, options.effective, fault, known[fault]["red"]))) for fault in faults for chosen in chosen_list]
        finally:
            workers.put(worker)

    by_reference = {}
    for chosen in everything:
        by_reference.setdefault((chosen[0], *chosen[2:5]), []).append(chosen)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        seen = list(itertools.chain.from_iterable(pool.map(outcomes_of, by_reference.values())))
    while not workers.empty():
        workers.get().close()
    wrong = [(spelled(chosen, options.effective, fault, known[fault]["red"]), outcome) for chosen, fault, outcome in seen if outcome == "crashed" or outcome.startswith("refused")]
    for trial, outcome in wrong[:20]:
        print("PROBLEM", outcome, trial, flush=True)
    red = {fault: {chosen for chosen, planted, outcome in seen if planted == fault and outcome == "divergent"} for fault in faults}
    matrix = {chosen for chosen in everything if chosen[2:] == ("fp64", "", "ragged", "1")}  # what check runs without --cover
    exhaustive, rare = found_by(red, everything), where_two_meet(levels, red)
    dice = random.Random(options.seed)
    rows, figures = [], {"faults": len(faults), "trials": len(everything), "found": len(exhaustive), "where_two_meet": len(rare), "sets": {}}
    for name, chosen in (("any two choices (`--cover 2`)", covers[2]), ("any three (`--cover 3`)", covers[3]), ("every split of each case, nothing else varied", matrix)):
        killed = found_by(red, chosen)
        met = len(found_by(rare, chosen))
        drawn = sum(len(found_by(rare, dice.sample(everything, len(chosen)))) for _ in range(DRAWS)) / DRAWS
        missed = sorted(exhaustive - killed)
        rows.append(f"| {name} | {len(chosen)} | {len(killed)} of {len(exhaustive)} | {met} of {len(rare)}: {100 * met / max(1, len(rare)):.1f} % | {100 * drawn / max(1, len(rare)):.1f} % | {', '.join(missed) or 'none'} |")
        figures["sets"][name] = {"trials": len(chosen), "killed": len(killed), "killed_where_two_meet": met, "random_where_two_meet": drawn, "missed": missed}
    never = sorted(set(faults) - exhaustive)
    hardest = sorted(exhaustive, key=lambda fault: len(red[fault]))[:5]
    text = (f"{len(faults)} planted faults in {len(everything)} trials each: {', '.join(options.cases)}; every split of {options.effective}, {len(levels[2])} recipes, {len(levels[3])} optimizers, {len(levels[4])} lengths, {len(levels[5])} numbers of "
            f"threads. All of them together find {len(exhaustive)} faults{'; no trial finds ' + ', '.join(never) if never else ''}. The hardest: " + ", ".join(f"{fault} (in {len(red[fault])})" for fault in hardest) +
            f".\n\nA fault of the catalogue is there in every trial. One that is there only where two choices meet, such as in one recipe with one optimizer, is the harder half: each fault with each two choices under which any trial shows it. A random "
            f"set has as many trials; the mean of {DRAWS}.\n\n| trials | how many | faults found | where two choices meet | a random set finds of these | faults missed |\n| --- | ---: | ---: | ---: | ---: | --- |\n" + "\n".join(rows))
    print(text)
    if options.report:
        write_report(options.report + ".md", "# Coverings against the whole matrix\n\n`ci/campaign covering` plants every fault in every trial of a small matrix.\n\n" + text)
        write_report(options.report + ".json", json.dumps({**figures, "red": {fault: len(trials) for fault, trials in red.items()}}, indent=1))
    covered = found_by(red, covers[2])
    return 1 if wrong or not exhaustive or len(covered) < 0.9 * len(exhaustive) else 0


if __name__ == "__main__":
    sys.exit(main())
