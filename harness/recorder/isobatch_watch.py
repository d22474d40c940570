"""What an update depends on beside its gradients: how optimizers are set and what they hold, random numbers, parameters that change without one."""
import math, random, re, sys
from isobatch_format import number
# The learning rate is told for itself; the others are not what a trainer decides, but how torch computes it.
UNTOLD = {"params", "param_names", "lr", "initial_lr", "foreach", "fused", "capturable", "differentiable"}


def plain(value):
    """Numbers, words and tuples of them; nothing for what is none of these."""
    if sys.modules["torch"].is_tensor(value) and value.numel() == 1:
        value = value.item()
    if isinstance(value, (list, tuple)):
        parts = [plain(each) for each in value]
        return None if any(each is None for each in parts) else parts
    if isinstance(value, (bool, str)):
        return value
    return number(float(value)) if isinstance(value, (int, float)) else None


def settings_of(optimizer):
    told = [{name: plain(value) for name, value in group.items() if name not in UNTOLD} for group in optimizer.param_groups]
    return [{name: value for name, value in group.items() if value is not None} for group in told]


def state_of(optimizers, norms):
    """{slot: how many parameters have it, and its norm over them}."""
    torch, state = sys.modules["torch"], {}
    for optimizer in optimizers:
        for slots in list(getattr(optimizer, "state", {}).values()):
            for name, value in slots.items() if hasattr(slots, "items") else ():
                if isinstance(value, (bool, int, float)):
                    value = torch.tensor(float(value))
                if torch.is_tensor(value):
                    slot = state.setdefault(str(name), {"parameters": 0, "norm": 0.0})
                    slot["parameters"] += 1
                    known = norms and value.is_floating_point() and not value.is_sparse and slot["norm"] is not None
                    slot["norm"] = slot["norm"] + torch.linalg.vector_norm(value.detach(), dtype=torch.float64).item() ** 2 if known else None
    return {name: {**slot, "norm": None if slot["norm"] is None else number(slot["norm"] ** 0.5)} for name, slot in state.items()}


def drawn_so_far():
    """Equal where no random number was drawn in between."""
    torch, numpy = sys.modules["torch"], sys.modules.get("numpy")
    state = [torch.get_rng_state().numpy().tobytes() if numpy else torch.get_rng_state().tolist(), random.getstate()]
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state.append(torch.cuda.get_rng_state().tolist())
    if hasattr(numpy, "random"):
        kind, keys, *rest = numpy.random.get_state(legacy=True)
        state.append((kind, keys.tobytes(), *rest))
    return state


def as_wide_as_told(losses, most=100_000):
    """Whether nothing on the way from the parameters to the loss changes its precision or may hide that it does."""
    torch = sys.modules["torch"]
    nodes, seen = [t.grad_fn for t in ([losses] if torch.is_tensor(losses) else losses) if torch.is_tensor(t) and t.grad_fn], set()
    while nodes and len(seen) < most:
        node = nodes.pop()
        known = re.search(r"Backward\d+$|AccumulateGrad|CopySlices", node.name())  # of torch itself; others are somebody's own functions
        if not known or "ToCopy" in node.name():
            return False
        after = {after for after, _ in node.next_functions if after is not None and after not in seen}
        seen |= after
        nodes += after
    return not nodes and torch.get_float32_matmul_precision() == "highest"


class Watch:
    """Of one window: whether a forward drew random numbers, and whether parameters changed while none was updated."""
    def __init__(self):
        self.state, self.norms, self.first, self.wide = None, {}, None, None  # wide: of the first window; None: nobody looked
        self.clear()

    def clear(self):
        self.drew, self.moved = False, None
        self.norms.clear()

    def forward(self):
        self.state = drawn_so_far()

    def backward(self, losses, trained, micro):
        self.wide = as_wide_as_told(losses) if self.wide is None else self.wide
        self.drew = self.drew or (self.state is not None and drawn_so_far() != self.state)
        self.state = None
        kept = [p for p in trained if p.numel()]
        norms = dict(zip(kept, sys.modules["torch"]._foreach_norm([p.detach() for p in kept]))) if kept else {}
        norms = dict(zip(norms, [each.item() for each in norms.values()]))
        if self.moved is None and any(self.norms.get(p, norm) != norm and norm == norm for p, norm in norms.items()):
            self.moved = micro
        self.norms = norms

    def first_update(self, trained, updates, most=1024):
        """Before the first update remembers some elements of each parameter, and before the second says how far these went: of those whose gradient is no
        rounding, as an optimizer may make a whole step of that."""
        if updates == 1:
            some = [(p, max(1, p.numel() // most)) for p in trained if p.grad is not None and p.numel()]
            pulls = [p.grad.detach().to_dense().reshape(-1)[::every].abs() for p, every in some]
            largest = max((pull.max().item() for pull in pulls), default=0.0)
            self.first = [(p, every, p.detach().reshape(-1)[::every].clone(), pull >= largest / 1024) for (p, every), pull in zip(some, pulls)]
        if updates != 2 or not self.first:
            return {}
        went = [(p.detach().reshape(-1)[::every] - before)[clear] for p, every, before, clear in self.first]
        norm, self.first = math.sqrt(sum(each.double().pow(2).sum().item() for each in went)), None
        return {"the first update": {"parameters": len(went), "norm": number(norm)}}

    def facts(self, optimizers, settings, updates, trained):
        state = {**state_of(optimizers, updates == 2), **self.first_update(trained, updates)}
        found = dict(settings=settings, state=state, drew=self.drew)
        return found if self.moved is None else dict(found, moved=self.moved)
