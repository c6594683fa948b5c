"""``convcost formula``: costs in symbols."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from convcost.cli import options as o
from convcost.cli.exits import DONE

EXAMPLES = """Examples:

convcost formula separable

convcost formula bottleneck --set reduction=2 --versus standard --format latex
"""

FORMULA_SCHEMA = "convcost.formula/1"


def run(
    design: Annotated[str, typer.Argument(metavar="DESIGN", help="A design by name or file.")],
    versus: Annotated[
        str, typer.Option(metavar="NAME", help="The design to relate it to.")
    ] = "standard",
    set_: o.Set = None,
    stride: o.Stride = None,
    axes: Annotated[int, typer.Option(min=1, max=3, help="Spatial axes.")] = 2,
    design_path: o.DesignPath = None,
    form: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="text, latex or json.")
    ] = "text",
) -> int:
    """Derive parameters, MACs and their ratio in the symbols H, W, Cin, Cout and K.

    The same engine that counts numbers runs on symbols; nothing is typed in by hand.
    """
    from pathlib import Path

    from convcost.cli.output import check_choice
    from convcost.language.library import Library
    from convcost.sources.table import is_file_name
    from convcost.studies.derivation import ASSUMPTION, as_latex, as_python, as_text, derive

    form = "text" if form == "table" else form
    check_choice("--format", form, ("text", "latex", "json"))
    library = Library(design_path or ())
    names = [
        library.add_file(Path(name)).name if is_file_name(name) else name
        for name in (design, versus)
    ]
    settings, _ = o.set_settings(set_)
    fixed, _ = o.LayerOptions(stride=stride).settings()
    derived = derive(library, names[0], names[1], axes=axes, arguments=settings, fixed=fixed)
    parts = {
        "params": derived.params,
        "macs": derived.macs,
        "params_ratio": derived.params_ratio,
        "macs_ratio": derived.macs_ratio,
    }
    if form == "json":
        document = {"schema": FORMULA_SCHEMA, "design": derived.design, "versus": derived.versus}
        document |= {name: as_python(value) for name, value in parts.items()}
        document["assumptions"] = ASSUMPTION
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return DONE
    show = as_latex if form == "latex" else as_text
    titles = {
        "params": "params",
        "macs": "MACs",
        "params_ratio": f"params / {derived.versus}",
        "macs_ratio": f"MACs / {derived.versus}",
    }
    width = max(map(len, titles.values()))
    lines = [f"{titles[name]:<{width}}  {show(value)}" for name, value in parts.items()]
    sys.stdout.write("\n".join([f"{derived.design}", *lines, ASSUMPTION]) + "\n")
    return DONE
