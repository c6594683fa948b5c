"""Published tables beside convcost: ``data/papers.json`` counted again, figure by figure.

The exact values there come from an independent counter. ``ROWS`` says, row by row, how convcost
expresses what was published; networks that are not shipped are the files of ``docs/papers.md``.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from convcost.api import CountResult, count
from convcost.specs.catalogue import Library
from convcost.specs.templates import EVERYTHING, WEIGHTS_ONLY, Switches

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "papers.md").read_text(encoding="utf-8")
PAPERS: list[dict[str, Any]] = json.loads((HERE / "data" / "papers.json").read_text())["rows"]

Spec = dict[str, Any]


def net(kind: str, input: str | int = 224, **arguments: Any) -> Spec:
    """A network on an image, as a specification."""
    shape = f"{input}x{input}x3" if isinstance(input, int) else input
    return {"type": kind, "input": shape, **arguments}


def chain(input: str, *layers: Spec) -> Spec:
    return {"type": "chain", "input": input, "layers": layers}


def separable(input: str) -> Spec:
    channels = int(input.split("x")[-1])
    return net("separable", input, kernel_size=3, out_channels=channels)


# Each entry: the rows of papers.json, first to last, and what they count.
V1, V2 = "mobilenet_v1", "mobilenet_v2"
SIZES = (224, 192, 160, 128)
PAPER_50 = {"stride_in_1x1": True}
DEPTHS: dict[str, int] = {"resnet50": 50, "resnet101": 101, "resnet152": 152}
GOOGLENET = {"kernel5": 5}
INCEPTION = ("branch1", "reduce3", "branch3", "reduce5", "branch5", "pool_proj")
INCEPTIONS = {
    "28x28x192": [(64, 96, 128, 16, 32, 32)],
    "28x28x256": [(128, 128, 192, 32, 96, 64)],
    "14x14x480": [(192, 96, 208, 16, 48, 64)],
    "14x14x512": [
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
    ],
    "14x14x528": [(256, 160, 320, 32, 128, 128)],
    "7x7x832": [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
}
FIRES = {
    "55x55x96": [(16, 64)],
    "55x55x128": [(16, 64), (32, 128)],
    "27x27x256": [(32, 128), (48, 192)],
    "27x27x384": [(48, 192), (64, 256)],
    "13x13x512": [(64, 256)],
}
# Torchvision's and the paper's pools round up at 224: 54x54 maps, where 227 gives 55x55.
FIRE_MAPS = {"55x55": "54x54", "27x27": "27x27", "13x13": "13x13"}
TEMPLATES = ((1, 64), (2, 40), (4, 24), (8, 14), (32, 4))
SHUFFLE_README = ((2, 48), (1.5, 24), (1, 24), (0.5, None))


def resnext(blocks3: int, groups: int, width: int) -> Spec:
    return net("resnext50", blocks3=blocks3, groups=groups, base_width=width)


def conv(input: str, out: int, kernel: int, **fields: Any) -> Spec:
    return {"type": "conv", "input": input, "kernel_size": kernel, "out_channels": out, **fields}


def layer(kind: str, **fields: Any) -> Spec:
    return {"type": kind, **fields}


def mobilenets() -> Iterator[tuple[int, Spec]]:
    """Rows 0 to 53, but for table 2's shares."""
    yield 0, net("standard", "14x14x512", kernel_size=3, out_channels=512)
    yield 1, separable("14x14x512")
    yield 2, separable("14x14x384")
    yield 3, separable("10x10x384")
    yield 8, net("conv_mobilenet")
    for row in (9, 10, 11, 12):
        yield row, net(V1)
    for row in (13, 14):
        yield row, net(V1, width=0.75)
    yield 15, net(V1, deep_blocks=0)
    yield 16, net(V1, width=0.5)
    yield 17, net(V1, width=0.25)
    for row, size in zip((18, 19, 20), SIZES[1:], strict=True):
        yield row, net(V1, size)
    yield 21, net("googlenet", **GOOGLENET)
    yield 22, net("vgg16")
    yield 23, net(V1, 160, width=0.5)
    yield 24, net("squeezenet1_0", 227, conv10_padding=1)
    yield 25, net("alexnet", 227)
    dogs = product((224, 192), (1, 0.75))
    for row, (size, width) in zip((26, 27, 28, 29), dogs, strict=True):
        yield row, net(V1, size, width=width, classes=120)
    faces = product((1, 0.5), (224, 128))
    for row, (width, size) in zip((30, 32, 31, 33), faces, strict=True):
        yield row, net(V1, size, width=width, classes=0)
    for row, size in ((34, 224), (35, 128)):
        yield row, net(V1, size, width=0.25, classes=0)
    for row, (width, size) in enumerate(product((1, 0.75, 0.5, 0.25), SIZES), 36):
        yield row, net(V1, size, width=width)
    yield 52, net(V1, classes=0)
    yield 53, net(V1, 128, width=0.75, classes=0)


def mobilenets_v2() -> Iterator[tuple[int, Spec]]:
    """Rows 54 to 78."""
    yield 54, net(V1)
    yield 55, net(V2)
    yield 56, net(V2, width=1.4)
    yield 57, net(V2, width=1.4)
    yield 58, net(V2, width=1.3)
    for row, (width, size) in enumerate(product((1, 0.75, 0.5, 0.35), (*SIZES, 96)), 59):
        yield row, net(V2, size, width=width)


def resnets() -> Iterator[tuple[int, Spec]]:
    """Rows 79 to 93."""
    yield 79, net("resnet18", projection=False)
    yield 80, net("resnet34", projection=False)
    for row, kind in enumerate(DEPTHS, 81):
        yield row, net(kind, **PAPER_50)
    yield 84, net("resnet34", projection=False)
    yield 85, net("vgg16")
    yield 86, net("vgg16", convs3=4, convs4=4, convs5=4)
    for row, n in enumerate((3, 5, 7, 9, 18, 200), 87):
        yield row, net("resnet_cifar", "32x32x3", n=n)
    yield 93, net("bottleneck", "56x56x256")


def vggs() -> Iterator[tuple[int, Spec]]:
    """Rows 94 to 98."""
    yield 94, net("vgg16", convs1=1, convs2=1, convs3=2, convs4=2, convs5=2)
    yield 95, net("vgg16", convs3=2, convs4=2, convs5=2)
    yield 96, net("vgg_c")
    yield 97, net("vgg16")
    yield 98, net("vgg16", convs3=4, convs4=4, convs5=4)


def googlenets() -> Iterator[tuple[int, Spec]]:
    """Rows 100 to 114."""
    yield 100, conv("224x224x3", 64, 7, stride=2)
    yield (
        101,
        chain(
            "56x56x64",
            layer("conv", kernel_size=1, out_channels=64),
            layer("conv", kernel_size=3, out_channels=192),
        ),
    )
    modules = [(input, filters) for input, rows in INCEPTIONS.items() for filters in rows]
    for row, (input, filters) in enumerate(modules, 102):
        yield row, net("inception", input, **dict(zip(INCEPTION, filters, strict=True)))
    yield 111, net("linear", "1024", out_channels=1000)
    yield 112, net("googlenet", **GOOGLENET)
    yield 113, conv("28x28x192", 32, 5)
    yield (
        114,
        chain(
            "28x28x192",
            layer("conv", kernel_size=1, out_channels=16),
            layer("conv", kernel_size=5, out_channels=32),
        ),
    )


def squeezenets() -> Iterator[tuple[int, Spec]]:
    """Rows 115 to 127."""
    yield 115, conv("224x224x3", 96, 7, stride=2, padding=0, bias=True)
    modules = [(input, filters) for input, rows in FIRES.items() for filters in rows]
    for row, (input, (squeeze, expand)) in enumerate(modules, 116):
        size = input.rpartition("x")[0]
        shape = input.replace(size, FIRE_MAPS[size])
        channels = {"expand1_channels": expand, "expand3_channels": expand}
        yield row, net("fire", shape, squeeze_channels=squeeze, **channels)
    yield 124, conv("13x13x512", 1000, 1, bias=True)
    yield 125, net("squeezenet1_0")
    yield 126, net("squeezenet1_0", 227, conv10_padding=1)
    yield 127, net("squeezenet1_1", 227)


def resnexts() -> Iterator[tuple[int, Spec]]:
    """Rows 128 to 148."""
    for row, (groups, width) in enumerate(TEMPLATES, 128):
        yield row, net("resnext", "56x56x256", groups=groups, base_width=width)
    yield 133, net("resnet50")
    yield 134, net("resnext50")
    for row, (groups, width) in enumerate(TEMPLATES[1:], 135):
        yield row, resnext(6, groups, width)
    for row, (groups, width) in enumerate(TEMPLATES, 139):
        yield row, resnext(23, groups, width)
    yield 144, net("resnet50", blocks2=24, blocks3=36)
    for row, (groups, width) in enumerate(((1, 100), (2, 64), (64, 4), (64, 4)), 145):
        yield row, resnext(23, groups, width)


def senets() -> Iterator[tuple[int, Spec]]:
    """Rows 149 to 162 that have no squeeze and excitation."""
    for row, kind in zip((149, 151, 153), DEPTHS, strict=True):
        yield row, net(kind, **PAPER_50)
    yield 156, resnext(6, 32, 4)
    yield 158, resnext(23, 32, 4)
    yield 160, net(V1)
    yield 162, net("shufflenet")


def shufflenets() -> Iterator[tuple[int, Spec]]:
    """Rows 163 to 178."""
    for row, groups in enumerate((1, 2, 3, 4, 8), 163):
        yield row, net("shufflenet", groups=groups)
    yield 168, net("bottleneck", "28x28x240")
    yield 169, net("resnext", "28x28x240", groups=3, group_width=20)
    yield 170, net("shufflenet_v1_unit", "28x28x240", groups=3)
    released = product(SHUFFLE_README, (3, 8))
    for row, ((width, stem), groups) in enumerate(released, 171):
        channels = stem or (12 if groups == 3 else 16)
        arguments = {"width": width, "stem_channels": channels, "fc_bias": False}
        yield row, net("shufflenet", groups=groups, **arguments)


def densenets() -> Iterator[tuple[int, Spec]]:
    """Rows 179 to 189."""
    plain = ((40, 12), (100, 12), (100, 24))
    narrow = ((100, 12), (250, 24), (190, 40), (40, 36), (40, 48), (40, 60))
    for row, (depth, growth) in enumerate((*plain, *narrow), 179):
        arguments = {"depth": depth, "growth": growth, "bottleneck": row >= 182}
        yield row, net("densenet_cifar", "32x32x3", **arguments)
    yield 188, net("densenet121")
    yield 189, net("densenet121", blocks3=48, blocks4=32)


PARTS = (
    *(mobilenets, mobilenets_v2, resnets, vggs, googlenets),
    *(squeezenets, resnexts, senets, shufflenets, densenets),
)
ROWS: dict[int, Spec] = {row: spec for part in PARTS for row, spec in part()}

NOT_EXPRESSED = {
    **dict.fromkeys((4, 5, 6, 7), "shares: test_shares_of_table_2"),
    99: "a ratio: test_ratios",
    **dict.fromkeys((150, 152, 154, 155, 157, 161), "squeeze and excitation without biases"),
    159: "VGG-16 with batch norms",
}

WEIGHTS_ROWS = {0, 1, 2, 3, 93, 100, 101, *range(102, 112), 113, 114, *range(128, 133)}
WEIGHTS_ROWS |= {168, 169, 170}
"""Blocks: their published params are weights alone."""

PLAIN_ROWS = {21, 112}
"""GoogLeNet as published: biases, no batch norms."""


@cache
def library(folder: Path) -> Library:
    """The shipped designs and the networks that the page writes out."""
    files = re.findall(r"```toml file=(\S+\.toml)\n(.*?)```", PAGE, re.DOTALL)
    for name, text in files:
        (folder / name).write_text(text)
    return Library([folder])


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return library(tmp_path_factory.mktemp("papers"))


def counted(designs: Library, row: int, switches: Switches | None = None, **more: Any) -> Any:
    """What convcost counts for a row; a chain adds up its layers."""
    spec = {**ROWS[row], **more}
    if switches is None:
        switches = WEIGHTS_ONLY if row in WEIGHTS_ROWS else EVERYTHING
    if spec["type"] == "chain":
        text = ", ".join(f"conv {x['kernel_size']}x{x['kernel_size']} {x['out_channels']}"
                         for x in spec["layers"])
        return count(spec["input"], text)
    if row in PLAIN_ROWS:
        arguments = {k: v for k, v in spec.items() if k not in ("type", "input")}
        plain = EVERYTHING._replace(norm=False)
        return count(
            spec["type"],
            input=spec["input"],
            arguments=arguments | {"bias": True},
            switches=plain,
        )
    return count(spec, switches=switches, library=designs)
