"""Pooling: windows that take a maximum or a mean. No parameters, no MACs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any, ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Kind, Operation, Windowed
from convcost.engine.shapes import Shape, ceil_div, is_known, product
from convcost.engine.windows import Padding, Window, slide
from convcost.quantities import format_shape


@dataclass(frozen=True, slots=True)
class Pool(Windowed):
    """A sliding maximum or mean.

    output = slide(input), channels unchanged
    element_ops = output values * prod(kernel_size): each value in a window is visited once

    Source: PyTorch ``MaxPool2d`` and ``AvgPool2d`` (output size, ``ceil_mode``).
    """

    kind: ClassVar[Kind] = "elements"

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]
    ceil_mode: bool = False

    def output(self, *inputs: Shape) -> Shape:
        """Spatial sizes by the sliding window."""
        (shape,) = inputs
        spatial = slide(
            shape[:-1],
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
        )
        return (*spatial, shape[-1])

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Visits of window values."""
        return Cost(element_ops=product(output) * product(self.kernel_size))

    def settings(self, shape: Shape) -> dict[str, Any]:
        """A window's, and whether the last one may stick out."""
        return Windowed.settings(self, shape) | {"ceil_mode": self.ceil_mode}


@dataclass(frozen=True, slots=True)
class MaxPool(Pool):
    """A sliding maximum."""

    type: ClassVar[str] = "max_pool"


@dataclass(frozen=True, slots=True)
class AvgPool(Pool):
    """A sliding mean."""

    type: ClassVar[str] = "avg_pool"


def visited(size: int, out: int) -> int:
    """How many values the ``out`` windows of one axis hold together.

    The sum of ceil((i + 1) * size / out) - floor(i * size / out) over i: each inner edge that
    falls inside a value, and ``out - gcd`` of them do, is seen from both sides.
    """
    if is_known(size) and is_known(out):
        return size + out - gcd(size, out)
    if out == 1:
        return size
    return sum(ceil_div((i + 1) * size, out) - i * size // out for i in range(out))


def widest(size: int, out: int) -> int:
    """How many values the widest of the ``out`` windows of one axis holds.

    A window begins at i * size / out, rounded down, and its end is rounded up. In lowest terms
    the fractions of i * size / out take every value, so where a part ``r`` of a value is left
    over, some window gets one value more, and at ``r > 1`` some window gets two.
    """
    left = (size % out) // gcd(size, out)
    return size // out + min(left, 2)


@dataclass(frozen=True, slots=True)
class AdaptiveAvgPool(Operation):
    """A mean over windows chosen so that the output has the given size.

    Output i covers floor(i * in / out) to ceil((i + 1) * in / out): where windows overlap, values
    are visited twice, and those visits are counted.

    element_ops = prod(in + out - gcd(in, out)) * channels

    which is the input where the output size divides it. Source: PyTorch ``AdaptiveAvgPool2d``.
    """

    type: ClassVar[str] = "adaptive_avg_pool"
    kind: ClassVar[Kind] = "elements"

    output_size: tuple[int, ...]

    def output(self, *inputs: Shape) -> Shape:
        """The size that was asked for, channels unchanged."""
        return (*self.output_size, inputs[0][-1])

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Visits of window values, axis by axis."""
        (shape,) = inputs
        axes = zip(shape[:-1], self.output_size, strict=True)
        visits = [visited(size, out) for size, out in axes]
        return Cost(element_ops=product(visits) * shape[-1])

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The size that was asked for."""
        return {"output_size": self.output_size}

    def setting_words(self) -> list[str]:
        """``7x7``."""
        return [format_shape(self.output_size)]

    def window(self, shape: Shape) -> Window:
        """The widest of its windows, which are in / out apart."""
        axes = list(zip(shape[:-1], self.output_size, strict=True))
        return Window(
            tuple(widest(size, out) for size, out in axes),
            tuple(Fraction(size, out) for size, out in axes),
        )


@dataclass(frozen=True, slots=True)
class AdaptiveMaxPool(AdaptiveAvgPool):
    """The same windows, of which a maximum is taken. Source: PyTorch ``AdaptiveMaxPool2d``."""

    type: ClassVar[str] = "adaptive_max_pool"


@dataclass(frozen=True, slots=True)
class GlobalAvgPool(Operation):
    """The mean of each channel over all positions: H x W x C -> C.

    element_ops = input values, each added once. Source: Lin et al. 2013, section 3.2.
    """

    type: ClassVar[str] = "global_avg_pool"
    kind: ClassVar[Kind] = "elements"

    def output(self, *inputs: Shape) -> Shape:
        """Only the channels are left."""
        return inputs[0][-1:]

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """One visit of each input value."""
        return Cost(element_ops=product(inputs[0]))

    def window(self, shape: Shape) -> Window:
        """The whole input."""
        return Window(shape[:-1], shape[:-1])


@dataclass(frozen=True, slots=True)
class GlobalMaxPool(GlobalAvgPool):
    """The maximum of each channel over all positions. Source: Keras ``GlobalMaxPooling2D``."""

    type: ClassVar[str] = "global_max_pool"
