"""Convolutions: dense, grouped, depthwise, dilated, in one to three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Kind, Operation
from convcost.engine.shapes import Shape, divides, divisors, exact_div, product
from convcost.engine.windows import Padding, PadPairs, Window, extent, pad_pairs, slide
from convcost.errors import OperationError


@dataclass(frozen=True, slots=True)
class Conv(Operation):
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

    def pads(self, shape: Shape) -> PadPairs:
        """The padding in numbers, for an input ``shape``."""
        sizes = (self.kernel_size, self.stride, self.dilation)
        return pad_pairs(self.padding, shape[:-1], *sizes)

    def window(self, shape: Shape) -> Window:
        """Kernel reach with dilation, and the stride."""
        return Window(tuple(map(extent, self.kernel_size, self.dilation)), self.stride)

    def channel_mixing(self, shape: Shape) -> int:
        """The input channels of one group."""
        return exact_div(shape[-1], self.groups)


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
