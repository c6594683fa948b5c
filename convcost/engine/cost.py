"""Cost: what one operation adds to the total, as integers that can be summed."""

from typing import NamedTuple


class Cost(NamedTuple):
    """Integer counts of one operation, one sample.

    ``params``: learned numbers (weights, biases, scale and shift; running statistics are not).
    ``macs``: multiplications whose result goes into an accumulator; padded taps count.
    ``element_ops``: everything else that computes: bias additions, normalisation, activation,
    pooling, element-wise sums and products. Never part of ``macs``.
    """

    params: int = 0
    macs: int = 0
    element_ops: int = 0

    def __add__(self, other: "Cost") -> "Cost":  # type: ignore[override]
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.element_ops + other.element_ops,
        )

    def for_batch(self, batch: int) -> "Cost":
        """The cost of ``batch`` samples: work is linear in batch, parameters do not change."""
        return Cost(self.params, self.macs * batch, self.element_ops * batch)


FREE = Cost()
"""An operation that only moves or renames values."""
