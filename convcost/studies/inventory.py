"""What kinds of layer a network is made of, and what share of the cost each kind has."""

from typing import NamedTuple

from convcost.engine.counting import Count


class Share(NamedTuple):
    """All layers of one kind, added up."""

    kind: str
    layers: int
    params: int
    macs: int


def shares(counted: Count) -> list[Share]:
    """Layers with MACs by kind, the most expensive first; parameters elsewhere as ``other``."""
    found: dict[str, Share] = {}
    for row in counted.rows:
        if row.cost is None or not (row.cost.macs or row.cost.params):
            continue
        kind = row.family
        known = found.get(kind, Share(kind, 0, 0, 0))
        params, macs = known.params + row.cost.params, known.macs + row.cost.macs
        found[kind] = Share(kind, known.layers + 1, params, macs)
    return sorted(found.values(), key=lambda share: (-share.macs, -share.params))
