"""``If``, ``Loop`` and ``Scan`` whose course is known from sizes: their nodes in their place.

A branch whose condition follows from sizes is the only one that runs; a loop whose number of
turns is known is its body so many times. What depends on data stays one node, and unknown. Owns
the renaming that opening needs; sizes are worked out by the walk that asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from convcost.engine.graph import MAX_NODES
from convcost.sources.onnx.facts import Partial

if TYPE_CHECKING:
    from convcost.sources.onnx.walking import Walk

OPENED = ("If", "Loop", "Scan")

MOST_TURNS = 1_000
"""A loop of more turns is not opened."""

MOST_OPENED = MAX_NODES // 2
"""Nor is any once so many nodes were looked at in bodies: loops in loops cost time even where
they are given up."""


def open_node(walk: Walk, node: Any) -> bool:
    """Put the nodes of a branch or a loop into the walk; False where its course is not known."""
    before, constants = len(walk.nodes), set(walk.constants)
    opened = {"If": _open_if, "Loop": _open_loop, "Scan": _open_scan}[node.op_type](walk, node)
    if not opened:
        del walk.nodes[before:]
        walk.constants = constants
    return opened


def graph_of(node: Any, name: str) -> Any:
    """The graph of an attribute; KeyError where there is none."""
    return {attribute.name: attribute.g for attribute in node.attribute}[name]


def _label(node: Any) -> str:
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _open_if(walk: Walk, node: Any) -> bool:
    condition = walk.facts.value(node.input[0]) if node.input else None
    if condition is None or condition.size != 1:
        _agree(walk, node)
        return False
    graph = graph_of(node, "then_branch" if condition.reshape(-1)[0] else "else_branch")
    made = enter(walk, graph, _label(node), {})
    _hand_over(walk, made, node.output)
    return True


def _agree(walk: Walk, node: Any) -> None:
    """Sizes of what an undecided branch makes, where both branches make the same."""
    from convcost.errors import ConvcostError

    found: list[list[tuple[Partial | None, int]]] = []
    before, constants = len(walk.nodes), set(walk.constants)
    for word in ("then_branch", "else_branch"):
        try:
            made = enter(walk, graph_of(node, word), f"{_label(node)}.{word}", {})
        except (ConvcostError, KeyError):
            return
        finally:
            del walk.nodes[before:]
            walk.constants = set(constants)
        facts = walk.facts
        found.append([(facts.shapes.get(name), facts.kinds.get(name, 0)) for name in made])
    for name, (first, kind), (second, _) in zip(node.output, *found, strict=False):
        if first is not None and second is not None and len(first) == len(second):
            sizes = tuple(a if a == b else None for a, b in zip(first, second, strict=True))
            walk.make(name, sizes, kind)


def enter(
    walk: Walk, graph: Any, label: str, names: Mapping[str, str], home: str | None = None
) -> list[str]:
    """Walk a body, its tensors renamed under ``label``; the names of its outputs.

    ``names``: what the body's inputs are called outside. ``home``: where its stored tensors
    live, which all turns of a loop share.
    """
    new, home = dict(names), home or label
    for tensor in graph.initializer:
        new[tensor.name] = f"{home}/{tensor.name}"
    for sparse in graph.sparse_initializer:
        new[sparse.values.name] = f"{home}/{sparse.values.name}"
    for node in graph.node:
        for name in node.output:
            if name:
                new[name] = f"{home if node.op_type == 'Constant' else label}/{name}"
    walk.keep(graph, new)
    for node in graph.node:
        walk.visits += 1
        if node.op_type != "Constant" or new[node.output[0]] not in walk.constants:
            walk.visit(_renamed(node, new, label))
    return [new.get(value.name, value.name) for value in graph.output]


def _renamed(node: Any, names: Mapping[str, str], label: str) -> Any:
    copy = type(node)()
    copy.CopyFrom(node)
    copy.name = f"{label}/{_label(node)}"
    for i, name in enumerate(copy.input):
        copy.input[i] = names.get(name, name)
    for i, name in enumerate(copy.output):
        copy.output[i] = names.get(name, name)
    for attribute in copy.attribute:
        if attribute.HasField("g"):
            _rename_inside(attribute.g, names)
        for graph in attribute.graphs:
            _rename_inside(graph, names)
    return copy


def _rename_inside(graph: Any, names: Mapping[str, str]) -> None:
    """Names that a graph further inside takes from around it."""
    own = {value.name for value in (*graph.input, *graph.initializer)}
    own.update(name for node in graph.node for name in node.output)
    outer = {name: new for name, new in names.items() if name not in own}
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = outer.get(name, name)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename_inside(attribute.g, outer)
            for inner in attribute.graphs:
                _rename_inside(inner, outer)
    for value in graph.output:
        value.name = outer.get(value.name, value.name)


def _hand_over(walk: Walk, made: Sequence[str], names: Sequence[str]) -> None:
    """What a body made, under the names by which the graph around it goes on."""
    for source, name in zip(made, names, strict=False):
        if name:
            walk.visit(walk.onnx.helper.make_node("Identity", [source], [name], name=name))


def _stack(walk: Walk, parts: Sequence[str], name: str, axis: int = 0) -> None:
    """The outputs of all turns along a new axis: a node that only moves values."""
    if not name:
        return
    shapes = {walk.facts.shapes.get(part) for part in parts}
    shape = shapes.pop() if len(shapes) == 1 else None
    if shape is not None:
        at = axis % (len(shape) + 1)
        shape = (*shape[:at], len(parts), *shape[at:])
    walk.nodes.append(walk.onnx.helper.make_node("Concat", list(parts), [name], name=name, axis=0))
    walk.make(name, shape, walk.facts.kinds.get(parts[0], 0) if parts else 0)


def _open_loop(walk: Walk, node: Any) -> bool:
    body = graph_of(node, "body")
    limit, condition = ([*node.input, "", ""])[:2]
    trips = _number(walk, limit) if limit else None
    goes_on = _number(walk, condition) if condition else 1
    if goes_on is None or (limit and trips is None) or (not limit and not condition):
        return False
    carried = list(node.input[2:])
    if len(body.input) != len(carried) + 2:
        return False
    if trips is not None and (trips > MOST_TURNS or trips * len(body.node) > MOST_OPENED):
        return False
    scans: list[list[str]] = [[] for _ in body.output[1 + len(carried) :]]
    turn = 0
    while goes_on and (trips is None or turn < trips):
        if turn >= MOST_TURNS or _is_too_long(walk):
            return False
        label = f"{_label(node)}.{turn}"
        names = _turn_inputs(walk, body, label, turn, carried)
        made = enter(walk, body, label, names, _label(node))
        goes_on = _number(walk, made[0])
        if goes_on is None:
            return False
        carried = made[1 : 1 + len(carried)]
        for parts, name in zip(scans, made[1 + len(carried) :], strict=True):
            parts.append(name)
        turn += 1
    _hand_over(walk, carried, node.output)
    for parts, name in zip(scans, node.output[len(carried) :], strict=False):
        _stack(walk, parts, name)
    return True


def _turn_inputs(
    walk: Walk, body: Any, label: str, turn: int, carried: Sequence[str]
) -> dict[str, str]:
    import numpy

    count, condition = (f"{label}/{value.name}" for value in body.input[:2])
    for name, value in ((count, numpy.int64(turn)), (condition, numpy.bool_(True))):
        constant = walk.onnx.numpy_helper.from_array(numpy.array(value))
        walk.visit(walk.onnx.helper.make_node("Constant", [], [name], value=constant))
    names = {body.input[0].name: count, body.input[1].name: condition}
    for value, name in zip(body.input[2:], carried, strict=True):
        names[value.name] = name
    return names


def _is_too_long(walk: Walk) -> bool:
    return max(walk.visits, len(walk.nodes)) > MOST_OPENED


def _number(walk: Walk, name: str) -> int | None:
    value = walk.facts.value(name)
    return None if value is None or value.size != 1 else int(value.reshape(-1)[0])


def _open_scan(walk: Walk, node: Any) -> bool:
    """From operator set 9 on; before, ``Scan`` had an axis of samples of its own."""
    if walk.version(node) < 9:
        return False
    body, attributes = graph_of(node, "body"), walk.attributes(node)
    count = attributes["num_scan_inputs"]
    if not 0 < count <= len(node.input):
        return False
    states, scanned = list(node.input[:-count]), list(node.input[len(node.input) - count :])
    shapes = [walk.facts.shapes.get(name) for name in scanned]
    axes = list(attributes.get("scan_input_axes", [0] * count))
    if any(shape is None or not shape for shape in shapes) or len(axes) != count:
        return False
    sizes = {shape[axis] for shape, axis in zip(shapes, axes, strict=True) if shape}
    turns = sizes.pop()
    if sizes or turns is None or not 0 < turns <= MOST_TURNS:
        return False
    if turns * len(body.node) > MOST_OPENED:
        return False
    scans: list[list[str]] = [[] for _ in body.output[len(states) :]]
    for turn in range(turns):
        label = f"{_label(node)}.{turn}"
        parts = []
        for name, shape, axis in zip(scanned, shapes, axes, strict=True):
            parts.append(_part(walk, name, shape or (), axis, f"{label}/{name}"))
        inputs = [value.name for value in body.input]
        names = dict(zip(inputs, [*states, *parts], strict=True))
        made = enter(walk, body, label, names, _label(node))
        if _is_too_long(walk):
            return False
        states = made[: len(states)]
        for piece, name in zip(scans, made[len(states) :], strict=True):
            piece.append(name)
    _hand_over(walk, states, node.output)
    towards = list(attributes.get("scan_output_axes", [0] * len(scans)))
    for pieces, name, axis in zip(scans, node.output[len(states) :], towards, strict=False):
        _stack(walk, pieces, name, axis)
    return True


def _part(walk: Walk, name: str, shape: Partial, axis: int, made: str) -> str:
    """One slice of a scanned tensor."""
    at = axis % len(shape)
    node = walk.onnx.helper.make_node("Gather", [name], [made], name=made, axis=at)
    walk.nodes.append(node)
    walk.make(made, (*shape[:at], *shape[at + 1 :]), walk.facts.kinds.get(name, 0))
    return made
