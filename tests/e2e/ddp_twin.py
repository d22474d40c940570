"""Trains what twin_data wrote with Python's DistributedDataParallel, one rank: `ddp_twin.py DATA REFERENCE OUT OPTIONS` with RANK, WORLD_SIZE
and MEETING set. Each window starts from the reference's parameters; its gradients are saved, or left to the recorder where that is on."""
import json, os, sys

import torch
from torch.nn.parallel import DistributedDataParallel

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64}


def load(path):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    return {key: torch.frombuffer(data, dtype=DTYPES[entry["dtype"]], count=max(1, (entry["data_offsets"][1] - entry["data_offsets"][0]) // DTYPES[entry["dtype"]].itemsize),
                                  offset=8 + size + entry["data_offsets"][0]).reshape(entry["shape"]) for key, entry in header.items()}


def as_there(inputs, width):
    """The same values with the same strides, and aligned as an allocation is: kernels depend on both."""
    rows = inputs.new_zeros(inputs.shape[0], width, inputs.shape[2])[:, :inputs.shape[1]]
    return rows.copy_(inputs)


class Mlp(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        for name, value in weights.items():
            self.register_parameter(name, torch.nn.Parameter(value.clone()))

    def forward(self, x):
        for layer in range(3):
            x = torch.nn.functional.linear(x, getattr(self, f"layer{layer}_weight"), getattr(self, f"layer{layer}_bias"))
            x = torch.nn.functional.gelu(x) if layer < 2 else x
        return x


def main():
    data, reference, out, options = load(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method="file://" + os.environ["MEETING"], rank=rank, world_size=world)
    names = ["layer%d_%s" % (layer, kind) for layer in range(3) for kind in ("weight", "bias")]
    model = Mlp({name: data["param/" + name] for name in names})
    ddp = DistributedDataParallel(model, **options)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    windows = max(int(key.split("/")[1]) for key in data if key.startswith("inputs/"))
    for window in range(1, windows + 1):
        if window > 1:
            before = load(os.path.join(reference, "rank0", "step-%06d.safetensors" % (window - 1)))
            with torch.no_grad():
                for name in names:
                    getattr(model, name).copy_(before["param/" + name])
        micros = sum(1 for key in data if key.startswith(f"inputs/{window}/{rank}/"))
        for micro in range(micros):
            place = f"/{window}/{rank}/{micro}"
            ddp.require_backward_grad_sync = micro + 1 == micros  # what no_sync() sets
            logits = ddp(as_there(data["inputs" + place], int(data["width" + place].item())))
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 4), data["targets" + place].reshape(-1), reduction="sum", ignore_index=-100)
            loss.div(data["divisor" + place].item()).backward()
        with open(os.path.join(out, f"{window}-{rank}"), "wb") as file:
            for name in names:
                file.write(getattr(model, name).grad.numpy().tobytes())
        optimizer.step()
        model.zero_grad()


main()
