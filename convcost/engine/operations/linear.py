"""Matrix products: fully connected layers, and products of two computed tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Kind, Product, Weighted
from convcost.engine.shapes import Shape, product


@dataclass(frozen=True, slots=True)
class Linear(Weighted):
    """A fully connected layer, applied at each position of the last axis.

    params = in * out + bias * out
    macs   = positions * in * out
    element_ops = one bias addition per output value

    Source: PyTorch ``Linear``. On a 1x1 map it equals a 1x1 convolution.
    """

    type: ClassVar[str] = "linear"
    kind: ClassVar[Kind] = "macs"

    out_channels: int
    bias: bool = False

    def output(self, *inputs: Shape) -> Shape:
        """All axes but the last stay."""
        return (*inputs[0][:-1], self.out_channels)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Every output value is one weighted sum over the last input axis."""
        weights = inputs[0][-1] * self.out_channels
        biases = self.out_channels if self.bias else 0
        positions = product(output[:-1])
        return Cost(weights + biases, positions * weights, positions * biases)

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """One row of weights for each output, at every position."""
        return (Product((), inputs[0][-1], self.out_channels, output[:-1]),)

    def channel_mixing(self, shape: Shape) -> int:
        """All input channels."""
        return shape[-1]
