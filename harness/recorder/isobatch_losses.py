"""What the loss functions show of a micro-batch: how many units they count, and what became of their sum on its way to backward."""
import math, sys
from isobatch_format import number


def counted(value, target, weight, ignored, averaged):
    """(units, the same with padding, summed loss) of one call; nothing where targets are probabilities, as then the rows count.

    A subclass of Tensor is no data but torch.compile looking at shapes."""
    if type(target) is not sys.modules["torch"].Tensor or target.is_floating_point():
        return ()
    scored = target != ignored
    units = (scored.count_nonzero() if weight is None else weight[target[scored]].sum()).item()
    return ((units, target.numel(), (value if averaged else value.detach().double().sum()).item() * (units if averaged else 1)),)


def micro_of(calls, samples, losses):
    """A line's facts of one backward. weight: what the summed loss was multiplied by; None where no loss function was seen."""
    given = losses.item() if sys.modules["torch"].is_tensor(losses) and losses.numel() == 1 else math.nan
    units, padded, summed = (float(sum(each)) for each in zip(*calls or [(len(samples), len(samples), math.nan)]))
    known = math.isfinite(given) and math.isfinite(summed) and summed
    return dict(samples=samples[:], units=number(units), padded_units=number(padded), loss=number(summed if known else given),
                weight=number(given / summed) if known else None)


def with_loss(micro, calls):
    """After another backward of the same rows: what all of them together were multiplied by is no longer one number."""
    units, padded = (sum(each[kind] for each in calls) for kind in (0, 1))
    return dict(micro, units=number(float(micro["units"]) + units), padded_units=number(float(micro["padded_units"]) + padded), weight=None)
