"""From when to when each tensor is needed, step by step, and which tensors share their bytes."""

from __future__ import annotations

from typing import NamedTuple

from convcost.engine.graph import Graph, Node
from convcost.engine.memory.fusion import Step

NO_OPERATOR = frozenset({"identity", "dropout"})
"""What a runtime's file does not hold at all."""


class Lives(NamedTuple):
    """The steps of a graph and the lives of its tensors.

    ``storage``: for each tensor that is held, the one whose bytes it names (itself, but for
    reshapes); ``last``: for each storage the number of the last step that needs it, the number
    of steps for what is given back; a tensor that nobody needs is not in it.
    """

    steps: list[Step]
    storage: dict[int, int]
    last: dict[int, int]


def lives(graph: Graph, steps: list[Step], *, copies: bool = False) -> Lives:
    """Follow every tensor. ``copies``: a reshape copies, as where a runtime plans it a buffer."""
    storage = {tensor: tensor for tensor in range(len(graph.inputs))}
    last: dict[int, int] = {}
    for number, step in enumerate(steps):
        for tensor in step.reads:
            last[storage[tensor]] = number
        node = graph.nodes[step.node]
        shares = _renames(node) and not (copies and node.operation.type not in NO_OPERATOR)
        storage[step.tensor] = storage[step.reads[0]] if shares else step.tensor
    last.update((storage[tensor], len(steps)) for tensor in graph.outputs)
    return Lives(steps, storage, last)


def _renames(node: Node) -> bool:
    return node.operation.renames and len(node.inputs) == 1
