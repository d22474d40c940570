"""Ranks on several machines: hosts that share a run directory and reach each other over a network."""
import os, subprocess, sys, time
from hosts import ADDRESS, Hosts
from program import PROGRAM, ProgramTest, main

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]
TORCHRUN = os.path.join(os.path.dirname(os.environ["ISOBATCH_PYTHON"]), "torchrun")
MEETING = {"MASTER_ADDR": ADDRESS.format(1), "MASTER_PORT": "29500"}
SPLITS = ("--effective", "4", "--splits", "4x1x1,2x1x2,1x2x2")


def slurm(rank, world):
    return {"SLURM_PROCID": str(rank), "SLURM_STEP_NUM_TASKS": str(world), "SLURM_STEP_TASKS_PER_NODE": f"1(x{world})", **MEETING}


def pytorchjob(rank, world):
    return {"PET_NNODES": str(world), "PET_NPROC_PER_NODE": "1", "RANK": str(rank), "WORLD_SIZE": str(world), "PYTHONUNBUFFERED": "0", **MEETING}


class Machines(ProgramTest):
    def hosts(self, count):
        hosts = Hosts(count)
        self.addCleanup(hosts.end)
        return hosts

    def one_each(self, hosts, words, launcher=slurm, world=None, extra=lambda rank: {}, before=lambda rank: []):
        """A process of isobatch on each host, as a launcher starts one rank a machine."""
        world = world or len(hosts.hosts)
        return [hosts.start(rank + 1, [*before(rank), PROGRAM, *words], cwd=self.folder.name, env={**os.environ, **launcher(rank, world), **extra(rank)})
                for rank in range(len(hosts.hosts))]

    def ends(self, started):
        self.each = [process.communicate(timeout=200)[0] for process in started]
        self.said = "\n".join(self.each)
        return [process.returncode for process in started]

    def outcomes(self, folder="isobatch-report"):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result(folder)["records"]}

    def test_torchrun_on_two_machines_has_the_verdicts_of_one(self):
        hosts, words = self.hosts(2), ("check", "mlp", "--engine", "gloo", "--effective", "4", "--max-devices", "4")
        started = [hosts.start(node + 1, [TORCHRUN, "--no-python", "--nnodes", "2", "--node-rank", str(node), "--nproc-per-node", "2", "--master-addr", MEETING["MASTER_ADDR"],
                                          "--master-port", MEETING["MASTER_PORT"], PROGRAM, *words, "--out", "theirs"], cwd=self.folder.name) for node in range(2)]
        self.assertEqual(self.ends(started), [0, 0], self.said)
        self.assertIn("ranks: 4, started by torchrun (RANK, WORLD_SIZE), which meet at 10.77.0.1:29501", self.said)
        self.assertEqual(self.isobatch(*words, "--out", "ours"), 0, self.said)
        theirs, ours = ([(record["split"], record["verdict"]) for record in self.result(folder)["records"]] for folder in ("theirs", "ours"))
        self.assertEqual(theirs, ours)
        self.assertIn("1x1x4", dict(theirs))
        self.assertEqual([name for name in os.listdir(self.path("theirs")) if "key" in name or "meeting" in name], [])

    def test_slurm_and_pytorchjob_start_one_rank_a_machine(self):
        for launcher, engine in ((slurm, "gloo"), (pytorchjob, "gloo:flat")):
            with self.subTest(launcher.__name__):
                codes = self.ends(self.one_each(self.hosts(3), ("check", "mlp", "--engine", engine, "--effective", "6"), launcher))
                self.assertEqual(codes, [0, 0, 0], self.said)
                self.assertIn("2x1x3", self.outcomes())
                self.assertEqual(self.each[1:], ["", ""])

    def test_a_run_that_is_finished_already_lets_every_machine_go(self):
        hosts, words = self.hosts(2), ("check", "mlp", "--engine", "gloo", "--effective", "4", "--splits", "2x1x2")
        self.assertEqual(self.ends(self.one_each(hosts, words)), [0, 0], self.said)
        self.assertEqual(self.ends(self.one_each(hosts, (*words, "--resume"))), [0, 0], self.said)
        self.assertIn("1 of 1 trials were finished already", self.said)

    def test_a_planted_fault_is_named_across_machines(self):
        codes = self.ends(self.one_each(self.hosts(2), ("check", "gpt", "--engine", "gloo:view", "--splits", "4x2x2", "--fault", "never-synced")))
        self.assertEqual(codes, [1, 0], self.said)
        self.assertIn("never-synced", self.said)

    def test_a_worker_that_dies_on_another_machine_is_a_crash_of_its_rank(self):
        open(self.path("others"), "w", encoding="utf-8").close()  # a file that is there already: theirs do not die
        codes = self.ends(self.one_each(self.hosts(2), ("check", "aborts-in-2x2x1", "--runner", RUNNER, "--engine", "gloo", *SPLITS),
                                        extra=lambda rank: {"ISOBATCH_ONCE": self.path("mine" if rank == 1 else "others")}))
        self.assertEqual(codes, [3, 0], self.said)
        self.assertEqual(self.outcomes(), {"4x1x1": "identical", "2x1x2": "crashed", "1x2x2": "equivalent"}, self.said)
        self.assertRegex(self.said, r"rank 1: ended with signal 6")

    def test_a_machine_that_is_unplugged_is_a_crash_of_its_rank(self):
        open(self.path("others"), "w", encoding="utf-8").close()
        hosts = self.hosts(2)
        started = self.one_each(hosts, ("check", "hangs-in-2x2x1", "--runner", RUNNER, "--engine", "gloo", "--effective", "4", "--splits", "2x1x2", "--start-deadline", "15"),
                                extra=lambda rank: {"ISOBATCH_ONCE": self.path("mine" if rank == 1 else "others")})
        until = time.monotonic() + 100
        while not os.path.exists(self.path("mine")) and time.monotonic() < until:
            time.sleep(0.05)
        hosts.unplug(2)
        self.assertEqual(self.ends(started), [3, 3], self.said)
        self.assertEqual(self.outcomes(), {"2x1x2": "crashed"}, self.said)
        self.assertIn("rank 1: ended with a closed connection", self.each[0])
        self.assertIn("rank 1: rank 0 is not at 10.77.0.1:29500", self.each[1])

    def test_a_machine_that_never_comes_is_waited_for_until_the_start_deadline(self):
        codes = self.ends(self.one_each(self.hosts(1), ("check", "mlp", "--engine", "gloo", "--effective", "4", "--splits", "2x1x2", "--start-deadline", "4"), world=2))
        self.assertEqual(codes, [3], self.said)
        self.assertIn("1 of 2 ranks came within 4 s", self.said)

    def test_machines_that_do_not_share_the_run_directory_say_so(self):
        os.mkdir(self.path("run"))
        apart = ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs none '{self.path('run')}' && exec \"$@\"", "sh"]
        codes = self.ends(self.one_each(self.hosts(2), ("check", "mlp", "--engine", "gloo", *SPLITS, "--out", "run"), before=lambda rank: apart if rank == 1 else []))
        self.assertEqual(codes, [2, 2], self.said)
        for text in self.each:
            self.assertIn("do not share the run directory", text)
            self.assertIn("--out", text)

    def test_without_an_address_every_rank_says_what_to_set(self):
        codes = self.ends(self.one_each(self.hosts(2), ("check", "mlp", "--engine", "gloo"), extra=lambda rank: {"MASTER_ADDR": ""}))
        self.assertEqual(codes, [2, 2], self.said)
        for text in self.each:
            self.assertIn("MASTER_ADDR", text)


if __name__ == "__main__":
    try:
        Hosts(1).end()
    except (OSError, subprocess.SubprocessError) as problem:
        print(f"skipped: this machine makes no hosts: {problem}")
        sys.exit(77)
    main()
