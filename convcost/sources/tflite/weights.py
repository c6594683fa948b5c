"""Which tensors hold learned numbers, and which of them have been counted.

Parameters are known by the buffer that stores them: each is counted once, at the first operator
that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from convcost.engine.shapes import product
from convcost.sources.tflite.model import BITS, FLOATS, Model, Operator, Tensor

Roots = tuple[Tensor, ...]
"""The stored tensors behind a tensor."""


class Weights:
    """The stored tensors behind each tensor of a subgraph, and what was counted of them.

    ``taken``, ``bytes`` and ``bits`` are those of the operator that is being counted (see
    ``begin``): the parameters that are new at it, their bytes, and the bits of one value of its
    first weight.
    ``given`` are the roots of inputs that a surrounding subgraph feeds with stored values.
    """

    def __init__(
        self,
        model: Model,
        counted: set[int] | None = None,
        given: Mapping[int, Roots] = MappingProxyType({}),
    ) -> None:
        self._roots: dict[int, Roots] = {
            index: (tensor,)
            for index, tensor in enumerate(model.tensors)
            if tensor.buffer is not None
        } | dict(given)
        self.counted: set[int] = set() if counted is None else counted
        self.taken = 0
        self.bytes = 0
        self.bits: int | None = None

    def begin(self) -> None:
        """Count for another operator from now on."""
        self.taken, self.bytes, self.bits = 0, 0, None

    def is_constant(self, index: int) -> bool:
        """Whether a tensor comes from stored values alone."""
        return index in self._roots

    def roots(self, index: int) -> Roots:
        """The stored tensors behind a tensor."""
        return self._roots.get(index, ())

    def fold(self, operator: Operator) -> None:
        """An operator that computes from constants only: what it makes stands for them.

        DEQUANTIZE of 16-bit weights and DENSIFY of sparse ones are such.
        """
        roots = tuple(root for index in operator.inputs for root in self.roots(index))
        for index in operator.outputs:
            self._roots[index] = roots

    def take(self, indexes: Iterable[int], *, certain: bool = False) -> int:
        """The values of those weights that are read here for the first time.

        ``certain``: whatever constant stands there is a weight, as for a convolution's filter;
        elsewhere only constants that look learned are.
        """
        new = 0
        for tensor in (root for index in indexes for root in self.roots(index)):
            if not certain and not is_learned(tensor):
                continue
            if self.bits is None:
                self.bits = BITS.get(tensor.type)
            if tensor.buffer is not None and tensor.buffer not in self.counted:
                self.counted.add(tensor.buffer)
                self.bytes += tensor.stored_bytes
                new += product(tensor.dims or ())
        self.taken += new
        return new


def is_learned(tensor: Tensor) -> bool:
    """Numbers that a network learns, as far as a file shows it: floating point or quantised
    ones, and more than one. Others are sizes, axes, paddings, factors.
    """
    is_real = tensor.type in FLOATS or tensor.is_quantised
    return is_real and product(tensor.dims or ()) > 1
