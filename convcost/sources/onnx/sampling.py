"""Costs of operations that read between positions: deformable convolutions, grids, regions.

A value between positions is blended from 2 neighbours on each axis (4 on a plane), which are
element operations; only weights that are multiplied into sums are multiply-accumulates.
"""

from __future__ import annotations

from typing import Any

from convcost.engine.operations.base import Operation
from convcost.engine.shapes import product
from convcost.sources.onnx.costing import Costs


def deform_conv(costs: Costs, node: Any) -> Operation:
    """A convolution whose taps are moved by computed offsets.

    macs        = output positions * out_channels * (in_channels / groups) * prod(kernel_size)
    element_ops = 4 for each tap of each input channel that is blended, 1 for its mask,
                  1 for each output value where there is a bias

    Source: Dai et al. 2017, equation 2; Zhu et al. 2019 (the mask).
    """
    shape, weight, made = costs.shape(node), costs.shape(node, 1), costs.made(node)
    positions = made[0] * product(made[2:])
    taps = positions * shape[1] * product(weight[2:])
    blended = 2 ** (len(shape) - 2)
    return costs.macs(
        node,
        positions * product(weight),
        params=costs.learned(node, (1, 3)),
        element_ops=taps * (blended + costs.has(node, 4)) + product(made) * costs.has(node, 3),
        mixes=weight[1],
    )


def grid_sample(costs: Costs, node: Any) -> Operation:
    """A map read at given places: free by the nearest value, else blended."""
    mode = costs.attributes(node).get("mode", b"linear")
    if mode == b"nearest":
        return costs.free(node)
    made = costs.made(node)
    reads = 4 if mode in (b"cubic", b"bicubic") else 2
    return costs.elements(node, product(made) * reads ** (len(made) - 2), flattens=True)


def affine_grid(costs: Costs, node: Any) -> Operation:
    """Every position times a matrix: one product for each coordinate and column."""
    made, theta = costs.made(node), costs.shape(node)
    return costs.macs(node, product(made) * theta[-1], mixes=theta[-1])


def roi_align(costs: Costs, node: Any) -> Operation | None:
    """Regions as means of blended samples; how many samples may depend on the region."""
    ratio = costs.attributes(node).get("sampling_ratio", 0)
    if ratio < 1:
        return None
    return costs.elements(node, product(costs.made(node)) * 4 * ratio * ratio, flattens=True)


def overlapping(costs: Costs, node: Any) -> Operation:
    """Windows laid over each other: every value that goes in is added once."""
    return costs.elements(node, product(costs.shape(node)))


def table_model(costs: Costs, node: Any) -> Operation:
    """A linear model of a table: every score is a weighted sum of the features.

    Its coefficients are settings of the node, not tensors of the file; they are learned.
    """
    attributes = costs.attributes(node)
    coefficients = len(attributes.get("coefficients", ()))
    biases = len(attributes.get("intercepts", ()))
    rows = product(costs.shape(node)[:-1])
    return costs.macs(
        node,
        rows * coefficients,
        params=coefficients + biases,
        element_ops=rows * biases,
        mixes=costs.shape(node)[-1],
    )
