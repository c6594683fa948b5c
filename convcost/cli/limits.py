"""``--max-FIGURE``: an option for each figure of the table that a budget can be set on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from convcost.cli import options as o
from convcost.cli.exits import DONE, LIMIT
from convcost.cli.writer import complain
from convcost.engine.figures import FIGURES
from convcost.reports.escaping import visible

if TYPE_CHECKING:
    from convcost.engine.figures import Measured
    from convcost.studies.limits import Verdict


def _field(key: str) -> tuple[str, Any]:
    figure = FIGURES[key]
    is_bytes = figure.unit == "bytes"
    name = f"--max-{key.replace('_', '-')}"
    example = "320KiB" if is_bytes else "50" if key == "depth" else "300M"
    help = f"Exit 1 above: {figure.about} ({example})."
    metavar = "BYTES" if is_bytes else "COUNT"
    return f"max_{key}", Annotated[str | None, o.option(o.LIMITS, name, help=help, metavar=metavar)]


KEYS = tuple(key for key, figure in FIGURES.items() if figure.has_limit)
"""The figures that a limit can be set on."""

Limits = NamedTuple("Limits", [_field(key) for key in KEYS])  # type: ignore[misc]
"""The texts of all limits; made from the table of figures."""

Limits.__new__.__defaults__ = (None,) * len(KEYS)
Limits._field_defaults = dict.fromkeys(Limits._fields)
NO_LIMITS = Limits()


def asked_limits(limits: Any) -> dict[str, int]:
    """Limits that were given, as numbers by figure. Raises SpecError."""
    from convcost.cli.settings import limit

    numbers = {key: limit(key, text) for key, text in zip(KEYS, limits, strict=True)}
    return {key: number for key, number in numbers.items() if number is not None}


def print_verdicts(
    name: str, measured: Measured, limits: Mapping[str, int], strict: bool = False
) -> int:
    """A line on standard error for each limit that is broken or cannot be known; the exit code."""
    from convcost.studies.limits import verdicts

    code = DONE
    for verdict in verdicts(name, measured, limits) if limits else ():
        line = verdict_line(verdict)
        if line is not None:
            from convcost.cli.speaking import speech

            complain(f"{speech()(visible(line))}\n")
        if verdict.status == "broken" or (verdict.status == "unknown" and strict):
            code = LIMIT
    return code


def verdict_line(verdict: Verdict) -> str | None:
    """What a reader is told of a limit; None where it holds."""
    from convcost.quantities import format_bytes, format_count

    figure = FIGURES[verdict.figure]
    words = {"macs": "MACs", "params": "parameters"}.get(figure.key, figure.title)
    show = format_count
    value, most = verdict.value.text(show), show(verdict.limit)
    if figure.unit == "bytes":
        words = f"bytes of {figure.title} ({format_bytes(verdict.value.value)})"
    if verdict.status == "broken":
        return f"limit: {verdict.name} has {value} {words}, more than {most}"
    if verdict.status == "unknown":
        return f"limit unknown: {verdict.name} has {value} {words}, and {most} are allowed"
    return None
