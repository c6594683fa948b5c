"""Operations that PyTorch dispatched, as operations of the engine: one method for each role.

Works on shapes only and needs no import of ``torch``: tensors answer for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import RESERVED, Foreign, Imported
from convcost.engine.operations.pooling import AvgPool, MaxPool
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import product
from convcost.errors import ConvcostError
from convcost.language.expressions import Evaluate
from convcost.sources.torch import elements, products
from convcost.sources.torch.calls import Call
from convcost.sources.torch.tracks import Tracks, Weight, Weights

WORK = ("macs", "elements", "unknown")
"""Kinds of operation that are rows even where no input led to them."""


class Costs:
    """Costs of calls; remembers which weights were counted."""

    def __init__(
        self, weights: Weights, tracks: Tracks, batch: int, costs: Mapping[str, Evaluate]
    ) -> None:
        self._batch = batch
        self._costs = costs
        self._weights = weights
        self._tracks = tracks
        self.shared = False
        """Whether the last call read weights that had all been counted before."""
        self.hidden = 0
        """Parameters of the last call, where its own cost is not known."""
        self._counts_params = True

    def operation(self, call: Call, *, counts_params: bool = True) -> Operation:
        """The call with its cost."""
        self.shared = False
        self.hidden = 0
        self._counts_params = counts_params
        role = call.role
        if role is None or call.name in self._costs or _depends_on_values(call):
            return self._unknown(call)
        own: Callable[[Call], Operation] | None = getattr(self, f"_{role}", None)
        if own is not None:
            return own(call)
        work = products.ROLES[role](call) if role in products.ROLES else elements.ROLES[role](call)
        params = self._params([*work.weights, *self._learned(call, work.reads_weights)])
        params += self._packed(work.packed)
        kind: Any = "macs" if work.macs is not None else "elements" if work.element_ops else "free"
        return Foreign(
            work.type or call.type,
            kind,
            params=params,
            macs=work.macs or 0,
            element_ops=work.element_ops,
            mixes=work.mixes,
            flattens=work.flattens,
            bias=work.bias,
        )

    def is_weighted(self, tensor: Any) -> bool:
        """Whether weights stand behind a tensor."""
        return bool(self._tracks.of(tensor).roots)

    def _learned(self, call: Call, reads_weights: bool) -> Sequence[Any]:
        return call.reads if reads_weights else ()

    def _params(self, tensors: Sequence[Any]) -> int:
        """The values of weights that are read for the first time."""
        if not self._counts_params:
            return 0
        roots = [root for tensor in tensors for root in self._tracks.of(tensor).roots]
        params, self.shared = self._weights.take(roots)
        return params

    def _packed(self, packed: tuple[Any, int] | None) -> int:
        """Parameters that a library has packed into an object of its own."""
        if packed is None:
            return 0
        box, size = packed
        return self._weights.take([self._weights.add(box, Weight("packed", size, False))])[0]

    def _unknown(self, call: Call) -> Operation:
        evaluate = self._costs.get(call.name) or self._costs.get(call.signature.name)
        kind = f"aten::{call.name}" if call.name in RESERVED else call.name
        params = self._params(call.reads)
        if evaluate is None:
            self.hidden = params
            return Foreign(kind, "unknown")
        data = [t for t in call.reads if not self._tracks.of(t).roots]
        sizes = {
            "out": sum(t.numel() for t in call.made),
            "input": sum(t.numel() for t in data),
            "params": params,
        }
        macs = evaluate(sizes)
        if type(macs) is not int or macs < 0:
            raise ConvcostError(f"the cost of {call.name} must be a whole number, not {macs}")
        return Foreign(kind, "macs", params=params, macs=macs)

    # Roles that become operations of the engine itself, or that ask who reads weights

    def _convolution(self, call: Call) -> Operation:
        if call.name not in ("convolution", "_convolution", "convolution_overrideable"):
            work = products.plain_convolution(call)
            return Foreign(
                "convolution", "macs", params=self._params(call.reads[1:]), macs=work.macs or 0
            )
        data, weight, bias = call.get("input"), call.get("weight"), call.get("bias")
        groups = call.get("groups")
        new = self._params([weight, *([bias] if bias is not None else [])])
        kernel = tuple(weight.shape[2:])
        axes = len(kernel)
        sizes = (
            per_axis(call.get("stride"), axes),
            tuple((side, side) for side in per_axis(call.get("padding"), axes)),
            per_axis(call.get("dilation"), axes),
        )
        has_bias = bias is not None
        operation: Operation
        is_transposed = bool(call.get("transposed"))
        if is_transposed:
            channels = weight.shape[1] * groups
            more = per_axis(call.get("output_padding"), axes)
            operation = ConvTranspose(kernel, channels, *sizes, more, groups, has_bias)
        else:
            channels = weight.shape[0]
            operation = Conv(kernel, channels, *sizes, groups, has_bias)
        expected = weight.numel() + (channels if has_bias else 0)
        samples, remainder = divmod(data.shape[0], self._batch)
        if remainder or not samples or data.dim() != axes + 2 or not all(data.shape):
            made = call.made[0]
            macs = data.numel() * product(weight.shape[1:])
            if not is_transposed:
                macs = made.numel() * product(weight.shape[1:])
            added = made.numel() if has_bias else 0
            return Foreign("convolution", "macs", params=new, macs=macs, element_ops=added)
        return operation if new == expected and samples == 1 else Imported(operation, new, samples)

    def _product(self, call: Call) -> Operation:
        """A fully connected layer where one side is a weight, else a product of two tensors."""
        left, right, added = products.sides(call)
        weighted = self.is_weighted(left) or self.is_weighted(right)
        macs, mixes = products.size_of_product(call, left, right)
        return Foreign(
            "linear" if weighted else "matmul",
            "macs",
            params=self._params([left, right, *([added] if added is not None else [])]),
            macs=macs,
            element_ops=call.made[0].numel() if added is not None else 0,
            bias=added is not None,
            mixes=mixes,
            flattens=not weighted,
        )

    def _pool(self, call: Call) -> Operation:
        """A pool on a map with or without its batch axis."""
        data, kernel = call.get("self"), call.get("kernel_size")
        axes = int(call.name.partition("pool")[2][0])
        kernel = per_axis(kernel, axes)
        stride = per_axis(call.get("stride") or kernel, axes)
        pads = tuple((side, side) for side in per_axis(call.get("padding", 0), axes))
        is_max = "max" in call.name
        dilation = per_axis(call.get("dilation", 1), axes) if is_max else (1,) * axes
        made = MaxPool if is_max else AvgPool
        operation = made(kernel, stride, pads, dilation, bool(call.get("ceil_mode", False)))
        samples, remainder = divmod(data.shape[0], self._batch)
        if remainder or not samples or data.dim() != axes + 2:
            ops = call.made[0].numel() * product(kernel)
            return Foreign(call.type, "elements", element_ops=ops)
        return operation if samples == 1 else Imported(operation, 0, samples)


def _depends_on_values(call: Call) -> bool:
    """Boxes that are sampled as finely as they are large."""
    return call.role == "aligned" and call.get("sampling_ratio", 0) <= 0


def per_axis(values: Any, axes: int) -> tuple[int, ...]:
    """A number for each axis; one number stands for all."""
    sizes = (values,) if isinstance(values, int) else tuple(values)
    return sizes * axes if len(sizes) == 1 else sizes
