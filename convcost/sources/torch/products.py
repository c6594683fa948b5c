"""The work of operations that multiply and accumulate, from shapes: one function for each role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from convcost.engine.shapes import product
from convcost.sources.torch.calls import Call


class Work(NamedTuple):
    """What one operation computes. ``macs`` of None: nothing is accumulated.

    ``weights``: tensors whose parameters count here; ``reads_weights``: all that it reads do.
    ``packed``: an object that holds weights out of sight, and how many.
    """

    macs: int | None = None
    element_ops: int = 0
    type: str = ""
    weights: Sequence[Any] = ()
    reads_weights: bool = False
    packed: tuple[Any, int] | None = None
    mixes: int = 1
    flattens: bool = False
    bias: bool = False


def sides(call: Call) -> tuple[Any, Any, Any]:
    """The two factors of a matrix product, and what is added to it (or None)."""
    name = call.name
    if name == "linear":
        return call.get("input"), call.get("weight"), call.get("bias")
    if name.strip("_").startswith(("add", "baddbmm", "addmm_activation")):
        first, second = call.signature.arguments[1:3]
        return call.get(first), call.get(second), call.get("self")
    first, second = call.signature.arguments[:2]
    return call.get(first), call.get(second), None


def size_of_product(call: Call, left: Any, right: Any) -> tuple[int, int]:
    """MACs of a product, and how many values go into one of its own."""
    inner = left.shape[-1]
    if call.name == "addbmm":  # the batch is summed away
        return left.numel() * right.shape[-1], inner * left.shape[0]
    return call.made[0].numel() * inner, inner


def plain_convolution(call: Call) -> Work:
    """Convolutions that PyTorch names by the way in which it computes them."""
    weight = call.get("weight")
    if "transpose" in call.name:
        return Work(call.reads[0].numel() * product(weight.shape[1:]))
    if call.name == "conv_tbc":  # kernel x channels in x channels out
        return Work(call.made[0].numel() * product(weight.shape[:2]))
    return Work(call.made[0].numel() * product(weight.shape[1:]))


def attention(call: Call) -> Work:
    """softmax(q k^T) v: two products, and the softmax between them."""
    query, key, value = call.get("query"), call.get("key"), call.get("value")
    scores = product(query.shape[:-1]) * key.shape[-2]
    macs = scores * (query.shape[-1] + value.shape[-1])
    return Work(macs, scores, "attention", mixes=key.shape[-2], flattens=True)


def attention_backward(call: Call) -> Work:
    """Scores again, then the gradients of value, weights, query and key."""
    query, key, value = call.get("query"), call.get("key"), call.get("value")
    scores = product(query.shape[:-1]) * key.shape[-2]
    return Work(scores * (3 * query.shape[-1] + 2 * value.shape[-1]), scores, flattens=True)


def convolution_backward(call: Call) -> Work:
    """The work of the forward pass for each gradient that is asked for."""
    gradient, data, weight = call.get("grad_output"), call.get("input"), call.get("weight")
    values = data.numel() if call.get("transposed") else gradient.numel()
    wanted = call.get("output_mask")
    added = gradient.numel() if wanted[2] else 0
    return Work(values * product(weight.shape[1:]) * (bool(wanted[0]) + bool(wanted[1])), added)


def affine(call: Call) -> Work:
    """Each point of a grid, with a 1 beside its coordinates, times a matrix."""
    return Work(call.made[0].numel() * call.get("theta").shape[-1], reads_weights=True)


def trilinear(call: Call) -> Work:
    """x1 W x2: one accumulation for each value of the product of all three, and a product more."""
    parts = [call.get(name) for name in ("i1", "i2", "i3")]
    expanded = []
    for part, axes in zip(parts, (call.get(f"expand{n}") for n in (1, 2, 3)), strict=True):
        shape = list(part.shape)
        for axis in axes:
            shape.insert(axis, 1)
        expanded.append(shape)
    size = product([max(sizes) for sizes in zip(*expanded, strict=True)])
    return Work(size, size, reads_weights=True)


def recurrent(call: Call) -> Work:
    """Each step multiplies each matrix once for each sequence; gates are element operations.

    element_ops for each step, sequence and hidden value: lstm 13 (4 sums of two products, 4 gates,
    1 tanh, 3 products, 1 sum), gru 11, rnn 2; and one for each bias.
    """
    if call.name == "mkldnn_rnn_layer":
        weights = [call.get(f"weight{n}") for n in range(4)]
        steps = product(call.get("input").shape[:2])
        gates = 13
    else:
        weights, steps = call.get("weights"), call.get("steps")
        gates = {"lstm": 13, "gru": 11}.get(call.name, 2)
    matrices = [w for w in weights if w.dim() == 2]
    biases = sum(w.numel() for w in weights if w.dim() == 1)
    rows = {"lstm": 4, "mkldnn_rnn_layer": 4, "gru": 3}.get(call.name, 1)
    # Of the two or three matrices of a layer and direction, the input's comes first.
    hidden = sum(w.shape[0] // rows for w in _input_matrices(call, matrices))
    macs = steps * sum(w.numel() for w in matrices)
    ops = steps * (hidden * gates + biases)
    return Work(macs, ops, weights=weights, flattens=True, bias=bool(biases))


def _input_matrices(call: Call, matrices: list[Any]) -> list[Any]:
    each = 3 if call.get("projects", False) else 2
    return matrices[::each]


def deformed(call: Call) -> Work:
    """deform_conv2d: the product of a convolution, after each tap is blended from 4 values."""
    weight, bias = call.get("weight"), call.get("bias")
    made = call.made[0]
    taps = product(weight.shape[2:]) * product(made.shape[2:]) * made.shape[0]
    channels = call.get("input").shape[1]
    ops = 4 * taps * channels + made.numel()
    if call.get("use_mask", True):
        ops += taps * channels
    return Work(
        made.numel() * product(weight.shape[1:]), ops, reads_weights=True, bias=bias is not None
    )


def quantized(call: Call) -> Work:
    """Layers whose weights a library has packed; it can be asked for their shapes."""
    box = next(value for value in (*call.args, *call.kwargs.values()) if _is_box(value))
    weight, bias = box.unpack()[:2]
    made, data = call.made[0], call.reads[0]
    macs = made.numel() * product(weight.shape[1:])
    if "transpose" in call.name:
        macs = data.numel() * product(weight.shape[1:])
    size = weight.numel() + (bias.numel() if bias is not None else 0)
    added = made.numel() if bias is not None else 0
    kind = "linear" if "linear" in call.name else "convolution"
    return Work(macs, added, kind, packed=(box, size), mixes=product(weight.shape[1:]))


def _is_box(value: Any) -> bool:
    return callable(getattr(value, "unpack", None))


ROLES: dict[str, Callable[[Call], Work]] = {
    "attention": attention,
    "attention_backward": attention_backward,
    "convolution_backward": convolution_backward,
    "trilinear": trilinear,
    "affine": affine,
    "recurrent": recurrent,
    "deformed": deformed,
    "quantized": quantized,
}
"""Roles whose operations multiply and accumulate; two more are methods of ``Costs``."""
