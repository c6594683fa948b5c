"""``convcost sweep``: every candidate of a space."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE
from convcost.cli.memory import (
    NO_MEMORY,
    MemoryOptions,
    asked_execution,
    refuse_unused,
)
from convcost.cli.varying import NO_SPACE, SPACE, SpaceOptions
from convcost.reports.formats import FOR_PEOPLE

if TYPE_CHECKING:
    from convcost.studies.machine import Machine
    from convcost.studies.sweep import Wish

EXAMPLES = """Examples:

convcost sweep 56x56 "separable 3x3" --vary in=16..512:16 --vary out=16..512:16 -n 5

convcost sweep mobilenet_v1 --vary width=0.25,0.5,0.75,1 --vary input=128..224:32

convcost sweep 56x56x64 --vary design=standard,separable --vary out=32..128:32 --set kernel=3

convcost sweep mobilenet_v2 --vary width=0.1..2:0.1 --where 'macs <= 300M' --sort -params

convcost sweep 56x56 "separable 3x3" --vary in=16..512:16 --vary out=16..512:16
    --pareto macs,-params --chart front.pdf --chart-width one
"""

IN_A_FILE = "--chart FILE draws one beside any format"

SHORT = 20
"""Rows of a table, where nothing else is asked for."""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT] [DESIGN | NETWORK | LAYER]",
            help="What is varied; a shape without channels (56x56) takes them from in.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    space: SpaceOptions = NO_SPACE,
    where: Annotated[
        str | None,
        o.option(
            SPACE,
            "--where",
            metavar="CONDITION",
            help="Only candidates for which it holds: 'macs <= 100M and in < out'.",
        ),
    ] = None,
    pareto: Annotated[
        str | None,
        o.option(
            SPACE,
            "--pareto",
            metavar="FIGURES",
            help="Only the front: no other is better in all; a minus for more is better.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        o.option(SPACE, "--sort", metavar="FIGURE", help="Least first; a minus for largest first."),
    ] = None,
    most: Annotated[
        int | None,
        o.option(SPACE, "-n", metavar="N", min=0, help="At most so many rows (0: all)."),
    ] = None,
    columns: o.Columns = None,
    join: Annotated[
        str | None,
        o.option(SPACE, "--join", metavar="CSV", help="A table to join on the axes."),
    ] = None,
    chart: Annotated[
        str | None,
        o.option(
            o.OUTPUT,
            "--chart",
            metavar="[FILE]",
            help="The front among all candidates as .svg, .pdf or .png; without a file as text.",
        ),
    ] = None,
    chart_width: o.ChartWidth = None,
    memory: MemoryOptions = NO_MEMORY,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Cost every candidate of a space, exactly, and show those that matter.

    A row for each, with its axes and its figures. CSV and JSON lines are written as they come.
    """
    from convcost.cli.charting import AS_TEXT, check_charting, write_charts
    from convcost.cli.output import chosen_format, write_answer
    from convcost.cli.varying import opened_space, path_of, progress
    from convcost.errors import SpecError
    from convcost.reports.clouds import sweep_scatter
    from convcost.reports.sweep import sweep_report
    from convcost.studies.cloud import Cloud, drawn_figures
    from convcost.studies.joining import read_join
    from convcost.studies.machine import Machine
    from convcost.studies.measuring import measured_keys
    from convcost.studies.sweep import make_wish, sweep

    how = asked_execution(memory)
    parquet = path_of(output.output, ".parquet")
    form = chosen_format(output)
    width = check_charting(chart, chart_width)
    if chart == AS_TEXT and form != "table":
        raise SpecError("a chart of text stands below a table", place="--chart", hint=IN_A_FILE)
    _, family, made = opened_space(what or [], space)
    table = read_join(join, made.axes) if join else None
    named = tuple(filter(None, (columns or "").replace(" ", "").split(",")))
    rows = most or None
    if most is None and form in FOR_PEOPLE and parquet is None:
        rows = SHORT
    wish = make_wish(
        made.axes,
        where=where,
        pareto=pareto,
        sort=sort,
        most=rows,
        join=table,
        show=named,
    )
    cloud = Cloud(*drawn_figures(wish, named)) if width else None
    refuse_unused(memory, wish.keys, "this sweep")
    machine = Machine(family, made, measured_keys(wish.keys), how)
    beside = cloud.add if cloud is not None else None
    name = " ".join(what or []) or "designs"
    swept = None
    with progress(made.size) as done:
        if parquet is not None or (form in ("csv", "jsonl") and output.get is None):
            _stream(machine, wish, (form, output, parquet), done, beside)
        else:
            swept = sweep(machine, wish, done, beside)
    if cloud is not None and chart is not None:
        axes = [axis.name for axis in made.axes]
        write_charts([sweep_scatter(name, axes, cloud, made.size)], chart, width)
    if swept is not None:
        report = sweep_report(swept, wish, name, chart=chart == AS_TEXT)
        write_answer([report], output, form)
    return DONE


def _stream(
    machine: Machine, wish: Wish, where: tuple[str, o.OutputOptions, Any], done: Any, beside: Any
) -> None:
    """Rows as they come, to standard output or into a file; then a note on what is left out."""
    from collections import Counter

    from convcost.cli.output import print_notes
    from convcost.reports.sweep import unbuildable_notes
    from convcost.studies.sweep import stream

    left_out: Counter[str] = Counter()
    _write(machine, wish, *where, stream(machine, wish, left_out, done, beside))
    print_notes(unbuildable_notes(left_out, machine.space.size))


def _write(
    machine: Machine, wish: Wish, form: str, output: o.OutputOptions, parquet: Any, rows: Any
) -> None:
    from convcost.reports.jsonl import line
    from convcost.reports.sweep import csv_header, csv_lines, plain_row
    from convcost.reports.writing import writing_whole
    from convcost.studies.sweep import row_names

    if parquet is not None:
        from convcost.reports.parquet import write_parquet

        write_parquet(str(parquet), row_names(machine, wish), rows)
        return

    def texts() -> Any:
        header = csv_header(row_names(machine, wish)).encode() if form == "csv" else b""
        for part in rows:
            if form == "csv":
                yield header + csv_lines(part).encode()
            else:
                yield b"".join(line(plain_row(row)) for row in part)
            header = b""
        if header:
            yield header  # no rows; an error has come before this

    if output.output is not None:
        with writing_whole(output.output) as write:
            for text in texts():
                write(text)
        return
    out = sys.stdout.buffer
    for text in texts():
        out.write(text)
