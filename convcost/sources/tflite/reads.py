"""What one operator reads, for the rules that work out sizes: shapes and whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from convcost.sources.tflite.model import Dims, Operator, Tensor


class UnknownSizeError(Exception):
    """A size depends on what is not known."""


class Reads:
    """What one operator reads: sizes and whole numbers by position."""

    def __init__(
        self,
        operator: Operator,
        tensors: Sequence[Tensor],
        dims: dict[int, Dims | None],
        numbers: dict[int, Dims],
    ) -> None:
        self.operator = operator
        self._tensors = tensors
        self._dims = dims
        self._numbers = numbers

    def has(self, at: int) -> bool:
        """Whether an input stands at a position."""
        inputs = self.operator.inputs
        return at < len(inputs) and inputs[at] >= 0

    def dims(self, at: int) -> Dims:
        """The sizes of the input at a position. Raises UnknownSizeError."""
        if not self.has(at):
            raise ValueError
        dims = self._dims.get(self.operator.inputs[at])
        if dims is None:
            raise UnknownSizeError
        return dims

    def keeps_channels(self, at: int) -> bool:
        """Whether an input has the channels that the file states for it.

        Other sizes may be given to a model; other channels would make a dense convolution a
        grouped one, and mean that the axes were taken for others.
        """
        index = self.operator.inputs[at]
        dims, stated = self._dims.get(index), self._tensors[index].dims
        return not dims or not stated or dims[-1] == stated[-1]

    def all_dims(self) -> list[Dims]:
        """The sizes of every input that is there."""
        return [self.dims(at) for at in range(len(self.operator.inputs)) if self.has(at)]

    def numbers(self, at: int) -> Dims:
        """The values of an input of whole numbers. Raises UnknownSizeError."""
        if not self.has(at):
            raise ValueError
        index = self.operator.inputs[at]
        if index not in self._numbers:
            raise UnknownSizeError
        return self._numbers[index]

    def knows(self, at: int) -> bool:
        """Whether the values of the input at a position are known."""
        return self.has(at) and self.operator.inputs[at] in self._numbers

    def number(self, at: int) -> int:
        """The one value of such an input."""
        (value,) = self.numbers(at)
        return value

    def axis(self, value: int, rank: int) -> int:
        """An axis that may be counted from the end."""
        if not -rank <= value < rank:
            raise ValueError
        return value % rank

    def axes(self, at: int, rank: int) -> set[int]:
        """Axes given as an input."""
        return {self.axis(value, rank) for value in self.numbers(at)}


Rule = Callable[[Reads], Iterable[Dims | None]]
"""The sizes of each output; None, or an entry less, where an output is not followed."""


def all_with(rule: Rule, names: str) -> dict[str, Rule]:
    """One rule for several operators."""
    return dict.fromkeys(names.split(), rule)
