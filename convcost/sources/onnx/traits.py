"""What the numbers of a stored tensor look like, as far as it decides what they are.

The only place that looks at values of weights: for two questions, and in passing. It knows
nothing of graphs.
"""

from __future__ import annotations

from typing import Any

from convcost.engine.shapes import product

UNIFORM = "uniform"
"""Every value is the same: a norm's scale or shift that was never trained."""

GRID = "grid"
"""Whole and half numbers from 0 up: positions of cells, or their strides."""

ABSENT = "absent"
"""The values are stored elsewhere, or lost."""

FLOATS = {1: "<f4", 10: "<f2", 11: "<f8"}
"""Data types whose values are looked at, and how numpy spells them."""

PART = 2**18

FEWEST = 3
"""Fewer different values than this are no grid."""


def trait(onnx: Any, tensor: Any) -> str | None:
    """``UNIFORM``, ``GRID``, ``ABSENT`` or nothing."""
    size = product(tensor.dims)
    if tensor.data_type not in FLOATS or size < 2:
        return None
    values = None if tensor.external_data else _values(tensor, size)
    if values is None:
        return ABSENT
    if _is_uniform(values):
        return UNIFORM
    if size < FEWEST or any(float(value) * 2 % 1 for value in values[:16]):
        return None
    return GRID if _is_grid(values) else None


def _values(tensor: Any, size: int) -> Any:
    import numpy

    if tensor.raw_data:
        kind = FLOATS[tensor.data_type]
        if len(tensor.raw_data) != size * int(kind[-1]):
            return None
        return numpy.frombuffer(tensor.raw_data, kind)
    stored = tensor.double_data if tensor.data_type == 11 else tensor.float_data
    return numpy.array(stored) if len(stored) == size else None


def _is_uniform(values: Any) -> bool:
    """Part by part: a large tensor is not compared as a whole, and most differ at once."""
    parts = range(0, len(values), PART)
    return bool(values[0] == values[1]) and all(
        bool((values[at : at + PART] == values[0]).all()) for at in parts
    )


def _is_grid(values: Any) -> bool:
    """Whole and half numbers from 0 up only, at least ``FEWEST`` different ones."""
    import numpy

    if not bool((values >= 0).all()):
        return False
    with numpy.errstate(all="ignore"):
        whole = bool(((values * 2) % 1 == 0).all())
    return whole and len(numpy.unique(values)) >= FEWEST
