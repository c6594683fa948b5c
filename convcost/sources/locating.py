"""From a path in a JSON or TOML document to the line on which it stands. Only used for errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from convcost.errors import ConvcostError
from convcost.language.places import Key, keys_of
from convcost.language.reading import MAX_TOML, read_text

_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()


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


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|:')


def line_of_second(text: str, key: str) -> int | None:
    """The line (from 1) where ``key`` stands for the second time in one object of valid JSON."""
    seen: list[bool | None] = []  # for each open object whether it has the key; None in arrays
    last: re.Match[str] | None = None
    for token in _TOKENS.finditer(text):
        word = token.group()
        if word in "{[":
            seen.append(False if word == "{" else None)
        elif word in "}]":
            seen.pop()
        elif word == ":" and last is not None and json.loads(last.group()) == key:
            if seen[-1]:
                return text.count("\n", 0, last.start()) + 1
            seen[-1] = True
        last = token if word[0] == '"' else None
    return None


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


_TOML = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
    r"|\#[^\n]*|\n|\[|\]|\{|\}|=|,|\.|[^\s\[\]{}=,.\"'#]+",
    re.DOTALL,
)
"""The tokens of TOML: texts, comments, line ends, signs, and words."""


class TomlLines:
    """The lines of a valid TOML ``text``: where each key and each member of an array stands."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[Key, ...], int] = {(): 1}
        self._members: dict[tuple[Key, ...], int] = {}
        line = 1
        tokens: list[tuple[str, int]] = []
        for token in _TOML.finditer(text):
            if token.group()[0] != "#":
                tokens.append((token.group(), line))
            line += token.group().count("\n")
        self._read(tokens)

    def knows(self, keys: Sequence[Key]) -> bool:
        """Whether there is something at ``keys``."""
        return tuple(keys) in self._found

    def of(self, keys: Sequence[Key]) -> int:
        """The line (from 1) of ``keys``, else of the innermost of them that is there."""
        own = tuple(keys)
        while own not in self._found:
            own = own[:-1]
        return self._found[own]

    def _read(self, tokens: Sequence[tuple[str, int]]) -> None:
        """One walk: headers set the table, a key its line, brackets open and close values."""
        table: tuple[Key, ...] = ()
        open_: list[tuple[str, tuple[Key, ...]]] = []  # bracket, and the path of what it holds
        key: list[str] = []
        path: tuple[Key, ...] = ()
        is_value = False
        at = 0
        while at < len(tokens):
            word, line = tokens[at]
            in_array = bool(open_) and open_[-1][0] == "["
            if not open_ and not is_value and not key and word == "[":
                table, at = self._header(tokens, at)
                continue
            if in_array and word not in (",", "]", "\n") and not is_value:
                path, is_value = self._member(open_[-1][1], line), True
            if is_value or in_array:
                if word in ("[", "{"):
                    open_.append((word, path))
                    is_value = False
                elif word in ("]", "}", ",") or (word == "\n" and not open_):
                    is_value = False
                    if word in ("]", "}"):
                        open_.pop()
                        is_value = bool(open_)
            elif word == "=":
                path = (open_[-1][1] if open_ else table) + tuple(map(_unquoted, key))
                self._put(path, line)
                key, is_value = [], True
            elif word == "}":
                open_.pop()
                is_value = bool(open_)
            elif word not in (".", ",", "\n"):
                key.append(word)
            at += 1

    def _header(self, tokens: Sequence[tuple[str, int]], at: int) -> tuple[tuple[Key, ...], int]:
        """``[a.b]`` or ``[[a.b]]``: the path of the table, and what follows."""
        line = tokens[at][1]
        is_array = at + 1 < len(tokens) and tokens[at + 1][0] == "["
        path: tuple[Key, ...] = ()
        names = []
        while tokens[at][0] != "\n":
            if tokens[at][0] not in "[].":
                names.append(_unquoted(tokens[at][0]))
            at += 1
            if at == len(tokens):
                break
        for number, name in enumerate(names, 1):
            path += (name,)
            if is_array and number == len(names):
                self._found.setdefault(path, line)
                path = self._member(path, line)
            elif path in self._members:
                path += (self._members[path] - 1,)
        self._put(path, line)
        return path, at

    def _member(self, path: tuple[Key, ...], line: int) -> tuple[Key, ...]:
        index = self._members.get(path, 0)
        self._members[path] = index + 1
        self._put((*path, index), line)
        return (*path, index)

    def _put(self, path: tuple[Key, ...], line: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], line)


def _unquoted(word: str) -> str:
    return word[1:-1] if word[0] in "\"'" else word


def with_toml_line(place: str) -> str:
    """``net.toml:7: layers[3].kernal`` for ``net.toml: layers[3].kernal``, where it is there.

    The file is read once more: only errors ask for it.
    """
    named = re.match(r"(?P<file>[^\n:]+\.toml): (?P<path>[^\s:]+)", place)
    if named is None:
        return place
    try:
        lines = TomlLines(read_text(Path(named["file"]), MAX_TOML))
    except ConvcostError:
        return place
    keys = keys_of(named["path"])
    for above in ((), ("tool", "convcost")):
        if lines.knows((*above, *keys[:1])):
            end = named.end("file")
            return f"{place[:end]}:{lines.of((*above, *keys))}{place[end:]}"
    return place
