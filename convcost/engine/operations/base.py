"""What every operation answers, and the faces by which others know it.

An operation has no type ladder around it: whoever wants a kernel asks ``windowed``, whoever
wants weights asks ``weighted``, and whoever prints settings takes ``settings`` or ``words``. A
new operation takes the faces that fit and is then shown, explained and swapped like the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple

from convcost.engine.cost import Cost
from convcost.engine.shapes import Shape, product
from convcost.engine.windows import Padding, PadPairs, Window, extent, pad_pairs
from convcost.errors import OperationError
from convcost.quantities import format_shape, format_sizes

Kind = Literal["macs", "elements", "free", "unknown"]
"""How an operation takes part in a count: multiply-accumulates, element operations, nothing
by definition, or not known."""


class Reads(NamedTuple):
    """How many tensors an operation reads; ``most`` of None: any number."""

    fewest: int
    most: int | None

    def check(self, what: str, count: int) -> None:
        """Raise OperationError (field ``from``) where ``what`` is given another number."""
        if self.fewest <= count and (self.most is None or count <= self.most):
            return
        number = _NUMBERS.get(self.fewest, str(self.fewest))
        layers = "layer" if self.fewest == 1 else "layers"
        if self.most is None:
            amount = f"{number} {layers} or more"
        elif self.most != self.fewest:
            amount = f"{number} to {_NUMBERS.get(self.most, self.most)} layers"
        else:
            amount = f"{number} {layers}"
        if count < self.fewest:
            raise OperationError(f"{what} reads {amount}", field="from", hint="name them with from")
        raise OperationError(
            f"{what} reads {amount}, not {count}",
            field="from",
            hint="add, mul or concat make one of several",
        )


_NUMBERS = {1: "one", 2: "two", 3: "three"}

ONE = Reads(1, 1)
SEVERAL = Reads(2, None)


class Product(NamedTuple):
    """The sums of products of an operation: kernels laid over positions.

    ``kernel``: the spatial sizes of one kernel (none for a fully connected layer), and
    ``channels_seen`` how many channels it spans. There are ``kernels`` of them, each laid over
    all ``positions`` of the input or the output. ``is_learned``: the kernels are parameters
    (else they were computed too). ``name`` tells the products of one operation apart.
    """

    kernel: tuple[int, ...]
    channels_seen: int
    kernels: int
    positions: Shape
    positions_are: Literal["output", "input"] = "output"
    is_learned: bool = True
    name: str = ""

    @property
    def kernel_weights(self) -> int:
        """The numbers in one kernel, and the multiply-accumulates for one value."""
        return product(self.kernel) * self.channels_seen

    @property
    def weights(self) -> int:
        """The learned numbers in all kernels."""
        return self.kernels * self.kernel_weights if self.is_learned else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample."""
        return product(self.positions) * self.kernels * self.kernel_weights


class Operation:
    """One resolved operation. Subclasses hold their settings and state their formulas.

    ``reads``: how many tensors it takes. ``shuffles``: it exchanges channels between groups.
    ``flattens``: it lays positions side by side as channels, so that what follows sees all of
    them. ``renames``: its output is the same values in memory under another shape.
    ``per_sample``: its cost is that of one sample.
    """

    __slots__ = ()

    type: ClassVar[str] = "operation"
    kind: ClassVar[Kind] = "free"
    reads: ClassVar[Reads] = ONE
    shuffles: ClassVar[bool] = False
    flattens: ClassVar[bool] = False
    renames: ClassVar[bool] = False
    per_sample: ClassVar[bool] = True

    @property
    def core(self) -> Operation:
        """The operation that has the faces: itself, or what an importer has wrapped."""
        return self

    @property
    def has_bias(self) -> bool:
        """Whether a learned number is added to each output value."""
        return False

    @property
    def note(self) -> str | None:
        """What a reader of its count should know: work that is kept apart."""
        return None

    def biases(self, output: Shape) -> int:
        """How many learned numbers are added to output values."""
        return output[-1] if self.has_bias else 0

    def output(self, *inputs: Shape) -> Shape:
        """The output shape; raises OperationError where the inputs do not fit."""
        return inputs[0]

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """Counts for one sample, given the input shapes and the output shape."""
        return Cost()

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """Where its MACs and weights come from; none for an operation without MACs."""
        return ()

    def bias_additions(self, cost: Cost) -> int:
        """How many of a cost's element operations add a bias: all, where there is one."""
        return cost.element_ops if self.has_bias else 0

    def learned(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """The numbers learned that the operation reads, wherever they are counted."""
        return self.cost(inputs, output).params

    def buffers(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Numbers that are stored and not learned, such as running statistics."""
        return 0

    def window(self, shape: Shape) -> Window | None:
        """Reach and step on each spatial axis of the input ``shape``; None: pixel by pixel."""
        return None

    def channel_mixing(self, shape: Shape) -> int:
        """How many input channels one output value depends on (1: its own channel only)."""
        return 1

    def family(self, shape: Shape) -> str:
        """What people call this kind of layer on an input ``shape``: ``depthwise 3x3``."""
        return self.type

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The settings in the words of JSON, per axis; ``padding`` in numbers."""
        return {}

    def words(self) -> str:
        """The settings that tell it from others of its type: ``3x3 s2 d2 g4``."""
        return " ".join(self.setting_words())

    def setting_words(self) -> list[str]:
        """The parts of ``words``; a face adds its own."""
        return []


class Grouped(Operation):
    """Channels fall into ``groups`` that do not see each other."""

    __slots__ = ()

    groups: int

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Adds ``groups``."""
        return super().settings(shape) | {"groups": self.groups}

    def setting_words(self) -> list[str]:
        """Adds ``g4``."""
        own = [f"g{self.groups}"] if self.groups != 1 else []
        return super().setting_words() + own


class Windowed(Operation):
    """A window slides over the spatial axes."""

    __slots__ = ()

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]

    def pads(self, shape: Shape) -> PadPairs:
        """The padding in numbers, for an input ``shape``."""
        sizes = (self.kernel_size, self.stride, self.dilation)
        return pad_pairs(self.padding, shape[:-1], *sizes)

    def window(self, shape: Shape) -> Window:
        """Kernel reach with dilation, and the stride."""
        return Window(tuple(map(extent, self.kernel_size, self.dilation)), self.stride)

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Adds the four settings of a window."""
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.pads(shape),
            "dilation": self.dilation,
        } | super().settings(shape)

    def setting_words(self) -> list[str]:
        """Adds ``3x3 s2 d2``."""
        words = [format_shape(self.kernel_size)]
        for letter, sizes in (("s", self.stride), ("d", self.dilation)):
            if any(size != 1 for size in sizes):
                words.append(letter + format_sizes(sizes))
        return words + super().setting_words()


class Weighted(Operation, ABC):
    """Learned kernels, one for each output channel (each input channel where transposed)."""

    __slots__ = ()

    out_channels: int
    bias: bool

    @property
    def has_bias(self) -> bool:
        """As its setting says."""
        return self.bias

    @abstractmethod
    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """Where its MACs and weights come from."""

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Adds ``bias``."""
        return super().settings(shape) | {"bias": self.bias}


def windowed(operation: Operation) -> Windowed | None:
    """The operation by its window, or None."""
    core = operation.core
    return core if isinstance(core, Windowed) else None


def grouped(operation: Operation) -> Grouped | None:
    """The operation by its groups, or None."""
    core = operation.core
    return core if isinstance(core, Grouped) else None


def weighted(operation: Operation) -> Weighted | None:
    """The operation by its weights, or None."""
    core = operation.core
    return core if isinstance(core, Weighted) else None
