"""Bytes and bits of single tensors and weights, under the types of a count or of the file.

What a quantised file says of its own types (``Graph.bits`` and its relatives) rules over the
types that were asked for.
"""

from __future__ import annotations

from convcost.engine.dtypes import Types
from convcost.engine.graph import Graph
from convcost.engine.memory.fusion import is_dequantised
from convcost.engine.shapes import ceil_div, product


def activation_bits(graph: Graph, tensor: int, types: Types) -> int:
    """The bits of one value of a tensor."""
    return types.activations.bits if graph.bits is None else graph.bits[tensor]


def _stored(graph: Graph, tensor: int) -> int:
    """The integers behind a tensor that a model of floats understands as numbers."""
    first = len(graph.inputs)
    while tensor >= first and is_dequantised(graph.nodes[tensor - first]):
        if graph.is_compiled or not graph.nodes[tensor - first].inputs:
            break
        tensor = graph.nodes[tensor - first].inputs[0]
    return tensor


def tensor_bytes(graph: Graph, tensor: int, batch: int, types: Types) -> int:
    """ceil(values * bits / 8): values smaller than a byte are packed, tensor by tensor."""
    values = product(graph.shape(tensor)) * batch
    return ceil_div(values * activation_bits(graph, tensor, types), 8)


def weight_bits(graph: Graph, index: int, types: Types) -> int:
    """The bits of one weight of the node ``index``."""
    return types.weights.bits if graph.weight_bits is None else graph.weight_bits[index]


def weight_bytes(graph: Graph, index: int, params: int, types: Types) -> int:
    """What ``params`` learned numbers of the node ``index`` take, its bias a tensor of its own."""
    if graph.weight_bytes is not None:
        return graph.weight_bytes[index]
    bits = weight_bits(graph, index, types)
    node = graph.nodes[index]
    bias = node.output[-1] if node.output and node.operation.has_bias else 0
    if not 0 < bias < params:
        return ceil_div(params * bits, 8)
    return ceil_div((params - bias) * bits, 8) + ceil_div(bias * bits, 8)


def bit_operations(graph: Graph, index: int, macs: int, types: Types) -> int:
    """bops = MACs * bits of one factor * bits of the other.

    The factors are a weight and a value of the first input; in a product of two computed
    tensors (``matmul``) a value of each. Additions into the accumulator are not in it. Source:
    Wang et al. 2020, Differentiable Joint Pruning and Quantization, equation 9.
    """
    node = graph.nodes[index]
    if not macs:
        return 0
    read = [activation_bits(graph, _stored(graph, tensor), types) for tensor in node.inputs]
    first = read[0] if read else types.activations.bits
    if node.operation.type == "matmul":
        second = read[1] if len(read) > 1 else first
    else:
        second = weight_bits(graph, index, types)
    return macs * first * second
