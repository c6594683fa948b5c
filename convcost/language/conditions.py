"""The one condition language: ``kernel_size == 3 and macs > 1M`` over named values.

A condition is an expression of the language of designs whose names are figures and fields of
whatever is asked about; counts may be written as people write them (``300M``, ``320KiB``).
Used by ``swap --where``, ``check``, ``sweep`` and ``fit``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from convcost.errors import SpecError, did_you_mean, shorten
from convcost.language.expressions import ExpressionError, compile_expression
from convcost.quantities import parse_bytes

Condition: TypeAlias = Callable[[Mapping[str, Any]], bool]

_QUANTITY = re.compile(r"(?<![\w.'\"])[0-9]+(?:\.[0-9]+)?(?:[kKMGT](?:iB|B)?|e[0-9]{1,2})(?!\w)")
_NAME = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*(?!\w|\s*\()")
_WORDS = frozenset({"and", "or", "not", "if", "else", "True", "False", "true", "false"})


def compile_condition(text: str, names: Collection[str], place: str) -> Condition:
    """``text`` as a test of named values. Raises SpecError at ``place``, such as ``--where``.

    ``names`` are those that a value may have; another one is refused before anything is counted.
    """
    for match in _NAME.finditer(_without_texts(text)):
        name = match.group()
        if name not in names and name not in _WORDS:
            raise SpecError(
                f"{shorten(name, 40)} is not known here",
                text=text,
                span=match.span(),
                place=place,
                hint=did_you_mean(name, names),
            )
    try:
        evaluate = compile_expression(_QUANTITY.sub(_digits, text))
    except ExpressionError as problem:
        raise problem.at(place) from None

    def holds(values: Mapping[str, Any]) -> bool:
        try:
            return bool(evaluate(values))
        except ExpressionError as problem:
            raise problem.at(place) from None

    return holds


def _without_texts(text: str) -> str:
    """The condition with the contents of quoted texts blanked, at the same length."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", lambda match: "0" * len(match.group()), text)


def _digits(match: re.Match[str]) -> str:
    return str(parse_bytes(match.group()))
