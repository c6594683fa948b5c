"""Data types: how many bits one value takes, by every name that people write.

Owns the table of types and how an option names them. Knows nothing of graphs.
"""

from typing import NamedTuple

from convcost.errors import ConvcostError, did_you_mean, either, nearest, shorten


class DataType(NamedTuple):
    """A type of number: its name here, and the bits of one value."""

    name: str
    bits: int


_FLOATS = {
    ("float64", 64): "fp64 f64 double",
    ("float32", 32): "fp32 f32 float single",
    ("float16", 16): "fp16 f16 half",
    ("bfloat16", 16): "bf16",
    ("float8_e4m3", 8): "fp8 f8 float8 e4m3 fp8_e4m3 float8_e4m3fn",
    ("float8_e5m2", 8): "e5m2 fp8_e5m2",
    ("float4_e2m1", 4): "fp4 f4 float4 e2m1 nf4",
}
_INTEGERS = (64, 32, 16, 8, 4, 2, 1)

DTYPES: dict[str, DataType] = {
    name: DataType(name, bits)
    for name, bits in (
        *_FLOATS,
        *((f"int{bits}", bits) for bits in _INTEGERS),
        *((f"uint{bits}", bits) for bits in _INTEGERS),
    )
}
"""Every type by its one name here. Signed or not makes no difference to size."""

SPELLINGS: dict[str, str] = {
    **{name: name for name in DTYPES},
    **{word: name for (name, _), words in _FLOATS.items() for word in words.split()},
    **{f"i{bits}": f"int{bits}" for bits in _INTEGERS},
    **{f"u{bits}": f"uint{bits}" for bits in _INTEGERS},
    "binary": "int1",
}
"""What people write -> the name here."""

FLOAT32 = DTYPES["float32"]


class Types(NamedTuple):
    """The types of a count: of activations, and of everything learned."""

    activations: DataType = FLOAT32
    weights: DataType = FLOAT32

    @property
    def name(self) -> str:
        """``int8``, or ``weights=int4,activations=int8`` where the two differ."""
        activations, weights = self
        if activations == weights:
            return activations.name
        return f"weights={weights.name},activations={activations.name}"


def data_type(text: str) -> DataType:
    """The type of this name, in capitals or not. Raises ConvcostError on an unknown one."""
    word = text.strip().lower()
    if word not in SPELLINGS:
        raise ConvcostError(
            f"{shorten(text.strip()) or 'nothing'} is not a data type",
            hint=_of_this_kind(word),
        )
    return DTYPES[SPELLINGS[word]]


def _of_this_kind(word: str) -> str:
    """What there is in place of an unknown type: a size has no kind, a kind has its sizes."""
    kind = word.rstrip("0123456789")
    same = [name for name in DTYPES if not kind and name.rpartition("t")[2] == word]
    if kind != word and kind:
        same = [name for name in DTYPES if name.rstrip("0123456789") == kind]
    if same:
        return f"try {either(same)}"
    return did_you_mean(word, SPELLINGS if nearest(word, SPELLINGS) else DTYPES)


def parse_types(text: str) -> Types:
    """``int8`` for everything, or ``weights=int4,activations=int8``.

    A name alone stands for all that no other part speaks of: ``float16,weights=int4``; what is
    not spoken of at all is float32. Raises ConvcostError on an unknown type or word, and where
    something is said twice.
    """
    said: dict[str, DataType] = {}
    for part in text.split(","):
        key, equals, name = (word.strip() for word in part.rpartition("="))
        if equals and key not in Types._fields:
            raise ConvcostError(
                f"{shorten(key) or 'nothing'} has no data type of its own",
                hint="write weights=int4,activations=int8",
            )
        if key in said:
            what = key or "the data type of everything"
            raise ConvcostError(f"{what} is given twice in {shorten(text)!r}")
        said[key] = data_type(name)
    rest = said.pop("", FLOAT32)
    return Types(**{field: said.get(field, rest) for field in Types._fields})
