"""``convcost swap``: a network with other layers in place of some."""

from __future__ import annotations

from typing import Annotated

import typer

from convcost.cli import options as o
from convcost.cli.exits import DONE

EXAMPLES = """Examples:

convcost swap resnet50 --from standard --to separable

convcost swap vgg16 --from standard --to bottleneck --where 'in_channels == out_channels'
"""


def run(
    what: Annotated[
        list[str],
        typer.Argument(metavar="NETWORK", help="A network by name or file, or one-line layers."),
    ],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="KIND",
            help="standard, pointwise, depthwise, grouped, conv (any), linear, or a design "
            "whose blocks are replaced whole.",
        ),
    ] = "standard",
    target: Annotated[
        str, typer.Option("--to", metavar="DESIGN", help="The design to put there.")
    ] = "separable",
    where: Annotated[
        str | None,
        typer.Option(metavar="CONDITION", help="Only these layers: 'kernel_size == 3'."),
    ] = None,
    set_: o.Set = None,
    input: o.Inputs = None,
    batch: o.Batch = None,
    norm: o.Norm = None,
    activation: o.Activation = None,
    bias: o.Bias = None,
    design_path: o.DesignPath = None,
    cost: o.Cost = None,
    form: o.Format = "table",
    get: o.Get = None,
) -> int:
    """Replace matching layers by a design at the same input, output and stride.

    Prints before and after, layer by layer and in total. --set goes to the new design.
    """
    from convcost.cli.output import check_format, write_reports, write_values
    from convcost.cli.request import Request
    from convcost.cli.sources import subjects_of
    from convcost.errors import ConvcostError, SpecError
    from convcost.reports.swapping import swap_report
    from convcost.studies.swapping import KINDS, swap

    check_format(form)
    settings, _ = o.set_settings(set_)
    layer = o.LayerOptions(
        bias=bias,
        norm=norm,
        activation=activation,
        batch=batch,
        input=input,
        design_path=design_path,
        cost=cost,
    )
    request = Request.read(what, layer)
    subjects = [s for s in subjects_of(request) if not isinstance(s, ConvcostError)]
    if len(subjects) != 1:
        raise SpecError(f"swap takes one network, not {len(subjects)}")
    if source not in KINDS:
        source = request.adopt(source, "--from")
    swapped = swap(
        request.library,
        subjects[0],
        source,
        request.adopt(target, "--to"),
        where=where,
        arguments=settings,
    )
    report = swap_report(swapped)
    if get is not None:
        write_values([report.document()], get)
    else:
        write_reports([report], form)
    return DONE
