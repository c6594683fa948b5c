"""JSON: a document, indented, or the records of a Report, one compact line each."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import to_json

from convcost.reports.report import Report


def line(document: dict[str, Any]) -> bytes:
    """One document on one line, without spaces, UTF-8.

    pydantic's serializer, since a stream spends much of its time here: it takes a third of the
    standard library's time.
    """
    return to_json(document) + b"\n"


def render(document: dict[str, Any]) -> str:
    """A document for people to read too."""
    return json.dumps(document, indent=2) + "\n"


def render_lines(report: Report) -> str:
    """The records."""
    return b"".join(map(line, report.records())).decode()
