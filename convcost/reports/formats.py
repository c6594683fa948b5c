"""The table of output formats. A new one is one file beside this and one line here.

Command line, API, help and completion read this table; each file renders any Report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Literal, NamedTuple

from convcost.errors import ConvcostError, did_you_mean
from convcost.reports.escaping import visible, visible_lines
from convcost.reports.report import PLAIN_LOOK, Look, Report, Shown


class Format(NamedTuple):
    """One format: its file in this folder, the endings of files that hold it, what it is.

    ``holds``: a text for people, bare rows, or whole documents, which have no columns to choose.
    """

    module: str
    endings: tuple[str, ...]
    about: str
    holds: Literal["text", "rows", "documents"] = "text"

    def render(self, reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
        """Several reports of one command as one text."""
        write: Callable[[Sequence[Report], Look], str]
        write = import_module(f"convcost.reports.{self.module}").render
        reports = list(map(_printable, reports))
        form = next(name for name, one in FORMATS.items() if one is self)
        if not any(form in report.own for report in reports):
            return write(reports, look)
        return "\n".join(
            report.own[form](look) if form in report.own else write([report], look)
            for report in reports
        )


def _printable(report: Report) -> Report:
    """A report whose texts are all visible, each on one line."""
    own = {
        form: (lambda look, write=write: _page(write(look), look))
        for form, write in report.own.items()
    }
    return report._replace(
        title=visible(report.title),
        columns=tuple(column._replace(title=visible(column.title)) for column in report.columns),
        rows=tuple(tuple(map(_cell, row)) for row in report.rows),
        total=None if report.total is None else tuple(map(_cell, report.total)),
        caption=visible(report.caption),
        notes=tuple(map(visible, report.notes)),
        answer=visible(report.answer),
        short=tuple(map(visible, report.short)),
        own=own,
    )


def _page(text: str, look: Look) -> str:
    """A text of a report's own; where colours are wanted, ``paint`` has escaped what is in them."""
    return text if look.color else visible_lines(text)


def _cell(cell: Any) -> Any:
    if isinstance(cell, Shown):
        return Shown(visible(cell), _cell(cell.value))
    return visible(cell) if isinstance(cell, str) else cell


FORMATS: dict[str, Format] = {
    "table": Format("terminal", (".txt",), "for people"),
    "json": Format("json", (".json",), "one document", "documents"),
    "jsonl": Format("jsonl", (".jsonl", ".ndjson"), "one object a line", "documents"),
    "csv": Format("csv", (".csv",), "a row a line, for data frames", "rows"),
    "markdown": Format("markdown", (".md",), "for documents"),
    "latex": Format("latex", (".tex",), "booktabs, for papers"),
    "svg": Format("svg", (".svg",), "a picture, as a terminal shows it"),
    "html": Format("html", (".html", ".htm"), "for a browser"),
}
"""Every format by the word that ``--format`` takes."""

FOR_PEOPLE = tuple(form for form, one in FORMATS.items() if one.holds == "text")
"""Those in which numbers may be shortened and rows left out."""

WITH_COLUMNS = tuple(form for form, one in FORMATS.items() if one.holds != "documents")
"""Those in which columns are chosen and layers folded."""


def form_of(path: str) -> str:
    """The format that the ending of a file name stands for. Raises ConvcostError."""
    for form, one in FORMATS.items():
        if path.lower().endswith(one.endings):
            return form
    endings = [one.endings[0] for one in FORMATS.values()]
    raise ConvcostError(
        f"the ending of {path} stands for no format", hint=did_you_mean(path, endings)
    )


def merged(reports: Sequence[Report]) -> dict[str, Any]:
    """One document that holds the lists of all: results after results."""
    documents = [report.document() for report in reports]
    return {
        key: [part for document in documents for part in document[key]]
        if isinstance(value, list)
        else value
        for key, value in documents[0].items()
    }
