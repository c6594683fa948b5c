"""``--get``: bare values out of a document, for scripts.

A path is read from the document of one answer. Where the document has no such field, it is read
from the part with the figures (``totals``, ``after``, ``best``), else from each part of a list
(designs, rows, checks): a line each. Knows no command by name, and no terminal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from convcost.errors import SpecError, did_you_mean, nearest, shorten
from convcost.quantities import Amount, format_shape
from convcost.reports.escaping import visible

INNER = ("totals", "after", "best")
"""Where a document keeps its figures, if not at its top: diff, swap, fit."""

LISTS = ("designs", "rows", "checks")
"""Parts of a document that have the figures each for itself."""

EACH = ("results", "comparisons")
"""Lists of a JSON document whose members ``--get`` reads one after the other."""


class NoField(Exception):  # noqa: N818  # an answer among functions, never shown
    """There is no such field: where the path ends, and what there is instead."""

    def __init__(self, rest: str, owner: Any) -> None:
        super().__init__(rest)
        self.rest = rest
        self.owner = owner


def lines_of(roots: Sequence[Mapping[str, Any] | None], paths: str) -> list[str]:
    """The lines that ``--get PATHS`` prints. Raises SpecError."""
    wanted = [path.strip() for path in paths.split(",")]
    if not all(wanted):
        raise SpecError(
            "a field of --get is empty",
            place=f"--get {shorten(paths, 60)}".rstrip(),
            hint="name each field: --get macs or --get params,macs",
        )
    lines: list[str] = []
    for root in roots:
        if root is None:  # in place of a spec that could not be read
            lines.append("\t" * (len(wanted) - 1))
        else:
            lines += ["\t".join(cells) for cells in _rows(root, wanted)]
    return lines


def _rows(root: Mapping[str, Any], wanted: Sequence[str]) -> list[list[str]]:
    """One row of the document where it has all fields, else one for each of its parts."""
    try:
        return [[cell for path in wanted for cell in _cells(root, path)]]
    except NoField as missing:
        for part in _parts(root, wanted):
            try:
                return [[_of_part(root, one, path) for path in wanted] for one in part]
            except NoField:
                continue
        raise _refused(root, missing, wanted) from None


def _cells(root: Mapping[str, Any], path: str) -> list[str]:
    """The value at ``path``, or both values where a figure was compared."""
    try:
        return [bare(value_at(root, path))]
    except NoField:
        for name in INNER:
            if name not in root:
                continue
            if root[name] is None:  # nothing is feasible: the figure has no value
                if _is_figure(path):
                    return [""]
                continue
            try:
                value = _inner(root[name], path)
            except NoField:
                continue
            if isinstance(value, dict) and "a" in value and "b" in value:
                return [bare(_bounded(root, path, value[side])) for side in ("a", "b")]
            return [bare(value)]
        raise


def _inner(owner: Any, path: str) -> Any:
    """A figure of the part that has them, or an argument beside them (``width`` of ``fit``)."""
    try:
        return value_at(owner, path)
    except NoField:
        if isinstance(owner, dict) and "arguments" in owner:
            return value_at(owner["arguments"], path)
        raise


def _bounded(root: Mapping[str, Any], key: str, value: Any) -> Any:
    is_bound = root.get("status") == "partial" and isinstance(value, int) and _is_figure(key)
    return Amount(value, is_bound=True) if is_bound else value


def _parts(root: Mapping[str, Any], wanted: Sequence[str]) -> list[Sequence[Mapping[str, Any]]]:
    """The lists that a line each may come from."""
    found: list[Sequence[Mapping[str, Any]]] = []
    for name in LISTS:
        members = root.get(name)
        if isinstance(members, list) and members:
            found.append(members)
            if "figure" in members[0]:
                found.append(by_name(members, "value"))
    return found


def by_name(records: Sequence[Mapping[str, Any]], value: str) -> list[dict[str, Any]]:
    """Records of one figure each as one of all figures for each name."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        one = found.setdefault(record["name"], {"name": record["name"]})
        one[record["figure"]] = record[value]
    return list(found.values())


def counted_figures(records: Sequence[dict[str, Any]], paths: str) -> Sequence[dict[str, Any]]:
    """The records of ``reconcile``; where figures alone are asked for, what was counted of them."""
    if all(map(_is_figure, (path.strip() for path in paths.split(",")))):
        return by_name(records, "counted")
    return records


def _of_part(root: Mapping[str, Any], part: Mapping[str, Any], path: str) -> str:
    try:
        return bare(value_at(root, path))
    except NoField:
        return bare(value_at(part, path))


def _is_figure(path: str) -> bool:
    from convcost.engine.figures import FIGURES

    return path in FIGURES


def value_at(root: Any, path: str) -> Any:
    """The value at a dotted path: keys, indexes, or the name of a layer or design.

    Names may hold dots themselves: the longest name that fits is taken. ``layers[0].macs`` is
    ``layers.0.macs``. Raises NoField.
    """
    try:
        return _walked(root, path)
    except NoField:
        plain = spelt(path)
        if plain == path:
            raise
        return _walked(root, plain)


def spelt(path: str) -> str:
    """Indexes in brackets, and the first dot of a jq filter, as this path has them."""
    return re.sub(r"\[(\d+)\]", r".\1", path).removeprefix(".")


def _walked(root: Any, path: str) -> Any:
    value: Any = root
    rest = path
    while rest:
        children = _children(value)
        names = [name for name in children if rest == name or rest.startswith(f"{name}.")]
        if not names:
            raise NoField(rest, value)
        name = max(names, key=len)
        value = _figure(value, name, children[name])
        rest = rest[len(name) + 1 :]
    return value


def _figure(owner: Any, key: str, value: Any) -> Any:
    """A figure of a partial count is what it is, a lower bound."""
    if not isinstance(owner, dict):
        return value
    is_bound = owner.get("status") == "partial" or key in owner.get("bounds", ())
    if is_bound and _is_figure(key) and isinstance(value, int):
        return Amount(value, is_bound=True)
    return value


def _children(value: Any) -> dict[str, Any]:
    """Keys, indexes and names of parts, all as text; what has no name has its index only."""
    if isinstance(value, dict):
        children = {str(key): one for key, one in value.items()}
        for key in ("designs", "layers"):
            for name, part in _named(value.get(key)).items():
                children.setdefault(name, part)
        return children
    if isinstance(value, list | tuple):
        return _named(value) | {str(index): part for index, part in enumerate(value)}
    return {}


def _named(parts: Any) -> dict[str, Any]:
    """The members of a list that have a name."""
    if not isinstance(parts, list | tuple):
        return {}
    found: dict[str, Any] = {}
    for part in parts:
        name = (part.get("design") or part.get("name")) if isinstance(part, dict) else None
        if isinstance(name, str):
            found.setdefault(name, part)
    return found


def _refused(root: Mapping[str, Any], missing: NoField, wanted: Sequence[str]) -> SpecError:
    """A field that is nowhere: what it is called here, or what there is."""
    path = next((path for path in wanted if _lacks(root, path)), wanted[0])
    place = f"--get {shorten(path, 60)}"
    head, _, tail = spelt(path).partition(".")
    if head in EACH:
        tail = tail.partition(".")[2] if tail.partition(".")[0].isdigit() else tail
        return SpecError(
            f"--get reads the members of {head} one after the other",
            place=place,
            hint=f"--get {tail}" if tail else "name a field of them: --get macs",
        )
    from convcost.cli.elsewhere import FIELDS

    rest, owner = missing.rest, missing.owner
    if rest in FIELDS:
        said, field = FIELDS[rest]
        there = field is not None and not _lacks(root, field)
        return SpecError(said, place=place, hint=f"--get {field}" if there else None)
    return SpecError(
        f"there is no field {shorten(rest, 40)}",
        place=place,
        hint=_what_there_is(root, rest, owner),
    )


def _lacks(root: Mapping[str, Any], path: str) -> bool:
    try:
        _cells(root, path)
    except NoField:
        for part in _parts(root, [path]):
            try:
                value_at(part[0], path)
            except NoField:
                continue
            return False
        return True
    return False


def _what_there_is(root: Mapping[str, Any], rest: str, owner: Any) -> str | None:
    """The nearest name, else the names, else how many members there are."""
    if isinstance(owner, list | tuple):
        names = list(_named(owner))
        first = rest.partition(".")[0]
        match = None if first.isdigit() else nearest(rest, names) or nearest(first, names)
        if match is not None:
            return f"did you mean {match}?"
        if len(owner) == 1:
            return "there is one: 0"
        return f"there are {len(owner)}: 0 to {len(owner) - 1}" if owner else "there are none"
    names = [str(name) for name in owner] if isinstance(owner, dict) else []
    if owner is root:
        for key in (*INNER, *LISTS):
            inner = root.get(key)
            first = inner[0] if isinstance(inner, list) and inner else inner
            if isinstance(first, dict):
                names += [str(name) for name in first if str(name) not in names]
    return did_you_mean(rest, names) if names else None


def bare(value: Any) -> str:
    """A value as a shell wants it: numbers as digits, shapes as 56x56x64, text unquoted."""
    if isinstance(value, str | Amount):
        return visible(str(value))
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(part, int) for part in value):
        return format_shape(value)
    from convcost.reports.jsonl import line

    return line(value).decode().rstrip("\n")
