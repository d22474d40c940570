"""What a file may include: its own layer and the layers that it may reach; LibTorch and CUDA only where they belong."""
import posixpath
import re

from . import cxx
from .tree import Breach, line_of

# layer        may include, besides itself
MAY_INCLUDE = {
    "base":      "",
    "plan":      "base",
    "trace":     "base plan",
    "judge":     "base plan trace",
    "diagnose":  "base plan trace judge measure",
    "measure":   "base plan trace",
    "reports":   "base plan trace judge diagnose measure",
    "supervise": "base plan",
    "run":       "base plan trace judge diagnose measure supervise",
    "cases":     "base plan trace judge diagnose measure supervise run",
    "recorder":  "base",
    "cuda":      "base",
}
MAY_INCLUDE_ANYTHING = {"app", "tests", "properties"}

# Where headers of LibTorch, CUDA and NCCL may appear; everywhere else the build does without them.
BACKEND_HEADER = re.compile(r"(?:torch/|ATen/|c10|cuda|nccl)")
BACKEND_PLACES = (
    "harness/run/", "harness/cuda/", "harness/app/isobatch_run", "cases/", "properties/",
    "tests/run/", "tests/pretended_gpu/", "tests/cuda/", "tests/cases/", "tests/bench/", "tests/campaign/", "tests/consumer/",
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<quote>["<])(?P<name>[^">\n]+)[">]', re.MULTILINE)
BACKEND_CONDITION = re.compile(
    r"^[ \t]*#[ \t]*(?:el)?if(?:n?def)?\b[^\n]*\b(?P<name>__CUDACC__|USE_CUDA|USE_C10D\w*|ISOBATCH_WITH_\w+)", re.MULTILINE
)


def layer_of(path):
    """The layer that a path from the root belongs to."""
    folder, _, rest = path.partition("/")
    return rest.partition("/")[0] if folder == "harness" else folder


def resolve(tree, path, name, quoted):
    """The path from the root of a header of ours, or None: it is somebody else's."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    for candidate in (f"harness/{name}", name, beside):
        if candidate in tree.known:
            return candidate
    folder = name.partition("/")[0]
    if quoted and "/" in name and folder in MAY_INCLUDE:  # generated at build time
        return name if folder in ("cases", "reports") else f"harness/{name}"
    return None


def check_layer(path, line, target):
    layer, other = layer_of(path), layer_of(target)
    if layer in MAY_INCLUDE_ANYTHING or layer == other or other in MAY_INCLUDE.get(layer, other).split():
        return
    reach = MAY_INCLUDE[layer].replace(" ", ", ") or "nothing else"
    remedy = f"{layer} may include itself and {reach}; move what is shared into a layer that both reach"
    yield Breach(path, line, "layer", f"{layer} includes {target} of {other}", remedy)


def check_outside_header(path, line, name):
    if name == "torch/torch.h":
        yield Breach(path, line, "torch", "torch/torch.h costs 25 s in every file", "include the headers that are used")
    elif BACKEND_HEADER.match(name) and not path.startswith(BACKEND_PLACES):
        remedy = "only harness/run, harness/cuda, cases and their tests may; the core works on traces"
        yield Breach(path, line, "torch", f"includes {name}", remedy)
    if name.startswith("fmt/") and path.startswith(("harness/", "cases/", "reports/")) and not path.endswith((".cpp", ".cu")):
        remedy = "include it in the .cpp: LibTorch ships another fmt, and headers must not mix the two"
        yield Breach(path, line, "fmt", f"a header includes {name}", remedy)


def check(tree):
    for path in tree.cxx():
        code = cxx.without_comments(tree.text(path))
        layer = layer_of(path)
        if path.startswith("harness/") and layer not in MAY_INCLUDE and layer not in MAY_INCLUDE_ANYTHING:
            yield Breach(path, 1, "layer", f"harness/{layer} is no layer", "name it in ci/lint_rules/includes.py")
        for match in INCLUDE.finditer(code):
            line, name = line_of(code, match.start()), match["name"]
            target = resolve(tree, path, name, match["quote"] == '"')
            yield from check_layer(path, line, target) if target else check_outside_header(path, line, name)
        if not path.startswith("harness/cuda/"):
            for match in BACKEND_CONDITION.finditer(code):
                remedy = "let CMake choose a stub file (nccl.cpp or no_nccl.cpp)"
                yield Breach(path, line_of(code, match.start()), "ifdef", f"asks for {match['name']}", remedy)
