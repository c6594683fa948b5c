"""The memory figures of a graph, in bytes: peak, largest layer, all outputs, weights.

Layers run in the order of the graph. A tensor lives from the layer that makes it to the last
one that reads it, so a skip connection keeps its input alive; reshapes name the same bytes anew.
Which layers run as one, and which write over their input, a ``Rule`` says.
"""

from __future__ import annotations

from typing import NamedTuple

from convcost.engine.dtypes import Types
from convcost.engine.graph import Graph
from convcost.engine.memory.fusion import steps, writes_over
from convcost.engine.memory.lives import Lives, lives
from convcost.engine.memory.planner import Need, Plan, place
from convcost.engine.memory.sizes import tensor_bytes, weight_bytes
from convcost.errors import ConvcostError, did_you_mean

PLANNERS = ("live", "tflm")
"""``live``: the bytes alive, as if memory had no gaps. ``tflm``: TensorFlow Lite Micro's plan."""

IN_PLACE = ("depthwise", "residual")
"""What some engines write in place beside sums: a depthwise convolution over its input
(TinyEngine), and the convolution before a sum onto the residual (oneDNN's sum post-op)."""


class Rule(NamedTuple):
    """How an engine uses memory.

    ``fused``: a convolution with its bias, norm and activation makes one tensor, and sums,
    products, norms and activations write over their first input where it dies there; without
    it every layer makes a tensor of its own. ``in_place``: what else is written over a tensor
    that dies (``IN_PLACE``). ``planner``: what ``peak`` is (``PLANNERS``).
    """

    fused: bool = True
    in_place: tuple[str, ...] = ()
    planner: str = "live"

    def check(self) -> Rule:
        """The rule itself; raises ConvcostError on unknown words and on what nobody does."""
        for word in self.in_place:
            if word not in IN_PLACE:
                raise ConvcostError(
                    f"{word} is nothing that is written in place",
                    hint=did_you_mean(word, IN_PLACE),
                )
        if self.planner not in PLANNERS:
            raise ConvcostError(
                f"{self.planner} is not a planner", hint=did_you_mean(self.planner, PLANNERS)
            )
        if self.planner == "tflm" and self.in_place:
            raise ConvcostError(
                "TensorFlow Lite Micro writes nothing in place",
                hint="leave out the planner, or what is written in place",
            )
        return self


DEFAULT_RULE = Rule()
DEFAULT_TYPES = Types()


class Memory(NamedTuple):
    """Memory of a graph in bytes.

    ``peak``: the most that is needed at once, in the layer ``peak_at`` with ``peak_tensors``
    tensors; with a plan the size of its arena. ``largest``: the most that one layer reads and
    writes, in ``largest_at``; ``outputs``: the sum over all layer outputs; ``weights``: of every
    layer whose cost is known; ``live``: the bytes alive at each node, the same at all that run
    as one; ``plan``: where each buffer lies, where a planner was asked for.
    """

    peak: int
    peak_at: str
    peak_tensors: int
    largest: int
    largest_at: str
    outputs: int
    weights: int
    live: tuple[int, ...]
    plan: Plan | None = None


class Moment(NamedTuple):
    """A step while it runs: bytes alive in so many tensors, and what it reads and writes."""

    live: int
    tensors: int
    moved: int
    made: int


def memory(
    graph: Graph, batch: int = 1, types: Types = DEFAULT_TYPES, rule: Rule = DEFAULT_RULE
) -> Memory:
    """The figures of ``graph`` for ``batch`` samples. Raises ConvcostError on an unusable rule."""
    rule.check()
    planned = rule.planner == "tflm"
    run = lives(
        graph,
        steps(graph, fused=rule.fused, like_tflite=planned),
        fused=rule.fused,
        copies=planned,
        accumulates="residual" in rule.in_place,
    )
    sizes = {t: tensor_bytes(graph, t, batch, types) for t in run.storage}
    moments = list(_moments(graph, run, sizes, rule))
    names = [graph.nodes[step.node].name for step in run.steps]
    plan = Plan(place(_needs(graph, run, sizes)), tuple(names)) if planned else None
    live = [0] * len(graph.nodes)
    for step, moment in zip(run.steps, moments, strict=True):
        for member in step.members:
            live[member] = moment.live
    largest = max(moments, key=lambda moment: moment.moved, default=NOTHING)
    peak, peak_at, peak_tensors = _peak(names, moments) if plan is None else _arena(plan)
    return Memory(
        peak,
        peak_at,
        peak_tensors,
        largest.moved,
        names[moments.index(largest)] if largest.moved else "",
        sum(moment.made for moment in moments),
        weights(graph, types),
        tuple(live),
        plan,
    )


NOTHING = Moment(0, 0, 0, 0)


def _moments(graph: Graph, run: Lives, sizes: dict[int, int], rule: Rule) -> list[Moment]:
    """What each step holds while it runs."""
    storage, last = run.storage, run.last
    alive = {tensor for tensor in range(len(graph.inputs)) if tensor in last}
    moments = []
    for number, step in enumerate(run.steps):
        own = storage[step.tensor]
        held = alive | {own}
        saved = _saved(graph, run, sizes, rule, number)
        touched = {storage[tensor] for tensor in step.reads} | {own}
        moments.append(
            Moment(
                sum(sizes[tensor] for tensor in held) - saved,
                len(held) - (saved > 0),
                sum(sizes[tensor] for tensor in touched),
                0 if step.tensor in run.renamed else sizes[step.tensor],
            )
        )
        alive = {tensor for tensor in held if last.get(tensor, -1) > number}
    return moments


def _saved(graph: Graph, run: Lives, sizes: dict[int, int], rule: Rule, number: int) -> int:
    """The bytes that a step saves by writing over an input that dies in it."""
    if rule.planner == "tflm" or not (rule.fused or rule.in_place):
        return 0
    step = run.steps[number]
    node = graph.nodes[step.node]
    over = writes_over(graph, node, rule.in_place, sums=rule.fused)
    if over is None:
        return 0
    source = run.storage[over]
    if run.last[source] != number or run.storage[step.tensor] != step.tensor:
        return 0
    return min(sizes[source], sizes[step.tensor])


def _peak(names: list[str], moments: list[Moment]) -> tuple[int, str, int]:
    """The first step with the most bytes alive."""
    if not moments:
        return 0, "", 0
    number = max(range(len(moments)), key=lambda index: moments[index].live)
    return moments[number].live, names[number], moments[number].tensors


def _needs(graph: Graph, run: Lives, sizes: dict[int, int]) -> list[Need]:
    """Every tensor that is held, as a planner sees it."""
    first = len(graph.inputs)
    steps_: list[tuple[str, int, int]] = [("input", tensor, 0) for tensor in range(first)]
    steps_ += [
        (graph.nodes[step.node].name, step.tensor, number)
        for number, step in enumerate(run.steps, start=1)
        if run.storage[step.tensor] == step.tensor
    ]
    end = len(run.steps)
    return [
        Need(name, sizes[tensor], made, max(made, min(run.last.get(tensor, -1) + 1, end)))
        for name, tensor, made in steps_
    ]


def _arena(plan: Plan) -> tuple[int, str, int]:
    """The arena, and the first step at which its last byte is needed."""
    arena = plan.arena
    names = ("input", *plan.steps)
    for number, name in enumerate(names):
        needed = plan.at(number)
        if any(buffer.end == arena for buffer in needed):
            return arena, name, len(needed)
    return arena, "", 0


def weights(graph: Graph, types: Types = DEFAULT_TYPES) -> int:
    """The bytes of everything learned in layers whose cost is known."""
    total = 0
    for index, node in enumerate(graph.nodes):
        if node.operation.kind == "unknown":
            continue
        inputs = tuple([graph.shape(tensor) for tensor in node.inputs])
        params = node.operation.cost(inputs, node.output).params
        total += weight_bytes(graph, index, params, types)
    return total
