"""The question of ``designs``: what do the networks cost that have names?"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from convcost.engine.counting import count
from convcost.engine.graph import Graph
from convcost.errors import ConvcostError
from convcost.language.building import Subject, build_network
from convcost.language.library import Library
from convcost.language.running import Design
from convcost.studies.checking import example_subject

_YEAR = re.compile(r"\b(19[5-9][0-9]|20[0-9]{2})\b")


class Facts(NamedTuple):
    """What a network costs on its own input; None where it cannot be counted whole."""

    params: int | None
    macs: int | None


def facts(library: Library, design: Design) -> Facts:
    """A network counted as it stands in its file."""
    try:
        counted = count(build_network(library, design).graph)
    except ConvcostError:
        return Facts(None, None)
    return Facts(None, None) if counted.uncounted else Facts(counted.params, counted.macs)


def year(design: Design) -> int | None:
    """The year of the paper that is named as the source: the first one in it."""
    match = _YEAR.search(design.source)
    return None if match is None else int(match.group())


def shown_example(library: Library, design: Design) -> tuple[Subject, dict[str, object]] | None:
    """What a design is shown on: a network on its input, a block on its first example that runs."""
    if design.kind == "network":
        try:
            return build_network(library, design), {}
        except ConvcostError:
            return None
    for example in design.examples:
        try:
            return example_subject(library, design, example), dict(example.get("arguments", {}))
        except ConvcostError:
            continue
    return None


def shares(graph: Graph) -> list[Fraction | None]:
    """For each node its part of all MACs; None where there are none to share."""
    counted = count(graph)
    costs = [None if row.cost is None else row.cost.macs for row in counted.rows]
    total = counted.macs
    return [None if cost is None or not total else Fraction(cost, total) for cost in costs]
