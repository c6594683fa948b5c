"""``convcost reconcile``: a printed figure traced to the convention behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE

if TYPE_CHECKING:
    from convcost.quantities import Printed

EXAMPLES = """Examples:

convcost reconcile resnet50 --reported 4.12G

convcost reconcile vgg16 --reported 15.3G --params 138M

convcost reconcile mobilenet_v1 --width 0.75 --reported 317M
"""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NETWORK [FIGURE]",
            help="A network by name or file, or an input shape and one-line layers; then the "
            "printed figure.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    reported: Annotated[
        str | None,
        o.option(
            o.COMPARE,
            "--reported",
            "--macs",
            "--flops",
            metavar="FIGURE",
            help="The printed MACs or FLOPs, digit for digit: 4.12G is 4.115 to 4.125.",
        ),
    ] = None,
    params: Annotated[
        str | None,
        o.option(
            o.COMPARE,
            "--params",
            metavar="FIGURE",
            help="The printed number of parameters: 25.6M.",
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_LAYER,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Find the conventions, or named steps away from convcost's count, that give a figure.

    The fewest steps come first; where nothing gives the figure, that is said.
    """
    from convcost.cli.explain import opened_once
    from convcost.cli.output import chosen_format, write_reports, write_values
    from convcost.errors import SpecError
    from convcost.reports.reconciling import reconcile_report
    from convcost.studies.reconciling import reconcile_of

    form = chosen_format(output)
    words, reported = _apart(what or [], reported)
    figures = {"macs": ("--reported", reported), "params": ("--params", params)}
    asked = {key: given for key, given in figures.items() if given[1] is not None}
    if not asked:
        raise SpecError(
            "there is no figure to trace",
            hint="add --reported 4.12G for MACs or FLOPs, or --params 25.6M",
        )
    printed = {key: _printed(*given) for key, given in asked.items()}
    found = reconcile_of(opened_once("reconcile", words, layer), printed)
    reports = [reconcile_report(one) for one in found]
    if output.get is not None:
        from convcost.cli.getting import counted_figures

        values = counted_figures(
            [record for one in reports for record in one.records()], output.get
        )
        write_values(values, output.get, output)
    else:
        write_reports(reports, form, output)
    return DONE


def _apart(words: list[str], reported: str | None) -> tuple[list[str], str | None]:
    """The words, and the figure that may stand behind them in place of ``--reported``."""
    if reported is None and len(words) > 1 and re.fullmatch(r"[\d.,_ ]+[kKMGTB]?", words[-1]):
        return words[:-1], words[-1]
    return words, reported


def _printed(option: str, text: str | None) -> Printed:
    from convcost.errors import ConvcostError, SpecError, shorten
    from convcost.quantities import parse_printed

    place = f"{option} {shorten(text or '', 60)}"
    if re.fullmatch(r"\s*\d+[.]\d+\s*", text or ""):
        raise SpecError(
            "a part of one MAC or parameter is no figure: its unit is missing",
            place=place,
            hint=f"write it as the paper does: {option} {text}G or {text}M",
        )
    try:
        return parse_printed(text or "")
    except ConvcostError as problem:
        raise SpecError(problem.message, place=place, hint=problem.hint) from None
