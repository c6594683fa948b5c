"""Sizes of what runs along an axis: recurrent layers, frames of a signal, ranges of numbers.

Each rule takes a ``Seen`` node, as in ``rules``.
"""

from __future__ import annotations

import math

from convcost.sources.onnx.facts import DoesNotFitError, Partial, Seen
from convcost.sources.onnx.rules import Made


def recurrent(seen: Seen) -> Made:
    """A recurrent layer: time first, or samples first where ``layout`` says so."""
    shape, weight, recurrence = (seen.shape(at) for at in range(3))
    if shape is None or recurrence is None or len(shape) != 3 or len(recurrence) != 3:
        return [None] * seen.outputs
    if weight is not None and None not in (weight[-1], shape[-1]) and weight[-1] != shape[-1]:
        raise DoesNotFitError(f"{shape[-1]} and {weight[-1]} differ")
    directions, hidden = recurrence[0], recurrence[-1]
    if seen.attributes.get("layout"):
        batch, time = shape[:2]
        made: Partial = (batch, time, directions, hidden)
        state: Partial = (batch, directions, hidden)
    else:
        time, batch = shape[:2]
        made, state = (time, directions, batch, hidden), (directions, batch, hidden)
    return [made, state, state][: seen.outputs]


def steps(seen: Seen) -> Made:
    """``Range``: as many numbers as there are steps to the limit."""
    values = [seen.facts.value(name) for name in seen.names]
    if len(values) != 3 or any(value is None or value.size != 1 for value in values):
        return [(None,)]
    start, limit, delta = (value.reshape(-1)[0].item() for value in values)
    if delta == 0:
        raise DoesNotFitError("a step of 0")
    if all(isinstance(number, int) for number in (start, limit, delta)):
        return [(max(0, -((start - limit) // delta)),)]
    return [(max(0, math.ceil((limit - start) / delta)),)]


def stft(seen: Seen) -> Made:
    """Frames of a signal, and the frequencies of each, as complex numbers."""
    shape, step = seen.shape(), seen.ints(1)
    length = seen.ints(3)
    window = seen.shape(2) if seen.has(2) else None
    size = length[0] if length else window[0] if window else None
    if shape is None or step is None or size is None:
        return [None]
    frames = None if shape[1] is None else (shape[1] - size) // step[0] + 1
    bins = size // 2 + 1 if seen.attributes.get("onesided", 1) else size
    return [(shape[0], frames, bins, 2)]


def dynamic_lstm(seen: Seen) -> Made:
    """An LSTM with quantised weights, stored as inputs x gates."""
    shape, recurrent = seen.shape(0), seen.shape(2)
    if shape is None or recurrent is None or len(shape) != 3:
        return [None]
    time, batch = shape[:2]
    weight = seen.shape(1)
    if weight is not None and None not in (weight[1], shape[2]) and weight[1] != shape[2]:
        raise DoesNotFitError(f"{shape[2]} and {weight[1]} differ")
    directions, hidden = recurrent[0], recurrent[1]
    state = (directions, batch, hidden)
    return [(time, directions, batch, hidden), state, state][: seen.outputs]
