"""What no file says: where on a machine it was made, which registry it came from, that it is unfinished."""
import re

from .tree import Breach, line_of

# The patterns are written so that this file does not match them.
MACHINE_PATH = re.compile(
    r"(?<![\w.)}\]*~/-])(?:/(?:home|Users|work|workspaces?|builds?)/\w|/(?:root)(?![\w-]))|\b[A-Za-z]:[\\/]{1,2}Users\b"
)
REGISTRY_HOST = re.compile(
    r"pypi\.org|pythonhosted\.org|debian\.org|(?:archive|security|ports)\.ubuntu\.com|anaconda\.(?:org|com)"
    r"|npmjs\.(?:org|com)|(?:ghcr|docker|quay|nvcr|crates)\.io|download\.(?:pytorch\.org|nvidia\.com)"
    # A reference to a project or an issue is welcome; a place to download from is not.
    r"|raw\.githubusercontent\.com|codeload\.github\.com|github\.com/[\w.-]+/[\w.-]+/(?:releases/download|archive|raw)\b"
)
UNFINISHED = re.compile(r"\b(?:TO(?:DO)|FIX(?:ME)|X{3})\b")

SOURCE = (".h", ".hpp", ".cpp", ".cu", ".cuh", ".py", ".sh", ".cmake", "CMakeLists.txt")


def find(tree, path, pattern, rule, remedy):
    text = tree.text(path)
    for match in pattern.finditer(text):
        yield Breach(path, line_of(text, match.start()), rule, f"'{match.group()}'", remedy)


def check(tree):
    scripts = set(tree.scripts())
    for path in tree.paths:
        yield from find(tree, path, MACHINE_PATH, "machine-path", "write it relative to the repository, or ask for it")
        yield from find(tree, path, REGISTRY_HOST, "registry-host", "name the package; the machine knows its sources")
        if path.endswith(SOURCE) or path in scripts:
            yield from find(tree, path, UNFINISHED, "unfinished", "finish it or open an issue, and say what holds now")
