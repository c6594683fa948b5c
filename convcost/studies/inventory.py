"""What kinds of layer a network is made of, and what share of the cost each kind has."""

from typing import Any, NamedTuple

from convcost.engine.counting import Count, Row
from convcost.quantities import format_shape


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
        kind = kind_of(row)
        known = found.get(kind, Share(kind, 0, 0, 0))
        params, macs = known.params + row.cost.params, known.macs + row.cost.macs
        found[kind] = Share(kind, known.layers + 1, params, macs)
    return sorted(found.values(), key=lambda share: (-share.macs, -share.params))


def kind_of(row: Row) -> str:
    """``conv 3x3``, ``depthwise 3x3``, ``grouped 3x3``, or the layer's type."""
    operation: Any = row.node.operation
    if row.type != "conv":
        return row.type
    size = format_shape(operation.kernel_size)
    if operation.groups == 1:
        return f"conv {size}"
    depthwise = operation.groups == row.inputs[0][-1]
    return f"{'depthwise' if depthwise else 'grouped'} {size}"
