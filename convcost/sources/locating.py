"""From a path in a JSON document to the line on which it stands. Only used for errors."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[\s,:]*")


def line_of(text: str, keys: Sequence[str | int]) -> int:
    """The line (from 1) of the value at ``keys`` in a valid JSON ``text``.

    Where a key is not found, the line of the innermost value that was.
    """
    position = _skip(text, 0)
    for key in keys:
        found = _child(text, position, key)
        if found is None:
            break
        position = found
    return text.count("\n", 0, position) + 1


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _child(text: str, position: int, wanted: str | int) -> int | None:
    """The position of one member of the array or object that starts at ``position``."""
    decoder = json.JSONDecoder()
    closing = {"[": "]", "{": "}"}.get(text[position : position + 1])
    if closing is None:
        return None
    is_object = closing == "}"
    position = _skip(text, position + 1)
    index = 0
    while position < len(text) and text[position] != closing:
        start = position
        key: str | int = index
        if is_object:
            key, position = decoder.raw_decode(text, position)
            position = _skip(text, position)
        if key == wanted:
            return start if is_object and text[position : position + 1] not in "[{" else position
        _, position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        index += 1
    return None
