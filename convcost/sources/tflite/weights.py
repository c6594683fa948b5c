"""Which tensors hold learned numbers, and which of them have been counted.

Parameters are known by the buffer that stores them: each is counted once, at the first operator
that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable

from convcost.engine.shapes import product
from convcost.sources.tflite.model import BITS, FLOATS, Model, Operator


class Weights:
    """The stored tensors behind each tensor, and what was counted of them.

    ``bytes`` and ``bits`` are those of the operator that is being counted (see ``begin``): the
    bytes of the parameters that are new at it, and the bits of one value of its first weight.
    """

    def __init__(self, model: Model) -> None:
        self._tensors = model.tensors
        self._roots: dict[int, tuple[int, ...]] = {
            index: (index,)
            for index, tensor in enumerate(model.tensors)
            if tensor.buffer is not None
        }
        self._counted: set[int] = set()
        self.bytes = 0
        self.bits: int | None = None

    def begin(self) -> None:
        """Count for another operator from now on."""
        self.bytes, self.bits = 0, None

    def is_constant(self, index: int) -> bool:
        """Whether a tensor comes from stored values alone."""
        return index in self._roots

    def fold(self, operator: Operator) -> None:
        """An operator that computes from constants only: what it makes stands for them.

        DEQUANTIZE of 16-bit weights and DENSIFY of sparse ones are such.
        """
        roots = dict.fromkeys(r for i in operator.inputs for r in self._roots.get(i, ()))
        for index in operator.outputs:
            self._roots[index] = tuple(roots)

    def is_learned(self, root: int) -> bool:
        """Numbers that a network learns, as far as a file shows it: floating point or quantised
        ones, and more than one. Others are sizes, axes, paddings, factors.
        """
        tensor = self._tensors[root]
        is_real = tensor.type in FLOATS or tensor.is_quantised
        return is_real and product(tensor.dims or ()) > 1

    def take(self, indexes: Iterable[int], *, certain: bool = False) -> int:
        """The values of those weights that are read here for the first time.

        ``certain``: whatever constant stands there is a weight, as for a convolution's filter;
        elsewhere only constants that look learned are.
        """
        new = 0
        for index in indexes:
            for root in self._roots.get(index, ()):
                tensor = self._tensors[root]
                if not certain and not self.is_learned(root):
                    continue
                if self.bits is None:
                    self.bits = BITS.get(tensor.type)
                if tensor.buffer is not None and tensor.buffer not in self._counted:
                    self._counted.add(tensor.buffer)
                    self.bytes += tensor.stored_bytes
                    new += product(tensor.dims or ())
        return new
