"""Operations that PyTorch dispatched, as operations of the engine: one method for each role.

Works on shapes only and needs no import of ``torch``: tensors answer for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import RESERVED, Foreign, Imported
from convcost.engine.operations.pooling import AvgPool, MaxPool
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import product
from convcost.errors import ConvcostError
from convcost.language.expressions import Evaluate
from convcost.sources.torch.aten import TYPES, VOCABULARY

HEAVY = ("convolution", "product", "attention")
"""Roles whose work counts even where everything they read is a weight."""


class Call(NamedTuple):
    """One dispatched operation: its name, arguments, and the tensors that it reads and makes."""

    name: str
    args: Sequence[Any]
    reads: list[Any]
    made: list[Any]

    @property
    def role(self) -> str | None:
        """How it is counted; None where that is not known."""
        return VOCABULARY.get(self.name)

    @property
    def type(self) -> str:
        """Its name in convcost's words."""
        return TYPES.get(self.name, self.name)


class Costs:
    """Costs of calls; remembers which weights were counted."""

    def __init__(self, weights: Sequence[Any], batch: int, costs: Mapping[str, Evaluate]) -> None:
        self._batch = batch
        self._costs = costs
        self._weights = {id(weight): weight for weight in weights}
        self._roots: dict[int, tuple[int, ...]] = {key: (key,) for key in self._weights}
        self._counted: set[int] = set()
        self.shared = False
        """Whether the last call read weights that had all been counted before."""

    def derive(self, call: Call) -> None:
        """What is made from weights alone (a view, a norm) stands for those weights."""
        roots = tuple(dict.fromkeys(root for t in call.reads for root in self.roots(t)))
        if roots:
            self._roots.update({id(t): roots for t in call.made if id(t) not in self._weights})

    def roots(self, tensor: Any) -> tuple[int, ...]:
        """The weights behind a tensor."""
        return self._roots.get(id(tensor), ())

    def operation(self, call: Call) -> Operation:
        """The call with its cost."""
        self.shared = False
        if call.role is None:
            return self._unknown(call)
        handler: Callable[[Call], Operation] = getattr(self, f"_{call.role}")
        return handler(call)

    def _params(self, tensors: Sequence[Any]) -> int:
        """The values of weights that are read for the first time."""
        roots = dict.fromkeys(root for tensor in tensors for root in self.roots(tensor))
        new = [root for root in roots if root not in self._counted]
        self.shared = bool(roots) and not new
        self._counted.update(new)
        return sum(self._weights[root].numel() for root in new)

    def _unknown(self, call: Call) -> Operation:
        evaluate = self._costs.get(call.name)
        kind = f"aten::{call.name}" if call.name in RESERVED else call.name
        if evaluate is None:
            return Foreign(kind, "unknown")
        data = [t for t in call.reads if not self.roots(t)]
        sizes = {
            "out": sum(t.numel() for t in call.made),
            "input": sum(t.numel() for t in data),
            "params": self._params(call.reads),
        }
        macs = evaluate(sizes)
        if type(macs) is not int or macs < 0:
            raise ConvcostError(f"the cost of {call.name} must be a whole number, not {macs}")
        return Foreign(kind, "macs", params=sizes["params"], macs=macs)

    # One method for each role in the vocabulary

    def _convolution(self, call: Call) -> Operation:
        data, weight, bias, stride, padding, dilation, transposed, extra, groups = call.args[:9]
        learned = [weight, *([bias] if bias is not None else [])]
        new = self._params(learned)
        kernel = tuple(weight.shape[2:])
        axes = len(kernel)
        sizes = (
            _per_axis(stride, axes),
            tuple((side, side) for side in _per_axis(padding, axes)),
            _per_axis(dilation, axes),
        )
        has_bias = bias is not None
        operation: Operation
        if transposed:
            channels = weight.shape[1] * groups
            more = _per_axis(extra, axes)
            operation = ConvTranspose(kernel, channels, *sizes, more, groups, has_bias)
        else:
            channels = weight.shape[0]
            operation = Conv(kernel, channels, *sizes, groups, has_bias)
        expected = weight.numel() + (channels if has_bias else 0)
        samples, remainder = divmod(data.shape[0], self._batch)
        if remainder or not samples or data.dim() != axes + 2:
            weights = weight.numel() // channels if not transposed else weight[0].numel()
            values = data.numel() if transposed else call.made[0].numel()
            return Foreign("convolution", "macs", params=new, macs=values * weights)
        return operation if new == expected and samples == 1 else Imported(operation, new, samples)

    def _product(self, call: Call) -> Operation:
        """A fully connected layer where one side is a weight, else a product of two tensors."""
        sides = call.reads[-2:]
        inner = sides[0].shape[-1]
        weighted = any(self.roots(tensor) for tensor in sides)
        size = call.made[0].numel()
        adds = call.name in ("addmm", "baddbmm", "addmv")
        return Foreign(
            "linear" if weighted else "matmul",
            "macs",
            params=self._params(call.reads),
            macs=size * inner,
            element_ops=size if adds else 0,
            bias=adds,
            mixes=inner,
            flattens=not weighted,
        )

    def _attention(self, call: Call) -> Operation:
        """softmax(q k^T) v: two products, and the softmax between them."""
        query, key, value = call.reads[:3]
        scores = product(query.shape[:-1]) * key.shape[-2]
        return Foreign(
            "attention",
            "macs",
            macs=scores * (query.shape[-1] + value.shape[-1]),
            element_ops=scores,
            mixes=key.shape[-2],
            flattens=True,
        )

    def _norm(self, call: Call) -> Operation:
        return self._elements(call, 2 * call.made[0].numel(), self._params(call.reads))

    def _pool(self, call: Call) -> Operation:
        """Arguments: the map, kernel, stride, padding, then for a maximum the dilation."""
        data, kernel, *rest = call.args
        axes = data.dim() - 2
        kernel = _per_axis(kernel, axes)
        stride = _per_axis(rest[0], axes) if rest and len(rest[0]) else kernel
        sides = _per_axis(rest[1], axes) if len(rest) > 1 else (0,) * axes
        pads = tuple((side, side) for side in sides)
        is_max = call.name.startswith("max")
        dilation = _per_axis(rest[2], axes) if is_max and len(rest) > 2 else (1,) * axes
        ceil_at = 3 if is_max else 2
        ceil_mode = bool(rest[ceil_at]) if len(rest) > ceil_at else False
        made = MaxPool if is_max else AvgPool
        operation = made(kernel, stride, pads, dilation, ceil_mode)
        samples, remainder = divmod(data.shape[0], self._batch)
        if remainder or not samples:
            return self._elements(call, call.made[0].numel() * product(kernel))
        return operation if samples == 1 else Imported(operation, 0, samples)

    def _reduce(self, call: Call) -> Operation:
        shape = call.reads[0].shape
        everything = call.made[0].numel() <= product(shape[:2]) and len(shape) > 3
        return self._elements(call, call.reads[0].numel(), flattens=everything)

    def _elementwise(self, call: Call) -> Operation:
        if not call.made[0].is_floating_point():
            return Foreign(call.type, "free")
        return self._elements(call, call.made[0].numel(), self._params(call.reads))

    def _resize(self, call: Call) -> Operation:
        reach = 4 if "bicubic" in call.name else 2
        return self._elements(call, call.made[0].numel() * reach ** (call.made[0].dim() - 2))

    def _free(self, call: Call) -> Operation:
        return Foreign(call.type, "free", params=self._params(call.reads))

    def _rename(self, call: Call) -> Operation:
        same = len(call.reads) == 1 and call.reads[0].numel() == call.made[0].numel()
        return Foreign(call.type, "free", params=self._params(call.reads), renames=same)

    def _elements(
        self, call: Call, count: int, params: int = 0, *, flattens: bool = False
    ) -> Operation:
        return Foreign(call.type, "elements", params=params, element_ops=count, flattens=flattens)


def _per_axis(values: Any, axes: int) -> tuple[int, ...]:
    """A number for each axis; one number stands for all."""
    sizes = tuple(values)
    return sizes * axes if len(sizes) == 1 else sizes
