"""``convcost compare``: designs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE, WRONG_INPUT
from convcost.reports.formats import FOR_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost.cli.asking import Question
    from convcost.reports.report import Report
    from convcost.results import ComparisonResult

FOR_TABLES = "it is for tables"

EXAMPLES = """Examples:

convcost compare 56x56x256 --kernel 3 --out 64

convcost compare 56x56x256 "conv 3x3 64" "conv 1x3 64, conv 3x1 64"

convcost compare 56x56x256 -k 3 -o 16,32,64 -D standard,separable

convcost compare resnet50 mobilenet_v2 vgg16

convcost compare specs.json --format json
"""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT] [LAYERS | NAME | FILE]...",
            help="An input shape and alternatives; or files, - for stdin.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_LAYER,
    baseline: Annotated[
        str | None,
        o.option(
            o.COMPARE,
            *("--baseline", "--versus"),
            metavar="NAME",
            help="What the others are compared with.",
        ),
    ] = None,
    output: o.OutputOptions = o.NO_OUTPUT,
    human: o.Human = False,
    convention: o.Convention = None,
    verbose: o.Verbose = False,
    chart: o.Chart = None,
    chart_width: o.ChartWidth = None,
    keep_going: o.KeepGoing = False,
    strict: o.Strict = False,
) -> int:
    """Set designs side by side: parameters, MACs, how many times fewer, and what each one does.

    Without alternatives these are standard, pointwise (1x1), separable and bottleneck.
    """
    from convcost.cli.asking import Question
    from convcost.cli.output import chosen_format, write_reports, write_values
    from convcost.errors import SpecError

    form = chosen_format(output)
    if convention is not None and output.get is not None:
        hint = "--format json has the tool's number beside them"
        raise SpecError("--get reads convcost's own figures", place="--convention", hint=hint)
    if human and (form not in FOR_PEOPLE or output.get is not None):
        raise SpecError("--human changes nothing here", place="--human", hint=FOR_TABLES)
    width = ""
    if chart is not None or chart_width is not None:
        from convcost.cli.charting import check_charting

        width = check_charting(chart, chart_width)
    _refuse_words_between(what or [])
    if verbose and (form != "table" or output.get is not None):
        raise SpecError("--verbose changes nothing here", place="--verbose", hint=FOR_TABLES)
    found = _results(Question(what or [], layer), baseline, keep_going=keep_going, strict=strict)
    is_plain = convention is None and chart is None and output.output is None
    if is_plain and output.get is None and form == "jsonl":
        return _streamed(found, output)
    every = list(found)
    results = [result for result in every if result is not None]
    if chart is not None and results:
        from convcost.cli.charting import charts_of, write_charts

        drawn = _recounted(results, convention) if convention else [one.report() for one in results]
        write_charts(charts_of(drawn), chart, width)
    if convention is not None:
        write_reports(_recounted(results, convention, human), form, output)
    elif output.get is not None:
        values = [
            record
            for result in every
            for record in ((None,) if result is None else result.report().records())
        ]
        write_values(values, output.get, output)
    elif results:
        write_reports([result.report(human=human) for result in results], form, output, verbose)
    return WRONG_INPUT if len(results) < len(every) else DONE


def _streamed(found: Iterator[ComparisonResult | None], output: o.OutputOptions) -> int:
    """Each comparison is written before the next one is read, however many there are."""
    from convcost.cli.output import write_reports

    code = DONE
    for result in found:
        if result is None:
            code = WRONG_INPUT
        else:
            write_reports([result.report()], "jsonl", output)
    return code


def _results(
    question: Question, baseline: str | None, *, keep_going: bool, strict: bool
) -> Iterator[ComparisonResult | None]:
    """Every comparison; with ``keep_going`` bad specs are reported, and None in their place."""
    from convcost.cli.output import print_error, print_notes
    from convcost.errors import SpecError
    from convcost.results import ComparisonResult
    from convcost.sources.found import Problem
    from convcost.studies.alternatives import comparisons
    from convcost.studies.comparison import DEFAULT_DESIGNS

    if question.is_empty:
        raise SpecError(
            "there is nothing to compare",
            hint="try: convcost compare 56x56x256 --kernel 3 --out 64, or names, or a file",
        )
    default = () if question.designs else DEFAULT_DESIGNS
    for _, asked in question.asked.cases():
        opened = question.opened(asked, designs=(), default=default)
        print_notes(opened.notes)
        for one in comparisons(opened, question.designs, baseline):
            if not isinstance(one, Problem):
                result = ComparisonResult(one)
                if strict:
                    _refuse_partial(result)
                yield result
            elif keep_going:
                print_error(one.error)
                yield None
            else:
                raise one.error


def _recounted(
    results: list[ComparisonResult], convention: str, human: bool = False
) -> list[Report]:
    """The comparisons with a tool's number in place of MACs."""
    from convcost.language.conventions import find_convention
    from convcost.reports.recounting import recounted_comparison

    rules = find_convention(convention)
    return [recounted_comparison(one.comparison, rules, human=human) for one in results]


def _refuse_partial(result: ComparisonResult) -> None:
    from convcost.errors import SpecError

    for entry in result:
        if entry.is_bound:
            raise SpecError(
                f"{entry.name} cannot be counted completely",
                hint="without --strict its figures are lower bounds",
            )


BETWEEN = ("vs", "vs.", "versus", "against", "and", "or", "with")
"""Words that people say between two designs."""


def _refuse_words_between(words: Sequence[str]) -> None:
    """``compare 56x56x256 1x1 vs 3x3 -o 64``: alternatives stand side by side."""
    from convcost.errors import SpecError, shorten
    from convcost.quantities import looks_like_shape

    between = next((word for word in words[1:] if word.lower() in BETWEEN), None)
    if between is None:
        return
    named = [word for word in words if word.lower() not in BETWEEN]
    first, *rest = named
    rest = [f"conv {word}" if looks_like_shape(word) and word != "1x1" else word for word in rest]
    shown = " ".join(f'"{word}"' if " " in word else word for word in (first, *rest))
    raise SpecError(
        "alternatives stand side by side, without a word between them",
        place=between,
        hint=f"leave it out: {shorten(shown, 100)}",
    )
