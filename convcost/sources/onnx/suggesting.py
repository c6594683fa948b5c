"""A shape that would do, for errors about inputs: found by trying, so that the hint works.

Weights fix some sizes (the rows of a matrix, the channels of a kernel); the rest is tried in the
sizes that networks are made for. Only an error pays for this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import format_shape
from convcost.sources.onnx.axes import channel_axis, wanted_sizes
from convcost.sources.onnx.batching import is_batch
from convcost.sources.onnx.inputs import BATCH_NAME, FreeError, RawShape, free_inputs
from convcost.sources.onnx.walking import Walk, WindowError, node_name

IMAGES = (224, 48, 256, 320, 512, 640, 32)
SEQUENCES = (128, 64, 512, 1024, 16_000, 100, 40, 80, 81, 88, 96, 105, 113, 120, 144, 229, 257)
"""Sizes to try, the most usual first; then bands of sound, which layers far behind may fix."""

MANY_NODES = 1_500
FEW_TRIES = 4
TIMES = (2, 4, 8, 16, 32, 64)
"""By how much an input is enlarged that was too small."""

Walker = Callable[[Mapping[str, Shape]], Walk]
Dims = dict[str, list[int]]


def free_dimensions(
    walk: Walker, model: Any, open_: Sequence[str], problem: FreeError
) -> SpecError:
    """``problem`` with a hint that names a shape for each input in ``open_``."""
    dims, batched = _search(walk, model, problem.sizes)
    if dims is None or not open_:
        return problem
    words = [
        f"--input {shorten(name, 40)}={spelled(model, name, dims[name], name in batched)}"
        for name in open_
    ]
    its = "its shape" if len(words) == 1 else "shapes"
    raw = ["=[" in word for word in words]
    how = "channels last and without batch"
    if any(raw):
        how = "with all axes" if all(raw) else "channels last and without batch, or [all axes]"
    more = f" (and {len(words) - 4} more)" if len(words) > 4 else ""
    return SpecError(
        problem.message,
        place=problem.place,
        hint=f"give {its}, {how}: {' '.join(words[:4])}{more}",
    )


def _search(walk: Walker, model: Any, settled: Mapping[str, int]) -> tuple[Dims | None, set[str]]:
    """Sizes for every input that the graph takes, and the inputs whose first axis is a batch."""
    tries = FEW_TRIES if len(model.graph.node) > MANY_NODES else 100
    for number, dims in enumerate(_candidates(model, settled)):
        if number >= tries:
            break
        try:
            walk(_raw(dims))
        except ConvcostError:
            continue
        return dims, _batched(walk, model, dims)
    return None, set()


def _candidates(model: Any, settled: Mapping[str, int]) -> Iterator[Dims]:
    values = free_inputs(model)
    wanted = {v.name: wanted_sizes(model.graph, v.name, len(_of(v))) for v in values}
    is_image = any(len(_of(value)) > 3 for value in values)
    for first in (1, 100):
        for size in IMAGES if is_image else SEQUENCES:
            sizes = dict(settled)
            dims: Dims = {}
            for value in values:
                shape = []
                for axis, dim in enumerate(_of(value)):
                    usual = first if axis == 0 and len(_of(value)) > 1 else size
                    usual = 1 if BATCH_NAME.match(dim.dim_param or "") else usual
                    number = wanted[value.name].get(axis, usual)
                    if dim.HasField("dim_value") and dim.dim_value >= 0:
                        number = dim.dim_value
                    elif dim.dim_param:
                        number = sizes.setdefault(dim.dim_param, number)
                    shape.append(number)
                dims[value.name] = shape
            yield dims


def _of(value: Any) -> Any:
    return value.type.tensor_type.shape.dim


def _raw(dims: Dims) -> dict[str, Shape]:
    return {name: RawShape(shape) for name, shape in dims.items()}


def _batched(walk: Walker, model: Any, dims: Dims) -> set[str]:
    """Inputs whose first axis is a batch: by its name, or because it is never mixed."""
    found, open_ = set(), []
    for value in free_inputs(model):
        sizes = _of(value)
        if len(sizes) < 2:
            continue
        if BATCH_NAME.match(sizes[0].dim_param or "") or sizes[0].HasField("dim_value"):
            found.add(value.name)
        elif dims[value.name][0] == 1:
            open_.append(value.name)
    if open_:
        try:
            pair = [
                walk(_raw({n: [k, *d[1:]] if n in open_ else d for n, d in dims.items()}))
                for k in (2, 3)
            ]
        except WindowError:
            return found
        except ConvcostError:
            return found | set(open_)
        if is_batch(*pair):
            return found | set(open_)
    return found


def spelled(model: Any, name: str, dims: Sequence[int], batched: bool) -> str:
    """Sizes as ``--input`` takes them: channels last, or all axes in brackets."""
    rank = len(dims)
    if not batched or rank < 2 or dims[0] != 1 or 0 in dims:
        return f"[{','.join(map(str, dims))}]"
    rest = list(dims[1:])
    axis = channel_axis(model.graph, name, rank)
    if rank > 3 and axis != rank - 1 and not _has_colours_last(dims):
        rest = [*rest[1:], rest[0]]
    elif rank == 3 and axis == 1:
        rest = rest[::-1]
    return format_shape(tuple(rest))


def _has_colours_last(dims: Sequence[int]) -> bool:
    return dims[-1] <= 4 < dims[1]


def too_small(walk: Walker, model: Any, problem: WindowError) -> SpecError:
    """The error for a window that is larger than its input: which input, and what would do."""
    node = problem.node
    window = "x".join(map(str, problem.problem.window))
    label = shorten(node_name(node), 60)
    name = _source(model, node)
    got = "x".join(map(str, problem.problem.sizes))
    if name is None:
        return SpecError(
            f"the {window} window of {label} is larger than what it slides over ({got})",
            place=problem.place,
        )
    dims: Dims = {
        value.name: [int(size or 0) for size in problem.facts.shapes[value.name]]
        for value in free_inputs(model)
        if value.name in problem.facts.shapes
    }
    shape = spelled(model, name, dims[name], batched=True)
    message = f"the input {shorten(name, 40)} ({shape}) is smaller than the {window} window"
    if name in node.input:
        message += f" of {label}"
    else:
        message = (
            f"the input {shorten(name, 40)} ({shape}) is too small: "
            f"the {window} window of {label} slides over {got}"
        )
    hint = _larger(walk, model, name, dims)
    return SpecError(message, place=problem.place, hint=hint)


def _larger(walk: Walker, model: Any, name: str, dims: Dims) -> str | None:
    """An enlarged input that works; the axis of channels stays."""
    shape = dims[name]
    axis = channel_axis(model.graph, name, len(shape))
    fixed = {axis, *wanted_sizes(model.graph, name, len(shape))}
    if len(shape) > 2:
        fixed.add(0)
    for times in TIMES:
        larger = [s if i in fixed else s * times for i, s in enumerate(shape)]
        try:
            walk(_raw({**dims, name: larger}))
        except ConvcostError:
            continue
        return f"try --input {shorten(name, 40)}={spelled(model, name, larger, batched=True)}"
    return None


def _source(model: Any, node: Any) -> str | None:
    """The first input of the model that a node's data come from."""
    inputs = {value.name for value in free_inputs(model)}
    makers = {name: n for n in model.graph.node for name in n.output if name}
    waiting = list(node.input[:1])
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in inputs:
            return str(name)
        if name in makers and name not in seen:
            waiting.extend(makers[name].input)
        seen.add(name)
    return None
