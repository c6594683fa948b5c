"""Text of files on its way into a report: it means itself, in every format, and nothing else.

A name, a summary or a source may hold escape sequences, line ends, marks that turn the direction
of writing round, formulas of spreadsheets, and markup. Each format has one function here, and
each text goes through it once.
"""

from __future__ import annotations

import re
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet would run, as OWASP lists them, full-width ones too."""

_MARKUP = frozenset("\\`|<>[]*_!#$~&")
_LINE_STARTS = r"[-+=]|\d+[.)]"
_LINKS = r"(?i)(?<=[a-z])(://)|(?<=www)(\.)"
_MAIL = r"(?<=[\w.+-])@(?=[\w-]+\.)"
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
        '"': r"\char34{}",  # a shorthand in some languages
        "-": "-{}",  # else two of them would become a dash
        ",": ",{}",  # and two of these a quotation mark
        "?": "?{}",
        "!": "!{}",
        "\u00d7": r"$\times$",
        "\u00df": r"\ss{}",
    }
)
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
"""Marks that every LaTeX can put on a letter."""


def visible(text: str) -> str:
    """Text on one line, with what cannot be seen as its code: ``\\x1b``, ``\\n``, ``\\u202e``."""
    return text if text.isprintable() else "".join(map(_code, text))


def _code(char: str) -> str:
    """One character, or its code where a terminal would act on it or show nothing."""
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def visible_lines(text: str) -> str:
    """Text of several lines, each of them visible."""
    if text.replace("\n", "").isprintable():
        return text
    return "\n".join(map(visible, text.split("\n")))


def csv_cell(cell: Any) -> Any:
    """A text as it is, but for one that a spreadsheet would take for a formula."""
    if not isinstance(cell, str):
        return cell
    cell = visible(cell)
    return f"'{cell}" if cell.lstrip().startswith(FORMULA_STARTS) else cell


def markdown_text(text: str) -> str:
    """Text that means itself: no cell ends early, no markup and no link comes from a name."""
    body = text.lstrip(" ")
    indent = "&nbsp;" * (len(text) - len(body))
    shown = "".join(f"\\{char}" if char in _MARKUP else char for char in visible(body))
    shown = re.sub(_LINKS, lambda link: f"\\{link.group()}", shown)
    # An address is found after backslashes are gone; a comment, which shows nothing, parts it.
    return indent + re.sub(_MAIL, "<!-- -->@", shown)


def markdown_line(text: str) -> str:
    """The same for a line of its own, which must not begin a list or a heading."""
    shown = markdown_text(text)
    start = re.match(_LINE_STARTS, shown)
    return shown if start is None else f"{shown[: start.end() - 1]}\\{shown[start.end() - 1 :]}"


def latex_text(text: str) -> str:
    """Text that means itself in LaTeX; leading spaces, which show nesting, stay."""
    body = text.lstrip(" ")
    indent = "\\quad " * ((len(text) - len(body)) // 2)
    shown = visible(body)
    if shown.isascii():
        return indent + _latex_letters(shown)
    from itertools import groupby

    parts = (("".join(chars), known) for known, chars in groupby(shown, _is_known_to_latex))
    return indent + "".join(
        _latex_letters(part) if known else _latex_foreign(part) for part, known in parts
    )


def _latex_letters(text: str) -> str:
    """Characters that every LaTeX has; what a letter before it cannot join needs no braces."""
    shown = text.translate(_LATEX)
    return re.sub(r"([-,?!])\{\}(?![-,?!`'])", r"\1", shown)


def _is_known_to_latex(char: str) -> bool:
    """Whether pdfLaTeX with its first fonts has a character."""
    from unicodedata import normalize

    letter, *marks = list(normalize("NFD", char))
    return char in "\u00d7\u00df" or (letter.isascii() and len(marks) < 2 and {*marks} <= _ACCENTS)


def _latex_foreign(text: str) -> str:
    """Other characters: themselves where the engine reads Unicode, else their numbers."""
    codes = " ".join(f"U+{ord(char):04X}" for char in text)
    return f"\\ifdefined\\Umathcode {text}\\else [{codes}]\\fi{{}}"


def html_text(text: str) -> str:
    """Text that means itself in HTML, in an attribute too."""
    return visible_lines(text).translate(_HTML)


_UNSEEN = "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"


def json_text(text: str) -> str:
    """JSON with what cannot be seen as ``\\uXXXX``: the same document, and safe to look at."""
    return re.sub(_UNSEEN, lambda char: f"\\u{ord(char.group()):04x}", text)
