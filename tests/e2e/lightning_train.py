"""An unmodified Lightning Trainer: a token classifier whose training_step returns the mean loss of its micro-batch, as its manual shows it."""
import argparse
import tempfile

import pytorch_lightning
import torch
from torch.nn import functional

options = argparse.ArgumentParser()
options.add_argument("--bs", type=int, required=True)
options.add_argument("--ga", type=int, required=True)
options.add_argument("--lengths", choices=("ragged", "equal"), default="ragged")
options.add_argument("--schedule", choices=("once-an-update", "once-a-micro"), default="once-an-update")
options = options.parse_args()

VOCAB, IGNORED = 32, -100
torch.manual_seed(7)
lengths = torch.randint(2, 25, (32,)).tolist() if options.lengths == "ragged" else [12] * 32
rows = [torch.randint(1, VOCAB, (length,)) for length in lengths]


def collate(batch):
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(batch, batch_first=True), pad([(row * 5) % VOCAB for row in batch], batch_first=True, padding_value=IGNORED)


class Classifier(pytorch_lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Embedding(VOCAB, 16), torch.nn.Linear(16, 16), torch.nn.Tanh(), torch.nn.Linear(16, VOCAB))

    def training_step(self, batch, index):
        inputs, labels = batch
        loss = functional.cross_entropy(self.layers(inputs).flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        if options.schedule == "once-a-micro":
            self.lr_schedulers().step()
        return loss

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
        return [optimizer], [{"scheduler": schedule, "interval": "step" if options.schedule == "once-an-update" else "epoch"}]


with tempfile.TemporaryDirectory() as folder:
    trainer = pytorch_lightning.Trainer(default_root_dir=folder, accelerator="cpu", max_epochs=3, accumulate_grad_batches=options.ga, logger=False, enable_checkpointing=False,
                                        enable_progress_bar=False, enable_model_summary=False, gradient_clip_val=0.25)
    trainer.fit(Classifier(), torch.utils.data.DataLoader(rows, batch_size=options.bs, collate_fn=collate))
print("trained", flush=True)
