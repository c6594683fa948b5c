"""``convcost explain``: each number, derived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE

if TYPE_CHECKING:
    from convcost.language.building import Subject
    from convcost.sources.table import Opened
    from convcost.studies.explanation import Explanation

EXAMPLES = """Examples:

convcost explain separable 56x56x256 --kernel 3 --out 64

convcost explain 56x56x256 "conv 3x3 64 g4"
"""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DESIGN INPUT",
            help="A design or a one-line spec, and an input shape.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_LAYER,
    versus: Annotated[
        str,
        o.option(
            o.COMPARE, "--versus", "--baseline", metavar="NAME", help="The design to compare with."
        ),
    ] = "standard",
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Show where each number comes from: kernels, output values, products, sums, the ratio."""
    from convcost.cli.output import chosen_format, write_answer
    from convcost.reports.explanation import explanation_report

    form = chosen_format(output)
    opened, subject = one_subject("explain", what or [], layer)
    write_answer([explanation_report(_explanation(opened, subject, versus))], output, form)
    return DONE


def one_subject(
    command: str, words: list[str], options: o.LayerOptions | o.NetworkOptions
) -> tuple[Opened, Subject]:
    """The one thing that a command is about. Raises SpecError for none or several."""
    from convcost.cli.asking import Question
    from convcost.cli.output import print_notes
    from convcost.errors import SpecError
    from convcost.sources.found import Problem

    question = Question(words, options)
    cases = list(question.asked.cases())
    if len(cases) > 1:
        raise SpecError(f"{command} takes one value for each option", place=cases[0][0])
    opened = question.opened()
    print_notes(opened.notes)
    subjects = []
    for one in opened.subjects():
        if isinstance(one, Problem):
            raise one.error
        subjects.append(one)
    if len(subjects) != 1:
        raise SpecError(f"{command} takes one thing, not {len(subjects)}")
    return opened, subjects[0]


def _explanation(opened: Opened, subject: Subject, versus: str) -> Explanation:
    from importlib.util import find_spec

    from convcost.studies.alternatives import summary_of
    from convcost.studies.derivation import closed_forms
    from convcost.studies.explanation import explain_subject

    baseline = _baseline(opened, subject, versus)
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
    from convcost.errors import ConvcostError
    from convcost.language.building import build_network
    from convcost.sources.names import design_of

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
