"""The sizes of a TFLite model's inputs, and which number of samples they are for."""

from __future__ import annotations

from typing import NamedTuple

from convcost.engine.shapes import Shape
from convcost.errors import SpecError, did_you_mean, shorten
from convcost.quantities import format_shape
from convcost.sources.tflite.model import Dims, Model

EXAMPLES = {1: "128", 2: "128", 3: "128x64", 4: "224x224x3", 5: "16x112x112x3"}
"""What ``--input`` may look like for an input of so many axes."""


class Fed(NamedTuple):
    """The sizes of each input by its tensor; ``own`` samples are in them, ``batch`` are wanted."""

    dims: dict[int, Dims]
    own: int
    batch: int


def fix_inputs(model: Model, batch: int | None, given: dict[str, Shape]) -> Fed:
    """Numbers for all sizes of all inputs. Raises SpecError where some are missing or misfit.

    The first axis holds the samples where all inputs and outputs agree in it (inputs of one axis
    and of none, such as lengths, aside). A file is counted for the samples that it is written
    for, one where it leaves them open; work is linear in them. A shape with as many numbers as
    the input has axes gives the samples, too.
    """
    shapes = _by_index(model, given)
    stated: dict[int, Dims] = {}
    for index in model.inputs:
        # An input without sizes is one number, as it is to an interpreter.
        stated[index] = model.tensors[index].dims or ()
    own = _samples(model, stated)
    is_one = batch == 1 and all(dims[:1] in ((), (1,)) for dims in stated.values())
    if batch is not None and own is None and not is_one:
        raise SpecError(
            "which axis holds the batch cannot be told: the inputs and outputs do not agree in "
            "the first one",
            place=model.place,
            hint=f"without --batch it is counted as written: {_ends(model, stated)}",
        )
    dims = {
        index: _sized(model, index, own or 1, stated[index], shapes.get(index)) for index in stated
    }
    firsts = {sizes[0] for sizes in dims.values() if len(sizes) > 1}
    if own is not None and firsts:
        own = firsts.pop() if len(firsts) == 1 else None
    return Fed(dims, own or 1, batch or own or 1)


def _by_index(model: Model, given: dict[str, Shape]) -> dict[int, Shape]:
    names = {model.tensors[index].name: index for index in reversed(model.inputs)}
    found = {}
    if "" in given and not names:
        raise SpecError("the model has no input", place=model.place)
    for name, shape in given.items():
        if name and name not in names:
            raise SpecError(
                f"the model has no input {shorten(name, 40)}",
                place=model.place,
                hint=did_you_mean(name, [shorten(known, 40) for known in names]),
            )
        found[names[name] if name else model.inputs[0]] = shape
    return found


def _label(model: Model, index: int) -> str:
    return shorten(model.tensors[index].name, 40) or f"number {model.inputs.index(index)}"


def _samples(model: Model, stated: dict[int, Dims]) -> int | None:
    """The first axis that all inputs and outputs share, or None."""
    firsts = {dims[0] for dims in stated.values() if len(dims) > 1}
    for index in model.outputs:
        dims = model.tensors[index].dims
        if dims is not None:
            firsts.add(dims[0] if dims else -1)
    return firsts.pop() if len(firsts) == 1 and min(firsts) > 0 else None


def _ends(model: Model, stated: dict[int, Dims]) -> str:
    outputs = [model.tensors[index].dims or () for index in model.outputs]
    sides = (list(stated.values())[:3], outputs[:3])
    words = [", ".join(format_shape(dims) or "1" for dims in side) for side in sides]
    return " -> ".join(words)


def _sized(model: Model, index: int, own: int, stated: Dims, shape: Shape | None) -> Dims:
    """The sizes of one input: those given, else those of the file."""
    label = _label(model, index)
    if shape is not None:
        first = own if 0 in model.tensors[index].free else stated[0] if stated else 1
        whole = tuple(shape) if len(shape) == len(stated) else (first, *shape)
        if len(whole) != len(stated):
            raise SpecError(
                f"the input {label} has {len(stated)} dimensions, {format_shape(shape)} "
                f"gives {len(whole)} with the batch",
                place=model.place,
            )
        return whole
    free = [axis for axis in model.tensors[index].free if axis or len(stated) == 1]
    missing = ", ".join(map(str, free))
    if not missing and 0 not in stated:
        return stated
    raise SpecError(
        f"the input {label} has free dimensions: {missing}"
        if missing
        else f"the input {label} has a dimension of 0",
        place=model.place,
        hint="give its shape, channels last and without batch: "
        f"--input {label}={EXAMPLES.get(len(stated), '224x224x3')}",
    )
