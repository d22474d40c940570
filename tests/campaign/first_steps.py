"""Compares, of every planted fault at every time that it may have, the first step that is red with the first window in which the fault changes anything.

usage: first_steps.py [--faults ID…] [--jobs J] [--report FILE]
"""
import argparse, concurrent.futures, json, os, subprocess, sys

from runs import PROGRAM, catalogue, write_report

FIRST_STEPS = os.environ.get("ISOBATCH_FIRST_STEPS") or os.path.join(os.path.dirname(PROGRAM), "tests", "isobatch-first-steps")
GOAL = 0.98


def answer(fault):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    program = subprocess.run([FIRST_STEPS, fault], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    if program.returncode != 0:
        raise RuntimeError(f"{fault}: {program.stderr}")
    return json.loads(program.stdout)


def main():
    parser = argparse.ArgumentParser(description="The first red step of planted faults, beside the first in which they act.")
    parser.add_argument("--faults", nargs="+", help="only these (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--report", help="file for the figures, in Markdown")
    options = parser.parse_args()
    faults = options.faults or [entry["id"] for entry in catalogue() if entry["red"]]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(answer, faults))
    red, at_once, earlier, whole = (sum(one[key] for one in done) for key in ("red", "at_once", "earlier", "whole"))
    late = [(one["fault"], trial) for one in done for trial in one["later"]]
    never = [one["fault"] for one in done if one["red"] == 0]
    text = (f"{len(faults)} planted faults, at each of the times that they may have, in every split of 8 on at most four devices (21 samples, two epochs, fp64 and fp32): {red} trials diverged. In {at_once}, "
            f"{100 * at_once / max(1, red):.2f} %, the first step that is red is the first window in which the fault changes anything; in {earlier} an earlier one (what leaves windows out has another schedule from the first step on; what a restart loses is missing in the step before it), in {len(late)} a later one, in {whole} none.\n\n| fault | red | at once | earlier | of the whole run | later |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
            + "\n".join(f"| {one['fault']} | {one['red']} | {one['at_once']} | {one['earlier']} | {one['whole']} | {len(one['later'])} |" for one in done)
            + ("\n\n## Later\n\n" + "\n".join(f"- acts in window {trial['acts']}, red in step {trial['red']}: `isobatch check {trial['trial']}`" for _, trial in late) if late else ""))
    print(text)
    write_report(options.report, "# First steps\n\n`ci/campaign first-steps` asks in which step a planted fault is seen first.\n\n" + text)
    for fault in never:
        print("NEVER FOUND", fault, flush=True)
    return 1 if never or at_once < GOAL * red else 0


if __name__ == "__main__":
    sys.exit(main())
