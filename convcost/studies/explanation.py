"""The question of ``explain``: where does each number come from?

A step per layer: the size of one kernel and why, how many kernels, the work for one output
value, how many output values; then sums, the ratio to a baseline, and remarks on what surprises.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from convcost.engine.counting import Count, Row, count
from convcost.engine.operations.base import Product, windowed
from convcost.engine.shapes import Shape, product
from convcost.engine.windows import extent, pad_pairs
from convcost.language.building import Subject
from convcost.quantities import format_shape, format_sizes


class Axis(NamedTuple):
    """How one axis of a map gets its size: ``floor((size + pads - extent) / stride) + 1``."""

    size: int
    before: int
    after: int
    extent: int
    stride: int
    output: int


class Step(NamedTuple):
    """One layer, taken apart: the sums of products that it is made of.

    The fields of a kernel are those of its product, and None for a layer without MACs or with
    several products:

    params = kernels * kernel_weights + biases;
    macs = positions * values_per_position * macs_per_value * batch.
    """

    row: Row
    kernel: tuple[int, ...] | None = None
    channels_seen: int | None = None
    kernels: int | None = None
    kernel_weights: int | None = None
    macs_per_value: int | None = None
    positions: Shape | None = None
    positions_are: str = "output"
    remarks: tuple[str, ...] = ()
    products: tuple[Product, ...] = ()
    axes: tuple[Axis, ...] = ()


class Versus(NamedTuple):
    """The same step as the baseline design, and the ratios design / baseline."""

    name: str
    counted: Count
    params_ratio: Fraction | None
    macs_ratio: Fraction | None
    params_closed_form: str | None
    macs_closed_form: str | None


class Explanation(NamedTuple):
    """A subject, taken apart."""

    subject: Subject
    summary: str
    counted: Count
    steps: tuple[Step, ...]
    versus: Versus | None
    remarks: tuple[str, ...]


def explain_subject(
    subject: Subject,
    summary: str,
    baseline: Subject | None = None,
    closed_forms: tuple[str | None, str | None] = (None, None),
) -> Explanation:
    """Take ``subject`` apart and relate it to ``baseline``."""
    counted = count(subject.graph, subject.batch)
    steps = tuple(map(explain_row, counted.rows))
    versus = None
    if baseline is not None:
        base = count(baseline.graph, baseline.batch)
        versus = Versus(
            baseline.name,
            base,
            Fraction(counted.params, base.params) if base.params else None,
            Fraction(counted.macs, base.macs) if base.macs else None,
            *closed_forms,
        )
    remarks = tuple(_remarks(subject, counted, steps, versus))
    return Explanation(subject, summary, counted, steps, versus, remarks)


def explain_row(row: Row) -> Step:
    """One counted layer as a step."""
    products = row.products
    if len(products) != 1:
        return Step(row, products=products)
    (made,) = products
    return Step(
        row,
        kernel=made.kernel or None,
        channels_seen=made.channels_seen,
        kernels=made.kernels,
        kernel_weights=made.kernel_weights,
        macs_per_value=made.kernel_weights,
        positions=made.positions,
        positions_are=made.positions_are,
        remarks=tuple(_stride_remarks(row)) if made.positions_are == "output" else (),
        products=products,
        axes=_axes(row),
    )


def _axes(row: Row) -> tuple[Axis, ...]:
    """The sizes of a convolution's output, where they are not those of its input."""
    from convcost.engine.operations.convolution import Conv

    operation = row.node.operation
    if not isinstance(operation, Conv):
        return ()
    spatial, made = row.inputs[0][:-1], row.node.output[:-1]
    if spatial == made:
        return ()
    kernel, stride, dilation = operation.kernel_size, operation.stride, operation.dilation
    pads = pad_pairs(operation.padding, spatial, kernel, stride, dilation)
    return tuple(
        Axis(size, before, after, extent(k, d), s, output)
        for size, (before, after), k, d, s, output in zip(
            spatial, pads, kernel, dilation, stride, made, strict=True
        )
    )


def _stride_remarks(row: Row) -> list[str]:
    """What a stride does to the number of positions, and what a strided 1x1 never reads."""
    operation = windowed(row.node.operation)
    skipped = 1 if operation is None else product(operation.stride)
    if operation is None or skipped == 1:
        return []
    strides = set(operation.stride)
    words = f"stride {format_sizes(operation.stride)}"
    halves = "halves the map on each axis: it " if strides == {2} else ""
    remarks = [
        f"{words} {halves}keeps 1 of {skipped} positions, about 1/{skipped} of the MACs of stride 1"
    ]
    if product(operation.kernel_size) == 1:
        remarks.append(
            f"a 1x1 with {words} reads 1 of {skipped} positions; the others never reach the output"
        )
    return remarks


def _remarks(
    subject: Subject, counted: Count, steps: Sequence[Step], versus: Versus | None
) -> list[str]:
    """Sentences on a total that surprises."""
    remarks: list[str] = []
    if versus is None or versus.macs_ratio is None or subject.name == versus.name:
        return remarks
    convolutions = [step for step in steps if step.products]
    if versus.macs_ratio > 1 and convolutions:
        most = max(convolutions, key=lambda step: step.row.cost.macs if step.row.cost else 0)
        share = most.row.cost.macs * 100 // counted.macs if most.row.cost and counted.macs else 0
        widths = " -> ".join(
            str(shape[-1]) for shape in [counted.input, *(s.row.node.output for s in convolutions)]
        )
        remarks.append(
            f"{subject.name} costs more than {versus.name} here: through the channels {widths}, "
            f"{share} % of the MACs are in {most.row.name}"
        )
        if counted.output[-1] > 2 * counted.input[-1]:
            remarks.append("what it saves needs wide inputs; this input is narrow")
    if counted.output != versus.counted.output:
        remarks.append(
            f"its output is {format_shape(counted.output)}, that of {versus.name} is "
            f"{format_shape(versus.counted.output)}: it cannot stand in for it"
        )
    seen = {step.row.type for step in convolutions}
    if seen and all(not step.kernel or product(step.kernel) == 1 for step in convolutions):
        remarks.append("it sees one position at a time: cheap, but blind to the neighbours")
    return remarks
