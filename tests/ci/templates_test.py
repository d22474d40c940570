#!/usr/bin/env python3
"""ci/templates: each is well-formed, and the commands in it are run as they stand, on a right trainer and on a wrong one."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "ci" / "templates"
PROGRAM = pathlib.Path(os.environ["ISOBATCH_PROGRAM"])


def github():
    job = yaml.safe_load((TEMPLATES / "github.yml").read_text(encoding="utf-8"))
    return job, [line for step in job["jobs"]["isobatch"]["steps"] for line in step.get("run", "").splitlines()]


def gitlab():
    job = yaml.safe_load((TEMPLATES / "gitlab.yml").read_text(encoding="utf-8"))
    return job, job["isobatch"]["before_script"] + job["isobatch"]["script"]


def jenkins():
    text = re.sub(r"//(?!git).*", "", (TEMPLATES / "Jenkinsfile").read_text(encoding="utf-8"))
    return text, re.findall(r"\bsh '([^']*)'", text)


class Templates(unittest.TestCase):
    def test_each_builds_from_the_scripts_that_there_are(self):
        for _, commands in (github(), gitlab(), jenkins()):
            text = "\n".join(commands)
            for script in re.findall(r"\.isobatch/(ci/\w+)", text):
                self.assertTrue(os.access(ROOT / script, os.X_OK), script)
            self.assertIn(".isobatch/ci/install", text)
            self.assertIn(".isobatch/ci/build release", text)

    def test_each_keeps_the_report_when_it_fails(self):
        steps = github()[0]["jobs"]["isobatch"]["steps"]
        kept = [step for step in steps if "upload-artifact" in step.get("uses", "")]
        self.assertEqual([(step["if"], step["with"]["path"]) for step in kept], [("always()", "isobatch-report")])
        artifacts = gitlab()[0]["isobatch"]["artifacts"]
        self.assertEqual((artifacts["when"], artifacts["paths"], artifacts["reports"]["junit"]), ("always", ["isobatch-report"], "isobatch-report/junit.xml"))
        self.assertRegex(jenkins()[0], r"post \{\s*always \{\s*junit 'isobatch-report/junit.xml'\s*archiveArtifacts artifacts: 'isobatch-report/\*\*'")

    def test_the_jenkinsfile_closes_what_it_opens(self):
        bare = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", jenkins()[0])
        depth = 0
        for character in bare:
            depth += {"{": 1, "}": -1}.get(character, 0)
            self.assertGreaterEqual(depth, 0)
        self.assertEqual(depth, 0)
        self.assertEqual(bare.count("("), bare.count(")"))
        self.assertNotRegex(bare, "['\"]")

    def test_their_commands_are_green_on_a_right_trainer_and_red_on_a_wrong_one(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["cc", "-O1", "-I", ROOT / "harness/recorder", ROOT / "harness/recorder/examples/linear.c", "-lm", "-o", f"{folder}/linear"], check=True)
            environment = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "SPLITS": "8x1x1,2x4x1,1x8x1"}

            def run(command, train):
                return subprocess.run(["bash", "-ec", command], cwd=folder, env={**environment, "TRAIN": train}, capture_output=True, text=True, check=False)

            for _, commands in (github(), gitlab(), jenkins()):
                train, gate = [line for line in commands if line.startswith("isobatch ")]
                self.assertTrue(train.startswith("isobatch try ") and gate.startswith("isobatch gate "), (train, gate))
                done = run(train, "./linear {per_device} {accum}")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                approve = run("isobatch gate isobatch-report --baseline isobatch.json --approve --yes", "")
                self.assertEqual(approve.returncode, 0, approve.stdout + approve.stderr)
                done = run(gate, "")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                done = run(train, "./linear {per_device} {accum} mean-of-means")
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                done = run(gate, "")
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
