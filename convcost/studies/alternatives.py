"""What ``compare`` sets side by side: designs of the options, networks, or those of each spec.

Words that name or write out something make one comparison, in the order typed. Specs of files
make one each, their own design among the defaults; an array of specs of several types on one
input is one comparison of those types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.language.building import Subject
from convcost.sources.found import Found, Problem
from convcost.sources.names import alternatives, find_name
from convcost.sources.table import Opened
from convcost.studies.comparison import DEFAULT_DESIGNS, Comparison, compare_subjects

if TYPE_CHECKING:
    from convcost.sources.files import Item
    from convcost.sources.table import AnyFound


class _Group(NamedTuple):
    """Subjects of one comparison, a sentence on each, and the settings that they share."""

    subjects: Sequence[Subject]
    summaries: Sequence[str]
    settings: Mapping[str, Any]


def comparisons(
    opened: Opened, designs: Sequence[str] = (), baseline: str | None = None
) -> Iterator[Comparison | Problem]:
    """Every comparison that was asked for. Errors are raised, those of a spec yielded.

    ``designs`` are the names given apart from the words.
    """
    rest = iter(opened)
    first = next(rest, None)
    if _is_spec(first) and _is_line(first):
        # JSON lines are as many as there are: each is answered before the next one is read.
        yield from _of_specs(opened, chain([first], map(_spec_only, rest)), designs, baseline)
        return
    founds = [*([] if first is None else [first]), *rest]
    specs = [f for f in founds if _is_spec(f)]
    if specs or (founds and all(isinstance(found, Problem) for found in founds)):
        for found in founds:
            _spec_only(found)
        yield from _of_specs(opened, founds, designs, baseline)
        return
    for found in founds:
        if isinstance(found, Problem):
            yield found
    names = [
        find_name(opened.library, name, opened.asked, opened.origin, f"--design {name}")
        for name in designs
    ]
    group = _of_words(opened, [*(f for f in founds if not isinstance(f, Problem)), *names])
    yield _compared(opened, group, baseline)


def _of_words(opened: Opened, founds: Sequence[AnyFound]) -> _Group:
    """Everything that was named or written out."""
    networks = [f for f in founds if not isinstance(f, Found) or f.kind == "network"]
    if networks and len(networks) < len(founds):
        other = next(f for f in founds if isinstance(f, Found) and f.kind != "network")
        what = "designs" if other.design else "layers"
        raise SpecError(
            f"networks are not compared with {what}",
            place=other.name,
            hint="name networks only, or designs only",
        )
    taking = [f for f in founds if isinstance(f, Found) and f.settings and not networks]
    own = iter(alternatives(taking, opened.origin))
    subjects = [next(own) if f in taking else opened.subject(f) for f in founds]
    summaries = [f.summary if isinstance(f, Found) else "" for f in founds]
    return _Group(subjects, summaries, opened.asked.settings if taking else {})


def _is_spec(found: Any) -> bool:
    return getattr(found, "spec", None) is not None


def _is_line(found: Any) -> bool:
    """Whether it stands on a line of its own, and not in an array."""
    return isinstance(found, Problem) or (_is_spec(found) and not found.path)


def _spec_only(found: AnyFound | Problem) -> AnyFound | Problem:
    """``found`` itself. Raises SpecError for what is no spec, beside specs."""
    if not isinstance(found, Problem) and not _is_spec(found):
        raise SpecError(
            "networks are not compared with designs",
            place=getattr(found, "place", getattr(found, "name", None)),
            hint="name networks only, or designs only",
        )
    return found


def _of_specs(
    opened: Opened,
    founds: Iterable[Any],
    designs: Sequence[str],
    baseline: str | None,
) -> Iterator[Comparison | Problem]:
    """A comparison for each spec (an Item, or a Problem), or for an array that is one itself."""
    for _, run in groupby(founds, key=_array):
        items = iter(run)
        first = next(items)
        together = [] if designs or _is_line(first) else [first, *items]
        if _are_alternatives(together):
            yield from _one(opened, partial(_of_array, together, opened), first, baseline)
            continue
        for item in together or chain([first], items):
            if isinstance(item, Problem):
                yield item
            else:
                group = partial(_of_spec, opened, item, designs)
                yield from _one(opened, group, item, baseline)


def _one(
    opened: Opened, group: Callable[[], _Group], of: Any, baseline: str | None
) -> Iterator[Comparison | Problem]:
    try:
        yield _compared(opened, group(), baseline)
    except SpecError as error:
        yield Problem(of.line, error)


def _array(found: Any) -> str:
    """The document that an element of an array stands in; nothing for lines."""
    return "" if _is_line(found) else found.place.partition(":")[0]


def _are_alternatives(items: Sequence[Any]) -> bool:
    """Whether the specs of an array are of several types on one input."""
    types = {item.spec.type for item in items}
    return len(types) == len(items) > 1 and all(
        item.spec.input == items[0].spec.input and "type" in item.spec.model_fields_set
        for item in items
    )


def _of_array(items: Sequence[Item], opened: Opened) -> _Group:
    subjects = [opened.subject(item) for item in items]
    return _Group(subjects, [summary_of(opened, s) for s in subjects], {})


def _of_spec(opened: Opened, item: Item, designs: Sequence[str]) -> _Group:
    """The alternatives of one spec: the designs asked for or the defaults, and its own."""
    spec = opened.completed(item)
    origin = item.origin()
    settings = {key: value for key, value in spec.settings().items() if key != "bias"}
    wanted = opened.asked.wanted
    asked = opened.asked._replace(
        input=spec.input or opened.asked.input,
        batch=opened.asked.batch or spec.batch,
        settings=settings,
        wanted=wanted if spec.bias is None else wanted._replace(bias=spec.bias),
    )
    names = list(designs or DEFAULT_DESIGNS)
    founds = [find_name(opened.library, name, asked, origin) for name in names]
    own = find_name(opened.library, "standard" if spec.type == "conv" else spec.type, asked, origin)
    if own.name not in [found.name for found in founds]:
        founds.append(own)
    return _Group(alternatives(founds, origin), [f.summary for f in founds], settings)


def summary_of(opened: Opened, subject: Subject) -> str:
    """One sentence on what a subject is for, from its design's file."""
    from convcost.language.primitives import PRIMITIVES

    if subject.design is None:
        return ""
    if subject.design in PRIMITIVES:
        return PRIMITIVES[subject.design].summary
    library = opened.library
    return library.find(subject.design).summary if library.knows(subject.design) else ""


def _compared(opened: Opened, group: _Group, baseline: str | None) -> Comparison:
    names = [subject.name for subject in group.subjects]
    if baseline is not None and baseline not in names:
        with suppress(OperationError):
            baseline = opened.library.find(baseline).name
    return compare_subjects(
        group.subjects,
        settings=dict(group.settings),
        summaries=group.summaries,
        baseline=baseline,
    )


def one_comparison(opened: Opened, designs: Sequence[str], baseline: str | None) -> Comparison:
    """The one comparison asked for. Raises ConvcostError where there are several, or a Problem."""
    found = list(comparisons(opened, designs, baseline))
    for one in found:
        if isinstance(one, Problem):
            raise one.error
    if len(found) != 1:
        raise ConvcostError(f"compare gives one comparison, not {len(found)}")
    (comparison,) = found
    assert isinstance(comparison, Comparison)
    return comparison
