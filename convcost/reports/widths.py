"""Text in the cells of a terminal: how wide it is, and how it goes over several lines."""

from __future__ import annotations


def cell_width(text: str) -> int:
    """Cells that ``text`` takes: Chinese characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def runs(text: str) -> list[str]:
    """``text`` cut where characters of one cell and of two meet."""
    if text.isascii():
        return [text] if text else []
    from itertools import groupby

    return ["".join(run) for _, run in groupby(text, lambda char: cell_width(char) == 2)]


def padded(text: str, width: int, align: str = "left") -> str:
    """``text`` with spaces up to ``width`` cells."""
    spaces = " " * (width - cell_width(text))
    return spaces + text if align == "right" else text + spaces


def fold(text: str, width: int, indent: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` cells, at spaces where there are any.

    Leading spaces stay; further lines start with as many and ``indent``. Chinese, which has no
    spaces, may go on after any character. A word that is longer than a line is cut.
    """
    if cell_width(text) <= width:
        return [text.replace("\N{NO-BREAK SPACE}", " ")]
    body = text.lstrip(" ").replace(" %", "\N{NO-BREAK SPACE}%")
    start = text[: len(text) - len(body)]
    lines, line = [], start
    follow = start + indent if len(start + indent) < width else ""
    for glue, word in _words(body):
        space = glue if line.strip() else ""
        if cell_width(line + space + word) <= width:
            line += space + word
            continue
        if line.strip():
            lines.append(line)
            line = follow
        for char in word:
            if cell_width(line + char) > width:
                lines.append(line)
                line = follow
            line += char
    lines += [line] if line.strip() else []
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _words(text: str) -> list[tuple[str, str]]:
    """(the space before it, word): what stays on one line."""
    words = text.split(" ")
    if text.isascii():
        return [(" ", word) for word in words]
    import re

    return [
        ("" if at else " ", part)
        for word in words
        for at, part in enumerate(re.findall(_CHINESE, word) or [word])
    ]


_HAN = r"\u2e80-\u2fff\u3040-\u9fff\uf900-\ufaff"
_OPENING = r"\uff08\u201c"
_CLOSING = r"\uff0c\u3002\uff1b\uff1a\u3001\uff09\u201d\uff01\uff1f"
_CHINESE = (
    rf"[{_OPENING}]*(?:[{_HAN}]|[^{_HAN}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*"
    rf"|[{_CLOSING}]+|[{_OPENING}]+"
)
"""A character that may end a line, or letters and digits; with the marks that belong to it."""
