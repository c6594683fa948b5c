"""Graphs: operations wired together, with the shape of every tensor known.

A tensor is an index: 0 to ``len(inputs) - 1`` are the graph's inputs, then one per node in
order. A node may only read tensors before it, so a graph cannot have a cycle.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from convcost.engine.operations.base import Operation
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError

MAX_NODES = 20_000
"""The longest graph that is built; a larger one is a mistake in a ``repeat``."""

MAX_EXTENT = 2**63
"""The largest size of a tensor that layers may make of others."""

MAX_STEPS = 200_000
"""How often a layer may be visited while a graph is built, also where it adds no node."""


class Node(NamedTuple):
    """One operation at its place: what it reads (tensor indexes) and the shape it makes."""

    name: str
    operation: Operation
    inputs: tuple[int, ...]
    output: Shape


class Written(NamedTuple):
    """How a foreign model's source wrote a layer, where that is known.

    ``module``: the class of the module without parts in which it ran, "" for none;
    ``is_own``: that class is the framework's; ``is_derived``: a class made from one of those.
    ``function``: what was called outside of the framework's modules, as in ``F.relu``.
    """

    module: str = ""
    is_own: bool = False
    is_derived: bool = False
    function: str = ""
    padding: str = ""


class Graph(NamedTuple):
    """Nodes in execution order.

    ``scopes`` names the design behind a dotted prefix of names; ``is_flat``: dots in names are
    the foreign model's own and mean no nesting. What a quantised file says of its own types
    rules over the types that a user asks for: ``bits`` of one value of each tensor (inputs
    first, then one per node), ``weight_bits`` of one weight and ``weight_bytes`` of everything
    learned, both per node. ``is_compiled``: it is a runtime's own file, whose operators run as
    they stand there. ``vocabulary``: whose names foreign operations have (``onnx``). ``written``
    says by name how layers were written; ``constants`` are a foreign file's operations on
    weights alone (name, values made), which cost nothing when the model runs.
    """

    inputs: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    scopes: dict[str, str]
    is_flat: bool = False
    bits: tuple[int, ...] | None = None
    weight_bits: tuple[int, ...] | None = None
    weight_bytes: tuple[int, ...] | None = None
    is_compiled: bool = False
    vocabulary: str = ""
    written: Mapping[str, Written] = MappingProxyType({})
    constants: tuple[tuple[str, int], ...] = ()

    def shape(self, tensor: int) -> Shape:
        """The shape of a tensor by its index."""
        inputs = self.inputs
        return inputs[tensor] if tensor < len(inputs) else self.nodes[tensor - len(inputs)].output

    @property
    def output(self) -> Shape:
        """The shape of the first output."""
        return self.shape(self.outputs[0])


class GraphBuilder:
    """Adds nodes one by one and infers each shape on the way."""

    __slots__ = ("_inputs", "_nodes", "_steps", "scopes", "shapes")

    def __init__(self, *inputs: Shape) -> None:
        self._inputs = inputs
        self._nodes: list[Node] = []
        self._steps = 0
        self.shapes: list[Shape] = list(inputs)
        self.scopes: dict[str, str] = {}

    def step(self) -> None:
        """Count one visit of a layer. Raises ConvcostError where repeats multiply without end."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ConvcostError(
                f"more than {MAX_STEPS:,} steps to build this", hint="look at the repeats"
            )

    def add(self, name: str, operation: Operation, inputs: tuple[int, ...]) -> int:
        """Add a node and return its tensor. Raises OperationError where shapes do not fit."""
        shapes = self.shapes
        operation.reads.check(operation.type, len(inputs))
        if len(inputs) == 1:
            output = operation.output(shapes[inputs[0]])
        else:
            output = operation.output(*[shapes[tensor] for tensor in inputs])
        for size in output:
            if size.__class__ is int and size > MAX_EXTENT:
                raise OperationError(f"{operation.type} makes a size beyond 2^63")
        if len(self._nodes) >= MAX_NODES:
            raise ConvcostError(f"more than {MAX_NODES:,} layers", hint="look at the repeats")
        self._nodes.append(Node(name, operation, inputs, output))
        shapes.append(output)
        return len(shapes) - 1

    def add_as(self, node: Node, inputs: tuple[int, ...]) -> int:
        """Add a node of another graph, reading other tensors; its shape is taken as it is."""
        self._nodes.append(node._replace(inputs=inputs))
        self.shapes.append(node.output)
        return len(self.shapes) - 1

    def relabel(self, tensor: int, shape: Shape) -> None:
        """Correct the order of axes in which a foreign tensor was read."""
        self.shapes[tensor] = shape
        first = len(self._inputs)
        if tensor < first:
            inputs = list(self._inputs)
            inputs[tensor] = shape
            self._inputs = tuple(inputs)
        else:
            self._nodes[tensor - first] = self._nodes[tensor - first]._replace(output=shape)

    def finish(self, *outputs: int) -> Graph:
        """The graph, with these tensors as its outputs."""
        return Graph(self._inputs, tuple(self._nodes), outputs, self.scopes)
