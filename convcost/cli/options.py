"""Options that several commands share, in bundles, and how their texts are read.

A command takes a bundle as one parameter; Typer sees its options one by one. Settings of a
layer are read as text and go through LayerSpec like every other source, so that a wrong
``--groups`` and a wrong ``"groups"`` get the same sentence.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from convcost.cli.completion import (
    complete_colors,
    complete_columns,
    complete_designs,
    complete_figures,
    complete_formats,
    complete_languages,
    complete_parameters,
)
from convcost.reports.formats import FORMATS

LAYER, COMPARE, OUTPUT, MEMORY, LIMITS, ADVANCED = (
    "Layer",
    "What to compare",
    "Output",
    "Memory",
    "Limits",
    "Advanced",
)
"""The groups of options in ``--help``."""


def option(panel: str, *names: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    """One option of a group."""
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel, **more)


Kernel = Annotated[
    str | None,
    option(
        LAYER,
        *("--kernel", "-k", "--kernel-size", "--filter-size"),
        metavar="K",
        help="Kernel size: 3 or 3x1; 3,5,7 for each of them.",
    ),
]
Out = Annotated[
    str | None,
    option(
        LAYER,
        *("--out", "-o", "--filters", "--out-channels", "--cout"),
        metavar="N",
        help="Output channels; 16,32,64 for each of them.",
    ),
]
Stride = Annotated[
    str | None,
    option(LAYER, "--stride", "-s", "--strides", metavar="S", help="Stride: 2 or 2x1."),
]
Padding = Annotated[
    str | None,
    option(
        LAYER,
        *("--padding", "-p", "--pad"),
        metavar="P",
        help="same (the default), valid, causal, 1, 1x0 or pairs 0:1x0:1.",
    ),
]
Dilation = Annotated[
    str | None,
    option(LAYER, "--dilation", "-d", "--dilation-rate", metavar="D", help="Dilation: 2 or 2x1."),
]
Groups = Annotated[str | None, option(LAYER, "--groups", "-g", metavar="G", help="Groups.")]
Bias = Annotated[bool | None, option(LAYER, "--bias/--no-bias", help="Biases on or off.")]
Norm = Annotated[
    bool | None,
    option(LAYER, "--norm/--no-norm", help="Normalisation that stands in a design's file."),
]
Activation = Annotated[
    bool | None,
    option(
        LAYER, "--activation/--no-activation", help="Activation that stands in a design's file."
    ),
]
Set = Annotated[
    list[str] | None,
    option(
        LAYER,
        "--set",
        metavar="NAME=VALUE",
        help="A parameter of a design (--reduction 2 is short for it); repeatable.",
        autocompletion=complete_parameters,
    ),
]
Inputs = Annotated[
    list[str] | None,
    option(
        LAYER,
        *("--input", "-i", "--input-size", "--input-shape", "--shape"),
        metavar="SHAPE",
        help="Input shape: 224x224x3 (H x W x C); NAME=SHAPE for one input of several.",
    ),
]
Layout = Annotated[
    str | None,
    option(
        LAYER, "--layout", metavar="hwc|chw", help="The order of shapes: channels last, or first."
    ),
]
Batch = Annotated[
    str | None,
    option(LAYER, "--batch", "-b", "--batch-size", metavar="N", help="Samples in a batch (1)."),
]
Designs = Annotated[
    list[str] | None,
    option(
        COMPARE,
        *("--design", "-D", "--designs", "--type", "--conv-type"),
        metavar="NAMES",
        help="Designs by name or .toml file: standard,1x1; repeatable.",
        autocompletion=complete_designs,
    ),
]
DesignPath = Annotated[
    list[Path] | None,
    option(
        ADVANCED,
        "--design-path",
        envvar="CONVCOST_DESIGNS",
        metavar="FOLDER",
        help="A folder of design files; repeatable.",
    ),
]
Cost = Annotated[
    list[str] | None,
    option(
        ADVANCED,
        "--cost",
        metavar="TYPE=MACS",
        help="MACs of an unknown operation of a model: MyOp=2*out; repeatable.",
    ),
]
Device = Annotated[
    str | None,
    option(
        ADVANCED, "--device", metavar="meta|cpu", help="Where a PyTorch model is run to be counted."
    ),
]
Format = Annotated[
    str,
    option(
        OUTPUT,
        *("--format", "-f"),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}.",
        autocompletion=complete_formats,
    ),
]
Json = Annotated[bool, option(OUTPUT, "--json", help="Short for --format json.")]
Csv = Annotated[bool, option(OUTPUT, "--csv", help="Short for --format csv.")]
Md = Annotated[bool, option(OUTPUT, "--md", "--markdown", help="Short for --format markdown.")]
Latex = Annotated[bool, option(OUTPUT, "--latex", "--tex", help="Short for --format latex.")]
Get = Annotated[
    str | None,
    option(
        OUTPUT,
        "--get",
        metavar="FIELDS",
        help="Print bare values, such as macs or params,macs.",
        autocompletion=complete_figures,
    ),
]
Output = Annotated[
    str | None,
    option(
        OUTPUT,
        "--output",
        "--out-file",
        metavar="FILE",
        help="Write to a file, whole or not at all.",
    ),
]
Color = Annotated[
    str,
    option(
        OUTPUT,
        *("--color", "--colour"),
        metavar="WHEN",
        help="auto (the default: on a terminal, unless NO_COLOR is set), always or never.",
        autocompletion=complete_colors,
    ),
]
Lang = Annotated[
    str,
    option(
        OUTPUT,
        "--lang",
        metavar="LANG",
        help="The language of tables, help and errors: en, zh, or auto from LANG.",
        autocompletion=complete_languages,
    ),
]
Verbose = Annotated[
    bool,
    option(OUTPUT, "--verbose", help="On a terminal everything, as in a pipe; and more sentences."),
]
Chart = Annotated[
    str | None,
    option(
        OUTPUT,
        "--chart",
        metavar="FILE",
        help="A chart for a paper beside the answer: .svg, .pdf or .png.",
    ),
]
ChartWidth = Annotated[
    str | None,
    option(
        OUTPUT,
        "--chart-width",
        metavar="WIDTH",
        help="Of the chart: one or two columns of a paper (two), or a length such as 89mm.",
    ),
]
Roofline = Annotated[
    str | None,
    option(
        OUTPUT,
        "--roofline",
        metavar="[PEAK,BW]",
        help="The chart by MACs for each byte moved; with a device (4T,25.6G: MACs and bytes a "
        "second) its roof, and which layers its memory limits.",
    ),
]
Human = Annotated[bool, option(OUTPUT, "--human", help="Short decimal numbers: 462 M.")]
KeepGoing = Annotated[
    bool,
    option(ADVANCED, "--keep-going", help="Report a bad spec in its place and go on (exit 2)."),
]
Strict = Annotated[
    bool,
    option(LIMITS, "--strict", help="Refuse what cannot be counted completely."),
]
Largest = Annotated[
    int, option(OUTPUT, "-n", metavar="N", min=0, help="Only the N largest layers (0: all).")
]
Depth = Annotated[
    int | None,
    option(
        OUTPUT, "--depth", metavar="N", min=0, help="Fold groups below this depth; 0: stages only."
    ),
]
Columns = Annotated[
    str | None,
    option(
        OUTPUT,
        "--columns",
        metavar="NAMES",
        help="Columns by name, with commas: macs,receptive_field.",
        autocompletion=complete_columns,
    ),
]


Convention = Annotated[
    str | None,
    option(
        OUTPUT,
        "--convention",
        metavar="TOOL",
        help="Another tool's number in place of MACs: fvcore, thop, ..., or a .toml file.",
    ),
]


class LayerOptions(NamedTuple):
    """The options that describe what is asked about."""

    kernel: Kernel = None
    out: Out = None
    stride: Stride = None
    padding: Padding = None
    dilation: Dilation = None
    groups: Groups = None
    bias: Bias = None
    norm: Norm = None
    activation: Activation = None
    set_: Set = None
    batch: Batch = None
    input: Inputs = None
    layout: Layout = None
    design: Designs = None
    design_path: DesignPath = None
    cost: Cost = None
    device: Device = None


class NetworkOptions(NamedTuple):
    """The same for commands whose own settings are not those of a layer."""

    bias: Bias = None
    norm: Norm = None
    activation: Activation = None
    batch: Batch = None
    input: Inputs = None
    layout: Layout = None
    design_path: DesignPath = None
    cost: Cost = None
    device: Device = None


class OutputOptions(NamedTuple):
    """The options that say how an answer is written."""

    form: Format = "table"
    json: Json = False
    csv: Csv = False
    md: Md = False
    latex: Latex = False
    get: Get = None
    output: Output = None
    color: Color = "auto"
    lang: Lang = "en"


NO_LAYER = LayerOptions()
NO_NETWORK = NetworkOptions()
NO_OUTPUT = OutputOptions()
"""Nothing given."""


def bundled(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose parameters with a bundle as default stand for the bundle's options.

    Typer reads a command's signature, so the options are written into it one by one.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    bundles: dict[str, type[Any]] = {}
    for parameter in signature.parameters.values():
        fields = getattr(parameter.default, "_fields", None)
        if fields is None:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        bundle = bundles[parameter.name] = type(parameter.default)
        parameters += [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=bundle._field_defaults[name],
                annotation=bundle.__annotations__[name],
            )
            for name in fields
        ]

    def run(**given: Any) -> int:
        made = {
            name: bundle(**{field: given.pop(field) for field in bundle._fields})
            for name, bundle in bundles.items()
        }
        for name, options in made.items():
            if getattr(options, "output", None) == "-":  # standard output, as - is standard input
                made[name] = options._replace(output=None)
        return command(**made, **given)

    run.__doc__ = command.__doc__
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
