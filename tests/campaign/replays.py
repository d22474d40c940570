"""Plants random faults, and repeats each trial that was found wrong with nothing but its printed line: in a process of its own, in another folder,
with another copy of the programs or another build of them. What it answers must be the same bit for bit, and so must every number of its trace.

usage: replays.py [--count N] [--seed S] [--jobs J] [--programs FOLDER] [--report FILE]
"""
import argparse, collections, concurrent.futures, hashlib, json, os, random, shutil, subprocess, sys, tempfile

from runs import PROGRAM, catalogue, without_times, write_report

CASES = {"mlp": 8, "lesson": 3, "gpt": 2, "gpt-recomputed": 1, "gpt-fused": 1, "batch-norm": 2}
RECIPES, ENGINES = ("fp64", "fp32", "bf16", "bf16-autocast", "fp16-autocast"), ("serial",) * 14 + ("gloo", "gloo:flat")
TIMINGS = ("always", "first-window", "later-windows", "epoch-ends", "later-epochs", "after-restart")
A_MATRIX = 6  # of one matrix so many failures are repeated at most, so that there are many matrices


def matrix(chance, known):
    """The words of a random matrix with a fault."""
    fault = chance.choice([entry for entry in known if entry["red"]])
    name = fault["id"] + ("@" + chance.choice(TIMINGS) if fault["timed"] and chance.randint(0, 1) else "")
    case = chance.choices(list(CASES), list(CASES.values()))[0]
    words = ["check", fault["needs"].get("case", case), "--effective", str(chance.randint(2, 12)), "--max-devices", "3", "--recipe", chance.choice(RECIPES),
             "--seed", str(chance.randrange(1, 1 << 30)), "--epochs", str(max(chance.randint(1, 2), 2 * ("restart" in fault["needs"]))), "--fault", name]
    restart = fault["needs"].get("restart", "2" if "@after-restart" in name else "")
    words += ["--restart", restart] if restart else []
    words += ["--engine", "serial:inner=1" if fault["id"] == "two-level-order" else chance.choice(ENGINES)]
    words += ["--trajectory", "4"] if fault["red"] == ["trajectory"] else []
    words += ["--copies", "2", "--max-devices", "4"] if fault["id"] == "wrong-group-divisor" else []
    return words + (["--optimizer", chance.choice(("sgd", "momentum", "adam", "adamw"))] if chance.randint(0, 1) else [])


def timeless(value):
    """A line of steps.jsonl or a manifest without what a clock or an allocator said."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if not key.endswith("_ms") and not key.startswith("memory_bytes_") and key not in ("provenance", "files", "manifest_digest", "follows")}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def numbers_of(folder):
    """What every file of a trace holds, beside times: {path: digest}."""
    seen = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                content = file.read()
            if name.endswith((".json", ".jsonl")):
                content = json.dumps([timeless(json.loads(line)) for line in content.splitlines()], sort_keys=True).encode()
            seen[os.path.relpath(os.path.join(place, name), folder)] = hashlib.sha256(content).hexdigest()
    return seen


def answers(out):
    """{the printed line: (what was judged, the numbers)} of every trial that was found wrong."""
    with open(os.path.join(out, "result.json"), encoding="utf-8") as file:
        result = json.load(file)
    wrong = [record for record in result["records"] if record["verdict"]["outcome"] == "divergent"]
    return {record["repro"]: (json.dumps(without_times(record), sort_keys=True), numbers_of(os.path.join(out, record["trace"]))) for record in wrong}


def run(words, home, programs):
    """Under a shell, as a person would: the line names no program but isobatch."""
    environment = {**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    return subprocess.run(["/bin/sh", "-c", words], cwd=home, env=environment, capture_output=True, text=True, check=False)


def replay(line, expected, programs):
    """Why the line does not give the same again; empty where it does."""
    with tempfile.TemporaryDirectory(prefix="isobatch-replay-") as home:
        program = run(line, home, programs)
        if program.returncode != 1:
            return f"exit {program.returncode}: {(program.stdout + program.stderr)[-200:]}"
        again = answers(os.path.join(home, "isobatch-report"))
        if list(again) != [line]:
            return f"another trial is wrong: {list(again)}"
        if again[line][0] != expected[0]:
            return "it is judged otherwise"
        moved = [path for path in sorted({*expected[1], *again[line][1]}) if expected[1].get(path) != again[line][1].get(path)]
        return f"other numbers in {', '.join(moved[:3])}" if moved else ""


def work(seed, known, programs):
    """One matrix and what became of some of its failures: [(line, words of the matrix, problem)], and whether it was refused."""
    chance = random.Random(seed)
    words = matrix(chance, known)
    with tempfile.TemporaryDirectory(prefix="isobatch-campaign-") as home:
        program = run(" ".join(["isobatch", *words, "--out", "first"]), home, os.path.dirname(PROGRAM))
        if program.returncode == 2:  # the engine, the recipe or the model leaves no room for this fault
            return [], True
        if program.returncode not in (0, 1, 4):
            return [(" ".join(words), words, f"exit {program.returncode}: {(program.stdout + program.stderr)[-200:]}")], False
        wrong = answers(os.path.join(home, "first"))
        printed = [line.split("repeat: ", 1)[1].strip() for line in program.stdout.splitlines() if "repeat: isobatch" in line]
        lost = [(line, words, "the finding's line is that of no trial that was found wrong") for line in printed if line not in wrong]
        if wrong and not printed:
            lost.append((" ".join(words), words, "no line is printed"))
        chosen = printed[:1] + chance.sample(sorted(set(wrong) - set(printed[:1])), min(A_MATRIX - 1, len(set(wrong) - set(printed[:1]))))
        done = lost + [(line, words, replay(line, wrong[line], programs)) for line in chosen if line in wrong]
        if chosen and chance.randint(1, 50) == 1:  # a comparison that never fails would show here
            judged, numbers = wrong[chosen[0]]
            for other in ((judged + " ", numbers), (judged, {**numbers, "rank0/steps.jsonl": ""}), (judged, {**numbers, "rank9/steps.jsonl": ""})):
                if not replay(chosen[0], other, programs):
                    done.append((chosen[0], words, "what is made different is called the same"))
        return done, False


def main():
    parser = argparse.ArgumentParser(description="Repeats trials that were found wrong from their printed lines; all must give the same bits.")
    parser.add_argument("--count", type=int, default=1000, help="failures repeated at least (default 1000)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="matrices at once")
    parser.add_argument("--programs", help="folder of another build's isobatch and isobatch-run (default: copies in a folder of their own)")
    parser.add_argument("--report", help="file for the figures, in Markdown")
    options = parser.parse_args()
    known, done, refused, seed = catalogue(), [], 0, options.seed
    with tempfile.TemporaryDirectory(prefix="isobatch-copy-") as copy, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        if not options.programs:
            for name in ("isobatch", "isobatch-run"):
                shutil.copy2(os.path.join(os.path.dirname(PROGRAM), name), copy)
        while len(done) < options.count:
            seeds = range(seed, seed + 4 * options.jobs)
            seed += len(seeds)
            for repeated, not_room in pool.map(lambda one: work(one, known, options.programs or copy), seeds):
                done, refused = done + repeated, refused + not_room
            print(f"{len(done)} of {options.count}", file=sys.stderr, flush=True)
    problems = [f"{line}: {problem}" for line, _, problem in done if problem]
    for problem in problems:
        print("PROBLEM", problem, flush=True)

    def told(option, default=""):
        counts = collections.Counter(words[words.index(option) + 1] if option in words else default for _, words, _ in done)
        return ", ".join(f"{name} {count}" for name, count in counts.most_common())

    variants = {words[words.index("--fault") + 1] for _, words, _ in done}
    where = "another build of the programs" if options.programs else "a copy of the programs in another folder"
    text = (f"{len(done)} planted failures of {len({name.split('@')[0] for name in variants})} faults, at different times {len(variants)}, each repeated from its printed line in a process of its own, another working directory and {where} "
            f"(seed {options.seed}): {len(done) - len(problems)} have the same verdict, evidence and weights, and the same numbers in every file of their trace, bit for bit; {len(problems)} have not. {refused} more matrices were refused before they ran.\n\n"
            f"Recipes: {told('--recipe')}. Engines: {told('--engine')}. Optimizers: {told('--optimizer', 'of the case')}. Cases: {', '.join(f'{name} {count}' for name, count in collections.Counter(words[1] for _, words, _ in done).most_common())}.")
    print(text)
    write_report(options.report, "# Replays\n\n`ci/campaign replays` plants random faults and repeats what was found wrong with nothing but the line that was printed.\n\n" + text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
