"""``convcost swap``: a network with other layers in place of some."""

from __future__ import annotations

from typing import Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_designs, complete_words
from convcost.cli.exits import DONE

EXAMPLES = """Examples:

convcost swap resnet50 --from standard --to separable

convcost swap vgg16 --from standard --to bottleneck --where 'in_channels == out_channels'
"""


@o.bundled
def run(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="NETWORK",
            help="A network by name or file, or one-line layers.",
            autocompletion=complete_words,
        ),
    ],
    source: Annotated[
        str,
        o.option(
            o.COMPARE,
            "--from",
            metavar="KIND",
            help="standard, pointwise, depthwise, grouped, conv (any), linear, or a design "
            "whose blocks are replaced whole.",
        ),
    ] = "standard",
    target: Annotated[
        str,
        o.option(
            o.COMPARE,
            "--to",
            metavar="DESIGN",
            help="The design to put there.",
            autocompletion=complete_designs,
        ),
    ] = "separable",
    where: Annotated[
        str | None,
        o.option(
            o.COMPARE,
            "--where",
            metavar="CONDITION",
            help="Only these layers: 'kernel_size == 3 and macs > 10M'.",
        ),
    ] = None,
    set_: o.Set = None,
    network: o.NetworkOptions = o.NO_NETWORK,
    output: o.OutputOptions = o.NO_OUTPUT,
    strict: o.Strict = False,
) -> int:
    """Replace matching layers by a design at the same input, output and stride.

    Prints before and after, layer by layer and in total. --set goes to the new design.
    """
    from convcost.cli.explain import opened_once
    from convcost.cli.output import chosen_format, write_answer
    from convcost.cli.settings import set_settings
    from convcost.errors import SpecError
    from convcost.reports.swapping import swap_report
    from convcost.studies.swapping import swap_of

    form = chosen_format(output)
    settings, _ = set_settings(set_)
    _refuse_design_behind(what)
    opened = opened_once("swap", what, network)
    swapped = swap_of(opened, source, target, where=where, arguments=settings)
    if strict and swapped.before.uncounted:
        raise SpecError(
            f"{swapped.name} cannot be counted completely",
            hint="without --strict the totals are lower bounds",
        )
    write_answer([swap_report(swapped)], output, form)
    return DONE


def _refuse_design_behind(words: list[str]) -> None:
    """``swap resnet50 separable``: what is put there is an option."""
    from convcost.errors import SpecError
    from convcost.language.library import Library

    library = Library()
    for word in words[1:]:
        if library.knows(word) and library.find(word).kind == "design":
            raise SpecError("the design to put there is an option", place=word, hint=f"--to {word}")
