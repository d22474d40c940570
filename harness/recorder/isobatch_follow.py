"""Every window from the same state: the reference leaves what it has when a window starts, another run takes that over. This changes the training."""
import os, sys


def state_of(named, buffers, optimizers):
    """{name: tensor} of all that an update changes; not what a schedule sets, what was accumulated, or where the data are."""
    torch = sys.modules["torch"]
    state = {"param/" + name: p.detach() for p, name in named.items()}
    state.update({"buffer/" + name: b.detach() for name, b in buffers.items()})
    for index, optimizer in enumerate(optimizers):
        for p, slots in optimizer.state.items():
            if p in named:
                state.update({"opt/%d/%s/%s" % (index, slot, named[p]): value for slot, value in slots.items() if torch.is_tensor(value)})
    state["rng"] = torch.get_rng_state()
    return state


def leave(place, state):
    partial = place + ".%d.partial" % os.getpid()
    os.makedirs(os.path.dirname(place), exist_ok=True)
    sys.modules["torch"].save(state, partial)
    os.replace(partial, place)


def take_over(place, state):
    """False where the reference left nothing there: it had no window that starts after as many samples."""
    torch = sys.modules["torch"]
    if not os.path.exists(place):
        return False
    left = torch.load(place, weights_only=True)
    torch.set_rng_state(left.pop("rng").cpu())
    with torch.no_grad():
        for key, value in left.items():
            if key in state and state[key].shape == value.shape:
                state[key].copy_(value)
    return True


def hand_in(roots, named, optimizers, left_by, followed, name):
    """A window's state, left in one folder or taken over from the other."""
    buffers = {prefix + buffer: b for module, (prefix, _) in roots.items() for buffer, b in module.named_buffers()}
    state = state_of(named, buffers, optimizers)
    if left_by:
        leave(os.path.join(left_by, name), state)
    else:
        take_over(os.path.join(followed, name), state)
