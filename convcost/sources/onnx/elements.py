"""Costs of operations value by value, and of those that only move values."""

from __future__ import annotations

from typing import Any

from convcost.engine.operations.base import Operation
from convcost.engine.shapes import product
from convcost.sources.onnx.costing import Costs

RENAMING = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout")
"""Operations whose output is their input's memory."""

SEVERAL = ("Sum", "Mean", "Min", "Max")
"""Operations of any number of tensors."""


def activation(costs: Costs, node: Any) -> Operation:
    """A function of each value; one that adds a bias first does two things."""
    size = costs.tensors.size(node.output[0])
    params = 0
    if node.op_type == "PRelu":
        params = costs.tensors.params(node.input[1:2], certain=True)
    if node.op_type in ("BiasGelu", "BiasSoftmax", "FastGelu") and costs.has(node, 1):
        params = costs.tensors.params(node.input[1:2], certain=node.op_type != "BiasSoftmax")
        size *= 2
    return costs.elements(node, size, params)


def elementwise(costs: Costs, node: Any) -> Operation:
    """One operation for each value that comes out, and for each further tensor."""
    several = max(1, len(node.input) - 1) if node.op_type in SEVERAL else 1
    size = costs.tensors.size(node.output[0])
    names = [] if "Quantize" in node.op_type else costs.tensors.data(node)
    return costs.elements(node, several * size, costs.tensors.params(names))


def qlinear_joined(costs: Costs, node: Any) -> Operation:
    """A sum or a product of quantised tensors, whose scales stand between them."""
    sides = [name for name in costs.inputs(node, (0, 3)) if costs.tensors.size(name) > 1]
    params = costs.tensors.params(sides, certain=True)
    return costs.elements(node, costs.tensors.size(node.output[0]), params)


def reduce(costs: Costs, node: Any) -> Operation:
    """Each value that goes in is visited once."""
    shape = costs.shape(node)
    return costs.elements(node, product(shape), flattens=len(shape) > 3)


def selection(costs: Costs, node: Any) -> Operation:
    """Choosing among values: each is looked at once. How they are ordered is not counted."""
    at = 1 if node.op_type == "NonMaxSuppression" else 0
    return costs.elements(node, product(costs.shape(node, at)), flattens=True)


def generated(costs: Costs, node: Any) -> Operation:
    """Values that come from nothing: one operation each."""
    return costs.elements(node, costs.tensors.size(node.output[0]))


def loss(costs: Costs, node: Any) -> Operation:
    """A loss: each score is visited once, twice where its softmax is inside."""
    times = 2 if node.op_type == "SoftmaxCrossEntropyLoss" else 1
    return costs.elements(node, times * product(costs.shape(node)), flattens=True)


def resize(costs: Costs, node: Any) -> Operation:
    """Free where values are copied, else one operation for each value that is read."""
    params = costs.tensors.params(node.input[:1])
    mode = costs.attributes(node).get("mode", b"nearest")
    if mode == b"nearest":
        return costs.free(node, params)
    reads = {b"linear": 2, b"cubic": 4}.get(mode, 2)
    axes = max(1, len(costs.made(node)) - 2)
    return costs.elements(node, costs.tensors.size(node.output[0]) * reads**axes, params)


def free(costs: Costs, node: Any) -> Operation:
    """Values are moved; a weight that is moved in (a class token) is still learned."""
    params = costs.tensors.params(costs.tensors.data(node))
    return costs.free(node, params, renames=node.op_type in RENAMING)


def qlinear_free(costs: Costs, node: Any) -> Operation:
    """Quantised tensors that are moved, their scales beside them."""
    names = [name for name in node.input[2::3] if name in costs.tensors.shapes]
    learned = [name for name in names if costs.tensors.size(name) > 1]
    return costs.free(node, costs.tensors.params(learned, certain=True))
