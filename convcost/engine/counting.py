"""count(graph): a row per node, and totals that say whether they are complete."""

from collections import Counter
from typing import Any, NamedTuple

from convcost.engine.cost import FREE, Cost
from convcost.engine.graph import Graph, Node
from convcost.engine.operations.base import Kind, Product
from convcost.engine.shapes import Shape


class Row(NamedTuple):
    """One node counted: shapes without batch, cost with it. ``cost`` is None where unknown."""

    node: Node
    inputs: tuple[Shape, ...]
    cost: Cost | None

    @property
    def name(self) -> str:
        """The layer's name, dotted where layers nest."""
        return self.node.name

    @property
    def type(self) -> str:
        """The primitive's name."""
        return self.node.operation.type

    @property
    def settings(self) -> dict[str, Any]:
        """The operation's settings in the words of JSON."""
        return self.node.operation.settings(self.inputs[0]) if self.inputs else {}

    @property
    def products(self) -> tuple[Product, ...]:
        """Where the operation's MACs and weights come from."""
        return self.node.operation.products(self.inputs, self.node.output)

    @property
    def family(self) -> str:
        """What people call this kind of layer: ``depthwise 3x3``, or its type."""
        return self.node.operation.family(self.inputs[0]) if self.inputs else self.type

    @property
    def kind(self) -> Kind:
        """How the layer takes part in the count."""
        return "unknown" if self.cost is None else self.node.operation.kind


class Count(NamedTuple):
    """A counted graph. ``total`` covers the known rows; with ``uncounted`` it is a lower bound."""

    graph: Graph
    batch: int
    rows: tuple[Row, ...]
    total: Cost

    @property
    def params(self) -> int:
        """Learned numbers."""
        return self.total.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates for the whole batch."""
        return self.total.macs

    @property
    def element_ops(self) -> int:
        """Element operations for the whole batch."""
        return self.total.element_ops

    @property
    def input(self) -> Shape:
        """The shape of the first input."""
        return self.graph.inputs[0]

    @property
    def output(self) -> Shape:
        """The shape of the first output."""
        return self.graph.output

    @property
    def uncounted(self) -> tuple[Row, ...]:
        """Rows whose cost is not known."""
        return tuple(row for row in self.rows if row.cost is None)

    def census(self) -> Counter[Kind]:
        """How many rows there are of each kind."""
        return Counter(row.kind for row in self.rows)


def count(graph: Graph, batch: int = 1) -> Count:
    """Cost every node of ``graph`` for ``batch`` samples."""
    rows = []
    total = FREE
    for node in graph.nodes:
        inputs = tuple([graph.shape(tensor) for tensor in node.inputs])
        operation = node.operation
        cost = operation.cost(inputs, node.output)
        if operation.kind == "unknown":
            # Its parameters are in the file, whatever it does with them.
            rows.append(Row(node, inputs, None))
            total = total + Cost(cost.params)
            continue
        if batch != 1 and operation.per_sample:
            cost = cost.for_batch(batch)
        total = total + cost
        rows.append(Row(node, inputs, cost))
    return Count(graph, batch, tuple(rows), total)
