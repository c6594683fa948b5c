"""What is taken out of a TFLite file: tensors, operators, and the values of small constants.

Plain records, without the package that reads the file. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Dims = tuple[int, ...]
"""The sizes of a tensor as the file states them: with the batch, channels last."""

BITS = {
    **dict.fromkeys(("INT4",), 4),
    **dict.fromkeys(("INT8", "UINT8", "BOOL"), 8),
    **dict.fromkeys(("INT16", "UINT16", "FLOAT16", "BFLOAT16"), 16),
    **dict.fromkeys(("INT32", "UINT32", "FLOAT32", "RESOURCE"), 32),
    **dict.fromkeys(("INT64", "UINT64", "FLOAT64", "COMPLEX64"), 64),
    "COMPLEX128": 128,
}
"""Bits of one value. A RESOURCE is a handle, which interpreters keep as a 32-bit number. STRING
and VARIANT have no fixed size and are not here. Source: TFLite's schema, ``TensorType``."""

FLOATS = ("FLOAT16", "BFLOAT16", "FLOAT32", "FLOAT64")


class Tensor(NamedTuple):
    """One tensor of the file.

    ``dims`` are those that are stated, None where the file does not say how many axes there
    are; ``free`` are the axes that the file leaves open (-1 in its signature; ``dims`` has a
    placeholder there). ``buffer`` numbers the stored values, and is None where there are none;
    ``stored_bytes`` is their length. ``is_state``: it keeps its values from run to run.
    """

    name: str
    type: str
    dims: Dims | None
    free: tuple[int, ...]
    buffer: int | None
    stored_bytes: int
    is_state: bool
    is_quantised: bool
    is_sparse: bool
    numbers: Dims | None
    """The values, of a small constant of whole numbers."""


class Operator(NamedTuple):
    """One step, at its place from 0.

    ``inputs`` and ``outputs`` are indexes of tensors, -1 for an input left out.

    ``kind`` is the builtin operator's name, or a custom operator's own, with ``is_custom``.
    ``setting(name)`` is an option as a whole number, 0 where the file has none (which is what
    TFLite takes for a missing one); ``settings(name)`` one that is a list, or None.
    """

    number: int
    kind: str
    is_custom: bool
    inputs: Dims
    outputs: Dims
    setting: Callable[[str], int]
    settings: Callable[[str], Dims | None]


class Model(NamedTuple):
    """One subgraph of a file; ``place`` is the file, for errors."""

    place: str
    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: Dims
    outputs: Dims
