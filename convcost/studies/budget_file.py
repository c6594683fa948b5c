"""``[tool.convcost]`` of ``pyproject.toml``, or ``convcost.toml``, as checks; and a first one.

Owns where the section stands and where in it each check does. The keys are ``language.budgets``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

from convcost.engine.figures import FIGURES, Measured
from convcost.engine.memory.execution import Execution, execution
from convcost.errors import ConvcostError, OperationError, SpecError, did_you_mean, shorten
from convcost.language.budgets import (
    BudgetSection,
    CheckEntry,
    read_increases,
    read_limits,
    read_section,
)
from convcost.language.reading import read_text
from convcost.language.toml import parse_toml
from convcost.quantities import Amount, looks_like_shape, parse_shape
from convcost.sources.asked import Asked, Wanted
from convcost.sources.words import is_file_name
from convcost.studies.budget import Check, Checked, Kind, Limit, where

PYPROJECT: Final = "pyproject.toml"
OWN: Final = "convcost.toml"
LOCK: Final = "convcost.lock.json"
"""Where the baseline goes if the section does not say."""

FIRST_FIGURES: Final = ("macs", "params", "peak")
"""What a first section limits."""


class Budget(NamedTuple):
    """The checks of a project. ``baseline`` of None: the section names none."""

    path: Path
    checks: tuple[Check, ...]
    baseline: Path | None
    design_path: tuple[Path, ...]


def find(folder: Path) -> Path | None:
    """The file with the section, in ``folder`` or above it; None where there is none.

    Raises SpecError where two files of one folder have it.
    """
    for home in (folder, *folder.absolute().parents):
        found = [home / name for name in (PYPROJECT, OWN) if _has_section(home / name)]
        if len(found) > 1:
            raise SpecError(
                f"{PYPROJECT} and {OWN} both have checks",
                place=str(found[1]),
                hint="keep them in one file, or name one with --config",
            )
        if found:
            return found[0]
    return None


def _has_section(path: Path) -> bool:
    if not path.is_file():
        return False
    if path.name == OWN:
        return True
    text = read_text(path)
    # The text is looked at first: most projects' files have no such section, and stay unread.
    return "convcost" in text and _section(parse_toml(text, str(path)), path) is not None


def _section(document: Mapping[str, Any], path: Path) -> Any:
    """The table of checks of a document; None where it has none."""
    if "tool" in document or path.name == PYPROJECT:
        tool = document.get("tool", {})
        return tool.get("convcost") if isinstance(tool, dict) else None
    return document


def load(path: Path, names: Sequence[str] = ()) -> Budget:
    """The checks of a file, or those of these names. Raises SpecError at the key to blame."""
    text = read_text(path)
    place = shown(path)
    raw = _section(parse_toml(text, place), path)
    if raw is None:
        raise SpecError("there is no [tool.convcost] here", place=place, hint=INIT_HINT)
    if not isinstance(raw, dict):
        raise SpecError("[tool.convcost] is no table", place=place)
    lines = _Lines(text)
    try:
        section = read_section(raw)
    except OperationError as problem:
        raise _at(problem, place, lines) from None
    if not section.check:
        raise SpecError("there are no checks here", place=place, hint=INIT_HINT)
    checks = tuple(_checks(section, path, place, lines))
    return Budget(
        path,
        _chosen(checks, names, place),
        None if section.baseline is None else path.parent / section.baseline,
        tuple(path.parent / folder for folder in section.design_path),
    )


INIT_HINT = "convcost check --init MODEL writes a first one"


def shown(path: Path) -> str:
    """A path as a reader would type it: relative where that is shorter."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Lines:
    """Where checks and their keys stand in a file: TOML's parser does not keep it."""

    def __init__(self, text: str) -> None:
        head = re.compile(r"\s*\[\[\s*(tool\s*\.\s*convcost\s*\.\s*)?check\s*\]\]")
        self._lines = text.splitlines()
        self._heads = [index for index, line in enumerate(self._lines) if head.match(line)]

    def of_check(self, number: int, count: int | None = None) -> int | None:
        """The line of a check's head; None where they are written in another way."""
        if number >= len(self._heads) or (count is not None and count != len(self._heads)):
            return None
        return self._heads[number] + 1

    def of_key(self, number: int, key: str) -> int | None:
        """The line of ``key = `` in a check; that of its head where it is not found."""
        ends = [*self._heads[number + 1 :], len(self._lines)]
        start = re.compile(rf"\s*({key}\s*=|\[.*\.{key}\s*\])")
        for index in range(self._heads[number] + 1, ends[0]):
            if start.match(self._lines[index]):
                return index + 1
        return self._heads[number] + 1


def _at(problem: OperationError, shown: str, lines: _Lines) -> SpecError:
    """A problem of pydantic's, at its check's line."""
    field = problem.field or ""
    match = re.match(r"check\[([0-9]+)\]\.?(.*)", field)
    line = lines.of_check(int(match[1])) if match else None
    place = f"{shown}:{line}" if line else shown
    field = match[2] if match and line else field
    return SpecError(
        problem.message, place=f"{place}: {field}" if field else place, hint=problem.hint
    )


def _chosen(checks: tuple[Check, ...], names: Sequence[str], shown: str) -> tuple[Check, ...]:
    known = [check.name or "" for check in checks]
    for name in names:
        if name not in known:
            raise SpecError(
                f"no check is called {shorten(name, 40)}",
                place=shown,
                hint=did_you_mean(name, known),
            )
    return tuple(check for check in checks if not names or check.name in names)


def _checks(section: BudgetSection, path: Path, shown: str, lines: _Lines) -> Iterable[Check]:
    seen: set[str] = set()
    for index, entry in enumerate(section.check):
        line = lines.of_check(index, len(section.check))
        place = f"{shown}:{line}" if line else f"{shown}: check[{index}]"
        if entry.name in seen:
            raise SpecError(f"two checks are called {entry.name}", place=place)
        seen.add(entry.name)
        try:
            check = _check(entry, path, place, line)
        except SpecError as problem:
            raise _with_place(problem, place) from None
        except ConvcostError as problem:
            field = getattr(problem, "field", None)
            where_at = f"{place}: {field}" if field else place
            raise SpecError(problem.message, place=where_at, hint=problem.hint) from None
        if line is not None:
            limits = [
                _at_line(limit, shown, lines.of_key(index, limit.kind)) for limit in check.limits
            ]
            check = check._replace(limits=tuple(limits))
        yield check


def _at_line(limit: Limit, shown: str, line: int | None) -> Limit:
    return limit._replace(place=f"{shown}:{line}: {limit.kind}.{limit.figure}", line=line)


def _with_place(problem: SpecError, place: str) -> SpecError:
    problem.place = problem.place or place
    return problem


def _check(entry: CheckEntry, path: Path, place: str, line: int | None) -> Check:
    limits = [
        *_limits("max", read_limits(entry.max, "max"), place),
        *_limits("warn", read_limits(entry.warn, "warn"), place),
        *_limits("max_increase", read_increases(entry.max_increase, "max_increase"), place),
    ]
    if not limits:
        raise OperationError(f"{entry.name} has no limit", hint='such as max = { macs = "300M" }')
    return Check(
        entry.name,
        _words(entry, path.parent),
        tuple(limits),
        _asked(entry, place),
        _execution(entry, place),
        entry.uncounted,
        None if entry.where is None else where(entry.where, f"{place}: where"),
        place,
        line,
    )


def _limits(kind: Kind, limits: Mapping[str, Any], place: str) -> list[Limit]:
    return [Limit(kind, key, most, f"{place}: {kind}.{key}") for key, most in limits.items()]


def _words(entry: CheckEntry, folder: Path) -> tuple[str, ...]:
    """The model's words; files are meant from where the section stands, and may be patterns."""
    words = [entry.model] if isinstance(entry.model, str) else entry.model
    found: list[str] = []
    for word in words:
        if looks_like_shape(word) or not is_file_name(word):
            found.append(word)
        elif any(mark in word for mark in "*?["):
            matches = sorted(map(str, folder.glob(word)))
            if not matches:
                raise OperationError(f"{entry.name} matches nothing", field=f"model {word}")
            found += map(_near, matches)
        else:
            found.append(_near(str(folder / word)))
    return tuple(found)


def _near(path: str) -> str:
    """``path`` relative to here where it lies here, so that errors repeat what was written."""
    here = Path.cwd()
    whole = Path(path).absolute()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else path


def _asked(entry: CheckEntry, place: str) -> Asked:
    typed = {name: f"{place}: set.{name}" for name in entry.set}
    for field in ("input", "batch", "norm", "activation", "bias"):
        typed[field] = f"{place}: {field}"
    shape = entry.input
    if isinstance(shape, str):
        try:
            shape = list(parse_shape(shape))
        except ConvcostError as problem:
            raise SpecError(problem.message, place=typed["input"], hint=problem.hint) from None
    elif shape is not None:
        from convcost.language.problems import check_input

        shape = list(check_input(shape))
    if entry.batch is not None:
        from convcost.language.values import whole

        whole(entry.batch, "batch")
    return Asked(
        input=None if shape is None else tuple(shape),
        batch=entry.batch,
        settings={name: _plain(value) for name, value in entry.set.items()},
        wanted=Wanted(entry.norm, entry.activation, entry.bias),
        typed=typed,
    )


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, list) else value


def _execution(entry: CheckEntry, place: str) -> Execution:
    grid = None
    if entry.patches is not None:
        sizes = parse_shape(entry.patches) if looks_like_shape(entry.patches) else ()
        if len(sizes) != 2:
            raise OperationError(
                f"{shorten(entry.patches, 40)} is no number of patches",
                field="patches",
                hint="write rows x columns: 4x4",
            )
        grid = (sizes[0], sizes[1])
    return execution(
        entry.dtype,
        fused=not entry.unfused,
        in_place=tuple(entry.in_place),
        planner=entry.planner,
        patches=grid,
        until=entry.until,
    )


def first_checks(words: Sequence[str]) -> tuple[Check, ...]:
    """A check without limits for each word; a shape in front goes to each of them."""
    shape = words[:1] if words and looks_like_shape(words[0]) else []
    rest = words[len(shape) :]
    stems = [Path(word).stem if is_file_name(word) else word for word in rest]
    names = [
        stem if stems.count(stem) == 1 else word for stem, word in zip(stems, rest, strict=True)
    ]
    return tuple(Check(name, (*shape, word)) for name, word in zip(names, rest, strict=True))


def first_section(checked: Sequence[Checked], margin: Fraction, *, own_file: bool) -> str:
    """A section whose limits are today's figures and a margin, as TOML.

    ``own_file``: it is a ``convcost.toml``, whose top level the section is.
    """
    head = "check" if own_file else "tool.convcost.check"
    lines = [] if own_file else ["[tool.convcost]"]
    lines += [f'baseline = "{LOCK}"']
    for check in {id(one.check): one.check for one in checked}.values():
        mine = [one.measured for one in checked if one.check is check]
        limits = [f"{key} = {_above(_most(key, mine), margin)}" for key in FIRST_FIGURES]
        words = check.words
        model = _text(words[0]) if len(words) == 1 else f"[{', '.join(map(_text, words))}]"
        lines += ["", f"[[{head}]]", f"name = {_text(check.name or '')}", f"model = {model}"]
        lines += [f"max = {{ {', '.join(limits)} }}"]
        if any(measured.counted.uncounted for measured in mine):
            lines.append('uncounted = "warn"')
    return "\n".join([*lines, ""])


def _text(word: str) -> str:
    """A text of TOML: JSON's spelling is one, but for DEL."""
    return json.dumps(word).replace("\x7f", "\\u007F")


def _most(key: str, measured: Sequence[Measured]) -> int:
    """The largest value among the subjects of a check."""
    found = [FIGURES[key].total(one) for one in measured]
    return max(one.value for one in found if isinstance(one, Amount))


def _above(value: int, margin: Fraction) -> int:
    """``value`` and the margin, rounded up."""
    more = value * margin
    return value - (-more.numerator // more.denominator)


def models_here(folder: Path) -> list[str]:
    """Model files in a folder and below it, but not in hidden folders."""
    found = [
        path.relative_to(folder)
        for ending in ("*.onnx", "*.tflite")
        for path in folder.rglob(ending)
    ]
    return sorted(str(path) for path in found if not any(p.startswith(".") for p in path.parts))


def target(config: Path | None, folder: Path) -> Path:
    """Where a first section goes. Raises SpecError where there is one already."""
    found = config if config is not None and _has_section(config) else None
    path = (
        found or config or (folder / PYPROJECT if (folder / PYPROJECT).exists() else folder / OWN)
    )
    for other in {path, folder / PYPROJECT, folder / OWN} if config is None else {path}:
        if _has_section(other):
            raise SpecError(
                "there is a section of checks already",
                place=str(other),
                hint="change it by hand; convcost check --update writes the baseline",
            )
    return path


def add_section(path: Path, section: str) -> str:
    """The text of a file with a section at its end."""
    text = read_text(path) if path.exists() else ""
    if not text.strip():
        return section
    return f"{text.rstrip()}\n\n{section}"
