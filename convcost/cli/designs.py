"""``convcost designs``: what is built in, one of them, or the check of a user's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE, WRONG_INPUT

if TYPE_CHECKING:
    from convcost.language.library import Library
    from convcost.language.running import Design

EXAMPLES = """Examples:

convcost designs mbconv

convcost designs mbconv --format toml > mine.toml

convcost designs bottleneck --format mermaid

convcost designs --check my_block.toml
"""


@o.bundled
def run(
    name: Annotated[
        str | None,
        typer.Argument(
            help="One design, by name or file; a part of names, or a family.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    check: Annotated[
        Path | None,
        o.option(
            o.ADVANCED, "--check", metavar="FILE", help="Validate a file and run its examples."
        ),
    ] = None,
    design_path: o.DesignPath = None,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """List the designs by family, or show one: diagram, parameters, source, a ready command.

    One design has three formats more: toml, its file to start another from; dot and mermaid,
    its diagram for documents.
    """
    from convcost.cli.output import chosen_format, emit, print_notes, write_answer
    from convcost.errors import SpecError
    from convcost.reports.catalogue import catalogue_report, design_report
    from convcost.sources.texts import open_library

    library = open_library(design_path or ())
    if output.form == "toml":
        if name is None:
            raise SpecError("a file is shown by its name", hint="convcost designs mbconv -f toml")
        emit(output, library.source_text(name))
        return DONE
    if output.form in ("dot", "mermaid"):
        emit(output, _drawing(library, output.form, name))
        return DONE
    form = chosen_format(output)
    if check is not None:
        if name is not None:
            raise SpecError("--check is for one file", place=name, hint="leave the name out")
        return _check(library, check, output, form)
    designs, left_out = library.readable() if name is None else _matching(library, name)
    print_notes(left_out)
    if name is not None and len(designs) == 1:
        write_answer([design_report(library, designs[0])], output, form)
    else:
        write_answer([catalogue_report(library, designs)], output, form)
    return DONE


def _matching(library: Library, name: str) -> tuple[list[Design], list[str]]:
    """The design of that name or file, else all whose names hold the word."""
    from convcost.language.places import Nowhere
    from convcost.sources.names import design_of
    from convcost.sources.words import is_file_name

    if library.knows(name) or is_file_name(name):
        return [design_of(library, name, Nowhere(), name)], []
    readable, problems = library.readable(library.names())
    word = name.lower()
    parts = [design for design in readable if word in design.name or word == design.family]
    if not parts:
        return [design_of(library, name, Nowhere(), name)], []
    return parts, problems


def _drawing(library: Library, form: str, name: str | None) -> str:
    """One design in the language of a drawing program."""
    from convcost.errors import SpecError
    from convcost.reports.drawings import DRAWINGS
    from convcost.studies.census import shown_example

    designs = [] if name is None else list(_matching(library, name)[0])
    if len(designs) != 1:
        raise SpecError(
            "one design is drawn at a time", place=name, hint=f"convcost designs mbconv -f {form}"
        )
    shown = shown_example(library, designs[0])
    if shown is None:
        raise SpecError(
            f"{designs[0].name} has no input to be drawn on",
            hint="add [[examples]] with an input to its file",
        )
    return DRAWINGS[form](designs[0].name, shown[0].graph)


def _check(library: Library, path: Path, output: o.OutputOptions, form: str) -> int:
    """Exit code 0 where all examples hold, 2 where one does not."""
    from convcost.cli.output import write_answer
    from convcost.reports.catalogue import check_report
    from convcost.studies.checking import check_examples

    design = library.add_file(path)
    outcomes = check_examples(library, design)
    write_answer([check_report(design, outcomes)], output, form)
    return DONE if all(outcome.holds for outcome in outcomes) else WRONG_INPUT
