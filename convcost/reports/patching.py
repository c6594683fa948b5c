"""Patch-based inference in words for the lines under a table, and as JSON."""

from __future__ import annotations

from typing import Any

from convcost.engine.memory.patches import Patches
from convcost.quantities import format_bytes, format_count, format_percent, format_shape


def patch_lines(found: Patches) -> list[str]:
    """Where the patches end, what they save, and what they cost."""
    once = found.macs - found.extra_macs
    return [
        f"in {found.rows}x{found.cols} patches of {format_shape(found.map)} up to {found.until}:",
        f"  peak in patches         {format_bytes(found.peak_in_patches):>9}",
        f"  peak after them         {format_bytes(found.peak_after):>9}",
        f"  peak without patches    {format_bytes(found.peak_whole):>9}",
        f"  largest input patch     {format_shape(found.patch):>9}",
        f"  MACs computed again  {format_count(found.extra_macs):>12}  "
        f"{format_percent(found.extra_macs, once)} of {format_count(once)}",
    ]


def patches_document(found: Patches) -> dict[str, Any]:
    """The figures for a program; bytes, MACs for the batch."""
    return {key: value for key, value in found._asdict().items() if key != "live"}
