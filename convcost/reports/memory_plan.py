"""A planner's layout as a Report: offsets by time, one row a step; and as JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from convcost.engine.memory.planner import ALIGNMENT, Buffer, Plan
from convcost.quantities import format_bytes, format_count, format_times
from convcost.reports.report import Column, Report, Shown

PLAN_SCHEMA = "convcost.plan/1"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FREE = "."
PICTURE_WIDTH = 36


def plan_report(name: str, plan: Plan, live: int, *, width: int = PICTURE_WIDTH) -> Report:
    """A row per step: what it makes, where that lies, and the arena while it runs.

    ``live`` is the most bytes alive at once, with which the arena is compared.
    """
    letters = {buffer: LETTERS[n % len(LETTERS)] for n, buffer in enumerate(plan.buffers)}
    made = {buffer.first: buffer for buffer in plan.buffers if buffer.first}
    inputs = [buffer for buffer in plan.buffers if not buffer.first]
    rows = [_row(plan, letters, 0, buffer.name, buffer, width) for buffer in inputs]
    rows += [
        _row(plan, letters, step, layer, made.get(step), width)
        for step, layer in enumerate(plan.steps, start=1)
    ]
    return Report(
        title=f"{name}: an arena of {format_count(plan.arena)} bytes",
        columns=(
            Column("layer", "layer"),
            Column("bytes", "bytes", _number, align="right", rank=1),
            Column("offset", "offset", _number, align="right", rank=2),
            Column("buffer", ""),
            Column("arena", "arena"),
        ),
        rows=tuple(rows),
        total=None,
        caption=f"from offset 0 at the left, {format_bytes(plan.arena)} wide; {FREE} is free",
        notes=(
            f"{_times(plan.arena, live)} the {format_count(live)} bytes that are alive at once",
            "without the tail of the arena: tensor structs, quantisation, scratch of kernels",
        ),
        document=lambda: {"schema": PLAN_SCHEMA, "name": name} | plan_document(plan),
        records=lambda: tuple(buffer._asdict() for buffer in plan.buffers),
    )


def _row(
    plan: Plan,
    letters: dict[Buffer, str],
    step: int,
    layer: str,
    made: Buffer | None,
    width: int,
) -> tuple[Any, ...]:
    needed = plan.at(step)
    places = " ".join(f"{letters[b]}@{b.offset}+{b.size}" for b in needed)
    return (
        layer,
        "" if made is None else made.bytes,
        "" if made is None else made.offset,
        "" if made is None else letters[made],
        Shown(_picture(needed, letters, plan.arena, width), places),
    )


def _picture(needed: list[Buffer], letters: dict[Buffer, str], arena: int, width: int) -> str:
    """The arena as ``width`` characters; a buffer has one at least, however small."""
    cells = [FREE] * width
    for buffer in sorted(needed, key=lambda buffer: -buffer.size):
        start = min(buffer.offset * width // arena, width - 1)
        stop = max(buffer.end * width // arena, start + 1)
        cells[start:stop] = letters[buffer] * (stop - start)
    return "".join(cells)


def _number(cell: Any) -> str:
    return cell if isinstance(cell, str) else format_count(cell)


def _times(arena: int, live: int) -> str:
    return format_times(Fraction(arena, live)) if live else "-"


def plan_document(plan: Plan) -> dict[str, Any]:
    """The layout for a program: bytes, steps counted from 1, 0 where the inputs are filled."""
    return {
        "planner": "tflm",
        "alignment": ALIGNMENT,
        "arena": plan.arena,
        "steps": list(plan.steps),
        "buffers": [buffer._asdict() for buffer in plan.buffers],
    }
