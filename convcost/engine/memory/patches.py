"""Patch-based inference: the first layers run once for each piece of a later map.

The map of one layer is cut into rows x cols patches. For each patch, everything before that
layer is computed for those positions only which the patch depends on: less memory at a time,
and the positions on which two patches depend are computed twice. Source: Lin et al. 2021,
MCUNetV2, section 3.

Positions are followed backwards from the patch, exactly and layer by layer; padding is not
computed and not held. Held are the patch of the input (an engine reads it from a sensor or
decodes it piece by piece), the patches on the way, and the whole map that is put together.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from convcost.engine.counting import count
from convcost.engine.dtypes import Types
from convcost.engine.graph import Graph
from convcost.engine.memory.fusion import Step, steps
from convcost.engine.memory.liveness import DEFAULT_RULE, DEFAULT_TYPES, Rule, memory
from convcost.engine.memory.regions import box_shape, boxes, cut_evenly
from convcost.engine.memory.sizes import tensor_bytes
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, did_you_mean
from convcost.quantities import format_shape


class Patches(NamedTuple):
    """A network whose layers up to ``until`` run in ``rows`` x ``cols`` patches of its map.

    ``map``: the shape that is put together from patches; ``patch``: the largest piece of the
    input that one patch depends on. Bytes: ``peak`` is the larger of ``peak_in_patches`` (the
    whole map and the patch in hand) and ``peak_after`` (the layers that follow), in the layer
    ``peak_at``; ``peak_whole``: without patches; ``live``: bytes alive at each node. MACs for the
    batch: ``macs`` of the network in patches, ``extra_macs`` of them computed again.
    """

    rows: int
    cols: int
    until: str
    map: Shape
    patch: Shape
    peak: int
    peak_at: str
    peak_in_patches: int
    peak_after: int
    peak_whole: int
    macs: int
    extra_macs: int
    live: tuple[int, ...]


class Cut(NamedTuple):
    """Where a graph is cut in two: the step that makes the map, and the nodes before and after."""

    name: str
    step: Step
    before: tuple[int, ...]
    after: tuple[int, ...]


class Part(NamedTuple):
    """The first part in patches: its largest input, the bytes alive at each node, its MACs."""

    patch: Shape
    live: dict[int, int]
    macs: int


def patches(
    graph: Graph,
    rows: int,
    cols: int,
    until: str | None = None,
    *,
    batch: int = 1,
    types: Types = DEFAULT_TYPES,
    rule: Rule = DEFAULT_RULE,
) -> Patches:
    """The figures of a network in patches.

    ``until`` names the last layer (or block) that runs in patches; without it the one with the
    lowest peak is taken, of equals the one with the fewest extra MACs. Raises ConvcostError where
    the network cannot be cut there, or where a layer before it needs the whole map.
    """
    rule.check()
    if rule.planner != "live":
        raise ConvcostError(
            "patches have no plan in an arena", hint="leave out the planner, or the patches"
        )
    if rows < 1 or cols < 1:
        raise ConvcostError(f"{rows}x{cols} is no number of patches", hint="such as 3x3")
    if len(graph.inputs) != 1 or len(graph.inputs[0]) != 3:
        raise ConvcostError("patches need one input of height x width x channels")
    cuts = _cuts(graph, rule)
    if until is not None:
        return _run(graph, _named(graph, cuts, until), (rows, cols), batch, types, rule)
    found = []
    for cut in cuts:
        try:
            found.append(_run(graph, cut, (rows, cols), batch, types, rule))
        except ConvcostError:
            continue
    if not found:
        raise ConvcostError(f"no layer of this network can run in {rows}x{cols} patches")
    return min(found, key=lambda one: (one.peak, one.extra_macs))


def _cuts(graph: Graph, rule: Rule) -> list[Cut]:
    """Every place where one tensor is all that later layers read."""
    order = steps(graph, fused=rule.fused)
    last = {tensor: number for number, step in enumerate(order) for tensor in step.reads}
    last.update((tensor, len(order)) for tensor in graph.outputs)
    found = []
    needed_until = last.get(0, 0)
    for number, step in enumerate(order):
        if needed_until <= number:
            parts = (order[: number + 1], order[number + 1 :])
            before, after = (tuple(sorted(m for one in p for m in one.members)) for p in parts)
            found.append(Cut(graph.nodes[step.node].name, step, before, after))
        needed_until = max(needed_until, last.get(step.tensor, 0))
    return found


def _named(graph: Graph, cuts: list[Cut], until: str) -> Cut:
    """The cut after the last layer of this name, or of the block of this name."""
    inside = [
        index
        for index, node in enumerate(graph.nodes)
        if node.name == until or node.name.startswith((f"{until}.", f"{until}/"))
    ]
    if not inside:
        raise ConvcostError(f"there is no layer {until}", hint=did_you_mean(until, _names(graph)))
    for cut in cuts:
        if inside[-1] in cut.step.members:
            return cut
    later = [cut.name for cut in cuts if cut.step.node > inside[-1]]
    raise ConvcostError(
        f"what {until} makes is not all that later layers read",
        hint=f"the next layer of which it is: {later[0]}" if later else None,
    )


def _names(graph: Graph) -> list[str]:
    """Blocks and layers by name, each once."""
    parts = [node.name.split(".") for node in graph.nodes]
    return list(dict.fromkeys(".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)))


def _run(
    graph: Graph, cut: Cut, grid: tuple[int, int], batch: int, types: Types, rule: Rule
) -> Patches:
    """The figures with the patches of one cut."""
    shape = graph.shape(cut.step.tensor)
    if len(shape) != 3 or any(size < parts for size, parts in zip(shape, grid, strict=False)):
        raise ConvcostError(
            f"a map of {format_shape(shape)} cannot be cut in {format_shape(grid)} patches",
            hint=f"it is what {cut.name} makes",
        )
    part = _in_patches(graph, cut, grid, batch, types, rule)
    after = _subgraph(graph, cut.after, cut.step.tensor, shape, {}, graph.outputs)
    rest = memory(after, batch, types, rule)
    live = part.live | dict(zip(cut.after, rest.live, strict=True))
    in_patches = max(part.live.values())
    at = max(part.live, key=lambda index: part.live[index])
    costs = [row.cost for row in count(graph, batch).rows]
    macs = sum(cost.macs for cost in costs if cost is not None)
    once = sum(cost.macs for index in cut.before if (cost := costs[index]) is not None)
    return Patches(
        *grid,
        cut.name,
        shape,
        part.patch,
        max(in_patches, rest.peak),
        graph.nodes[at].name if in_patches >= rest.peak else rest.peak_at,
        in_patches,
        rest.peak,
        memory(graph, batch, types, rule).peak,
        macs + part.macs - once,
        part.macs - once,
        tuple(live[index] for index in range(len(graph.nodes))),
    )


def _in_patches(
    graph: Graph, cut: Cut, grid: tuple[int, int], batch: int, types: Types, rule: Rule
) -> Part:
    """Every patch in turn; patches of equal sizes need equal memory and work."""
    tensor = cut.step.tensor
    shape = graph.shape(tensor)
    rows, cols = (cut_evenly(size, parts) for size, parts in zip(shape, grid, strict=False))
    kinds = Counter(
        tuple(
            (read, box_shape(box, graph.shape(read)))
            for read, box in boxes(graph, cut.before, tensor, (row, col)).items()
        )
        for row in rows
        for col in cols
    )
    # The patch itself goes straight into the map, so that it takes no room of its own.
    whole = tensor_bytes(graph, tensor, batch, types)
    nothing = (*[0] * (len(shape) - 1), shape[-1])
    live: dict[int, int] = dict.fromkeys(cut.before, 0)
    macs = 0
    patch: Shape = ()
    for kind, times in kinds.items():
        shapes = dict(kind)
        macs += times * sum(_macs(graph, index, shapes, batch) for index in cut.before)
        patch = max(patch, shapes[0], key=product)
        part = _subgraph(graph, cut.before, 0, shapes[0], shapes | {tensor: nothing}, (tensor,))
        for index, alive in zip(cut.before, memory(part, batch, types, rule).live, strict=True):
            live[index] = max(live[index], alive + whole)
    return Part(patch, live, macs)


def _macs(graph: Graph, index: int, shapes: dict[int, Shape], batch: int) -> int:
    """A node's MACs at the positions of a patch: each position costs the same."""
    node = graph.nodes[index]
    made = shapes.get(len(graph.inputs) + index)
    if made is None or node.operation.kind == "unknown":
        return 0
    inputs = tuple([graph.shape(tensor) for tensor in node.inputs])
    macs = node.operation.cost(inputs, node.output).macs
    return macs * batch * product(made[:-1]) // product(node.output[:-1])


def _subgraph(
    graph: Graph,
    nodes: tuple[int, ...],
    source: int,
    shape: Shape,
    shapes: dict[int, Shape],
    outputs: tuple[int, ...],
) -> Graph:
    """Some nodes as a graph that reads ``source`` of ``shape``; ``shapes`` replace their own."""
    first = len(graph.inputs)
    place = {source: 0} | {first + index: number for number, index in enumerate(nodes, start=1)}
    made = [
        graph.nodes[index]._replace(
            inputs=tuple([place[tensor] for tensor in graph.nodes[index].inputs]),
            output=shapes.get(first + index, graph.nodes[index].output),
        )
        for index in nodes
    ]
    bits, weight_bits, weight_bytes = graph.bits, graph.weight_bits, graph.weight_bytes
    return Graph(
        (shape,),
        tuple(made),
        tuple(place[tensor] for tensor in outputs),
        {},
        bits=bits and tuple(bits[tensor] for tensor in (source, *(first + i for i in nodes))),
        weight_bits=weight_bits and tuple(weight_bits[index] for index in nodes),
        weight_bytes=weight_bytes and tuple(weight_bytes[index] for index in nodes),
    )
