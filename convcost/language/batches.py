"""Shapes with a batch in front: ``[8, 56, 56, 256]`` under a 2-D kernel is eight samples.

A shape has no batch here, but people copy it from frameworks, where it has one. What is read so
is said; what could be a batch or the depth of a 3-D map is read as depth, and said too.
"""

from __future__ import annotations

from typing import NamedTuple

from convcost.engine.shapes import Shape
from convcost.language.fields import PER_AXIS
from convcost.language.layers import LayerSpec
from convcost.language.names import axes_in_name
from convcost.quantities import format_shape


class Sample(NamedTuple):
    """A shape without its batch, how many samples it had, and how to say so."""

    shape: Shape
    batch: int
    note: str


def read_sample(shape: Shape, axes: int | None) -> Sample | None:
    """How a shape of four sizes is read; None for others, and where ``axes`` of 3 fit it.

    ``axes``: over how many axes the windows slide, where a kernel of several sizes or a name
    such as Conv2d says that.
    """
    if len(shape) != 4 or axes == 3:
        return None
    inner, count = shape[1:], shape[0]
    written, sample = format_shape(shape), format_shape(inner)
    if count == 1:
        note = (
            f"{written} was read as one sample of {sample}; the batch goes to --batch, and a "
            "3-D kernel has three sizes"
        )
    elif axes == 2:
        note = f"{written} was read as a batch of {count} samples of {sample}"
    else:
        depth, height, width, channels = shape
        note = (
            f"{written} was read as depth {depth}, height {height}, width {width}, {channels} "
            f"channels; a batch is written {sample} with --batch {count}"
        )
        return Sample(shape, 1, note)
    return Sample(inner, count, note)


def axes_of(spec: LayerSpec) -> int | None:
    """Over how many axes the windows of a layer slide, where it says so."""
    named = axes_in_name(spec.type)
    if named is not None:
        return named
    sizes = [getattr(spec, field) for field in (*PER_AXIS, "padding")]
    counts = {len(size) for size in sizes if isinstance(size, tuple) and len(size) > 1}
    return counts.pop() if len(counts) == 1 else None


def without_batch(spec: LayerSpec) -> tuple[LayerSpec, str | None]:
    """A spec whose input has no batch, and what to say of how it was read."""
    shape = spec.input
    sample = None if shape is None or len(shape) != 4 else read_sample(shape, axes_of(spec))
    if sample is None:
        return spec, None
    if sample.batch > 1 and spec.batch not in (None, sample.batch):
        return spec, None  # the batch stands apart, so that this is none
    changes = {"input": sample.shape}
    batch = {"batch": sample.batch} if sample.batch > 1 else {}
    return spec.model_copy(update={**changes, **batch}), sample.note
