"""How many values are held, and when: weights, live activations, the largest layer.

Counts values, not bytes; whoever reports multiplies by the size of a data type. Layers run in
the order of the graph; a tensor lives from the layer that makes it to the last one that reads
it, so a skip connection keeps its input alive. Each layer's output is a new tensor, except for
reshapes, which name the same values anew.
"""

from typing import NamedTuple

from convcost.engine.graph import Graph
from convcost.engine.shapes import product

DTYPES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
"""Bytes of one value."""


class Memory(NamedTuple):
    """Activation memory of a graph for one sample, in values.

    ``peak``: the most values alive at once, in the layer ``peak_at`` with ``peak_tensors``
    tensors; ``largest``: the most that one layer reads and writes, in ``largest_at``;
    ``outputs``: the sum over all layer outputs.
    """

    peak: int
    peak_at: str
    peak_tensors: int
    largest: int
    largest_at: str
    outputs: int


def memory(graph: Graph) -> Memory:
    """Walk the graph in execution order and note the extremes."""
    first = len(graph.inputs)
    storage = _storage(graph)
    last_use = dict.fromkeys((storage[tensor] for tensor in graph.outputs), len(graph.nodes))
    for index in reversed(range(len(graph.nodes))):
        for tensor in graph.nodes[index].inputs:
            last_use.setdefault(storage[tensor], index)
    sizes = {tensor: product(graph.shape(tensor)) for tensor in set(storage)}
    alive = {tensor for tensor in range(first) if tensor in last_use}
    peak = largest = outputs = 0
    peak_at = largest_at = ""
    peak_tensors = 0
    for index, node in enumerate(graph.nodes):
        own = storage[first + index]
        reads = {storage[tensor] for tensor in node.inputs}
        if own == first + index:
            outputs += sizes[own]
        held = alive | {own}
        values = sum(sizes[tensor] for tensor in held)
        if values > peak:
            peak, peak_at, peak_tensors = values, node.name, len(held)
        moved = sum(sizes[tensor] for tensor in reads | {own})
        if moved > largest:
            largest, largest_at = moved, node.name
        alive = {tensor for tensor in held if last_use.get(tensor, -1) > index}
    return Memory(peak, peak_at, peak_tensors, largest, largest_at, outputs)


def _storage(graph: Graph) -> list[int]:
    """For each tensor the one whose values it names: itself, but for reshapes."""
    storage = list(range(len(graph.inputs)))
    for node in graph.nodes:
        aliases = node.operation.renames and len(node.inputs) == 1
        storage.append(storage[node.inputs[0]] if aliases else len(storage))
    return storage
