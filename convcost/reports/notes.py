"""The lines under a table: what a number means, what was counted, what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost.errors import either
from convcost.quantities import format_bytes, format_percent

if TYPE_CHECKING:
    from convcost.engine.counting import Count
    from convcost.engine.figures import Measured
    from convcost.engine.memory.liveness import Rule

KINDS = {"macs": "with MACs", "elements": "element-wise", "free": "free"}

MEMORY_EXCLUDES = "without allocator, workspace, im2col and framework"

SHARES_SHOWN = 5


def caption(batch: int) -> str:
    """What one MAC is, and for how many samples."""
    return f"1 MAC = 1 multiply + 1 add; batch {batch}"


def count_notes(of: Measured, unused_settings: tuple[str, ...]) -> list[str]:
    """Everything below the table of one count."""
    count = of.counted
    lines = [census(count)]
    if len(count.rows) > 1:
        lines += shares_lines(count)
    ignored = unused("this design", unused_settings)
    return [*lines, *([ignored] if ignored else []), *memory_lines(of)]


def short_notes(of: Measured, unused_settings: tuple[str, ...], folded: bool) -> list[str]:
    """What a terminal shows in place of all that: three lines, and what must not be missed."""
    count = of.counted
    more = f"all {len(count.rows)} layers, memory" if folded else "memory"
    last = f"{caption(count.batch)}; --verbose shows {more}"
    ignored = unused("this design", unused_settings)
    lines = [census(count), *shares_lines(count)[:1], last]
    return [*lines, *([ignored] if ignored else [])]


def census(count: Count) -> str:
    """How many layers there are, of which kind, and by name those that are not known."""
    from collections import Counter

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


def shares_lines(count: Count) -> list[str]:
    """Which kinds of layer the MACs and the parameters are in."""
    from convcost.studies.inventory import shares

    found = shares(count)
    if len(found) < 2:
        return []
    lines = []
    for word, field, total in (("MACs", "macs", count.macs), ("params", "params", count.params)):
        ordered = sorted(found, key=lambda share: -getattr(share, field))
        parts = [
            f"{format_percent(getattr(share, field), total)} {share.kind}"
            for share in ordered[:SHARES_SHOWN]
            if getattr(share, field) * 1000 >= total  # what rounds to 0.0 % says nothing
        ]
        if parts:
            lines.append(f"{word}: {', '.join(parts)}")
    return lines


def memory_lines(of: Measured) -> list[str]:
    """Four figures by name, and what none of them includes. There is no total of them."""
    from convcost.engine.figures import FIGURES
    from convcost.quantities import Amount

    held = of.memory
    peak_at = f"at {held.peak_at}: {held.peak_tensors} tensors live"
    if of.patches is not None:
        peak_at = f"at {of.patches.peak_at}"
    rows = (
        ("weights", "weights", ""),
        ("peak", "peak live activations" if held.plan is None else "arena", peak_at),
        ("largest", "largest input + output", f"at {held.largest_at}"),
        ("outputs", "sum of all outputs", ""),
    )
    words = ", ".join([types_words(of), *rule_words(of.execution.rule), MEMORY_EXCLUDES])
    lines = [f"memory at {words}:"]
    for key, name, where in rows:
        value = FIGURES[key].total(of)
        assert isinstance(value, Amount)
        lines.append(f"  {name:<22}  {value.text(format_bytes):>9}  {where}".rstrip())
    if of.patches is not None:
        from convcost.reports.patching import patch_lines

        lines += patch_lines(of.patches)
    return lines


def types_words(of: Measured) -> str:
    """The types behind the figures; those of a file rule, which who asked for others is told."""
    from convcost.engine.memory.execution import PLAIN

    asked = of.execution.types
    if not of.has_own_types:
        return asked.name
    return "the file's own types" + (f" (not {asked.name})" if asked != PLAIN.types else "")


def rule_words(rule: Rule) -> list[str]:
    """What is unusual about the way in which memory is used."""
    words = [] if rule.fused else ["unfused"]
    if rule.in_place:
        words.append(f"{either(rule.in_place)} in place".replace(" or ", " and "))
    if rule.planner == "tflm":
        words.append("as TensorFlow Lite Micro plans it")
    return words


def unused(name: str, settings: tuple[str, ...]) -> str | None:
    """Which shared settings a design had no use for."""
    if not settings:
        return None
    return f"{name} has no use for {either(settings)}".replace(" or ", " and ")
