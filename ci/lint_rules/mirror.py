"""Every .cpp has its test at the mirrored place: harness/plan/split.cpp has tests/plan/split_test.cpp."""
from .tree import Breach


def test_of(path):
    """Where the test of a file lies; None for mains, examples (the recorder's test compiles and judges them), backend stubs, and what needs none."""
    folder, _, rest = path.partition("/")
    name = path.rpartition("/")[2]
    if not path.endswith(".cpp") or name.startswith("no_") or path.startswith(("harness/app/", "harness/recorder/examples/")):
        return None
    place = {"harness": rest, "cases": path, "reports": path}.get(folder)
    return f"tests/{place.removesuffix('.cpp')}_test.cpp" if place else None


def check(tree):
    for path in tree.paths:
        test = test_of(path)
        if test and test not in tree.known:
            yield Breach(path, 1, "test-missing", f"there is no {test}", "write it, with a fault that turns it red")
