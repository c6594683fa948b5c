"""Which axis of a foreign tensor holds the channels, so that shapes read channels last.

Frameworks order axes N, C, H, W around convolutions and N, tokens, C around attention. The
layout of a tensor follows from the operations that make it. Layouts are for the reader, for
swaps and for memory: no count depends on a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.engine.shapes import Shape

CHANNELS_FIRST = frozenset(
    {
        *("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "DeformConv", "FusedConv"),
        *("MaxPool", "AveragePool", "LpPool", "MaxUnpool"),
        *("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
        *("BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN"),
        *("DepthToSpace", "SpaceToDepth"),
    }
)
CHANNELS_LAST = frozenset(
    {
        *("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "FusedMatMul", "FusedGemm", "QGemm"),
        *("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits", "NhwcMaxPool"),
        *("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization", "Flatten"),
        *("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"),
        *("EmbedLayerNormalization", "QAttention", "MultiHeadAttention", "GroupQueryAttention"),
    }
)

MOST_COLOURS = 4
"""An input of four axes that ends in so few values is an image with its channels last."""


class Layouts:
    """The layout of each tensor by name; inputs of three axes and more are channels first."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._last: set[str] = set()

    def note_input(self, name: str, dims: tuple[int, ...]) -> None:
        """Recognise an image whose channels come last."""
        if has_channels_last(dims):
            self._last.add(name)

    def mark_last(self, name: str) -> None:
        """A tensor whose channels are known to come last."""
        self._last.add(name)

    def follow(self, node: Any, attributes: Mapping[str, Any]) -> None:
        """Note the layout of what ``node`` makes."""
        source = node.input[0] if node.input else ""
        is_last = source in self._last
        if node.op_type in CHANNELS_FIRST:
            is_last = False
        elif node.op_type in CHANNELS_LAST:
            is_last = True
        elif node.op_type == "Transpose":
            order = list(attributes.get("perm", ()))
            if order and order[-1] == 1:
                is_last = True
            elif len(order) > 2 and order[1] == len(order) - 1:
                is_last = False
        if is_last:
            self._last.update(node.output)

    def shape(self, name: str, dims: tuple[int, ...]) -> Shape:
        """A tensor's shape for the engine: without batch, channels last."""
        return self.last(dims) if name in self._last else self.first(dims)

    def first(self, dims: tuple[int, ...]) -> Shape:
        """The same for dimensions that are known to be N, C, spatial."""
        samples, rest = self._split(dims)
        return (*samples, *rest) if len(rest) < 2 else (*samples, *rest[1:], rest[0])

    def last(self, dims: tuple[int, ...]) -> Shape:
        """The same for dimensions that are known to be N, spatial, C."""
        samples, rest = self._split(dims)
        return (*samples, *rest)

    def _split(self, dims: tuple[int, ...]) -> tuple[Shape, Shape]:
        """What is left of a first axis that holds the samples too, and the other axes."""
        if len(dims) < 2 or dims[0] % self._batch:
            return (), dims or (1,)
        return () if dims[0] == self._batch else (dims[0] // self._batch,), dims[1:]


def has_channels_last(dims: tuple[int, ...]) -> bool:
    """Whether the dimensions of an input look like N, H, W, C."""
    return len(dims) == 4 and 0 < dims[3] <= MOST_COLOURS and not 0 < dims[1] <= MOST_COLOURS
