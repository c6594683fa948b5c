"""Operations that come counted from elsewhere: an imported file's, or not known at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Kind, Operation, Product, Reads, Windowed
from convcost.engine.shapes import Shape
from convcost.engine.windows import Window

RESERVED = ("conv", "conv_transpose", "linear", "matmul")
"""Types of convcost that an operation of elsewhere may not pass for."""


@dataclass(frozen=True, slots=True)
class Foreign(Operation):
    """A counted operation with its own name. Its work is for the batch of the file it is from.

    ``kind`` "unknown" means that nobody knows its cost; ``mixes`` is how many channels one
    output value combines; ``flattens``: an output value sees every position; ``renames``: the
    output is the input's memory; ``is_constant``: it reads weights only, so that its work does
    not grow with the batch; ``bias``: one is added to each output value; ``statistics``: numbers
    that are stored and not learned (None: not said).
    """

    type: str  # type: ignore[misc]
    kind: Kind  # type: ignore[misc]
    params: int = 0
    macs: int = 0
    element_ops: int = 0
    mixes: int = 1
    flattens: bool = False  # type: ignore[misc]
    renames: bool = False  # type: ignore[misc]
    is_constant: bool = False
    bias: bool = False
    statistics: int | None = None
    per_sample: ClassVar[bool] = False
    reads: ClassVar[Reads] = Reads(0, None)

    @property
    def has_bias(self) -> bool:
        """As the importer says."""
        return self.bias

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """What the importer worked out."""
        return Cost(self.params, self.macs, self.element_ops)

    def learned(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """A fully connected layer's weights even where an earlier layer's are read again."""
        if self.type != "linear":
            return self.params
        return (self.mixes + self.bias) * output[-1]

    def buffers(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """What the importer found stored; else a mean and a variance for each scale and shift."""
        if self.statistics is not None:
            return self.statistics
        return self.params if self.type == "batch_norm" else 0

    def channel_mixing(self, shape: Shape) -> int:
        """As the importer says."""
        return self.mixes


@dataclass(frozen=True, slots=True)
class Imported(Operation):
    """An operation of the engine with what a foreign model says of it beside its settings.

    ``params`` are those counted here: fewer than the operation has where an earlier layer reads
    the same weights. ``copies``: it works on each slice of a leading axis, as where a model puts
    frames or windows into its batch axis. ``fused``: element operations of one slice that the
    model runs inside the operation, such as an activation. A window slides over the first input;
    further ones are weights that the model computes.
    """

    inner: Operation
    params: int
    copies: int = 1
    fused: int = 0
    reads: ClassVar[Reads] = Reads(0, None)

    @property
    def core(self) -> Operation:
        """The inner operation: it has the faces."""
        return self.inner

    @property
    def has_bias(self) -> bool:
        """Whether the inner operation has one."""
        return self.inner.has_bias

    @property
    def note(self) -> str | None:
        """The inner operation's note."""
        return self.inner.note

    def bias_additions(self, cost: Cost) -> int:
        """The inner operation's: half where an activation is fused, once a value as a bias is."""
        additions = self.inner.bias_additions(cost)
        return additions // 2 if self.fused else additions

    def biases(self, output: Shape) -> int:
        """The inner operation's biases."""
        return self.inner.biases(self._slice(output))

    @property
    def type(self) -> str:  # type: ignore[override]
        """The inner operation's name."""
        return self.inner.type

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """The inner operation's kind."""
        return self.inner.kind

    def output(self, *inputs: Shape) -> Shape:
        """The inner operation's output, slice by slice."""
        made = self.inner.output(*self._read(inputs))
        return made if self.copies == 1 else (self.copies, *made)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """The inner operation's work on every slice, with the parameters that are new here."""
        cost = self.inner.cost(self._read(inputs), self._slice(output))
        cost = cost._replace(element_ops=cost.element_ops + self.fused)
        return cost.for_batch(self.copies)._replace(params=self.params)

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """The inner operation's, at the positions of every slice."""
        made = self.inner.products(self._read(inputs), self._slice(output))
        if self.copies == 1:
            return made
        return tuple(part._replace(positions=(self.copies, *part.positions)) for part in made)

    def buffers(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """The inner operation's, which all slices share."""
        return self.inner.buffers(tuple(map(self._slice, inputs)), self._slice(output))

    def family(self, shape: Shape) -> str:
        """What the inner operation is called."""
        return self.inner.family(self._slice(shape))

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The inner operation's settings."""
        return self.inner.settings(self._slice(shape))

    def setting_words(self) -> list[str]:
        """The inner operation's words."""
        return self.inner.setting_words()

    def learned(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """All of the inner operation's, those counted at an earlier layer too."""
        return self.inner.learned(tuple(map(self._slice, inputs)), self._slice(output))

    def window(self, shape: Shape) -> Window | None:
        """The inner operation's window; slices do not see each other."""
        window = self.inner.window(self._slice(shape))
        if window is None or self.copies == 1:
            return window
        return Window((1, *window.extent), (1, *window.stride))

    def channel_mixing(self, shape: Shape) -> int:
        """The inner operation's mixing."""
        return self.inner.channel_mixing(self._slice(shape))

    def _read(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """One slice of what the inner operation itself reads."""
        read = inputs[:1] if isinstance(self.inner, Windowed) else inputs
        return tuple(map(self._slice, read))

    def _slice(self, shape: Shape) -> Shape:
        return shape if self.copies == 1 else shape[1:]
