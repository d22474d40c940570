"""Records the first windows of a training script as a trace: only looks on, and ends the script when it saw enough."""
import atexit, collections, functools, importlib.machinery, os, platform, re, sys, zlib
from isobatch_closures import with_closures
from isobatch_files import Files
from isobatch_follow import hand_in
from isobatch_format import PRECISION, number, packed, precision, recipe_of, require_supported, require_watchable, row_digests
from isobatch_gradients import Gradients, asking, digest
from isobatch_held import Held
from isobatch_hooks import Hooks
from isobatch_losses import counted, micro_of, with_loss
from isobatch_watch import Watch, settings_of
# Each recording is a module of its own: who records inside this process gives it its settings before it runs.
settings = globals().get("settings", os.environ)
folder, level = os.path.abspath(settings["ISOBATCH_TRACE"]), settings.get("ISOBATCH_LEVEL") or None
left_by, followed = settings.get("ISOBATCH_LEAVE"), settings.get("ISOBATCH_FOLLOW")  # folders of the reference's states
per_device, accum, devices = map(int, settings["ISOBATCH_SPLIT"].split("x"))
top, owner_pid, torch = "ISOBATCH_STARTED" not in settings, os.getpid(), None  # top: no script's child, no launcher's
settings["ISOBATCH_STARTED"] = "yes"
asked, most_windows, large = int(settings.get("ISOBATCH_STEPS") or 0), 8, 50_000_000  # large: elements of gradients that are sketched
rank, done, updates, backwards, parameters = None, False, 0, 0, None  # rank: None before the first backward
roots, named, busy, rates, settled = {}, {}, set(), {}, {}  # named: parameter → its name; rates, settled: optimizer → as it is set
files, gradients, used, handed = Files(folder), None, 0, 0  # gradients: of this window; used: samples of the windows that ended
events, micros, samples, units = [], [], [], []
count, known, narrowed, filled, root, exchanges = collections.Counter(), set(), set(), False, None, False  # narrowed: what autocast computed in
clip, lines = {"grad_norm": None, "clip_threshold": None}, []
started, asked_for, hooks, held, watch = [], [], Hooks(), Held(named), Watch()  # started: the sums of the parameters at the first backward; asked_for: micros of autograd.grad
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
            (optim.Optimizer, "zero_grad", on_zero), (optim.lr_scheduler.LRScheduler, "step", noting("schedule")),
            (optim.swa_utils.AveragedModel, "update_parameters", noting("average")), (module.autocast, "__enter__", on_autocast)):
        hooks.replace(owner, name, seen(name, getattr(owner, name), look))
    functions = ((torch.autograd.backward, on_backward), (torch.autograd.grad, on_grad), (functional.cross_entropy, on_loss),
                 (functional.nll_loss, on_loss), (torch.nn.utils.clip_grad_norm_, on_clip))
    hooks.replace_functions({plain: seen(plain.__name__, plain, look) for plain, look in functions})
    for hook in (inside_backward, seen("step", lambda *_: None, on_step)):
        hooks.undo.append(sys.modules["torch.optim.optimizer"].register_optimizer_step_pre_hook(hook).remove)
def uninstall():
    """What was hooked is as before, and no parameter is held any longer."""
    global done
    done = True  # also for who kept a hook, under a name of its own
    hooks.put_back()
    watch.first = watch.clear()
    if gradients:
        gradients.clear()
    for held_by in (named, held, roots, rates, settled, known, lines):
        held_by.clear()
def seen(name, plain, look):
    traced, transformed = getattr(torch.compiler, "is_compiling", bool), getattr(torch._C._functorch, "maybe_current_level", lambda: None)
    @functools.wraps(plain)
    def call(*args, **kwargs):  # unseen: torch.compile or torch.func at work, what a backward does inside, forks, after the end
        if done or name in busy or "backward" in busy or traced() or transformed() is not None or os.getpid() != owner_pid:
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
        if watch.state is None and (not lines or kept()):
            watch.forward()
        if root in (None, module):  # a later module of the same micro sees the same rows again
            inside = [item for value in (*args, *kwargs.values()) if hasattr(value, "items") for item in value.items()]
            rows = [*row_digests(dict([*enumerate(args), *kwargs.items(), *inside]), roots[module][1])]
            samples.extend(rows if rows != samples[-len(rows):] else ())  # which a loop may pass more than once
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
    hand_in(roots, named, rates, left_by, followed, "after-%d.pt" % used)
def before_backward(losses):
    claim()
    if not micros and (not lines or kept()):
        started[:] = [repr(p.detach().sum().item()) for p in named]
    if not lines or kept():
        watch.backward(losses, trained(), len(micros))
def after_backward(losses, more=False):
    global backwards, root
    if more:
        micros[-1] = with_loss(micros[-1], units)
    else:
        note("backward %d" % len(micros))
        micros.append(dict(micro_of(units, samples, losses), index=len(micros)))
    samples.clear(), units.clear()
    backwards, root = backwards + (not more), None
def on_backward(proceed, losses, *_, **__):
    global filled, exchanges
    forget_asked_for()
    before_backward(losses)
    if done:
        return proceed()
    if not micros:
        held.look(level != "losses" and not any(line["left_over"] for line in lines) and gradients.keep_left)  # it is in the trace once
    elif filled and not held.any() and not events[-1].startswith("zero"):
        note("zero")  # by hand, without zero_grad
    names, more = trained() if kept() else {}, bool(micros and micros[-1]["samples"] and not samples)  # of another loss of the same rows
    gradients.before_backward(names, more)
    proceed()
    gradients.after_backward(names, len(micros) - more)
    after_backward(losses, more)
    if exchanges:
        note("reduce")
    filled, exchanges = held.any(), False
def on_grad(proceed, *args, **kwargs):
    """What a loop adds up by itself. One that also calls backward asks only to know."""
    given, asked = asking(args, kwargs)
    if asked_for is None or given.get("create_graph") or not any(torch.is_tensor(p) and p in named and p.requires_grad for p in asked):
        return proceed.func(**given)
    before_backward(given["outputs"])
    found = proceed.func(**given)
    if not done:
        gradients.add_micro(trained() if kept() else {}, len(micros), dict(zip(asked, found)))
        asked_for.append((samples[:], units[:]))
        after_backward(given["outputs"])
    return found
def forget_asked_for():
    global asked_for, backwards
    if asked_for:
        samples[:0], units[:0] = (sum(each, []) for each in zip(*asked_for))
        events[:] = [event for event in events if not event.startswith("backward")]
        backwards -= len(micros)
        micros.clear()
        gradients.clear()
    asked_for = None
def on_zero(proceed, *_, **__):
    global filled
    proceed()
    if not micros or (filled and not held.any()):  # inside a window only what cleared something
        note("zero")
        filled = False
def noting(event):
    return lambda proceed, *_, **__: (rank is None or note(event), proceed())[1]  # a schedule also steps while it is made
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
    given = with_closures(args, kwargs, lambda: done, lambda: seen("step", lambda *_: None, on_update)(optimizer))
    return given or on_update(_, optimizer)
def on_update(_, optimizer):
    global parameters, updates
    note("step")
    rates[optimizer], settled[optimizer] = [number(float(group["lr"])) for group in optimizer.param_groups], settings_of(optimizer)
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
    for name in held.forget(groups):  # other optimizers clear their own
        gradients.entries.pop("left/" + name, None)
    facts = {"left_over": number(held.most()), "watched": watch.facts(rates, sum(settled.values(), []), updates, trained())}
    if started:
        facts["started"] = "crc32:%08x" % zlib.crc32(packed(started))
    if gradients.sketched:
        facts["sketched"] = dict(gradients.sketched)
    if devices > 1:
        facts["gradient"] = digest(trained())
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
    done = {"optimizer_steps": "step", "scheduler_steps": "schedule", "zero_grads": "zero", "ema_updates": "average"}
    line = dict(step=step, epoch=1, events=events[:], micros=micros[:], loss=None, **clip, lr=sum(rates.values(), []),
                counters={counter: count[event] for counter, event in done.items()}, **facts)
    lines.append(line)
    files.append("rank%d/steps.jsonl" % rank, packed(line) + b"\n")
    used += sum(len(micro["samples"]) for micro in micros) * devices
    events.clear(), micros.clear(), held.left.clear(), started.clear(), watch.clear()
    asked_for is None or asked_for.clear()
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
    facts.update(python=platform.python_version(), cpu=platform.machine(), threads=torch and torch.get_num_threads(), arithmetic="as wide as its parameters" if watch.wide else "may be narrower")
    recipe, name = recipe_of(compute, narrowed)
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
        "the script ended before an update: of the optimizers of torch %s stepped, and %d backward(s) were seen%s" % (
            count["step"] or "none", backwards, ": gradients that neither backward() nor autograd.grad() makes are not supported yet"
            if count["step"] and not backwards else ""))
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
