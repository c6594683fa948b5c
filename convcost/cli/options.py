"""Options that several commands share, and how they become a spec.

Settings of a layer are read as text and go through LayerSpec like every other source, so that a
wrong ``--groups`` and a wrong ``"groups"`` get the same sentence.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from convcost.errors import ConvcostError, OperationError, SpecError, shorten
from convcost.language.words import option_value

PANEL = "Layer"

Kernel = Annotated[
    str | None,
    typer.Option(
        "--kernel", "-k", metavar="K", help="Kernel size: 3 or 3x1.", rich_help_panel=PANEL
    ),
]
Out = Annotated[
    str | None,
    typer.Option("--out", "-o", metavar="N", help="Output channels.", rich_help_panel=PANEL),
]
Stride = Annotated[
    str | None,
    typer.Option("--stride", "-s", metavar="S", help="Stride: 2 or 2x1.", rich_help_panel=PANEL),
]
Padding = Annotated[
    str | None,
    typer.Option(
        "--padding",
        "-p",
        metavar="P",
        help="same (the default), valid, 1, 1x0 or pairs 0:1x0:1.",
        rich_help_panel=PANEL,
    ),
]
Dilation = Annotated[
    str | None,
    typer.Option(
        "--dilation", "-d", metavar="D", help="Dilation: 2 or 2x1.", rich_help_panel=PANEL
    ),
]
Groups = Annotated[
    str | None, typer.Option("--groups", "-g", metavar="G", help="Groups.", rich_help_panel=PANEL)
]
Bias = Annotated[
    bool | None,
    typer.Option("--bias/--no-bias", help="Biases on or off.", rich_help_panel=PANEL),
]
Norm = Annotated[
    bool | None,
    typer.Option(
        "--norm/--no-norm",
        help="Normalisation that stands in a design's file.",
        rich_help_panel=PANEL,
    ),
]
Activation = Annotated[
    bool | None,
    typer.Option(
        "--activation/--no-activation",
        help="Activation that stands in a design's file.",
        rich_help_panel=PANEL,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A parameter of a design; repeatable.",
        rich_help_panel=PANEL,
    ),
]
Batch = Annotated[
    str | None, typer.Option("--batch", "-b", metavar="N", help="Samples in a batch (1).")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="SHAPE",
        help="Input shape: 224x224x3 (H x W x C); NAME=SHAPE for one input of several.",
    ),
]
Cost = Annotated[
    list[str] | None,
    typer.Option(
        "--cost", metavar="TYPE=MACS", help="MACs of an unknown operation: MyOp=2*out; repeatable."
    ),
]
Designs = Annotated[
    list[str] | None,
    typer.Option(
        "--design", "-D", metavar="NAME", help="A design by name or a .toml file; repeatable."
    ),
]
DesignPath = Annotated[
    list[Path] | None,
    typer.Option(
        "--design-path",
        envvar="CONVCOST_DESIGNS",
        metavar="FOLDER",
        help="A folder of design files.",
    ),
]
Format = Annotated[
    str,
    typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv or markdown."),
]
Get = Annotated[
    str | None,
    typer.Option("--get", metavar="FIELD", help="Print one bare value, such as macs."),
]
Human = Annotated[bool, typer.Option("--human", help="Short decimal numbers: 462 M.")]
KeepGoing = Annotated[
    bool,
    typer.Option("--keep-going", help="Report a bad spec in its place and go on (exit 2)."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse what cannot be counted completely (exit 2).")
]


class LayerOptions(NamedTuple):
    """The options that describe a layer or design, shared by several commands."""

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
    design: Designs = None
    design_path: DesignPath = None
    cost: Cost = None

    def settings(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Given options as LayerSpec fields, and for each field what the user typed."""
        named = {
            "kernel_size": ("--kernel", self.kernel),
            "out_channels": ("--out", self.out),
            "stride": ("--stride", self.stride),
            "padding": ("--padding", self.padding),
            "dilation": ("--dilation", self.dilation),
            "groups": ("--groups", self.groups),
        }
        fields: dict[str, Any] = {}
        words: dict[str, str] = {}
        for field, (option, value) in named.items():
            if value is not None:
                words[field] = f"{option} {value}"
                fields[field] = option_value(field, value, words[field])
        if self.bias is not None:
            words["bias"] = "--bias" if self.bias else "--no-bias"
            fields["bias"] = self.bias
        set_fields, set_words = set_settings(self.set_)
        return fields | set_fields, words | set_words


NO_OPTIONS = LayerOptions()
"""Nothing given."""


def set_settings(pairs: list[str] | None) -> tuple[dict[str, Any], dict[str, str]]:
    """``--set NAME=VALUE`` as fields, and what the user typed. Raises SpecError."""
    fields: dict[str, Any] = {}
    words: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise SpecError(
                "a parameter is set as NAME=VALUE", place=f"--set {pair}", hint="--set reduction=2"
            )
        words[name] = f"--set {pair}"
        fields[name] = option_value(name, value, words[name])
    return fields, words


def with_layer_options(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose parameter ``layer`` stands for all LayerOptions.

    Typer reads a command's signature, so the options are written into it one by one.
    """
    signature = inspect.signature(command, eval_str=True)
    bundled = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=LayerOptions._field_defaults[name],
            annotation=annotation,
        )
        for name, annotation in LayerOptions.__annotations__.items()
    ]
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        own = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += bundled if parameter.name == "layer" else [own]

    def run(**given: Any) -> int:
        options = {name: given.pop(name) for name in LayerOptions._fields}
        return command(layer=LayerOptions(**options), **given)

    run.__doc__ = command.__doc__
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def batch_size(text: str | None) -> int | None:
    """``--batch`` as a number."""
    from convcost.language.values import whole

    if text is None:
        return None
    place = f"--batch {shorten(text, 60)}"
    try:
        return whole(option_value("batch", text, place), "batch")
    except OperationError as problem:
        raise SpecError(problem.message, place=place, hint=problem.hint) from None


def limit(option: str, text: str | None) -> int | None:
    """``--max-macs 300M`` as a number. Raises SpecError."""
    from convcost.quantities import parse_count

    if text is None:
        return None
    try:
        return parse_count(text)
    except ConvcostError as problem:
        place = f"{option} {shorten(text, 60)}"
        raise SpecError(problem.message, place=place, hint=problem.hint) from None
