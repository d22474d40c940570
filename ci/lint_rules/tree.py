"""The files that the rules read: tracked ones, and new ones that git does not ignore."""
import collections
import functools
import os
import pathlib
import subprocess

Breach = collections.namedtuple("Breach", "path line rule what remedy")

CXX = (".h", ".hpp", ".cpp", ".cu", ".cuh")
NOT_SOURCE = {".git", ".deps", ".cache", "build", "isobatch-report", "__pycache__"}


class Tree:
    """A folder of files, by their paths relative to it ("harness/plan/split.h")."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(path for path in self._listed() if (root / path).is_file() and not (root / path).is_symlink())
        self.known = set(self.paths)

    def _listed(self):
        command = ["git", "-C", str(self.root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        try:
            done = subprocess.run(command, capture_output=True, check=True, text=True)
        except (OSError, subprocess.CalledProcessError):
            return self._walked()  # an unpacked archive: no git, but the same rules
        return {path for path in done.stdout.split("\0") if path}

    def _walked(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in NOT_SOURCE]
            yield from (pathlib.Path(folder, name).relative_to(self.root).as_posix() for name in files)

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        """The text of a file; "" for a binary one."""
        content = (self.root / path).read_bytes()
        return "" if b"\0" in content else content.decode("utf-8", errors="replace")

    def cxx(self):
        return [path for path in self.paths if path.endswith(CXX)]

    def scripts(self):
        """Python and shell files, also those that only their first line gives away."""
        return [path for path in self.paths if path.endswith((".py", ".sh")) or self.text(path).startswith("#!")]

    def is_python(self, path):
        return path.endswith(".py") or "python" in self.text(path).partition("\n")[0]


def line_of(text, position):
    """The line number (from 1) of a position in a text."""
    return text.count("\n", 0, position) + 1
