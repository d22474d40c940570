"""Kills isobatch itself at random points of a matrix and resumes, until the matrix is done: nothing finished may be lost, nothing counted
twice, no worker left, and the result has to be that of an undisturbed run.

usage: kills.py [--count N] [--seed S] [--report FILE]
"""
import argparse, json, os, random, subprocess, sys, time

from runs import Run, without_times, write_report

MATRICES = [("check", "mlp", "--engine", engine, "--effective", "8", "--max-devices", "2", "--fault", "token-mean-of-means") for engine in ("serial", "gloo", "gloo:flat")]
GONE_WITHIN = 5


def calm(words):
    run = Run(*words)
    try:
        begin = time.monotonic()
        run.program.communicate(timeout=300)
        assert run.program.returncode == 1, run.program.returncode
        return json.dumps(without_times(run.result())), time.monotonic() - begin
    finally:
        run.close()


def disturbed(words, expected, seconds, chance):
    """One matrix to its end: (kills, problem or "")."""
    run, kills = Run(*words), 0
    try:
        while True:
            before = run.finished()
            try:
                run.program.communicate(timeout=chance.uniform(0.01, seconds))
                break
            except subprocess.TimeoutExpired:
                run.program.kill()
                run.program.communicate()
            kills += 1
            if not run.all_gone(GONE_WITHIN):
                return kills, f"workers left {GONE_WITHIN} s after a kill"
            if not before <= run.finished():
                return kills, "a finished trial was lost"
            if kills % 20 == 0:
                seconds *= 1.5  # a busy machine takes longer
            run.start("--resume")
        if run.program.returncode != 1:
            return kills, f"exit {run.program.returncode} after resuming"
        return kills, "" if json.dumps(without_times(run.result())) == expected else "the result differs from an undisturbed run"
    finally:
        run.close()


def main():
    parser = argparse.ArgumentParser(description="Kills the supervisor at random points and resumes; the result must be that of a calm run.")
    parser.add_argument("--count", type=int, default=200, help="kills at least (default 200)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--report", help="file for the figures, in Markdown")
    options = parser.parse_args()
    chance, kills, matrices, problems = random.Random(options.seed), 0, 0, []
    expected = [calm(words) for words in MATRICES]
    while kills < options.count or matrices < len(MATRICES):
        which = matrices % len(MATRICES)
        seen, problem = disturbed(MATRICES[which], *expected[which], chance)
        kills, matrices = kills + seen, matrices + 1
        if problem:
            problems.append(f"{' '.join(MATRICES[which])}: {problem}")
            print("PROBLEM", problems[-1], flush=True)
        print(f"{kills} of {options.count}", file=sys.stderr, flush=True)
    text = (f"{kills} kills of the supervisor in {matrices} matrices, seed {options.seed}: {len(problems)} problems. Every result equal to that of an undisturbed "
            f"run apart from times; no worker left {GONE_WITHIN} s after a kill; no finished trial lost." if not problems else "\n".join(problems))
    print(text)
    write_report(options.report, "# Kills and resumes\n\n`ci/campaign kills` ends isobatch with SIGKILL at random points of a matrix and resumes it, until it is done.\n\n" + text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
