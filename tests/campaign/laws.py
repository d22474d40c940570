"""Draws other trials for the laws of training: ctest draws the same ones every time.

usage: laws.py [--count N] [--seed S] [--jobs J] [--report FILE]
"""
import argparse, concurrent.futures, json, os, random, subprocess, sys, tempfile

from runs import PROGRAM, write_report

PROPERTIES = os.path.join(os.path.dirname(PROGRAM), "tests", "isobatch_properties")


def drawn(seed):
    """Every law once, on trials of this seed: what it says of each."""
    with tempfile.TemporaryDirectory(prefix="isobatch-campaign-") as home:
        told = os.path.join(home, "laws.json")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RC_PARAMS": f"seed={seed}"}
        program = subprocess.run([PROPERTIES, f"--gtest_output=json:{told}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False)
        try:
            with open(told, encoding="utf-8") as file:
                suites = json.load(file)["testsuites"]
        except (OSError, ValueError) as error:
            raise RuntimeError(f"seed {seed} ended with {program.returncode}: {program.stdout[-2000:]}") from error
    return seed, [(law["name"], "\n".join(failure["failure"] for failure in law.get("failures", ()))) for suite in suites for law in suite["testsuite"]]


def main():
    parser = argparse.ArgumentParser(description="The laws of training on trials that ctest does not draw.")
    parser.add_argument("--count", type=int, default=20, help="times that every law is asked (default 20)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--report", help="file for the figures, in Markdown")
    options = parser.parse_args()
    rounds = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for seed, laws in pool.map(drawn, range(options.seed, options.seed + options.count)):
            rounds.append((seed, laws))
            print(f"{len(rounds)} of {options.count}: {sum(not why for _, why in laws)} of {len(laws)} laws hold", flush=True)
    names = list(dict.fromkeys(name for _, laws in rounds for name, _ in laws))
    broken = [(seed, name, why) for seed, laws in rounds for name, why in laws if why]
    text = f"Every law {options.count} times, on trials of the seeds from {options.seed}: {len(broken)} of {sum(len(laws) for _, laws in rounds)} did not hold.\n\n| law | held |\n| --- | ---: |\n"
    text += "\n".join(f"| {name} | {options.count - sum(name == other for _, other, _ in broken)} of {options.count} |" for name in names)
    for seed, name, why in broken:
        text += f"\n\n`RC_PARAMS=seed={seed} isobatch_properties --gtest_filter=Laws.{name}`:\n\n```\n{why}\n```"
    print(text)
    write_report(options.report, "# Laws\n\n`ci/campaign laws` asks the laws of training of trials that ctest does not draw.\n\n" + text)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
