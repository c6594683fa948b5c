"""Writing: data to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from convcost.cli.options import OutputOptions
from convcost.cli.writer import complain
from convcost.errors import ConvcostError, SpecError, did_you_mean, shorten
from convcost.quantities import Amount, format_shape
from convcost.reports.escaping import visible
from convcost.reports.report import PLAIN_LOOK, Look, Report

WIDTH_WHEN_PIPED = 80


def chosen_format(options: OutputOptions) -> str:
    """The one format that was asked for. Raises SpecError for an unknown one, or for two."""
    from convcost.reports.formats import FORMATS, form_of

    short = {"json": options.json, "csv": options.csv, "markdown": options.md}
    asked = [form for form, given in short.items() if given]
    if options.form != "table":
        check_choice("--format", options.form, FORMATS)
        asked.append(options.form)
    if len(set(asked)) > 1:
        raise SpecError("two formats are asked for", place=", ".join(asked), hint="name one")
    if asked and options.get is not None:
        raise SpecError(
            "--get prints bare values, without a format",
            place=f"--get {shorten(options.get, 60)}",
            hint="leave one of them out",
        )
    if not asked and options.output is not None and options.get is None:
        with suppress(ConvcostError):
            return form_of(options.output)
    return asked[0] if asked else "table"


def check_choice(option: str, word: str, known: Iterable[str]) -> None:
    """Refuse an unknown word of an option with the nearest known one."""
    if word not in known:
        raise SpecError(
            f"{shorten(word, 40)} is not a {option.removeprefix('--')}",
            place=f"{option} {shorten(word, 40)}",
            hint=did_you_mean(word, known),
        )


def emit(options: OutputOptions, text: str) -> None:
    """The one way out: standard output, or the file of ``--output``, whole or not at all."""
    if options.output is None:
        sys.stdout.write(text)
        return
    from convcost.reports.writing import write_whole

    write_whole(options.output, text)


def terminal_look() -> Look:
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
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and len(columns) < 6 and int(columns):
        width = int(columns)
    else:
        width = shutil.get_terminal_size(fallback).columns if is_terminal else WIDTH_WHEN_PIPED
    return Look(max(width, 20), color, encoding.startswith("utf"))


def write_reports(reports: Sequence[Report], form: str, options: OutputOptions) -> None:
    """Render and write."""
    from convcost.reports.formats import FORMATS

    for_terminal = form == "table" and options.output is None
    look = terminal_look() if for_terminal else PLAIN_LOOK
    emit(options, FORMATS[form].render(reports, look))


def write_answer(reports: Sequence[Report], options: OutputOptions, form: str) -> None:
    """What most commands end with: the bare values of ``--get``, or the reports in a format."""
    if options.get is None:
        write_reports(reports, form, options)
    else:
        write_values([report.document() for report in reports], options.get, options)


def write_values(roots: Sequence[dict[str, Any]], paths: str, options: OutputOptions) -> None:
    """``--get``: the values at ``paths`` in each document, bare: a line each, tabs between."""
    wanted = [path.strip() for path in paths.split(",")]
    lines = ["\t".join(bare(get_value(root, path)) for path in wanted) for root in roots]
    emit(options, "".join(f"{line}\n" for line in lines))


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
        value = _figure(value, name, children[name])
        rest = rest[len(name) + 1 :]
    return value


def _figure(owner: Any, key: str, value: Any) -> Any:
    """A figure of a partial count is what it is, a lower bound."""
    from convcost.engine.figures import FIGURES

    is_partial = isinstance(owner, dict) and owner.get("status") == "partial"
    if is_partial and key in FIGURES and isinstance(value, int):
        return Amount(value, is_bound=True)
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
    if isinstance(value, str | Amount):
        return visible(str(value))
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(part, int) for part in value):
        return format_shape(value)
    from convcost.reports.jsonl import line

    return line(value).decode().rstrip("\n")


def print_error(error: ConvcostError) -> None:
    """``error:`` and the lines of an error, on standard error."""
    first, *rest = map(visible, error.lines())
    complain("\n".join([f"error: {first}", *rest]) + "\n")


def print_notes(notes: Iterable[str]) -> None:
    """Sentences on how words were read, on standard error, each once."""
    for note in dict.fromkeys(notes):
        complain(f"note: {visible(note)}\n")
