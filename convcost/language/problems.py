"""What pydantic found wrong -> one error in convcost's words.

The models decide what is accepted; this file only explains. It looks at the first problem and,
where the field is part of the convolution vocabulary, asks ``values`` for the sentence, so that
a wrong kernel reads the same in JSON, in TOML and on one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from convcost.errors import ConvcostError, OperationError, did_you_mean
from convcost.language.fields import FIELDS, Check, field_name
from convcost.language.values import PADDING_MAY_BE, axes, describe, flag, padding, whole
from convcost.language.words import read_pads
from convcost.quantities import MAX_SIZE, looks_like_shape, parse_shape

MOST_AXES = 3


def explain_layer(raw: Mapping[str, Any], error: ValidationError) -> OperationError:
    """The sentence for a layer object that LayerSpec refused."""
    for given, value in raw.items():
        field = field_name(given)
        try:
            _check(field, value)
        except OperationError as problem:
            problem.field = given
            return problem
        except ConvcostError as problem:
            return OperationError(problem.message, field=given, hint=problem.hint)
    return generic(error)


def _check(field: str, value: Any) -> None:
    if field not in FIELDS:
        return
    if value is None:
        raise OperationError(f"{field} must not be null", field=field)
    _CHECKS[FIELDS[field].check](value, field)


def _check_text(value: Any, field: str) -> None:
    if not isinstance(value, str):
        raise OperationError(f"{field} must be text, not {describe(value)}", field=field)
    if not value or len(value) > 100:
        raise OperationError(f"{field} must have 1 to 100 characters", field=field)


def _check_pads(value: Any, field: str) -> None:
    if isinstance(value, list | tuple) and not 1 <= len(value) <= MOST_AXES:
        raise OperationError(
            f"padding has {len(value)} sizes, and an input has 1 to {MOST_AXES} spatial axes",
            field=field,
            hint=PADDING_MAY_BE,
        )
    if isinstance(value, str) and (read := read_pads(value)) is not None:
        value = read
    padding(value, len(value) if isinstance(value, list | tuple) else 1)


def _check_axes(value: Any, field: str) -> None:
    if isinstance(value, str):
        if not looks_like_shape(value):
            raise OperationError(
                f"{field} must be a number or sizes such as 3x1, not {describe(value)}", field=field
            )
        value = parse_shape(value)
    if isinstance(value, list | tuple) and not 1 <= len(value) <= MOST_AXES:
        raise OperationError(f"{field} needs 1 to {MOST_AXES} sizes, not {len(value)}", field=field)
    axes(value, len(value) if isinstance(value, list | tuple) else 1, field)


_CHECKS: dict[Check, Callable[[Any, str], object]] = {
    "sizes": _check_axes,
    "size": whole,
    "pads": _check_pads,
    "flag": flag,
    "shape": lambda value, field: check_input(value),
    "text": _check_text,
}


def check_input(value: Any) -> tuple[int, ...]:
    """An input shape as numbers; raises OperationError with the field ``input``."""
    if isinstance(value, str):
        try:
            value = parse_shape(value)
        except ConvcostError as problem:
            raise OperationError(
                f"input: {problem.message}", field="input", hint=problem.hint
            ) from None
    if not isinstance(value, list | tuple):
        raise OperationError(
            f"input must be a shape, not {describe(value)}",
            field="input",
            hint='write "56x56x256" or [56, 56, 256]: height, width, channels',
        )
    if not 1 <= len(value) <= MOST_AXES + 1:
        raise OperationError(
            f"input has {len(value)} axes: 1 to {MOST_AXES} spatial ones and the channels fit",
            field="input",
        )
    return tuple(whole(size, "input") for size in value)


def generic(error: ValidationError, known: tuple[str, ...] = ()) -> OperationError:
    """The first problem that pydantic names, with its place as the field."""
    first = error.errors(include_url=False, include_context=False, include_input=True)[0]
    path = ""
    for part in first["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() and part not in _UNION_TAGS:
            path += f".{part}" if path else part
    kind, value = first["type"], describe(first["input"])
    if kind == "extra_forbidden":
        name = str(first["loc"][-1])
        return OperationError(
            f"{name} is not a field here", field=path, hint=did_you_mean(name, known)
        )
    if kind == "missing":
        return OperationError(f"{first['loc'][-1]} is missing", field=path)
    if kind == "too_short":
        return OperationError(f"{path or 'it'} must not be empty", field=path or None)
    message = first["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return OperationError(message, field=path or None)
    if kind in ("greater_than_equal", "less_than_equal") and "int" in str(first["loc"]):
        return OperationError(f"{value} is not between 0 and {MAX_SIZE}", field=path)
    return OperationError(f"{message[:1].lower()}{message[1:]}: {value}", field=path or None)


_UNION_TAGS = frozenset({"int", "bool", "str", "float", "list", "dict"})
