"""Which part of each tensor a piece of one map depends on, exactly: boxes followed backwards.

Owns how each operation maps a box of its output to a box of its input, padding left out.
Operations that need the whole map, and those of which this is not known, are refused.
"""

from __future__ import annotations

from typing import TypeAlias

from convcost.engine.graph import Graph, Node
from convcost.engine.memory.fusion import FOLDED_NORMS, SUMS, is_activation, sees_a_position
from convcost.engine.operations.base import Windowed, windowed
from convcost.engine.operations.foreign import Foreign, Imported
from convcost.engine.operations.reshaping import Upsample
from convcost.engine.shapes import Shape, ceil_div
from convcost.errors import ConvcostError

Span: TypeAlias = tuple[int, int]
"""Positions ``start`` to ``stop`` (exclusive) on one axis; equal where there are none."""

Box: TypeAlias = tuple[Span, ...]
"""A span on each spatial axis."""

WINDOWS = frozenset({"conv", "max_pool", "avg_pool"})
"""Operations whose output positions read a window of the input."""

PIXELWISE = FOLDED_NORMS | SUMS | {"identity", "concat", "slice", "channel_shuffle"}
"""Operations whose output positions read the same position of each input."""

PIXELWISE_HERE = frozenset({"linear", "layer_norm"})
"""Operations that are so in convcost; an imported one may work over other axes."""


def boxes(graph: Graph, nodes: tuple[int, ...], tensor: int, box: Box) -> dict[int, Box]:
    """The box of each tensor that ``box`` of ``tensor`` depends on, through ``nodes`` only.

    Raises ConvcostError where a node needs more than a part of its input.
    """
    first = len(graph.inputs)
    found = {tensor: box}
    for index in reversed(nodes):
        wanted = found.get(first + index)
        if wanted is None:
            continue
        node = graph.nodes[index]
        for read in node.inputs:
            needed = _read(graph, node, read, wanted)
            found[read] = _hull(found[read], needed) if read in found else needed
    return found


def box_shape(box: Box, shape: Shape) -> Shape:
    """The shape of a box of a tensor of ``shape``."""
    return (*(stop - start for start, stop in box), shape[-1])


def cut_evenly(size: int, parts: int) -> list[Span]:
    """``size`` positions in ``parts`` spans, each ceil(size / parts) long but for the last ones."""
    step = ceil_div(size, parts)
    return [(start, min(start + step, size)) for start in range(0, size, step)]


def _read(graph: Graph, node: Node, tensor: int, box: Box) -> Box:
    """The box of one input that a box of the output reads."""
    shape = graph.shape(tensor)
    if isinstance(node.operation, Imported) and node.operation.copies != 1:
        raise _needs_all(node)
    operation = node.operation.core
    kind = operation.type
    window = windowed(operation)
    if kind in WINDOWS and window is not None:
        return _window(window, shape, box)
    if isinstance(operation, Upsample) and operation.mode == "nearest":
        factors = zip(box, operation.scale, strict=True)
        return tuple((start // f, ceil_div(stop, f)) for (start, stop), f in factors)
    at_home = not isinstance(operation, Foreign)
    pixelwise = kind in PIXELWISE or is_activation(node)
    pixelwise = pixelwise or (at_home and (kind in PIXELWISE_HERE or sees_a_position(node)))
    if pixelwise and shape[:-1] == node.output[:-1] and len(shape) == len(box) + 1:
        return box
    raise _needs_all(node)


def _window(window: Windowed, shape: Shape, box: Box) -> Box:
    """The box behind a sliding window, axis by axis."""
    sizes = (window.kernel_size, window.stride, window.dilation)
    axes = zip(box, shape[:-1], *sizes, window.pads(shape), strict=True)
    return tuple(
        _taps(span, size, kernel, stride, dilation, before)
        for span, size, kernel, stride, dilation, (before, _) in axes
    )


def _taps(span: Span, size: int, kernel: int, stride: int, dilation: int, before: int) -> Span:
    """From the lowest tap inside ``size`` positions to the highest, for outputs in ``span``.

    A window whose first tap is inside has all lower taps of later windows above it, so the search
    is no longer than the padding; and so from the other end.
    """
    lowest, highest = size, -1
    for output in range(*span):
        first = output * stride - before
        tap = first + max(0, ceil_div(-first, dilation)) * dilation
        if tap <= first + (kernel - 1) * dilation:
            lowest = min(lowest, tap)
        if first >= 0:
            break
    for output in reversed(range(*span)):
        first = output * stride - before
        last = first + (kernel - 1) * dilation
        tap = last - max(0, ceil_div(last - size + 1, dilation)) * dilation
        if tap >= first:
            highest = max(highest, tap)
        if last < size:
            break
    return (lowest, highest + 1) if lowest <= highest else (0, 0)


def _hull(one: Box, other: Box) -> Box:
    """The smallest box around both, axis by axis."""
    spans = []
    for a, b in zip(one, other, strict=True):
        filled = [span for span in (a, b) if span[0] < span[1]]
        starts, stops = zip(*filled, strict=True) if filled else ((0,), (0,))
        spans.append((min(starts), max(stops)))
    return tuple(spans)


def _needs_all(node: Node) -> ConvcostError:
    return ConvcostError(
        f"{node.name} ({node.operation.type}) cannot run in patches",
        hint="it may need more of its input than one patch; end the patches before it",
    )
