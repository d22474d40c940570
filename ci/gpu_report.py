"""What ci/gpu leaves behind, and how it runs a command."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import tempfile

FILE_BYTES = 16 << 20
LOG_BYTES = 1 << 20  # of a stage, its end: that of a thousand crashes would fill the archive


class Failed(Exception):
    """What is wrong and what to do."""


def output_of(command, timeout=60):
    """(exit code, all output) of a command; a missing or hanging one has the code of a shell, and its children end with it."""
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        except OSError as error:
            return 127, f"{command[0]} is not installed ({error.strerror})"
        late = ""
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code, late = 124, f"\nno end within {timeout:.0f} s"
        finally:  # also when this program is told to end
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what it started and left
            process.wait()
        said.seek(0)
        return code, said.read().decode(errors="replace") + late


class Report:
    """What is left in the folder of results: whole after every stage, whatever ends this program in the next."""

    def __init__(self, out, first):
        self.out, self.result, self.logs = out, {**first, "stages": []}, tempfile.TemporaryDirectory()
        self.runs = pathlib.Path(self.logs.name) / "runs"
        out.mkdir(parents=True, exist_ok=True)

    def begins(self, name):
        self.result["stages"].append({"name": name, "exit": None})
        self.write()

    def ends(self, stage, log):
        self.result["stages"][-1] = stage
        folder = pathlib.Path(self.logs.name) / "details"
        folder.mkdir(exist_ok=True)
        (folder / f"{stage['name']}.txt").write_text(log[-LOG_BYTES:], encoding="utf-8")
        trials = self.runs / stage["name"] / "trials"
        if trials.is_dir() and not (trials.parent / "result.json").is_file():  # ended early: what was finished before
            shutil.copytree(trials, folder / f"{stage['name']}-trials")
        self.replace("details.tar.gz", lambda file: self.pack(folder, file))
        self.write()

    def write(self):
        self.result["passed"] = all(stage["exit"] == stage.get("expected", 0) for stage in self.result["stages"])
        self.replace("result.json", lambda file: file.write_text(json.dumps(self.result, indent=1) + "\n", encoding="utf-8"))

    def merge(self, program):
        """One report of all recipes so far that came to their end."""
        runs = sorted(path.parent for path in self.runs.glob("matrix-*/result.json"))
        if not runs:
            return
        merged = pathlib.Path(self.logs.name) / "merged"
        shutil.rmtree(merged, ignore_errors=True)
        code, said = output_of([*program, "report", *runs, "--out", merged])
        for name, kept in (("result.json", "matrix.json"), ("index.html", "matrix.html")):
            if (merged / name).is_file() and (merged / name).stat().st_size <= FILE_BYTES:
                self.replace(kept, lambda file, name=name: shutil.copyfile(merged / name, file))
            else:
                print(f"no {kept}: exit code {code}, {said.strip()[-300:]}")

    def replace(self, name, write):
        """By rename, or whoever copies the folder in between has half a file."""
        beside = pathlib.Path(self.logs.name) / name
        write(beside)
        shutil.copyfile(beside, self.out / f".{name}")
        (self.out / f".{name}").replace(self.out / name)

    @staticmethod
    def pack(folder, file):
        with tarfile.open(file, "w:gz") as archive:
            archive.add(folder, "details")
