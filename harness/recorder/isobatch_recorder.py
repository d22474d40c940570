"""Records the first windows of a training script as a trace: only looks on, and ends the script when it saw enough."""
import atexit, collections, functools, importlib.machinery, os, platform, re, sys, zlib
from isobatch_files import Files
from isobatch_follow import leave, state_of, take_over
from isobatch_format import PRECISION, content, number, packed, pieces, precision, require_supported, require_watchable, row_digests
from isobatch_gradients import Gradients, accumulator
from isobatch_losses import counted, micro_of
# Each recording is a module of its own: who records inside this process gives it its settings before it runs.
settings = globals().get("settings", os.environ)
folder, level = os.path.abspath(settings["ISOBATCH_TRACE"]), settings.get("ISOBATCH_LEVEL") or None
left_by, followed = settings.get("ISOBATCH_LEAVE"), settings.get("ISOBATCH_FOLLOW")  # folders of the reference's states
per_device, accum, devices = map(int, settings["ISOBATCH_SPLIT"].split("x"))
top, owner_pid, torch = "ISOBATCH_STARTED" not in settings, os.getpid(), None  # top: no script's child, no launcher's
settings["ISOBATCH_STARTED"] = "yes"
asked, most_windows, large = int(settings.get("ISOBATCH_STEPS") or 0), 8, 50_000_000  # large: elements of gradients that are sketched
rank, done, updates, backwards, parameters = None, False, 0, 0, None  # rank: None before the first backward
roots, named, busy, rates = {}, {}, set(), {}  # named: parameter → its name
files, gradients, used, handed = Files(folder), None, 0, 0  # gradients: of this window; used: samples of the windows that ended
events, micros, samples, units, left = [], [], [], [], {}  # left: parameter → the most that it held before the window
count, known, narrowed, filled, root, exchanges = collections.Counter(), set(), set(), False, None, False  # narrowed: what autocast computed in
clip, lines = {"grad_norm": None, "clip_threshold": None}, []
small_first, started, replaced = [], [], []  # started: the sums of the parameters at the first backward; replaced: how to undo each hook
class Ended(SystemExit):
    """Raised inside the script where enough was seen."""

def find_spec(name, path=None, target=None):  # this module is a finder: it patches torch once that is imported
    spec = importlib.machinery.PathFinder.find_spec(name) if name == "torch" else None
    if spec and spec.loader:
        plain = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (plain(module), install(module))
    return spec
def install(module):
    global torch
    torch = require_watchable(module)
    functional, optim = torch.nn.functional, torch.optim
    for owner, name, look in (
            (torch.nn.Module, "__call__", on_forward), (torch.nn.Module, "zero_grad", on_zero),
            (optim.Optimizer, "zero_grad", on_zero), (optim.lr_scheduler.LRScheduler, "step", on_schedule),
            (module.autocast, "__enter__", on_autocast)):
        replace(owner, name, seen(name, getattr(owner, name), look))
    functions = ((torch.autograd.backward, on_backward), (functional.cross_entropy, on_loss),
                 (functional.nll_loss, on_loss), (torch.nn.utils.clip_grad_norm_, on_clip))
    looks = {id(plain): seen(plain.__name__, plain, look) for plain, look in functions}
    for holder in [each for each in sys.modules.values() if type(each) is type(sys)]:  # who imported one by its name
        for name, value in [*vars(holder).items()]:
            if id(value) in looks:
                replace(holder, name, looks[id(value)])
    for hook in (inside_backward, seen("step", lambda *_: None, on_step)):
        replaced.append(sys.modules["torch.optim.optimizer"].register_optimizer_step_pre_hook(hook).remove)
def replace(owner, name, look):
    replaced.append(functools.partial(setattr, owner, name, vars(owner)[name]))
    setattr(owner, name, look)
def uninstall():
    """What was hooked is as before, and no parameter is held any longer."""
    global done
    done = True  # also for who kept a hook, under a name of its own
    while replaced:
        replaced.pop()()
    if gradients:
        gradients.clear()
    for held_by in (named, small_first, roots, rates, left, known, lines):
        held_by.clear()
def seen(name, plain, look):
    traced = getattr(torch.compiler, "is_compiling", bool)
    @functools.wraps(plain)
    def call(*args, **kwargs):  # unseen: torch.compile at work, what it or a backward does inside, forks, after the end
        if done or name in busy or "backward" in busy or traced() or os.getpid() != owner_pid:
            return plain(*args, **kwargs)
        busy.add(name)
        try:
            return look(functools.partial(plain, *args, **kwargs), *args, **kwargs)
        finally:
            busy.discard(name)
    return call
def note(event):
    events.append(event)
    count[event.split()[0]] += 1

def on_forward(proceed, module, /, *args, **kwargs):
    global root, exchanges
    if torch.is_grad_enabled() and any(p.requires_grad for p in module.parameters()):  # no evaluation, no loss module
        if (left_by or followed) and not micros and handed < updates:
            hand_over()
        if module not in roots or not lines:  # later windows bring nothing that could be compared
            add_root(module)
            proceed = functools.partial(lambda forward: (forward(), add_root(module))[0], proceed)  # it may make some
        exchanges = exchanges or getattr(module, "require_backward_grad_sync", False) is True  # as no_sync() has set it
        if root in (None, module):  # a later module of the same micro sees the same rows again
            inside = [item for value in (*args, *kwargs.values()) if hasattr(value, "items") for item in value.items()]
            samples.extend(row_digests(dict([*enumerate(args), *kwargs.items(), *inside]), roots[module][1]))
            root = module if samples else None
    return proceed()
def add_root(module):
    if module not in roots:
        require_supported(module)
    pads = {0, -100} | {getattr(part, "padding_idx", None) for part in module.modules()}
    prefix, _ = roots.setdefault(module, ("%d:" % len(roots) if roots else "", pads))  # no module has such a name
    for name, p in module.named_parameters():
        if torch.nn.parameter.is_lazy(p):
            continue
        named.setdefault(p, prefix + re.sub(r"^(_orig_mod\.)?module\.|_orig_mod\.", "", name))
def on_loss(proceed, input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", *_, **__):
    value = proceed()
    if torch.is_grad_enabled() and value.requires_grad:  # not one that is only logged
        units.extend(counted(value, target, weight, ignore_index, reduction == "mean" and size_average is reduce is None))
    return value

def on_autocast(proceed, context):
    if context._enabled and torch.is_grad_enabled():
        narrowed.add(PRECISION.get(str(context.fast_dtype), "fp32"))
    return proceed()

def trained():
    return {p: name for p, name in named.items() if p.requires_grad}
def kept():  # which windows' gradients: later ones start from other parameters, unless these are handed over
    return level != "losses" and (not lines or left_by or followed)
def hand_over():
    """At a window's first forward, when every optimizer of the last one has stepped."""
    global handed
    handed = updates
    buffers = {prefix + name: b for module, (prefix, _) in roots.items() for name, b in module.named_buffers()}
    state, name = state_of(named, buffers, rates), "after-%d.pt" % used
    if left_by:
        leave(os.path.join(left_by, name), state)
    else:
        take_over(os.path.join(followed, name), state)
def held():  # the parameters whose accumulator is not zero, lazily: where gradients are cleared to None nothing is read
    if len(small_first) != len(named):  # most accumulators show in the smallest of them that they hold something
        small_first[:] = sorted(named, key=lambda p: p.numel())
    return (p for p in small_first if p.requires_grad and p.grad is not None and p.grad.detach().to_dense().count_nonzero())
def holds():
    return any(True for _ in held())
def on_backward(proceed, losses, *_, **__):
    global backwards, filled, root, exchanges
    claim()
    if done:
        return proceed()
    if not micros and (not lines or kept()):
        started[:] = [repr(p.detach().sum().item()) for p in named]
    if not micros:
        told = any(line["left_over"] for line in lines)  # then its tensors are in the trace, once
        for p in held():
            left[p] = p.grad.detach().to_dense().abs().max().item()
            if not told and level != "losses":
                gradients.keep_left(p, named[p])
    elif filled and not holds() and not events[-1].startswith("zero"):
        note("zero")  # by hand, without zero_grad
    names = trained() if kept() else {}
    gradients.before_backward(names)
    proceed()
    gradients.after_backward(names, len(micros))
    note("backward %d" % len(micros))
    if exchanges:
        note("reduce")
    micros.append(dict(micro_of(units, samples, losses), index=len(micros)))
    samples.clear(), units.clear()
    backwards, filled, root, exchanges = backwards + 1, holds(), None, False
def on_zero(proceed, *_, **__):
    global filled
    proceed()
    if not micros or (filled and not holds()):  # inside a window only what cleared something
        note("zero")
        filled = False
def on_schedule(proceed, *_, **__):
    if rank is not None:  # it also steps while it is made
        note("schedule")
    return proceed()
def on_clip(proceed, parameters, max_norm, *_, **__):
    if micros and kept():
        gradients.keep_sums(trained())
    norm = proceed()
    note("clip")
    clip.update(grad_norm=number(float(norm)), clip_threshold=number(float(max_norm)))
    return norm

def inside_backward(*_):
    if "backward" in busy and not done and os.getpid() == owner_pid:
        raise RuntimeError("isobatch: an optimizer that steps inside the backward is not supported yet: no gradient of a "
                           "window is ever whole; let it step after the last backward")
def on_step(_, optimizer, args, kwargs):
    ran = []  # a closure runs the last backward inside the step
    def run_by(closure):
        @functools.wraps(closure)
        def run(*args, **kwargs):
            if ran and not done:
                raise RuntimeError("isobatch: an optimizer that calls its closure more than once is not supported yet: "
                                   "try it with SGD or Adam, as gradients are judged before the optimizer")
            ran.append(closure)
            result = closure(*args, **kwargs)
            seen("step", lambda *_: None, on_update)(optimizer)
            return result
        return run
    wrapped = lambda value: run_by(value) if callable(value) else value
    if any(map(callable, (*args[1:], *kwargs.values()))):
        return (args[0], *map(wrapped, args[1:])), {key: wrapped(value) for key, value in kwargs.items()}
    on_update(_, optimizer)
def on_update(_, optimizer):
    global parameters, updates
    note("step")
    rates[optimizer] = [number(float(group["lr"])) for group in optimizer.param_groups]
    if not micros:  # a warm-up before any backward, or one more optimizer of the window that ended
        return
    groups = {p: g for g, group in enumerate(optimizer.param_groups) for p in group["params"]}
    named.update({p: "parameter%d" % i for i, p in enumerate(groups) if p not in named})
    if parameters is None:  # those of the first window: what is created later was not there to be compared
        parameters = [dict(name=name, shape=list(p.shape), dtype=precision(p), group=groups.get(p))
                      for p, name in named.items() if p.requires_grad]
    updates += 1
    if kept():
        gradients.keep_sums(trained())
    for p in [p for p in left if p not in groups]:  # other optimizers clear their own
        del left[p]
        gradients.entries.pop("left/" + named[p], None)
    facts = {"left_over": number(max(left.values(), default=0.0))}
    if started:
        facts["started"] = "crc32:%08x" % zlib.crc32(packed(started))
    if gradients.sketched:
        facts["sketched"] = dict(gradients.sketched)
    if devices > 1:
        both = functools.reduce(lambda crc, t: zlib.crc32(content(t), crc), (piece for p in trained() for piece in pieces(accumulator(p))), 0)
        facts["gradient"] = "crc32:%08x" % both
    if gradients.entries:
        facts["tensors"] = "step-%06d.safetensors" % updates
        files.put("rank%d/%s" % (rank, facts["tensors"]), gradients.parts())
    rows = [row for micro in micros for row in micro["samples"]]
    write_line(updates, **facts)
    if enough(rows):
        finish("complete")
        raise Ended(0)
def enough(rows):
    """One window past the first epoch's edge, and no more than so many windows, also where each micro is one."""
    again = sum(row in known for row in rows)
    known.update(rows)
    if devices == 1 and not asked and rows and 2 * again >= len(rows):
        return True  # of several ranks none may leave before the others
    most = asked or most_windows
    return updates >= most and (backwards >= most * accum or updates >= most * accum)
def write_line(step, **facts):
    global used
    done = {"optimizer_steps": "step", "scheduler_steps": "schedule", "zero_grads": "zero", "ema_updates": "ema"}
    line = dict(step=step, epoch=1, events=events[:], micros=micros[:], loss=None, **clip, lr=sum(rates.values(), []),
                counters={counter: count[event] for counter, event in done.items()}, **facts)
    lines.append(line)
    files.append("rank%d/steps.jsonl" % rank, packed(line) + b"\n")
    used += sum(len(micro["samples"]) for micro in micros) * devices
    events.clear(), micros.clear(), left.clear(), started.clear()
    if gradients:
        gradients.clear()
    clip.update(grad_norm=None, clip_threshold=None)

def claim():
    """At the first backward: which rank this is. A folder that is there is another process's, which came first."""
    global rank, done, level, gradients
    if rank is None:
        dist, processes = torch.distributed, sys.modules.get("multiprocessing.process")
        together = dist.is_available() and dist.is_initialized()
        world, rank = (dist.get_world_size(), dist.get_rank()) if together else (1, 0)
        if processes and processes.parent_process() and not together:
            done = True  # a worker that loads data
            return
        try:
            os.makedirs(os.path.join(folder, "rank%d" % rank))
        except FileExistsError:
            done = True
        columns = per_device == devices == 1  # each micro is one sample, whose own gradient is wanted
        window, size = per_device * accum * devices, sum(p.numel() for p in trained())
        level = level or ("sketch" if size * max(window, 16) > 16 * large else "full" if columns else "grads")
        gradients = Gradients(files.place("rank%d/tensors.%d.partial" % (rank, os.getpid())), level, window, columns)
        if world != devices and not done:
            raise RuntimeError("isobatch: the script runs %d rank(s), the split has %d device(s)" % (world, devices))
def finish(ended, libraries=("torch", "transformers", "accelerate", "lightning", "pytorch_lightning")):
    global done
    done = True
    device, compute = next(((p.device.type, PRECISION.get(str(p.dtype), "fp32")) for p in trained()), ("cpu", "fp32"))
    facts = {name: str(getattr(sys.modules[name], "__version__", None)) for name in libraries if name in sys.modules}
    facts.update(python=platform.python_version(), cpu=platform.machine(), threads=torch and torch.get_num_threads())
    recipe, name = {"compute": compute}, compute if compute in ("fp64", "fp32") else compute + "-sum"
    if compute == "fp32" and narrowed in ({"bf16"}, {"fp16"}):
        recipe, name = {"compute": min(narrowed), "accumulate": "fp32", "autocast": True}, min(narrowed) + "-autocast"
    trial = settings.get("ISOBATCH_TRIAL", "").replace("--recipe fp32", "--recipe " + name)
    files.finish(rank, devices, dict(
        format="isobatch-trace", version=1, trial=trial,
        split=dict(per_device=per_device, accum=accum, devices=devices), engine="outside", device=device,
        recipe=recipe, contract=None, level=level or "grads", seed=None, steps=updates, epochs=1, buffers=[],
        parameters=parameters or [], follows=None, ended=ended, provenance=facts))
def end(error):
    """The script's own end, by itself or by an error, before enough was seen."""
    global rank
    message = "%s: %s" % (type(error).__name__, error) if error else (
        "the script ended before an update: of the optimizers of torch none stepped, and %d backward(s) were seen" % backwards)
    if os.getpid() != owner_pid or done or (rank is None and (not top or devices > 1 or os.path.exists(folder))):
        return
    rank = rank or 0
    write_line(None)  # the window that was never finished, or nothing: the script's own end
    crashed = {"crashed": {"rank": rank, "step": updates, "message": message[:2000]}}
    finish("complete" if updates and not error else crashed)
def begin():
    """Waits for the script to import torch, and for its end."""
    sys.meta_path.insert(0, sys.modules[__name__])
    atexit.register(lambda: end(getattr(sys, "last_value", None)))  # what left the script uncaught
