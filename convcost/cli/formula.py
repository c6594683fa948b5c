"""``convcost formula``: costs in symbols."""

from __future__ import annotations

from typing import Annotated

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE

EXAMPLES = """Examples:

convcost formula separable

convcost formula bottleneck --set reduction=2 --versus standard --format latex
"""


@o.bundled
def run(
    design: Annotated[
        str,
        typer.Argument(
            metavar="DESIGN",
            help="A design by name or file, or a line of layers.",
            autocompletion=complete_words,
        ),
    ],
    versus: Annotated[
        str,
        o.option(
            o.COMPARE, "--versus", "--baseline", metavar="NAME", help="The design to relate it to."
        ),
    ] = "standard",
    set_: o.Set = None,
    stride: o.Stride = None,
    axes: Annotated[int, o.option(o.LAYER, "--axes", min=1, max=3, help="Spatial axes.")] = 2,
    design_path: o.DesignPath = None,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Derive parameters, MACs and their ratio in the symbols H, W, Cin, Cout and K.

    The same engine that counts numbers runs on symbols; nothing is typed in by hand.
    """
    from convcost.cli.output import chosen_format, write_answer
    from convcost.cli.settings import layer_settings, set_settings
    from convcost.errors import SpecError
    from convcost.language.fields import FIELDS
    from convcost.language.places import Nowhere
    from convcost.language.primitives import PRIMITIVES
    from convcost.reports.formula import formula_report
    from convcost.sources.names import design_of
    from convcost.sources.texts import open_library
    from convcost.studies.derivation import derive, is_line

    if output.form == "text":
        output = output._replace(form="table")
    form = chosen_format(output)
    library = open_library(design_path or ())
    names = [
        name
        if name in PRIMITIVES or is_line(name)
        else design_of(library, name, Nowhere(), name).name
        for name in map(library.proper, (design, versus))
    ]
    settings, _ = set_settings(set_)
    fixed, _ = layer_settings(o.LayerOptions(stride=stride))
    for field in FIELDS.keys() & settings.keys():  # of layers in general, so of both designs
        if field in fixed:
            raise SpecError(f"{field} is given twice", hint="leave one of them out")
        fixed[field] = settings.pop(field)
    derived = derive(library, names[0], names[1], axes=axes, arguments=settings, fixed=fixed)
    write_answer([formula_report(derived)], output, form)
    return DONE
