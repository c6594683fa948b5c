"""Attention: products of computed tensors, with the projections around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Kind, Operation, Product, Reads
from convcost.engine.shapes import Shape, divides, divisors, exact_div, is_known, product
from convcost.errors import OperationError
from convcost.quantities import format_shape


@dataclass(frozen=True, slots=True)
class Attention(Operation):
    """Multi-head self-attention with its four projections; all positions are tokens.

    N = positions, C = channels, each head has C / heads of them:

    params = 4 * C * C + bias * 4 * C
    macs   = N * 4 * C * C (projections) + 2 * N * N * C (scores, weighted sum)
    element_ops = 2 * heads * N * N (scaling and softmax of the scores) + bias * 4 * N * C

    Source: Vaswani et al. 2017, sections 3.2.1 and 3.2.2; PyTorch ``MultiheadAttention``.
    """

    type: ClassVar[str] = "attention"
    kind: ClassVar[Kind] = "macs"
    flattens: ClassVar[bool] = True

    heads: int
    bias: bool = False

    @property
    def has_bias(self) -> bool:
        """As its setting says."""
        return self.bias

    def biases(self, output: Shape) -> int:
        """One for each output of the four projections."""
        return 4 * output[-1] if self.bias else 0

    def output(self, *inputs: Shape) -> Shape:
        """The shape does not change; the heads must share the channels evenly."""
        (shape,) = inputs
        if not divides(self.heads, shape[-1]):
            raise OperationError(
                f"heads={self.heads} does not divide {shape[-1]} channels",
                field="heads",
                choices=divisors(shape[-1]),
            )
        return shape

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Projections grow with the positions, the scores with their square."""
        *spatial, channels = output
        tokens = product(spatial)
        weights = 4 * channels * channels
        scores = self.heads * tokens * tokens
        biases = self.biases(output)
        return Cost(
            weights + biases,
            tokens * weights + 2 * tokens * tokens * channels,
            2 * scores + tokens * biases,
        )

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """Three projections in, two products of computed tensors, one projection out."""
        *spatial, channels = output
        positions, tokens = tuple(spatial), product(spatial)
        head = exact_div(channels, self.heads)
        return (
            Product((), channels, 3 * channels, positions, name="query, key, value"),
            Product((), head, self.heads * tokens, positions, is_learned=False, name="query x key"),
            Product((), tokens, channels, positions, is_learned=False, name="scores x value"),
            Product((), channels, channels, positions, name="projection"),
        )

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The heads, and whether the projections have biases."""
        return {"heads": self.heads, "bias": self.bias}

    def setting_words(self) -> list[str]:
        """``h8``."""
        return [f"h{self.heads}"]

    def channel_mixing(self, shape: Shape) -> int:
        """All input channels."""
        return shape[-1]


@dataclass(frozen=True, slots=True)
class MatMul(Operation):
    """A product of two computed matrices: M x K and K x N give M x N.

    The last two axes are the matrix; axes before them are a stack that must agree. With
    ``transpose`` the second is N x K, as the keys of an attention are.

    macs = stack * M * N * K. Source: PyTorch ``matmul``.
    """

    type: ClassVar[str] = "matmul"
    kind: ClassVar[Kind] = "macs"
    flattens: ClassVar[bool] = True
    reads: ClassVar[Reads] = Reads(2, 2)

    transpose: bool = False

    def output(self, *inputs: Shape) -> Shape:
        """Rows of the first, columns of the second."""
        first, second = inputs
        shown = f"matmul: {format_shape(first)} and {format_shape(second)}"
        if len(first) < 2 or len(first) != len(second):
            raise OperationError(f"{shown} are no two matrices of one kind", field="from")
        rows, columns = (second[-1], second[-2]) if self.transpose else second[-2:]
        if is_known(first[-1]) and is_known(rows) and first[-1] != rows:
            raise OperationError(
                f"{shown} do not fit: {first[-1]} columns and {rows} rows",
                field="from",
                hint=None if self.transpose else "transpose=true turns the second",
            )
        if first[:-2] != second[:-2]:
            raise OperationError(f"{shown} differ in the axes before the matrix", field="from")
        return (*first[:-1], columns)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Each value of the result is a sum over the inner axis."""
        return Cost(macs=product(output) * inputs[0][-1])

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """The columns of the second, laid over the rows of the first."""
        return (Product((), inputs[0][-1], output[-1], output[:-1], is_learned=False),)

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Whether the second is turned."""
        return {"transpose": self.transpose}

    def channel_mixing(self, shape: Shape) -> int:
        """The inner axis."""
        return shape[-1]
