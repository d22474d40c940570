"""C++ is formatted as .clang-format says."""
import concurrent.futures
import os
import re
import subprocess

from .tree import Breach

PLACE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?:error|warning): (?P<what>.*?)(?: \[-W.*)?$", re.MULTILINE)


def run_clang_format(root, paths):
    command = ["clang-format", "--dry-run", "-Werror", "--style=file", *paths]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stderr


def check(tree):
    paths = tree.cxx()
    if not paths:
        return
    workers = os.cpu_count() or 1
    try:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            shares = [paths[first::workers] for first in range(min(workers, len(paths)))]
            output = "".join(pool.map(run_clang_format, [tree.root] * len(shares), shares))
    except FileNotFoundError:
        yield Breach(".clang-format", 1, "format", "clang-format is not installed", "run ci/install")
        return
    first_places = {}
    for match in PLACE.finditer(output):
        first_places.setdefault(match["path"], (int(match["line"]), match["what"]))
    for path, (line, what) in first_places.items():  # one line a file: the remedy is the same for all of it
        yield Breach(path, line, "format", what, f"run clang-format -i {path}")
