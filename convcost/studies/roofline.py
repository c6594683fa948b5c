"""The question of a roofline: how much does each layer compute for each byte that it moves?

A device that does ``peak`` MACs a second and moves ``bandwidth`` bytes a second cannot run a
layer faster than either allows (Williams, Waterman and Patterson, "Roofline: an insightful visual
performance model", 2009). Where the bytes take longer, the layer is bound by memory. Bytes are
each input once, each parameter once, each output once: a device with caches that are too small
moves more.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from convcost.engine.figures import Measured
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import parse_bytes, parse_count

HINT = "MACs a second, bytes a second: 4T,25.6G"


class Device(NamedTuple):
    """What a device can do in a second: ``peak`` MACs, ``bandwidth`` bytes."""

    peak: int
    bandwidth: int

    @property
    def ridge(self) -> Fraction:
        """MACs for each byte from which on computing takes longer than moving."""
        return Fraction(self.peak, self.bandwidth)


class Spot(NamedTuple):
    """One layer with MACs."""

    name: str
    macs: int
    moved: int

    @property
    def intensity(self) -> Fraction:
        """MACs for each byte that is read or written."""
        return Fraction(self.macs, self.moved)

    def seconds(self, device: Device) -> Fraction:
        """The least time that it takes."""
        return max(Fraction(self.macs, device.peak), Fraction(self.moved, device.bandwidth))

    def is_memory_bound(self, device: Device) -> bool:
        """Whether moving its bytes takes longer than computing."""
        return self.intensity < device.ridge


class Roofline(NamedTuple):
    """All layers with MACs; how many have none, and of how many nothing is known."""

    spots: tuple[Spot, ...]
    without: int
    unknown: int

    def memory_bound(self, device: Device) -> tuple[Spot, ...]:
        """The layers that the memory limits."""
        return tuple(spot for spot in self.spots if spot.is_memory_bound(device))

    def seconds(self, device: Device) -> Fraction:
        """The least time of all of them, one after the other."""
        return seconds(self.spots, device)


def seconds(spots: Sequence[Spot], device: Device) -> Fraction:
    """The least time of some layers, one after the other."""
    return sum((spot.seconds(device) for spot in spots), Fraction(0))


def roofline(of: Measured) -> Roofline:
    """Every layer of a count. Raises ConvcostError where none has MACs."""
    spots = []
    rows = of.counted.rows
    unknown = 0
    for index, row in enumerate(rows):
        moved = of.moved(index)
        if row.cost is None or moved is None:
            unknown += 1
        elif row.cost.macs:
            spots.append(Spot(row.name, row.cost.macs, moved))
    if not spots:
        raise ConvcostError("no layer has MACs, so there is no roofline")
    return Roofline(tuple(spots), len(rows) - len(spots) - unknown, unknown)


def parse_device(text: str, place: str) -> Device:
    """``4T,25.6G``: a peak and a bandwidth. Raises SpecError."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise SpecError(
            f"{shorten(text, 40)} is not a peak and a bandwidth", place=place, hint=HINT
        )
    try:
        peak, bandwidth = parse_count(parts[0]), parse_bytes(parts[1].removesuffix("/s"))
    except ConvcostError as problem:
        raise SpecError(problem.message, place=place, hint=HINT) from None
    if not peak or not bandwidth:
        raise SpecError("a device that does nothing has no roofline", place=place, hint=HINT)
    return Device(peak, bandwidth)
