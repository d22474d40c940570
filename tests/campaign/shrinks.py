"""Lets a law fail on every planted fault and looks at what RapidCheck shrinks its counterexample to: it must still fail, and in nine of ten cases
its split must be as small as the smallest one that shows the fault at all.

usage: shrinks.py [--count N] [--seed S] [--faults ID…] [--jobs J] [--report FILE]
"""
import argparse, concurrent.futures, json, os, random, subprocess, sys

from runs import PROGRAM, catalogue, write_report

SHRINKS = os.environ.get("ISOBATCH_SHRINKS") or os.path.join(os.path.dirname(PROGRAM), "tests", "isobatch-shrinks")
GOAL = 0.9


def shrunk(seed, fault):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    program = subprocess.run([SHRINKS, str(seed), fault], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    if program.returncode != 0:
        raise RuntimeError(f"{fault}, seed {seed}: {program.stderr}")
    return json.loads(program.stdout)


def row(fault, own):
    reached = sum(one["effective"] <= one["smallest"] for one in own)
    splits = ", ".join(sorted({one["to"] for one in own}))
    return f"| {fault} | {reached} of {len(own)} | {splits} | {own[0]['smallest']} | {sum(one['tried'] for one in own) / len(own):.0f} |"


def main():
    parser = argparse.ArgumentParser(description="Counterexamples to a law, shrunk, beside the smallest that there are.")
    parser.add_argument("--count", type=int, default=5, help="laws that fail, of each fault (default 5)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--faults", nargs="+", help="only these (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--report", help="file for the figures, in Markdown")
    options = parser.parse_args()
    faults = options.faults or [entry["id"] for entry in catalogue() if entry["red"]]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(lambda words: shrunk(*words), [(options.seed + i, fault) for fault in faults for i in range(options.count)]))
    failed = [one for one in done if one["failed"]]
    reached = [one for one in failed if one["effective"] <= one["smallest"]]
    problems = [one for one in failed if not one["still_fails"]]
    for one in problems:
        print("PROBLEM: does not fail again:", one["trial"], flush=True)
    never = sorted(set(faults) - {one["fault"] for one in failed})
    text = (f"A law that says of a planted fault that it is not red, on random trials of `mlp` of an effective batch up to 24 (seed {options.seed}): it failed {len(failed)} times on {len(faults) - len(never)} faults"
            f"{' (never on ' + ', '.join(never) + ')' if never else ''}, and the shrunk counterexample fails again in {len(failed) - len(problems)} of them. In {len(reached)} its effective batch is the smallest that shows the fault in any split: "
            f"{100 * len(reached) / max(1, len(failed)):.1f} %.\n\n| fault | smallest reached | splits shrunk to | smallest effective batch | trials tried, mean |\n| --- | ---: | --- | ---: | ---: |\n"
            + "\n".join(row(fault, own) for fault in faults if (own := [one for one in failed if one["fault"] == fault])))
    print(text)
    write_report(options.report, "# Shrinking\n\n`ci/campaign shrinks` lets a law fail and compares what its counterexample shrinks to with the smallest one that there is.\n\n" + text)
    return 1 if problems or never or len(reached) < GOAL * len(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
