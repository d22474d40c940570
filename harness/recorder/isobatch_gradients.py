"""What the trace holds of a window's gradients: each is on the disk as soon as it is seen, and one copy of them at most is held."""
import functools, sys, zlib
from isobatch_files import Tensors
from isobatch_format import content, pieces
from isobatch_sketch import drawn, whole


def accumulator(p):
    return (sys.modules["torch"].zeros_like(p) if p.grad is None else p.grad.to_dense()).detach()


def asking(args, kwargs):
    """A call of autograd.grad, argument by argument, and what it asks the gradients of: which may come one by one, and only once."""
    names = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs", "allow_unused", "is_grads_batched", "materialize_grads")
    given = dict(zip(names, args), **kwargs)
    inputs = given.get("inputs", ())
    asked = (inputs,) if sys.modules["torch"].is_tensor(inputs) else tuple(inputs)
    return (dict(given, inputs=asked) if "inputs" in given else given), asked


def digest(parameters):
    """Of all their gradients, as they lie in memory."""
    whole = (piece for p in parameters for piece in pieces(accumulator(p)))
    return "crc32:%08x" % functools.reduce(lambda crc, piece: zlib.crc32(content(piece), crc), whole, 0)


class Gradients(Tensors):
    """names: parameter → its name, of those that are trained; samples: of a window; columns: whether a micro is one sample."""
    def __init__(self, place, level, samples, columns):
        super().__init__(place)
        self.level, self.samples = level, samples
        self.has_micros = level == "full" or (level == "sketch" and columns)
        self.sums, self.before, self.sketched = {}, {}, {}  # sums: parameter → the key of its gradient

    def seen(self, p, name):
        """What the trace holds of an accumulator."""
        return drawn(accumulator(p), name, self.samples) if self.level == "sketch" else accumulator(p)

    def keep_left(self, p, name):
        self.add("left/" + name, self.seen(p, name))

    def keep_sums(self, names):
        """Those that are not kept yet, as the first clip or the update finds them."""
        for p, name in names.items():
            if p not in self.sums:
                self.sums[p] = ("sketch/" if self.level == "sketch" else "grad/") + name
                self.add(self.sums[p], self.seen(p, name))
                if self.level == "sketch":
                    self.sketched[name] = whole(accumulator(p))

    def before_backward(self, names, more=False):
        """more: of the same micro-batch as the last one."""
        for key in self.sums.values():
            del self.entries[key]  # what comes now is added to it
        self.sums.clear()
        for p, name in names.items() if self.has_micros and not more else ():
            if p.grad is None:
                self.before.pop(p, None)
            elif p in self.before:
                self.before[p].copy_(self.seen(p, name))
            else:
                self.before[p] = self.seen(p, name).to("cpu", copy=True)

    def after_backward(self, names, micro):
        for p, name in names.items() if self.has_micros else ():
            self.add("micro/%d/%s" % (micro, name), self.seen(p, name), self.before.get(p))

    def add_micro(self, names, micro, found):
        """As after a backward, of gradients that were asked for and not accumulated."""
        for p, name in names.items() if self.has_micros else ():
            t = found.get(p)
            t = p.new_zeros(p.shape) if t is None else t.to_dense().detach()
            self.add("micro/%d/%s" % (micro, name), drawn(t, name, self.samples) if self.level == "sketch" else t)

    def clear(self):
        super().clear()
        for held in (self.sums, self.before, self.sketched):
            held.clear()
