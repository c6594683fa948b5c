"""``convcost count``: one table a subject, or a stream of results."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE, WRONG_INPUT
from convcost.cli.limits import NO_LIMITS, Limits
from convcost.cli.memory import (
    NO_MEMORY,
    MemoryOptions,
    asked_execution,
    refuse_types,
    refuse_unused,
)
from convcost.reports.formats import FOR_PEOPLE, WITH_COLUMNS

if TYPE_CHECKING:
    from convcost.cli.asking import Question
    from convcost.engine.memory.execution import Execution
    from convcost.reports.count import CountView
    from convcost.reports.report import Report
    from convcost.results import CountResult

EXAMPLES = """Examples:

convcost count resnet50

convcost count 56x56x256 "separable 3x3 64"

convcost count 56x56x256 "conv 3x3 64" --get macs

convcost count specs.jsonl --format jsonl

convcost count model.onnx --max-macs 300M
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
    layer: o.LayerOptions = o.NO_LAYER,
    output: o.OutputOptions = o.NO_OUTPUT,
    layers: Annotated[
        bool,
        o.option(o.OUTPUT, "--layers", help="With jsonl: each result with its layers."),
    ] = False,
    human: o.Human = False,
    verbose: o.Verbose = False,
    chart: o.Chart = None,
    chart_width: o.ChartWidth = None,
    roofline: o.Roofline = None,
    largest: o.Largest = 0,
    depth: o.Depth = None,
    columns: o.Columns = None,
    convention: o.Convention = None,
    memory: MemoryOptions = NO_MEMORY,
    limits: Limits = NO_LIMITS,
    keep_going: o.KeepGoing = False,
    strict: o.Strict = False,
) -> int:
    """Count parameters and multiply-accumulates of layers, designs and networks."""
    from convcost.cli.asking import Question
    from convcost.cli.limits import asked_limits
    from convcost.cli.output import chosen_format, print_notes, write_reports, write_values
    from convcost.reports.count import CountView

    form = chosen_format(output)
    most = asked_limits(limits)
    execution = asked_execution(memory)
    chosen = tuple(filter(None, (columns or "").replace(" ", "").split(",")))
    brief = form == "table" and output.output is None and not verbose and sys.stdout.isatty()
    view = CountView(human, largest, depth, chosen, execution, brief)
    _refuse_unused(output, form, view, layers, verbose)
    if convention is not None:
        _refuse_beside_convention(output, form, most)
    drawing = None
    if chart is not None or chart_width is not None or roofline is not None:
        from convcost.cli.charting import Drawing

        drawing = Drawing.asked(chart, chart_width, convention, form, roofline)
    if output.get is None and (form == "csv" or (form == "jsonl" and not layers)):
        refuse_unused(memory, {*chosen, *most}, form)
    question = Question(what or [], layer)
    if form == "jsonl":
        from convcost.cli.streaming import Stream

        return Stream(question, output, most, execution, layers, keep_going, strict).run()
    kept, failed = _results(question, keep_going)
    results = [result for result in kept if result is not None]
    refuse_types(memory, [result.counted.graph for result in results])
    if strict and not most:  # with limits the verdict is theirs: not known is not kept
        for result in results:
            _refuse_partial(result)
    if drawing is not None and results:
        drawing.draw(results, view)
    if convention is not None:
        write_reports(_recounted(results, view, convention), form, output)
    elif output.get is not None:
        print_notes(note for result in results for note in result.notes)
        documents = [None if one is None else one.document(execution=execution) for one in kept]
        write_values(documents, output.get, output)
    elif results:
        write_reports(_reports(results, view, form), form, output, verbose)
    return WRONG_INPUT if failed else _over_limit(results, most, execution, strict)


def _reports(results: Sequence[CountResult], view: CountView, form: str) -> list[Report]:
    """Each result, and the layout of its memory below it where people read it."""
    reports = []
    for result in results:
        reports.append(result.report(view))
        if form in FOR_PEOPLE and view.execution.rule.planner != "live":
            reports.append(result.plan(view.execution))
    return reports


def _refuse_unused(
    output: o.OutputOptions, form: str, view: CountView, layers: bool, verbose: bool
) -> None:
    """An option that changes only a table is refused where none is printed."""
    from convcost.errors import SpecError

    shape = {
        "--human": (view.human, FOR_PEOPLE),
        "-n": (view.largest, WITH_COLUMNS),
        "--depth": (view.depth is not None, WITH_COLUMNS),
        "--columns": (view.columns, WITH_COLUMNS),
        "--layers": (layers, ("jsonl",)),
        "--verbose": (verbose, ("table",)),
    }
    if view.largest and view.depth is not None:
        raise SpecError(
            "-n shows single layers, --depth folds them",
            place=f"-n {view.largest}, --depth {view.depth}",
            hint="leave one of them out",
        )
    for name, (given, forms) in shape.items():
        if given and (output.get is not None or form not in forms):
            there = "--get" if output.get is not None else form
            raise SpecError(
                f"{name} changes nothing in {there}",
                place=name,
                hint=f"it is for {', '.join(forms)}",
            )


def _results(question: Question, keep_going: bool) -> tuple[list[CountResult | None], bool]:
    """Everything counted; with ``keep_going`` bad specs are reported, and None in their place."""
    from convcost.api import count_subject
    from convcost.cli.output import print_error, print_notes
    from convcost.sources.found import Problem

    results: list[CountResult | None] = []
    failed = False
    for label, asked in question.asked.cases():
        opened = question.opened(asked)
        print_notes(opened.notes)
        for subject in opened.subjects():
            if isinstance(subject, Problem):
                if not keep_going:
                    raise subject.error
                print_error(subject.error)
                failed = True
                results.append(None)
                continue
            name = f"{subject.name} {label}".rstrip()
            results.append(count_subject(subject._replace(name=name)))
    return results, failed


def _recounted(results: Sequence[CountResult], view: CountView, convention: str) -> list[Report]:
    """The results with a tool's number in place of MACs."""
    from convcost.language.conventions import find_convention
    from convcost.reports.recounting import recounted_report

    rules = find_convention(convention)
    return [
        recounted_report(one.name, one.measured(view.execution), rules, one.unused, one.notes, view)
        for one in results
    ]


def _refuse_beside_convention(output: o.OutputOptions, form: str, most: Mapping[str, int]) -> None:
    """What would go on reading MACs where another tool's number is shown."""
    from convcost.errors import SpecError

    if form == "jsonl":
        raise SpecError("--convention is not for a stream", hint="use --format json")
    if "macs" in most:
        raise SpecError("a limit on MACs is not one on what another tool says", place="--max-macs")
    if output.get is not None:
        hint = "--format json has the tool's number beside them"
        raise SpecError("--get reads convcost's own figures", place="--convention", hint=hint)


def _refuse_partial(result: CountResult) -> None:
    from convcost.errors import SpecError
    from convcost.reports.notes import census

    if not result.is_complete:
        raise SpecError(
            f"{result.name} cannot be counted completely",
            place=census(result.counted),
            hint="without --strict the totals are lower bounds",
        )


def _over_limit(
    results: Sequence[CountResult], limits: Mapping[str, int], execution: Execution, strict: bool
) -> int:
    """Exit code 1, and a line, for each result above a requested limit."""
    from convcost.cli.limits import print_verdicts

    code = DONE
    for result in results:
        code = max(code, print_verdicts(result.name, result.measured(execution), limits, strict))
    return code
