"""What parameters' accumulators hold before a backward adds to them."""


class Held:
    """named: parameter → its name, which grows while modules are found."""
    def __init__(self, named):
        self.named, self.small_first, self.left = named, [], {}  # left: parameter → the most that it held before the window

    def parameters(self):
        """Those whose accumulator is not zero, lazily: where gradients are cleared to None nothing is read."""
        if len(self.small_first) != len(self.named):  # most accumulators show in the smallest of them that they hold something
            self.small_first[:] = sorted(self.named, key=lambda p: p.numel())
        return (p for p in self.small_first if p.requires_grad and p.grad is not None and p.grad.detach().to_dense().count_nonzero())

    def any(self):
        return any(True for _ in self.parameters())

    def look(self, keep):
        for p in self.parameters():
            self.left[p] = p.grad.detach().to_dense().abs().max().item()
            if keep:
                keep(p, self.named[p])

    def forget(self, updated):
        """What another optimizer will clear is nobody's fault yet; these names are forgotten."""
        others = [p for p in self.left if p not in updated]
        return [self.named[p] for p in others if self.left.pop(p) is not None]

    def most(self):
        return max(self.left.values(), default=0.0)

    def clear(self):
        self.small_first.clear()
        self.left.clear()
