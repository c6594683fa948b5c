"""JSON: one document, indented for people to read too."""

from __future__ import annotations

import json
from collections.abc import Sequence

from convcost.reports.escaping import json_text
from convcost.reports.formats import merged
from convcost.reports.report import PLAIN_LOOK, Look, Report


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """The documents of all reports as one."""
    return json_text(json.dumps(merged(reports), indent=2)) + "\n"
