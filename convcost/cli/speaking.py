"""The language of what is written to standard error, and of help: that of ``--lang``.

English costs nothing here: neither a catalogue nor the translator is loaded for it. Knows no
message; they are in the catalogue of each language.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from convcost.cli.coloring import typed


def translator(choice: str) -> Any:
    """What speaks the language that was asked for; None for English."""
    if choice == "en":
        return None
    from convcost.reports.translating import LANGUAGES, Translator, language

    name = language(choice)
    return Translator(name) if name in LANGUAGES and name != "en" else None


def speaker() -> Any:
    """What speaks the language of this command, whose words may not be parsed yet."""
    return translator(typed("--lang", sys.argv, "en"))


def speech() -> Callable[[str], str]:
    """How a line for people is said; an indented one stays indented."""
    speaks = speaker()
    return (lambda line: line) if speaks is None else speaks.page
