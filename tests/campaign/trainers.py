"""Tries the trainers that people use, as installed by ci/install --trainers, and writes what came out: the page "Is your trainer affected?".

usage: trainers.py [--only WORD] [--report FILE]    FILE.md is the page
"""
import argparse, collections, glob, json, os, re, subprocess, sys, tempfile

from runs import PROGRAM, write_report

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
PYTHON, TRAINERS = os.environ["ISOBATCH_PYTHON"], os.environ["ISOBATCH_TRAINERS"]
MEANS = "token-mean-of-means"

# cause: what must be found; "" where the trainer must be right.
Trainer = collections.namedtuple("Trainer", "title release script words cause says splits options", defaults=("16x1x1,4x4x1,1x16x1", ()))
TRAINERS_TRIED = (
    Trainer("Hugging Face Trainer, 4.45.2", "transformers-4.45.2", "hf_train.py", "", MEANS,
            "Each micro-batch's loss is its own mean, so a token weighs more the fewer tokens its micro-batch holds. Whoever accumulated with this release "
            "over rows of different lengths is affected; upgrade."),
    Trainer("Hugging Face Trainer, 5.23.0", "transformers-5.23.0", "hf_train.py", "", "",
            "The Trainer counts the scored tokens of the whole window first and divides by them: every split trains alike."),
    Trainer("Hugging Face Trainer, 4.45.2, with bf16=True", "transformers-4.45.2", "hf_train.py", "--bf16", MEANS,
            "The same, computed in bfloat16 under autocast: gradients are judged by the bits that they were computed in, and the weights stand out of their rounding."),
    Trainer("Hugging Face Trainer, 5.23.0, with bf16=True", "transformers-5.23.0", "hf_train.py", "--bf16", "",
            "Within what rounding to bfloat16 may cause, every split trains alike."),
    Trainer("Accelerate, as its manual shows it", "transformers-5.23.0", "accelerate_train.py", "--loop accumulate", MEANS,
            "`accelerator.accumulate()` divides each loss by the number of micro-batches; with a mean loss and rows of different lengths that is a mean of means. "
            "It is the loop's loss that is at fault, not the library, and the next one mends it."),
    Trainer("Accelerate, counting the window's tokens", "transformers-5.23.0", "accelerate_train.py", "--loop counted", "",
            "Summed losses over the tokens of the whole window, times the divisor that `backward()` applies: every split trains alike."),
    Trainer("Lightning, a mean loss over rows of different lengths", "lightning-2.6.6", "lightning_train.py", "", MEANS,
            "`accumulate_grad_batches` divides each loss by the number of micro-batches: the same mean of means. Any `training_step` that returns a mean over tokens is affected."),
    Trainer("Lightning, rows of one length", "lightning-2.6.6", "lightning_train.py", "--lengths equal", "",
            "Where all micro-batches count equally many tokens, their means may be averaged. Such data cannot show the fault, which has to be allowed by name.",
            options=("--allow-untested", "weighting")),
    Trainer("A DDP loop under torchrun, two ranks", "", "ddp_train.py", "", "",
            "The tokens of the window are counted over all ranks and gradients are exchanged with the last micro-batch only. isobatch starts torchrun by itself.",
            splits="16x1x1,8x1x2,2x4x2,1x16x1"),
    Trainer("A DDP loop that counts its tokens on each rank alone", "", "ddp_train.py", "--fault rank-local-denominator", "rank-local-denominator",
            "Planted: each rank divides by its own tokens, so rows weigh by the rank that they are on.", splits="16x1x1,8x1x2,2x4x2,1x16x1"),
    Trainer("A plain loop", "", "plain_train.py", "", "", "Counts first, sums, divides once: what a right loop looks like."))


def attempt(trainer):
    """(the command as typed, exit code, output, causes, outcome of each split, versions)"""
    words = ["try", "--splits", trainer.splits, *trainer.options, "--", "python", "tests/e2e/" + trainer.script, "--bs", "{per_device}", "--ga", "{accum}",
             *trainer.words.split()]
    path = os.path.join(TRAINERS, trainer.release) if trainer.release else ""
    environment = {**os.environ, "PATH": os.path.dirname(PYTHON) + os.pathsep + os.environ["PATH"], "PYTHONPATH": path}
    with tempfile.TemporaryDirectory(prefix="isobatch-trainers-") as folder:
        done = subprocess.run([PROGRAM, *words[:3], "--out", folder, *words[3:]], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment, check=False)
        try:
            with open(os.path.join(folder, "result.json"), encoding="utf-8") as file:
                result = json.load(file)
            with open(sorted(glob.glob(os.path.join(folder, "traces", "*", "manifest.json")))[0], encoding="utf-8") as file:
                versions = json.load(file)["provenance"]
        except (OSError, IndexError):
            result, versions = {"findings": [], "records": []}, {}
    output = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("report:"))
    shown = ("PYTHONPATH=.deps/trainers/" + trainer.release + " " if trainer.release else "") + "isobatch " + " ".join(words)
    return (shown, done.returncode, output, [cause for finding in result["findings"] for cause in finding["causes"]],
            {record["split"]: record["verdict"]["outcome"] for record in result["records"]}, versions)


def verdict(seen):
    _, code, _, causes, outcomes, _ = seen
    if code == 0:
        return "equivalent"
    red = ", ".join(split for split, outcome in outcomes.items() if outcome == "divergent")
    return f"**divergent** in {red}: {' or '.join(causes)}" if code == 1 else f"no verdict (exit code {code})"


def release_of(seen):
    names = ("transformers", "accelerate", "pytorch_lightning", "torch")
    return ", ".join(f"{name} {seen[5][name]}" for name in names if name in seen[5])


def page(tried, planted):
    table = "\n".join(f"| [{trainer.title}](#{anchor(trainer.title)}) | {release_of(seen)} | {verdict(seen)} |" for trainer, seen in tried)
    faults = "\n".join(f"| {trainer.words.split()[-1]} | {verdict(seen)} |" for trainer, seen in planted)
    parts = "\n\n".join(f"## {trainer.title}\n\n```sh\n{seen[0]}\n```\n\n{trainer.says}\n\n```\n{seen[2].strip()}\n```" for trainer, seen in tried)
    return ("# Is your trainer affected?\n\nOne command tells: `isobatch try --splits 16x1x1,4x4x1,1x16x1 -- python train.py --bs {per_device} --ga {accum}`, with the options of "
            "your own script. Below is what it printed for the trainers that people use (`ci/campaign trainers`; tiny random models, rows of 2 to 24 tokens, the scripts "
            "of tests/e2e). *Divergent* means that splits of one effective batch train differently: the finding says which rows got the wrong weight, which bug that is, "
            f"and its remedy.\n\n| trainer | releases | verdict |\n| --- | --- | --- |\n{table}\n\n{parts}\n\n## The plain loop with each planted fault\n\n"
            "`isobatch try --splits 16x1x1,4x4x1,1x16x1 -- python tests/e2e/plain_train.py --bs {per_device} --ga {accum} --fault NAME`. What is `unknown` is seen and shown "
            f"with its evidence, but is no cause that the catalogue can predict from an outside trace.\n\n| planted | verdict |\n| --- | --- |\n{faults}")


def anchor(title):
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def main():
    from plain_train import FAULTS
    parser = argparse.ArgumentParser(description="Tries the trainers that people use.")
    parser.add_argument("--only", default="", help="those whose title or words contain this")
    parser.add_argument("--report", help="file for the page, without .md")
    options = parser.parse_args()
    faults = [Trainer("A plain loop", "", "plain_train.py", "--fault " + fault, "any", "") for fault in FAULTS]
    tried, planted, wrong = [], [], 0
    for trainer in (*TRAINERS_TRIED, *faults):
        if options.only not in trainer.title + " " + trainer.words:
            continue
        seen = attempt(trainer)
        (planted if trainer.cause == "any" else tried).append((trainer, seen))
        as_expected = seen[1] == (1 if trainer.cause else 0) and (trainer.cause in ("", "any") or trainer.cause in seen[3])
        wrong += not as_expected
        print(f"{'' if as_expected else 'WRONG '}{trainer.title} {trainer.words}: {verdict(seen)}", flush=True)
        if not as_expected:
            print(seen[2])
    write_report(options.report and options.report + ".md", page(tried, planted))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
