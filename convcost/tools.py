"""Other tools from Python: what they would report, and where a printed figure comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcost.api import What, opened
from convcost.errors import ConvcostError
from convcost.results import PageResult


def conventions(
    *what: What, tool: str | None = None, also: Sequence[str] = (), **options: Any
) -> PageResult:
    """What each tool would report for one thing, under its own word.

    ``tool`` derives one tool's number, kind of layer by kind; ``also`` are files of rules that
    stand beside the tools. Raises ConvcostError for an unknown tool, or for several things.
    """
    from convcost.reports.conventions import conventions_report, tool_report
    from convcost.studies.conventions import conventions_of
    from convcost.studies.explaining import only_subject

    if tool is not None and also:
        raise ConvcostError("tool derives one number: no other stands beside it")
    subject = only_subject(opened(*what, **options), "conventions")
    found = conventions_of(subject, [tool] if tool else (), also)
    return PageResult(tool_report(found, found.tools[0]) if tool else conventions_report(found))


def reconcile(
    *what: What, reported: str | int | None = None, params: str | int | None = None, **options: Any
) -> PageResult:
    """The conventions, or the named steps away from convcost's count, that give one figure.

    The figure is as it is printed: ``reported`` (MACs or FLOPs, ``"4.12G"``) or ``params``
    (``"25.6M"``). Raises ConvcostError where there is none, or both.
    """
    from convcost.quantities import parse_printed
    from convcost.reports.reconciling import reconcile_report
    from convcost.studies.reconciling import reconcile_of

    given = {"macs": reported, "params": params}
    printed = {key: parse_printed(str(text)) for key, text in given.items() if text is not None}
    if len(printed) != 1:
        raise ConvcostError("reconcile takes one figure: reported or params")
    (found,) = reconcile_of(opened(*what, **options), printed)
    return PageResult(reconcile_report(found))
