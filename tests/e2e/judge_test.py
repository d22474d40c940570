"""Traces on disk: judged like those in memory, and refused when they are damaged."""
import glob, json, os, shutil, subprocess
from program import PROGRAM, ProgramTest, main
from runs import without_times


class Judge(ProgramTest):
    def traces(self):
        """A faulty run with every trace kept: the reference's folder and the candidates'."""
        self.isobatch("check", "gpt", "--splits", "16x1x1,4x4x1,4x2x2,1x16x1", "--fault", "token-mean-of-means", "--identities", "all", "--keep-traces")
        folders = glob.glob(self.path("isobatch-report/traces/*"))
        reference = next(folder for folder in folders if os.path.basename(folder).startswith("reference"))
        return reference, sorted(set(folders) - {reference})

    def test_files_give_the_verdicts_and_findings_of_memory(self):
        reference, candidates = self.traces()
        self.assertEqual(self.isobatch("judge", reference, *candidates), 1, self.said)
        memory, files = self.result(), self.result("isobatch-judge")
        for part in ("records", "findings", "claims", "outcome"):
            self.assertEqual(json.dumps(without_times(memory[part])), json.dumps(without_times(files[part])), part)

    def test_the_judge_links_no_libtorch(self):
        libraries = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True).stdout
        self.assertIn("libstdc++", libraries)
        for name in ("torch", "c10", "cuda"):
            self.assertNotIn(name, libraries)

    def test_damage_is_refused_with_path_and_place(self):
        reference, candidates = self.traces()
        victim = candidates[0]
        tensors = glob.glob(victim + "/rank0/*.safetensors")[0]

        def flip(path):
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                byte = file.read(1)[0]
                file.seek(-1, 1)
                file.write(bytes([byte ^ 1]))

        def lie(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace('"bytes":', '"bytes":1', 1))

        damages = (("flipped byte", lambda: flip(tensors), 2, tensors), ("truncated tensors", lambda: os.truncate(tensors, os.path.getsize(tensors) - 7), 2, tensors),
                   ("missing rank", lambda: shutil.rmtree(victim + "/rank0"), 2, "rank0"), ("lying length", lambda: lie(victim + "/manifest.json"), 2, "manifest.json"),
                   ("flipped manifest", lambda: flip(victim + "/manifest.json"), 2, "manifest.json"), ("no manifest", lambda: os.remove(victim + "/manifest.json"), 3, "manifest.json"))
        shutil.copytree(victim, self.path("whole"))
        for name, damage, code, place in damages:
            with self.subTest(name):
                shutil.rmtree(victim)
                shutil.copytree(self.path("whole"), victim)
                damage()
                self.assertEqual(self.isobatch("judge", reference, victim), code, self.said)
                self.assertIn(place, self.said)
                self.assertIn("next:", self.said)

    def test_traces_of_another_matrix_are_refused(self):
        reference, _ = self.traces()
        self.isobatch("check", "gpt", "--seed", "2", "--splits", "16x1x1,4x4x1", "--keep-traces", "--out", "other")
        stranger = glob.glob(self.path("other/traces/gpt-4x4x1*"))[0]
        self.assertEqual(self.isobatch("judge", reference, stranger), 2, self.said)
        self.assertIn("follows", self.said)

    def test_trace_commands(self):
        reference, candidates = self.traces()
        self.assertEqual(self.isobatch("trace", "check", reference), 0, self.said)
        self.assertEqual(self.isobatch("trace", "show", candidates[0]), 0)
        self.assertIn("backward 0", self.said)
        os.remove(candidates[0] + "/manifest.json")
        self.assertEqual(self.isobatch("trace", "show", candidates[0]), 3)  # an interrupted run is still readable
        self.assertIn("backward 0", self.said)
        self.assertEqual(self.isobatch("trace", "check", self.path("nowhere")), 2)


if __name__ == "__main__":
    main()
