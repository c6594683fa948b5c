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
