"""The question of ``conventions``: what would another tool report, and what is it made of?

Applies rules (``language/conventions.py``) to the events of a count (``events.py``). Numbers and
the keys of their parts only; wording is the reports'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from convcost.engine.cost import Cost
from convcost.engine.counting import Count, count
from convcost.language.building import Subject
from convcost.language.conventions import (
    Convention,
    Part,
    Rule,
    find_convention,
    shipped_names,
)
from convcost.studies.events import QUANTITIES, Event, events, spelling
from convcost.studies.irregular import IRREGULAR

ORDER = (
    *("torch_flopcounter", "fvcore", "torchinfo", "ptflops_pytorch", "ptflops_aten", "thop"),
    *("calflops", "calflops_flops", "onnx_tool", "onnx_opcounter"),
)
"""The tools in the order in which they are told; others follow."""


class Term(NamedTuple):
    """One part of a tool's number: a quantity of one kind of layer, with its weight.

    ``what`` is the kind with its trait, ``part`` the rule's key of the quantity, ``layers`` how
    many layers add to it. Values of all terms sum to the tool's number.
    """

    what: str
    part: str
    weight: Fraction
    layers: int
    value: int


class Applied(NamedTuple):
    """A tool's number for one network. With layers that are not known it is a lower bound.

    ``macs`` has convcost's MACs of each kind, as terms name them; those of a kind without a
    term are not seen by the tool. ``depends_on`` says where the number depends on how the
    model was written.
    """

    convention: Convention
    value: int
    terms: tuple[Term, ...]
    macs: Mapping[str, tuple[int, int]]
    depends_on: tuple[str, ...]


class Conventions(NamedTuple):
    """One network by all tools."""

    name: str
    counted: Count
    tools: tuple[Applied, ...]

    @property
    def is_bound(self) -> bool:
        """Whether layers are unknown, so that all numbers are lower bounds."""
        return bool(self.counted.uncounted)


def all_conventions(
    only: Sequence[str] = (), *, is_onnx: bool = False, unlisted: bool = False
) -> list[Convention]:
    """The shipped conventions in their order, or those asked for by name or file.

    Tools that read ONNX files are left out of a network that is none, unless asked for; so are
    earlier versions of a tool, but with ``unlisted``. Raises SpecError for an unknown name.
    """
    if only:
        return [find_convention(name) for name in only]
    found = [find_convention(name) for name in sorted(shipped_names(), key=_place)]
    return [
        one for one in found if (is_onnx or one.reads == "layers") and (unlisted or one.is_listed)
    ]


def conventions_of(
    subject: Subject, only: Sequence[str] = (), further: Sequence[str] = ()
) -> Conventions:
    """A subject by all tools, or by those asked for, with ``further`` ones behind them.

    Raises SpecError for a name or a file that is no convention.
    """
    is_onnx = subject.graph.vocabulary == "onnx"
    tools = [*all_conventions(only, is_onnx=is_onnx), *map(find_convention, further)]
    return conventions(
        subject.name,
        count(subject.graph, subject.batch),
        tools,
        is_folded=has_folded_norms(subject),
    )


def has_folded_norms(subject: Subject) -> bool:
    """Whether whoever read the file says that batch norms are folded into convolutions."""
    from convcost.sources.onnx.notes import FOLDED as FOLDED_NOTE

    return any(note.startswith(FOLDED_NOTE) for note in subject.notes)


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


FOLDED = (
    "batch norms were folded into convolutions when the file was made: a tool that reads the "
    "model before that counts them, and convolutions without biases"
)


def conventions(
    name: str,
    counted: Count,
    tools: Iterable[Convention],
    *,
    is_folded: bool = False,
) -> Conventions:
    """What each tool would report. ``is_folded``: batch norms are part of convolutions."""
    found = events(counted)
    applied = [apply(tool, counted, found) for tool in tools]
    if is_folded:
        applied = [
            one._replace(depends_on=(FOLDED, *one.depends_on))
            if one.convention.reads == "layers"
            else one
            for one in applied
        ]
    return Conventions(name, counted, tuple(applied))


def apply(convention: Convention, counted: Count, found: Sequence[Event]) -> Applied:
    """One tool's number, as a sum of terms."""
    sums: dict[tuple[str, Part], list[Fraction]] = {}
    macs: dict[str, tuple[int, int]] = {}
    unsure: dict[str, None] = {}
    for event in _seen(convention, counted, found):
        key, rule = rule_for(convention, event)
        if event.written is None:
            unsure.update(dict.fromkeys(_doubts(convention, event)))
        if event.macs:
            layers, known = macs.get(key, (0, 0))
            macs[key] = (layers + 1, known + event.macs)
        for part in rule.parts:
            value = part_value(part, event)
            if value:
                sums.setdefault((key, part), []).append(value)
    sums.update(_constants(convention, counted))
    terms = _whole(sums)
    return Applied(
        convention,
        sum(term.value for term in terms),
        terms,
        macs,
        tuple(convention.depends_on[key] for key in convention.depends_on if key in unsure),
    )


def _seen(convention: Convention, counted: Count, found: Sequence[Event]) -> Iterable[Event]:
    """The events as the tool reads them: layers, or an ONNX file's own operations."""
    if convention.reads == "layers":
        return found
    return [event._replace(kind=event.operation, more_bias=0, traits=()) for event in found]


def rule_for(convention: Convention, event: Event) -> tuple[str, Rule]:
    """The rule for one event, and the key of its kind."""
    written = event.written
    if written is not None and not written.is_own:
        derived = written.is_derived and convention.derived
        if not derived:
            name = written.function
            if name not in convention.functions:
                rule = convention.functions_otherwise
            else:
                rule = convention.functions[name]
            if rule is not None:
                return f"{event.kind} as {name}" if name else event.kind, rule
    for trait in event.traits:
        key = f"{event.kind} {trait}"
        if key in convention.layers:
            return key, convention.layers[key]
    return event.kind, convention.layers.get(event.kind, convention.otherwise)


def part_value(part: Part, event: Event) -> Fraction:
    """The weight times the product of the quantities."""
    value = part.weight
    for name in part.factors:
        value *= _quantity(name, event)
    for name in part.divisors:
        value /= _quantity(name, event)
    return value


def row_values(convention: Convention, counted: Count) -> list[int | None]:
    """The tool's number for each row of a count, in its order; None for unknown rows.

    They sum to the tool's number where no operation on weights alone is counted.
    """
    found = events(counted)
    total, shown = Fraction(0), 0
    values: list[int | None] = []
    for row, event in zip(counted.rows, _seen(convention, counted, found), strict=True):
        if row.cost is None:
            values.append(None)
            continue
        total += sum(part_value(part, event) for part in rule_for(convention, event)[1].parts)
        values.append(int(total) - shown)
        shown = int(total)
    return values


def recounted(convention: Convention, counted: Count) -> Count:
    """A count in which the tool's numbers stand in place of MACs, row by row and in total."""
    values = row_values(convention, counted)
    rows = tuple(
        row if row.cost is None or value is None else row._replace(cost=_with(row.cost, value))
        for row, value in zip(counted.rows, values, strict=True)
    )
    total = apply(convention, counted, events(counted)).value
    return counted._replace(rows=rows, total=_with(counted.total, total))


def _with(cost: Cost, value: int) -> Cost:
    return cost._replace(macs=value)


def _quantity(name: str, event: Event) -> int:
    quantity = QUANTITIES.get(name) or IRREGULAR[name]
    return quantity(event)


def _doubts(convention: Convention, event: Event) -> list[str]:
    keys = [f"{event.kind} {trait}" for trait in event.traits]
    return [key for key in (event.kind, *keys) if key in convention.depends_on]


def _constants(convention: Convention, counted: Count) -> Mapping[tuple[str, Part], list[Fraction]]:
    """What a tool that reads an ONNX file counts of operations on weights alone."""
    if convention.reads == "layers":
        return {}
    sums: dict[tuple[str, Part], list[Fraction]] = {}
    for name, size in counted.graph.constants:
        kind = spelling(name)
        for part in convention.layers.get(kind, convention.otherwise).parts:
            if set(part.factors) <= {"input", "output"} and not part.divisors:
                sums.setdefault((f"{kind} of weights", part), []).append(part.weight * size)
    return sums


def _whole(sums: Mapping[tuple[str, Part], list[Fraction]]) -> tuple[Term, ...]:
    """Whole terms that sum to the whole part of the sum, as tools report it."""
    terms: list[Term] = []
    total, shown = Fraction(0), 0
    for (what, part), values in sums.items():
        total += sum(values)
        terms.append(Term(what, part.key, part.weight, len(values), int(total) - shown))
        shown = int(total)
    return tuple(terms)
