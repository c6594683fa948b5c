"""What the axes of a model's inputs are for: read from the graph, before any size is known.

Which axis of an input holds channels follows from the first operations that it meets. Owns this
one question; knows nothing of sizes.
"""

from __future__ import annotations

from typing import Any

from convcost.sources.layout import CHANNELS_FIRST

POINTWISE = frozenset(
    {
        *("Identity", "Cast", "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Clip", "Relu", "Sigmoid"),
        *("Tanh", "Sqrt", "Pow", "Exp", "Log", "QuantizeLinear", "DequantizeLinear", "Pad"),
        *("Resize", "Upsample", "Slice", "Dropout", "LeakyRelu", "PRelu", "Where", "Min", "Max"),
        *("QuickGelu", "Gelu", "FastGelu", "Erf"),
    }
)
"""Operations that leave the order of axes as it is."""

CHANNELS_LAST = frozenset(
    {
        *("MatMul", "Gemm", "LayerNormalization", "RMSNormalization", "MatMulInteger", "LSTM"),
        *("GRU", "RNN", "SkipLayerNormalization", "FusedMatMul", "MatMulNBits", "QLinearMatMul"),
        *("DynamicQuantizeMatMul", "FusedGemm", "QGemm", "Attention", "MultiHeadAttention"),
    }
)
"""Operations that mix the last axis."""

MOST_STEPS = 200


def channel_axis(graph: Any, name: str, rank: int) -> int | None:
    """The axis of the input ``name`` that holds channels, or None where nothing tells.

    The first operation on the way that mixes channels decides; transposes are followed back.
    """
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for read in node.input[:1] if node.op_type not in POINTWISE else node.input:
            readers.setdefault(read, []).append(node)
    waiting = [(name, tuple(range(rank)))]
    for _ in range(MOST_STEPS):
        if not waiting:
            return None
        tensor, order = waiting.pop(0)
        for node in readers.get(tensor, ()):
            if node.op_type in CHANNELS_FIRST or node.op_type in ("FusedConv", "NhwcMaxPool"):
                return order[1] if node.op_type != "NhwcMaxPool" else order[-1]
            if node.op_type in CHANNELS_LAST:
                return order[-1]
            if node.op_type == "Transpose":
                turned = _turn(node, order)
                if turned is not None:
                    waiting.append((node.output[0], turned))
            elif node.op_type in POINTWISE and node.output:
                waiting.append((node.output[0], order))
    return None


def _turn(node: Any, order: tuple[int, ...]) -> tuple[int, ...] | None:
    permutation = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
    if not permutation:
        return order[::-1]
    if sorted(permutation) != list(range(len(order))):
        return None
    return tuple(order[axis] for axis in permutation)


def reached_inputs(graph: Any, names: list[str]) -> list[str]:
    """Those inputs that some output of the graph depends on."""
    makers = {name: node for node in graph.node for name in node.output if name}
    waiting = [value.name for value in graph.output]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in makers:
            node = makers[name]
            waiting.extend(node.input)
            for attribute in node.attribute:
                graphs = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
                for inner in graphs:
                    waiting.extend(read for one in inner.node for read in one.input)
    return [name for name in names if name in seen]
