"""What one output value can see: how far in space, and across which channels."""

from fractions import Fraction
from typing import Literal, NamedTuple

from convcost.engine.graph import Graph
from convcost.engine.shapes import Shape
from convcost.engine.windows import Window

Mixing = Literal["nothing", "space", "channels", "space and channels"]


class ReceptiveField(NamedTuple):
    """What reaches one value of a tensor.

    ``reach``: input positions on each axis (None: all of them, through a global pooling or a
    flattening); a fraction where the map has been enlarged. ``step``: distance in the input
    between two neighbouring values. ``is_bound``: after a layer that enlarges the map, values
    at different phases see different numbers of positions, and ``size`` is an upper bound.
    """

    reach: tuple[Fraction, ...] | None
    step: tuple[Fraction, ...]
    is_bound: bool = False

    @property
    def size(self) -> tuple[int, ...] | None:
        """The reach in whole positions: the most that any one value sees."""
        return None if self.reach is None else tuple(map(int, self.reach))


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
    return ReceptiveField((Fraction(1),) * axes, (Fraction(1),) * axes)


def _reach(field: ReceptiveField) -> tuple[bool, tuple[Fraction, ...]]:
    return (field.reach is None, field.reach or ())


def _widen(field: ReceptiveField, window: Window | None) -> ReceptiveField:
    if field.reach is None or window is None:
        return field
    if len(window.extent) != len(field.reach):
        # A foreign model has laid its axes out anew; what they were cannot be followed.
        return ReceptiveField(None, ())
    reach = tuple(
        r + (extent - 1) * step
        for r, extent, step in zip(field.reach, window.extent, field.step, strict=True)
    )
    step = tuple(a * b for a, b in zip(field.step, window.stride, strict=True))
    return ReceptiveField(reach, step, field.is_bound or any(s < 1 for s in window.stride))


def mixing(graph: Graph) -> Mixing:
    """Whether output values combine several positions, several channels, or both."""
    fields = receptive_fields(graph)
    size = fields[graph.outputs[0]].size
    space = size is None or any(axis > 1 for axis in size)
    channels = any(
        node.operation.shuffles or node.operation.channel_mixing(graph.shape(node.inputs[0])) > 1
        for node in graph.nodes
        if node.inputs
    )
    if space and channels:
        return "space and channels"
    return "space" if space else "channels" if channels else "nothing"
