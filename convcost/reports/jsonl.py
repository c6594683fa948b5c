"""JSON lines: the records of reports, one compact object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from convcost.reports.escaping import json_text
from convcost.reports.report import PLAIN_LOOK, Look, Report


def line(document: dict[str, Any]) -> bytes:
    """One document on one line, without spaces, UTF-8.

    pydantic's serializer, since a stream spends much of its time here: it takes a third of the
    standard library's time. What cannot be seen is written as its code.
    """
    try:
        written = to_json(document)
    except ValueError:  # half of a surrogate pair has no UTF-8
        return json_text(json.dumps(document, separators=(",", ":"))).encode() + b"\n"
    if not written.isascii() or b"\x7f" in written:
        written = json_text(written.decode()).encode()
    return written + b"\n"


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """The records of all reports."""
    return b"".join(line(record) for report in reports for record in report.records()).decode()
