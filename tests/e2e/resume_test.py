"""A run may be interrupted at any point: nothing finished is lost, nothing counts twice, and no process stays."""
import json, os, random, signal, subprocess, time
from program import PROGRAM, ProgramTest, main, without_times

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]


def processes_of(folder):
    """Ids of the workers that write into this folder."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if entry.isdigit() and folder.encode() in file.read():
                    found.append(int(entry))
        except OSError:
            pass
    return found


class Resume(ProgramTest):
    def start(self, *words):
        return subprocess.Popen([PROGRAM, *words, "--out", self.path("run")], cwd=self.folder.name, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def finished(self):
        folder = self.path("run/trials")
        return [name for name in os.listdir(folder) if name.endswith(".json")] if os.path.isdir(folder) else []

    def all_gone(self):
        until = time.monotonic() + 5
        while processes_of(self.path("run")) and time.monotonic() < until:
            time.sleep(0.02)
        return processes_of(self.path("run")) == []

    def test_ctrl_c_keeps_what_is_finished_and_ends_every_rank(self):
        words = ("check", "hangs-in-2x2x1", "--runner", RUNNER, "--engine", "gloo", "--splits", "4x1x1,2x1x2")
        program = self.start(*words)
        while len(self.finished()) < 1:
            self.assertIsNone(program.poll())
            time.sleep(0.02)
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(timeout=2), -signal.SIGINT)
        self.assertTrue(self.all_gone())
        self.assertEqual(len(self.finished()), 1)

    def interrupted(self, seed, *words):
        """Kills the program at random points until the matrix is done; the result."""
        chance = random.Random(seed)
        for attempt in range(80):
            before = set(self.finished())
            program = self.start(*words, "--resume")
            try:
                program.wait(timeout=chance.uniform(0.02, 0.4) * (1 + attempt / 10) if attempt else 0.02)  # a busy machine takes longer
                break
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
            self.assertTrue(self.all_gone())
            self.assertLessEqual(before, set(self.finished()))
        self.assertGreater(attempt, 0)
        self.assertEqual(program.returncode, 1)
        return self.result("run")

    def test_killed_anywhere_and_resumed_gives_the_undisturbed_result(self):
        for engine in ("serial", "gloo"):
            with self.subTest(engine):
                words = ("check", "mlp", "--engine", engine, "--effective", "8", "--max-devices", "2", "--fault", "token-mean-of-means")
                self.assertEqual(self.isobatch(*words, "--out", "calm"), 1, self.said)
                calm = without_times(self.result("calm"))
                seed = random.randrange(1 << 30)
                with self.subTest(seed=seed):
                    disturbed = without_times(self.interrupted(seed, *words))
                    self.assertEqual(json.dumps(calm), json.dumps(disturbed))
                subprocess.run(["rm", "-r", self.path("run")], check=True)

    def test_a_finished_trial_is_not_run_again_and_another_command_is_refused(self):
        words = ("check", "mlp", "--splits", "4x1x1,2x2x1", "--out", "run")
        self.assertEqual(self.isobatch(*words), 0, self.said)
        self.assertEqual(self.isobatch(*words, "--resume", "--runner", "/bin/false"), 0, self.said)
        self.assertIn("2 of 2 trials were finished already", self.said)
        self.assertEqual(self.isobatch(*words, "--resume", "--seed", "2"), 2, self.said)
        self.assertIn("another run", self.said)


if __name__ == "__main__":
    main()
