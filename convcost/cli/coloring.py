"""Whether a stream gets colour, and what that does to errors and to help.

``--color`` decides where it is given; else NO_COLOR, then FORCE_COLOR, then whether the stream
is a terminal. Errors and help are written before, or without, the parsing of options, so that
their words are looked for in what was typed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

CHOICES = ("auto", "always", "never")


def wants_color(stream: Any, choice: str = "auto") -> bool:
    """Whether ``stream`` gets colour."""
    if choice in ("always", "never"):
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def without_color(text: str) -> str:
    """The text without the codes that colour it."""
    import re

    return re.sub("\x1b\\[[0-9;]*m", "", text)


def typed(option: str, words: Sequence[str], default: str = "auto") -> str:
    """The value of an option in words that nobody has parsed; the last one where there are two."""
    found = default
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name == "--":
            break
        if option == "--color" and name in ("--no-color", "--no-colour"):
            found = "never"
        if name == option or (option == "--color" and name == "--colour"):
            found = value if equals else following
    return found


def painted_error(lines: Sequence[str], label: str = "error: ") -> list[str]:
    """An error in colour: its first word, and the carets under what is wrong."""
    from convcost.reports.theme import paint

    first, *rest = lines
    return [
        paint(label.rstrip(), "error") + first.removeprefix(label.rstrip()),
        *(paint(line, "caret") if line.strip() and not line.strip(" ^") else line for line in rest),
    ]
