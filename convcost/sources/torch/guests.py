"""Other people's code: what it prints goes to standard error, and its errors become sentences."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

LONGEST = 2_000
"""The longest message of other people's code that is repeated; a traceback can be a book."""


@contextmanager
def guest() -> Iterator[None]:
    """Run a user's code: standard output is ours alone, so its prints go to standard error.

    The command line switches garbage collection off for its own short life; a user's code that
    makes models gets it back.
    """
    from sys import stderr

    was_on = gc.isenabled()
    gc.enable()
    try:
        with redirect_stdout(stderr):
            yield
    finally:
        if not was_on:
            gc.disable()


def in_words(error: BaseException) -> str:
    """``RuntimeError: its own message (net.py, line 7)``, on one line."""
    text = " ".join(str(error).split())
    words = f"{type(error).__name__}: {text}" if text else type(error).__name__
    words = words if len(words) <= LONGEST else words[: LONGEST - 3] + "..."
    place = _place(error)
    return f"{words} ({place})" if place else words


def _place(error: BaseException) -> str:
    """The innermost line of code that belongs neither to a library nor to convcost."""
    ours = str(Path(__file__).parents[2])
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        name = frame.filename
        if name.startswith((ours, "<")) or "site-packages" in name or "/lib/python" in name:
            continue
        return f"{Path(name).name}, line {frame.lineno}"
    return ""
