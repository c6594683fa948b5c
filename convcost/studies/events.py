"""Counted rows as the events that other tools count: a kind of layer, and its quantities.

Every number is that of a row of the count; nothing is walked or worked out a second time. What
a foreign file spells in several operations (a SiLU as a sigmoid and a product) is known by
what it reads, and gets the name of the layer that it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from convcost.engine.counting import Count, Row
from convcost.engine.graph import Written
from convcost.engine.operations.base import grouped, windowed
from convcost.engine.operations.elementwise import Activation
from convcost.engine.operations.reshaping import Upsample
from convcost.engine.shapes import exact_div, product
from convcost.engine.windows import Same

SPELLINGS = {
    **{"swish": "silu", "prelu": "prelu", "p_relu": "prelu", "log_sigmoid_forward": "log_sigmoid"},
    **{"hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "_prelu_kernel": "prelu"},
    **{"reduce_mean": "mean", "global_average_pool": "global_avg_pool", "average_pool": "avg_pool"},
    **{"adaptive_max_pool2d": "adaptive_max_pool", "adaptive_max_pool3d": "adaptive_max_pool"},
    **{"max_pool2d_with_indices": "max_pool", "max_pool3d_with_indices": "max_pool"},
    **{"upsample_nearest1d": "upsample_nearest", "upsample_nearest2d": "upsample_nearest"},
    **{"upsample_nearest3d": "upsample_nearest", "upsample_bilinear2d": "upsample_bilinear"},
    **{"upsample_linear1d": "upsample_linear", "upsample_trilinear3d": "upsample_trilinear"},
    **{"upsample_bicubic2d": "upsample_bicubic", "_upsample_nearest_exact2d": "upsample_nearest"},
    **{"l_r_n": "lrn", "lp_normalization": "lp_norm", "mul_": "mul", "logistic": "sigmoid"},
}
"""Foreign names of kinds, in small letters, where they are not convcost's."""

NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")


class Event(NamedTuple):
    """One row as tools see it. ``traits`` are looked up after the kind, in their order.

    ``operation`` is the kind by the operation's own name, before a spelling in several
    operations is recognised; ``more_bias`` are bias additions that a row of their own makes.
    """

    kind: str
    operation: str
    row: Row
    batch: int
    traits: tuple[str, ...] = ()
    written: Written | None = None
    more_bias: int = 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole batch."""
        return self.row.cost.macs if self.row.cost else 0

    @property
    def bias(self) -> int:
        """Bias additions of the whole batch."""
        cost = self.row.cost
        return self.more_bias + (self.row.node.operation.bias_additions(cost) if cost else 0)


def _input(event: Event) -> int:
    row = event.row
    if event.kind == "instance_norm" and row.cost is not None:
        return row.cost.element_ops // 2  # PyTorch runs it with the batch in the channels
    return product(row.inputs[0]) * event.batch if row.inputs else 0


def _params(event: Event) -> int:
    row = event.row
    learned = row.node.operation.learned(row.inputs, row.node.output) if row.inputs else 0
    return learned + (row.node.output[-1] if event.more_bias else 0)


def _positions(event: Event) -> int:
    return product(event.row.node.output[:-1])


def _window(event: Event) -> int:
    window = windowed(event.row.node.operation)
    return product(window.kernel_size) if window else 1


def _fan_in(event: Event) -> int:
    operation = event.row.node.operation
    return operation.channel_mixing(event.row.inputs[0]) * _window(event)


def _fan_out(event: Event) -> int:
    parts = grouped(event.row.node.operation)
    return exact_div(event.row.node.output[-1], parts.groups if parts else 1) * _window(event)


QUANTITIES: Mapping[str, Callable[[Event], int]] = {
    "macs": lambda event: event.macs,
    "bias": lambda event: event.bias,
    "input": _input,
    "output": lambda event: product(event.row.node.output) * event.batch,
    "channels": lambda event: event.row.node.output[-1],
    "batch": lambda event: event.batch,
    "params": _params,
    "positions": _positions,
    "fan_in": _fan_in,
    "fan_out": _fan_out,
    "window": _window,
}
"""Each quantity that a rule may name, for the whole batch where the batch matters.

``params`` are learned numbers that the layer reads, ``positions`` those of one sample's output,
``fan_in`` the products behind one value of a plain convolution's output, ``fan_out`` those that
one input value of a transposed convolution goes into, ``window`` the positions of a window."""


def kind_of(row: Row) -> str:
    """The kind of a row by its operation's own name, in small letters."""
    core = row.node.operation.core
    if isinstance(core, Activation):
        return spelling(core.function)
    if isinstance(core, Upsample):
        return f"upsample_{core.mode}"
    return spelling(core.type)


def spelling(name: str) -> str:
    """convcost's name of a foreign kind."""
    if not name.islower():
        name = _small(name)
    return SPELLINGS.get(name, name)


def _small(name: str) -> str:
    """``LogSoftmax`` -> ``log_softmax``; ``com.x::QConv`` keeps its own name."""
    if name.isupper():
        return name.lower()  # TFLite's
    if not name.isalnum():
        return name
    letters = [f"_{c.lower()}" if c.isupper() and n else c.lower() for n, c in enumerate(name)]
    return "".join(letters)


def events(counted: Count) -> tuple[Event, ...]:
    """One event for each counted row, in the order of the count."""
    written = counted.graph.written
    found = [
        Event(kind := kind_of(row), kind, row, counted.batch, (), written.get(row.name))
        for row in counted.rows
    ]
    if written:
        found = [event._replace(kind=_known(event)) for event in found]
    elif any(event.operation in _SPELT for event in found):
        found = _recognise(counted, found)
    return tuple(event._replace(traits=(*_traits(event), *_spelling_of(event))) for event in found)


def _spelling_of(event: Event) -> tuple[str, ...]:
    """Whether a layer was recognised in what a file spells otherwise."""
    return ("spelt",) if event.written is None and event.kind != event.operation else ()


def _traits(event: Event) -> tuple[str, ...]:
    kind, written = event.kind, event.written
    if kind == "conv":
        return _conv_traits(event)
    if kind == "conv_transpose":
        parts = grouped(event.row.node.operation)
        return ("grouped",) if parts and parts.groups > 1 else ()
    if kind in NORMS:
        return () if event.row.cost is None or _params(event) else ("plain",)
    if not kind.startswith(("upsample", "adaptive", "global")) or not event.row.inputs:
        return ()
    name = written.module or written.function if written is not None else ""
    axes = name[-2:] if name[-1:] == "d" else f"{len(event.row.inputs[0]) - 1}d"
    by_size = written is not None and written.function.endswith("by size")
    return ("by size", axes) if by_size else (axes,)


def _conv_traits(event: Event) -> tuple[str, ...]:
    written = event.written
    if written is not None:
        renamed = written.module and "Conv" not in written.module
        padding = {"same": ("word",), "valid": ("valid",)}.get(written.padding, ())
        return ("renamed", *padding) if renamed else padding
    window = windowed(event.row.node.operation)
    if window is None or not isinstance(window.padding, Same) or set(window.stride) != {1}:
        return ()
    if set(window.kernel_size) == {1}:
        return ("pointwise",)
    # A framework can pad unevenly only where it is told "same" as a word.
    is_even = all(before == after for before, after in window.pads(event.row.inputs[0]))
    return ("same",) if is_even else ("word",)


_SPELT = frozenset(
    ("sigmoid", "clip", "erf", "mean", "avg_pool", "linear", "resize", "hard_sigmoid")
)
"""Kinds that may be part of a layer that a file spells in several operations."""


def _recognise(counted: Count, found: list[Event]) -> list[Event]:
    """Give spelt-out layers the kind of what was spelt; their other operations stay beside."""
    first = len(counted.graph.inputs)
    readers: dict[int, list[int]] = {}
    for index, event in enumerate(found):
        for tensor in event.row.node.inputs:
            readers.setdefault(tensor, []).append(index)
    made = list(found)
    for index, event in enumerate(found):
        after = [found[reader] for reader in readers.get(first + index, ())]
        before = [found[t - first] for t in event.row.node.inputs if t >= first]
        kind = _spelt(event, before, after, first + index)
        made[index] = event._replace(kind=kind)
        if (
            event.kind == "linear"
            and not event.bias
            and len(after) == 1
            and _adds_bias(after[0], event)
        ):
            made[index] = event._replace(more_bias=product(event.row.node.output) * event.batch)
    return made


_NAMED = ("selu", "celu", "instance_norm", "rms_norm")
"""Kinds that PyTorch runs as others: what was called says which it is."""


def _known(event: Event) -> str:
    """The kind of a layer of which the source is known, where its operation does not say it."""
    written = event.written
    if written is None:
        return event.kind
    called = written.function.removeprefix("F.")
    if event.kind == "hardtanh":
        return "relu6" if "ReLU6" in written.module or called == "relu6" else event.kind
    if called in _NAMED and (called != "rms_norm" or _params(event)):
        return called
    if event.kind == "mean" and "adaptive_avg_pool" in called:
        return "global_avg_pool"
    return event.kind


def _spelt(event: Event, before: list[Event], after: list[Event], tensor: int) -> str:
    kind = event.kind
    if kind in ("sigmoid", "hard_sigmoid"):
        source = event.row.node.inputs
        gates = [e for e in after if e.kind == "mul" and {*source, tensor} == {*e.row.node.inputs}]
        return {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}[kind] if gates else kind
    if kind == "clip":
        # x * clip(x + 3, 0, 6) / 6 is a hard swish; without the first factor a hard sigmoid.
        shifted = [e for e in before if e.kind == "add" and len(e.row.inputs) == 1]
        return "hard_sigmoid" if shifted else "relu6"
    if kind == "erf":
        return "gelu"
    if kind == "mean":
        # A mean that keeps its axes is how an average over the whole map is exported.
        keeps = len(event.row.node.output) == len(event.row.inputs[0]) > 1
        over_map = keeps and all(size == 1 for size in event.row.node.output[:-1])
        return "global_avg_pool" if over_map and event.operation == "mean" else kind
    if kind == "resize":
        return "upsample_nearest" if event.row.kind == "free" else "upsample_bilinear"
    if kind == "avg_pool":
        # A window of one position is what is left of an adaptive pooling to the same size.
        return "adaptive_avg_pool" if _window(event) == 1 else kind
    return kind


def _adds_bias(event: Event, linear: Event) -> bool:
    """Whether a sum adds one learned number for each channel of a fully connected layer."""
    cost, channels = event.row.cost, linear.row.node.output[-1]
    learned_only = event.kind == "add" and len(event.row.inputs) == 1
    return learned_only and cost is not None and cost.params == channels
