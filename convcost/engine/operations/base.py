"""What every operation answers: its output shape, its cost, and how it spreads information."""

from __future__ import annotations

from typing import ClassVar, Literal

from convcost.engine.cost import Cost
from convcost.engine.shapes import Shape
from convcost.engine.windows import Window

Kind = Literal["macs", "elements", "free", "unknown"]
"""How an operation takes part in a count: multiply-accumulates, element operations, nothing
by definition, or not known."""


class Operation:
    """One resolved operation. Subclasses hold their settings and state their formulas.

    ``shuffles``: it exchanges channels between groups. ``flattens``: it lays positions side by
    side as channels, so that what follows sees all of them. ``renames``: its output is the
    same values in memory under another shape. ``per_sample``: its cost is that of one sample.
    """

    __slots__ = ()

    type: ClassVar[str] = "operation"
    kind: ClassVar[Kind] = "free"
    shuffles: ClassVar[bool] = False
    flattens: ClassVar[bool] = False
    renames: ClassVar[bool] = False
    per_sample: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """The output shape; raises OperationError where the inputs do not fit."""
        return inputs[0]

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Counts for one sample, given the input shapes and the output shape."""
        return Cost()

    def window(self, shape: Shape) -> Window | None:
        """Reach and step on each spatial axis of the input ``shape``; None: pixel by pixel."""
        return None

    def channel_mixing(self, shape: Shape) -> int:
        """How many input channels one output value depends on (1: its own channel only)."""
        return 1
