"""The question of ``swap``: what would a network cost with other layers in place of some?

Works on the graph, wherever it came from: a replaced layer keeps its input, its output and its
stride; everything else stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from convcost.engine.cost import FREE
from convcost.engine.counting import Count, Row, count
from convcost.engine.graph import Graph, GraphBuilder
from convcost.engine.operations.base import grouped, windowed
from convcost.engine.operations.convolution import Conv
from convcost.engine.shapes import product
from convcost.errors import ConvcostError, OperationError, either
from convcost.language.building import Subject
from convcost.language.conditions import compile_condition
from convcost.language.library import Library
from convcost.language.primitives import NORMALISATIONS, PRIMITIVES
from convcost.language.running import Context, Switches
from convcost.quantities import format_shape
from convcost.sources.names import find_name
from convcost.sources.table import Opened
from convcost.studies.explaining import only_subject

KINDS: dict[str, Callable[[Row], bool]] = {
    "conv": lambda row: _conv(row) is not None,
    "standard": lambda row: _is_dense(row) and _kernel(row) != 1,
    "pointwise": lambda row: _is_dense(row) and _kernel(row) == 1,
    "depthwise": lambda row: 1 < _groups(row) == row.inputs[0][-1],
    "grouped": lambda row: 1 < _groups(row) < row.inputs[0][-1],
    "linear": lambda row: row.family == "linear",
}
"""What ``--from`` can name beside designs, as a test of a counted layer."""


class Change(NamedTuple):
    """One replaced layer or block (its rows before), and what stands there now."""

    name: str
    before: tuple[Row, ...]
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
    """Replace what ``source`` names (where ``where`` holds) by the design ``target``.

    ``source`` is a kind of layer, or a design: then whole blocks are replaced. What a replaced
    block carried (norms, activations, biases) the new one carries too. Raises ConvcostError
    where nothing matches, or where the target cannot give the output of what it replaces.
    """
    before = count(subject.graph, subject.batch)
    condition = None if where is None else compile_condition(where, WHERE_NAMES, "--where")
    found = [
        span
        for span in _spans(before, source)
        if condition is None or condition(_scope(_widest(before.rows[slice(*span)])))
    ]
    if not found:
        extra = f" for which {where}" if where else ""
        raise ConvcostError(f"{subject.name} has no {source}{extra}", hint=_there_is(before))
    replacer = _Replacer(library, before, target, dict(arguments or {}))
    after = count(replacer.replace(found), subject.batch)
    changes = tuple(
        Change(name, before.rows[slice(*span)], after.rows[slice(*made)])
        for name, span, made in replacer.made
    )
    return Swap(subject.name, source, target, before, after, changes)


def swap_of(
    opened: Opened,
    source: str,
    target: str,
    *,
    where: str | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Swap:
    """``swap`` on the one thing that was asked about; names and files are looked up once."""
    subject = only_subject(opened, "swap")
    names = {}
    for option, name in (("--from", source), ("--to", target)):
        if option == "--from" and name in KINDS:
            names[option] = name
            continue
        found = find_name(opened.library, name, opened.asked, opened.origin, f"{option} {name}")
        names[option] = found.name
    return swap(
        opened.library,
        subject,
        names["--from"],
        names["--to"],
        where=where,
        arguments=arguments,
    )


def _spans(counted: Count, source: str) -> list[tuple[int, int]]:
    """The rows to replace, as half-open ranges: single layers, or blocks of a design."""
    if source in KINDS:
        matches = KINDS[source]
        return [(i, i + 1) for i, row in enumerate(counted.rows) if matches(row)]
    spans = []
    for prefix, design in counted.graph.scopes.items():
        if design == source:
            inside = [i for i, r in enumerate(counted.rows) if r.name.startswith(f"{prefix}.")]
            if inside:
                spans.append((inside[0], inside[-1] + 1))
    return spans


def _widest(rows: Sequence[Row]) -> Row:
    """The convolution of a block with the largest kernel: what a block is asked about."""
    convolutions = [row for row in rows if _conv(row)] or list(rows)
    return max(convolutions, key=_kernel)


def _kernel(row: Row) -> int:
    """How many positions its window reads."""
    window = windowed(row.node.operation)
    return 1 if window is None else product(window.kernel_size)


def _there_is(counted: Count) -> str:
    """What there is to replace."""
    kinds = [name for name, test in KINDS.items() if any(map(test, counted.rows))]
    designs = dict.fromkeys(counted.graph.scopes.values())
    return f"it has {either([*kinds, *designs])}"


class _Replacer:
    """Copies a graph node by node and puts a design where something is to be replaced."""

    def __init__(
        self, library: Library, counted: Count, target: str, arguments: dict[str, Any]
    ) -> None:
        self._library = library
        self._graph = counted.graph
        self._rows = counted.rows
        self._target = target
        self._arguments = arguments
        self.made: list[tuple[str, tuple[int, int], tuple[int, int]]] = []

    def replace(self, spans: list[tuple[int, int]]) -> Graph:
        """The graph with the nodes of each span replaced."""
        graph = self._graph
        builder = GraphBuilder(*graph.inputs)
        builder.scopes.update(graph.scopes)
        first = len(graph.inputs)
        moved = list(range(first))
        ends = dict(spans)
        index = 0
        while index < len(graph.nodes):
            node = graph.nodes[index]
            end = ends.get(index)
            if end is None:
                inputs = tuple(moved[tensor] for tensor in node.inputs)
                moved.append(builder.add_as(node, inputs))
                index += 1
                continue
            start = len(builder.shapes) - first
            last = graph.nodes[end - 1]
            name = node.name if end == index + 1 else _common(node.name, last.name)
            made = self._block(builder, (index, end), moved[node.inputs[0]], name)
            self.made.append((name, (index, end), (start, len(builder.shapes) - first)))
            self._check_inside(first, index, end, name)
            moved += [made] * (end - index)
            index = end
        finished = builder.finish(*(moved[tensor] for tensor in graph.outputs))
        return finished._replace(is_flat=graph.is_flat)

    def _check_inside(self, first: int, start: int, end: int, name: str) -> None:
        """Only what a block hands on may be read outside it."""
        hidden = range(first + start, first + end - 1)
        for node in self._graph.nodes[end:]:
            if any(tensor in hidden for tensor in node.inputs):
                raise ConvcostError(f"{node.name} reads from inside {name}: it cannot be replaced")

    def _block(self, builder: GraphBuilder, span: tuple[int, int], tensor: int, name: str) -> int:
        """The target in place of one span; checks that the output fits."""
        if self._target in PRIMITIVES:
            raise ConvcostError(f"{self._target} is a layer type, not a design")
        rows = self._rows[slice(*span)]
        wanted = rows[-1].node.output
        try:
            design = self._library.find(self._target)
            given = self._given(rows, builder.shapes[tensor], len(self._graph.inputs) + span[0])
            known = {key: value for key, value in given.items() if design.accepts(key)}
            kinds = {row.type for row in rows}
            switches = Switches(
                norm=bool(kinds & set(NORMALISATIONS)),
                activation="activation" in kinds,
                bias=bool(given["bias"]),
            )
            builder.scopes[name] = design.name
            context = Context(builder, self._library.find, switches)
            made = design.build(context, tensor, {**known, **self._arguments}, switches, f"{name}.")
        except OperationError as problem:
            raise ConvcostError(
                f"{self._target} cannot stand in for {name}: {problem.message}", hint=problem.hint
            ) from None
        if builder.shapes[made] != wanted:
            raise ConvcostError(
                f"{self._target} in place of {name} gives {format_shape(builder.shapes[made])}, "
                f"not {format_shape(wanted)}",
                hint="choose layers with --where, or another design",
            )
        return made

    def _given(self, rows: Sequence[Row], shape: tuple[int, ...], made: int) -> dict[str, Any]:
        """The settings of what is replaced, for the target to take."""
        widest = _widest(rows)
        window = windowed(widest.node.operation)
        settings: dict[str, Any] = {"stride": (1,), "padding": "same"}
        if window is not None:
            settings |= {"kernel_size": window.kernel_size, "dilation": window.dilation}
        if len(rows) > 1:
            settings["stride"] = _stride(rows, made)
        elif window is not None:
            settings |= {"stride": window.stride, "padding": widest.settings["padding"]}
        return settings | {
            "out_channels": rows[-1].node.output[-1],
            "bias": any(row.node.operation.has_bias for row in rows),
        }


def _stride(rows: Sequence[Row], made: int) -> tuple[Any, ...]:
    """How far a block steps on each axis: along one branch, the others must agree with it.

    ``made`` is the tensor of the first row in the graph.
    """
    one = (1,) * (len(rows[0].inputs[0]) - 1)
    steps: dict[int, tuple[Any, ...]] = {rows[0].node.inputs[0]: one}
    for tensor, row in enumerate(rows, start=made):
        axes = len(row.node.output) - 1
        reads = [steps[t] for t in row.node.inputs if t in steps and len(steps[t]) == axes]
        if not reads:
            continue
        window = row.node.operation.window(row.inputs[0])
        own = (1,) * axes if window is None else window.stride
        steps[tensor] = tuple(a * b for a, b in zip(reads[0], own, strict=True))
    return steps.get(made + len(rows) - 1, one)


def _common(first: str, last: str) -> str:
    """The dotted prefix that two layers of a block share."""
    shared = []
    for one, other in zip(first.split("."), last.split("."), strict=False):
        if one != other:
            break
        shared.append(one)
    return ".".join(shared) or first


WHERE_NAMES = (
    *("in_channels", "out_channels", "height", "width", "kernel_size", "stride", "dilation"),
    *("groups", "params", "macs", "element_ops"),
)
"""What a condition on a layer may name."""


def _scope(row: Row) -> dict[str, Any]:
    """A layer's values by the names of ``WHERE_NAMES``."""
    window = windowed(row.node.operation)
    scope: dict[str, Any] = {
        "in_channels": row.inputs[0][-1],
        "out_channels": row.node.output[-1],
        "height": row.inputs[0][0],
        "width": row.inputs[0][-2] if len(row.inputs[0]) > 1 else 1,
        **(row.cost or FREE)._asdict(),
    }
    for field in ("kernel_size", "stride", "dilation"):
        sizes = (1,) if window is None else row.settings[field]
        scope[field] = sizes[0] if len(set(sizes)) == 1 else sizes
    groups = grouped(row.node.operation)
    return scope | {"groups": 1 if groups is None else groups.groups}


def _conv(row: Row) -> Conv | None:
    core = row.node.operation.core
    return core if isinstance(core, Conv) else None


def _groups(row: Row) -> int:
    """The groups of a convolution, 0 for another layer."""
    operation = _conv(row)
    return 0 if operation is None else operation.groups


def _is_dense(row: Row) -> bool:
    return _groups(row) == 1
