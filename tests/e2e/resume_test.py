"""A run may be interrupted: nothing finished is lost or run again, and no process stays. Random points: tests/campaign/kills.py."""
import os, signal, subprocess, time
from program import PROGRAM, ProgramTest, main
from runs import processes_of

RUNNER = os.environ["ISOBATCH_FAULTY_RUNNER"]


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

    def test_a_finished_trial_is_not_run_again_and_another_command_is_refused(self):
        words = ("check", "mlp", "--splits", "4x1x1,2x2x1", "--out", "run")
        self.assertEqual(self.isobatch(*words), 0, self.said)
        self.assertEqual(self.isobatch(*words, "--resume", "--runner", "/bin/false"), 0, self.said)
        self.assertIn("2 of 2 trials were finished already", self.said)
        self.assertEqual(self.isobatch(*words, "--resume", "--seed", "2"), 2, self.said)
        self.assertIn("another run", self.said)


if __name__ == "__main__":
    main()
