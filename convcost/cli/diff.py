"""``convcost diff``: what is different between two networks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE, LIMIT
from convcost.cli.memory import NO_MEMORY, MemoryOptions

if TYPE_CHECKING:
    from convcost.sources.asked import Asked

EXAMPLES = """Examples:

convcost diff resnet50 resnet101

convcost diff resnet50 resnet50 --set:b blocks3=9

convcost diff 56x56x256 "conv 3x3 256" "conv 3x3 256 g32"

convcost diff base.json model.onnx --exit-code
"""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT] A B",
            help="Two of: a name, a file, layers in quotes, the saved JSON of count.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    set_a: Annotated[
        list[str] | None,
        o.option(o.COMPARE, "--set:a", metavar="NAME=VALUE", help="A parameter of A alone."),
    ] = None,
    set_b: Annotated[
        list[str] | None,
        o.option(o.COMPARE, "--set:b", metavar="NAME=VALUE", help="A parameter of B alone."),
    ] = None,
    by: Annotated[
        str, o.option(o.OUTPUT, "--by", metavar="layer|type", help="Layer by layer, or by kind.")
    ] = "layer",
    exit_code: Annotated[
        bool, o.option(o.OUTPUT, "--exit-code", help="Exit 1 where they differ, as git does.")
    ] = False,
    layer: o.LayerOptions = o.NO_LAYER,
    memory: MemoryOptions = NO_MEMORY,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Show what is different: totals of every figure, then layer by layer.

    Layers are matched by name, then by equal type and shapes in order.
    """
    from convcost.cli.asking import Question
    from convcost.cli.memory import asked_execution
    from convcost.cli.output import check_choice, chosen_format, print_notes, write_answer
    from convcost.errors import SpecError
    from convcost.reports.difference import difference_reports
    from convcost.studies.difference import difference, sides_of

    form = chosen_format(output)
    check_choice("--by", by, ("layer", "type"))
    question = Question(what or [], layer)
    cases = [asked for _, asked in question.asked.cases()]
    if len(cases) > 1:
        raise SpecError("diff takes one value for each option")
    a, b, remarks = sides_of(
        question.words,
        (_with(cases[0], set_a, "--set:a"), _with(cases[0], set_b, "--set:b")),
        question.library,
        asked_execution(memory),
        question.designs,
        None if sys.stdin is None else sys.stdin.buffer,
    )
    found = difference(a, b)
    reports = difference_reports(found, by_type=by == "type")
    whole = output.get is not None or form in ("json", "jsonl")
    write_answer(reports[:1] if whole else reports, output, form)
    print_notes(remarks)
    return LIMIT if exit_code and not found.is_none else DONE


def _with(asked: Asked, pairs: list[str] | None, option: str) -> Asked:
    """What was asked, with the settings of one side. Raises SpecError."""
    from convcost.cli.settings import set_settings
    from convcost.errors import SpecError
    from convcost.sources.asked import Each

    settings, typed = set_settings(pairs)
    for name, value in settings.items():
        typed[name] = typed[name].replace("--set", option, 1)
        if isinstance(value, Each):
            raise SpecError("diff takes one value for each option", place=typed[name])
        if name in asked.settings:
            place = f"{asked.typed.get(name)}, {typed[name]}"
            raise SpecError(f"{name} is given twice", place=place, hint="leave one of them out")
    return asked._replace(settings={**asked.settings, **settings}, typed={**asked.typed, **typed})
