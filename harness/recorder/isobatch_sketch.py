"""Some elements of a large gradient instead of all: the same ones in every split and in every language (harness/trace/sketch.h)."""
import functools, math, zlib
from isobatch_format import content, number, pieces
WORD = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
    return z ^ (z >> 31)


@functools.lru_cache(maxsize=None)
def coordinates(name, shape, samples):
    """The most of 64 and three times the samples of a window, one in each of as many runs of equal length."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & WORD
    state, every = mix(1 ^ mix(state)), math.prod(shape)
    for side in shape:
        state = mix(state + 0x9E3779B97F4A7C15 * (side + 1) & WORD)
    count, drawn = min(every, max(64, 3 * samples)), []
    for j in range(count):
        state = state + 0x9E3779B97F4A7C15 & WORD
        begin, length = j * (every // count) + min(j, every % count), every // count + (j < every % count)
        drawn.append(begin + mix(state) % length)
    return drawn


def drawn(t, name, samples):
    """The elements of a tensor that are in its sketch."""
    return t.detach().reshape(-1)[coordinates(name, tuple(t.shape), samples)]


def whole(t):
    """What a sketch says of the other elements."""
    squares, peak, crc = 0.0, 0.0, 0
    for piece in pieces(t):
        squares += piece.double().pow(2).sum().item()
        peak = max(peak, piece.abs().max().item())
        crc = zlib.crc32(content(piece), crc)
    return {"norm": number(math.sqrt(squares)), "peak": number(float(peak)), "digest": "crc32:%08x" % crc}
