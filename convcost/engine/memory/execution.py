"""How a network is run, as far as memory is concerned: types, the engine's rule, patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from convcost.engine.dtypes import Types, parse_types
from convcost.engine.memory.liveness import DEFAULT_RULE, DEFAULT_TYPES, Rule
from convcost.errors import ConvcostError


class Execution(NamedTuple):
    """Types of values, what an engine fuses and writes in place, and patches.

    ``grid``: rows and columns of patches of the map that the layer ``until`` makes (None: of the
    one with the lowest peak); without a grid the whole network runs layer by layer.
    """

    types: Types = DEFAULT_TYPES
    rule: Rule = DEFAULT_RULE
    grid: tuple[int, int] | None = None
    until: str | None = None


PLAIN = Execution()


def execution(
    dtype: str = "float32",
    *,
    fused: bool = True,
    in_place: Sequence[str] = (),
    planner: str = "live",
    patches: tuple[int, int] | None = None,
    until: str | None = None,
) -> Execution:
    """An execution in words. Raises ConvcostError where they are unknown or do not go together."""
    rule = Rule(fused, tuple(in_place), planner).check()
    if until is not None and patches is None:
        raise ConvcostError("there are no patches to end", hint="say how many: 4x4")
    if patches is not None and planner != "live":
        raise ConvcostError(
            "patches have no plan in an arena", hint="leave out the planner, or the patches"
        )
    return Execution(parse_types(dtype), rule, patches, until)
