"""Which operations an inference engine runs as one, and which write over what they read.

Decides by the type of an operation, so that an imported one counts as the engine's own. Knows
nothing of sizes in bytes, nor of when a tensor is let go.
"""

from __future__ import annotations

from typing import NamedTuple

from convcost.engine.graph import Graph, Node
from convcost.engine.operations.base import grouped
from convcost.engine.operations.elementwise import Activation

HEADS = frozenset({"conv", "conv_transpose", "linear", "convolution"})
"""What a bias, a norm and an activation belong to."""

SUMS = frozenset({"add", "sub", "mul", "div"})
"""Two tensors combined value by value."""

FOLDED_NORMS = frozenset({"batch_norm", "scale"})
"""A factor and an offset per channel, known before the network runs."""

NORMS = FOLDED_NORMS | {"layer_norm", "group_norm", "instance_norm", "rms_norm"}

ACTIVATIONS = frozenset(
    {
        *("activation", "relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "celu", "gelu"),
        *("thresholdedrelu", "threshold", "clip", "clamp", "clampmin", "clampmax", "hardtanh"),
        *("sigmoid", "hardsigmoid", "logistic", "hardswish", "swish", "silu", "mish", "tanh"),
        *("softplus", "softsign"),
    }
)
"""Functions of each value alone, as convcost, ONNX, PyTorch and TFLite name them."""

QUANTISE = frozenset({"quantizelinear", "quantize"})
DEQUANTISE = frozenset({"dequantizelinear", "dequantize"})
"""Where a model of floats says between which operations its values are integers (QDQ)."""

OVER_ALL_CHANNELS = frozenset({"softmax", "logsoftmax"})
"""Activations that see a whole position, and so belong to no layer before them."""

FUSED_BY_TFLITE = frozenset({"relu", "relu6"})
"""Activations that a TFLite operator holds itself; others are operators of their own."""


class Step(NamedTuple):
    """Nodes that run as one.

    ``node``: the first one's index, which names the step; ``reads``: the tensors it reads;
    ``tensor``: what the last one makes; ``members``: all indexes in order.
    """

    node: int
    reads: tuple[int, ...]
    tensor: int
    members: tuple[int, ...]


def steps(graph: Graph, *, fused: bool, like_tflite: bool = False) -> list[Step]:
    """The graph as steps in execution order.

    ``fused``: a convolution, transposed convolution or fully connected layer and the bias, the
    batch norm or scale, and the activation after it, in this order, each read by the next one
    only, run as one; so do a sum and its activation, and each of them with the rounding of what
    it makes to integers. ``like_tflite``: of the activations only those that a TFLite operator can
    hold. A compiled file says itself what runs as one.
    """
    fused = fused and not graph.is_compiled
    first = len(graph.inputs)
    readers = _readers(graph)
    taken: set[int] = set()
    found = []
    for index, node in enumerate(graph.nodes):
        if index in taken:
            continue
        members = _chain(graph, readers, index, like_tflite) if fused else [index]
        taken.update(members)
        found.append(Step(index, node.inputs, first + members[-1], tuple(members)))
    return found


def _chain(graph: Graph, readers: dict[int, list[int]], index: int, like_tflite: bool) -> list[int]:
    """The nodes that run as one with the node ``index``, which is the first of them."""
    first = len(graph.inputs)
    members = [index]
    stage: int | None = _stage(graph.nodes[index])
    if not like_tflite:
        for tensor in graph.nodes[index].inputs[:1]:
            members += _gate(graph, readers, tensor, index)
    while stage is not None:
        last = members[-1]
        followers = readers.get(first + last, [])
        if len(followers) == 2 and stage < _ACTIVATION and not like_tflite:
            gate = _gate(graph, readers, first + last, min(followers))
            if gate != [max(followers)]:
                break
            members += [min(followers), *gate]
            stage = _ACTIVATION
            continue
        if len(followers) != 1 or followers[0] < 0:
            break
        stage = _next_stage(graph, stage, last, followers[0], like_tflite)
        if stage is not None:
            members.append(followers[0])
    return members


def _gate(graph: Graph, readers: dict[int, list[int]], tensor: int, index: int) -> list[int]:
    """The product of ``tensor`` and an activation of it (``x * sigmoid(x)``), where it is one.

    Exporters to ONNX write a SiLU so; together the two are one activation.
    """
    own = len(graph.inputs) + index
    followers = readers.get(own, [])
    if index < 0 or not is_activation(graph.nodes[index]) or len(followers) != 1:
        return []
    if graph.nodes[index].inputs != (tensor,) or followers[0] < 0:
        return []
    node = graph.nodes[followers[0]]
    is_product = node.operation.type == "mul" and sorted(node.inputs) == sorted((tensor, own))
    return followers if is_product and node.output == graph.shape(tensor) else []


def _readers(graph: Graph) -> dict[int, list[int]]:
    """Who reads each tensor; -1 stands for the caller, who reads the outputs."""
    readers: dict[int, list[int]] = {tensor: [-1] for tensor in graph.outputs}
    for index, node in enumerate(graph.nodes):
        for tensor in node.inputs:
            readers.setdefault(tensor, []).append(index)
    return readers


_HEAD, _BIAS, _NORM, _ACTIVATION, _INTEGERS = range(5)


def _stage(node: Node) -> int:
    """Where in a chain an operation that begins one stands."""
    kind = node.operation.type
    if kind in HEADS:
        return _HEAD
    if kind in SUMS and len(node.inputs) > 1:
        return _NORM
    return _INTEGERS if node.operation.renames or is_dequantised(node) else _ACTIVATION


def _next_stage(graph: Graph, stage: int, last: int, index: int, like_tflite: bool) -> int | None:
    """The stage of a chain that the node ``index`` continues after ``last``, or None."""
    node = graph.nodes[index]
    kind = node.operation.type
    if len(node.inputs) != 1 or node.output != graph.nodes[last].output:
        return None
    if stage < _BIAS and kind == "add":
        return _BIAS
    if stage <= _NORM and kind in FOLDED_NORMS and len(graph.nodes[last].inputs) == 1:
        return _NORM
    if stage < _ACTIVATION and is_activation(node):
        fits = not like_tflite or _function(node) in FUSED_BY_TFLITE
        return _ACTIVATION if fits else None
    return _INTEGERS if stage < _INTEGERS and _plain(kind) in QUANTISE else None


def is_head(node: Node) -> bool:
    """Whether the node is a convolution or a fully connected layer."""
    return node.operation.type in HEADS


def is_dequantised(node: Node) -> bool:
    """Whether the node only says how the integers that it reads are to be understood."""
    return _plain(node.operation.type) in DEQUANTISE


def is_activation(node: Node) -> bool:
    """Whether the node is a function of each value alone."""
    return _plain(node.operation.type) in ACTIVATIONS and not sees_a_position(node)


def sees_a_position(node: Node) -> bool:
    """Whether the node is an activation over all channels of a position."""
    return _function(node) in OVER_ALL_CHANNELS


def _function(node: Node) -> str:
    core = node.operation.core
    name = _plain(core.function if isinstance(core, Activation) else core.type)
    # ONNX and PyTorch spell ReLU6 as a clip to 0 and 6.
    return "relu6" if name in ("clip", "clamp", "hardtanh") else name


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def writes_over(
    graph: Graph, node: Node, kinds: tuple[str, ...], *, sums: bool = True
) -> int | None:
    """The tensor that the node may write over where it dies there; None: it needs room.

    Sums, products, norms and activations (with ``sums``): the first input of the output's
    shape. With "depthwise" among ``kinds`` a depthwise convolution too, since none of its
    channels needs another.
    """
    kind = node.operation.type
    values = kind in SUMS or kind in NORMS or is_activation(node) or sees_a_position(node)
    if sums and values:
        fitting = [tensor for tensor in node.inputs if graph.shape(tensor) == node.output]
        return fitting[0] if fitting else None
    if "depthwise" in kinds and is_depthwise(graph, node):
        return node.inputs[0]
    return None


def is_depthwise(graph: Graph, node: Node) -> bool:
    """A convolution with one channel in and out of each group."""
    if node.operation.type != "conv" or len(node.inputs) != 1:
        return False
    groups = grouped(node.operation)
    channels = graph.shape(node.inputs[0])[-1]
    return groups is not None and 1 < channels == groups.groups == node.output[-1]
