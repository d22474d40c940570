"""Plants every fault of the catalogue in every real-valued case and lists what isobatch makes of it: found or not, by which checks, under which name.

usage: kill_matrix.py [--cases CASE…] [--effective N…] [--recipes R…] [--faults ID…] [--jobs J] [--report FILE]    FILE.json, FILE.md and FILE.html
"""
import argparse, collections, itertools, json, os, shlex, subprocess, sys, tempfile, time

from finished import each
from kill_page import page
from runs import PROGRAM, catalogue, write_report

TIMINGS = ("always", "first-window", "later-windows", "epoch-ends", "later-epochs", "after-restart")  # the simplest first, as in plan/timing.h
REACHES = ("everywhere", "last-micros", "later-micros", "second-device", "some-parameters")  # likewise, as in plan/occasion.h
SIMPLER = {("rank-local-denominator", "epoch-ends", "uneven-ranks-equal-weight")}  # planted, when, and the cause that is this always
CONTROLS = ("no-sync-around-backward",)  # every value stays right: must be green


def arguments(entry, timing, reach, case, effective, recipe):
    """Of one matrix: all splits of the batch on at most four devices, the fault in each of them, with what it needs to matter."""
    fault = entry["id"]
    words = ["check", case, "--effective", str(effective), "--max-devices", "4", "--recipe", recipe, "--fault", f"{fault}@{timing}@{reach}"]
    if fault == "two-level-order":
        words += ["--engine", "serial:inner=1"]
    for option in ("optimizer", "restart"):
        if option in entry["needs"]:
            words += [f"--{option}", entry["needs"][option]]
    if timing == "after-restart":
        words += ["--restart", "2"]
    if entry["red"] == ["trajectory"]:
        words += ["--trajectory", "8"]
    if fault == "wrong-group-divisor":
        words += ["--copies", "2"]
    return words


def plant(entry, timing, reach, case, effective, recipe):
    """Runs one matrix."""
    fault, words = entry["id"], arguments(entry, timing, reach, case, effective, recipe)
    with tempfile.TemporaryDirectory(prefix="isobatch-campaign-") as home:
        begun = time.monotonic()
        program = subprocess.run([PROGRAM, *words, "--out", os.path.join(home, "run"), "--jobs", "1"], capture_output=True, text=True, check=False)
        try:
            with open(os.path.join(home, "run", "result.json"), encoding="utf-8") as file:
                result = json.load(file)
        except OSError:
            return {"fault": fault, "timing": timing, "reach": reach, "case": case, "effective": effective, "recipe": recipe, "problem": (program.stdout + program.stderr)[-400:]}
    divergent = [check for record in result["records"] for check in record["verdict"]["checks"] if check["outcome"] == "divergent"]
    checks = collections.Counter(check["check"] for check in divergent)
    return {"fault": fault, "timing": timing, "reach": reach, "case": case, "effective": effective, "recipe": recipe, "command": shlex.join(["isobatch", *words]), "exit": program.returncode, "trials": len(result["records"]),
            "divergent": sum(record["verdict"]["outcome"] == "divergent" for record in result["records"]),
            "crashed": sum(record["verdict"]["outcome"] == "crashed" for record in result["records"]), "seconds": round(time.monotonic() - begun, 2),
            "first_step": min((check["first"]["step"] for check in divergent if check["first"]), default=None), "red": dict(sorted(checks.items())),
            "causes": [cause for finding in result["findings"] for cause in finding["causes"]], "when": [[finding["timing"], finding["reach"]] for finding in result["findings"]]}


def order(timing, reach):
    return REACHES.index(reach), TIMINGS.index(timing)


def simpler(matrix):
    """Whether another cause that happens more simply is the same thing."""
    own = order(matrix["timing"], matrix["reach"])
    return any(order(*when) < own for when in matrix["when"]) and any((matrix["fault"], matrix["timing"], cause) in SIMPLER for cause in matrix["causes"])


def row(fault, matrices):
    found = sum(matrix["divergent"] > 0 for matrix in matrices)
    named = sum(fault in matrix["causes"] for matrix in matrices)
    alone = sum(matrix["causes"] == [fault] for matrix in matrices)
    red = sorted({check for matrix in matrices for check in matrix["red"]})
    divergent, trials = sum(matrix["divergent"] for matrix in matrices), sum(matrix["trials"] for matrix in matrices)
    return f"| {fault} | {found} of {len(matrices)} | {divergent} of {trials} | {', '.join(red)} | {named} | {alone} |"


def summary(done):
    planted = [matrix for matrix in done if matrix["fault"] not in CONTROLS]
    found = [matrix for matrix in planted if matrix["divergent"]]
    named = sum(matrix["fault"] in matrix["causes"] for matrix in found)
    alone = sum(matrix["causes"] == [matrix["fault"]] for matrix in found)
    others = sum(bool(set(matrix["causes"]) - {matrix["fault"], "unknown"}) and matrix["fault"] not in matrix["causes"] and not simpler(matrix) for matrix in found)
    green = sum(not matrix["divergent"] for matrix in done if matrix["fault"] in CONTROLS)
    return {"faults": len({matrix["fault"] for matrix in planted}), "variants": len({(matrix["fault"], matrix["timing"], matrix["reach"]) for matrix in planted}), "variants_found": len({(matrix["fault"], matrix["timing"], matrix["reach"]) for matrix in found}), "matrices": len(planted), "found": len(found), "named": named, "named_alone": alone,
            "named_with_their_time": sum(matrix["fault"] in matrix["causes"] and matrix["when"] == [[matrix["timing"], matrix["reach"]]] for matrix in found),
            "mean_set": sum(len(matrix["causes"]) for matrix in found) / max(1, len(found)), "simpler": sum(simpler(matrix) for matrix in found), "named_wrongly": others, "unknown": sum(matrix["causes"] == ["unknown"] for matrix in found), "controls_green": green,
            "controls": len(done) - len(planted), "crashed": sum(matrix["crashed"] for matrix in done)}


def main():
    parser = argparse.ArgumentParser(description="Plants every fault in every case and lists what is made of it.")
    parser.add_argument("--cases", nargs="+", default=["gpt", "mlp", "lesson"])
    parser.add_argument("--effective", nargs="+", type=int, default=[8, 12])
    parser.add_argument("--recipes", nargs="+", default=["fp32", "fp64"])
    parser.add_argument("--faults", nargs="+", help="only these (default: all)")
    parser.add_argument("--timings", nargs="*", default=TIMINGS, help="at these times too, with the first effective batch and recipe")
    parser.add_argument("--reaches", nargs="*", default=REACHES, help="reaching these micro-batches or parameters only too, with the same, always and where it waits for the second window")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="matrices at once")
    parser.add_argument("--report", help="where to write FILE.json, FILE.md and FILE.html")
    options = parser.parse_args()
    known = {entry["id"]: entry for entry in catalogue()}
    wanted = options.faults or list(known)
    planned = [(fault, "always", "everywhere", *rest) for fault, *rest in itertools.product(wanted, options.cases, options.effective, options.recipes)]
    planned += [(fault, timing, "everywhere", case, options.effective[0], options.recipes[0]) for fault, timing, case in itertools.product(wanted, options.timings, options.cases) if timing != "always" and known[fault]["timed"]]
    planned += [(fault, timing, reach, case, options.effective[0], options.recipes[0]) for fault, timing, reach, case in itertools.product(wanted, ("always", "later-windows"), options.reaches, options.cases)
                if reach != "everywhere" and known[fault]["by_micro"]]
    # In the only case and the only recipe where it matters, once.
    planned = list(dict.fromkeys((*words[:3], known[words[0]]["needs"].get("case", words[3]), words[4], known[words[0]]["needs"].get("recipe", words[5])) for words in planned))
    done = each(planned, lambda fault, *words: plant(known[fault], *words), options.jobs, options.report, (PROGRAM, os.path.join(os.path.dirname(PROGRAM), "isobatch-run"), __file__))
    problems = [matrix for matrix in done if "problem" in matrix]
    for matrix in problems:
        print("PROBLEM", json.dumps(matrix), flush=True)
    done = [matrix for matrix in done if "problem" not in matrix]
    figures = summary(done)
    nameless = [fault for fault in wanted if known[fault]["cause"] == "unknown"]
    figures["nameless"] = sum(matrix["causes"] == ["unknown"] and matrix["fault"] in nameless for matrix in done)
    lines = ["| fault | matrices where it was found | trials that diverged | red checks | named | named alone |", "| --- | ---: | ---: | --- | ---: | ---: |"]
    lines += [row(fault, [matrix for matrix in done if matrix["fault"] == fault]) for fault in wanted if any(matrix["fault"] == fault for matrix in done)]
    lost = [fault for fault in wanted if fault not in CONTROLS and known[fault]["certain"] and not any(matrix["divergent"] for matrix in done if matrix["fault"] == fault)]
    sentence = (f"{figures['faults']} planted faults, at different times, with different micro-batches and in some parameters {figures['variants']} ({figures['variants_found']} of which some matrix can show), and {len(CONTROLS)} control in {', '.join(options.cases)}; effective batch {', '.join(map(str, options.effective))} in every split on at most "
            f"4 devices; {', '.join(options.recipes)} (faults at some times, with some micro-batches or in some parameters only: the first of each).\n\nOf {figures['matrices']} matrices with a fault {figures['found']} diverged: the fault is in the set of causes in {figures['named']}, alone in "
            f"{figures['named_alone']} (a set holds {figures['mean_set']:.3f} causes on average), with when and where it happens in {figures['named_with_their_time']}; in {figures['simpler']} another one that happens more simply explains as much; {figures['unknown']} are `unknown` ({figures['nameless']} of them of faults that no cause names: {', '.join(nameless) or 'none'}), {figures['named_wrongly']} named wrongly. A fault that a case cannot show (a loss whose units are its samples, for "
            f"one) leaves its matrix green. Controls green: {figures['controls_green']} of {figures['controls']}.")
    text = sentence + "\n\n" + "\n".join(lines)
    print(text)
    if options.report:
        write_report(options.report + ".md", "# Kill matrix\n\n`ci/campaign kill-matrix` plants every fault of the catalogue in every case.\n\n" + text)
        write_report(options.report + ".html", page(sentence.replace("`", ""), known, done, lost))
        write_report(options.report + ".json", json.dumps({**figures, "matrix": done}, indent=1))
    for fault in lost:
        print("NEVER FOUND", fault, flush=True)
    return 1 if problems or lost or figures["named_wrongly"] or figures["crashed"] or figures["controls_green"] < figures["controls"] else 0


if __name__ == "__main__":
    sys.exit(main())
