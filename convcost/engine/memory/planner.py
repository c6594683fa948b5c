"""Where each buffer lies in one arena: the greedy plan of TensorFlow Lite Micro.

Written from what its GreedyMemoryPlanner and AllocationInfoBuilder do (tflite-micro,
``micro/memory_planner/greedy_memory_planner.cc`` and ``micro/micro_allocation_info.cc``): every
tensor that is no weight gets a buffer, rounded up to 16 bytes, from the operator that makes it
to the last that reads it; the largest is placed first, of equals the later one, each in the
lowest gap between the buffers that are needed at the same time.
"""

from __future__ import annotations

from typing import NamedTuple

from convcost.engine.shapes import ceil_div

ALIGNMENT = 16
"""Bytes to whose multiples a buffer is rounded up."""


class Need(NamedTuple):
    """A buffer to be placed: its name, its bytes, the first and the last step that needs it.

    Step 0 is before the first operator, where the inputs are filled; operators count from 1.
    """

    name: str
    bytes: int
    first: int
    last: int


class Buffer(NamedTuple):
    """A buffer at its place: ``bytes`` as needed, ``size`` as rounded up, ``offset`` in bytes."""

    name: str
    bytes: int
    size: int
    offset: int
    first: int
    last: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.size


class Plan(NamedTuple):
    """All buffers in the order of the graph, and the names of the steps from number 1 on."""

    buffers: tuple[Buffer, ...]
    steps: tuple[str, ...]

    @property
    def arena(self) -> int:
        """Bytes from the start of the arena to the end of its highest buffer."""
        return max((buffer.end for buffer in self.buffers), default=0)

    def at(self, step: int) -> list[Buffer]:
        """The buffers that are needed at a step, lowest first."""
        needed = [b for b in self.buffers if b.first <= step <= b.last]
        return sorted(needed, key=lambda buffer: buffer.offset)


def place(needs: list[Need]) -> tuple[Buffer, ...]:
    """Give each need its place. What needs no bytes gets no buffer."""
    needs = [need for need in needs if need.bytes]
    sizes = [ceil_div(need.bytes, ALIGNMENT) * ALIGNMENT for need in needs]
    order = sorted(range(len(needs)), key=lambda index: (-sizes[index], -index))
    placed: dict[int, Buffer] = {}
    for index in order:
        need, size = needs[index], sizes[index]
        others = [b for b in placed.values() if b.first <= need.last and need.first <= b.last]
        offset = _lowest_gap(sorted(others, key=lambda buffer: buffer.offset), size)
        placed[index] = Buffer(need.name, need.bytes, size, offset, need.first, need.last)
    return tuple(placed[index] for index in range(len(needs)))


def _lowest_gap(others: list[Buffer], size: int) -> int:
    """The lowest offset with room for ``size`` between buffers that are sorted by offset."""
    offset = 0
    for other in others:
        if other.offset - offset >= size:
            break
        offset = max(offset, other.end)
    return offset
