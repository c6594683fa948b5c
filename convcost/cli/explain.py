"""``convcost explain``: each number, derived."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.exits import DONE

if TYPE_CHECKING:
    from convcost.cli.request import Request
    from convcost.language.building import Subject

EXAMPLES = """Examples:

convcost explain separable 56x56x256 --kernel 3 --out 64

convcost explain 56x56x256 "conv 3x3 64 g4"
"""


@o.with_layer_options
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DESIGN INPUT", help="A design or a one-line spec, and an input shape."
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_OPTIONS,
    versus: Annotated[
        str, typer.Option(metavar="NAME", help="The design to compare with.")
    ] = "standard",
    form: o.Format = "table",
) -> int:
    """Show where each number comes from: kernels, output values, products, sums, the ratio."""
    from importlib.util import find_spec

    from convcost.cli.output import check_format, terminal_settings, write_reports
    from convcost.cli.request import Request
    from convcost.cli.sources import subjects_of
    from convcost.errors import ConvcostError, SpecError
    from convcost.reports.explanation import blackboard, explanation_report
    from convcost.studies.comparison import summary_of
    from convcost.studies.derivation import closed_forms
    from convcost.studies.explanation import explain_subject

    check_format(form)
    request = Request.read(what or [], layer)
    subjects = [s for s in subjects_of(request) if not isinstance(s, ConvcostError)]
    if len(subjects) != 1:
        raise SpecError(f"explain takes one design, not {len(subjects)}")
    subject = subjects[0]
    baseline = _baseline(request, subject, versus)
    explanation = explain_subject(
        subject,
        summary_of(request.library, subject),
        baseline,
        closed_forms(request.library, subject, baseline) if baseline else (None, None),
    )
    if baseline is not None and find_spec("sympy") is None:
        hint = "for the ratios in symbols: pip install 'convcost[formula]'"
        explanation = explanation._replace(remarks=(*explanation.remarks, hint))
    if form == "table":
        sys.stdout.write(blackboard(explanation, min(terminal_settings()["width"], 100)))
    else:
        write_reports([explanation_report(explanation)], form)
    return DONE


def _baseline(request: Request, subject: Subject, versus: str) -> Subject | None:
    """The baseline at the same settings; None where it has no such settings or is the subject."""
    from convcost.errors import ConvcostError
    from convcost.language.building import build_network

    design = request.design(versus)
    asked = {**request.checked_settings(), **subject.arguments}
    arguments = {name: value for name, value in asked.items() if design.accepts(name)}
    arguments.pop("groups", None)  # what groups save shows against the dense layer
    if "out_channels" not in arguments:
        arguments["out_channels"] = subject.graph.output[-1]
    if subject.design == design.name or len(subject.graph.output) == 1:
        return None
    try:
        return build_network(
            request.library,
            design,
            input=subject.graph.inputs[0],
            batch=subject.batch,
            arguments=arguments,
        )
    except ConvcostError:
        return None
