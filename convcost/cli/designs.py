"""``convcost designs``: what is built in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from convcost.cli import options as o


def run(
    name: Annotated[str | None, typer.Argument(help="One design.", show_default=False)] = None,
    design_path: o.DesignPath = None,
    form: o.Format = "table",
) -> int:
    """List the designs by family, or show one: its parameters, its source, a ready command."""
    from convcost.cli.output import check_format, write_reports
    from convcost.reports.catalogue import catalogue_report
    from convcost.specs.catalogue import Library

    check_format(form)
    library = Library(design_path or ())
    designs = [library.find(name)] if name else list(library.designs())
    write_reports([catalogue_report(designs)], form)
    sys.stdout.flush()
    return 0
