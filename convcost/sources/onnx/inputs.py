"""The free dimensions of an ONNX model's inputs: numbers from the user, or a clear error."""

from __future__ import annotations

from typing import Any

from convcost.engine.shapes import Shape
from convcost.errors import SpecError, did_you_mean, shorten
from convcost.quantities import MAX_SIZE, format_shape
from convcost.sources.layout import has_channels_last

EXAMPLES = {2: "128", 3: "128x64", 4: "224x224x3", 5: "16x112x112x3"}
"""What ``--input`` may look like for an input of so many dimensions."""


def fix_inputs(model: Any, place: str, batch: int | None, given: dict[str, Shape]) -> int:
    """Write numbers into the free dimensions of ``model``'s inputs; returns the batch.

    A name that stands for one size stands for it everywhere (``batch``, ``seq``). Shapes that
    the file states of other tensors are dropped where they may have changed.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if not inputs:
        raise SpecError("the model has no input", place=place)
    _check_names(given, [value.name for value in inputs], place)
    for value in inputs:
        if not value.type.tensor_type.HasField("shape"):
            raise SpecError(f"the input {shorten(value.name, 40)} has no shape", place=place)
    sizes: dict[str, int] = {}
    before = [_dims(value) for value in inputs]
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        if value.name in given:
            _set_shape(value.name, dims, given[value.name], place, sizes)
        if len(dims) > 1 and not dims[0].HasField("dim_value"):
            _set(dims[0], batch or 1, sizes)
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        for dim in dims:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
        _check_dims(value.name, dims, place)
    if before != [_dims(value) for value in inputs]:
        _forget_shapes(model, sizes, overruled=_overruled(before, inputs))
    return next((_dims(v)[0] for v in inputs if len(_dims(v)) > 1), 1)


def _dims(value: Any) -> tuple[int, ...]:
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def _overruled(before: list[tuple[int, ...]], inputs: Any) -> bool:
    """Whether a size that the file fixes was given another value."""
    pairs = zip(before, map(_dims, inputs), strict=True)
    return any(old not in (0, new) for a, b in pairs for old, new in zip(a, b, strict=True))


def _check_names(given: dict[str, Shape], names: list[str], place: str) -> None:
    if "" in given:
        given[names[0]] = given.pop("")
    for name in given:
        if name not in names:
            raise SpecError(
                f"the model has no input {shorten(name, 40)}",
                place=place,
                hint=did_you_mean(name, [shorten(known, 40) for known in names]),
            )


def _set(dim: Any, size: int, sizes: dict[str, int]) -> None:
    """One size; every other dimension of the same name gets it too."""
    if dim.dim_param:
        size = sizes.setdefault(dim.dim_param, size)
    dim.dim_value = size


def _set_shape(name: str, dims: Any, shape: Shape, place: str, sizes: dict[str, int]) -> None:
    """A channels-last shape without batch into an input's dimensions, in the model's order."""
    if len(dims) != len(shape) + 1:
        raise SpecError(
            f"the input {shorten(name, 40)} has {len(dims)} dimensions, {format_shape(shape)} "
            f"gives {len(shape) + 1} with the batch",
            place=place,
        )
    *spatial, channels = shape
    fixed = tuple(dim.dim_value for dim in dims)
    channels_last = has_channels_last(fixed) or (fixed[-1] == channels and fixed[1] != channels)
    order = list(shape) if channels_last or len(dims) < 3 else [channels, *spatial]
    for dim, size in zip(dims[1:], order, strict=True):
        _set(dim, size, sizes)


def _check_dims(name: str, dims: Any, place: str) -> None:
    unknown = [
        dim.dim_param or str(i) for i, dim in enumerate(dims) if not dim.HasField("dim_value")
    ]
    label = shorten(name, 40)
    if unknown:
        raise SpecError(
            f"the input {label} has free dimensions: {shorten(', '.join(unknown), 60)}",
            place=place,
            hint="give its shape, channels last and without batch: "
            f"--input {label}={EXAMPLES.get(len(dims), '224x224x3')}",
        )
    for dim in dims:
        if not 0 < dim.dim_value <= MAX_SIZE:
            raise SpecError(f"the input {label} has a dimension of {dim.dim_value}", place=place)


def _forget_shapes(model: Any, sizes: dict[str, int], overruled: bool) -> None:
    """Drop stated shapes, but for outputs of operations that no inference knows."""
    graph = model.graph
    foreign = {
        name for node in graph.node if node.domain not in ("", "ai.onnx") for name in node.output
    }
    kept = [v for v in graph.value_info if v.name in foreign and not overruled]
    copies = [type(value).FromString(value.SerializeToString()) for value in kept]
    del graph.value_info[:]
    graph.value_info.extend(copies)
    for value in (*graph.value_info, *graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if value.name not in foreign or overruled:
                dim.Clear()
            elif dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
