"""The question of a stream: the totals of very many specs, one after the other.

Specs of one kind differ only in their numbers. The first of a kind runs through the ordinary
build and count on traced numbers; its replay then answers the others, as long as its guards
hold. Whatever a replay declines, and every error, goes the ordinary way.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from convcost.engine.counting import count
from convcost.engine.replaying import Replay, compile_record
from convcost.engine.shapes import Shape
from convcost.engine.tracing import Trace, Traced
from convcost.language.building import build_spec
from convcost.language.fields import SETTINGS
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.running import WEIGHTS_ONLY, Switches

MAX_REPLAYS = 6
"""Records kept for one kind of spec, each for other outcomes of its guards."""

MAX_LINES = 2000
"""The longest record that is worth compiling for a line of text."""

MAX_KINDS = 500
"""Kinds remembered at a time, so that a stream of ever new kinds does not fill the memory."""

Kind: TypeAlias = tuple[Any, ...]


class Totals(NamedTuple):
    """What a result without its layers needs of a count."""

    input: Shape
    output: Shape
    batch: int
    params: int
    macs: int
    element_ops: int
    unused: tuple[str, ...]
    uncounted: tuple[Any, ...] = ()


class StreamCounter:
    """Counts specs by replay where it can; ``totals`` gives None where it cannot."""

    def __init__(self, library: Library, switches: Switches = WEIGHTS_ONLY) -> None:
        self._library = library
        self._switches = switches
        self._replays: dict[Kind, list[tuple[Replay, int, tuple[str, ...]]]] = {}

    def totals(self, spec: LayerSpec, input: Shape | None, batch: int | None) -> Totals | None:
        """The totals of ``spec``, or None: then it must be built and counted as usual."""
        given = spec.__dict__
        shape = given["input"] or input
        if shape is None or given["repeat"] is not None:
            return None
        kind: list[Any] = [given["type"], len(shape)]
        numbers: list[int] = [*shape]
        for name in SETTINGS:
            value = given[name]
            if type(value) is int:
                kind.append(name)
                numbers.append(value)
            elif value is not None:
                kind.append((name, _kind_of(value, numbers)))
        if spec.__pydantic_extra__:
            for name, value in spec.__pydantic_extra__.items():
                kind.append((name, _kind_of(value, numbers)))
        key = tuple(kind)
        try:
            replays = self._replays.get(key)
        except TypeError:
            return None
        if replays is None:
            replays = self._remember(key)
        for replay, axes, unused in replays:
            made = replay(*numbers)
            if made is not None:
                batch = batch or given["batch"] or 1
                params, macs, ops = made[axes:]
                return Totals(shape, made[:axes], batch, params, macs * batch, ops * batch, unused)
        if len(replays) < MAX_REPLAYS:
            self._record(spec, shape, replays)
        return None

    def _remember(self, key: Kind) -> list[tuple[Replay, int, tuple[str, ...]]]:
        if len(self._replays) >= MAX_KINDS:
            self._replays.pop(next(iter(self._replays)))
        return self._replays.setdefault(key, [])

    def _record(
        self, spec: LayerSpec, shape: Shape, replays: list[tuple[Replay, int, tuple[str, ...]]]
    ) -> None:
        """Run the case on traced numbers. Any failure means that it has no replay."""
        trace = Trace()
        traced = tuple(trace.input(size) for size in shape)
        fields = {name: _traced(value, trace.input) for name, value in spec.settings().items()}
        one = LayerSpec.model_construct(type=spec.type, input=traced, **fields)
        try:
            subject = build_spec(self._library, one, switches=self._switches)
            counted = count(subject.graph)
            if counted.uncounted:
                return
            results = (*counted.output, counted.params, counted.macs, counted.element_ops)
            record = trace.record(results)
            if len(record.lines) > MAX_LINES:
                return
            replays.append((compile_record(record), len(counted.output), subject.unused))
        except Exception:  # the ordinary way finds out what is wrong
            return


def _kind_of(value: Any, numbers: list[int]) -> Any:
    """What a setting is without its whole numbers, which go to the replay.

    Other values stay as they are, with their type beside them: to a dictionary 1, 1.0 and true
    are one key, to the engine they are not.
    """
    of = type(value)
    if of is int:
        numbers.append(value)
        return int
    if of is tuple:
        return (tuple, *[_kind_of(part, numbers) for part in value])
    return (of, value)


def _traced(value: Any, new: Callable[[int], Traced]) -> Any:
    """A setting with its whole numbers traced, in the order of ``_kind_of``."""
    if type(value) is int:
        return new(value)
    if type(value) is tuple:
        return tuple([_traced(part, new) for part in value])
    return value
