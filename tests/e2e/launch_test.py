"""Ranks that another launcher started: the real torchrun, and the variables that Slurm and MPI set."""
import json, os, subprocess
from program import PROGRAM, ProgramTest, main

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]
TORCHRUN = os.path.join(os.path.dirname(os.environ["ISOBATCH_PYTHON"]), "torchrun")

LAUNCHERS = {
    "Open MPI": lambda rank, world: {"OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": world, "OMPI_COMM_WORLD_LOCAL_SIZE": world},
    "PMI": lambda rank, world: {"PMI_RANK": rank, "PMI_SIZE": world, "MPI_LOCALNRANKS": world},
    "Slurm": lambda rank, world: {"SLURM_PROCID": rank, "SLURM_NTASKS": "64", "SLURM_STEP_NUM_TASKS": world, "SLURM_STEP_TASKS_PER_NODE": world},
}


class Launch(ProgramTest):
    def torchrun(self, ranks, *words, environment=None):
        done = subprocess.run([TORCHRUN, "--no-python", "--nproc-per-node", str(ranks), PROGRAM, *words], cwd=self.folder.name, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300, env={**os.environ, **(environment or {})})
        self.said = done.stdout + done.stderr
        return done.returncode

    def ranks(self, launcher, world, *words, variables=None):
        """Exit codes of processes that see what this launcher sets."""
        started = []
        for rank in range(world):
            own = {**LAUNCHERS[launcher](str(rank), str(world)), **(variables or {})}
            started.append(subprocess.Popen([PROGRAM, *words], cwd=self.folder.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True, env={**os.environ, **own}))
        self.each = [process.communicate(timeout=120)[0] for process in started]
        self.said = "".join(self.each)
        return [process.returncode for process in started]

    def splits(self):
        return {record["split"]: record["verdict"]["outcome"] for record in self.result()["records"]}

    def test_torchrun_runs_a_matrix_whose_splits_need_fewer_ranks(self):
        self.assertEqual(self.torchrun(3, "check", "mlp", "--engine", "gloo", "--effective", "6"), 0, self.said)
        self.assertEqual(sorted(self.splits()), sorted(("6x1x1", "3x2x1", "2x3x1", "1x6x1", "3x1x2", "1x3x2", "2x1x3", "1x2x3")))
        self.assertIn("ranks: 3, started by torchrun (RANK, WORLD_SIZE)", self.said)

    def test_copies_are_ranks_of_the_launcher_too(self):
        nested = ("check", "mlp", "--engine", "gloo", "--effective", "4", "--copies", "2")
        self.assertEqual(self.ranks("PMI", 4, *nested), [0] * 4, self.said)
        self.assertEqual({split[-1] for split in self.splits()}, {"1", "2"})
        for world, words, said in ((3, nested, "3 ranks are no whole number of devices of 2 copies"), (2, ("check", "mlp", "--engine", "gloo", "--jobs", "2"), "leave out --jobs")):
            self.assertEqual(self.ranks("PMI", world, *words), [2] * world, self.said)
            self.assertTrue(all(said in each for each in self.each), self.said)

    def test_the_verdict_is_that_of_our_own_supervisor(self):
        words = ("check", "gpt", "--engine", "gloo:view", "--splits", "4x2x2", "--fault", "never-synced")
        self.assertNotEqual(self.torchrun(2, *words, "--out", "theirs"), 0, self.said)
        self.assertEqual(self.isobatch(*words, "--out", "ours"), 1, self.said)
        theirs, ours = (self.result(folder) for folder in ("theirs", "ours"))
        self.assertEqual(theirs["exit_code"], 1)
        self.assertEqual(json.dumps(theirs["findings"]), json.dumps(ours["findings"]))

    def test_a_rank_that_dies_is_a_crash_and_the_next_trial_has_a_fresh_group(self):
        self.torchrun(2, "check", "aborts-in-2x2x1", "--runner", RUNNER, "--engine", "gloo", "--splits", "4x1x1,2x1x2,1x2x2",
                      environment={"ISOBATCH_ONCE": self.path("once")})
        self.assertEqual(self.splits(), {"4x1x1": "identical", "2x1x2": "crashed", "1x2x2": "equivalent"}, self.said)
        self.assertIn("signal 6", self.said)

    def test_a_rank_whose_worker_never_starts_is_a_crash(self):
        with open(self.path("dead"), "w", encoding="utf-8") as file:  # rank 1's alone
            file.write(f"#!/bin/sh\n[ \"$SLURM_PROCID\" = 1 ] && kill -9 $$\nexec '{RUNNER}' \"$@\"\n")
        os.chmod(self.path("dead"), 0o755)
        codes = self.ranks("Slurm", 2, "check", "mlp", "--runner", self.path("dead"), "--engine", "gloo", "--splits", "2x1x2,1x2x2", "--effective", "4", "--start-deadline", "5")
        self.assertEqual(codes, [3, 3], self.said)
        self.assertIn("ended before it greeted, with signal 9", self.each[1])
        self.assertEqual(set(self.splits().values()), {"crashed"})

    def test_slurm_and_mpi_say_which_rank_a_process_is(self):
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                self.assertEqual(self.ranks(launcher, 2, "check", "mlp", "--engine", "gloo", "--splits", "2x1x2"), [0, 0], self.said)
                self.assertIn(f"started by {launcher} (", self.each[0])
                self.assertEqual(self.each[1], "")

    def test_a_run_that_is_finished_already_lets_every_rank_go(self):
        words = ("check", "mlp", "--engine", "gloo", "--splits", "2x1x2")
        self.assertEqual(self.ranks("Slurm", 2, *words), [0, 0], self.said)
        self.assertEqual(self.ranks("Slurm", 2, *words, "--resume"), [0, 0], self.said)
        self.assertIn("1 of 1 trials were finished already", self.said)

    def test_what_contradicts_itself_is_misuse_on_every_rank(self):
        for variables, words, said in (({"SLURM_PROCID": "2"}, ("--splits", "2x1x2"), "SLURM_PROCID is 2, but SLURM_STEP_NUM_TASKS is 2"),
                                       ({}, ("--splits", "2x1x4"), "2 ranks were started for 4 devices"),
                                       ({}, ("--splits", "4x1x1"), "2 ranks were started for 1 devices"),
                                       ({"SLURM_STEP_TASKS_PER_NODE": "1(x2)"}, ("--splits", "2x1x2"), "several machines")):
            with self.subTest(said):
                self.assertEqual(self.ranks("Slurm", 2, "check", "mlp", "--engine", "gloo", *words, variables=variables), [2, 2], self.said)
                for text in self.each:
                    self.assertIn(said, text)
        self.assertEqual(self.ranks("Slurm", 2, "check", "mlp"), [2, 2], self.said)
        self.assertIn("choose --engine gloo", self.said)


if __name__ == "__main__":
    main()
