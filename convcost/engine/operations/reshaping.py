"""Operations that move values without learned numbers: joins, cuts, shuffles, resizing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from convcost.engine.cost import FREE, Cost
from convcost.engine.operations.base import SEVERAL, Grouped, Kind, Operation, Reads
from convcost.engine.operations.elementwise import check_equal
from convcost.engine.shapes import Shape, divides, divisors, is_known, product
from convcost.engine.windows import Window
from convcost.errors import OperationError
from convcost.quantities import format_sizes


@dataclass(frozen=True, slots=True)
class Concat(Operation):
    """Tensors side by side in the channel axis; free."""

    type: ClassVar[str] = "concat"
    reads: ClassVar[Reads] = SEVERAL

    def output(self, *inputs: Shape) -> Shape:
        """Spatial sizes must agree; channels add up."""
        first = inputs[0]
        for other in inputs[1:]:
            if other[:-1] != first[:-1]:
                check_equal("concat", (*first[:-1], other[-1]), other)
        channels = inputs[0][-1]
        for other in inputs[1:]:
            channels = channels + other[-1]
        return (*first[:-1], channels)


@dataclass(frozen=True, slots=True)
class Slice(Operation):
    """Channels ``start`` to ``stop`` (exclusive); free."""

    type: ClassVar[str] = "slice"

    start: int
    stop: int

    def output(self, *inputs: Shape) -> Shape:
        """The channels that were asked for."""
        (shape,) = inputs
        bounds = (self.start, self.stop, shape[-1])
        if all(map(is_known, bounds)) and not 0 <= self.start < self.stop <= shape[-1]:
            raise OperationError(
                f"slice {self.start}:{self.stop} is not inside {shape[-1]} channels", field="stop"
            )
        return (*shape[:-1], self.stop - self.start)

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The two ends of the cut."""
        return {"start": self.start, "stop": self.stop}

    def setting_words(self) -> list[str]:
        """``0:32``."""
        return [f"{self.start}:{self.stop}"]


@dataclass(frozen=True, slots=True)
class ChannelShuffle(Grouped):
    """A fixed permutation of channels across groups; free. Source: Zhang et al. 2017, 3.1."""

    type: ClassVar[str] = "channel_shuffle"
    shuffles: ClassVar[bool] = True

    groups: int

    def output(self, *inputs: Shape) -> Shape:
        """The shape does not change; groups must divide the channels."""
        (shape,) = inputs
        if not divides(self.groups, shape[-1]):
            raise OperationError(
                f"groups={self.groups} does not divide {shape[-1]} channels",
                field="groups",
                choices=divisors(shape[-1]),
            )
        return shape


@dataclass(frozen=True, slots=True)
class Flatten(Operation):
    """All axes into one: H x W x C -> H * W * C; free."""

    type: ClassVar[str] = "flatten"
    flattens: ClassVar[bool] = True
    renames: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """The number of values."""
        return (product(inputs[0]),)


@dataclass(frozen=True, slots=True)
class Upsample(Operation):
    """Enlarge each spatial axis by a whole factor.

    ``nearest`` copies and is free; ``bilinear`` (linear in each axis) computes
    element_ops = output values * 2 ** axes, one per input value that is blended.
    """

    type: ClassVar[str] = "upsample"
    kind: ClassVar[Kind] = "elements"

    scale: tuple[int, ...]
    mode: str = "nearest"

    def output(self, *inputs: Shape) -> Shape:
        """Spatial sizes times the factors."""
        (shape,) = inputs
        spatial = [size * factor for size, factor in zip(shape[:-1], self.scale, strict=True)]
        return (*spatial, shape[-1])

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Blending, or nothing."""
        if self.mode == "nearest":
            return FREE
        return Cost(element_ops=product(output) * 2 ** len(self.scale))

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The factors and how values in between are made."""
        return {"scale": self.scale, "mode": self.mode}

    def setting_words(self) -> list[str]:
        """``x2``, and ``bilinear`` where it is."""
        return [f"x{format_sizes(self.scale)}", *([self.mode] if self.mode != "nearest" else [])]

    def window(self, shape: Shape) -> Window:
        """A value is copied ``scale`` times (or blended over twice that); steps get finer."""
        spread = 1 if self.mode == "nearest" else 2
        return Window(
            tuple(1 + Fraction(spread * factor - 1, factor) for factor in self.scale),
            tuple(Fraction(1, factor) for factor in self.scale),
        )


@dataclass(frozen=True, slots=True)
class Dropout(Operation):
    """Values zeroed at random in training; at inference the input unchanged, and free.

    Source: Srivastava et al. 2014, section 4; PyTorch ``Dropout`` (scaled in training).
    """

    type: ClassVar[str] = "dropout"
    renames: ClassVar[bool] = True

    rate: float = 0.5

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The probability of a zero."""
        return {"rate": self.rate}


@dataclass(frozen=True, slots=True)
class Identity(Operation):
    """The input unchanged; free."""

    type: ClassVar[str] = "identity"
    renames: ClassVar[bool] = True
