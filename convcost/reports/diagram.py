"""A graph drawn as lanes in a terminal: boxes, branches, the skip.

A lane holds a tensor that is still needed. A layer stands in the lane of what it reads; what is
read again later moves to a lane on the right, and joins come back to the left.
"""

from __future__ import annotations

from collections.abc import Sequence

from convcost.engine.graph import Graph, Node
from convcost.quantities import format_shape
from convcost.reports.escaping import visible
from convcost.reports.theme import Span, joined
from convcost.reports.theme import lane as lane_style

LONGEST_DRAWING = 60
"""A diagram of more layers is longer than anybody looks at."""

_UNICODE = {"v": "\u2502", "h": "\u2500", "x": "\u253c", "t": "\u251c", "out": "\u256e"}
_UNICODE |= {"in": "\u256f", "tee": "\u2524", "dot": "\u25cf"}
_ASCII = {"v": "|", "h": "-", "x": "+", "t": "|", "out": ".", "in": "'", "tee": "|"}
_ASCII |= {"dot": "*"}


def draw_graph(graph: Graph, *, unicode: bool = True) -> list[str]:
    """The drawing, line by line; a graph with one input."""
    return [joined(line, False) for line in draw_spans(graph, unicode=unicode)]


def draw_spans(
    graph: Graph, *, unicode: bool = True, beside: Sequence[str] = ()
) -> list[list[Span]]:
    """The same with a colour for each lane; ``beside`` has a text for each node, as a share."""
    drawing = _Drawing(graph, _UNICODE if unicode else _ASCII)
    for index, node in enumerate(graph.nodes):
        drawing.node(index + len(graph.inputs), node, beside[index] if beside else "")
    return drawing.lines()


def _colored(lanes: str) -> list[Span]:
    """Each lane in its colour; a line from one lane to another has that of the other."""
    return [(mark, lane_style((at + 1) // 2)) for at, mark in enumerate(lanes)]


class _Drawing:
    """The lanes so far, and the rows that have been drawn with them."""

    def __init__(self, graph: Graph, marks: dict[str, str]) -> None:
        self._graph = graph
        self._marks = marks
        self._last_use: dict[int, int] = dict.fromkeys(graph.outputs, len(graph.nodes) + 10**9)
        for index, node in enumerate(graph.nodes):
            for tensor in node.inputs:
                use = index + len(graph.inputs)
                self._last_use[tensor] = max(self._last_use.get(tensor, 0), use)
        self._lanes: list[int | None] = [0]
        self._rows: list[tuple[str, str, str]] = []
        self._mark(0, f"input {format_shape(graph.inputs[0])}")

    def lines(self) -> list[list[Span]]:
        """All rows, the texts in one column, what is beside them in another."""
        width = max(len(lanes) for lanes, _, _ in self._rows)
        longest = max(len(text) for _, text, _ in self._rows)
        last = max(len(beside) for _, _, beside in self._rows)
        return [
            [
                *_colored(f"{lanes:<{width}}"),
                (f"  {text:<{longest}}", ""),
                (f"  {beside:>{last}}", "note"),
            ]
            for lanes, text, beside in self._rows
        ]

    def node(self, tensor: int, node: Node, beside: str) -> None:
        """One layer: branch off what lives on, join what ends here, then the box."""
        first = node.inputs[0]
        lane = self._lanes.index(first)
        if self._last_use[first] > tensor:
            self._branch(lane)
        others = [other for other in dict.fromkeys(node.inputs[1:]) if other != first]
        sides = {self._lanes.index(other): self._last_use[other] <= tensor for other in others}
        ending = {lane, *(side for side, ends in sides.items() if ends)}
        target = min(ending)
        for side in sorted({lane, *sides} - {target}):
            low, high = sorted((target, side))
            self._connect(low, high, "in" if side in ending else "tee")
            if side in ending:
                self._lanes[side] = None
        self._lanes[target] = tensor
        self._trim()
        self._mark(target, describe(node), beside)
        if tensor not in self._last_use:
            self._lanes[target] = None
            self._trim()

    def _trim(self) -> None:
        """Lanes on the right that hold nothing any more."""
        while len(self._lanes) > 1 and self._lanes[-1] is None:
            self._lanes.pop()

    def _branch(self, lane: int) -> None:
        """What lives on moves to a free lane on the right."""
        free = next(
            (i for i, held in enumerate(self._lanes) if held is None and i > lane),
            len(self._lanes),
        )
        if free == len(self._lanes):
            self._lanes.append(None)
        self._lanes[free] = self._lanes[lane]
        self._connect(lane, free, "out")

    def _mark(self, lane: int, text: str, beside: str = "") -> None:
        marks = [self._marks["v"] if held is not None else " " for held in self._lanes]
        marks[lane] = self._marks["dot"]
        self._rows.append((" ".join(marks), text, beside))

    def _connect(self, low: int, high: int, end: str) -> None:
        """A row with a line between two lanes."""
        row = ""
        for lane, held in enumerate(self._lanes):
            if lane == low:
                row += self._marks["t"] + self._marks["h"]
            elif low < lane < high:
                row += self._marks["x" if held is not None else "h"] + self._marks["h"]
            elif lane == high:
                row += self._marks[end] + " "
            else:
                row += (self._marks["v"] if held is not None else " ") + " "
        self._rows.append((row.rstrip(), "", ""))


def describe(node: Node) -> str:
    """``[expand: conv 1x1] 56x56x256``."""
    operation = node.operation
    words = " ".join(filter(None, [operation.type, operation.words()]))
    label = words if node.name == operation.type else f"{visible(node.name)}: {words}"
    return f"[{label}] {format_shape(node.output)}"
