"""How what a script does is put into a trace: numbers, tensors, and the digests that tell its rows apart."""
import ctypes, hashlib, json, math, sys
PRECISION = {"torch.float64": "fp64", "torch.float32": "fp32", "torch.bfloat16": "bf16", "torch.float16": "fp16"}
number = lambda value: value if math.isfinite(value) else repr(value)  # JSON has no nan and no inf
packed = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
PIECE = 1 << 18  # elements that are copied at a time


def precision(t):
    if str(t.dtype) not in PRECISION:
        raise RuntimeError("isobatch: trained parameters of dtype %s are not supported yet: keep those in float32, or another "
                           "real floating-point type" % t.dtype)
    return PRECISION[str(t.dtype)]


def recipe_of(compute, narrowed):
    """(what the manifest says, its name), from the precision of parameters and what autocast computed in."""
    if compute == "fp32" and narrowed in ({"bf16"}, {"fp16"}):
        return {"compute": min(narrowed), "accumulate": "fp32", "autocast": True}, min(narrowed) + "-autocast"
    return {"compute": compute}, compute if compute in ("fp64", "fp32") else compute + "-sum"


def require_watchable(torch):
    if tuple(int(digits) for digits in torch.__version__.split(".")[:2]) < (2, 1):
        raise RuntimeError("isobatch: torch %s cannot be watched: run the script with torch 2.1 or newer" % torch.__version__)
    return torch


def require_supported(module):
    """Refuses what is whole nowhere, before anything reads the memory of its parts."""
    kinds = {type(part).__name__ for part in module.modules()} & {"FullyShardedDataParallel", "DeepSpeedEngine"}
    kinds.update("DTensor" for p in module.parameters() if hasattr(p, "full_tensor"))
    if kinds:
        raise RuntimeError("isobatch: a model that is sharded (%s) is not supported yet, as no rank holds a whole gradient: try it under "
                           "DistributedDataParallel, or on one device without sharding" % ", ".join(sorted(kinds)))


def content(t):
    """The bytes of a tensor that is contiguous and on the CPU."""
    return ctypes.string_at(t.data_ptr(), t.numel() * t.element_size())


def pieces(t):
    """The tensor's elements in order, a few at a time, on the CPU."""
    flat = t.detach().reshape(-1)
    return (flat[at:at + PIECE].to("cpu").contiguous() for at in range(0, len(flat), PIECE))


def row_digests(entering, pads):
    """A digest a row that no neighbour changes: of what the mask keeps, less what may be padding."""
    is_tensor = sys.modules["torch"].is_tensor
    # What requires grad is an earlier module's output, what has no dimension belongs to no row, booleans are masks.
    rows = {key: t for key, t in entering.items() if is_tensor(t) and t.dim() and not t.requires_grad}
    mask, count = rows.pop("attention_mask", None), len(next(iter(rows.values()), ()))
    rows = {key: t.detach().cpu() for key, t in rows.items() if len(t) == count and str(t.dtype) != "torch.bool"}
    mask = mask if mask is None else mask.cpu() != 0
    masked = {key for key, t in rows.items() if mask is not None and mask.shape == t.shape[:2]}
    whole = {key: content(t.contiguous()) for key, t in rows.items() if key not in masked and not t.is_floating_point() and not t.is_complex()}
    for row in range(count):
        digest = hashlib.blake2b(digest_size=8)
        for key, t in rows.items():
            kept = integers_of(whole[key], row, t, pads) if key in whole else numbers_of(t[row][mask[row]] if key in masked else t[row], pads)
            digest.update(b"%d %s %d " % (len(repr(key)), repr(key).encode(), len(kept) // t.element_size()) + kept)
        yield digest.hexdigest()


def integers_of(data, row, t, pads):
    """As numbers_of, from the bytes of all rows: most rows are tokens, and tensor operations on a few of them take longer than their digest."""
    size, length, signed = t.element_size(), len(data) // len(t), t.dtype.is_signed
    low, high = (-1 << (8 * size - 1), 1 << (8 * size - 1)) if signed else (0, 1 << (8 * size))
    empty = {pad.to_bytes(size, sys.byteorder, signed=signed) for pad in pads if pad is not None and low <= pad < high}
    begin, end = row * length, (row + 1) * length
    while end > begin and data[end - size:end] in empty:
        end -= size
    while begin < end and data[begin:begin + size] in empty:
        begin += size
    return data[begin:end]


def numbers_of(t, pads):
    """The bytes of one row, less what may be padding at its ends."""
    flat = t.reshape(-1).contiguous()
    end = flat.numel() - padded(flat.flip(0), pads)
    return content(flat[min(padded(flat, pads), end):end])


def padded(flat, pads, piece=256):
    """How many of the first elements may be padding; piece by piece, as most rows of many elements have none."""
    for begin in range(0, flat.numel(), piece):
        for at, value in enumerate(flat[begin:begin + piece].tolist()):
            if value not in pads:
                return begin + at
    return flat.numel()
