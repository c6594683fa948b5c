"""An independent counter: slides every window with plain loops and counts multiplications.

It shares no code with convcost and no formula either. Where the engine multiplies, this file
counts; where the engine divides, this file tries one position after the other. It is slow, and
meant for inputs of a few pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

Shape = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


class Answer(NamedTuple):
    """What one layer gives and costs."""

    output: Shape
    params: int
    macs: int
    element_ops: int


def window_starts(
    size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int], *, ceil: bool = False
) -> list[int]:
    """Where a window can be put on one padded axis, found by trying each step.

    With ``ceil`` one more window hangs over the end where the last one leaves something unseen;
    then, as in PyTorch, a last window that starts in the padding after the input is given up.
    """
    before, after = pads
    padded = before + size + after
    starts = []
    start = 0
    while all(start + tap * dilation < padded for tap in range(kernel)):
        starts.append(start)
        start += stride
    if ceil and starts:
        last_seen = starts[-1] + (kernel - 1) * dilation
        if last_seen < padded - 1:
            starts.append(start)
        if starts[-1] >= before + size:
            starts.pop()
    return starts


def same_pads(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """The least padding that gives a window to every stride-th input position, by search."""
    wanted = len(range(0, size, stride))
    total = 0
    while len(window_starts(size, kernel, stride, dilation, (0, total))) < wanted:
        total += 1
    return total // 2, total - total // 2


def resolve_pads(
    padding: str | Pads,
    spatial: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Pads:
    """Padding in numbers."""
    if padding == "valid":
        return tuple((0, 0) for _ in spatial)
    if padding == "same":
        return tuple(map(same_pads, spatial, kernel, stride, dilation))
    assert not isinstance(padding, str)
    return padding


def offsets(kernel: Iterable[int]) -> list[Shape]:
    """Every position inside a kernel."""
    return list(product(*map(range, kernel)))


def partners(channels_in: int, channels_out: int, groups: int) -> list[tuple[int, int]]:
    """The pairs (input channel, output channel) that lie in the same group."""
    return [
        (i, o)
        for i in range(channels_in)
        for o in range(channels_out)
        if i // (channels_in // groups) == o // (channels_out // groups)
    ]


def conv(
    shape: Shape,
    kernel_size: Sequence[int],
    channels: int,
    stride: Sequence[int],
    padding: str | Pads,
    dilation: Sequence[int],
    groups: int,
    bias: bool,
) -> Answer | None:
    """A convolution, multiplication by multiplication; None where no window fits."""
    *spatial, channels_in = shape
    pads = resolve_pads(padding, tuple(spatial), kernel_size, stride, dilation)
    starts = list(map(window_starts, spatial, kernel_size, stride, dilation, pads))
    if not all(starts):
        return None
    weights_used = set()
    macs = bias_additions = 0
    pairs = partners(channels_in, channels, groups)
    for _position in product(*starts):
        for offset in offsets(kernel_size):
            for pair in pairs:
                weights_used.add((pair, offset))
                macs += 1
        for _channel in range(channels):
            bias_additions += bias
    output = (*map(len, starts), channels)
    return Answer(output, len(weights_used) + channels * bias, macs, bias_additions)


def conv_transpose(
    shape: Shape,
    kernel_size: Sequence[int],
    channels: int,
    stride: Sequence[int],
    padding: str | Pads,
    dilation: Sequence[int],
    output_padding: Sequence[int],
    groups: int,
    bias: bool,
) -> Answer | None:
    """Every input value spread over a patch of a canvas, then the canvas cropped."""
    *spatial, channels_in = shape
    weights_used = set()
    macs = 0
    canvas = [0] * len(spatial)
    pairs = partners(channels_in, channels, groups)
    for position in product(*map(range, spatial)):
        for offset in offsets(kernel_size):
            for axis, (place, tap) in enumerate(zip(position, offset, strict=True)):
                reached = place * stride[axis] + tap * dilation[axis] + 1
                canvas[axis] = max(canvas[axis], reached)
            for pair in pairs:
                weights_used.add((pair, offset))
                macs += 1
    if padding == "same":
        cropped = [len(range(0, size * s)) for size, s in zip(spatial, stride, strict=True)]
    else:
        pads = resolve_pads(padding, tuple(spatial), kernel_size, stride, dilation)
        cropped = [
            length + extra - before - after
            for length, extra, (before, after) in zip(canvas, output_padding, pads, strict=True)
        ]
    if any(length < 1 for length in cropped):
        return None
    values = len(list(product(*map(range, (*cropped, channels)))))
    return Answer(
        (*cropped, channels), len(weights_used) + channels * bias, macs, values if bias else 0
    )


def pool(
    shape: Shape,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: str | Pads,
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Answer | None:
    """A sliding maximum or mean: one element operation for each value in each window."""
    *spatial, channels = shape
    pads = resolve_pads(padding, tuple(spatial), kernel_size, stride, dilation)
    if padding == "same":
        ceil_mode = False
    starts = [
        window_starts(*axis, ceil=ceil_mode)
        for axis in zip(spatial, kernel_size, stride, dilation, pads, strict=True)
    ]
    if not all(starts):
        return None
    visits = sum(1 for _ in product(*starts, offsets(kernel_size), range(channels)))
    return Answer((*map(len, starts), channels), 0, 0, visits)


def adaptive_pool(shape: Shape, size: Sequence[int]) -> Answer:
    """Window i of an axis holds every input that overlaps the i-th equal part of it."""
    *spatial, channels = shape
    visits = 0
    seen = []
    for length, parts in zip(spatial, size, strict=True):
        # Input j covers [j, j + 1), part i covers [i * length / parts, (i + 1) * length / parts).
        seen.append(
            [
                sum(
                    j * parts < (i + 1) * length and (j + 1) * parts > i * length
                    for j in range(length)
                )
                for i in range(parts)
            ]
        )
    for windows in product(*seen):
        for _values in product(*map(range, windows)):
            visits += channels
    return Answer((*size, channels), 0, 0, visits)


def linear(shape: Shape, channels: int, bias: bool) -> Answer:
    """A weighted sum of the last axis for each output channel, at each position."""
    weights_used = set()
    macs = additions = 0
    for _position in product(*map(range, shape[:-1])):
        for o in range(channels):
            for i in range(shape[-1]):
                weights_used.add((i, o))
                macs += 1
            additions += bias
    return Answer((*shape[:-1], channels), len(weights_used) + channels * bias, macs, additions)


def values(shape: Shape) -> int:
    """How many numbers a tensor holds, counted one by one."""
    return sum(1 for _ in product(*map(range, shape)))


def causal_pads(kernel: int, dilation: int) -> tuple[int, int]:
    """The least padding before the input with which no window sees past its own position."""
    before = 0
    while any(tap * dilation - before > 0 for tap in range(kernel)):
        before += 1
    return before, 0


def attention(shape: Shape, heads: int, bias: bool) -> Answer:
    """Every token asks every token, head by head; four learned products around that."""
    *spatial, channels = shape
    tokens = list(product(*map(range, spatial)))
    used, macs, ops = set(), 0, 0
    biases = 0
    for matrix in ("query", "key", "value", "projection"):
        for o in range(channels):
            biases += bias
            for i in range(channels):
                used.add((matrix, i, o))
        for _token in tokens:
            for _o in range(channels):
                ops += bias
                for _i in range(channels):
                    macs += 1
    for head in range(heads):
        own = [c for c in range(channels) if c * heads // channels == head]
        for _query in tokens:
            for _key in tokens:
                macs += len(own)  # the score
                ops += 2  # scaled, and its share of the softmax
            for _c in own:
                for _value in tokens:
                    macs += 1
    return Answer(shape, len(used) + biases, macs, ops)


GATES = {
    # Gates, and what happens to one hidden value in one step besides products and biases.
    "rnn": ("h", "tanh"),
    "gru": ("r z n", "sigmoid-r sigmoid-z tanh-n r*Uh Wx+that 1-z (1-z)*n z*h sum"),
    "lstm": ("i f g o", "sigmoid-i sigmoid-f tanh-g sigmoid-o f*c i*g sum tanh-c o*that"),
}


def recurrent(
    kind: str, shape: Shape, hidden: int, layers: int, bidirectional: bool, bias: bool
) -> Answer:
    """Step by step, layer by layer, direction by direction."""
    gates, steps = (words.split() for words in GATES[kind])
    length, channels = shape
    directions = ("forwards", "backwards") if bidirectional else ("forwards",)
    used: set[tuple[int | str, ...]] = set()
    macs, ops = 0, 0
    seen = channels
    for layer in range(layers):
        for direction in directions:
            for _step in range(length):
                for unit in range(hidden):
                    ops += len(steps)
                    for gate in gates:
                        here = (layer, direction, gate, unit)
                        for i in range(seen):
                            used.add((*here, "W", i))
                            macs += 1
                        for j in range(hidden):
                            used.add((*here, "U", j))
                            macs += 1
                        for vector in ("W", "U") if bias else ():
                            used.add((*here, vector, "bias"))
                            ops += 1
        seen = sum(hidden for _ in directions)
    return Answer((length, seen), len(used), macs, ops)


def matmul(first: Shape, second: Shape) -> Answer:
    """Row by column; all axes before the last two are a stack."""
    macs = 0
    for _stack in product(*map(range, first[:-2])):
        for _row in range(first[-2]):
            for _column in range(second[-1]):
                for _inner in range(first[-1]):
                    macs += 1
    return Answer((*first[:-1], second[-1]), 0, macs, 0)


def pixel_shuffle(shape: Shape, scale: Sequence[int]) -> Shape:
    """Put every value where it goes, and see how large the map has become."""
    *spatial, channels = shape
    blocks = list(product(*map(range, scale)))
    places = set()
    for position in product(*map(range, spatial)):
        for channel in range(channels):
            inside = blocks[channel % len(blocks)]
            fine = [p * r + i for p, r, i in zip(position, scale, inside, strict=True)]
            places.add((*fine, channel // len(blocks)))
    return tuple(max(place[axis] for place in places) + 1 for axis in range(len(shape)))


def space_to_depth(shape: Shape, scale: Sequence[int]) -> Shape:
    """The other way: every value to its block's position."""
    *spatial, channels = shape
    blocks = list(product(*map(range, scale)))
    places = set()
    for position in product(*map(range, spatial)):
        inside = tuple(p % r for p, r in zip(position, scale, strict=True))
        coarse = [p // r for p, r in zip(position, scale, strict=True)]
        for channel in range(channels):
            places.add((*coarse, channel * len(blocks) + blocks.index(inside)))
    return tuple(max(place[axis] for place in places) + 1 for axis in range(len(shape)))
