"""``convcost count``: one table a subject, or a stream of results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.exits import DONE, LIMIT, WRONG_INPUT

if TYPE_CHECKING:
    from convcost.cli.request import Request
    from convcost.results import CountResult

EXAMPLES = """Examples:

convcost count 56x56x256 "separable 3x3 64"

convcost count 56x56x256 "conv 3x3 64" --get macs

convcost count specs.jsonl --format jsonl
"""


@o.with_layer_options
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT] [LAYERS | NAME | FILE]...",
            help="An input shape, then one-line specs; or names, files, - for stdin.",
            show_default=False,
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_OPTIONS,
    form: o.Format = "table",
    get: o.Get = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="With jsonl: each result with its layers.")
    ] = False,
    human: o.Human = False,
    largest: Annotated[
        int, typer.Option("-n", metavar="N", min=0, help="Show the N largest layers only.")
    ] = 0,
    depth: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Fold groups below this depth; 0: stages only."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Columns by name, with commas: macs,receptive_field."),
    ] = None,
    dtype: Annotated[
        str, typer.Option(metavar="TYPE", help="float32, float16, bfloat16 or int8.")
    ] = "float32",
    max_macs: Annotated[
        str | None, typer.Option(metavar="COUNT", help="Exit 1 above this many MACs: 300M.")
    ] = None,
    max_params: Annotated[
        str | None, typer.Option(metavar="COUNT", help="Exit 1 above this many parameters.")
    ] = None,
    keep_going: o.KeepGoing = False,
    strict: o.Strict = False,
) -> int:
    """Count parameters and multiply-accumulates of layers, designs and networks."""
    from convcost.cli.output import check_choice, check_format, write_reports, write_values
    from convcost.cli.request import Request
    from convcost.engine.memory import DTYPES
    from convcost.reports.count import CountView

    check_format(form)
    limits = {
        "macs": o.limit("--max-macs", max_macs),
        "params": o.limit("--max-params", max_params),
    }
    request = Request.read(what or [], layer)
    if form == "jsonl" and get is None and request.is_one_stream:
        from convcost.cli.streaming import stream_counts

        return stream_counts(request, layers=layers, keep_going=keep_going, strict=strict)
    check_choice("--dtype", dtype, tuple(DTYPES))
    results, failed = _results(request, keep_going)
    if strict:
        for result in results:
            _refuse_partial(result)
    if get is not None:
        write_values([result.document(dtype=dtype) for result in results], get)
    elif form == "jsonl":
        from convcost.reports.json import line

        for result in results:
            sys.stdout.write(line(result.document(layers=layers)).decode())
    elif results:
        chosen = tuple(filter(None, (columns or "").replace(" ", "").split(",")))
        view = CountView(human, largest, depth, chosen, dtype)
        write_reports([result.report(view) for result in results], form)
    if failed:
        return WRONG_INPUT
    return _over_limit(results, limits)


def _results(request: Request, keep_going: bool) -> tuple[list[CountResult], bool]:
    """Everything counted; with ``keep_going`` bad specs are reported and passed over."""
    from convcost.api import count_subject
    from convcost.cli.output import print_error
    from convcost.cli.sources import subjects_of
    from convcost.errors import ConvcostError

    results, failed = [], False
    for subject in subjects_of(request, keep_going=keep_going):
        if isinstance(subject, ConvcostError):
            print_error(subject)
            failed = True
        else:
            results.append(count_subject(subject))
    return results, failed


def _refuse_partial(result: CountResult) -> None:
    from convcost.errors import SpecError
    from convcost.reports.notes import census

    if not result.is_complete:
        raise SpecError(
            f"{result.name} cannot be counted completely",
            place=census(result.counted),
            hint="without --strict the totals are lower bounds",
        )


def _over_limit(results: list[CountResult], limits: dict[str, int | None]) -> int:
    """Exit code 1, and a line, for each result above a requested limit."""
    from convcost.quantities import format_count

    code = DONE
    for field, words in (("macs", "MACs"), ("params", "parameters")):
        most = limits[field]
        for result in results:
            value = getattr(result, field)
            if most is not None and value > most:
                sys.stderr.write(
                    f"limit: {result.name} has {format_count(value)} {words}, "
                    f"more than {format_count(most)}\n"
                )
                code = LIMIT
    return code
