"""Operations value by value: normalisation, activation, sums and products. No MACs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import SEVERAL, Kind, Operation, Reads
from convcost.engine.shapes import Shape, divides, divisors, product
from convcost.errors import OperationError
from convcost.quantities import format_shape


@dataclass(frozen=True, slots=True)
class Normalisation(Operation):
    """A learned scale and shift per channel after a normalisation.

    params = 2 * channels, less those of a ``scale`` or ``shift`` that is not learned (PyTorch's
    ``affine=False``, Keras' ``scale`` and ``center``); element_ops = 2 * values (one
    multiplication, one addition, as at inference with the statistics folded in, which does not
    depend on what is learned). Running statistics are buffers, not parameters.
    """

    kind: ClassVar[Kind] = "elements"

    scale: bool = field(default=True, kw_only=True)
    shift: bool = field(default=True, kw_only=True)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Scale and shift."""
        learned = (self.scale + self.shift) * self.learned_over(output)
        return Cost(params=learned, element_ops=2 * product(output))

    def learned_over(self, output: Shape) -> int:
        """How many values one learned scale, or one shift, has."""
        return output[-1]

    def settings(self, shape: Shape) -> dict[str, Any]:
        """What is not learned, where something is not."""
        given = {"scale": self.scale, "shift": self.shift}
        return {name: value for name, value in given.items() if not value}


@dataclass(frozen=True, slots=True)
class BatchNorm(Normalisation):
    """Statistics over the batch. Source: Ioffe and Szegedy 2015, algorithm 1.

    buffers = 2 * channels: the running mean and variance that inference reads. PyTorch's count
    of batches seen is not among them; Keras has these two as non-trainable parameters.
    """

    type: ClassVar[str] = "batch_norm"

    statistics: bool = field(default=True, kw_only=True)
    """Whether running statistics are kept: PyTorch's ``track_running_stats``."""

    def buffers(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """A mean and a variance per channel."""
        return 2 * output[-1] if self.statistics else 0

    def settings(self, shape: Shape) -> dict[str, Any]:
        """What is not learned or not kept."""
        kept = {} if self.statistics else {"statistics": False}
        return Normalisation.settings(self, shape) | kept


@dataclass(frozen=True, slots=True)
class LayerNorm(Normalisation):
    """Statistics over the channels of each position. Source: Ba et al. 2016.

    ``whole``: over all values of a sample, each with a scale and shift of its own, as PyTorch's
    ``LayerNorm([64, 56, 56])``: params = 2 * values.
    """

    type: ClassVar[str] = "layer_norm"

    whole: bool = field(default=False, kw_only=True)

    def learned_over(self, output: Shape) -> int:
        """The channels, or all values."""
        return product(output) if self.whole else output[-1]

    def settings(self, shape: Shape) -> dict[str, Any]:
        """What is not learned, and whether all values are normalised together."""
        over = {"whole": True} if self.whole else {}
        return Normalisation.settings(self, shape) | over


@dataclass(frozen=True, slots=True)
class GroupNorm(Normalisation):
    """Statistics over groups of channels. Source: Wu and He 2018; PyTorch ``GroupNorm``.

    ``groups`` change no count, but must divide the channels; None where they are not said.
    """

    type: ClassVar[str] = "group_norm"

    groups: int | None = None

    def output(self, *inputs: Shape) -> Shape:
        """The shape does not change; groups must divide the channels."""
        (shape,) = inputs
        if self.groups is not None and not divides(self.groups, shape[-1]):
            raise OperationError(
                f"groups={self.groups} does not divide {shape[-1]} channels",
                field="groups",
                choices=divisors(shape[-1]),
            )
        return shape

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The groups, and what is not learned."""
        return {"groups": self.groups} | Normalisation.settings(self, shape)


@dataclass(frozen=True, slots=True)
class InstanceNorm(Normalisation):
    """Statistics over the positions of each channel of one sample.

    With a scale and shift as in the paper; PyTorch leaves them out unless ``affine``.
    Source: Ulyanov et al. 2016, Instance Normalization, equation 2.
    """

    type: ClassVar[str] = "instance_norm"


@dataclass(frozen=True, slots=True)
class Scale(Operation):
    """A learned factor per channel (ConvNeXt's layer scale): params = channels."""

    type: ClassVar[str] = "scale"
    kind: ClassVar[Kind] = "elements"

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """One multiplication per value."""
        return Cost(params=output[-1], element_ops=product(output))


SLOPES = "the slopes that prelu learns are not counted: slopes=1 for one, or channels"


@dataclass(frozen=True, slots=True)
class Activation(Operation):
    """A function of each value alone; one element operation per value, whichever it is.

    params = ``slopes``, which ``prelu`` learns (He et al. 2015, Delving Deep into Rectifiers,
    section 2.1: one for each channel, or one in all); all others learn nothing.
    """

    type: ClassVar[str] = "activation"
    kind: ClassVar[Kind] = "elements"

    function: str = "relu"
    slopes: int | None = None

    @property
    def note(self) -> str | None:
        """That slopes are learned whose number was not said."""
        return SLOPES if self.function == "prelu" and self.slopes is None else None

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """One evaluation per value, and the slopes."""
        return Cost(params=self.slopes or 0, element_ops=product(output))

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Which function, and how many slopes it learns."""
        slopes = {} if self.slopes is None else {"slopes": self.slopes}
        return {"function": self.function} | slopes


@dataclass(frozen=True, slots=True)
class Join(Operation):
    """Two or more tensors combined value by value: element_ops = values * (inputs - 1)."""

    kind: ClassVar[Kind] = "elements"
    reads: ClassVar[Reads] = SEVERAL

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """One operation per value and further input."""
        return Cost(element_ops=product(output) * (len(inputs) - 1))


@dataclass(frozen=True, slots=True)
class Add(Join):
    """A sum of tensors of one shape. Source: He et al. 2015, equation 1."""

    type: ClassVar[str] = "add"

    def output(self, *inputs: Shape) -> Shape:
        """All inputs must agree in every axis."""
        for other in inputs[1:]:
            check_equal("add", inputs[0], other)
        return inputs[0]


@dataclass(frozen=True, slots=True)
class Mul(Join):
    """A product of tensors of one shape, or of a map and one value per channel.

    Source of the second form: Hu et al. 2017, Squeeze-and-Excitation, equation 4.
    """

    type: ClassVar[str] = "mul"

    def output(self, *inputs: Shape) -> Shape:
        """A vector of channels (or a 1x1 map) is stretched over all positions."""
        # A 1x1 map has as many axes as the map that it gates: which comes first must not matter.
        largest = max(inputs, key=lambda shape: (len(shape), any(s != 1 for s in shape[:-1])))
        for shape in inputs:
            per_channel = shape[-1] == largest[-1] and all(size == 1 for size in shape[:-1])
            if not per_channel:
                check_equal("mul", largest, shape)
        return largest


def check_equal(what: str, first: Shape, second: Shape) -> None:
    """Raise an error that says in which axis two shapes differ."""
    if first == second:
        return
    pair = f"{what}: {format_shape(first)} and {format_shape(second)}"
    if len(first) != len(second):
        raise OperationError(f"{pair} differ in the number of axes", field="from")
    names = (*{1: ("length",), 2: ("height", "width")}.get(len(first) - 1, ()), "channels")
    if len(names) != len(first):
        names = ("depth", "height", "width", "channels")[-len(first) :]
    differing = [name for name, a, b in zip(names, first, second, strict=True) if a != b]
    raise OperationError(f"{pair} differ in {' and '.join(differing)}", field="from")
