"""Starts isobatch and watches its processes from outside, by what the kernel says of them."""
import json, os, subprocess, tempfile, time

PROGRAM = os.environ["ISOBATCH_PROGRAM"]
RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]


def processes_of(folder):
    """Ids of the processes that name this folder on their command line."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if entry.isdigit() and os.fsencode(folder) in file.read():
                    found.append(int(entry))
        except OSError:
            pass
    return found


def without_times(value):
    """The same JSON without what two runs of one trial never share: times, and where a trace was kept."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in ("cost", "trace")}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def catalogue():
    """What can be planted where campaigns run, on the CPU; of each other fault a line says why it is left out."""
    known = json.loads(subprocess.run([PROGRAM, "faults", "--json"], capture_output=True, text=True, check=True).stdout)
    for entry in known:
        if "device" in entry["needs"]:
            print(f"NOT PLANTED {entry['id']}: needs --device {entry['needs']['device']}", flush=True)
    return [entry for entry in known if "device" not in entry["needs"]]


def write_report(path, text):
    """A campaign's figures for reports/published; nowhere, if nobody asked."""
    if path:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")


class Run:
    """One `isobatch check` in a folder of its own."""

    def __init__(self, *words, prepare=None):
        """`prepare`: makes a worker program in the folder that it is given."""
        self.home = tempfile.TemporaryDirectory(prefix="isobatch-campaign-")
        self.out = os.path.join(self.home.name, "run")
        self.orders = os.path.join(self.home.name, "orders")
        os.mkdir(self.orders)
        self.words = (*words, "--runner", prepare(self.home.name) if prepare else RUNNER, "--out", self.out)
        self.start()

    def start(self, *more):
        self.program = subprocess.Popen([PROGRAM, *self.words, *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env={**os.environ, "ISOBATCH_ORDERS": self.orders})

    def ranks(self):
        """Ids of the workers, in the order of their ranks: they are started in it."""
        return sorted(set(processes_of(self.out)) - {self.program.pid})

    def order(self, process, what):
        name = os.path.join(self.orders, str(process))
        with open(name + ".new", "w", encoding="ascii") as file:
            file.write(what)
        os.rename(name + ".new", name)

    def training(self, ranks):
        """Whether every rank has begun a step of the trial."""
        folder = os.path.join(self.out, "traces")
        begun = [name for name in (os.listdir(folder) if os.path.isdir(folder) else []) if not name.startswith("reference-")]
        return any(all(os.path.exists(os.path.join(folder, name, f"rank{rank}")) for rank in range(ranks)) for name in begun)

    def result(self):
        with open(os.path.join(self.out, "result.json"), encoding="utf-8") as file:
            return json.load(file)

    def finished(self):
        folder = os.path.join(self.out, "trials")
        return {name for name in os.listdir(folder) if name.endswith(".json")} if os.path.isdir(folder) else set()

    def all_gone(self, seconds):
        until = time.monotonic() + seconds
        while (left := processes_of(self.out)) and time.monotonic() < until:
            time.sleep(0.02)
        return not left

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        self.program.stdout.close()
        self.home.cleanup()
