"""What calls of both frameworks share: how arguments are declared, and how values are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from convcost.errors import ConvcostError, either
from convcost.language.names import proper_name
from convcost.language.primitives import ACTIVATIONS

Arguments: TypeAlias = Mapping[str, Any]
Layers: TypeAlias = list[dict[str, Any]]


class Call(NamedTuple):
    """One class of a framework: its arguments in order with their defaults, and what it makes.

    ``idle`` are arguments that change no count.
    """

    arguments: Mapping[str, Any]
    make: Callable[[Arguments], Layers]
    idle: tuple[str, ...] = ()


class Missing:
    """The default of an argument that must be given."""


NEEDED = Missing()

IDLE = frozenset(
    {"name", "dtype", "device", "trainable", "inplace", "eps", "epsilon"}
    | {"momentum", "align_corners", "return_indices", "autocast", "seed"}
    | {"count_include_pad", "divisor_override", "noise_shape"}
    | {
        f"{part}{what}"
        for part in ("kernel_", "bias_", "depthwise_", "pointwise_", "activity_", "gamma_", "beta_")
        for what in ("initializer", "regularizer", "constraint")
    }
    | {"moving_mean_initializer", "moving_variance_initializer"}
)
"""Arguments that change no count, whatever the class."""


def per_axis(value: Any, count: int, what: str) -> tuple[int, ...]:
    """One size for each axis; a number stands for all."""
    sizes = (value,) * count if isinstance(value, int) else value
    fits = isinstance(sizes, list | tuple) and len(sizes) == count
    if not fits or not all(type(size) is int for size in sizes):
        raise ConvcostError(f"{what} must be a number, or {count} of them, not {value!r}")
    return tuple(sizes)


def whole(value: Any, what: str) -> int:
    """A whole number; zero is for the engine to refuse."""
    if type(value) is not int or value < 0:
        raise ConvcostError(f"{what} must be a whole number, not {value!r}")
    return value


def flag(value: Any, what: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ConvcostError(f"{what} must be True or False, not {value!r}")
    return value


def only(arguments: Arguments, key: str, *allowed: Any) -> None:
    """Refuse the values of an argument that would change the count in a way not known here."""
    if arguments[key] not in allowed:
        raise ConvcostError(f"{key}={arguments[key]!r} is not counted here")


def activation_of(value: Any) -> dict[str, Any]:
    """Keras' ``activation`` argument as the field of a layer."""
    if value in (None, "linear", False):
        return {}
    function = proper_name(str(value), ACTIVATIONS)
    if function is None:
        raise ConvcostError(f"activation={value!r} is not known here")
    return {"activation": function}


def pad_word(value: Any, *known: str) -> str:
    """A framework's word for padding."""
    word = value.lower() if isinstance(value, str) else value
    if word not in known:
        raise ConvcostError(f"padding must be {either(map(repr, known))}, not {value!r}")
    return str(word)


def padding_of(value: Any, count: int, what: str = "padding") -> Any:
    """``same``, ``valid``, or one size for each axis."""
    if isinstance(value, str):
        return pad_word(value, "same", "valid")
    return per_axis(value, count, what)


def plain_layer(kind: str, **fields: Any) -> Callable[[Arguments], Layers]:
    """A maker of one layer that no argument changes."""
    return lambda given: [{"type": kind, **fields}]


def activation_call(name: str) -> Call:
    """The class of an activation, by the name it has here."""
    arguments = dict.fromkeys(("dim", "inplace", "axis", "negative_slope", "alpha"))
    idle = (
        "approximate",
        "min_val",
        "max_val",
        "max_value",
        "threshold",
        "beta",
        "theta",
        "lambd",
        "lower",
        "upper",
    )
    return Call(arguments, plain_layer("activation", function=name), idle)
