"""The question of ``compare``: what does the same step cost as another design?

``design_subjects`` builds each design with the settings that it understands;
``compare_subjects`` counts them and relates them to a baseline.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from convcost.engine.counting import Count, count
from convcost.engine.receptive_field import Mixing, mixing, receptive_fields
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError, did_you_mean
from convcost.language.building import Subject, build_spec
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import Origin
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import WEIGHTS_ONLY, Switches

DEFAULT_DESIGNS = ("standard", "pointwise", "separable", "bottleneck")
"""What ``compare`` sets side by side when nobody names designs; the first is the baseline."""


class Entry(NamedTuple):
    """One alternative, counted, and what it does with its input.

    ``receptive_field`` is the size of input that one output value sees, None for all of it.
    ``unused`` names the shared settings that the design has no use for.
    """

    name: str
    summary: str
    counted: Count
    receptive_field: tuple[int, ...] | None
    mixing: Mixing
    params_ratio: Fraction | None
    macs_ratio: Fraction | None
    unused: tuple[str, ...]


class Comparison(NamedTuple):
    """Alternatives for one input. Ratios are alternative / baseline, None where that is 0."""

    input: Shape
    settings: dict[str, object]
    batch: int
    baseline: str
    entries: tuple[Entry, ...]


def design_subjects(
    library: Library,
    names: Sequence[str],
    spec: LayerSpec,
    origin: Origin,
    *,
    input: Shape | None = None,
    batch: int | None = None,
    switches: Switches = WEIGHTS_ONLY,
) -> list[Subject]:
    """Each named design with those settings of ``spec`` that it has a parameter for.

    A setting that no design has a parameter for is an error: it would change nothing.
    """
    settings = spec.settings()
    accepted = [_accepted(library, name, origin) for name in names]
    for field in settings:
        if not any(field in known for known in accepted):
            known = sorted(set().union(*accepted))
            raise origin.error(
                OperationError(
                    f"none of these designs has a parameter {field}",
                    field=field,
                    hint=did_you_mean(field, known),
                )
            )
    return [
        _design_subject(library, name, known, spec, origin, input, batch, switches)
        for name, known in zip(names, accepted, strict=True)
    ]


def _accepted(library: Library, name: str, origin: Origin) -> frozenset[str]:
    """The fields that a design or primitive takes."""
    if name in PRIMITIVES:
        return frozenset(PRIMITIVES[name].fields)
    try:
        return frozenset((*library.find(name).parameters, "bias"))
    except OperationError as problem:
        raise origin.error(problem) from None


def _design_subject(
    library: Library,
    name: str,
    known: frozenset[str],
    spec: LayerSpec,
    origin: Origin,
    input: Shape | None,
    batch: int | None,
    switches: Switches,
) -> Subject:
    settings = spec.settings()
    own: dict[str, Any] = {key: value for key, value in settings.items() if key in known}
    one = LayerSpec.model_construct(
        type=name, input=spec.input or input, batch=batch or spec.batch, **own
    )
    subject = build_spec(library, one, origin, switches=switches)
    title = name if name in PRIMITIVES else library.find(name).name
    unused = tuple(key for key in settings if key not in own)
    return subject._replace(name=title, arguments=own, unused=unused)


def summary_of(library: Library, subject: Subject) -> str:
    """One sentence on what a subject is for, from its design file."""
    if subject.design is None:
        return ""
    if subject.design in PRIMITIVES:
        return PRIMITIVES[subject.design].summary
    return library.find(subject.design).summary if library.knows(subject.design) else ""


def compare_subjects(
    subjects: Sequence[Subject],
    *,
    settings: dict[str, object],
    summaries: Sequence[str],
    baseline: str | None = None,
) -> Comparison:
    """Count every subject and relate it to the baseline (by name; the first where None)."""
    names = [subject.name for subject in subjects]
    if baseline is not None and baseline not in names:
        raise ConvcostError(
            f"the baseline {baseline} is not among the designs",
            hint=did_you_mean(baseline, names),
        )
    counts = [count(subject.graph, subject.batch) for subject in subjects]
    base = counts[names.index(baseline) if baseline is not None else 0]
    entries = tuple(
        Entry(
            name=subject.name,
            summary=summary,
            counted=counted,
            receptive_field=receptive_fields(subject.graph)[subject.graph.outputs[0]].size,
            mixing=mixing(subject.graph),
            params_ratio=ratio(counted.params, base.params),
            macs_ratio=ratio(counted.macs, base.macs),
            unused=subject.unused,
        )
        for subject, summary, counted in zip(subjects, summaries, counts, strict=True)
    )
    first = subjects[0]
    return Comparison(first.graph.inputs[0], settings, first.batch, baseline or names[0], entries)


def ratio(value: int, base: int) -> Fraction | None:
    """``value / base``, None where the base is 0."""
    return Fraction(value, base) if base else None
