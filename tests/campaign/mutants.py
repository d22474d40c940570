"""Breaks the judge's own source, one small change at a time, and counts the changes that its tests do not notice.

Every mutant is built in a copy of the source and tested by the judge's test program. It is killed when a test is red, crashes or does not end,
and survives when all are green; what does not compile is not counted. A survivor is a gap in the tests or has a reason in mutants_kept.json.

usage: mutants.py [N] [--seed S] [--scratch DIR] [--report FILE]    N: a random sample; DIR: kept, so that the same command goes on where it
was stopped; FILE.json holds the figures, FILE.md shows them
"""
import argparse, collections, contextlib, hashlib, json, pathlib, random, shutil, subprocess, sys, tempfile, time

from mutations import mutations

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ("tolerance.h", "outcome.h", "align.h")  # those that decide something
LIBRARY, TESTS = "isobatch_judge", "isobatch_test_judge"
KEPT = pathlib.Path(__file__).with_name("mutants_kept.json")
BUILD_SECONDS = 600


def run(command, folder, seconds):
    """(exit code, output); the code is None when it did not end in time."""
    try:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return None, ""


class Scratch:
    """A copy of the source with a build of the core alone, without warnings, since many mutants deserve one."""

    def __init__(self, folder):
        self.source, self.build = folder / "source", folder / "build"
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
        for path in filter(None, listed.split("\0")):
            copy = self.source / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).is_file() and (not copy.exists() or copy.read_bytes() != (ROOT / path).read_bytes()):
                shutil.copy(ROOT / path, copy)
        self.require(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DISOBATCH_TRAINING=OFF", "-DCMAKE_BUILD_TYPE=Release",
                      "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -w"])
        self.require(["ninja", "-C", self.build, "-j1", TESTS], 6 * BUILD_SECONDS)
        # A mutant of a header changes what is tested and not the tests: after the library only the link is repeated.
        commands = subprocess.run(["ninja", "-C", self.build, "-t", "commands", TESTS], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.link = commands.splitlines()[-1]
        # But for a source that a test includes, to ask it for more than it says to others.
        self.included = {line.split('"')[1] for test in (self.source / "tests/judge").glob("*.cpp") for line in test.read_text(encoding="utf-8").splitlines()
                         if line.startswith('#include "judge/') and '.cpp"' in line}
        begin = time.monotonic()
        self.require([self.build / "bin/tests" / TESTS, "--gtest_brief=1"])
        self.seconds = 20 + 5 * (time.monotonic() - begin)

    def require(self, command, seconds=BUILD_SECONDS):
        code, output = run(command, ROOT, seconds)
        if code != 0:
            sys.exit(f"mutants: {' '.join(map(str, command))} failed without any mutant:\n{output[-4000:]}")

    def verdict(self, mutant):
        """What becomes of one mutant: killed, survived or refused (it does not compile); and by what."""
        path = self.source / mutant.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text[:mutant.begin] + mutant.text + text[mutant.end:], encoding="utf-8")
        try:
            whole = mutant.file.removeprefix("harness/") in self.included
            steps = [["ninja", "-C", self.build, "-j1", TESTS]] if whole else [["ninja", "-C", self.build, "-j1", LIBRARY], ["/bin/sh", "-c", self.link]]
            if any(run(step, self.build, BUILD_SECONDS)[0] != 0 for step in steps):
                return "refused", ""
            code, output = run([self.build / "bin/tests" / TESTS, "--gtest_brief=1", "--gtest_fail_fast"], self.build, self.seconds)
            if code == 0:
                return "survived", ""
            red = [line.split()[3].rstrip(",") for line in output.splitlines() if line.startswith("[  FAILED  ]") and "." in line]
            return "killed", "time" if code is None else "crash" if code < 0 else red[0] if red else "exit"
        finally:
            path.write_text(text, encoding="utf-8")


def population():
    """Every mutant of the judge."""
    judge = ROOT / "harness/judge"
    files = sorted(judge.glob("*.cpp")) + [judge / name for name in HEADERS]
    return [mutant for file in files for mutant in mutations(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))]


def reason_of(mutant, kept):
    """Why a survivor may live: by its line of code, which other changes to the file do not move."""
    line = (ROOT / mutant.file).read_text(encoding="utf-8").splitlines()[mutant.line - 1].strip()
    return next((one["why"] for one in kept if one["file"] == mutant.file and one["code"] == line and mutant.change in one["changes"]), "")


def page(figures):
    rows = "\n".join(f"| {file} | {count['possible']} | {count['mutants']} | {count['killed']} | {count['mutants'] - count['killed']} |" for file, count in figures["files"].items())
    lines = "\n".join(f"| {one['file']}:{one['line']} | `{one['change'].replace('|', chr(92) + '|')}` | {one['why'] or 'a gap in the tests'} |" for one in figures["survivors"])
    share = 100 * figures["killed"] / max(1, figures["mutants"] - figures["equivalent"])
    unexplained = sum(not one["why"] for one in figures["survivors"])
    return (f"# Mutants of the judge\n\n`ci/campaign mutants` breaks the judge's own source, one operator, constant, condition or statement at a time, and runs its tests. Of {figures['possible']} possible "
            f"mutants {figures['drawn']} were drawn (seed {figures['seed']}); {figures['refused']} do not compile and are not counted, and {figures['equivalent']} survived that change no answer. Of the other {figures['mutants'] - figures['equivalent']}, **{figures['killed']} were killed "
            f"({share:.1f} %)**: a test was red, crashed or did not end. {len(figures['survivors'])} survived in all, {unexplained} of them without a reason.\n\n"
            f"| file | possible | tested | killed | survived |\n| --- | ---: | ---: | ---: | ---: |\n{rows}\n\n## Survivors\n\n| where | change | why it may live |\n| --- | --- | --- |\n{lines}")


def summary(seed, possible, results):
    """The figures of (mutant, fate, by what) in the order of the source."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    counted = [(mutant, fate) for mutant, fate, _ in results if fate != "refused"]
    files = {file: {"possible": count, "mutants": sum(m.file == file for m, _ in counted), "killed": sum(m.file == file and fate == "killed" for m, fate in counted)}
             for file, count in collections.Counter(mutant.file for mutant in possible).items()}
    survivors = [{"file": m.file, "line": m.line, "change": m.change, "why": reason_of(m, kept)} for m, fate in counted if fate == "survived"]
    return {"mutants": len(counted), "equivalent": sum(one["why"].startswith("equivalent: ") for one in survivors), "killed": sum(fate == "killed" for _, fate in counted), "possible": len(possible), "drawn": len(results),
            "refused": len(results) - len(counted), "seed": seed, "files": files,
            "survivors": survivors}


def key_of(mutant):
    """What tells a mutant from every other, also after the source has changed."""
    return f"{mutant.file} {mutant.begin} {mutant.end} {mutant.text} {hashlib.sha256((ROOT / mutant.file).read_bytes()).hexdigest()}"


def test_all(folder, drawn):
    """Tests every mutant; what the folder's journal already knows is not tested again."""
    journal = folder / "journal.jsonl"
    known = {entry[0]: entry[1:] for entry in map(json.loads, journal.read_text(encoding="utf-8").splitlines())} if journal.exists() else {}
    scratch = None
    with journal.open("a", encoding="utf-8") as file:
        for number, mutant in enumerate(drawn, 1):
            key = key_of(mutant)
            if key not in known:
                scratch = scratch or Scratch(folder)
                known[key] = scratch.verdict(mutant)
                file.write(json.dumps([key, *known[key]]) + "\n")
                file.flush()
            fate, what = known[key]
            print(f"{number}/{len(drawn)} {fate:8} {mutant.file}:{mutant.line} {mutant.change}{f' ({what})' if what else ''}", flush=True)
            yield mutant, fate, what


def write_report(path, text):
    if path:
        pathlib.Path(path).write_text(text + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Breaks the judge's source and counts what its tests do not notice.")
    parser.add_argument("count", type=int, nargs="?", help="test a random sample of so many mutants (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch", type=pathlib.Path, help="folder for the copy and the journal, kept (default: a temporary one)")
    parser.add_argument("--report", help="file for the figures, without .json and .md")
    options = parser.parse_args()
    possible = population()
    drawn = random.Random(options.seed).sample(possible, len(possible))[:options.count]  # a smaller sample is the begin of a larger one
    with contextlib.ExitStack() as stack:
        folder = options.scratch or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="isobatch-mutants-")))
        folder.mkdir(parents=True, exist_ok=True)
        figures = summary(options.seed, possible, sorted(test_all(folder, drawn)))
    write_report(options.report and options.report + ".json", json.dumps(figures, indent=1))
    write_report(options.report and options.report + ".md", page(figures))
    unexplained = [one for one in figures["survivors"] if not one["why"]]
    print(f"{figures['mutants']} mutants of {figures['possible']} possible, {figures['killed']} killed, {len(figures['survivors'])} survived, {len(unexplained)} without a reason, seed {options.seed}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
