"""What the cost of a node is worked out from: sizes, settings, and parameters that are new.

The roles in ``layers``, ``elements``, ``recurrent``, ``attention`` and ``sampling`` ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convcost.engine.operations.base import Operation
from convcost.engine.operations.foreign import RESERVED, Foreign
from convcost.engine.shapes import product
from convcost.sources.onnx.tensors import Tensors
from convcost.sources.onnx.vocabulary import TYPES
from convcost.sources.onnx.walking import OWN_DOMAINS, node_name


class Costs:
    """One model's tensors, and what has been counted of them so far."""

    def __init__(self, tensors: Tensors, batch: int) -> None:
        self.tensors = tensors
        self.batch = batch
        self.sharing: list[str] = []
        """Nodes that read weights which an earlier one has counted."""
        self.data: set[str] = set()
        """Tensors that depend on an input."""

    def shape(self, node: Any, at: int = 0) -> tuple[int, ...]:
        """The sizes of an input; raises KeyError where they are not known."""
        return self.tensors.shapes[node.input[at]]

    def made(self, node: Any, at: int = 0) -> tuple[int, ...]:
        """The sizes of an output; raises KeyError where they are not known."""
        return self.tensors.shapes[node.output[at]]

    def attributes(self, node: Any) -> dict[str, Any]:
        """A node's settings."""
        return self.tensors.attributes(node)

    def has(self, node: Any, at: int) -> bool:
        """Whether an input is there."""
        return at < len(node.input) and node.input[at] != ""

    def inputs(self, node: Any, places: Iterable[int]) -> list[str]:
        """The names at some places, as far as they are there."""
        return [node.input[at] for at in places if self.has(node, at)]

    def learned(self, node: Any, places: Iterable[int]) -> int:
        """Parameters at places where a constant is certainly one; sharing is noted."""
        names = self.inputs(node, places)
        new = self.tensors.params(names, certain=True)
        if names and not new and all(map(self.tensors.is_weight, names)):
            self.sharing.append(node_name(node))
        return new

    def size(self, node: Any, places: Iterable[int]) -> int:
        """How many values the inputs at some places have together."""
        return sum(self.tensors.size(name) for name in self.inputs(node, places))

    def is_constant(self, node: Any) -> bool:
        """Whether a node reads no input of the model."""
        return not any(name in self.data for name in node.input)

    def kind(self, node: Any) -> str:
        """The name of a node's type: convcost's word, or its own with its domain."""
        if node.domain in OWN_DOMAINS:
            return TYPES.get(node.op_type, str(node.op_type))
        return f"{node.domain}::{node.op_type}"

    def elements(
        self, node: Any, count: int, params: int = 0, *, flattens: bool = False
    ) -> Operation:
        """An operation value by value."""
        return Foreign(
            self.kind(node),
            "elements",
            params=params,
            element_ops=count,
            flattens=flattens,
            is_constant=self.is_constant(node),
        )

    def macs(
        self,
        node: Any,
        macs: int,
        *,
        params: int = 0,
        element_ops: int = 0,
        mixes: int = 1,
        flattens: bool = True,
    ) -> Operation:
        """An operation with multiply-accumulates that the engine has no class for."""
        kind = self.kind(node)
        return Foreign(
            f"{node.domain or 'onnx'}::{kind}" if kind in RESERVED else kind,
            "macs",
            params=params,
            macs=macs,
            element_ops=element_ops,
            mixes=mixes,
            flattens=flattens,
            is_constant=self.is_constant(node),
        )

    def free(self, node: Any, params: int = 0, *, renames: bool = False) -> Operation:
        """An operation that only moves values."""
        return Foreign(self.kind(node), "free", params=params, renames=renames)


def values(sizes: Sequence[int]) -> int:
    """How many values there are."""
    return product(sizes)
