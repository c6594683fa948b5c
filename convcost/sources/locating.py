"""From a path in a JSON document to the line on which it stands. Only used for errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()

Key: TypeAlias = "str | int"


class Lines:
    """The lines of a valid JSON ``text``: asked in order, it is walked through once.

    Members of the array or object at ``prefix`` are found from where the last one was, so that
    thousands of errors in one document cost no more than reading it.
    """

    def __init__(self, text: str, prefix: Sequence[Key] = ()) -> None:
        self._text = text
        self._start = _walk(text, 0, prefix)
        self._members = _children(text, self._start)
        self._last: tuple[Key, int] | None = None
        self._counted = (0, 1)

    def of(self, keys: Sequence[Key]) -> int:
        """The line (from 1) of the value at ``keys`` below the prefix.

        Where a key is not found, the line of the innermost value that was.
        """
        if not keys:
            return self._line(self._start)
        first, *rest = keys
        if self._last is None or self._last[0] != first:
            self._last = self._find(first)
            if self._last is None:
                return self._line(self._start)
        return self._line(_walk(self._text, self._last[1], rest))

    def _find(self, wanted: Key) -> tuple[Key, int] | None:
        """A member behind the last one, else before it."""
        for _ in range(2):
            found = next(((key, at) for key, at in self._members if key == wanted), None)
            if found is not None:
                return found
            self._members = _children(self._text, self._start)
        return None

    def _line(self, position: int) -> int:
        start, line = self._counted
        if position < start:
            start, line = 0, 1
        line += self._text.count("\n", start, position)
        self._counted = position, line
        return line


def line_of(text: str, keys: Sequence[Key]) -> int:
    """The line (from 1) of the value at ``keys`` in a valid JSON ``text``."""
    return Lines(text).of(keys)


def _walk(text: str, position: int, keys: Sequence[Key]) -> int:
    """The position of the value at ``keys`` below the one at ``position``."""
    position = _skip(text, position)
    for key in keys:
        found = next((at for name, at in _children(text, position) if name == key), None)
        if found is None:
            break
        position = found
    return position


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _children(text: str, position: int) -> Iterator[tuple[Key, int]]:
    """The members of the array or object that starts at ``position``, and where they stand."""
    closing = {"[": "]", "{": "}"}.get(text[position : position + 1])
    if closing is None:
        return
    is_object = closing == "}"
    position = _skip(text, position + 1)
    index = 0
    while position < len(text) and text[position] != closing:
        start = position
        key: Key = index
        if is_object:
            key, position = _DECODER.raw_decode(text, position)
            position = _skip(text, position)
        yield key, start if is_object and text[position : position + 1] not in "[{" else position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        index += 1
