"""A question about one subject, asked through the door: its derivation beside a baseline."""

from __future__ import annotations

from importlib.util import find_spec

from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import Subject, build_network
from convcost.sources.found import Problem
from convcost.sources.names import design_of
from convcost.sources.table import Opened
from convcost.studies.alternatives import summary_of
from convcost.studies.derivation import closed_forms
from convcost.studies.explanation import Explanation, explain_subject


def only_subject(opened: Opened, question: str) -> Subject:
    """The one thing that a question is about. Raises SpecError for none or several."""
    subjects = []
    for one in opened.subjects():
        if isinstance(one, Problem):
            raise one.error
        subjects.append(one)
    if len(subjects) != 1:
        names = ", ".join(subject.name for subject in subjects)
        raise SpecError(
            f"{question} takes one thing, not {len(subjects)}", place=shorten(names, 72) or None
        )
    return subjects[0]


def explanation_of(opened: Opened, versus: str | None = None) -> Explanation:
    """The one subject, taken apart, beside ``versus`` (None: the standard convolution, if any)."""
    subject = only_subject(opened, "explain")
    baseline = _baseline(opened, subject, versus or "standard")
    if baseline is None and versus is not None:
        raise SpecError(
            f"{subject.name} cannot be set against {versus}",
            place=f"--versus {versus}",
            hint="a baseline needs the same settings, and a map as output",
        )
    explanation = explain_subject(
        subject,
        summary_of(opened, subject),
        baseline,
        closed_forms(opened.library, subject, baseline) if baseline else (None, None),
    )
    if baseline is not None and find_spec("sympy") is None:
        hint = "for the ratios in symbols: pip install 'convcost[formula]'"
        explanation = explanation._replace(remarks=(*explanation.remarks, hint))
    return explanation


def _baseline(opened: Opened, subject: Subject, versus: str) -> Subject | None:
    """The baseline at the same settings; None where it has no such settings or is the subject."""
    design = design_of(opened.library, versus, opened.origin, f"--versus {versus}")
    asked = {**opened.asked.settings, **subject.arguments}
    arguments = {name: value for name, value in asked.items() if design.accepts(name)}
    arguments.pop("groups", None)  # what groups save shows against the dense layer
    if "out_channels" not in arguments:
        arguments["out_channels"] = subject.graph.output[-1]
    if subject.design == design.name or len(subject.graph.output) == 1:
        return None
    try:
        return build_network(
            opened.library,
            design,
            input=subject.graph.inputs[0],
            batch=subject.batch,
            arguments=arguments,
        )
    except ConvcostError:
        return None
