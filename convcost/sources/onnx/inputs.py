"""The free dimensions of an ONNX model's inputs: numbers from the user, or a clear error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from convcost.engine.shapes import Shape
from convcost.errors import SpecError, did_you_mean, shorten
from convcost.quantities import MAX_SIZE, format_shape
from convcost.sources.layout import has_channels_last
from convcost.sources.onnx.axes import channel_axis, reached_inputs

EXAMPLES = {2: "128", 3: "128x64", 4: "224x224x3", 5: "16x112x112x3"}
"""What ``--input`` may look like for an input of so many dimensions."""

BATCH_NAME = re.compile(r"^(n|b|bs|bsz|nb|.*batch.*)$", re.IGNORECASE)
"""Names that models give to the axis of samples."""


class RawShape(tuple[int, ...]):
    """All axes of a tensor in the model's own order, the batch included: ``[100, 81]``.

    For tensors that are no images, and for what no rule can turn. Never turned, never extended.
    """

    __slots__ = ()


MADE_UP_NAME = re.compile(r"^(unk_.*|.*dynamic.*|.*dim_?\d*|s\d+|\?|none)$", re.IGNORECASE)
"""Names that exporters give to an axis of which they know nothing."""


class FreeError(SpecError):
    """Sizes of the input ``name`` are open; ``sizes`` are those of names that are settled."""

    name = ""
    sizes: Mapping[str, int] = MappingProxyType({})


class Given(NamedTuple):
    """What the user said: shapes by the input's name ("" for the first), and the batch.

    ``first`` is put on first axes that are taken for the batch, whatever the file fixes there:
    to see what follows it. ``is_one``: the file as it is stands for one sample.
    """

    shapes: Mapping[str, Shape]
    batch: int | None = None
    first: int | None = None
    is_one: bool = False


class Sizes(NamedTuple):
    """What was filled in.

    ``batch``: samples of one run, 1 where no axis holds samples. ``guessed``: first axes taken
    for the batch although nothing but their place says so, as (input, name of the dimension).
    ``names``: what each name of a size stands for; None where a size that the file fixes was
    overruled, so that nothing holds that the file states of other tensors.
    """

    batch: int
    guessed: tuple[tuple[str, str], ...]
    names: Mapping[str, int] | None


def example(rank: int) -> str:
    """A shape as ``--input`` takes it for an input of ``rank`` axes, samples in the first."""
    return EXAMPLES.get(rank, f"[{','.join(['1'] * rank)}]")


def free_inputs(model: Any) -> list[Any]:
    """The inputs that have to be fed."""
    weights = {tensor.name for tensor in model.graph.initializer}
    weights.update(sparse.values.name for sparse in model.graph.sparse_initializer)
    return [value for value in model.graph.input if value.name not in weights]


def fix_inputs(model: Any, place: str, given: Given) -> Sizes:
    """Write numbers into the free dimensions of ``model``'s inputs.

    A name that stands for one size stands for it everywhere (``batch``, ``seq``). Shapes that
    the file states of other tensors are dropped where they may have changed.
    """
    return _Filling(model, place, given).run()


class _Filling:
    def __init__(self, model: Any, place: str, given: Given) -> None:
        self._model = model
        self._place = place
        self._batch = given.batch
        self._first = given.first
        self._is_one = given.is_one
        self._inputs = free_inputs(model)
        self._given = self._named(given.shapes)
        self._sizes: dict[str, tuple[int, str]] = {}
        """The size of each name, and who said so."""
        self._guessed: list[tuple[str, str]] = []
        names = [d.dim_param for v in self._inputs for d in v.type.tensor_type.shape.dim]
        self._batch_names = [name for name in dict.fromkeys(names) if BATCH_NAME.match(name)]

    def run(self) -> Sizes:
        for value in self._inputs:
            self._check_type(value)
        before = [_fixed(value) for value in self._inputs]
        for value in self._inputs:
            if value.name in self._given:
                self._set_shape(value, self._given[value.name])
        own = self._set_batch()
        for value in self._inputs:
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param in self._sizes:
                    dim.dim_value = self._sizes[dim.dim_param][0]
            self._check_dims(value)
        pairs = zip(before, map(_dims, self._inputs), strict=True)
        overruled = any(
            old not in (None, new) for a, b in pairs for old, new in zip(a, b, strict=True)
        )
        names = {name: size for name, (size, _) in self._sizes.items()}
        return Sizes(own, tuple(self._guessed), None if overruled else names)

    def _named(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        if not self._inputs:
            raise SpecError("the model has no input", place=self._place)
        names = [value.name for value in self._inputs]
        named = {name or names[0]: shape for name, shape in shapes.items() if name}
        if "" in shapes:
            named.setdefault(names[0], shapes[""])
        for name in named:
            if name not in names:
                raise SpecError(
                    f"the model has no input {shorten(name, 40)}",
                    place=self._place,
                    hint=did_you_mean(name, [shorten(known, 40) for known in names]),
                )
        return named

    def _check_type(self, value: Any) -> None:
        """A tensor with a shape; sizes below zero are free, as runtimes take them."""
        label = shorten(value.name, 40)
        if value.type.WhichOneof("value") not in ("tensor_type", None):
            if value.name in self._given:
                raise SpecError(f"the input {label} is no tensor", place=self._place)
            return  # a sequence, or what may be absent: its sizes stay unknown
        tensor = value.type.tensor_type
        if not tensor.HasField("shape"):
            shape = self._given.get(value.name)
            if not isinstance(shape, RawShape):
                raise SpecError(
                    f"the input {label} has no shape in the file",
                    place=self._place,
                    hint=f"give all its axes: --input {label}=[1,3,224,224]",
                )
            for _ in shape:
                tensor.shape.dim.add()
        for dim in tensor.shape.dim:
            if dim.HasField("dim_value") and dim.dim_value < 0:
                dim.Clear()

    def _set(self, dim: Any, size: int, who: str) -> None:
        """One size; every other dimension of the same name gets it too."""
        if dim.dim_param:
            known, first = self._sizes.setdefault(dim.dim_param, (size, who))
            if known != size:
                raise SpecError(
                    f"{shorten(dim.dim_param, 40)} is {known} in {first} and {size} in {who}",
                    place=self._place,
                    hint="one name stands for one size",
                )
        dim.dim_value = size

    def _set_shape(self, value: Any, shape: Shape) -> None:
        """A given shape into an input's dimensions, in the model's order."""
        dims = value.type.tensor_type.shape.dim
        label = shorten(value.name, 40)
        if isinstance(shape, RawShape) or (len(dims) == 1 and len(shape) == 1):
            if len(dims) != len(shape):
                raise SpecError(
                    f"the input {label} has {len(dims)} dimensions, "
                    f"[{','.join(map(str, shape))}] gives {len(shape)}",
                    place=self._place,
                )
            for dim, size in zip(dims, shape, strict=True):
                self._set(dim, size, label)
            return
        if len(dims) != len(shape) + 1:
            raise SpecError(
                f"the input {label} has {len(dims)} dimensions, {format_shape(shape)} "
                f"gives {len(shape) + 1} with the batch",
                place=self._place,
                hint=f"all axes as they are: --input {label}=[{_axes(shape, len(dims))}]",
            )
        names = [dim.dim_param for dim in dims]
        at = next((i for i, name in enumerate(names) if BATCH_NAME.match(name)), 0)
        order = list(shape)
        if at == 0:
            order = self._turned(value.name, [dim.dim_value for dim in dims], shape)
        rest = [dim for i, dim in enumerate(dims) if i != at]
        for dim, size in zip(rest, order, strict=True):
            self._set(dim, size, label)

    def _turned(self, name: str, fixed: list[int], shape: Shape) -> list[int]:
        """Channels where the model has them: sizes that fit tell, then the graph, then custom."""
        if len(shape) < 2:
            return list(shape)
        *spatial, channels = shape
        first = [channels, *spatial]
        if has_channels_last(tuple(fixed)) or (fixed[-1] == channels and fixed[1] != channels):
            return list(shape)
        if fixed[1] == channels and fixed[-1] != channels:
            return first
        axis = channel_axis(self._model.graph, name, len(fixed))
        if axis == 1:
            return first
        if axis == len(fixed) - 1 or len(fixed) < 4:
            return list(shape)
        return first

    def _set_batch(self) -> int:
        """The samples of one run: the axis that all inputs share, where there is one."""
        reached = set(reached_inputs(self._model.graph, [value.name for value in self._inputs]))
        values = [v for v in self._inputs if v.name in reached] or self._inputs
        if self._batch_names:
            return self._fill(self._batch_names)
        return self._first_axes(values)

    def _fill(self, named: list[str]) -> int:
        """Names that say batch; two of them (of images, of texts) are one number."""
        size = next((self._sizes[name][0] for name in named if name in self._sizes), None)
        if size is not None and self._batch not in (None, size):
            raise SpecError(
                f"the batch is {size} in {self._sizes_of(named)}, not {self._batch}",
                place=self._place,
                hint="leave --batch out where --input gives all axes",
            )
        own = size or self._batch or 1
        for name in named:
            self._sizes.setdefault(name, (own, "--batch"))
        return self._sizes[named[0]][0]

    def _sizes_of(self, named: list[str]) -> str:
        return next(self._sizes[name][1] for name in named if name in self._sizes)

    def _first_axes(self, values: list[Any]) -> int:
        """No name says batch: free first axes are, until the graph shows otherwise."""
        free = [
            (value, value.type.tensor_type.shape.dim[0])
            for value in values
            if len(value.type.tensor_type.shape.dim) > 1
            and not value.type.tensor_type.shape.dim[0].HasField("dim_value")
        ]
        symbols = {dim.dim_param for _, dim in free if dim.dim_param}
        if len(symbols) > 1 and not all(map(MADE_UP_NAME.match, symbols)):
            return 1  # several names: what all of them would mean is not said
        for value, dim in free:
            self._guessed.append((value.name, dim.dim_param))
            self._set(dim, self._first or self._batch or 1, "--batch")
        return self._batch or 1 if free else self._fixed_batch(values)

    def _fixed_batch(self, values: list[Any]) -> int:
        """The one size of all first axes, where no input was given with all axes."""
        if self._is_one or any(isinstance(shape, RawShape) for shape in self._given.values()):
            return 1
        dims = [v.type.tensor_type.shape.dim for v in values]
        firsts = [dim[0] for dim in dims if len(dim) > 1]
        if len({dim.dim_value for dim in firsts}) != 1 or firsts[0].dim_value < 2:
            return 1
        own = int(firsts[0].dim_value)
        self._guessed += [(v.name, "") for v in values if len(v.type.tensor_type.shape.dim) > 1]
        for dim in firsts:
            dim.dim_value = self._first or own
        return self._first or own

    def _check_dims(self, value: Any) -> None:
        dims = value.type.tensor_type.shape.dim
        unknown = [
            dim.dim_param or str(i) for i, dim in enumerate(dims) if not dim.HasField("dim_value")
        ]
        label = shorten(value.name, 40)
        if unknown:
            problem = free_error(value, unknown, self._place)
            problem.sizes = {name: size for name, (size, _) in self._sizes.items()}
            raise problem
        for dim in dims:
            if not 0 <= dim.dim_value <= MAX_SIZE:
                raise SpecError(
                    f"the input {label} has a dimension of {dim.dim_value}", place=self._place
                )


def free_error(value: Any, unknown: Iterable[str], place: str) -> FreeError:
    """An input whose sizes are open, with what ``--input`` looks like."""
    dims = value.type.tensor_type.shape.dim
    label = shorten(value.name, 40)
    hint = f"give its shape, channels last and without batch: --input {label}={example(len(dims))}"
    if len(dims) < 2 or len(dims) not in EXAMPLES:
        hint = f"give all its axes: --input {label}={example(len(dims))}"
    error = FreeError(
        f"the input {label} has free dimensions: {shorten(', '.join(unknown), 60)}",
        place=place,
        hint=hint,
    )
    error.name = value.name
    return error


def _dims(value: Any) -> tuple[int, ...]:
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def _fixed(value: Any) -> tuple[int | None, ...]:
    """The sizes that the file fixes, None where one is free."""
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)


def _axes(shape: Sequence[int], number: int) -> str:
    """What was given, where it is as many sizes as there are axes (``1x3x256x256``), else ones."""
    sizes = shape if len(shape) == number else [1] * number
    return ",".join(map(str, sizes))
