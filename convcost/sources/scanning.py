"""A line -> its parts: layers and groups, tokens and where they stand.

Knows brackets, quotes and separators; what a token means is for ``oneline`` and ``frameworks``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from convcost.errors import SpecError

MAX_DEPTH = 20
"""How deep brackets may nest: nobody writes more, and a line must not exhaust the stack."""

CLOSES = {"(": ")", "[": "]"}
SEPARATORS = (",", ";", "\n", "->", "\u2192")
"""What may stand between two layers."""

IN_AND_OUT = re.compile(r"([0-9]{1,12})\s*(?:->|\u2192)\s*([0-9]{1,12})(?=[\s,;)]|$)", re.ASCII)
"""``64->128``, channels in and out: one word, since no layer begins with a number."""


class Token(NamedTuple):
    """A word of a line: brackets and quotes stay whole."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends in the line."""
        return self.start + len(self.text)

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the line."""
        return self.start, self.end


def parts(line: str, start: int, stop: int) -> Iterator[tuple[list[Token], int]]:
    """The words of each part of ``line[start:stop]``, and where the part ends."""
    words: list[Token] = []
    seen = False
    for token in tokens(line, start, stop):
        if token.text == "\n":
            # A line end separates layers, but a blank line or one after a comma is no layer.
            if words:
                yield words, token.start
                words, seen = [], False
        elif token.text in SEPARATORS:
            yield words, token.start
            words, seen = [], True
        else:
            words.append(token)
            seen = True
    if words or seen or not line[start:stop].strip():
        yield words, stop


def tokens(line: str, start: int, stop: int) -> Iterator[Token]:
    """Words and separators, in order."""
    at = start
    while at < stop:
        separator = next((mark for mark in SEPARATORS if line.startswith(mark, at)), None)
        if separator is not None:
            yield Token(separator, at)
            at += len(separator)
        elif line[at].isspace():
            at += 1
        else:
            ends = IN_AND_OUT.match(line, at, stop)
            end = _word_end(line, at, stop) if ends is None else ends.end()
            yield Token(line[at:end], at)
            at = end


def _word_end(line: str, start: int, stop: int) -> int:
    """Where the word at ``start`` ends: at a space or a separator outside brackets and quotes."""
    open_brackets: list[tuple[str, int]] = []
    at = start
    while at < stop:
        char = line[at]
        if char in ('"', "'") and (char == '"' or open_brackets):
            at = _quote_end(line, at, stop)
            continue
        if char in CLOSES:
            open_brackets.append((CLOSES[char], at))
            if len(open_brackets) > MAX_DEPTH:
                raise SpecError("brackets are nested too deeply", text=line, span=(at, at + 1))
        elif open_brackets and char == open_brackets[-1][0]:
            open_brackets.pop()
        elif not open_brackets:
            is_mark = char in ",;" or line.startswith(("->", "\u2192"), at)
            if at > start and (char.isspace() or is_mark):
                return at
        at += 1
    if open_brackets:
        spot = open_brackets[-1][1]
        raise SpecError(
            f"{line[spot]} is never closed", text=line, span=(spot, spot + 1), hint="brackets pair"
        )
    return stop


def _quote_end(line: str, start: int, stop: int) -> int:
    """After the closing quote; a quote that never closes takes the rest of the line."""
    at = start + 1
    while at < stop:
        if line[at] == "\\":
            at += 2
        elif line[at] == line[start]:
            return at + 1
        else:
            at += 1
    return stop
