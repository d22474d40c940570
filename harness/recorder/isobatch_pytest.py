"""assert_equivalent(train_fn, splits=["16x1x1", "4x4x1"]): a test that train_fn does the same thing under every split.

Trains in this process, once a split, under the recorder; the program `isobatch` judges what was recorded. Nothing is installed: with
PYTHONPATH at this folder `import isobatch_pytest`, or `pytest -p isobatch_pytest` for the fixture and the marker. Works without pytest too.
"""
import contextlib, functools, importlib.util, inspect, json, os, random, re, shlex, shutil, subprocess, sys, tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
PLACES = (os.path.join(FOLDER, os.pardir, "isobatch"), os.path.join(FOLDER, os.pardir, os.pardir, "build", "release", "bin", "isobatch"))
# `isobatch try` starts each split as a process; this one hands in what was recorded before.
HAND_IN = ("sh", "-c", 'cp -R "$0" "$ISOBATCH_TRACE"', "{per_device}x{accum}x{devices}")
TRIAL = "outside --splits %s --engine outside --device cpu --recipe fp32 --seed 1 --samples %d --lengths ragged --epochs 1"


class NotEquivalent(AssertionError):
    """Some split trains differently, or nothing could have shown it; `result` is what isobatch writes as result.json."""


class NotComparable(RuntimeError):
    """The program could not judge what was recorded; its own sentence says why and what to do."""


def program():
    """The path of `isobatch`: as ISOBATCH_PROGRAM says, else beside the recorder, else on the PATH."""
    named = os.environ.get("ISOBATCH_PROGRAM")
    found = next(filter(None, map(shutil.which, [named] if named else [*PLACES, "isobatch"])), None)
    if not found:
        said = "ISOBATCH_PROGRAM=%s is no program" % named if named else "it is neither beside the recorder nor on the PATH"
        raise FileNotFoundError("isobatch: the program that judges was not found (%s): build it with ci/build release, "
                                "or set ISOBATCH_PROGRAM to its path" % said)
    return os.path.abspath(found)


def split_of(value):
    """(per_device, accum) of "4x4x1", "4x4", (4, 4, 1) or (4, 4)."""
    words = value.split("x") if isinstance(value, str) else value
    numbers = [int(each) for each in words] if all(str(each).isdecimal() for each in words) else []
    if len(numbers) not in (2, 3) or min(numbers) < 1:
        raise ValueError("isobatch: %r is no split: write per_device x accum, such as \"4x4x1\" or (4, 4)" % (value,))
    if numbers[2:] not in ([], [1]):
        raise ValueError("isobatch: %r has %d devices, and this process is one: use `isobatch try`, which starts a process a device" % (value, numbers[2]))
    return tuple(numbers[:2])


@contextlib.contextmanager
def seeded(seed):
    """Every generator starts at the seed, on one thread, as the last bits depend on their number; and all are put back."""
    import torch
    try:
        import numpy
    except ImportError:  # then train_fn draws nothing from it
        numpy = None
    threads, state = torch.get_num_threads(), random.getstate()
    drawn = numpy and numpy.random.get_state()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()):
        random.seed(seed)
        torch.manual_seed(seed)
        if numpy:
            numpy.random.seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            random.setstate(state)
            if numpy:
                numpy.random.set_state(drawn)


def record(train, per_device, accum, folder, level="grads", steps=None, seed=1):
    """One training up to one window past the first epoch's edge, or its end, as a trace at folder/{per_device}x{accum}x1. Its own errors pass."""
    import torch
    split = "%dx%dx1" % (per_device, accum)
    spec = importlib.util.spec_from_file_location("isobatch_recorder", os.path.join(FOLDER, "isobatch_recorder.py"))
    recorder = importlib.util.module_from_spec(spec)  # a module of its own, so that nothing outlives the recording
    recorder.settings = {"ISOBATCH_TRACE": os.path.join(folder, split), "ISOBATCH_SPLIT": split, "ISOBATCH_LEVEL": level,
                         "ISOBATCH_STEPS": steps, "ISOBATCH_TRIAL": TRIAL % (split, per_device * accum)}
    spec.loader.exec_module(recorder)
    more = {"devices": 1} if "devices" in inspect.signature(train).parameters else {}
    with seeded(seed):
        recorder.install(torch)
        try:
            train(per_device, accum, **more)
            recorder.end(None)
        except recorder.Ended:
            pass
        finally:
            recorder.uninstall()


def require_one_start(folder, names):
    """Whatever a split begins with that another does not is no fault of how it accumulates."""
    starts = {}
    for name in names:
        with open(os.path.join(folder, name, "rank0", "steps.jsonl"), encoding="utf-8") as file:
            starts[name] = json.loads(file.readline()).get("started")
    for name in names:
        if starts[name] != starts[names[0]]:
            raise NotComparable("isobatch: train_fn starts from other parameters under %s than under %s: make the model inside train_fn, "
                                "before anything is drawn that depends on the split" % (name, names[0]))


def repeat(train, splits):
    """The command or the call that does this again."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    name = "%s.%s" % (getattr(train, "__module__", "?"), getattr(train, "__qualname__", repr(train)))
    return "%s -m pytest %s" % (os.path.basename(sys.executable), shlex.quote(test)) if test else "assert_equivalent(%s, splits=%r)" % (name, splits)


def assert_equivalent(train_fn, splits, steps=None, seed=1, allow_untested=(), out=None, contract=None):
    """Raises AssertionError with the finding unless train_fn(per_device, accum, devices=1) trains alike under every split; returns the result.

    train_fn makes its own model, data and loop. It is ended by an exception one window past its first epoch's edge, of at most 8 windows, or
    after `steps` of them. The first split is the reference. allow_untested: claims, such as "weighting", that need not have been tested.
    out: a folder that keeps report and traces. contract: what train_fn claims, such as "token-mean,keeps-tail", as for `isobatch try --contract`."""
    __tracebackhide__ = True  # of pytest: the finding is the whole story
    judge, pairs = program(), [split_of(split) for split in splits]
    names = ["%dx%dx1" % pair for pair in pairs]
    if not pairs:
        raise ValueError("isobatch: no split was given: write the reference first, such as splits=[\"16x1x1\", \"4x4x1\"]")
    columns = (1, pairs[0][0] * pairs[0][1])  # one sample a backward: each sample's own gradient
    with tempfile.TemporaryDirectory(prefix="isobatch-") as folder:
        for pair in dict.fromkeys([*pairs, columns]):
            record(train_fn, *pair, folder, "full" if pair[0] == 1 else "grads", steps, seed)
        require_one_start(folder, names)
        report = os.path.abspath(out or os.path.join(folder, "report"))
        allowed = [word for claim in allow_untested for word in ("--allow-untested", claim)]
        claims = ["--contract", contract] if contract is not None else []
        words = [judge, "try", "--splits", ",".join(names), "--out", report, *claims, *allowed, "--", *HAND_IN]
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        text = re.sub(r"(?m)^(  repeat:) .*$", lambda line: "%s %s" % (line[1], repeat(train_fn, names)), done.stdout)
        text = re.sub(r"(?m)^(  first seen: .* in) outside --splits (\S+) .*$", r"\1 \2", text)
        text = text if out else re.sub(r"(?m)^report: .*\n", "", text)
        if done.returncode in (0, 1, 4):
            with open(os.path.join(report, "result.json"), encoding="utf-8") as file:
                result = json.load(file)
            if done.returncode == 0:
                return result
            verdict = text.rstrip().splitlines()[-1 - bool(out)]  # pytest shows the first line in its summary
            failure = NotEquivalent("%s\n\n%s" % (verdict, text))
            failure.result = result
            raise failure
        raise NotComparable(text)


if "pytest" in sys.modules:
    import pytest

    def pytest_configure(config):
        config.addinivalue_line("markers", "isobatch(splits, …): what the fixture assert_equivalent takes where the test does not say it")

    @pytest.fixture(name="assert_equivalent")
    def equivalent(request):
        """The function of that name, with the options of the test's marker `isobatch`."""
        marker = request.node.get_closest_marker("isobatch")
        return functools.partial(assert_equivalent, **(marker.kwargs if marker else {}))
