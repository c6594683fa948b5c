"""Nodes in an order in which each reads only what was made before it.

The format asks for that order and some writers do not keep it; runtimes sort as well. A cycle
has no order and stays an error.
"""

from __future__ import annotations

from typing import Any

from convcost.errors import SpecError, shorten


def sort_nodes(graph: Any, place: str) -> int:
    """Put the nodes of ``graph`` in order, as near to the file's as may be; how many moved."""
    nodes = list(graph.node)
    makers = _makers(graph, nodes, place)
    if all(makers.get(name, -1) < at for at, node in enumerate(nodes) for name in _reads(node)):
        return 0
    order = _order(nodes, makers, place)
    copies = [type(nodes[at]).FromString(nodes[at].SerializeToString()) for at in order]
    del graph.node[:]
    graph.node.extend(copies)
    latest, moved = -1, 0
    for at in order:
        moved += at < latest
        latest = max(latest, at)
    return moved


def _makers(graph: Any, nodes: list[Any], place: str) -> dict[str, int]:
    """Which node makes a tensor; the format lets each be made once."""
    given = {value.name for value in (*graph.input, *graph.initializer)}
    makers: dict[str, int] = {}
    for at, node in enumerate(nodes):
        for name in node.output:
            if name and (name in makers or name in given):
                raise SpecError(f"{shorten(name, 40)} is made twice", place=place)
            if name:
                makers[name] = at
    return makers


def _reads(node: Any) -> set[str]:
    """What a node reads, its branches included: a branch may read any tensor around it."""
    reads = {name for name in node.input if name}
    for attribute in node.attribute:
        graphs = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
        for graph in graphs:
            own = {value.name for value in (*graph.input, *graph.initializer)}
            for inner in graph.node:
                reads |= _reads(inner) - own
                own.update(inner.output)
            reads |= {value.name for value in graph.output} - own
    return reads


def _order(nodes: list[Any], makers: dict[str, int], place: str) -> list[int]:
    """Depth first in the file's order, without recursion: a chain may be long."""
    done: set[int] = set()
    open_: set[int] = set()
    order: list[int] = []
    needs = [sorted({makers[n] for n in _reads(node) if n in makers}) for node in nodes]
    for start in range(len(nodes)):
        stack = [start]
        while stack:
            at = stack[-1]
            if at in done:
                stack.pop()
                continue
            waiting = [need for need in needs[at] if need not in done]
            if not waiting:
                stack.pop()
                open_.discard(at)
                done.add(at)
                order.append(at)
                continue
            if at in open_:  # back here, and what it waits for is still not made
                raise _cycle(nodes[at], place)
            open_.add(at)
            if any(need in open_ for need in waiting):
                raise _cycle(nodes[at], place)
            stack.extend(reversed(waiting))
    return order


def _cycle(node: Any, place: str) -> SpecError:
    name = node.name or (node.output[0] if node.output else node.op_type)
    return SpecError(
        f"{shorten(str(name), 40)} reads what is made from its own output",
        place=place,
        hint="the graph has a cycle",
    )
