"""The question of ``compare``: what does the same step cost as another design?"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from convcost.engine.counting import Count, count
from convcost.engine.receptive_field import Mixing, mixing, receptive_fields
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, did_you_mean
from convcost.language.building import Subject

DEFAULT_DESIGNS = ("standard", "pointwise", "separable", "bottleneck")
"""What ``compare`` sets side by side when nobody names designs; the first is the baseline."""


class Entry(NamedTuple):
    """One alternative, counted, and what it does with its input.

    ``receptive_field`` is the size of input that one output value sees, None for all of it.
    ``unused`` names the shared settings that the design has no use for. A ratio is None where
    the baseline is 0, and where one of the two is a lower bound.
    """

    name: str
    summary: str
    counted: Count
    receptive_field: tuple[int, ...] | None
    mixing: Mixing
    params_ratio: Fraction | None
    macs_ratio: Fraction | None
    unused: tuple[str, ...]

    @property
    def is_bound(self) -> bool:
        """Whether its figures are lower bounds."""
        return bool(self.counted.uncounted)


class Comparison(NamedTuple):
    """Alternatives for one input. Ratios are alternative / baseline, None where that is 0."""

    input: Shape
    settings: dict[str, object]
    batch: int
    baseline: str
    entries: tuple[Entry, ...]


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
            params_ratio=None if _bound(counted, base) else ratio(counted.params, base.params),
            macs_ratio=None if _bound(counted, base) else ratio(counted.macs, base.macs),
            unused=subject.unused,
        )
        for subject, summary, counted in zip(subjects, summaries, counts, strict=True)
    )
    first = subjects[0]
    return Comparison(first.graph.inputs[0], settings, first.batch, baseline or names[0], entries)


def best(comparison: Comparison) -> Entry | None:
    """The entry with the fewest MACs that can stand in for the baseline, None without one.

    It makes the same output. One that sees as much and mixes as much comes before one that
    saves more by seeing or mixing less. The baseline itself is the answer where nothing has
    fewer MACs; nothing is where figures are lower bounds.
    """
    base = next(entry for entry in comparison.entries if entry.name == comparison.baseline)
    same = [e for e in comparison.entries if e.counted.output == base.counted.output]
    if len(same) < 2 or any(entry.is_bound for entry in same):
        return None
    cheaper = [entry for entry in same if entry.counted.macs < base.counted.macs]
    equals = [entry for entry in cheaper if _does_as_much(entry, base)]
    return min(equals or cheaper or [base], key=lambda entry: entry.counted.macs)


def _does_as_much(entry: Entry, base: Entry) -> bool:
    """Whether it sees at least as much on each axis, and mixes what the baseline mixes."""
    own, other = entry.receptive_field, base.receptive_field
    sees = own is None or (
        other is not None
        and len(own) == len(other)
        and all(size >= least for size, least in zip(own, other, strict=True))
    )
    return sees and entry.mixing in (base.mixing, "space and channels")


def _bound(counted: Count, base: Count) -> bool:
    """Whether a ratio of the two would be one of lower bounds."""
    return bool(counted.uncounted or base.uncounted)


def ratio(value: int, base: int) -> Fraction | None:
    """``value / base``, None where the base is 0."""
    return Fraction(value, base) if base else None
