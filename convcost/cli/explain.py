"""``convcost explain``: each number, derived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE

if TYPE_CHECKING:
    from convcost.sources.table import Opened

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
        str | None,
        o.option(
            o.COMPARE,
            *("--versus", "--baseline"),
            metavar="NAME",
            help="The design to compare with (standard).",
        ),
    ] = None,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Show where each number comes from: kernels, output values, products, sums, the ratio."""
    from convcost.cli.output import chosen_format, write_answer
    from convcost.reports.explanation import explanation_report
    from convcost.studies.explaining import explanation_of

    form = chosen_format(output)
    opened = opened_once("explain", what or [], layer)
    write_answer([explanation_report(explanation_of(opened, versus))], output, form)
    return DONE


def opened_once(
    command: str, words: list[str], options: o.LayerOptions | o.NetworkOptions
) -> Opened:
    """The door for a command that takes one value for each option. Raises SpecError."""
    from convcost.cli.asking import Question
    from convcost.cli.output import print_notes
    from convcost.errors import SpecError

    question = Question(words, options)
    cases = list(question.asked.cases())
    if len(cases) > 1:
        raise SpecError(f"{command} takes one value for each option", place=cases[0][0])
    opened = question.opened()
    print_notes(opened.notes)
    return opened
