"""Costs of recurrent layers: every step multiplies its input and its state by all weights.

Source: the ONNX operator set, ``LSTM``, ``GRU``, ``RNN`` (equations); Hochreiter and Schmidhuber
1997; Cho et al. 2014.
"""

from __future__ import annotations

from typing import Any

from convcost.engine.operations.base import Operation
from convcost.engine.shapes import product
from convcost.sources.onnx.costing import Costs

PER_VALUE = {"LSTM": 9, "GRU": 8, "RNN": 1, "DynamicQuantizeLSTM": 9}
"""Element operations for each value of the state and step, biases and peepholes aside.

LSTM: five functions (three gates, the candidate, the cell), three products and one sum. GRU:
three functions, three products, one sum and one difference; one sum more where the reset gate
comes after the product (``linear_before_reset``), as in PyTorch. RNN: its function.
"""


def recurrent(costs: Costs, node: Any) -> Operation:
    """A recurrent layer in one direction or both.

    macs        = steps * batch * (values of W + values of R), which hold both directions
    element_ops = steps * batch * (values of B + values of P
                  + directions * hidden size * what one value of the state takes)
    params      = values of W, R, B and P
    """
    shape, recurrence = costs.shape(node), costs.shape(node, 2)
    rows = shape[0] * shape[1]  # steps and samples, in either order
    if len(shape) != 3:
        raise ValueError
    is_packed = node.op_type == "DynamicQuantizeLSTM"
    directions, hidden = recurrence[0], recurrence[1 if is_packed else -1]
    weights = costs.size(node, (1, 2))
    offsets = costs.size(node, (3, 7) if node.op_type != "GRU" else (3,))
    late = node.op_type == "GRU" and bool(costs.attributes(node).get("linear_before_reset"))
    each = (PER_VALUE[node.op_type] + late) * directions * hidden
    return costs.macs(
        node,
        rows * weights,
        params=costs.learned(node, (1, 2, 3, *((7,) if node.op_type != "GRU" else ()))),
        element_ops=rows * (offsets + each),
        mixes=shape[-1],
    )


def causal_conv(costs: Costs, node: Any) -> Operation:
    """A depthwise convolution over time that keeps the end of its input.

    macs = output values * kernel_size; element_ops = one for a bias, one for an activation.
    """
    made, weight = costs.made(node), costs.shape(node, 1)
    size = product(made)
    activation = costs.attributes(node).get("activation", b"none") not in (b"none", b"")
    return costs.macs(
        node,
        size * weight[-1],
        params=costs.learned(node, (1, 2)),
        element_ops=size * (costs.has(node, 2) + activation),
        flattens=False,
    )
