"""What a design is given -> what the expressions of its file use."""

from fractions import Fraction
from typing import Any

from convcost.engine.shapes import is_known
from convcost.errors import OperationError
from convcost.language.fields import PER_AXIS
from convcost.language.values import axes, describe, whole
from convcost.quantities import MAX_SIZE, parse_shape

NEUTRAL = {"stride": 1, "dilation": 1, "groups": 1, "bias": False, "padding": "same"}
"""Values of the common vocabulary that change nothing where a design has no use for them."""

FIXED_BY_DESIGN = ("kernel_size", "dilation")
"""What a design may fix for itself; the user's value is then reported as unused."""


def argument(name: str, value: Any, count: int | None = None) -> Any:
    """An argument as expressions use it: exact numbers, one number where all axes agree.

    ``count`` is how many spatial axes the input has, for settings per axis.
    """
    kind = type(value)
    if is_known(value):
        return whole(value, name) if name in NEUTRAL and name != "padding" else value
    if kind is float:
        if not abs(value) <= MAX_SIZE:  # also where it is not a number
            raise OperationError(
                f"{name} must be a plain number, not {describe(value)}", field=name
            )
        return Fraction(repr(value))
    if kind is str and name in PER_AXIS:
        sizes = parse_shape(value)
        value = sizes if len(sizes) > 1 else sizes[0]
        return argument(name, value, count)
    if kind is not list and kind is not tuple:
        return value
    sizes = tuple(value)
    if not sizes:
        raise OperationError(f"{name} must not be empty", field=name)
    if name == "padding":
        return sizes
    known = count if name in PER_AXIS and count else len(sizes)
    sizes = axes(sizes, known, name, least=1 if name in PER_AXIS else 0)
    return sizes[0] if all(size == sizes[0] for size in sizes) else sizes


def refuse_negative(name: str, value: Any) -> None:
    """Raise OperationError for a number below zero: no count, no size and no factor is one."""
    if (is_known(value) or isinstance(value, Fraction)) and value < 0:
        raise OperationError(f"{name} must be at least 0, not {describe(value)}", field=name)


def may_be_dropped(name: str, value: Any) -> bool:
    """Whether a design without this parameter may pass over the value."""
    return name in FIXED_BY_DESIGN or (name in NEUTRAL and argument(name, value) == NEUTRAL[name])
