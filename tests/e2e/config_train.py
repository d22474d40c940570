"""The plain loop for people who write a file: `config_train.py FILE` reads JSON, TOML or YAML; without one, the environment says it."""
import json, os, sys

from plain_train import Loop, arguments


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".toml"):
        import tomllib
        return tomllib.loads(text)
    if path.endswith(".yaml"):
        import yaml
        return yaml.safe_load(text)
    return json.loads(text)


if __name__ == "__main__":
    train = read(sys.argv[1])["train"] if sys.argv[1:] else {"bs": os.environ["BS"], "ga": os.environ["GA"]}
    if "out" in train:
        with open(os.path.join(train["out"], "seen.json"), "w", encoding="utf-8") as seen:
            json.dump(train, seen)
    Loop(arguments(["--bs", str(train["bs"]), "--ga", str(train["ga"]), "--fault", train.get("fault", "none")])).train()
