"""What the axes of a model's inputs are for: read from the graph, before any size is known.

Which axis of an input holds channels follows from the first operations that it meets. Owns this
one question; knows nothing of sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
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

NEW = -1
"""An axis that the input did not have."""


def channel_axis(graph: Any, name: str, rank: int) -> int | None:
    """The axis of the input ``name`` that holds channels, or None where nothing tells.

    The first operation on the way that mixes channels decides; transposes are followed back.
    """
    for node, order in _met(graph, name, rank):
        if node.op_type in CHANNELS_FIRST or node.op_type == "FusedConv":
            return order[1] if len(order) > 1 and order[1] != NEW else None
        if node.op_type in CHANNELS_LAST or node.op_type == "NhwcMaxPool":
            return order[-1] if order[-1] != NEW else None
    return None


def wanted_sizes(graph: Any, name: str, rank: int) -> dict[int, int]:
    """Sizes of axes of an input that weights fix: the rows of a matrix, a kernel's channels."""
    stored = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    stored[node.output[0]] = tuple(attribute.t.dims)
    wanted: dict[int, int] = {}
    for node, order in _met(graph, name, rank):
        for axis, size in _fixed(node, stored, len(order)):
            wanted.setdefault(order[axis], size)
    wanted.pop(NEW, None)
    return wanted


def _fixed(node: Any, stored: dict[str, tuple[int, ...]], rank: int) -> Iterator[tuple[int, int]]:
    """Axes of what a node reads, and the sizes that its weights ask for there."""
    weight = next((stored[name] for name in node.input[1:] if stored.get(name)), None)
    if weight is None or not rank:
        return
    settings = {attribute.name: attribute.i for attribute in node.attribute}
    if node.op_type in ("Conv", "FusedConv") and rank > 1 and len(weight) > 1:
        yield 1, weight[1] * (settings.get("group") or 1)
    elif node.op_type in ("LSTM", "GRU", "RNN"):
        yield rank - 1, weight[-1]
    elif node.op_type == "DynamicQuantizeLSTM":
        yield rank - 1, weight[1]
    elif node.op_type == "Gemm" and len(weight) == 2:
        yield rank - 1, weight[1] if settings.get("transB") else weight[0]
    elif node.op_type == "MatMul" and len(weight) > 1:
        yield rank - 1, weight[-2]
    elif node.op_type == "BatchNormalization" and rank > 1:
        yield 1, weight[0]
    elif node.op_type in ("Add", "Sub", "Mul", "Div", "LayerNormalization"):
        for back, size in enumerate(reversed(weight[-rank:]), 1):
            if size > 1:
                yield rank - back, size


def _met(graph: Any, name: str, rank: int) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Operations that an input meets, and the input's axes in the order they have there.

    Followed through what leaves the axes alone, and through what adds, drops or turns them.
    """
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for read in node.input if node.op_type in POINTWISE else node.input[:1]:
            readers.setdefault(read, []).append(node)
    numbers = {t.name: list(t.int64_data) or _ints(t.raw_data) for t in graph.initializer
               if t.data_type == 7 and len(t.dims) < 2 and sum(t.dims) < 8}  # fmt: skip
    waiting = [(name, tuple(range(rank)))]
    for _ in range(MOST_STEPS):
        if not waiting:
            return
        tensor, order = waiting.pop(0)
        for node in readers.get(tensor, ()):
            yield node, order
            turned: tuple[int, ...] | None = order if node.op_type in POINTWISE else None
            if node.op_type == "Transpose":
                turned = _turn(node, order)
            elif node.op_type == "Unsqueeze":
                turned = _widen(node, order, numbers)
            if turned is not None and node.output:
                waiting.append((node.output[0], turned))


def _ints(data: bytes) -> list[int]:
    return [
        int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data), 8)
    ]


def _widen(
    node: Any, order: tuple[int, ...], numbers: dict[str, list[int]]
) -> tuple[int, ...] | None:
    """The order after new axes of one."""
    axes = next((list(a.ints) for a in node.attribute if a.name == "axes"), None)
    if axes is None:
        axes = numbers.get(node.input[1]) if len(node.input) > 1 else None
    if axes is None:
        return None
    rank = len(order) + len(axes)
    places = {axis % rank for axis in axes}
    rest = iter(order)
    return tuple(NEW if axis in places else next(rest, NEW) for axis in range(rank))


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
