"""Convolutions: dense, grouped, depthwise, dilated, in one to three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Grouped, Kind, Product, Reads, Weighted, Windowed
from convcost.engine.shapes import Shape, divides, divisors, exact_div, product
from convcost.engine.windows import Padding, slide
from convcost.errors import OperationError
from convcost.quantities import format_shape


@dataclass(frozen=True, slots=True)
class Conv(Windowed, Grouped, Weighted):
    """A convolution over one to three spatial axes.

    output = slide(input) x out_channels
    params = out_channels * (in_channels / groups) * prod(kernel_size) + bias * out_channels
    macs   = output positions * out_channels * (in_channels / groups) * prod(kernel_size)
    element_ops = one bias addition per output value

    Source: Howard et al. 2017, MobileNets, section 3.1 (dense); Xie et al. 2016, ResNeXt,
    section 3.3 (grouped); PyTorch ``Conv2d`` (output size).
    """

    type: ClassVar[str] = "conv"
    kind: ClassVar[Kind] = "macs"

    kernel_size: tuple[int, ...]
    out_channels: int
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]
    groups: int = 1
    bias: bool = False

    def output(self, *inputs: Shape) -> Shape:
        """Spatial sizes by the sliding window, channels by the number of kernels."""
        (shape,) = inputs
        check_groups(self.groups, shape[-1], self.out_channels)
        spatial = slide(shape[:-1], self.kernel_size, self.stride, self.padding, self.dilation)
        return (*spatial, self.out_channels)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """One kernel spans the input channels of its group."""
        weights = self.out_channels * self.kernel_weights(inputs[0])
        positions = product(output[:-1])
        if self.bias:
            biases = self.out_channels
            return Cost(weights + biases, positions * weights, positions * biases)
        return Cost(weights, positions * weights)

    def kernel_weights(self, shape: Shape) -> int:
        """The numbers in one kernel: in_channels / groups * prod(kernel_size)."""
        return exact_div(shape[-1], self.groups) * product(self.kernel_size)

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """One kernel for each output channel, laid over the output positions."""
        seen = exact_div(inputs[0][-1], self.groups)
        return (Product(self.kernel_size, seen, self.out_channels, output[:-1]),)

    def channel_mixing(self, shape: Shape) -> int:
        """The input channels of one group."""
        return exact_div(shape[-1], self.groups)

    def family(self, shape: Shape) -> str:
        """``conv 3x3``, ``depthwise 3x3`` or ``grouped 3x3``."""
        size = format_shape(self.kernel_size)
        if self.groups == 1:
            return f"{self.type} {size}"
        return f"{'depthwise' if self.groups == shape[-1] else 'grouped'} {size}"


@dataclass(frozen=True, slots=True)
class DeformConv(Conv):
    """A convolution that reads its input at learned offsets; its main product is a convolution's.

    It may read offsets (and a mask) as further inputs: those are made by layers of their own.
    Source: Dai et al. 2017, Deformable Convolutional Networks, section 2.1; torchvision
    ``DeformConv2d``.
    """

    type: ClassVar[str] = "deform_conv"
    reads: ClassVar[Reads] = Reads(1, 3)

    def output(self, *inputs: Shape) -> Shape:
        """A convolution's; the offsets must lie on the map that it makes."""
        made = Conv.output(self, inputs[0])
        for other in inputs[1:]:
            if other[:-1] != made[:-1]:
                raise OperationError(
                    f"offsets on {format_shape(other[:-1])} do not fit an output of "
                    f"{format_shape(made[:-1])}",
                    field="from",
                )
        return made

    @property
    def note(self) -> str | None:
        """The reading in between positions is apart from the product."""
        return (
            "deform_conv: reading between positions (4 values a tap) is not counted; "
            "the layer that makes its offsets stands beside it"
        )


def check_groups(groups: int, in_channels: int, out_channels: int) -> None:
    """Groups must divide both channel counts; the error lists those that do."""
    for channels, side in ((in_channels, "input"), (out_channels, "output")):
        if not divides(groups, channels):
            common = tuple(d for d in divisors(in_channels) if out_channels % d == 0)
            raise OperationError(
                f"groups={groups} does not divide {channels} {side} channels",
                field="groups",
                choices=common,
            )
