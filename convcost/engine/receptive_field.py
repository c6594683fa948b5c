"""What one output value can see: how far in space, and across which channels."""

from fractions import Fraction
from typing import Literal, NamedTuple

from convcost.engine.graph import Graph
from convcost.engine.shapes import Shape
from convcost.engine.windows import Window

Mixing = Literal["nothing", "space", "channels", "space and channels"]


class ReceptiveField(NamedTuple):
    """``size``: input positions on each axis that can reach one output value (None: all of
    them, through a global pooling or a flattening). ``step``: distance in the input between
    two neighbouring outputs."""

    size: tuple[int, ...] | None
    step: tuple[Fraction, ...]


def receptive_fields(graph: Graph) -> list[ReceptiveField]:
    """The receptive field of each tensor of ``graph``, relative to its first input.

    r_out = r_in + (extent - 1) * step_in; step_out = step_in * stride; where branches join,
    the largest. Source: Araujo et al. 2019, Computing Receptive Fields of CNNs, equation 2.
    """
    fields = [_single_pixel(shape) for shape in graph.inputs]
    for node in graph.nodes:
        reads = [fields[tensor] for tensor in node.inputs]
        field = max(reads, key=_reach) if reads else _single_pixel(node.output)
        if node.inputs and not node.operation.flattens:
            field = _widen(field, node.operation.window(graph.shape(node.inputs[0])))
        elif node.inputs:
            field = ReceptiveField(None, ())
        if len(node.output) == 1 and node.inputs and len(graph.shape(node.inputs[0])) > 1:
            field = ReceptiveField(None, ())
        fields.append(field)
    return fields


def _single_pixel(shape: Shape) -> ReceptiveField:
    axes = len(shape) - 1
    return ReceptiveField((1,) * axes, (Fraction(1),) * axes)


def _reach(field: ReceptiveField) -> tuple[bool, tuple[int, ...]]:
    return (field.size is None, field.size or ())


def _widen(field: ReceptiveField, window: Window | None) -> ReceptiveField:
    if field.size is None or window is None:
        return field
    size = tuple(
        int(r + (reach - 1) * step)
        for r, reach, step in zip(field.size, window.extent, field.step, strict=True)
    )
    step = tuple(a * b for a, b in zip(field.step, window.stride, strict=True))
    return ReceptiveField(size, step)


def mixing(graph: Graph) -> Mixing:
    """Whether output values combine several positions, several channels, or both."""
    fields = receptive_fields(graph)
    size = fields[graph.outputs[0]].size
    space = size is None or any(axis > 1 for axis in size)
    channels = any(
        node.operation.shuffles or node.operation.channel_mixing(graph.shape(node.inputs[0])) > 1
        for node in graph.nodes
    )
    if space and channels:
        return "space and channels"
    return "space" if space else "channels" if channels else "nothing"
