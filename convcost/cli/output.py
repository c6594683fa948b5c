"""Writing: data to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from convcost.cli.coloring import CHOICES, painted_error, typed, wants_color
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
    check_choice("--color", options.color, CHOICES)
    if options.lang != "en":
        _check_language(options, {*asked})
    if options.color == "always" and (options.get is not None or {*asked} - {"table"}):
        raise SpecError(
            "--color changes nothing here", place="--color always", hint="it is for tables"
        )
    if asked and options.get is not None:
        raise SpecError(
            "--get prints bare values, without a format",
            place=f"--get {shorten(options.get, 60)}",
            hint="leave one of them out",
        )
    if not asked and options.output is not None and options.get is None:
        try:
            return form_of(options.output)
        except ConvcostError as problem:
            if "." in Path(options.output).name:
                print_notes([f"{problem.message}: a table is written"])
    return asked[0] if asked else "table"


def _check_language(options: OutputOptions, asked: set[str]) -> None:
    """Refuse an unknown language, and one that changes nothing."""
    from convcost.reports.formats import FOR_PEOPLE

    check_choice("--lang", options.lang, ("en", "zh", "auto"))
    is_for_programs = options.get is not None or not asked <= {*FOR_PEOPLE}
    if options.lang != "auto" and is_for_programs:
        raise SpecError(
            "--lang changes nothing here", place=f"--lang {options.lang}", hint="it is for tables"
        )


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


def terminal_look(choice: str = "auto", verbose: bool = False) -> Look:
    """Width, colour and character set of standard output; only a terminal is brief.

    A pipe is 80 columns wide unless COLUMNS says otherwise.
    """
    import os
    import shutil

    out = sys.stdout
    is_terminal = out.isatty()
    encoding = (getattr(out, "encoding", None) or "").lower().replace("-", "")
    color = wants_color(out, choice)
    fallback = (WIDTH_WHEN_PIPED, 24)
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and len(columns) < 6 and int(columns):
        width = int(columns)
    else:
        width = shutil.get_terminal_size(fallback).columns if is_terminal else WIDTH_WHEN_PIPED
    brief = is_terminal and not verbose
    return Look(max(width, 20), color, encoding.startswith("utf"), brief, verbose)


def write_reports(
    reports: Sequence[Report], form: str, options: OutputOptions, verbose: bool = False
) -> None:
    """Render and write."""
    from convcost.reports.formats import FORMATS

    if form == "table" and options.output is None:
        look = terminal_look(options.color, verbose)
    else:
        look = PLAIN_LOOK._replace(color=options.color == "always", verbose=verbose)
    if options.lang != "en" and FORMATS[form].holds == "text":
        from convcost.cli.speaking import translator

        speaks = translator(options.lang)
        if speaks is not None:
            reports = [speaks.report(report) for report in reports]
            look = look._replace(speaker=speaks)
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
            from convcost.cli.elsewhere import OPTIONS

            elsewhere = OPTIONS.get(f"--{rest.replace('_', '-')}")
            if elsewhere is not None:
                place = f"--get {shorten(path, 60)}"
                raise SpecError(elsewhere[0], place=place, hint=elsewhere[1])
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

    if not isinstance(owner, dict):
        return value
    is_bound = owner.get("status") == "partial" or key in owner.get("bounds", ())
    if is_bound and key in FIGURES and isinstance(value, int):
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
    lines = list(map(visible, error.lines()))
    has_hint = error.hint is not None or bool(getattr(error, "choices", ()))
    print_lines(lines, has_hint)


def print_lines(lines: list[str], has_hint: bool) -> None:
    """An error on standard error: in the language and in the colour that is wanted."""
    from convcost.cli.speaking import speaker

    label, speaks = "error: ", speaker()
    if speaks is not None:
        lines, label = speaks.error(lines, has_hint), speaks.text(label)
    lines = [f"{label}{lines[0]}", *lines[1:]]
    if wants_color(sys.stderr, typed("--color", sys.argv)):
        lines = painted_error(lines, label)
    complain("\n".join(lines) + "\n")


def print_notes(notes: Iterable[str]) -> None:
    """Sentences on how words were read, on standard error, each once."""
    lines = [f"note: {visible(note)}\n" for note in dict.fromkeys(notes)]
    if not lines:
        return
    from convcost.cli.speaking import speech

    said = speech()
    for line in lines:
        complain(said(line))
