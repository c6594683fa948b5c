"""``convcost schema``: the published JSON Schemas."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from convcost.cli.exits import DONE


def run(
    what: Annotated[
        str,
        typer.Argument(
            help="spec, design, or a command: count, compare, swap, ...; without a word all.",
            show_default=False,
        ),
    ] = "all",
) -> int:
    """Print the JSON Schema of specs and results."""
    import json

    from convcost.reports.schemas import schema

    sys.stdout.write(json.dumps(schema(what), indent=2) + "\n")
    return DONE
