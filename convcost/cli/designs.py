"""``convcost designs``: what is built in, one of them, or the check of a user's file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.exits import DONE, WRONG_INPUT

if TYPE_CHECKING:
    from convcost.language.library import Library

EXAMPLES = """Examples:

convcost designs mbconv

convcost designs --check my_block.toml
"""


def run(
    name: Annotated[
        str | None, typer.Argument(help="One design, by name or file.", show_default=False)
    ] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Validate a file and run its examples.")
    ] = None,
    design_path: o.DesignPath = None,
    form: o.Format = "table",
) -> int:
    """List the designs by family, or show one: diagram, parameters, source, a ready command."""
    from convcost.cli.output import check_format, write_reports
    from convcost.language.library import Library
    from convcost.reports.catalogue import catalogue_report, design_page, design_record
    from convcost.sources.table import is_file_name

    check_format(form)
    library = Library(design_path or ())
    if check is not None:
        return _check(library, check, form)
    if name is None:
        write_reports([catalogue_report(list(library.designs()))], form)
        return DONE
    design = library.add_file(Path(name)) if is_file_name(name) else library.find(name)
    if form == "table":
        from convcost.cli.output import terminal_settings

        settings = terminal_settings()
        sys.stdout.write(
            design_page(library, design, settings["width"], unicode=settings["unicode"])
        )
    elif form in ("json", "jsonl"):
        from convcost.reports.json import line

        sys.stdout.write(line(design_record(design)).decode())
    else:
        write_reports([catalogue_report([design])], form)
    return DONE


def _check(library: Library, path: Path, form: str) -> int:
    """Exit code 0 where all examples hold, 2 where one does not."""
    from convcost.cli.output import write_reports
    from convcost.reports.catalogue import check_report
    from convcost.studies.checking import check_examples

    design = library.add_file(path)
    outcomes = check_examples(library, design)
    write_reports([check_report(design, outcomes)], form)
    return DONE if all(outcome.holds for outcome in outcomes) else WRONG_INPUT
