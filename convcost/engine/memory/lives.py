"""From when to when each tensor is needed, step by step, and which tensors share their bytes."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from convcost.engine.graph import Graph, Node
from convcost.engine.memory.fusion import Step, is_activation, is_dequantised, is_head

NO_OPERATOR = frozenset({"identity", "dropout"})
"""What a runtime's file does not hold at all."""


class Lives(NamedTuple):
    """The steps of a graph and the lives of its tensors.

    ``storage``: for each tensor that is held, the one whose bytes it is in (itself, but for
    reshapes and for what is added onto a residual); ``renamed``: the reshapes' tensors;
    ``last``: for each storage the number of the last step that needs it, the number of steps for
    what is given back; a tensor that nobody needs is not in it.
    """

    steps: list[Step]
    storage: dict[int, int]
    renamed: set[int]
    last: dict[int, int]


def lives(
    graph: Graph,
    steps: list[Step],
    *,
    fused: bool = True,
    copies: bool = False,
    accumulates: bool = False,
) -> Lives:
    """Follow every tensor.

    ``fused``: integers that are read as numbers stay integers (QDQ). ``copies``: a reshape
    copies, as where a runtime plans it a buffer. ``accumulates``: a convolution whose output is
    only added to a tensor that dies there adds onto that tensor.
    """
    aliases = {
        step.tensor for step in steps if _renames(graph, graph.nodes[step.node], fused, copies)
    }
    plain = _follow(graph, steps, aliases, {})
    return _follow(graph, steps, aliases, _accumulations(graph, plain)) if accumulates else plain


def _follow(graph: Graph, steps: list[Step], renamed: set[int], onto: dict[int, int]) -> Lives:
    """Follow every tensor; ``onto`` says which is added onto which."""
    storage = {tensor: tensor for tensor in range(len(graph.inputs))}
    last: dict[int, int] = {}
    for number, step in enumerate(steps):
        for tensor in step.reads:
            last[storage[tensor]] = number
        is_alias = step.tensor in renamed
        source = step.reads[0] if is_alias else onto.get(step.tensor, step.tensor)
        # A residual that is made later than the branch cannot be added onto.
        storage[step.tensor] = storage.get(source, step.tensor)
    last.update((storage[tensor], len(steps)) for tensor in graph.outputs)
    return Lives(steps, storage, renamed, last)


def _accumulations(graph: Graph, run: Lives) -> dict[int, int]:
    """For the output of a convolution the residual that it can be added onto."""
    reads = Counter(tensor for step in run.steps for tensor in step.reads)
    reads.update(graph.outputs)
    made = {step.tensor: step for step in run.steps}
    found: dict[int, int] = {}
    for number, step in enumerate(run.steps):
        if graph.nodes[step.node].operation.type != "add" or len(step.reads) != 2:
            continue
        for branch, residual in (step.reads, step.reads[::-1]):
            by = made.get(branch)
            dies = run.last[run.storage[residual]] == number
            if by is None or not dies or reads[branch] != 1:
                continue
            if graph.shape(branch) != graph.shape(residual):
                continue
            # An activation between the two has to see the branch alone.
            ends_plain = not is_activation(graph.nodes[by.members[-1]])
            if ends_plain and is_head(graph.nodes[by.node]):
                found[branch] = residual
    return found


def _renames(graph: Graph, node: Node, fused: bool, copies: bool) -> bool:
    """Whether what a node makes is the bytes of what it reads."""
    if len(node.inputs) != 1:
        return False
    if is_dequantised(node):
        return fused and not graph.is_compiled
    return node.operation.renames and not (copies and node.operation.type not in NO_OPERATOR)
