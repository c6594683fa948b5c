"""Bare numbers of a layer -> fields: ``conv 3 64``, ``bottleneck 64``; others are refused.

A number that stands alone could be a kernel or channels. It is taken for a kernel only where one
would be written so; all else is refused with the words that say which of the two was meant.
Knows numbers and types, and nothing of how a line is split.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from convcost.language.primitives import PRIMITIVES

SINGLE = ("standard", "pointwise", "depthwise", "grouped", "dilated", "transposed")
"""Designs of one convolution: what follows their name on a line follows that convolution."""

EXPANDED = (
    *("mbconv", "fused_mbconv", "inverted_residual", "mobilenet_v3_block", "convnext"),
    "fasternet_block",
)
"""Designs with an expansion: ``e6``, and for the first three the number glued to their name."""

LARGEST_KERNEL = 15
"""The largest kernel that is written as one number (a picture's first layer has 7 to 11)."""

PAPERS = {
    "bottleneck": "{kind} 3x3 {second} mid_channels={first}",
    "fire": "{kind} squeeze_channels={first} expand1_channels={second} expand3_channels={second}",
    **dict.fromkeys(EXPANDED, "{kind} 3x3 {second} expansion={first}"),
}
"""What two numbers stand for where the papers of a block write them, in words of ours."""


class Refusal(NamedTuple):
    """Why a number is not read, and what to write in its place."""

    message: str
    hint: str


def fields_for(kind: str, given: Sequence[str], count: int) -> list[str]:
    """The fields that ``count`` bare numbers stand for, in their order."""
    primitive = PRIMITIVES.get(kind)
    names = list(primitive.bare if primitive else ("kernel_size", "out_channels"))
    names = [name for name in names if name not in given]
    if kind == "depthwise":  # its channels follow from the input
        names = [name for name in names if name != "out_channels"]
    if kind == "pointwise":
        names = [name for name in names if name != "kernel_size"]
    if count < len(names) and "out_channels" in names:
        return ["out_channels"]
    return names


def is_kernel(kind: str, size: int, *, is_own: bool = False) -> bool:
    """Whether one number would be written for a kernel of this type.

    A convolution may have a small even one; blocks around a shortcut have odd ones.
    """
    if size > LARGEST_KERNEL:
        return False
    even = 8 if is_own or kind in PRIMITIVES or kind in (*SINGLE, "separable") else 0
    return size % 2 == 1 or size < even


def refusal(kind: str, written: str, size: int, second: int | None) -> Refusal:
    """What to say of a first number that is not taken for a kernel."""
    kernel = f"k{size} for a kernel"
    if second is None:
        return Refusal(
            f"{size} could be a kernel or output channels",
            f"write {written} k{size}, or {written} o{size}",
        )
    words = {"kind": written, "first": size, "second": second}
    if is_kernel(kind, second) and not is_kernel("conv", size):
        way = f"{written} {second}x{second} {size}"
    elif kind in PAPERS:
        way = PAPERS[kind].format(**words)
    else:
        way = f"{written} 3x3 {size}"
    return Refusal(f"{size} is not taken for a kernel", f"write {way}, or {kernel}")


def single_note(kind: str, written: str, size: int) -> str | None:
    """What is worth saying of one small number that was read as channels of a block."""
    if kind in PRIMITIVES or kind == "pointwise" or not is_kernel(kind, size):
        return None
    return f"{written} {size} was read as {size} output channels; a kernel is written k{size}"


def too_many(kind: str, written: str, numbers: Sequence[int], expected: str) -> Refusal:
    """What to say of more numbers than a type has a use for."""
    if kind == "depthwise":
        return Refusal(
            "a depthwise convolution keeps the channels of its input",
            f"leave {numbers[-1]} out, or write separable for a 1x1 to {numbers[-1]} behind it",
        )
    if kind in ("max_pool", "avg_pool") and len(numbers) == 2:
        size, stride = numbers
        return Refusal("one number too many", f"write {written} {size}x{size} s{stride}")
    return Refusal("one number too many", expected)
