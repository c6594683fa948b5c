"""Named steps away from convcost's count: what else a printed figure may have counted.

Steps that add or leave out something read the rows of one count; steps that change the network
(another resolution, width, number of classes) build it again. Numbers and names only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from convcost.engine.counting import Count, Row, count
from convcost.engine.operations.base import grouped, windowed
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError
from convcost.language.building import Subject, build_network
from convcost.language.library import Library
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Design, Switches
from convcost.studies.events import NORMS, Event, events, kind_of

RESOLUTIONS = (
    *(32, 64, 96, 112, 128, 160, 192, 224, 227, 240, 256, 260, 280, 288, 299, 300, 320, 331),
    *(352, 380, 384, 416, 448, 456, 480, 512, 528, 600, 608, 640),
)
WIDTHS = ("1/4", "7/20", "1/2", "3/4", "1", "5/4", "13/10", "7/5", "3/2", "2")
CLASSES = (0, 10, 100, 1000, 1001, 21841)
LARGE = 5
STEM_CHANNELS = (8, 16, 24, 32, 48, 64, 96)
"""Sizes that networks are commonly published at."""


class Step(NamedTuple):
    """One named difference: how much it adds to the count, and how far-fetched it is.

    ``group``: steps of one group exclude each other.
    """

    name: str
    change: int
    group: str
    cost: Fraction = Fraction(1)


class Variant(NamedTuple):
    """The network built otherwise: the name of the change ("" for as asked) and its count."""

    name: str
    counted: Count
    cost: Fraction


def macs_steps(counted: Count, is_folded: bool = False) -> list[Step]:
    """What a figure of multiply-accumulates may count beside them, or leave out.

    ``is_folded``: biases of convolutions are what is left of batch norms.
    """
    found = events(counted)
    rows = counted.rows
    norms = _ops(found, NORMS)
    sums = _ops(found, ("add",))
    pools = sum(event.row.cost.element_ops for event in found if _is_pool(event) and event.row.cost)
    activations = sum(row.cost.element_ops for row in rows if row.cost and _is_activation(row))
    everything = counted.element_ops
    biases = sum(event.bias for event in found)
    classifier, linear = _classifier(rows), _linear(rows)
    steps = [
        Step("biases", biases, "biases"),
        Step("normalisation, 2 per value", norms, "norm"),
        Step("normalisation, 1 per value", norms // 2, "norm"),
        *([Step("batch norms kept, 2 per value", 2 * _folded(found)[0], "norm")] * is_folded),
        Step("activations, 1 per value", activations, "activation"),
        Step("pooling", pools, "pooling"),
        Step("one add per value of a sum (shortcuts)", sums, "sums"),
        Step("all element operations", everything, "all"),
        Step("without the classifier (convolution layers only)", -classifier, "classifier"),
        Step("without any fully connected layer", -linear, "classifier"),
        Step("without depthwise convolutions", -_depthwise(rows), "depthwise", Fraction(2)),
        *_stem_steps(rows, "macs"),
        *_auxiliary_steps(counted, "macs"),
    ]
    return _distinct(steps)


def params_steps(counted: Count, is_folded: bool = False) -> list[Step]:
    """What a figure of parameters may leave out, or count besides."""
    found = events(counted)
    rows = counted.rows
    norms = sum(e.row.cost.params for e in found if e.kind in NORMS and e.row.cost)
    scales = norms // 2
    biases = _bias_params(found)
    classifier = _classifier(rows, "params")
    steps = [
        Step("weights only (no biases, no norms)", -biases - norms, "weights"),
        Step("without biases", -biases, "weights"),
        Step("without normalisation", -norms, "weights"),
        Step("norms with 3 values per channel (shift and running statistics)", scales, "weights"),
        Step("norms with their running statistics", norms, "weights"),
        Step("batch norms folded (a bias in place of each norm)", -scales, "weights"),
        *([Step("batch norms kept, not folded", _folded(found)[1], "weights")] * is_folded),
        Step("without the classifier", -classifier, "classifier"),
        Step("without any fully connected layer", -_linear(rows, "params"), "classifier"),
        *_stem_steps(rows, "params"),
        *_auxiliary_steps(counted, "params"),
    ]
    return _distinct(steps)


def _distinct(steps: list[Step]) -> list[Step]:
    """Steps that change something, each change once under its first name."""
    by_change: dict[int, Step] = {}
    for step in steps:
        if step.change:
            by_change.setdefault(step.change, step)
    return list(by_change.values())


def _ops(found: tuple[Event, ...], kinds: tuple[str, ...]) -> int:
    return sum(e.row.cost.element_ops for e in found if e.kind in kinds and e.row.cost)


def _is_pool(event: Event) -> bool:
    return "pool" in event.kind or event.kind == "mean"


def _is_activation(row: Row) -> bool:
    others = (*NORMS, "add", "mul", "scale", "sub", "div")
    return row.kind == "elements" and row.type not in others and "pool" not in row.type


def _bias_params(found: tuple[Event, ...]) -> int:
    """One learned bias for each output channel of the layers that add one."""
    total = 0
    for event in found:
        if event.bias and event.row.cost and event.row.cost.params:
            total += event.row.node.output[-1]
    return total


def _folded(found: tuple[Event, ...]) -> tuple[int, int]:
    """Values and channels behind convolutions with a bias: of the norms that were folded in.

    A norm has two learned numbers for each channel where the folded bias is one.
    """
    kept = [event for event in found if event.bias and event.kind == "conv"]
    return sum(event.bias for event in kept), sum(event.row.node.output[-1] for event in kept)


def _linear(rows: tuple[Row, ...], figure: str = "macs") -> int:
    return sum(_of(row, figure) for row in rows if kind_of(row) == "linear")


def _classifier(rows: tuple[Row, ...], figure: str = "macs") -> int:
    """The fully connected layers behind the last convolution."""
    convolutions = (n for n, row in enumerate(rows) if kind_of(row) in ("conv", "conv_transpose"))
    last = max(convolutions, default=-1)
    return _linear(rows[last + 1 :], figure) if last >= 0 else 0


def _depthwise(rows: tuple[Row, ...]) -> int:
    return sum(
        _of(row, "macs")
        for row in rows
        if (parts := grouped(row.node.operation)) and 1 < parts.groups == row.inputs[0][-1]
    )


def _of(row: Row, figure: str) -> int:
    return getattr(row.cost, figure) if row.cost else 0


def _stem_steps(rows: tuple[Row, ...], figure: str) -> Iterator[Step]:
    """A large first kernel counted as two one-dimensional ones, as GoogLeNet's table 1 does."""
    first = next((row for row in rows if kind_of(row) == "conv"), None)
    window = windowed(first.node.operation) if first else None
    if first is None or window is None or len(window.kernel_size) != 2:
        return
    height, width = window.kernel_size
    if height < LARGE or width < LARGE:
        return
    has_bias = first.node.operation.has_bias and figure == "params"
    weights = _of(first, figure) - (first.node.output[-1] if has_bias else 0)
    part = weights * (height + width) // (height * width)
    name = f"({height}+{width}) in place of {height}x{width} in the first layer"
    yield Step(name, part - weights, "stem", Fraction(3, 2))


def _auxiliary_steps(counted: Count, figure: str) -> Iterator[Step]:
    """What leads to other outputs than the first: auxiliary heads."""
    graph = counted.graph
    first = len(graph.inputs)
    needed: set[int] = set()
    waiting = [graph.outputs[0]]
    while waiting:
        tensor = waiting.pop()
        if tensor >= first and tensor not in needed:
            needed.add(tensor)
            waiting.extend(graph.nodes[tensor - first].inputs)
    others = [row for n, row in enumerate(counted.rows) if n + first not in needed]
    if len(graph.outputs) > 1:
        change = -sum(_of(row, figure) for row in others)
        yield Step("without the auxiliary heads", change, "heads")


# The network built otherwise


def variants(library: Library, subject: Subject, switches: Switches | None) -> Iterator[Variant]:
    """The subject as asked, then each change that it allows. What cannot be built is left out."""
    counted = count(subject.graph, subject.batch)
    yield Variant("", counted, Fraction(0))
    name = subject.design
    if name is None or name in PRIMITIVES or not library.knows(name):
        return
    design = library.find(name)
    tried = [switches] if switches is not None else [None, EVERYTHING, WEIGHTS_ONLY]
    builders = [_Builder(library, design, subject, one) for one in tried]
    build = next((builder for builder in builders if builder.gives(counted)), None)
    if build is None:
        return
    for title, arguments, shape, cost in _changes(design, subject):
        made = build(arguments, shape)
        if made is not None:
            yield Variant(title, made, cost)


class _Builder:
    """Builds a subject's design again with other arguments or another input."""

    def __init__(
        self, library: Library, design: Design, subject: Subject, switches: Switches | None
    ) -> None:
        self._library = library
        self._design = design
        self._subject = subject
        self._switches = switches

    def __call__(self, arguments: Mapping[str, Any], shape: Shape) -> Count | None:
        try:
            made = build_network(
                self._library,
                self._design,
                input=shape,
                batch=self._subject.batch,
                arguments={**self._subject.arguments, **arguments},
                switches=self._switches,
            )
        except ConvcostError:
            return None
        return count(made.graph, made.batch)

    def gives(self, counted: Count) -> bool:
        """Whether building without a change gives the subject: else no change can be trusted."""
        made = self({}, self._subject.graph.inputs[0])
        return made is not None and made.total == counted.total


Change = tuple[str, dict[str, Any], Shape, Fraction]


def _changes(design: Design, subject: Subject) -> Iterator[Change]:
    shape = subject.graph.inputs[0]
    scope = design.bind(subject.arguments, shape)
    for name in design.parameters:
        for other, title, cost in _values(name, scope[name]):
            yield title, {name: other}, shape, cost
    *spatial, channels = shape
    if len(spatial) == 2 and design.kind == "network":
        for side in RESOLUTIONS:
            if [side, side] != spatial:
                yield f"at {side}x{side}", {}, (side, side, channels), Fraction(3, 2)


def _values(name: str, now: Any) -> Iterator[tuple[Any, str, Fraction]]:
    """Other values of a parameter that networks are published with."""
    if isinstance(now, bool):
        yield not now, f"{name} = {str(not now).lower()}", Fraction(1)
    elif name == "width":
        for text in WIDTHS:
            if Fraction(text) != now:
                width = Fraction(text)
                yield width, f"width = {_decimal(width)}", Fraction(3, 2)
    elif name == "classes":
        for classes in CLASSES:
            if classes != now:
                words = "without a classifier" if classes == 0 else f"with {classes} classes"
                yield classes, words, Fraction(1 if classes in (0, 1000) else 2)
    elif name == "stem_channels":
        for channels in STEM_CHANNELS:
            if channels != now:
                words = f"with {channels} channels in the first layer"
                yield channels, words, Fraction(1 if channels in (16, 32) else 2)
    elif name.endswith("padding") and now in (0, 1):
        yield 1 - now, f"{name} = {1 - now}", Fraction(1)


def _decimal(value: Fraction) -> str:
    return f"{float(value):g}"


Steps = Callable[[Count, bool], list[Step]]
STEPS: Mapping[str, Steps] = {"macs": macs_steps, "params": params_steps}
"""The steps of each figure."""
