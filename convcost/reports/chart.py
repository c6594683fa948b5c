"""A scatter of two figures as text: one dot a candidate, logarithmic where values span decades."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convcost.reports.charts import is_wide
from convcost.reports.report import Look

HEIGHT = 14


def scatter(
    across: Sequence[float],
    up: Sequence[float],
    titles: tuple[str, str],
    look: Look,
    labels: tuple[tuple[str, str], tuple[str, str]],
) -> str:
    """``up`` over ``across``. ``labels``: the least and the largest of each, as people read it."""
    margin = max(map(len, labels[1])) + 1
    width = max(look.width - margin - 2, 20)
    dot, corner, line, side = ("\u2022", "\u2514", "\u2500", "\u2502")
    if not look.unicode:
        dot, corner, line, side = ("*", "+", "-", "|")
    grid = [[" "] * width for _ in range(HEIGHT)]
    columns, rows = _places(across, width), _places(up, HEIGHT)
    for column, row in zip(columns, rows, strict=True):
        grid[HEIGHT - 1 - row][column] = dot
    lines = [f"{titles[1]}{_scale(up)}"]
    for number, cells in enumerate(grid):
        label = {0: labels[1][1], HEIGHT - 1: labels[1][0]}.get(number, "")
        lines.append(f"{label:>{margin - 1}} {side}{''.join(cells)}".rstrip())
    lines.append(f"{'':{margin}}{corner}{line * width}")
    left, right = labels[0]
    lines.append(f"{'':{margin + 1}}{left}{right:>{max(width - len(left), len(right) + 1)}}")
    lines.append(f"{'':{margin + 1}}{titles[0] + _scale(across):^{width}}".rstrip())
    return "\n".join(lines) + "\n"


def _scale(values: Sequence[float]) -> str:
    return " (log)" if is_wide(values) else ""


def _places(values: Sequence[float], size: int) -> list[int]:
    """Where each value falls among ``size`` places."""
    placed = [math.log(value) for value in values] if is_wide(values) else list(values)
    low, high = min(placed), max(placed)
    if low == high:
        return [0] * len(placed)
    return [round((value - low) / (high - low) * (size - 1)) for value in placed]
