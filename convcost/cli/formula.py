"""``convcost formula``: costs in symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcost.cli import options as o
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE

if TYPE_CHECKING:
    from convcost.language.library import Library

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
    kernel: o.Kernel = None,
    out: o.Out = None,
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
    settings, typed = set_settings(set_)
    _refuse_unused(library, names, settings, typed)
    fixed, _ = layer_settings(o.LayerOptions(kernel=kernel, out=out, stride=stride))
    for field in FIELDS.keys() & settings.keys():  # of layers in general, so of both designs
        if field in fixed:
            raise SpecError(f"{field} is given twice", hint="leave one of them out")
        fixed[field] = settings.pop(field)
    derived = derive(library, names[0], names[1], axes=axes, arguments=settings, fixed=fixed)
    write_answer([formula_report(derived)], output, form)
    return DONE


def _refuse_unused(
    library: Library, names: list[str], settings: Mapping[str, Any], typed: Mapping[str, str]
) -> None:
    """A parameter that neither design has would change nothing. Raises SpecError."""
    from convcost.errors import SpecError, did_you_mean
    from convcost.language.fields import FIELDS

    designs = [library.find(name) for name in names if library.knows(name)]
    if len(designs) < len(set(names)):
        return  # a line of layers has the fields of its layers
    known = list(dict.fromkeys(name for design in designs for name in design.parameters))
    for name in settings:
        if name not in FIELDS and not any(design.accepts(name) for design in designs):
            raise SpecError(
                f"{names[0]} has no parameter {name}",
                place=typed[name],
                hint=did_you_mean(name, known) if known else None,
            )
