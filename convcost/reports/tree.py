"""Dotted layer names as a tree: groups with their sums, folded below a depth."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from convcost.engine.cost import FREE, Cost
from convcost.engine.counting import Row


class Branch(NamedTuple):
    """One line of the tree: a layer (``row``) or a group with the sum of what is below it.

    ``is_bound``: something in the group is not known, and its sum a lower bound.
    """

    name: str
    shown: str
    type: str
    row: Row | None
    last: Row
    cost: Cost | None
    layers: int
    is_open: bool
    is_bound: bool = False


def branches(rows: Sequence[Row], scopes: Mapping[str, str], depth: int | None) -> list[Branch]:
    """The lines of the tree in order. ``depth`` of None opens everything."""
    names = {row.name for row in rows}
    lines: list[Branch] = []
    _grow(lines, rows, "", 0, names, scopes, depth)
    return lines


def _grow(
    lines: list[Branch],
    rows: Sequence[Row],
    prefix: str,
    level: int,
    names: set[str],
    scopes: Mapping[str, str],
    depth: int | None,
) -> None:
    start = 0
    while start < len(rows):
        head = _head(rows[start].name, prefix)
        group = f"{prefix}{head}"
        end = start + 1
        # A layer's own norm and activation (conv1.norm) stand beside it, not below it.
        is_group = group not in names
        while is_group and end < len(rows) and rows[end].name.startswith(f"{group}."):
            end += 1
        indent = "  " * level
        if not is_group or (end == start + 1 and rows[start].name == group):
            row = rows[start]
            shown = indent + row.name.removeprefix(prefix)
            lines.append(Branch(row.name, shown, row.type, row, row, row.cost, 1, False))
            start += 1
            continue
        members = rows[start:end]
        opens = depth is None or level < depth
        lines.append(
            Branch(
                group,
                indent + head,
                _type_of(group, members, scopes),
                None,
                members[-1],
                _sum(members),
                len(members),
                opens,
                any(row.cost is None for row in members),
            )
        )
        if opens:
            _grow(lines, members, f"{group}.", level + 1, names, scopes, depth)
        start = end


def _head(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).partition(".")[0]


def _type_of(group: str, members: Sequence[Row], scopes: Mapping[str, str]) -> str:
    """The design behind a group, or ``3 x bottleneck`` for a stage of copies."""
    if group in scopes:
        return scopes[group]
    inner = dict.fromkeys(f"{group}.{_head(row.name, f'{group}.')}" for row in members)
    kinds = {scopes.get(name) for name in inner}
    kind = kinds.pop() if len(kinds) == 1 else None
    return f"{len(inner)} x {kind}" if kind else ""


def _sum(rows: Sequence[Row]) -> Cost | None:
    """The sum of known costs; None where nothing in the group is known."""
    costs = [row.cost for row in rows if row.cost is not None]
    total = FREE
    for cost in costs:
        total += cost
    return total if costs else None
