"""Whether a free first axis holds samples: seen from how sizes follow it through the graph.

Nothing in the format says which axis is the batch. An axis of samples goes through a network
without being mixed; frames, tokens and positions do not. The model is walked with two numbers on
that axis, and the tensors that differ tell.
"""

from __future__ import annotations

from typing import Any

from convcost.sources.layout import CHANNELS_FIRST
from convcost.sources.onnx.facts import Partial
from convcost.sources.onnx.walking import Walk

PRODUCTS = frozenset({"MatMul", "MatMulInteger", "FusedMatMul", "Gemm", "FusedGemm"})

ALONG = frozenset({"Softmax", "LogSoftmax", "Hardmax", "LayerNormalization", "TopK", "CumSum"})
"""Operations that mix one axis, the last where none is named."""

RECURRENT = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"})

FUSED = frozenset({"FusedConv", "NhwcMaxPool", "QLinearAveragePool", "QLinearGlobalAveragePool"})


def is_batch(first: Walk, second: Walk) -> bool:
    """Whether the axis that differs between two walks of one model is never mixed."""
    pairs = _Pairs(first, second)
    nodes = zip(first.nodes, second.nodes, strict=False)
    if len(first.nodes) != len(second.nodes):
        return False  # as many turns of a loop as there are samples
    if any(pairs.mixes(node) for node, _ in nodes):
        return False
    return any(pairs.axes(value.name) for value in first.graph.output)


class _Pairs:
    """Tensors of two walks, by the axes in which they differ."""

    def __init__(self, first: Walk, second: Walk) -> None:
        self._walk = first
        self._first = first.facts.shapes
        self._second = second.facts.shapes

    def axes(self, name: str) -> set[int]:
        """The axes of a tensor that follow the batch."""
        a, b = self._first.get(name), self._second.get(name)
        if a is None or b is None or len(a) != len(b):
            return set()
        return {axis for axis, (x, y) in enumerate(zip(a, b, strict=True)) if x != y}

    def mixes(self, node: Any) -> bool:
        """Whether a node combines what stands at different places of that axis.

        A node whose inputs or settings are not what its kind has may do anything.
        """
        try:
            return self._mixes(node)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return True

    def _mixes(self, node: Any) -> bool:
        if not node.input or not node.output:
            return False
        axes = self.axes(node.input[0])
        kind = node.op_type
        if kind in CHANNELS_FIRST or kind in FUSED:
            return bool(axes - {0})
        if kind in RECURRENT:
            attributes = self._walk.attributes(node)
            return bool(axes - {0 if attributes.get("layout") else 1})
        if kind in PRODUCTS:
            return self._mixes_product(node, axes)
        if kind.startswith("Scatter") or kind in ("GatherElements", "GatherND"):
            return bool(axes)  # rows are found by number
        if kind == "Gather":
            attributes = self._walk.attributes(node)
            rank = len(self._first.get(node.input[0]) or (0,))
            return attributes.get("axis", 0) % rank in axes
        if kind in ALONG or kind.startswith(("Reduce", "Arg")):
            return bool(axes & self._mixed(node, self._first.get(node.input[0])))
        return False

    def _mixes_product(self, node: Any, axes: set[int]) -> bool:
        first, second = (self._first.get(name) for name in node.input[:2])
        if first is None or second is None:
            return False
        attributes = self._walk.attributes(node)
        inner = len(first) - (2 if attributes.get("transA") else 1)
        other = len(second) - (1 if attributes.get("transB") else 2)
        return inner in axes or max(0, other) in self.axes(node.input[1])

    def _mixed(self, node: Any, shape: Partial | None) -> set[int]:
        """The axes along which a node works."""
        if shape is None:
            return set()
        rank = len(shape)
        attributes = self._walk.attributes(node)
        if node.op_type.startswith("Reduce"):
            axes = self._walk.seen(node, attributes).axes(1)
            return {axis % rank for axis in axes} if axes else set(range(rank))
        if node.op_type == "LayerNormalization":
            return set(range(attributes.get("axis", -1) % rank, rank))
        usual = 0 if node.op_type.startswith("Arg") else -1
        return {attributes.get("axis", usual) % max(1, rank)}
