"""What one token of a command line is: an option, its value, or a word."""

from __future__ import annotations

from typing import Any

FORMAT_WORDS = {
    "md": "markdown",
    "tex": "latex",
    "htm": "html",
    "ndjson": "jsonl",
    "mmd": "mermaid",
    "txt": "table",
    "text": "table",
}
"""Endings and other names of formats."""

BARE = "-"
"""The value of an option that may stand without one, where it does."""


def may_be_bare(param: Any) -> bool:
    """Whether an option may stand without its value: ``--chart [FILE]``."""
    return str(param.metavar).startswith("[")


def is_value(param: Any, word: str) -> bool:
    """Whether the next word belongs to an option, which may stand without one.

    Not where it is an option itself, or no number where a number is asked for.
    """
    if not may_be_bare(param) or word == BARE:
        return True
    if "," not in param.metavar:
        return not word.startswith("-")
    return "," in word or word.rstrip("kKMGTB").replace(".", "", 1).isdigit()


def is_short(token: str) -> bool:
    """``-k`` or ``-k3``; neither standard input nor a number."""
    return len(token) > 1 and token[0] == "-" and not token[1].isdigit()


def is_flag(param: Any) -> bool:
    """Whether an option has no value."""
    return bool(getattr(param, "is_flag", False) or getattr(param, "count", False))


def format_word(text: str) -> str:
    """The name of a format in whatever case, or by its ending; what is none stays as it is."""
    from convcost.reports.formats import FORMATS

    word = FORMAT_WORDS.get(text.lower(), text.lower())
    own = ("toml", "dot", "mermaid", "github", "junit")
    return word if word in FORMATS or word in own else text
