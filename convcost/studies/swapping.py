"""The question of ``swap``: what would a network cost with other layers in place of some?

Works on the graph, wherever it came from: a replaced layer keeps its input, its output and its
stride; everything else stays as it is.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from convcost.engine.counting import Count, Row, count
from convcost.engine.graph import Graph, GraphBuilder, Node
from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.specs.building import Subject
from convcost.specs.catalogue import Library
from convcost.specs.expressions import ExpressionError, compile_expression
from convcost.specs.primitives import PRIMITIVES
from convcost.specs.templates import WEIGHTS_ONLY, Context

KINDS: dict[str, Callable[[Row], bool]] = {
    "conv": lambda row: row.type == "conv",
    "standard": lambda row: _is_conv(row) and _groups(row) == 1 and not _is_1x1(row),
    "pointwise": lambda row: _is_conv(row) and _groups(row) == 1 and _is_1x1(row),
    "depthwise": lambda row: _is_conv(row) and 1 < _groups(row) == row.inputs[0][-1],
    "grouped": lambda row: _is_conv(row) and 1 < _groups(row) < row.inputs[0][-1],
    "linear": lambda row: row.type == "linear",
}
"""What ``--from`` can name, as a test of a counted layer."""


class Change(NamedTuple):
    """One replaced layer and what stands there now."""

    name: str
    before: Row
    after: tuple[Row, ...]


class Swap(NamedTuple):
    """A network before and after."""

    name: str
    source: str
    target: str
    before: Count
    after: Count
    changes: tuple[Change, ...]


def swap(
    library: Library,
    subject: Subject,
    source: str,
    target: str,
    *,
    where: str | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Swap:
    """Replace each layer of kind ``source`` (for which ``where`` holds) by the design ``target``.

    Raises ConvcostError where nothing matches, or where the design cannot give the output of
    the layer that it replaces.
    """
    matches = KINDS[source]
    condition = None if where is None else _condition(where)
    before = count(subject.graph, subject.batch)
    chosen = {
        index
        for index, row in enumerate(before.rows)
        if matches(row) and (condition is None or condition(row))
    }
    if not chosen:
        extra = f" for which {where}" if where else ""
        raise ConvcostError(f"{subject.name} has no layer of kind {source}{extra}")
    replacer = _Replacer(library, subject.graph, target, dict(arguments or {}))
    after = count(replacer.replace(chosen), subject.batch)
    changes = tuple(
        Change(row.name, row, after.rows[slice(*replacer.spans[index])])
        for index, row in enumerate(before.rows)
        if index in chosen
    )
    return Swap(subject.name, source, target, before, after, changes)


class _Replacer:
    """Copies a graph node by node and puts a design where one is to be replaced."""

    def __init__(
        self, library: Library, graph: Graph, target: str, arguments: dict[str, Any]
    ) -> None:
        self._library = library
        self._graph = graph
        self._target = target
        self._arguments = arguments
        self.spans: dict[int, tuple[int, int]] = {}

    def replace(self, chosen: set[int]) -> Graph:
        """The graph with the nodes at ``chosen`` replaced."""
        graph = self._graph
        builder = GraphBuilder(*graph.inputs)
        builder.scopes.update(graph.scopes)
        moved = list(range(len(graph.inputs)))
        first = len(graph.inputs)
        for index, node in enumerate(graph.nodes):
            inputs = tuple(moved[tensor] for tensor in node.inputs)
            if index not in chosen:
                moved.append(builder.add_as(node, inputs))
                continue
            start = len(builder.shapes) - first
            made = self._design(builder, node, inputs)
            self.spans[index] = (start, len(builder.shapes) - first)
            if builder.shapes[made] != node.output:
                raise ConvcostError(
                    f"{self._target} in place of {node.name} gives "
                    f"{_times(builder.shapes[made])}, not {_times(node.output)}",
                    hint="choose layers with --where, or another design",
                )
            moved.append(made)
        return builder.finish(*(moved[tensor] for tensor in graph.outputs))

    def _design(self, builder: GraphBuilder, node: Node, inputs: tuple[int, ...]) -> int:
        if self._target in PRIMITIVES:
            raise ConvcostError(f"{self._target} is a layer type, not a design")
        operation: Any = node.operation
        try:
            design = self._library.find(self._target)
            context = Context(builder, self._library.find, WEIGHTS_ONLY)
            given = {
                "out_channels": node.output[-1],
                **{
                    field: getattr(operation, field)
                    for field in ("kernel_size", "stride", "dilation")
                    if hasattr(operation, field)
                },
                "padding": _pads(operation, builder.shapes[inputs[0]]),
                "bias": operation.bias,
            }
            known = {key: value for key, value in given.items() if design.accepts(key)}
            builder.scopes[node.name] = design.name
            return design.build(
                context,
                inputs[0],
                {**known, **self._arguments},
                WEIGHTS_ONLY,
                f"{node.name}.",
            )
        except OperationError as problem:
            raise ConvcostError(
                f"{self._target} cannot stand in for {node.name}: {problem.message}",
                hint=problem.hint,
            ) from None


def _pads(operation: Any, shape: tuple[int, ...]) -> Any:
    return operation.pads(shape) if hasattr(operation, "pads") else "same"


def _condition(where: str) -> Callable[[Row], bool]:
    """``where`` as a test of a layer; its names are the fields of a convolution."""
    try:
        evaluate = compile_expression(where)
    except ExpressionError as problem:
        raise _located(problem) from None

    def holds(row: Row) -> bool:
        operation: Any = row.node.operation
        scope: dict[str, Any] = {
            "in_channels": row.inputs[0][-1],
            "out_channels": row.node.output[-1],
            "params": row.cost.params if row.cost else 0,
            "macs": row.cost.macs if row.cost else 0,
            "height": row.inputs[0][0],
            "width": row.inputs[0][-2] if len(row.inputs[0]) > 1 else 1,
        }
        for field in ("kernel_size", "stride", "dilation"):
            sizes = getattr(operation, field, (1,))
            scope[field] = sizes[0] if len(set(sizes)) == 1 else sizes
        scope["groups"] = getattr(operation, "groups", 1)
        try:
            return bool(evaluate(scope))
        except ExpressionError as problem:
            raise _located(problem) from None

    return holds


def _located(problem: ExpressionError) -> SpecError:
    return SpecError(
        problem.message, text=problem.text, span=problem.span, place="--where", hint=problem.hint
    )


def _is_conv(row: Row) -> bool:
    return row.type == "conv"


def _groups(row: Row) -> int:
    operation: Any = row.node.operation
    groups: int = operation.groups
    return groups


def _is_1x1(row: Row) -> bool:
    operation: Any = row.node.operation
    return all(size == 1 for size in operation.kernel_size)


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
