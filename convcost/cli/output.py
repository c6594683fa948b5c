"""Writing: data to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from convcost.errors import ConvcostError, SpecError, did_you_mean, shorten
from convcost.quantities import format_shape
from convcost.reports.report import Report

WIDTH_WHEN_PIPED = 80


def check_format(form: str) -> None:
    """Refuse an unknown format with the nearest known one."""
    from convcost.reports.formats import FORMATS

    check_choice("--format", form, FORMATS)


def check_choice(option: str, word: str, known: Sequence[str]) -> None:
    """Refuse an unknown word of an option with the nearest known one."""
    if word not in known:
        raise SpecError(
            f"{shorten(word, 40)} is not a {option.removeprefix('--')}",
            place=f"{option} {shorten(word, 40)}",
            hint=did_you_mean(word, known),
        )


def terminal_settings() -> dict[str, Any]:
    """Width, colour and character set of standard output.

    Colour needs a terminal and no NO_COLOR; a pipe is 80 columns wide unless COLUMNS says
    otherwise.
    """
    import os
    import shutil

    out = sys.stdout
    is_terminal = out.isatty()
    encoding = (getattr(out, "encoding", None) or "").lower().replace("-", "")
    color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    fallback = (WIDTH_WHEN_PIPED, 24)
    if is_terminal or os.environ.get("COLUMNS", "").isdigit():
        width = shutil.get_terminal_size(fallback).columns
    else:
        width = WIDTH_WHEN_PIPED
    return {"width": max(width, 20), "color": color, "unicode": encoding.startswith("utf")}


def write_reports(reports: Sequence[Report], form: str) -> None:
    """Render and print."""
    from convcost.reports.formats import render

    settings = terminal_settings() if form == "table" else {}
    sys.stdout.write(render(reports, form, **settings))


def write_values(roots: Sequence[dict[str, Any]], path: str) -> None:
    """``--get``: the value at ``path`` in each document, bare, one a line."""
    lines = [bare(get_value(root, path)) for root in roots]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def get_value(root: dict[str, Any], path: str) -> Any:
    """The value at a dotted path: keys, indexes, or the name of a layer or design.

    Names may hold dots themselves: the longest name that fits is taken.
    """
    value: Any = root
    rest = path
    while rest:
        children = _children(value)
        names = [name for name in children if rest == name or rest.startswith(f"{name}.")]
        if not names:
            raise SpecError(
                f"there is no field {shorten(rest, 40)}",
                place=f"--get {shorten(path, 60)}",
                hint=did_you_mean(rest, children) if children else None,
            )
        name = max(names, key=len)
        value = children[name]
        rest = rest[len(name) + 1 :]
    return value


def _children(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        children = dict(value)
        for key in ("designs", "layers"):
            parts = value.get(key)
            for part in parts if isinstance(parts, list) else ():
                children.setdefault(part.get("design") or part.get("name"), part)
        return children
    if isinstance(value, list | tuple):
        by_index = {str(index): part for index, part in enumerate(value)}
        by_name = {
            str(part.get("design") or part.get("name")): part
            for part in value
            if isinstance(part, dict)
        }
        return {**by_name, **by_index}
    return {}


def bare(value: Any) -> str:
    """A value as a shell wants it: numbers as digits, shapes as 56x56x64, text unquoted."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(part, int) for part in value):
        return format_shape(value)
    from convcost.reports.json import line

    return line(value).decode().rstrip("\n")


def print_error(error: ConvcostError) -> None:
    """``error:`` and the lines of an error, on standard error."""
    first, *rest = error.lines()
    sys.stderr.write("\n".join([f"error: {first}", *rest]) + "\n")
