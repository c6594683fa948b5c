"""Operations that come counted from elsewhere: an imported file's, or not known at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from convcost.engine.cost import Cost
from convcost.engine.operations.base import Kind, Operation
from convcost.engine.shapes import Shape
from convcost.engine.windows import Window


@dataclass(frozen=True, slots=True)
class Foreign(Operation):
    """A counted operation with its own name. Its work is for the batch of the file it is from.

    ``kind`` "unknown" means that nobody knows its cost; ``mixes`` is how many channels one
    output value combines.
    """

    type: str  # type: ignore[misc]
    kind: Kind  # type: ignore[misc]
    params: int = 0
    macs: int = 0
    element_ops: int = 0
    mixes: int = 1
    per_sample: ClassVar[bool] = False

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """What the importer worked out."""
        return Cost(self.params, self.macs, self.element_ops)

    def channel_mixing(self, shape: Shape) -> int:
        """As the importer says."""
        return self.mixes


@dataclass(frozen=True, slots=True)
class Reusing(Operation):
    """An operation whose parameters, or some of them, were counted at an earlier layer.

    ``params`` are those that are counted here.
    """

    inner: Operation
    params: int = 0

    @property
    def type(self) -> str:  # type: ignore[override]
        """The inner operation's name."""
        return self.inner.type

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """The inner operation's kind."""
        return self.inner.kind

    def output(self, *inputs: Shape) -> Shape:
        """The inner operation's output."""
        return self.inner.output(*inputs)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """The inner operation's work, with the parameters that are new here."""
        return self.inner.cost(inputs, output)._replace(params=self.params)

    def window(self, shape: Shape) -> Window | None:
        """The inner operation's window."""
        return self.inner.window(shape)

    def channel_mixing(self, shape: Shape) -> int:
        """The inner operation's mixing."""
        return self.inner.channel_mixing(shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
