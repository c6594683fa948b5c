"""What pydantic found wrong -> one error in convcost's words.

The models decide what is accepted; this file only explains. It looks at the first problem and,
where the field is part of the convolution vocabulary, asks ``values`` for the sentence, so that
a wrong kernel reads the same in JSON, in TOML and on one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from convcost.errors import ConvcostError, OperationError, did_you_mean, nearest
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
    every = error.errors(include_url=False, include_context=True, include_input=True)
    missing = tuple(str(one["loc"][-1]) for one in every if one["type"] == "missing")
    extra = [one for one in every if one["type"] == "extra_forbidden"]
    # A name that is missing and one that is too many are one mistake: a misspelt field.
    swapped = [one for one in extra if nearest(str(one["loc"][-1]), missing)]
    first = (swapped or every)[0]
    known = (*missing, *known) if swapped else known
    path = ""
    for part in first["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() and part not in _UNION_TAGS:
            path += f".{part}" if path else part
    kind, value = first["type"], describe(first["input"])
    if kind == "extra_forbidden":
        name = str(first["loc"][-1])
        hint = did_you_mean(name, known) if known else None
        return OperationError(f"{name} is not a field here", field=path, hint=hint)
    if kind == "missing":
        return OperationError(f"{first['loc'][-1]} is missing", field=path)
    if kind == "too_short":
        return OperationError(f"{path or 'it'} must not be empty", field=path or None)
    message = first["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return OperationError(message, field=path or None)
    if kind in ("greater_than_equal", "less_than_equal") and "int" in str(first["loc"]):
        return OperationError(f"{value} is not between 0 and {MAX_SIZE}", field=path)
    said = _SAID.get(kind)
    if kind == "string_pattern_mismatch" and NAMES not in str(first.get("ctx")):
        said = None
    if said is not None:
        what = path.rpartition(".")[2] or "it"
        sentence = said.format(**first.get("ctx", {}))
        return OperationError(f"{what} must be {sentence}, not {value}", field=path or None)
    return OperationError(f"{message[:1].lower()}{message[1:]}: {value}", field=path or None)


NAMES = "A-Za-z0-9_"
"""A part of the pattern of names."""

_SAID = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "string_too_short": "text of {min_length} or more characters",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "letters, digits, _, - and .",
    "literal_error": "one of {expected}",
}
"""What a value must be, by pydantic's kind of error."""


_UNION_TAGS = frozenset({"int", "bool", "str", "float", "list", "dict"})
