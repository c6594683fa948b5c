"""What other tools call things: from the word that somebody typed to where it is here.

Only words that are no option or command of convcost stand here.
"""

from __future__ import annotations

from collections.abc import Mapping

_FLOPS = ("convcost counts MACs: one MAC is one multiply and one add, two FLOPs", "--get macs")
_MEMORY = (
    "memory is several figures: weights, peak, largest, outputs",
    "--get peak, --columns weights, or --max-peak 320KiB",
)
_TIME = ("convcost does not know how fast a machine is", "--columns intensity shows MACs per byte")
_CHANNELS = ("input channels are the last size of the input shape", "--input 56x56x256")

OPTIONS: Mapping[str, tuple[str, str]] = {
    "--flops": _FLOPS,
    "--gflops": _FLOPS,
    "--mflops": _FLOPS,
    "--unit": ("numbers are exact MACs and parameters, without a unit", "--human for short MACs"),
    "--units": ("numbers are exact MACs and parameters, without a unit", "--human for short MACs"),
    "--macs": ("MACs are always counted", "--get macs prints them alone"),
    "--params": ("parameters are always counted", "--get params prints them alone"),
    "--parameters": ("parameters are always counted", "--get params prints them alone"),
    "--memory": _MEMORY,
    "--mem": _MEMORY,
    "--ram": _MEMORY,
    "--peak-memory": _MEMORY,
    "--activations": ("activation memory is the figures peak, largest and outputs", "--get peak"),
    "--latency": _TIME,
    "--time": _TIME,
    "--speed": _TIME,
    "--throughput": _TIME,
    "--fps": _TIME,
    "--energy": ("convcost does not know how much a machine uses", "MACs and bytes are its basis"),
    "--receptive-field": ("the receptive field is a column and a figure", "--get receptive_field"),
    "--rf": ("the receptive field is a column and a figure", "--get receptive_field"),
    "--top": ("the largest layers are shown with -n", "-n 20"),
    "--limit": ("a limit is set on a figure", "--max-macs 300M, --max-params 5M, --max-peak 1MiB"),
    "--max": ("a limit is set on a figure", "--max-macs 300M, --max-params 5M, --max-peak 1MiB"),
    "--sort": ("layers stand in the order in which they run", "-n 20 shows the largest only"),
    "--summary": ("count is the summary, layer by layer", "--depth 0 shows stages only"),
    "--verbose": ("everything is shown already", "--columns chooses columns"),
    "--quiet": ("one bare value is printed by --get", "--get macs"),
    "--no-color": ("colour is off with NO_COLOR, and in pipes", "NO_COLOR=1 convcost ..."),
    "--model": ("a network is a word, not an option", "convcost count resnet50"),
    "--network": ("a network is a word, not an option", "convcost count resnet50"),
    "--file": ("a file is a word, not an option", "convcost count specs.json"),
    "--layer": ("layers are words in quotes", 'convcost count 56x56x256 "conv 3x3 64"'),
    "--in-channels": _CHANNELS,
    "--channels": _CHANNELS,
    "--cin": _CHANNELS,
    "--height": ("height, width and channels are one shape", "--input 56x56x256"),
    "--size": ("height, width and channels are one shape", "--input 56x56x256"),
    "--resolution": ("height, width and channels are one shape", "--input 224x224x3"),
    "--pretrained": ("weights do not change a count", "leave it out"),
    "--gpu": ("convcost needs no machine to run on: it counts", "leave it out"),
    "--cuda": ("convcost needs no machine to run on: it counts", "leave it out"),
}
"""Options of other tools: a sentence, and what to write."""

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
