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


def padded(text: str, width: int, align: str = "left") -> str:
    """``text`` with spaces up to ``width`` cells."""
    spaces = " " * (width - cell_width(text))
    return spaces + text if align == "right" else text + spaces


def fold(text: str, width: int, indent: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` cells, at spaces where there are any.

    Leading spaces stay; further lines start with as many and ``indent``. A word that is longer
    than a line is cut.
    """
    if cell_width(text) <= width:
        return [text]
    body = text.lstrip(" ").replace(" %", "\N{NO-BREAK SPACE}%")
    start = text[: len(text) - len(body)]
    lines, line = [], start
    follow = start + indent if len(start + indent) < width else ""
    for word in body.split(" "):
        glue = "" if not line.strip() else " "
        if cell_width(line + glue + word) <= width:
            line += glue + word
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
