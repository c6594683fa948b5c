"""The question of ``check``: do these models keep within their limits, and can that be known?

Numbers only: where checks come from is ``budget_file``, what the baseline says ``baseline``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

from convcost.engine.counting import count
from convcost.engine.figures import FIGURES, Measured
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.engine.receptive_field import mixing
from convcost.errors import SpecError
from convcost.language.budgets import Increase, Uncounted
from convcost.language.building import Subject
from convcost.language.conditions import Condition, compile_condition
from convcost.language.library import Library
from convcost.quantities import Amount
from convcost.sources.asked import NOTHING_ASKED, Asked
from convcost.sources.found import Problem
from convcost.sources.table import Opened
from convcost.studies.baseline import Baseline, Recorded, in_words

Kind: TypeAlias = Literal["max", "warn", "max_increase"]
Status: TypeAlias = Literal["holds", "broken", "warning", "unknown"]

UNCOUNTED = "uncounted"
"""The figure of the rule on layers that nobody can count."""

GROWN = 3
"""How many layers a broken limit names."""


class Limit(NamedTuple):
    """One limit, and where a reader can change it; ``line`` of the file, if it is one."""

    kind: Kind
    figure: str
    most: int | Increase
    place: str
    line: int | None = None


class Check(NamedTuple):
    """A model and its limits. ``name`` of None: what each subject is called.

    ``where`` chooses among the subjects; ``place`` is where the check was written, ``line`` its
    line there.
    """

    name: str | None
    words: tuple[Any, ...]
    limits: tuple[Limit, ...] = ()
    asked: Asked = NOTHING_ASKED
    execution: Execution = PLAIN
    uncounted: Uncounted = "fail"
    where: Condition | None = None
    place: str = ""
    line: int | None = None
    designs: tuple[str, ...] = ()


class Checked(NamedTuple):
    """A model that was counted for a check."""

    name: str
    check: Check
    measured: Measured
    notes: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """One limit and what came of it.

    ``limit``: the largest value that is allowed, None where there is no base to tell; ``base``
    is the baseline's value. ``layers``: those that grew most against the baseline (``grew``),
    else the largest, with by how much.
    """

    name: str
    limit_on: Limit
    value: Amount
    limit: int | None
    base: Amount | None
    status: Status
    layers: tuple[tuple[str, int], ...] = ()
    grew: bool = False
    check: Check | None = None

    @property
    def change(self) -> int | None:
        """How much more than the baseline; None where one of the two is not known exactly."""
        if self.base is None or self.base.is_bound or self.value.is_bound:
            return None
        return self.value.value - self.base.value

    @property
    def excess(self) -> int:
        """How far above the limit; negative below it."""
        return 0 if self.limit is None else self.value.value - self.limit


class Verdict(NamedTuple):
    """All outcomes. ``missing``: the checks with relative limits that the baseline lacks."""

    outcomes: tuple[Outcome, ...]
    missing: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no limit is broken."""
        return all(outcome.status != "broken" for outcome in self.outcomes)


def measure(
    checks: Iterable[Check], library: Library, stdin: BinaryIO | None = None
) -> list[Checked]:
    """Count everything that the checks are about. Raises SpecError at the first that cannot be.

    A check that matches nothing is an error: it would hold for ever.
    """
    found: list[Checked] = []
    for check in checks:
        try:
            mine = list(_matching(check, library, stdin))
        except SpecError as error:
            if error.place is None and check.place:
                error.place = f"{check.place}: model"
            raise
        if not mine:
            raise SpecError(
                f"{check.name or 'the check'} matches nothing",
                place=check.place or None,
                hint="a check without a model would hold for ever",
            )
        found += _named(mine, check.name)
    return _distinct(found)


def _matching(check: Check, library: Library, stdin: BinaryIO | None) -> Iterator[Checked]:
    """What the words of a check stand for, where its condition holds."""
    opened = Opened(check.words, check.asked, library, designs=check.designs, stdin=stdin)
    for one in _subjects(opened):
        if check.where is None or check.where(scope(one, check.execution)):
            notes = (*opened.notes, *one.notes)
            yield Checked(one.name, check, _measured(one, check.execution), notes)


def _subjects(opened: Opened) -> Iterator[Subject]:
    for one in opened.subjects():
        if isinstance(one, Problem):
            raise one.error
        yield one


def _measured(subject: Subject, execution: Execution) -> Measured:
    return Measured(count(subject.graph, subject.batch), execution)


def _named(mine: list[Checked], name: str | None) -> list[Checked]:
    """The check's name for its only subject; several keep their own behind it."""
    if name is None:
        return mine
    if len(mine) == 1:
        return [mine[0]._replace(name=name)]
    return [one._replace(name=f"{name}: {one.name}") for one in mine]


def _distinct(found: list[Checked]) -> list[Checked]:
    """Two of one name are told apart by a number: the baseline goes by names."""
    seen: dict[str, int] = {}
    out = []
    for one in found:
        seen[one.name] = seen.get(one.name, 0) + 1
        number = seen[one.name]
        out.append(one if number == 1 else one._replace(name=f"{one.name} ({number})"))
    return out


WHERE_NAMES = (
    *("name", "design", "mixes", "batch", "in_channels", "out_channels", "height", "width"),
    *FIGURES,
)
"""What ``where`` may name: what a model is, and every figure."""


def where(text: str, place: str) -> Condition:
    """``where`` as a test of a model's values. Raises SpecError."""
    condition = compile_condition(text, WHERE_NAMES, place)
    needed = [name for name in WHERE_NAMES if name in text]
    return lambda values: condition({name: values[name] for name in needed})


class _Scope(dict[str, Any]):
    """Values by name, each worked out when it is asked for."""

    def __init__(self, subject: Subject, execution: Execution) -> None:
        super().__init__()
        self._subject = subject
        self._measured = _measured(subject, execution)

    def __missing__(self, name: str) -> Any:
        graph = self._subject.graph
        if name in FIGURES:
            value = FIGURES[name].total(self._measured)
            return value.value if isinstance(value, Amount) else value
        shape = graph.inputs[0]
        if name == "mixes":
            mixes = mixing(graph)
            return "both" if mixes == "space and channels" else mixes
        return {
            "name": self._subject.name,
            "design": self._subject.design or "",
            "batch": self._subject.batch,
            "in_channels": shape[-1],
            "out_channels": graph.output[-1],
            "height": shape[0],
            "width": shape[-2] if len(shape) > 1 else 1,
        }[name]


def scope(subject: Subject, execution: Execution) -> Mapping[str, Any]:
    """A model's values by the names of ``WHERE_NAMES``."""
    return _Scope(subject, execution)


def judge(checked: Sequence[Checked], baseline: Baseline | None) -> Verdict:
    """Every limit of every model, against the baseline where there is one.

    Raises SpecError where the baseline is of another batch or data type.
    """
    outcomes: list[Outcome] = []
    missing: list[str] = []
    for one in checked:
        recorded = None if baseline is None else baseline.checks.get(one.name)
        if recorded is not None and baseline is not None and _is_unlike(one, recorded):
            if any(limit.kind == "max_increase" for limit in one.check.limits):
                raise _unlike(one, recorded, baseline.place)
            recorded = None
        for limit in one.check.limits:
            outcome = _outcome(one, limit, recorded)
            if limit.kind == "max_increase" and outcome.base is None and one.name not in missing:
                missing.append(one.name)
            outcomes.append(outcome)
        outcomes += _on_uncounted(one)
    return Verdict(tuple(outcomes), tuple(missing))


def _is_unlike(one: Checked, recorded: Recorded) -> bool:
    now = (one.measured.counted.batch, in_words(one.measured.execution))
    return now != (recorded.batch, recorded.execution)


def _unlike(one: Checked, recorded: Recorded, place: str) -> SpecError:
    batch, types = one.measured.counted.batch, in_words(one.measured.execution)
    return SpecError(
        f"the baseline of {one.name} is of batch {recorded.batch} at {recorded.execution}, "
        f"and the check of batch {batch} at {types}",
        place=place,
        hint="convcost check --update writes it anew",
    )


def _outcome(one: Checked, limit: Limit, recorded: Recorded | None) -> Outcome:
    value = FIGURES[limit.figure].total(one.measured)
    assert isinstance(value, Amount)
    base = None if recorded is None else recorded.amount(limit.figure)
    most: int | None
    if isinstance(limit.most, Increase):
        most = None if base is None else limit.most.most(base.value)
    else:
        most = limit.most
    status = _status(limit.kind, value, most, base)
    outcome = Outcome(one.name, limit, value, most, base, status, check=one.check)
    if status in ("broken", "warning"):
        layers, grew = grown(one.measured, limit.figure, recorded)
        outcome = outcome._replace(layers=layers, grew=grew)
    return outcome


def _status(kind: Kind, value: Amount, most: int | None, base: Amount | None) -> Status:
    """What is certain: a value that is a bound may be larger, and so may a base."""
    if most is None:
        return "unknown"
    is_base_bound = kind == "max_increase" and base is not None and base.is_bound
    if value.value > most:
        # A base that is a lower bound would allow more if it were known.
        return "unknown" if is_base_bound else "warning" if kind == "warn" else "broken"
    return "unknown" if value.is_bound else "holds"


def _on_uncounted(one: Checked) -> list[Outcome]:
    """The rule on layers that are not known, where the model has such layers."""
    unknown = one.measured.counted.uncounted
    if not unknown or one.check.uncounted == "allow":
        return []
    fails = one.check.uncounted == "fail"
    limit = Limit(
        "max" if fails else "warn",
        UNCOUNTED,
        0,
        f"{one.check.place}: uncounted" if one.check.line else "--uncounted",
        one.check.line,
    )
    layers = tuple((f"{row.name} ({row.type})", 1) for row in unknown[:GROWN])
    status: Status = "broken" if fails else "warning"
    return [
        Outcome(one.name, limit, Amount(len(unknown)), 0, None, status, layers, check=one.check)
    ]


def grown(
    measured: Measured, figure: str, recorded: Recorded | None
) -> tuple[tuple[tuple[str, int], ...], bool]:
    """The layers that grew most, and True; the largest, and False, where no base is known."""
    layer = FIGURES[figure].layer or (FIGURES["live"].layer if figure == "peak" else None)
    if layer is None:
        return (), False
    now: dict[str, int] = {}
    for index, row in enumerate(measured.counted.rows):
        value = layer(measured, index)
        if isinstance(value, int):
            now[row.name] = now.get(row.name, 0) + value
    then = None if recorded is None else recorded.layers_of(figure)
    if then is not None:
        more = _largest({name: value - then.get(name, 0) for name, value in now.items()})
        if more:
            return more, True
    return _largest(now), False


def _largest(by_name: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    above = [item for item in by_name.items() if item[1] > 0]
    return tuple(sorted(above, key=lambda item: -item[1])[:GROWN])
