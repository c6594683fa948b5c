"""What each module and each operator of a counted network costs: sums over its rows by name.

Answers with numbers. Names of rows are paths of modules; what a module did beside its submodules
has the name of the operation after the path (``layer1.0.add``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from convcost.engine.cost import FREE, Cost
from convcost.engine.counting import Count

AGAIN = re.compile(r"_\d+$")
"""What a name has after it from its second call on."""


class Share(NamedTuple):
    """The sum of some rows: ``rows`` of them, ``uncounted`` of these with unknown cost."""

    params: int = 0
    macs: int = 0
    element_ops: int = 0
    rows: int = 0
    uncounted: int = 0

    def plus(self, cost: Cost | None) -> Share:
        """With one more row."""
        known = FREE if cost is None else cost
        return Share(
            self.params + known.params,
            self.macs + known.macs,
            self.element_ops + known.element_ops,
            self.rows + 1,
            self.uncounted + (cost is None),
        )


def by_module(count: Count, depth: int | None = None) -> dict[str, Share]:
    """Module path -> the sum of everything that ran in it; "" is the whole network.

    ``depth`` leaves out modules that are nested deeper: 1 keeps the network's own children.
    Modules stand in the order in which they first ran.
    """
    found: dict[str, Share] = {"": Share()}
    for row in count.rows:
        path = module_of(row.name, count.graph.scopes)
        parts = path.split(".") if path else []
        kept = parts if depth is None else parts[:depth]
        for end in range(len(kept) + 1):
            key = ".".join(kept[:end])
            found[key] = found.get(key, Share()).plus(row.cost)
    return found


def by_operator(count: Count) -> dict[str, Share]:
    """Type of operation -> the sum of its rows, the most MACs first."""
    found: dict[str, Share] = {}
    for row in count.rows:
        found[row.type] = found.get(row.type, Share()).plus(row.cost)
    ordered = sorted(found.items(), key=lambda item: (-item[1].macs, -item[1].element_ops))
    return dict(ordered)


def module_of(name: str, scopes: Mapping[str, str]) -> str:
    """The path of the module that a row ran in; of names without scopes, all but the last part."""
    for path in (name, AGAIN.sub("", name)):
        if path in scopes:
            return path
    head, _, _ = name.rpartition(".")
    while head and scopes and head not in scopes:
        head, _, _ = head.rpartition(".")
    return head
