"""Records the first window of a training script as a trace: only looks on, and ends the script at its first update."""
import atexit, ctypes, functools, hashlib, importlib.machinery, itertools, json, math, os, platform, re, sys, zlib
folder = os.path.abspath(os.environ.pop("ISOBATCH_TRACE"))  # taken away: what the script starts records nothing
level, owner_pid, torch = os.environ.get("ISOBATCH_LEVEL", "grads"), os.getpid(), None
roots, named, unclipped, columns, files, busy = {}, {}, {}, {}, {}, set()  # named: parameter → its name
events, micros, samples, units, clip = [], [], [], [], {"grad_norm": None, "clip_threshold": None}
PRECISION = {"torch.float64": "fp64", "torch.float32": "fp32", "torch.bfloat16": "bf16", "torch.float16": "fp16"}
number = lambda value: value if math.isfinite(value) else repr(value)  # JSON has no nan and no inf
packed = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")

def find_spec(name, path=None, target=None):  # this module is a finder: it patches torch once that is imported
    spec = importlib.machinery.PathFinder.find_spec(name) if name == "torch" else None
    if spec and spec.loader:
        plain = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (plain(module), install(module))
    return spec
def install(module):
    global torch
    torch, mark = module, lambda event, when=1: lambda proceed, *_, **__: (when and events.append(event), proceed())[1]
    for owner, name, look in (
            (torch.nn.Module, "__call__", on_forward), (torch.autograd, "backward", on_backward),
            (torch.nn.functional, "cross_entropy", on_loss), (torch.nn.functional, "nll_loss", on_loss),
            (torch.nn.Module, "zero_grad", mark("zero")), (torch.optim.Optimizer, "zero_grad", mark("zero")),
            (torch.optim.lr_scheduler.LRScheduler, "step", mark("schedule", micros)),  # it also steps while it is made
            (torch.nn.utils, "clip_grad_norm_", on_clip), (torch.nn.utils.clip_grad, "clip_grad_norm_", on_clip)):
        setattr(owner, name, seen(name, getattr(owner, name), look))
    sys.modules["torch.optim.optimizer"].register_optimizer_step_pre_hook(seen("step", lambda *_: None, on_step))
def seen(name, plain, look):
    traced = getattr(torch.compiler, "is_compiling", bool)
    @functools.wraps(plain)
    def call(*args, **kwargs):  # unseen: torch.compile at work, what it or a backward does inside, other windows, forks
        if traced() or name in busy or "backward" in busy or "manifest.json" in files or os.getpid() != owner_pid:
            return plain(*args, **kwargs)
        busy.add(name)
        try:
            return look(functools.partial(plain, *args, **kwargs), *args, **kwargs)
        finally:
            busy.discard(name)
    return call

def on_forward(proceed, module, /, *args, **kwargs):
    if torch.is_grad_enabled() and any(p.requires_grad for p in module.parameters()):  # no evaluation, no loss module
        prefix = roots.setdefault(module, "%d." % len(roots) if roots else "")
        for name, p in module.named_parameters():
            named.setdefault(p, prefix + re.sub(r"^(_orig_mod\.)?module\.|_orig_mod\.", "", name))
        inside = [item for value in (*args, *kwargs.values()) if hasattr(value, "items") for item in value.items()]
        pads = {0, -100} | {getattr(part, "padding_idx", None) for part in module.modules()}
        samples.extend(() if prefix else ids(dict([*enumerate(args), *kwargs.items(), *inside]), pads))
    return proceed()
def ids(entering, pads):  # a digest a row that no neighbour changes: of what the mask keeps, less what may be padding
    # What requires grad is an earlier module's output, what has no dimension belongs to no row, booleans are masks.
    rows = {key: t for key, t in entering.items() if torch.is_tensor(t) and t.dim() and not t.requires_grad}
    mask, count = rows.pop("attention_mask", None), len(next(iter(rows.values()), ()))
    rows = {key: t.detach().cpu() for key, t in rows.items() if len(t) == count and t.dtype != torch.bool}
    cut = lambda t, row: t[row][mask[row].cpu() != 0] if mask is not None and mask.shape == t.shape[:2] else t[row]
    strip = lambda values: list(itertools.dropwhile(pads.__contains__, reversed(values)))
    for row in range(count):
        content = [(key, strip(strip(cut(t, row).reshape(-1).tolist()))) for key, t in rows.items()]
        yield hashlib.blake2b(repr(content).encode(), digest_size=8).hexdigest()
def on_loss(proceed, input, target, weight=None, size_average=None, ignore_index=-100, *_, **__):
    # Where targets are probabilities the rows count; a subclass is no data but torch.compile looking at shapes.
    if torch.is_grad_enabled() and type(target) is torch.Tensor and not target.is_floating_point():
        scored = target[target != ignore_index]
        units.append((scored.numel() if weight is None else weight[scored].sum().item(), target.numel()))
    return proceed()

def accumulators():
    grad = lambda p: (torch.zeros_like(p) if p.grad is None else p.grad.to_dense()).detach()
    return {name: grad(p).to("cpu", copy=True).contiguous() for p, name in named.items() if p.requires_grad}
def on_backward(proceed, tensors, *_, **__):
    before = accumulators() if level == "full" else {}
    proceed()
    for name, after in accumulators().items() if before else ():
        added = after.double() - before[name].double()
        columns["micro/%d/%s" % (len(micros), name)] = added.to(torch.promote_types(after.dtype, torch.float32))
    events.append("backward %d" % len(micros))
    real, padded = (number(float(sum(counts))) for counts in zip(*units or [(len(samples), len(samples))]))
    loss = number(tensors.item() if torch.is_tensor(tensors) and tensors.numel() == 1 else math.nan)
    micros.append(dict(index=len(micros), samples=samples[:], units=real, padded_units=padded, loss=loss, weight=None))
    samples.clear(), units.clear(), unclipped.clear()
def on_clip(proceed, parameters, max_norm, *_, **__):
    unclipped.update(unclipped or accumulators())
    norm = proceed()
    events.append("clip")
    clip.update(grad_norm=number(float(norm)), clip_threshold=number(float(max_norm)))
    return norm

def on_step(_, optimizer, args, kwargs):
    if any(map(callable, (*args[1:], *kwargs.values()))):
        raise RuntimeError("isobatch: an optimizer that runs the backward itself (a closure) is not supported yet")
    events.append("step")
    if micros:  # a step before any backward is a warm-up
        groups = {p: g for g, group in enumerate(optimizer.param_groups) for p in group["params"]}
        named.update({p: "parameter%d" % i for i, p in enumerate(groups) if p not in named})
        write_tensors("step-000001.safetensors")
        write_line(1, [number(float(g["lr"])) for g in optimizer.param_groups], tensors="step-000001.safetensors")
        finish("complete", groups)
        raise SystemExit(0)
def write_tensors(name):
    grads, header, end = {"grad/" + name: t for name, t in {**accumulators(), **unclipped}.items()}, {}, 0
    tensors = sorted({**grads, **columns}.items(), key=lambda item: -item[1].element_size())  # so all are aligned
    for key, t in tensors:
        header[key] = {"dtype": PRECISION[str(t.dtype)].upper().replace("FP", "F"), "shape": list(t.shape),
                       "data_offsets": [end, end := end + t.numel() * t.element_size()]}
    text = packed(header) + b" " * (-len(packed(header)) % 8)
    data = [ctypes.string_at(t.data_ptr(), t.numel() * t.element_size()) for _, t in tensors]
    put("rank0/" + name, b"".join([len(text).to_bytes(8, "little"), text, *data]))
def write_line(step, rates, **tensors):
    done = {"optimizer_steps": "step", "scheduler_steps": "schedule", "zero_grads": "zero", "ema_updates": "ema"}
    done = {counter: events.count(event) for counter, event in done.items()}
    line = dict(step=step, epoch=1, events=events, micros=micros, loss=None, **clip, lr=rates, counters=done, **tensors)
    put("rank0/steps.jsonl", packed(line) + b"\n")
def put(path, data):
    place = os.path.join(folder, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place + ".partial", "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(place + ".partial", place)
    files[path] = {"bytes": len(data), "digest": "crc32:%08x" % zlib.crc32(data)}
def finish(ended, groups={}, libraries=("torch", "transformers", "accelerate")):
    device, compute = next(((p.device.type, PRECISION[str(p.dtype)]) for p in named), ("cpu", "fp32"))
    parameters = [dict(name=name, shape=list(p.shape), dtype=PRECISION[str(p.dtype)], group=groups.get(p))
                  for p, name in named.items() if p.requires_grad]
    split = dict(zip(("per_device", "accum", "devices"), map(int, os.environ["ISOBATCH_SPLIT"].split("x"))))
    facts = {name: str(getattr(sys.modules[name], "__version__", None)) for name in libraries if name in sys.modules}
    facts.update(python=platform.python_version(), cpu=platform.machine(), threads=torch and torch.get_num_threads())
    text = packed(dict(
        format="isobatch-trace", version=1, trial=os.environ.get("ISOBATCH_TRIAL", ""), split=split, engine="outside",
        device=device, recipe={"compute": compute}, contract=None, level=level, seed=None, steps=1, epochs=1,
        buffers=[], parameters=parameters, follows=None, ended=ended, provenance=facts, files=files))[:-1]
    put("manifest.json", text + b',"manifest_digest":"crc32:%08x"}\n' % zlib.crc32(text))
def at_exit():
    error = getattr(sys, "last_value", None)  # what left the script uncaught
    message = "%s: %s" % (type(error).__name__, error) if error else "the script ended before a backward and an update"
    if os.getpid() == owner_pid and not os.path.exists(os.path.join(folder, "manifest.json")):
        write_line(None, [])  # the window that was never finished
        finish({"crashed": {"rank": 0, "step": 0, "message": message[:2000]}})
sys.meta_path.insert(0, sys.modules[__name__])
atexit.register(at_exit)
