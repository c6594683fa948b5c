"""Inputs as people have them: shapes, raw axes, example tensors; and the orders of axes to try.

224x224x3              an image or a map, channels last, without batch
tokens=77:int64        named, with a data type
mask=[1,1,77,77]:bool  raw: all axes as the module takes them
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product as combinations
from typing import Literal, NamedTuple

from convcost.errors import SpecError, did_you_mean
from convcost.quantities import format_shape

DTYPES = {
    "float": "float32",
    "half": "float16",
    "double": "float64",
    "int": "int32",
    "long": "int64",
    "short": "int16",
    **{
        name: name
        for name in (
            *("float32", "float16", "bfloat16", "float64", "complex64", "complex128"),
            *("int64", "int32", "int16", "int8", "uint8", "bool"),
        )
    },
}
"""Data types of inputs, and the short names that PyTorch has for them."""

LARGEST = 2**31 - 1

Order = Literal["channels last", "raw"]


class InputWord(NamedTuple):
    """One input as a user wrote it; ``name`` of "" is the first argument of forward."""

    name: str
    dims: tuple[int, ...]
    dtype: str | None = None
    order: Order = "channels last"


_WORD = re.compile(
    r"(?:(?P<name>[^=\[\]:]*)=)?(?P<dims>\[[^\]]*\]|[^:\[\]=]+)(?::(?P<dtype>\w+))?", re.ASCII
)


def parse_input(word: str) -> InputWord:
    """``[NAME=]56x56x256[:DTYPE]`` or ``[NAME=][1,77][:DTYPE]``. Raises SpecError."""
    found = _WORD.fullmatch(word.strip())
    if found is None:
        raise SpecError(
            "an input is a shape", text=word, span=(0, len(word)), hint="try NAME=[1,77]:int64"
        )
    name, text, dtype = found["name"] or "", found["dims"], found["dtype"]
    start = word.index(text)
    is_raw = text.startswith("[")
    words = text[1:-1].split(",") if is_raw else re.split("[xX]", text)
    words = [] if words == [""] else words
    dims = []
    for part in words:
        if not re.fullmatch(r"\s*\d{1,10}\s*", part, re.ASCII) or int(part) > LARGEST:
            raise SpecError(
                "an input has whole numbers for its axes",
                text=word,
                span=(start, start + len(text)),
                hint="try 224x224x3, or [1,3,224,224] for all axes as the module takes them",
            )
        dims.append(int(part))
    if not is_raw and (not dims or 0 in dims):
        raise SpecError("sizes start at 1", text=word, span=(start, start + len(text)))
    if dtype is not None:
        dtype = checked_dtype(dtype)
    return InputWord(name, tuple(dims), dtype, "raw" if is_raw else "channels last")


def checked_dtype(word: str) -> str:
    """A data type by PyTorch's own name. Raises SpecError."""
    name = word.removeprefix("torch.")
    if name not in DTYPES:
        raise SpecError(f"{word} is not a data type of inputs", hint=did_you_mean(name, DTYPES))
    return DTYPES[name]


class Variant(NamedTuple):
    """One way to make a tensor: all axes, the data type, and how the axes were taken."""

    dims: tuple[int, ...]
    dtype: str
    axes: str

    def words(self) -> str:
        """``1x3x224x224 (batch, channels, height, width)``."""
        return f"{format_shape(self.dims) if self.dims else 'one number'} ({self.axes})"


SPATIAL = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}

WHOLE = re.compile(r"(^|_)(ids?|tokens?|timesteps?|labels?|positions?|indices|index)($|_)|_ids")
"""Names of arguments that hold whole numbers."""


def variants(
    word: InputWord, batch: int | None, dtype: str, *, batch_second: bool
) -> list[Variant]:
    """The ways to read an input, the likeliest first; ``dtype`` is that of the parameters."""
    size = batch or 1
    dims = word.dims
    if word.order == "raw":
        return _raw(word, batch, dtype)
    kinds = [word.dtype] if word.dtype else [dtype, "int64"]
    if not word.dtype and WHOLE.search(word.name):
        kinds.reverse()
    made = []
    for kind in kinds:
        made += _orders(dims, size, kind, batch_second=batch_second and "int" not in kind)
    # As PyTorch's own users write it: 1x3x224x224; and numbers without a batch, as time steps.
    if len(dims) == 1 or dims[0] == size or batch is None:
        made += [Variant(dims, kind, "as written") for kind in kinds]
    return list(dict.fromkeys(made))


def _orders(dims: tuple[int, ...], size: int, kind: str, *, batch_second: bool) -> list[Variant]:
    if len(dims) == 1:
        return [Variant((size, *dims), kind, "batch, values")]
    names = ", ".join(SPATIAL.get(len(dims) - 1, ("axes",)))
    last = Variant((size, *dims), kind, f"batch, {names}, channels")
    if "int" in kind or kind == "bool":
        return [last._replace(axes="batch, axes as written")]
    first = Variant((size, dims[-1], *dims[:-1]), kind, f"batch, channels, {names}")
    if len(dims) == 2 and batch_second:
        return [Variant((dims[0], size, dims[1]), kind, "length, batch, channels"), last, first]
    return [first, last]


def _raw(word: InputWord, batch: int | None, dtype: str) -> list[Variant]:
    kinds = [word.dtype] if word.dtype else [dtype, "int64"]
    if not word.dtype and WHOLE.search(word.name):
        kinds.reverse()
    shapes = [word.dims]
    if batch is not None and word.dims[:1] != (batch,):
        shapes = [(batch, *word.dims)]
    elif batch is None:
        shapes.append((1, *word.dims))
    return [
        Variant(shape, kind, "as written" if shape == word.dims else "batch, axes as written")
        for shape in shapes
        for kind in kinds
    ]


MOST_TRIES = 64


def assignments(choices: Mapping[str, Sequence[Variant]]) -> Iterator[list[dict[str, Variant]]]:
    """Ways to read all inputs, in tiers: where one of a tier runs, later tiers are not tried.

    First inputs of the same number of axes are read in the same order, with their likeliest
    data types; then each input for itself.
    """
    if not choices:
        yield [{}]
        return
    likely: dict[str, list[Variant]] = {}
    for name, options in choices.items():
        first = options[0]
        likely[name] = [
            v
            for v in options
            if v.dtype == first.dtype and ("written" in v.axes) is ("written" in first.axes)
        ]
    yield _together(likely)
    if len(choices) == 1:
        name, options = next(iter(choices.items()))
        rest = [option for option in options if option not in likely[name]]
        kinds = dict.fromkeys((option.dtype, "written" in option.axes) for option in rest)
        for kind in kinds:
            yield [
                {name: option}
                for option in rest
                if (option.dtype, "written" in option.axes) == kind
            ]
        return
    everything = combinations(*choices.values())
    for tries, combination in enumerate(everything):
        if tries >= MOST_TRIES:
            return
        yield [dict(zip(choices, combination, strict=True))]


def _together(likely: Mapping[str, list[Variant]]) -> list[dict[str, Variant]]:
    """Inputs of one number of axes take the same order."""
    ranks = {name: len(options[0].dims) for name, options in likely.items()}
    orders = {
        rank: list(
            dict.fromkeys(v.axes for name, r in ranks.items() if r == rank for v in likely[name])
        )
        for rank in dict.fromkeys(ranks.values())
    }
    found = []
    for chosen in combinations(*orders.values()):
        by_rank = dict(zip(orders, chosen, strict=True))
        picked = {
            name: next((v for v in options if v.axes == by_rank[ranks[name]]), options[0])
            for name, options in likely.items()
        }
        if picked not in found:
            found.append(picked)
    return found[:MOST_TRIES]
