"""What ci/gpu runs, in the order of what tells most."""
import os
import pathlib
import platform
import signal
import sys
import time

from gpu_report import Failed, Report, output_of

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = {"tests": "bin/tests/isobatch_test_cuda", "kernels": "bin/gpu_kernels"}
TRAINING = ("bin/isobatch", "bin/isobatch-run", "lib/libisobatch_nccl.so", "bin/gpu_step")  # only where all were built
NCCL_TEST = ("tests/e2e/nccl_test.py", "tests/e2e/program.py")
QUICK_MINUTES = 7.5
SANITIZERS = ("memcheck", "racecheck", "initcheck", "synccheck")
CASES = ("gpt", "mlp", "gpt-fused", "gpt-recomputed", "lesson", "batch-norm", "contrastive", "mixture", "shared-layer", "dropout", "tasks", "grouped")
EXACT = ("exact-gpt", "exact-conv", "exact-mlp", "canary")  # of fp64 and fp32
KERNEL_FAULTS = (("tf32-on", ("mlp", "--recipe", "fp32"), 1), ("nondeterministic-scatter", ("gpt", "--recipe", "fp32", "--identities", "cancel-micros"), 4))
FAULTS = ("token-mean-of-means", "zero-grad-in-window", "never-synced", "clip-per-micro", "schedule-per-micro")
SMI = "name,driver_version,temperature.gpu,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.draw,memory.used"


def commit():
    packed = ROOT / "commit.txt"
    if packed.is_file():
        return packed.read_text(encoding="utf-8").strip()
    code, output = output_of(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])
    return output.strip() if code == 0 else "unknown"


def gpu_state():
    """What nvidia-smi says of name, driver, temperature and clocks now."""
    code, output = output_of(["nvidia-smi", f"--query-gpu={SMI}", "--format=csv,noheader"])
    if code != 0:
        return f"not known: {output.strip()}"
    return dict(zip(SMI.split(","), (word.strip() for word in output.splitlines()[0].split(","))))


def machine(torch):
    """What the figures are of."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            processor = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    except OSError:
        processor = "unknown"
    return {"system": platform.platform(), "python": platform.python_version(), "processor": processor, "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "gpus": output_of(["nvidia-smi", "-L"])[1].strip(),
            "toolkit": output_of(["nvcc", "--version"])[1].strip().splitlines()[-1], "torch": torch[0] if torch else "none"}


def torch_here():
    """Version and libraries of this Python's LibTorch; None where it has none."""
    code, said = output_of([sys.executable, "-c", "import torch, os; print(torch.__version__, os.path.join(os.path.dirname(torch.__file__), 'lib'))"], 120)
    return said.strip().splitlines()[-1].split(" ", 1) if code == 0 else None


def training(build, torch):
    """How a program that trains is started, or why none can be."""
    if not all((build / path).is_file() for path in TRAINING):
        return None, "it was not built"
    if torch is None:
        return None, f"{sys.executable} has no torch"
    before = os.environ.get("LD_LIBRARY_PATH")
    return ["env", f"LD_LIBRARY_PATH={before + ':' if before else ''}{build / 'lib'}:{torch[1]}"], ""


class Stage:
    """One command. `expected`: its exit code where all is well; `seconds`: how long it may take."""

    def __init__(self, name, seconds, command, expected=0):
        self.name, self.seconds, self.command, self.expected = name, seconds, command, expected


def matrix_stages(start, build, runs, quick):
    """isobatch check over cases and recipes, planted faults, and ranks that share the GPU. Each leaves its run directory in `runs`."""
    def check(name, seconds, *words, expected=0):
        command = [*start, build / TRAINING[0], "check", *words, "--device", "cuda", "--out", runs / name]
        return Stage(name, seconds, command, expected)

    effective = ("--effective", "8") if quick else ("--effective", "16")
    seconds = 60 if quick else 900
    every, exact = (CASES[:2], EXACT[:2]) if quick else (CASES, EXACT)
    identities = () if quick else ("--identities", "all")
    for recipe, cases in (("fp32", every + exact), ("bf16-autocast", every), ("fp64", every + exact), ("tf32", every), ("bf16", every), ("fp16-autocast", every)):
        yield check(f"matrix-{recipe}", seconds, *cases, *effective, "--recipe", recipe, *(identities if recipe == "fp32" else ()))
    for fault in FAULTS[:2] if quick else FAULTS:
        yield check(f"fault-{fault}", 30 if quick else 300, "gpt", *effective, "--recipe", "fp32", "--fault", fault, expected=1)
    for fault, words, expected in () if quick else KERNEL_FAULTS:
        yield check(f"fault-{fault}", 300, *words, *effective, "--fault", fault, expected=expected)
    # The single large batch on the CPU judges the same on the GPU. One split alone is no matrix, hence the claims that it cannot test.
    across = ('for device in cpu cuda; do "$0" check mlp --splits 8x1x1 --device $device --keep-traces --out "$1/across-$device"; done; '
              'exec "$0" judge "$1"/across-cpu/traces/reference-* "$1"/across-cuda/traces/reference-* '
              '--allow-untested scale --allow-untested weighting --allow-untested schedule')
    yield Stage("across", seconds, [*start, "sh", "-c", across, build / TRAINING[0], runs])
    yield check("gloo", seconds, "gpt", *effective, "--recipe", "fp32", "--engine", "gloo", "--max-devices", "2" if quick else "4")


def stages_of(programs, build, out, runs, quick, trained):
    """What tells most comes first: time may run out. `trained`: what training() says."""
    seconds = 60 if quick else 600
    sanitized = "*OfAThousandSmallTensors/gpu" if quick else "*/gpu-*Large*"  # many times slower than bare
    yield Stage("tests", seconds, [programs["tests"], "--gtest_filter=*/gpu:Device.*", f"--gtest_output=json:{out / 'tests.json'}"])
    yield Stage("kernels", seconds, [programs["kernels"], *(["--quick"] if quick else []), out / "kernels.json"])
    start, why_not = trained
    if start:
        yield from matrix_stages(start, build, runs, quick)
        words = ["Nccl.test_more_ranks_than_gpus_are_refused"] if quick else []
        yield Stage("graph", seconds, [*start, build / TRAINING[3], out / "steps.json"])
        yield Stage("nccl", seconds, [*start, f"ISOBATCH_PROGRAM={build / TRAINING[0]}", sys.executable, ROOT / NCCL_TEST[0], *words])
    else:
        print(f"not run: matrix, faults, gloo, graph, nccl ({why_not})")
    for tool in SANITIZERS:
        command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9", programs["tests"]]
        yield Stage(tool, 30 if quick else 600, [*command, f"--gtest_filter={sanitized}"])


def chosen_stages(stages, names):
    """Of each name its stage, or all that begin with it and a dash."""
    if not names:
        return stages
    for name in names:
        if not any(stage.name == name or stage.name.startswith(f"{name}-") for stage in stages):
            raise Failed(f"there is no stage {name}: choose from {', '.join(stage.name for stage in stages)}")
    return [stage for stage in stages if any(stage.name == name or stage.name.startswith(f"{name}-") for name in names)]


def run(programs, build, out, chosen):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what runs is ended with this program
    code, device = output_of([programs["kernels"], "--probe"])
    if code != 0:
        print(device.strip())
        return code
    minutes = chosen.minutes or (QUICK_MINUTES if chosen.quick else None)
    torch = torch_here()
    trained = training(build, torch)
    report = Report(out, {"commit": commit(), "quick": chosen.quick, "minutes": minutes, "device": device.strip(), "machine": machine(torch),
                          "before": gpu_state()})
    begin = time.monotonic()
    for stage in chosen_stages(list(stages_of(programs, build, out, report.runs, chosen.quick, trained)), chosen.stages):
        left = stage.seconds if minutes is None else min(stage.seconds, 60 * minutes - (time.monotonic() - begin))
        report.begins(stage.name)
        started = time.monotonic()
        code, output = output_of(stage.command, left) if left >= 1 else (124, "not run: no time was left")
        entry = {"name": stage.name, "exit": code, "expected": stage.expected, "seconds": round(time.monotonic() - started, 1), "gpu": gpu_state()}
        passed = code == stage.expected
        report.ends(entry, output)
        print(f"{'ok' if passed else 'FAILED':8}{stage.name} ({entry['seconds']} s)", flush=True)
        if stage.name == "kernels" or not passed:
            print(output.strip()[-4000:], flush=True)
        if stage.name.startswith("matrix-"):
            report.merge([*trained[0], build / TRAINING[0]])
    report.result["after"] = gpu_state()
    report.write()
    print(f"report: {out}")
    return 0 if report.result["passed"] else 1
