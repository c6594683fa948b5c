"""``convcost conventions``: what other tools would report, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost.language.building import Subject

EXAMPLES = """Examples:

convcost conventions resnet50

convcost conventions model.onnx --tool thop

convcost conventions resnet50 --convention ./lab.toml

convcost conventions resnet50 --get tools.fvcore.value
"""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT] [LAYERS | NAME | FILE]...",
            help="An input shape, then one-line layers; or names, files, - for stdin.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    tool: Annotated[
        str | None,
        o.option(
            o.COMPARE,
            "--tool",
            metavar="NAME",
            help="Derive one tool's number by kind of layer; a name, or a .toml file with rules.",
        ),
    ] = None,
    convention: Annotated[
        list[str] | None,
        o.option(
            o.COMPARE,
            "--convention",
            metavar="FILE",
            help="A .toml file with rules of your own, beside the others; repeatable.",
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_LAYER,
    output: o.OutputOptions = o.NO_OUTPUT,
    strict: o.Strict = False,
) -> int:
    """Tell what other cost counters would report, under their own word, and why."""
    from convcost.cli.output import chosen_format, write_reports, write_values
    from convcost.errors import SpecError
    from convcost.reports.conventions import conventions_report, tool_report
    from convcost.studies.conventions import conventions_of

    form = chosen_format(output)
    if tool is not None and convention:
        raise SpecError(
            "--tool derives one number: no other stands beside it",
            place=f"--convention {convention[0]}",
            hint="leave one of them out",
        )
    reports = []
    for subject in subjects_of(what or [], layer):
        found = conventions_of(subject, [tool] if tool else (), convention or ())
        if strict and found.is_bound:
            raise SpecError(
                f"{subject.name} cannot be counted completely",
                hint="without --strict its figures are lower bounds",
            )
        made = tool_report(found, found.tools[0]) if tool else conventions_report(found)
        reports.append(made)
    if output.get is not None:
        values = [record for report in reports for record in report.records()]
        write_values(values, output.get, output)
    else:
        write_reports(reports, form, output)
    return DONE


def subjects_of(words: list[str], options: o.LayerOptions | o.NetworkOptions) -> Iterator[Subject]:
    """Everything that was asked for, built. Raises SpecError at the first that cannot be."""
    from convcost.cli.asking import Question
    from convcost.cli.output import print_notes
    from convcost.sources.found import Problem

    question = Question(words, options)
    for label, asked in question.asked.cases():
        opened = question.opened(asked)
        print_notes(opened.notes)
        for subject in opened.subjects():
            if isinstance(subject, Problem):
                raise subject.error
            yield subject._replace(name=f"{subject.name} {label}".rstrip())
