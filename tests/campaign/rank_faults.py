"""Disturbs one rank of a trial, in every way that production knows, and watches what isobatch makes of it.

usage: rank_faults.py [--count N] [--kinds KIND…] [--seed S] [--jobs J] [--report FILE]

Each injection is a run of its own: a trial of 2 to 4 ranks, one rank disturbed at a random moment. It has to end as a crash within the
step deadline and ten seconds, with no process left; a rank that is only slow has to end as a trial like any other.
"""
import argparse, collections, concurrent.futures, os, random, resource, signal, stat, subprocess, sys, time
from dataclasses import dataclass

from runs import RUNNER, Run, write_report

STEP_DEADLINE = 2
WITHIN = STEP_DEADLINE + 10
SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM, "stop": signal.SIGSTOP, "segfault": signal.SIGSEGV}
ORDERS = ("throw", "abort", "exit", "hang", "hang-in-backward", "half-close", "deaf", "slow")  # obeyed by faulty_runner.cpp
KINDS = (*SIGNALS, *ORDERS, "full-disk", "wrong-split")
ENGINES = ("gloo", "gloo:flat", "gloo:bucket=64", "gloo:view", "gloo:unused", "gloo:static")


@dataclass
class Injection:
    kind: str
    seed: int
    seconds: float = 0  # from the fault to the end of isobatch
    named: bool = False  # the headline is of the disturbed rank
    late: bool = False  # the trial was over before the fault: nothing was tried
    problem: str = ""


class Trial:
    """A trial that takes about a second, and which of its ranks is disturbed when."""

    def __init__(self, seed):
        chance = random.Random(seed)
        self.ranks, self.accum, self.per_device = chance.choice((2, 2, 3, 4)), chance.choice((1, 2, 3)), chance.choice((1, 2))
        self.victim, self.delay = chance.randrange(self.ranks), chance.uniform(0, 0.3)
        self.split = f"{self.per_device}x{self.accum}x{self.ranks}"
        self.other = f"{2 * self.per_device}x{self.accum}x{self.ranks}"
        self.words = ("check", "obedient", "--engine", chance.choice(ENGINES), "--splits", self.split, "--samples",
                      str(2 * self.per_device * self.accum * self.ranks + 1), "--epochs", "16", "--step-deadline", str(STEP_DEADLINE), "--start-deadline", "8")

    def liar(self, folder):
        """A worker program of which one rank is told another split."""
        path = os.path.join(folder, "liar")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nsed -u '/\"rank\":{self.victim},/s/--splits {self.split}/--splits {self.other}/' | '{RUNNER}' \"$@\"\n")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path


def disturb(run, kind, process):
    if kind in SIGNALS:
        os.kill(process, SIGNALS[kind])
    elif kind == "full-disk":  # from now on no file grows
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, 0))
    else:
        run.order(process, kind)


def wait_for_training(run, ranks):
    until = time.monotonic() + 60
    while not run.training(ranks) and run.program.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    return run.program.poll() is None and time.monotonic() < until


def judge(run, injection, victim, begin):
    try:
        said = run.program.communicate(timeout=60)[0].decode(errors="replace")[-800:]
    except subprocess.TimeoutExpired:
        injection.problem = "isobatch itself hung for 60 s"
        return
    injection.seconds = time.monotonic() - begin
    code, ordered = run.program.returncode, bool(os.listdir(run.orders))
    if injection.kind == "slow":
        injection.late = ordered
        injection.problem = "" if code == 0 else f"only slow, yet exit {code}: {said}"
    elif code == 0:  # right only where the rank had answered before it was hit
        injection.late = ordered or injection.seconds < 0.3
        injection.problem = "" if injection.late else f"passed: {said}"
    elif code != 3:
        injection.problem = f"exit {code}: {said}"
    else:
        record = run.result()["records"][0]
        message = record["verdict"]["checks"][0]["message"]
        injection.named = message.startswith(f"rank {victim}:")
        if record["verdict"]["outcome"] != "crashed" or not message:
            injection.problem = f"{record['verdict']['outcome']}: {said}"
        elif injection.seconds > WITHIN:
            injection.problem = f"took {injection.seconds:.1f} s: {said}"
    if not run.all_gone(0.5):
        injection.problem += " processes were left"


def inject(kind, seed):
    trial, injection = Trial(seed), Injection(kind, seed)
    run = Run(*trial.words, prepare=trial.liar if kind == "wrong-split" else None)
    try:
        begin = time.monotonic()
        if kind != "wrong-split":
            if not wait_for_training(run, trial.ranks):
                injection.problem = "never trained: " + run.program.communicate()[0].decode(errors="replace")[-800:]
                return injection
            time.sleep(trial.delay)
            ranks = run.ranks()
            injection.late = len(ranks) != trial.ranks
            if injection.late:
                return injection
            begin = time.monotonic()
            try:
                disturb(run, kind, ranks[trial.victim])
            except ProcessLookupError:
                injection.late = True
                return injection
        judge(run, injection, trial.victim, begin)
        return injection
    finally:
        run.close()


def table(done, seed):
    lines = ["| fault | injected | reported as crashed | headline is the disturbed rank's | slowest, s |", "| --- | ---: | ---: | ---: | ---: |"]
    kinds = collections.defaultdict(list)
    for injection in done:
        kinds[injection.kind].append(injection)
    for kind in KINDS:
        of = kinds[kind]
        if of:
            right = sum(not injection.problem for injection in of)
            crashed = "none, as it should" if kind == "slow" and right == len(of) else f"{right}"
            named = "" if kind == "slow" else str(sum(injection.named for injection in of))
            lines.append(f"| {kind} | {len(of)} | {crashed} | {named} | {max(injection.seconds for injection in of):.1f} |")
    problems = [injection for injection in done if injection.problem]
    lines += ["", f"{len(done)} injections, seed {seed}, step deadline {STEP_DEADLINE} s: {len(problems)} problems, "
              f"slowest end {max(injection.seconds for injection in done):.1f} s after the fault (allowed: {WITHIN} s)."]
    return "\n".join(lines), problems


def main():
    parser = argparse.ArgumentParser(description="Disturbs ranks at random and checks that each is reported as a crash, in time, with no process left.")
    parser.add_argument("--count", type=int, default=1000, help="injections (default 1000)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="only these faults")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="repeats the same trials, victims and delays")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="runs at once")
    parser.add_argument("--report", help="file for the table, in Markdown")
    options = parser.parse_args()
    done, late, next_seed = [], 0, options.seed * 1_000_000
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = set()
        started = 0
        while len(done) < options.count:
            while len(waiting) < options.jobs and len(done) + len(waiting) < options.count:
                waiting.add(pool.submit(inject, options.kinds[started % len(options.kinds)], next_seed + started))
                started += 1
            ready, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in ready:
                injection = future.result()
                if injection.late and not injection.problem:
                    late += 1
                    continue
                done.append(injection)
                if injection.problem:
                    print(f"PROBLEM {injection.kind}, seed {injection.seed}: {injection.problem}", flush=True)
                if len(done) % 50 == 0:
                    print(f"{len(done)} of {options.count}", file=sys.stderr, flush=True)
    text, problems = table(done, options.seed)
    print(text + f"\n{late} more came when the trial was over.")
    write_report(options.report, "# Rank faults\n\n`ci/campaign faults --ranks` disturbs one rank of a trial of 2 to 4 at a random moment.\n\n" + text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
