"""The one table of figures: what can be asked of a count, of a layer or in total.

A figure has one key everywhere: columns, ``--get``, ``--max-FIGURE``, JSON, schemas, notes and
charts read this table, and nothing else knows the list. A total that stands for layers which
could not be counted says so itself (``Amount.is_bound``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from convcost.engine.counting import Count
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.engine.memory.liveness import Memory, memory
from convcost.engine.memory.sizes import bit_operations, tensor_bytes, weight_bytes
from convcost.engine.receptive_field import ReceptiveField, receptive_fields
from convcost.engine.shapes import Shape
from convcost.errors import did_you_mean
from convcost.quantities import Amount, UnknownShape

if TYPE_CHECKING:
    from convcost.engine.memory.patches import Patches

Unit: TypeAlias = Literal["count", "bytes", "ratio", "shape"]
Value: TypeAlias = "Amount | Fraction | Shape | None"
"""A figure's value: an Amount of counts or bytes, a ratio, a shape; None where there is none."""


class Measured:
    """A count with everything that can be asked of it; each answer is worked out once."""

    def __init__(self, counted: Count, execution: Execution = PLAIN) -> None:
        self.counted: Final = counted
        self.execution: Final = execution

    @property
    def has_own_types(self) -> bool:
        """Whether a file states the types of its values, which rule over those asked for."""
        return self.counted.graph.bits is not None

    @cached_property
    def memory(self) -> Memory:
        """Memory in bytes, layer by layer: without patches."""
        how = self.execution
        return memory(self.counted.graph, self.counted.batch, how.types, how.rule)

    @cached_property
    def patches(self) -> Patches | None:
        """The figures in patches, where those were asked for."""
        how = self.execution
        if how.grid is None:
            return None
        from convcost.engine.memory.patches import patches

        counted = self.counted
        return patches(
            counted.graph,
            *how.grid,
            how.until,
            batch=counted.batch,
            types=how.types,
            rule=how.rule,
        )

    @property
    def live(self) -> tuple[int, ...]:
        """The bytes alive at each row."""
        return self.memory.live if self.patches is None else self.patches.live

    @cached_property
    def fields(self) -> list[ReceptiveField]:
        """The receptive field of each row's output."""
        graph = self.counted.graph
        return receptive_fields(graph)[len(graph.inputs) :]

    @cached_property
    def is_bound(self) -> bool:
        """Whether some row could not be counted."""
        return any(row.cost is None for row in self.counted.rows)

    def amount(self, value: int) -> Amount:
        """A total: a lower bound where a row is missing from it."""
        return Amount(value, self.is_bound)

    def held(self, value: int) -> Amount:
        """A total of bytes of tensors: a lower bound where the sizes of one are not known, too."""
        return Amount(value, self.is_bound or self._is_unsized)

    @cached_property
    def _is_unsized(self) -> bool:
        """Whether the sizes of some tensor are not known."""
        return any(isinstance(row.node.output, UnknownShape) for row in self.counted.rows)

    def reads(self, index: int) -> int | None:
        """Bytes of the inputs of a row; None where the sizes of one are not known."""
        sizes = [self._tensor(tensor) for tensor in self.counted.rows[index].node.inputs]
        known = [size for size in sizes if size is not None]
        return None if len(known) < len(sizes) else sum(known)

    def writes(self, index: int) -> int | None:
        """Bytes of the output of a row; None where its sizes are not known."""
        return self._tensor(len(self.counted.graph.inputs) + index)

    def _tensor(self, tensor: int) -> int | None:
        counted = self.counted
        if isinstance(counted.graph.shape(tensor), UnknownShape):
            return None
        return tensor_bytes(counted.graph, tensor, counted.batch, self.execution.types)

    def weights(self, index: int) -> int | None:
        """Bytes of the parameters of a row; None where they are not known."""
        cost = self.counted.rows[index].cost
        if cost is None:
            return None
        return weight_bytes(self.counted.graph, index, cost.params, self.execution.types)

    def bops(self, index: int) -> int | None:
        """Bit operations of a row; None where they are not known."""
        cost = self.counted.rows[index].cost
        if cost is None:
            return None
        return bit_operations(self.counted.graph, index, cost.macs, self.execution.types)

    def buffers(self, index: int) -> int | None:
        """Numbers that a row stores without learning them; None where they are not known."""
        row = self.counted.rows[index]
        if row.cost is None:
            return None
        return row.node.operation.buffers(row.inputs, row.node.output)

    def moved(self, index: int) -> int | None:
        """Bytes that a row reads and writes, its parameters among them; None as for these."""
        reads, writes = self.reads(index), self.writes(index)
        if reads is None or writes is None:
            return None
        return reads + writes + (self.weights(index) or 0)


Total: TypeAlias = Callable[[Measured], Value]
Layer: TypeAlias = Callable[[Measured, int], "int | Fraction | Shape | None"]


class Figure(NamedTuple):
    """One figure. ``layer`` is None where only a whole subject has it.

    ``has_limit``: a budget can be set on its total (``--max-KEY``).
    """

    key: str
    title: str
    unit: Unit
    about: str
    total: Total
    layer: Layer | None = None
    has_limit: bool = True


def _cost(field: str) -> tuple[Total, Layer]:
    def total(of: Measured) -> Amount:
        return of.amount(getattr(of.counted.total, field))

    def layer(of: Measured, index: int) -> int | None:
        cost = of.counted.rows[index].cost
        return None if cost is None else getattr(cost, field)

    return total, layer


def _held(field: str) -> Total:
    def total(of: Measured) -> Amount:
        return of.held(getattr(of.memory, field))

    return total


def _peak(of: Measured) -> Amount:
    return of.held(of.memory.peak if of.patches is None else of.patches.peak)


def _sum(layer: Callable[[Measured, int], int | None]) -> tuple[Total, Layer]:
    """A total that is the sum of its layers."""

    def total(of: Measured) -> Amount:
        return of.amount(sum(layer(of, index) or 0 for index in range(len(of.counted.rows))))

    return total, layer


def _bytes(of: Measured) -> Amount:
    return of.held(sum(of.moved(index) or 0 for index in range(len(of.counted.rows))))


def _intensity(of: Measured) -> Fraction | None:
    moved = _bytes(of)
    return None if moved.is_bound or not moved.value else Fraction(of.counted.macs, moved.value)


def _layer_intensity(of: Measured, index: int) -> Fraction | None:
    cost, moved = of.counted.rows[index].cost, of.moved(index)
    return None if cost is None or not moved else Fraction(cost.macs, moved)


def _receptive_field(of: Measured) -> Shape | None:
    """That of the last map: after a global pooling or a flattening every value sees everything."""
    maps = [field.size for field in of.fields if field.size]
    return maps[-1] if maps else None


def depth(counted: Count) -> int:
    """The most layers with MACs on one way from an input to an output (ResNet-50: 50)."""
    graph = counted.graph
    deepest = [0] * len(graph.inputs)
    for row in counted.rows:
        own = row.node.operation.kind == "macs"
        deepest.append(max((deepest[tensor] for tensor in row.node.inputs), default=0) + own)
    return max((deepest[tensor] for tensor in graph.outputs), default=0)


_TABLE = (
    Figure("params", "params", "count", "learned numbers", *_cost("params")),
    Figure("macs", "MACs", "count", "multiply-accumulates", *_cost("macs")),
    Figure(
        "element_ops",
        "element ops",
        "count",
        "bias, normalisation, activation, pooling, sums: never among the MACs",
        *_cost("element_ops"),
    ),
    Figure(
        "weights",
        "weights",
        "bytes",
        "the parameters at the data type",
        *_sum(Measured.weights),
    ),
    Figure("peak", "peak", "bytes", "the most activations alive at once", _peak),
    Figure(
        "largest", "largest", "bytes", "the most that one layer reads and writes", _held("largest")
    ),
    Figure("outputs", "outputs", "bytes", "all layer outputs together", _held("outputs")),
    Figure(
        "bytes", "bytes", "bytes", "read and written, weights among them", _bytes, Measured.moved
    ),
    Figure(
        "intensity",
        "MACs/byte",
        "ratio",
        "MACs for each byte moved",
        _intensity,
        _layer_intensity,
        has_limit=False,
    ),
    Figure(
        "receptive_field",
        "sees",
        "shape",
        "input positions behind one value of the last map",
        _receptive_field,
        lambda of, index: of.fields[index].size,
        has_limit=False,
    ),
    Figure(
        "depth",
        "depth",
        "count",
        "the most layers with MACs on one way through",
        lambda of: of.amount(depth(of.counted)),
    ),
    Figure(
        "buffers",
        "buffers",
        "count",
        "numbers stored and not learned: running statistics",
        *_sum(Measured.buffers),
    ),
    Figure(
        "live",
        "live",
        "bytes",
        "activations alive while the layer runs",
        lambda of: of.held(max(of.live, default=0)),
        lambda of, index: of.live[index],
        has_limit=False,
    ),
    Figure(
        "bops",
        "bops",
        "count",
        "bit operations: MACs by the bits of a weight and of an activation",
        *_sum(Measured.bops),
    ),
)

FIGURES: Final[dict[str, Figure]] = {figure.key: figure for figure in _TABLE}
"""Every figure by its key, in the order in which they are shown."""

STREAMED: Final = ("params", "macs", "element_ops")
"""What a stream's line carries: the figures that need no walk over the layers."""

OTHER_WORDS: Final = {
    "flops": "macs",
    "gflops": "macs",
    "mflops": "macs",
    "mults": "macs",
    "memory": "peak, weights or bytes",
    "mem": "peak, weights or bytes",
    "ram": "peak",
    "sram": "peak",
    "peak_memory": "peak",
    "activations": "peak",
    "arena": "peak with --planner tflm",
    "tensor_arena": "peak with --planner tflm",
    "flash": "weights",
    "rom": "weights",
    "size": "weights",
    "model_size": "weights",
    "rf": "receptive_field",
}
"""What others call a figure, and what it is here."""


def meant_figure(word: str, known: Iterable[str] = FIGURES) -> str:
    """A hint for a word that is no figure: what it is here, else the nearest of ``known``."""
    meant = OTHER_WORDS.get(word.lower().replace("-", "_"))
    return did_you_mean(word, known) if meant is None else f"did you mean {meant}?"
