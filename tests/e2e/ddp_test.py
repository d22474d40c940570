"""Not checked against ourselves only: the gloo engine gives the gradients of Python's DistributedDataParallel, bit for bit."""
import glob, json, os, subprocess
from program import ProgramTest, main

PYTHON, TWIN_DATA = os.environ["ISOBATCH_PYTHON"], os.environ["ISOBATCH_TWIN_DATA"]
TWIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ddp_twin.py")
RECORDER = os.path.join(os.path.dirname(os.environ["ISOBATCH_PROGRAM"]), "recorder")
NAMES = ["layer%d_%s" % (layer, kind) for layer in range(3) for kind in ("weight", "bias")]

# The same exchange in both: options of the engine, those of DistributedDataParallel. With three ranks the order of the sum depends on
# the buckets.
EXCHANGES = (("gloo", {}, "fp64", "2x2x2"), ("gloo", {}, "fp32", "2x2x3"), ("gloo:view", {"gradient_as_bucket_view": True}, "fp64", "2x2x3"),
             ("gloo:unused", {"find_unused_parameters": True}, "fp32", "1x3x2"), ("gloo:bucket=1048576", {"bucket_cap_mb": 1}, "fp32", "1x2x3"))


def gradients(path, names=NAMES):
    """The bytes of each gradient in a step's file."""
    with open(path, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    part = lambda entry: data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]]
    return [part(header["grad/" + name]) for name in names] if "grad/" + names[0] in header else None


class Ddp(ProgramTest):
    def ours(self, engine, recipe, split):
        """A clean trial with its traces kept: (trial's folder, reference's folder, its text form)."""
        self.assertEqual(self.isobatch("check", "mlp", "--engine", engine, "--recipe", recipe, "--splits", split, "--keep-traces"), 0, self.said)
        folders = glob.glob(self.path("isobatch-report/traces/*"))
        reference = next(folder for folder in folders if os.path.basename(folder).startswith("reference-"))
        return next(folder for folder in folders if folder != reference), reference, self.result()["records"][0]["trial"]

    def python(self, ranks, trial, reference, options, recorded):
        """The same with Python's DDP; the folder with its gradients, or of its recorded traces."""
        self.assertEqual(subprocess.run([TWIN_DATA, trial, self.path("data")], check=False).returncode, 0)
        out = self.path("python")
        os.makedirs(out, exist_ok=True)
        if os.path.exists(self.path("meeting")):
            os.remove(self.path("meeting"))
        started = []
        for rank in range(ranks):
            own = {"RANK": str(rank), "WORLD_SIZE": str(ranks), "MEETING": self.path("meeting"), "GLOO_SOCKET_IFNAME": "lo"}
            if recorded:
                own |= {"PYTHONPATH": RECORDER, "ISOBATCH_TRACE": os.path.join(out, "trace"), "ISOBATCH_SPLIT": f"1x1x{ranks}"}
            started.append(subprocess.Popen([PYTHON, TWIN, self.path("data"), reference, out, json.dumps(options)], cwd=self.folder.name, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True, env={**os.environ, **own}))
        for process in started:
            said = process.communicate(timeout=120)[0]
            self.assertEqual(process.returncode, 0, said)
        return out

    def test_every_window_on_every_rank_is_python_s_bit_for_bit(self):
        for engine, options, recipe, split in EXCHANGES:
            with self.subTest(engine=engine, recipe=recipe, split=split):
                ours, reference, trial = self.ours(engine, recipe, split)
                ranks = int(split[-1])
                out = self.python(ranks, trial, reference, options, recorded=False)
                compared = 0
                for rank in range(ranks):
                    for file in sorted(glob.glob(f"{ours}/rank{rank}/*.safetensors")):
                        mine = gradients(file)
                        if mine is None:
                            continue  # a window that is not judged
                        window = int(file[-18:-12])
                        with open(os.path.join(out, f"{window}-{rank}"), "rb") as theirs:
                            self.assertEqual(theirs.read(), b"".join(mine), f"window {window}, rank {rank}")
                        compared += 1
                self.assertGreaterEqual(compared, 4 * ranks)

    def test_what_the_recorder_sees_of_python_s_ddp_is_the_engine_s_trace(self):
        ours, reference, trial = self.ours("gloo", "fp32", "2x2x2")
        out = self.python(2, trial, reference, {}, recorded=True)
        for rank in range(2):
            name = "step-000001.safetensors"
            self.assertEqual(gradients(f"{out}/trace/rank{rank}/{name}"), gradients(f"{ours}/rank{rank}/{name}"))
        self.assertEqual(self.isobatch("trace", "check", f"{out}/trace"), 0, self.said)


if __name__ == "__main__":
    main()
