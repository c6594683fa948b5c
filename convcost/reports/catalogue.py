"""The list of designs as a Report."""

from __future__ import annotations

from collections.abc import Sequence

from convcost.reports.report import Column, Report
from convcost.specs.templates import Design


def catalogue_report(designs: Sequence[Design]) -> Report:
    """A row per design, by family."""
    records = tuple(
        {
            "name": design.name,
            "family": design.family,
            "summary": design.summary,
            "source": design.source,
            "parameters": {name: p.shown for name, p in design.parameters.items()},
        }
        for design in sorted(designs, key=lambda design: (design.family, design.name))
    )
    return Report(
        title="designs",
        columns=(
            Column("family", "family"),
            Column("name", "name"),
            Column("summary", "what it is for", wrap=True),
            Column("source", "source", rank=1, wrap=True),
        ),
        rows=tuple((r["family"], r["name"], r["summary"], r["source"]) for r in records),
        total=None,
        caption="convcost designs NAME shows one",
        notes=(),
        document={"schema": "convcost.designs/1", "designs": list(records)},
        records=records,
    )
