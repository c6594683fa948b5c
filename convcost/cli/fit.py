"""``convcost fit``: from a wish to a design."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE, LIMIT
from convcost.cli.memory import (
    NO_MEMORY,
    MemoryOptions,
    asked_execution,
    given_words,
    refuse_unused,
)
from convcost.cli.varying import NO_SPACE, SpaceOptions

GOAL = "Goal"

EXAMPLES = """Examples:

convcost fit res2net50 --set scale=4 --vary width=8..64 --near params=resnet50

convcost fit mobilenet_v2 --vary width=0.2..1:0.1 --vary input=48..224:16 --max macs=100M

convcost fit 56x56x64 "separable 3x3" --vary out=16..256 --max peak=1MiB --maximize macs
"""


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
    near: Annotated[
        str | None,
        o.option(
            GOAL,
            "--near",
            metavar="FIGURE=TARGET",
            help="The least distance to a number or to a network's figure: params=resnet50.",
        ),
    ] = None,
    max_: Annotated[
        list[str] | None,
        o.option(
            GOAL,
            "--max",
            metavar="FIGURE=LIMIT",
            help="Not above a number or a network's figure; repeatable.",
        ),
    ] = None,
    maximize: Annotated[
        str | None,
        o.option(
            GOAL,
            *("--maximize", "--maximise"),
            metavar="FIGURE",
            help="The most of a figure (the last limit's, where nothing is said).",
        ),
    ] = None,
    minimize: Annotated[
        str | None,
        o.option(GOAL, *("--minimize", "--minimise"), metavar="FIGURE", help="The least."),
    ] = None,
    columns: o.Columns = None,
    memory: MemoryOptions = NO_MEMORY,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Find the candidate nearest to a figure, or the best within limits.

    Every candidate is counted: cost has steps and need not rise with a width. Exit 1 where
    nothing is feasible.
    """
    from convcost.cli.output import chosen_format, write_answer
    from convcost.cli.varying import opened_space, progress
    from convcost.errors import SpecError
    from convcost.reports.fitting import fit_report
    from convcost.studies.fitting import fit, make_fit, read_target
    from convcost.studies.keeping import Objective
    from convcost.studies.machine import Machine
    from convcost.studies.measuring import measured_keys

    how = asked_execution(memory)
    form = chosen_format(output)
    library, family, made = opened_space(what or [], space)
    if maximize and minimize:
        raise SpecError("--maximize and --minimize: one of them decides")
    named = maximize or minimize
    wish = make_fit(
        read_target(library, near, "--near", how) if near else None,
        [read_target(library, text, "--max", how) for text in max_ or ()],
        Objective(named, largest=bool(maximize)) if named else None,
        [name.strip() for name in (columns or "").split(",") if name.strip()],
    )
    refuse_unused(memory, wish.keys, "this fit")
    machine = Machine(family, made, measured_keys(wish.keys), how)
    with progress(made.size) as done:
        answer = fit(machine, wish, done)
    options = [word for text in given_words(memory).values() for word in shlex.split(text)]
    write_answer([fit_report(answer, family, made, options)], output, form)
    return DONE if answer.best is not None else LIMIT
