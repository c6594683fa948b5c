"""JSON lines: the records of reports, one compact object a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from convcost.reports.report import PLAIN_LOOK, Look, Report


def line(document: dict[str, Any]) -> bytes:
    """One document on one line, without spaces, UTF-8.

    pydantic's serializer, since a stream spends much of its time here: it takes a third of the
    standard library's time.
    """
    return to_json(document) + b"\n"


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """The records of all reports."""
    return b"".join(line(record) for report in reports for record in report.records()).decode()
