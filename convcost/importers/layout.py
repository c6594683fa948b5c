"""Which axis of a foreign tensor holds the channels, so that shapes read channels last.

Frameworks order axes N, C, H, W around convolutions and N, tokens, C around attention. The
layout of a tensor follows from the operations that make it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.engine.shapes import Shape

CHANNELS_FIRST = frozenset(
    {
        *("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"),
        *("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
        *("BatchNormalization", "InstanceNormalization", "GroupNormalization"),
        *("Resize", "Upsample", "DepthToSpace", "SpaceToDepth"),
    }
)
CHANNELS_LAST = frozenset({"MatMul", "Gemm", "LayerNormalization", "RMSNormalization", "Flatten"})


class Layouts:
    """The layout of each tensor by name; inputs of three axes and more are channels first."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._last: set[str] = set()

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
        if name in self._last:
            return self._without_batch(dims)
        return self.first(dims)

    def first(self, dims: tuple[int, ...]) -> Shape:
        """The same for dimensions that are known to be N, C, spatial."""
        rest = self._without_batch(dims)
        return rest if len(rest) < 2 else (*rest[1:], rest[0])

    def _without_batch(self, dims: tuple[int, ...]) -> Shape:
        """Without the samples, or with what is left of a first axis that holds them too."""
        if len(dims) < 2 or dims[0] % self._batch:
            return dims or (1,)
        return dims[1:] if dims[0] == self._batch else (dims[0] // self._batch, *dims[1:])
