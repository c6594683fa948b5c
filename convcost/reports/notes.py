"""The lines under a table: what a number means, what was counted, what was not."""

from __future__ import annotations

from collections import Counter

from convcost.engine.counting import Count
from convcost.errors import either

KINDS = {"macs": "with MACs", "elements": "element-wise", "free": "free"}


def caption(batch: int) -> str:
    """What one MAC is, and for how many samples."""
    return f"1 MAC = 1 multiply + 1 add; batch {batch}"


def census(count: Count) -> str:
    """How many layers there are, of which kind, and by name those that are not known."""
    kinds = count.census()
    words = [f"{kinds[kind]} {word}" for kind, word in KINDS.items() if kinds[kind]]  # type: ignore[index]
    if kinds["unknown"]:
        types = Counter(row.type for row in count.uncounted)
        names = either([f"{number} x {kind}" for kind, number in types.items()]).replace(
            " or ", " and "
        )
        words.append(f"{kinds['unknown']} not counted: {names}")
    layers = len(count.rows)
    return f"{layers} layer{'s' * (layers != 1)}: {', '.join(words) or 'nothing to compute'}"


def unused(name: str, settings: tuple[str, ...]) -> str | None:
    """Which shared settings a design had no use for."""
    if not settings:
        return None
    return f"{name} has no use for {either(settings)}".replace(" or ", " and ")
