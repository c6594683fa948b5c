"""What other tools call things: from the word that somebody typed to where it is here.

Only words that are no option or command of convcost stand here. A hint is a part of a command
line, and is printed by commands that can take it; ``{...}`` holds the value that was typed, or
the one in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

Elsewhere: TypeAlias = tuple[str, Sequence[str]]
"""A sentence, and what to write: the best that a command can take comes first."""

_FLOPS = "convcost counts MACs: one MAC is one multiply and one add, two FLOPs"
_MACS = "MACs are always counted"
_PARAMS = "parameters are always counted"
_RAM = "RAM is the figure peak: the most activations alive at once"
_FLASH = "flash is the figure weights: the parameters at the data type"
_MEMORY = "memory is several figures: weights, peak, largest, outputs"
_ACTIVATIONS = "activation memory is the figures peak, largest and outputs"
_FIELD = "the receptive field is a column and a figure"
_TIME = "convcost does not know how fast a machine is"
_LIMIT = "a limit is set on a figure"
_COUNT = "convcost count resnet50"

_PEAK_LIMIT = ("--max-peak {320KiB}", "--max peak={320KiB}", "--get peak", "--columns peak")
_WEIGHTS_LIMIT = (
    "--max-weights {1MiB}",
    "--max weights={1MiB}",
    "--get weights",
    "--columns weights",
)
_ELSEWHERE_PEAK = ("convcost count resnet50 --get peak",)
_INTENSITY = ("--columns intensity", "convcost count resnet50 --columns intensity")
_SHAPE = "height, width and channels are one shape"
_CHANNELS = "input channels are the last size of the input shape"
_UNIT = "numbers are exact MACs and parameters, without a unit"
_VERBOSE = "everything is shown already"
_NETWORK = "a network is a word, not an option"
_MACHINE = "convcost needs no machine to run on: it counts"
_TYPES = "the type of a value is --dtype"
_CHANNELS_WIDE = "a factor on the channels of a network is its parameter width"


def _dtype(name: str) -> Elsewhere:
    return _TYPES, (f"--dtype {name}", f"convcost count resnet50 --dtype {name} --get peak")


def _tool(name: str) -> Elsewhere:
    sentence = f"the number that {name} prints is that of its convention"
    return sentence, (
        f"--convention {name}",
        f"--tool {name}",
        f"convcost conventions resnet50 --tool {name}",
    )


OPTIONS: Mapping[str, Elsewhere] = {
    "--flops": (_FLOPS, ("--get macs",)),
    "--gflops": (_FLOPS, ("--get macs",)),
    "--mflops": (_FLOPS, ("--get macs",)),
    "--unit": (_UNIT, ("--human for short MACs", "--format json")),
    "--units": (_UNIT, ("--human for short MACs", "--format json")),
    "--macs": (_MACS, ("--get macs prints them alone",)),
    "--params": (_PARAMS, ("--get params prints them alone",)),
    "--parameters": (_PARAMS, ("--get params prints them alone",)),
    "--total": ("totals are always counted", ("--get macs prints one alone",)),
    "--totals": ("totals are always counted", ("--get macs prints one alone",)),
    "--memory": (_MEMORY, (*_PEAK_LIMIT, *_ELSEWHERE_PEAK)),
    "--mem": (_MEMORY, (*_PEAK_LIMIT, *_ELSEWHERE_PEAK)),
    "--peak": (_RAM, (*_PEAK_LIMIT, *_ELSEWHERE_PEAK)),
    "--peak-memory": (_RAM, (*_PEAK_LIMIT, *_ELSEWHERE_PEAK)),
    "--ram": (_RAM, (*_PEAK_LIMIT, *_ELSEWHERE_PEAK)),
    "--sram": (_RAM, (*_PEAK_LIMIT, *_ELSEWHERE_PEAK)),
    "--flash": (_FLASH, (*_WEIGHTS_LIMIT, "convcost count resnet50 --get weights")),
    "--rom": (_FLASH, (*_WEIGHTS_LIMIT, "convcost count resnet50 --get weights")),
    "--arena": (
        "the arena of TensorFlow Lite Micro is the figure peak with its planner",
        (
            "--planner tflm --max-peak {320KiB}",
            "--planner tflm --max peak={320KiB}",
            "--planner tflm",
            "convcost count resnet50 --planner tflm --get peak",
        ),
    ),
    "--board": (
        "convcost knows no boards: their memory is a limit",
        (
            "--max-peak 320KiB --max-weights 1MiB",
            "--max peak=320KiB --max weights=1MiB",
            "convcost check resnet50 --max peak=320KiB --max weights=1MiB",
        ),
    ),
    "--activations": (_ACTIVATIONS, ("--get peak", "--columns peak")),
    "--latency": (_TIME, _INTENSITY),
    "--time": (_TIME, _INTENSITY),
    "--speed": (_TIME, _INTENSITY),
    "--throughput": (_TIME, _INTENSITY),
    "--fps": (_TIME, _INTENSITY),
    "--energy": ("convcost does not know how much a machine uses", _INTENSITY),
    "--receptive-field": (_FIELD, ("--get receptive_field", "--columns receptive_field")),
    "--rf": (_FIELD, ("--get receptive_field", "--columns receptive_field")),
    "--top": (
        "the largest layers are shown by count",
        ("-n {20}", "convcost count resnet50 -n {20}"),
    ),
    "--limit": (_LIMIT, ("--max-macs 300M", "--max macs=300M", f"{_COUNT} --max-macs 300M")),
    "--max": (_LIMIT, ("--max-macs 300M", f"{_COUNT} --max-macs 300M")),
    "--sort": (
        "layers stand in the order in which they run",
        ("-n 20 shows the largest only", "convcost count resnet50 -n 20 shows the largest only"),
    ),
    "--columns": (
        "count, sweep and fit have columns to choose",
        ("--get FIELDS picks values", f"{_COUNT} --columns macs,peak"),
    ),
    "--summary": (
        "count is the summary, layer by layer",
        ("--depth 0 shows stages only", f"{_COUNT} --depth 0"),
    ),
    "--verbose": (_VERBOSE, ("--columns chooses columns", "--format json has all")),
    "-v": (_VERBOSE, ("--verbose", "--columns chooses columns", "--format json has all")),
    "--quiet": ("bare values are printed by --get", ("--get macs",)),
    "-q": ("bare values are printed by --get", ("--get macs",)),
    "--plot": (
        "a chart goes into a file",
        ("--chart {chart.svg}", "convcost count resnet50 --chart {chart.svg}"),
    ),
    "--figure": (
        "a chart goes into a file",
        ("--chart {chart.svg}", "convcost count resnet50 --chart {chart.svg}"),
    ),
    "--int8": _dtype("int8"),
    "--int4": _dtype("int4"),
    "--fp16": _dtype("float16"),
    "--half": _dtype("float16"),
    "--float16": _dtype("float16"),
    "--bf16": _dtype("bfloat16"),
    "--quantize": _dtype("int8"),
    "--quantized": _dtype("int8"),
    "--quant": _dtype("int8"),
    "--bits": (_TYPES, ("--dtype int8", "--dtype weights=int4,activations=int8")),
    "--fvcore": _tool("fvcore"),
    "--thop": _tool("thop"),
    "--ptflops": _tool("ptflops_pytorch"),
    "--torchinfo": _tool("torchinfo"),
    "--calflops": _tool("calflops"),
    "--alpha": (
        _CHANNELS_WIDE,
        ("--width {0.5}", "convcost count mobilenet_v2 --width {0.5}"),
    ),
    "--width-mult": (
        _CHANNELS_WIDE,
        ("--width {0.5}", "convcost count mobilenet_v2 --width {0.5}"),
    ),
    "--model": (_NETWORK, (_COUNT,)),
    "--network": (_NETWORK, (_COUNT,)),
    "--file": ("a file is a word, not an option", ("convcost count specs.json",)),
    "--layer": ("layers are words in quotes", ('convcost count 56x56x256 "conv 3x3 64"',)),
    "--in-channels": (_CHANNELS, ("--input 56x56x256",)),
    "--channels": (_CHANNELS, ("--input 56x56x256",)),
    "--cin": (_CHANNELS, ("--input 56x56x256",)),
    "--height": (_SHAPE, ("--input 56x56x256",)),
    "--size": (_SHAPE, ("--input 56x56x256",)),
    "--resolution": (_SHAPE, ("--input 224x224x3",)),
    "--pretrained": ("weights do not change a count", ("leave it out",)),
    "--gpu": (_MACHINE, ("leave it out",)),
    "--cuda": (_MACHINE, ("leave it out",)),
}
"""Options of other tools: a sentence, and what to write."""


def hint_for(name: str, value: str | None, options: Collection[str]) -> tuple[str, str | None]:
    """The sentence for an option of another tool, and the first hint that a command can take.

    Raises KeyError where the word is not known.
    """
    sentence, hints = OPTIONS[name]
    for hint in hints:
        own = hint if not hint.startswith("convcost ") else ""
        if all(word in options for word in re.findall(r"(?<!\S)--?[a-z][a-z-]*", own)):
            return sentence, _filled(hint, value)
    return sentence, None


def _filled(hint: str, value: str | None) -> str:
    """The hint with what was typed in the place of its example, where that is a plain word."""
    is_plain = value is not None and re.fullmatch(r"[\w.,=/-]{1,40}", value)
    return re.sub(r"\{(.*?)\}", lambda match: str(value) if is_plain else match[1], hint)


FIELDS: Mapping[str, tuple[str, str | None]] = {
    "flops": (_FLOPS, "macs"),
    "gflops": (_FLOPS, "macs"),
    "mflops": (_FLOPS, "macs"),
    "parameters": (_PARAMS, "params"),
    "memory": (_MEMORY, "peak"),
    "mem": (_MEMORY, "peak"),
    "ram": (_RAM, "peak"),
    "peak_memory": (_RAM, "peak"),
    "flash": (_FLASH, "weights"),
    "activations": (_ACTIVATIONS, "peak"),
    "rf": (_FIELD, "receptive_field"),
    "latency": (_TIME, "intensity"),
    "time": (_TIME, "intensity"),
}
"""Fields of ``--get`` in the words of others: a sentence, and the path here."""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "list": ("the designs and networks are listed by designs", "convcost designs"),
    "ls": ("the designs and networks are listed by designs", "convcost designs"),
    "models": ("the designs and networks are listed by designs", "convcost designs"),
    "networks": ("the designs and networks are listed by designs", "convcost designs"),
    "show": ("a design is shown by designs, a network by count", "convcost designs mbconv"),
    "info": ("a design is shown by designs, a network by count", "convcost designs mbconv"),
    "summary": ("layer by layer is what count shows", "convcost count resnet50"),
    "profile": ("layer by layer is what count shows", "convcost count resnet50"),
    "analyze": ("layer by layer is what count shows", "convcost count resnet50"),
    "calc": ("a cost is counted by count, several by compare", "convcost count resnet50"),
    "cost": ("a cost is counted by count, several by compare", "convcost count resnet50"),
    "params": ("parameters are counted by count", "convcost count resnet50 --get params"),
    "macs": ("MACs are counted by count", "convcost count resnet50 --get macs"),
    "flops": ("convcost counts MACs, two FLOPs each", "convcost count resnet50 --get macs"),
    "memory": ("memory is among the figures of count", "convcost count resnet50 --get peak"),
    "latency": ("convcost does not know how fast a machine is", "convcost count resnet50"),
    "replace": ("layers are replaced by swap", "convcost swap resnet50 --to separable"),
    "derive": ("numbers are derived by explain", 'convcost explain 56x56x256 "conv 3x3 64"'),
    "why": ("numbers are derived by explain", 'convcost explain 56x56x256 "conv 3x3 64"'),
    "help": ("help is an option", "convcost --help, convcost count --help"),
    "version": ("the version is an option", "convcost --version"),
    "import": ("models are counted as they are", "convcost count model.onnx"),
    "export": ("a result is written by --output", "convcost count resnet50 --output out.csv"),
}
"""Commands of other tools: a sentence, and what to write."""
