"""One run of ``check``: which checks, against which baseline, and what a reader is told beside.

Shared by the command line and Python. Reads files; writes none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from convcost import __version__
from convcost.errors import ConvcostError, OperationError, SpecError, either, shorten
from convcost.language.budgets import read_increases, read_limits
from convcost.language.library import Library
from convcost.language.reading import read_text
from convcost.sources.texts import open_library
from convcost.studies import baseline as lock
from convcost.studies.baseline import Baseline
from convcost.studies.budget import Check, Checked, Kind, Limit, Verdict, judge, measure
from convcost.studies.budget_file import LOCK, Budget, find, load, shown

UPDATE_HINT = "convcost check --update writes it; --allow-missing-baseline goes on without"


class Project(NamedTuple):
    """What is to be checked. ``is_whole``: these are all checks of a project."""

    checks: tuple[Check, ...]
    library: Library
    baseline: Path | None = None
    is_whole: bool = False

    @property
    def lock(self) -> Path:
        """Where an update writes."""
        return self.baseline or Path(LOCK)

    @property
    def is_relative(self) -> bool:
        """Whether some limit is on an increase."""
        return any(limit.kind == "max_increase" for one in self.checks for limit in one.limits)

    def measured(self, stdin: BinaryIO | None = None) -> list[Checked]:
        """Everything counted. Raises SpecError."""
        return measure(self.checks, self.library, stdin)


class Ran(NamedTuple):
    """A verdict, what a reader should know beside it, and what makes it unusable."""

    verdict: Verdict
    notes: tuple[str, ...] = ()
    error: SpecError | None = None


def budget_of(config: Path | None, names: Sequence[str] = ()) -> Budget:
    """The checks of a project's file: the named one, or the nearest. Raises SpecError."""
    path = config or find(Path())
    if path is None:
        raise SpecError(
            "there are no checks here: no [tool.convcost] in pyproject.toml, and no convcost.toml",
            hint="convcost check --init MODEL writes them, or: convcost check MODEL --max macs=1G",
        )
    return load(path, names)


def limits_of(kind: Kind, pairs: Sequence[str], option: str) -> list[Limit]:
    """``macs=4.1G`` as limits. Raises SpecError that names the option."""
    found: dict[str, Limit] = {}
    for pair in pairs:
        place = f"{option} {shorten(pair, 60)}"
        key, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or not key or not text:
            raise SpecError(
                "a limit is given as FIGURE=NUMBER", place=place, hint=f"{option} macs=300M"
            )
        if key in found:
            raise SpecError(f"{key} has two limits", place=f"{found[key].place}, {place}")
        read = read_increases if kind == "max_increase" else read_limits
        try:
            most = read({key: text}, kind)[key]
        except OperationError as problem:
            raise SpecError(problem.message, place=place, hint=problem.hint) from None
        found[key] = Limit(kind, key, most, place)
    return list(found.values())


def limits_given(
    max: Mapping[str, Any], warn: Mapping[str, Any], max_increase: Mapping[str, Any]
) -> tuple[Limit, ...]:
    """Limits of a program, as the keys of the file. Raises SpecError that names the key."""
    try:
        read: dict[Kind, Mapping[str, Any]] = {
            "max": read_limits(max, "max"),
            "warn": read_limits(warn, "warn"),
            "max_increase": read_increases(max_increase, "max_increase"),
        }
    except OperationError as problem:
        raise SpecError(problem.message, place=problem.field, hint=problem.hint) from None
    return tuple(
        Limit(kind, key, most, f"{kind}.{key}")
        for kind, limits in read.items()
        for key, most in limits.items()
    )


def of_file(
    config: Path | None,
    names: Sequence[str] = (),
    baseline: Path | None = None,
    design_path: Sequence[Path] = (),
) -> Project:
    """The checks of a project's file (those of these names), and its baseline. Raises SpecError.

    A section that names no baseline has one where an update would write it.
    """
    budget = budget_of(config, names)
    library = open_library([*design_path, *budget.design_path])
    path = baseline or budget.baseline or budget.path.parent / LOCK
    return Project(budget.checks, library, path, is_whole=not names)


def read_baseline(path: Path | None, ref: str | None) -> Baseline | None:
    """The baseline of a file, or as it was in a commit; None where there is none yet.

    Raises SpecError where it cannot be used.
    """
    if path is None:
        return None
    if ref is not None:
        from convcost.studies.history import file_at

        text = file_at(path, ref)
        return None if text is None else lock.read(text, f"{ref}:{shown(path)}")
    if not path.exists():
        return None
    return lock.read(read_text(path), shown(path))


def run(
    project: Project,
    *,
    ref: str | None = None,
    allow_missing: bool = False,
    stdin: BinaryIO | None = None,
) -> Ran:
    """Count, judge, and say what is missing. Raises SpecError for what cannot be used."""
    baseline = read_baseline(project.baseline, ref)
    checked = project.measured(stdin)
    verdict = judge(checked, baseline)
    notes = list(dict.fromkeys(note for one in checked for note in one.notes))
    if baseline is not None:
        notes += _stale(project, baseline, {one.name for one in checked})
    if not verdict.missing:
        return Ran(verdict, tuple(notes))
    names = either(verdict.missing).replace(" or ", " and ")
    if allow_missing:
        notes.append(f"there is no baseline for {names}: relative limits were not checked")
        return Ran(verdict, tuple(notes))
    return Ran(verdict, tuple(notes), _missing(project, baseline, names, ref))


def _missing(project: Project, baseline: Baseline | None, names: str, ref: str | None) -> SpecError:
    if project.baseline is None:
        return SpecError(
            f"there is no baseline for {names}",
            hint="name one: --baseline FILE, or baseline in the section",
        )
    place = shown(project.baseline)
    place = f"{ref}:{place}" if ref else place
    what = "" if baseline is None else " in it"
    return SpecError(f"there is no baseline for {names}{what}", place=place, hint=UPDATE_HINT)


def _stale(project: Project, baseline: Baseline, names: set[str]) -> list[str]:
    """How the baseline has aged."""
    notes = []
    gone = sorted(set(baseline.checks) - names) if project.is_whole else []
    if gone:
        listed = either(gone).replace(" or ", " and ")
        notes.append(f"{baseline.place} has {listed}, which no check is about any more")
    if baseline.version != __version__:
        notes.append(
            f"{baseline.place} was written by convcost {baseline.version or 'of no version'}, "
            f"this is {__version__}"
        )
    return notes


def updated(
    project: Project, checked: Sequence[Checked]
) -> tuple[Mapping[str, lock.Recorded], list[lock.Movement]]:
    """The lines of a new baseline, and what they change. A part of a project keeps the rest."""
    try:
        before = read_baseline(project.lock, None)
    except ConvcostError:
        before = None  # an unusable file is what an update is for
    old = {} if before is None else dict(before.checks)
    new = {one.name: lock.record(one.measured) for one in checked}
    after = new if project.is_whole else {**old, **new}
    return after, lock.movements(old, after)
