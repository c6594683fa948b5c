"""Costs of layers with weights: convolutions, products, norms, look-ups; and of pools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import Foreign, Imported
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import product
from convcost.sources.onnx.costing import Costs
from convcost.sources.onnx.settings import conv_settings, einsum_macs, pool_settings
from convcost.sources.onnx.walking import node_name

WEIGHT_AND_BIAS = {
    "QLinearConv": (3, 8),
    "QLinearMatMul": (3, None),
    "ConvInteger": (1, None),
    "MatMulInteger": (1, None),
    "Gemm": (1, 2),
    "FusedGemm": (1, 2),
    "QGemm": (3, 6),
    "MatMul": (1, None),
    "Einsum": (1, None),
    "FusedMatMul": (1, None),
    "TransposeMatMul": (1, None),
    "MatMulIntegerToFloat": (1, 6),
    "DynamicQuantizeMatMul": (1, 4),
}
"""Where the weight and the bias of an operation stand; elsewhere at 1 and 2."""


def conv(costs: Costs, node: Any) -> Operation:
    """A convolution; a fused one may add a tensor and ends in an activation."""
    at, bias_at = WEIGHT_AND_BIAS.get(node.op_type, (1, 2))
    bias = bias_at is not None and costs.has(node, bias_at)
    shape, weight = costs.shape(node), costs.shape(node, at)
    attributes = costs.attributes(node)
    sizes = conv_settings(attributes, shape, weight, weight[0])
    operation = Conv(
        weight[2:], weight[0], sizes.stride, sizes.pads, sizes.dilation, sizes.groups, bias
    )
    if weight[1] * sizes.groups != shape[1]:
        raise ValueError
    expected = product(weight) + (weight[0] if bias else 0)
    learned = costs.inputs(node, [at, bias_at] if bias and bias_at is not None else [at])
    return _imported(costs, node, operation, learned, expected)


def blocked_conv(costs: Costs, node: Any) -> Operation:
    """A convolution on channels in blocks: as its weight is stored, padding of blocks included."""
    weight, made = costs.shape(node, 1), costs.made(node)
    positions = made[0] * product(made[2:])
    return costs.macs(
        node,
        positions * product(weight),
        params=costs.learned(node, (1, 2)),
        element_ops=positions * weight[0] * costs.has(node, 2),
        mixes=weight[1],
        flattens=False,
    )


def conv_transpose(costs: Costs, node: Any) -> Operation:
    """A transposed convolution."""
    shape, weight = costs.shape(node), costs.shape(node, 1)
    bias = costs.has(node, 2)
    sizes = conv_settings(costs.attributes(node), shape, weight, weight[1], made=costs.made(node))
    channels = weight[1] * sizes.groups
    operation = ConvTranspose(
        *(weight[2:], channels, sizes.stride, sizes.pads, sizes.dilation),
        output_padding=sizes.extra,
        groups=sizes.groups,
        bias=bias,
    )
    if weight[0] != shape[1]:
        raise ValueError
    expected = product(weight) + (channels if bias else 0)
    return _imported(costs, node, operation, costs.inputs(node, (1, 2)), expected)


def _imported(
    costs: Costs, node: Any, operation: Operation, learned: Sequence[str], expected: int
) -> Operation:
    """An operation of the engine, checked against the sizes that were worked out."""
    shape, made = costs.shape(node), costs.made(node)
    if 0 in shape or 0 in made:
        params = costs.tensors.params(learned, certain=True)
        return Foreign(node.op_type, "macs", params=params)
    samples, remainder = divmod(shape[0], costs.batch)
    if made[0] != shape[0]:
        raise ValueError
    if operation.output((*shape[2:], shape[1])) != (*made[2:], made[1]):
        raise ValueError
    new = costs.tensors.params(learned, certain=True)
    if new < expected and all(map(costs.tensors.is_weight, learned)):
        costs.sharing.append(node_name(node))
    if remainder or not samples or costs.is_constant(node):
        # Its first axis is no batch: the work is that of the run, however many samples it has.
        cost = operation.cost(((*shape[2:], shape[1]),), (*made[2:], made[1])).for_batch(shape[0])
        return costs.macs(node, cost.macs, params=new, element_ops=cost.element_ops, flattens=False)
    plain = new == expected and samples == 1
    return operation if plain else Imported(operation, new, samples)


def gemm(costs: Costs, node: Any) -> Operation:
    """A product of two matrices, with a bias."""
    at, _ = WEIGHT_AND_BIAS[node.op_type]
    first = costs.shape(node)
    attributes = costs.attributes(node)
    inner = first[0] if attributes.get("transA") else product(first[1:])
    other = costs.shape(node, at)
    if inner != (other[1] if attributes.get("transB") else other[0]):
        raise ValueError
    return _product(costs, node, inner)


def matmul(costs: Costs, node: Any) -> Operation:
    """A product of two tensors."""
    first = costs.shape(node)
    attributes = costs.attributes(node)
    is_turned = bool(attributes.get("transA")) and len(first) > 1
    return _product(costs, node, first[-2 if is_turned else -1])


def matmul_bits(costs: Costs, node: Any) -> Operation:
    """A product with a weight of few bits, packed: its true sizes are attributes."""
    attributes = costs.attributes(node)
    inner, outer = attributes["K"], attributes["N"]
    rows = product(costs.shape(node)[:-1])
    packed = node.input[1]
    params = inner * outer if costs.tensors.params([packed], certain=True) else 0
    if not params and costs.tensors.is_weight(packed):
        costs.sharing.append(node_name(node))
    bias = costs.has(node, 5)
    params += costs.tensors.params(costs.inputs(node, [5]), certain=True)
    return Foreign(
        "linear",
        "macs",
        params=params,
        macs=rows * inner * outer,
        element_ops=rows * outer if bias else 0,
        bias=bias,
        mixes=inner,
    )


def _product(costs: Costs, node: Any, inner: int, macs: int | None = None) -> Operation:
    """A fully connected layer where one side is a weight, else a product of two tensors."""
    tensors = costs.tensors
    size = tensors.size(node.output[0])
    at, bias_at = WEIGHT_AND_BIAS[node.op_type]
    sides = [node.input[0], node.input[at]]
    has_bias = bias_at is not None and costs.has(node, bias_at)
    learned = [*sides, *([node.input[bias_at]] if has_bias and bias_at is not None else [])]
    weights = [name for name in sides if tensors.is_weight(name)]
    new = tensors.params(learned, certain=bool(weights))
    if weights and not new:
        costs.sharing.append(node_name(node))
    return Foreign(
        "linear" if weights else "matmul",
        "macs",
        params=new,
        macs=size * inner if macs is None else macs,
        element_ops=size if has_bias else 0,
        bias=has_bias,
        mixes=inner,
        flattens=not weights,
        is_constant=costs.is_constant(node),
    )


def einsum(costs: Costs, node: Any) -> Operation | None:
    """Two tensors: a product over every letter. One: a sum or a turn. More: not known."""
    if len(node.input) > 2:
        return None
    shapes = [costs.tensors.shapes[name] for name in node.input]
    macs = einsum_macs(costs.attributes(node)["equation"], shapes)
    size = costs.tensors.size(node.output[0])
    if len(node.input) == 1:
        return costs.elements(node, macs if macs > size else 0)
    return _product(costs, node, max(1, macs // max(1, size)), macs)


def norm(costs: Costs, node: Any) -> Operation:
    """Scale and shift; running statistics are no parameters."""
    size = costs.tensors.size(node.output[0])
    return costs.elements(node, 2 * size, costs.learned(node, (1, 2)))


def skip_norm(costs: Costs, node: Any) -> Operation:
    """The sum of two tensors (and a bias), and its norm."""
    size = costs.tensors.size(node.output[0])
    is_plain = node.op_type == "SkipSimplifiedLayerNormalization"
    learned = (2, 3) if is_plain else (2, 3, 4)
    has_bias = costs.has(node, 3 if is_plain else 4)
    return costs.elements(node, (3 + has_bias) * size, costs.learned(node, learned))


def group_norm(costs: Costs, node: Any) -> Operation:
    """Scale and shift of a map whose channels come last."""
    size = costs.tensors.size(node.output[0])
    return costs.elements(node, 2 * size, costs.learned(node, (1, 2)))


def embed_norm(costs: Costs, node: Any) -> Operation:
    """Look-ups of words, positions and segments, their sum, and its norm."""
    size = costs.tensors.size(node.output[0])
    tables = len(costs.inputs(node, (2, 3, 4)))
    params = costs.learned(node, (2, 3, 4, 5, 6))
    return costs.elements(node, (tables - 1 + 2) * size, params)


def pool(costs: Costs, node: Any) -> Operation:
    """A sliding maximum or mean."""
    shape, made = costs.shape(node), costs.made(node)
    attributes = costs.attributes(node)
    if node.op_type == "NhwcMaxPool" or attributes.get("channels_last"):
        shape = (shape[0], shape[-1], *shape[1:-1])
        made = (made[0], made[-1], *made[1:-1])
    operation = pool_settings(node.op_type, attributes, shape)
    samples, remainder = divmod(shape[0], costs.batch)
    if made[:2] != shape[:2]:
        raise ValueError
    if operation is None or remainder or not samples or 0 in made or costs.is_constant(node):
        return costs.elements(node, product(made) * product(attributes["kernel_shape"]))
    return operation if samples == 1 else Imported(operation, 0, samples)


def global_pool(costs: Costs, node: Any) -> Operation:
    """A mean or a maximum over all positions."""
    return costs.elements(node, costs.tensors.size(node.input[0]), flattens=True)


def embedding(costs: Costs, node: Any) -> Operation:
    """A look-up: free, but its table is learned where it is a weight of numbers."""
    params = costs.tensors.params(node.input[:1], is_table=True)
    return Foreign("gather", "free", params=params)


def packed_embedding(costs: Costs, node: Any) -> Operation:
    """A look-up in a table of few bits, of which several share a byte."""
    table = node.input[0]
    new = costs.tensors.params([table], certain=True)
    width = costs.made(node)[-1]
    rows = costs.tensors.size(table) // max(1, costs.tensors.shapes[table][-1])
    return Foreign("gather", "free", params=rows * width if new else 0)
