"""Writing: data to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from convcost.cli.coloring import CHOICES, painted_error, typed, wants_color
from convcost.cli.options import OutputOptions
from convcost.cli.writer import complain
from convcost.errors import ConvcostError, SpecError, did_you_mean, shorten
from convcost.reports.escaping import visible
from convcost.reports.report import PLAIN_LOOK, Look, Report

WIDTH_WHEN_PIPED = 80


def chosen_format(options: OutputOptions) -> str:
    """The one format that was asked for. Raises SpecError for an unknown one, or for two."""
    from convcost.reports.formats import FORMATS, form_of

    short = {
        "json": options.json,
        "csv": options.csv,
        "markdown": options.md,
        "latex": options.latex,
    }
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


NOUNS = {"--format": "a format", "--lang": "a language of convcost", "--by": "a way to compare"}
"""What the words of an option are."""


def check_choice(option: str, word: str, known: Iterable[str]) -> None:
    """Refuse an unknown word of an option with the nearest known one."""
    if word not in known:
        message = f"{shorten(word, 40)} is not {NOUNS.get(option, f'a value of {option}')}"
        raise SpecError(
            message,
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


def write_values(
    roots: Sequence[Mapping[str, Any] | None], paths: str, options: OutputOptions
) -> None:
    """``--get``: the values at ``paths`` in each document, bare: a line each, tabs between."""
    from convcost.cli.getting import lines_of

    emit(options, "".join(f"{line}\n" for line in lines_of(roots, paths)))


def print_error(error: ConvcostError) -> None:
    """``error:`` and the lines of an error, on standard error."""
    if isinstance(error, SpecError) and error.place is not None and ".toml: " in error.place:
        from convcost.sources.locating import with_toml_line

        error.place = with_toml_line(error.place)
    lines = list(map(visible, error.lines()))
    has_hint = error.hint is not None or bool(getattr(error, "choices", ()))
    print_lines(lines, has_hint)


def folded(lines: Sequence[str], width: int) -> list[str]:
    """Lines of words at a terminal's width; commands, texts with carets and places stay whole."""
    import re
    import textwrap

    from convcost.reports.widths import fold

    out: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        is_marked = bool(following.strip()) and not following.strip(" ^")
        if len(line) <= width or is_marked:
            out.append(line)
            continue
        if not line.isascii():
            out += fold(line, width, "  ")
            continue
        # What is to be copied is one word: a command up to the next comma.
        held = re.sub(r"convcost [^,;]*", lambda match: match[0].replace(" ", "\0"), line)
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        parts = textwrap.wrap(
            held,
            width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        out += [part.replace("\0", " ") for part in parts]
    return out


def _stderr_width() -> int | None:
    """The width of the terminal that errors go to; None where they go elsewhere, unfolded."""
    import shutil

    if sys.stderr is None or not sys.stderr.isatty():
        return None
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def print_lines(lines: list[str], has_hint: bool) -> None:
    """An error on standard error: in the language and in the colour that is wanted."""
    from convcost.cli.speaking import speaker

    label, speaks = "error: ", speaker()
    if speaks is not None:
        lines, label = speaks.error(lines, has_hint), speaks.text(label)
    lines = [f"{label}{lines[0]}", *lines[1:]]
    width = _stderr_width()
    lines = lines if width is None else folded(lines, width)
    if wants_color(sys.stderr, typed("--color", sys.argv)):
        lines = painted_error(lines, label)
    complain("\n".join(lines) + "\n")


def print_notes(notes: Iterable[str]) -> None:
    """Sentences on how words were read, on standard error, each once."""
    lines = [f"note: {visible(note)}" for note in dict.fromkeys(notes)]
    if not lines:
        return
    from convcost.cli.speaking import speech

    said, width = speech(), _stderr_width()
    for line in lines:
        spoken = [said(f"{line}\n").rstrip("\n")]
        parts = spoken if width is None else folded(spoken, width)
        complain("".join(f"{part}\n" for part in parts))
