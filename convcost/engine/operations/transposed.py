"""Transposed convolutions: the work is per input position."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Grouped, Kind, Product, Weighted, Windowed
from convcost.engine.operations.convolution import check_groups
from convcost.engine.shapes import Shape, exact_div, is_known, product
from convcost.engine.windows import Causal, Padding, PadPairs, Same, Window, extent
from convcost.errors import OperationError
from convcost.quantities import format_shape


@dataclass(frozen=True, slots=True)
class ConvTranspose(Windowed, Grouped, Weighted):
    """A transposed convolution: each input value is spread over a kernel-sized patch.

    output = (input - 1) * stride - pads + dilation * (kernel_size - 1) + 1 + output_padding,
             or input * stride with ``same``
    params = in_channels * (out_channels / groups) * prod(kernel_size) + bias * out_channels
    macs   = input positions * in_channels * (out_channels / groups) * prod(kernel_size)

    Products that land in the cropped border are counted, as padded taps are. Source: Dumoulin
    and Visin 2016, section 4; PyTorch ``ConvTranspose2d``.
    """

    type: ClassVar[str] = "conv_transpose"
    kind: ClassVar[Kind] = "macs"

    kernel_size: tuple[int, ...]
    out_channels: int
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int = 1
    bias: bool = False

    def output(self, *inputs: Shape) -> Shape:
        """The inverse of the sliding window."""
        (shape,) = inputs
        check_groups(self.groups, shape[-1], self.out_channels)
        if isinstance(self.padding, Causal):
            raise OperationError("a transposed convolution cannot be causal", field="padding")
        if isinstance(self.padding, Same):
            spatial = [size * s for size, s in zip(shape[:-1], self.stride, strict=True)]
        else:
            settings = zip(
                shape[:-1],
                self.kernel_size,
                self.stride,
                self.padding,
                self.dilation,
                self.output_padding,
                strict=True,
            )
            spatial = [
                (size - 1) * s - before - after + extent(k, d) + extra
                for size, k, s, (before, after), d, extra in settings
            ]
        if any(is_known(size) and size < 1 for size in spatial):
            raise OperationError(
                f"padding crops the whole output: {format_shape(spatial)} is left", field="padding"
            )
        return (*spatial, self.out_channels)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Work is per input position, not per output position."""
        (shape,) = inputs
        weights = shape[-1] * exact_div(self.out_channels, self.groups) * product(self.kernel_size)
        biases = self.out_channels if self.bias else 0
        positions = product(shape[:-1])
        return Cost(weights + biases, positions * weights, product(output[:-1]) * biases)

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """One kernel for each input channel, spread from the input positions."""
        (shape,) = inputs
        spread = exact_div(self.out_channels, self.groups)
        return (Product(self.kernel_size, spread, shape[-1], shape[:-1], "input"),)

    def pads(self, shape: Shape) -> PadPairs:
        """The cropping in numbers: for ``same`` what leaves input * stride."""
        if not isinstance(self.padding, Same | Causal):
            return self.padding
        excess = [
            extent(k, d) - s + extra
            for k, d, s, extra in zip(
                self.kernel_size, self.dilation, self.stride, self.output_padding, strict=True
            )
        ]
        return tuple((crop // 2, crop - crop // 2) for crop in excess)

    def window(self, shape: Shape) -> Window:
        """A window of the kernel's reach on a map whose values are 1 / stride apart."""
        reach = map(extent, self.kernel_size, self.dilation)
        return Window(
            tuple(1 + Fraction(r - 1, s) for r, s in zip(reach, self.stride, strict=True)),
            tuple(Fraction(1, s) for s in self.stride),
        )

    def settings(self, shape: Shape) -> dict[str, Any]:
        """A convolution's, and what is added after the output."""
        own = {"output_padding": self.output_padding}
        return Windowed.settings(self, shape) | own

    def channel_mixing(self, shape: Shape) -> int:
        """The input channels of one group."""
        return exact_div(shape[-1], self.groups)
