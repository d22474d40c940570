"""`isobatch try` on scripts that take their split from a file or from the environment."""
import json, os

from attempts import PYTHON, SCRIPTS, TRAINERS, TryTest
from program import main

SCRIPT, SPLITS = os.path.join(SCRIPTS, "config_train.py"), "16x1x1,4x4x1,1x16x1"
JSON = '{"train": {"bs": {per_device}, "ga": {accum}, "out": "{out}", "of": "{effective} on {devices}", "fault": "%s", "name": "\\{epoch}", "empty": {}}, "more": {}}\n'
TOML = '[train]\nbs = {per_device}\nga = {accum}\nfault = "%s"\nlr = { first = 1 }\n'
YAML = "train: {bs: {per_device}, ga: {accum}, fault: %s}\nhome: ${oc.env:HOME} {{ jinja }} ${train}\n"


class TryConfig(TryTest):
    def try_file(self, name, text, *words, options=(), release=None):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        environment = {"PYTHONPATH": os.path.join(TRAINERS, release)} if release else {}
        return self.isobatch("try", "--splits", SPLITS, "--config", name, *options, "--", PYTHON, SCRIPT, *words or ("{config}",), environment=environment)

    def test_json_toml_and_yaml(self):
        for name, text, release in (("train.json", JSON, None), ("train.toml", TOML, None), ("train.yaml", YAML, "lightning-2.6.6")):
            with self.subTest(name):
                self.assertEqual(self.try_file(name, text % "none", release=release), 0, self.said)
                self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
                self.assertEqual(self.try_file(name, text % "double-division", release=release), 1, self.said)
                self.assertEqual(self.causes(), ["double-division"])
                self.assertIn(f"--config {name} -- ", self.said)  # in the command that repeats it

    def test_each_split_has_its_own_copy_in_its_own_folder(self):
        self.assertEqual(self.try_file("train.json", JSON % "none"), 0, self.said)
        for split in SPLITS.split(","):
            folder = os.path.realpath(self.path(f"isobatch-report/splits/{split}"))
            per_device, accum, _ = map(int, split.split("x"))
            with open(os.path.join(folder, "seen.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"bs": per_device, "ga": accum, "out": folder, "of": "16 on 1", "fault": "none", "name": "{epoch}", "empty": {}})
            with open(os.path.join(folder, "train.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["train"]["ga"], accum)

    def test_the_environment(self):
        words = ("--", PYTHON, SCRIPT)
        self.assertEqual(self.isobatch("try", "--splits", SPLITS, "--env", "BS={per_device}", "--env", "GA={accum}", *words), 0, self.said)
        self.assertEqual(list(self.outcomes().values()), ["identical", "equivalent", "equivalent"])
        self.assertEqual(self.isobatch("try", "--splits", SPLITS, "--env", "BS={per_device}", *words), 2)
        self.assertIn("the command has no {accum}", self.said)
        self.assertEqual(self.isobatch("try", "--splits", SPLITS, "--env", "BS", *words), 2)
        self.assertIn("write KEY=VALUE", self.said)

    def test_what_is_wrong_is_said_before_anything_runs(self):
        for text, words, said in (('{"bs": {per_device},\n "ga": {accumulation}}', (), "unknown placeholder {accumulation}\n  where: train.json, line 2\n  next:  write one of {per_device} {accum} {devices} {effective} {out}, or"),
                                  (JSON % "none", ("{per_devices}", "{config}"), "unknown placeholder {per_devices}\n  where: COMMAND\n"),
                                  ('{"bs": {per_device}}', (), "the command has no {accum}"), (JSON % "none", ("train.json",), "the command has no {config}")):
            with self.subTest(said):
                self.assertEqual(self.try_file("train.json", text, *words), 2, self.said)
                self.assertIn(said, self.said)
                self.assertFalse(os.path.exists(self.path("isobatch-report")))
        self.assertEqual(self.isobatch("try", "--splits", SPLITS, "--config", "absent.json", "--", PYTHON, SCRIPT, "{config}"), 2)
        self.assertIn("absent.json", self.said)


if __name__ == "__main__":
    main()
