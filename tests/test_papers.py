"""Published tables beside convcost: ``data/papers.json`` counted again, figure by figure.

The exact values there come from an independent counter. ``ROWS`` says, row by row, how convcost
expresses what was published; networks that are not shipped are the files of ``docs/papers.md``.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from convcost.api import count
from convcost.language.library import Library
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Switches

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "papers.md").read_text(encoding="utf-8")
PAPERS: list[dict[str, Any]] = json.loads((HERE / "data" / "papers.json").read_text())["rows"]

Spec = dict[str, Any]
Subject = Spec | tuple[str, str]


def net(kind: str, input: str | int = 224, **arguments: Any) -> Spec:
    """A network on an image, as a specification."""
    shape = f"{input}x{input}x3" if isinstance(input, int) else input
    return {"type": kind, "input": shape, **arguments}


def separable(input: str) -> Spec:
    channels = int(input.rpartition("x")[2])
    return net("separable", input, kernel_size=3, out_channels=channels)


# Each entry: the rows of papers.json, first to last, and what they count.
V1, V2 = "mobilenet_v1", "mobilenet_v2"
SIZES = (224, 192, 160, 128)
PAPER_50 = {"stride_in_1x1": True}
DEPTHS: dict[str, int] = {"resnet50": 50, "resnet101": 101, "resnet152": 152}
GOOGLENET = {"kernel5": 5, "bias": True}
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


def mobilenets() -> Iterator[tuple[int, Subject]]:
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
    yield 25, net("alexnet_grouped", 227)
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


def mobilenets_v2() -> Iterator[tuple[int, Subject]]:
    """Rows 54 to 78."""
    yield 54, net(V1)
    yield 55, net(V2)
    yield 56, net(V2, width=1.4)
    yield 57, net(V2, width=1.4)
    yield 58, net(V2, width=1.3)
    for row, (width, size) in enumerate(product((1, 0.75, 0.5, 0.35), (*SIZES, 96)), 59):
        yield row, net(V2, size, width=width)


def resnets() -> Iterator[tuple[int, Subject]]:
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


def vggs() -> Iterator[tuple[int, Subject]]:
    """Rows 94 to 98."""
    yield 94, net("vgg16", convs1=1, convs2=1, convs3=2, convs4=2, convs5=2)
    yield 95, net("vgg16", convs3=2, convs4=2, convs5=2)
    yield 96, net("vgg_c")
    yield 97, net("vgg16")
    yield 98, net("vgg16", convs3=4, convs4=4, convs5=4)


def googlenets() -> Iterator[tuple[int, Subject]]:
    """Rows 100 to 114."""
    yield 100, conv("224x224x3", 64, 7, stride=2)
    yield 101, ("56x56x64", "conv 1x1 64, conv 3x3 192")
    modules = [(input, filters) for input, rows in INCEPTIONS.items() for filters in rows]
    for row, (input, filters) in enumerate(modules, 102):
        yield row, net("inception", input, **dict(zip(INCEPTION, filters, strict=True)))
    yield 111, net("linear", "1024", out_channels=1000)
    yield 112, net("googlenet", **GOOGLENET)
    yield 113, conv("28x28x192", 32, 5)
    yield 114, ("28x28x192", "conv 1x1 16, conv 5x5 32")


def squeezenets() -> Iterator[tuple[int, Subject]]:
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


def resnexts() -> Iterator[tuple[int, Subject]]:
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


def senets() -> Iterator[tuple[int, Subject]]:
    """Rows 149 to 162. The squeeze and excitation stands behind the sum: the same cost."""
    for row, kind in zip((149, 151, 153), DEPTHS, strict=True):
        yield row, net(kind, **PAPER_50)
    yield 156, resnext(6, 32, 4)
    yield 158, resnext(23, 32, 4)
    yield 150, net("se_resnet")
    yield 152, net("se_resnet", blocks3=23)
    yield 154, net("se_resnet", blocks2=8, blocks3=36)
    yield 157, net("se_resnet", groups=32)
    yield 160, net(V1)
    yield 161, net("se_mobilenet")
    yield 162, net("shufflenet_v1")


def shufflenets() -> Iterator[tuple[int, Subject]]:
    """Rows 163 to 178."""
    for row, groups in enumerate((1, 2, 3, 4, 8), 163):
        yield row, net("shufflenet_v1", groups=groups)
    yield 168, net("bottleneck", "28x28x240")
    yield 169, net("resnext", "28x28x240", groups=3, group_width=20)
    yield 170, net("shufflenet_v1_unit", "28x28x240", groups=3)
    released = product(SHUFFLE_README, (3, 8))
    for row, ((width, stem), groups) in enumerate(released, 171):
        channels = stem or (12 if groups == 3 else 16)
        arguments: dict[str, Any] = {"scale": width, "stem_channels": channels, "fc_bias": False}
        yield row, net("shufflenet_v1", groups=groups, **arguments)


def densenets() -> Iterator[tuple[int, Subject]]:
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
ROWS: dict[int, Subject] = {row: spec for part in PARTS for row, spec in part()}

ELSEWHERE = {
    **dict.fromkeys((4, 5, 6, 7), "shares of a count, below"),
    99: "a ratio of weights, below",
    155: "a difference of two networks, below",
    159: "MACs alone, below",
}
BLOCKS = {0, 1, 2, 3, 93, 100, *range(102, 112), 113, *range(128, 133), 168, 169, 170}
"""Published as weights alone."""
PLAIN = {21, 112}
"""GoogLeNet as published: biases, no batch norms."""

THOUSANDS = r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])"
WHOLE_TIMES = {"B": 10**9, "G": 10**9, "M": 10**6, "K": 10**3, "": 1}
HALF_WRITTEN = {"~70K"}
"""Rounded to one figure: the zero at the end says nothing."""


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The shipped designs and the networks that the page writes out."""
    folder = tmp_path_factory.mktemp("papers")
    for name, text in re.findall(r"```toml file=(\S+)\n(.*?)```", PAGE, re.DOTALL):
        (folder / name).write_text(text)
    return Library([folder])


def recount(designs: Library, row: int, switches: Switches | None = None, **more: Any) -> Any:
    """What convcost counts for a row, or for its variant with other arguments."""
    subject = ROWS[row]
    if isinstance(subject, tuple):
        return count(*subject)
    if switches is None:
        switches = WEIGHTS_ONLY if row in BLOCKS else EVERYTHING._replace(norm=row not in PLAIN)
    return count(subject | more, switches=switches, library=designs)


def title(row: int) -> str:
    entry = PAPERS[row]
    what = entry.get("network") or entry["block"]
    return f"{row} {entry['arxiv']} {entry['where']}: {what} {entry['config']}"


def test_every_published_figure_is_recounted_or_says_why_not() -> None:
    assert not ROWS.keys() & ELSEWHERE.keys()
    assert ROWS.keys() | ELSEWHERE.keys() == set(range(len(PAPERS)))


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_count_is_the_exact_value(designs: Library, row: int) -> None:
    result = recount(designs, row)
    exact = PAPERS[row]["exact"]
    assert (result.params, result.macs) == (exact["params"], exact["macs"])
    assert result.is_complete
    assert not result.unused


def parts(printed: str) -> tuple[Decimal, Decimal]:
    """A printed figure and its last place: 1.8x10^9 is 1800000000 to 100000000."""
    match = re.fullmatch(r"~?([\d.,]+)(?:x10\^(\d+)|([BGMK%x]?))", printed)
    assert match, printed
    digits, power, suffix = match.groups()
    number = Decimal(digits.replace(",", ""))
    times = Decimal(10) ** int(power) if power else Decimal(WHOLE_TIMES.get(suffix, 1))
    place = number.as_tuple().exponent
    assert isinstance(place, int)
    place += printed in HALF_WRITTEN
    return number * times, Decimal(10) ** place * times


def rounds_to(exact: float, printed: str) -> bool:
    value, place = parts(printed)
    return (Decimal(str(exact)) / place).quantize(Decimal(1), ROUND_HALF_UP) * place == value


def truncates_to(exact: float, printed: str) -> bool:
    value, place = parts(printed)
    return Decimal(str(exact)) // place * place == value


def test_published_figures_round_or_do_not_as_said() -> None:
    for row, entry in enumerate(PAPERS):
        for field, printed in entry["published"].items():
            said = entry.get("rounds_by_field", {}).get(field, entry["rounds_to_published"])
            if field == "macs_formula":
                assert entry["exact"][field] == entry["exact"]["macs"]
                continue
            twice = field == "macs" and "2x" in entry["unit_in_paper"]
            exact = entry["exact"][field] * (2 if twice else 1)
            assert rounds_to(exact, printed) is said, (title(row), field)


def adds(result: Any) -> int:
    return sum(row.cost.element_ops for row in result.counted.rows if row.type == "add")


def batch_norm(result: Any) -> int:
    return sum(row.cost.params for row in result.counted.rows if row.type == "batch_norm")


Explanation = Callable[[Library, int], int]
BODY = "convolution layers only"
EXPLANATIONS: dict[tuple[str, str], Explanation] = {
    ("macs", BODY): lambda d, row: recount(d, row, classes=0).macs,
    ("macs", "first layer has 16"): lambda d, row: recount(d, row, stem_channels=16).macs,
    ("macs", "MACs of the 1000-class"): lambda d, row: recount(d, row, classes=1000).macs,
    ("macs", "one add per shortcut"): lambda d, row: (
        recount(d, row).macs + adds(recount(d, row, WEIGHTS_ONLY))
    ),
    ("macs", "7x7 stem counted as"): lambda d, row: (
        recount(d, row).macs
        - count("224x224x3", "conv 7x7 64 s2").macs
        + 112 * 112 * (7 + 7) * 3 * 64
    ),
    ("macs", "(7+7) x 3 x 64"): lambda d, row: 112 * 112 * (7 + 7) * 3 * 64,
    ("macs", "printed value is truncated"): lambda d, row: recount(d, row).macs,
    ("params", "printed value is truncated"): lambda d, row: recount(d, row).params,
    ("params", "(7+7) x 3 x 64"): lambda d, row: (7 + 7) * 3 * 64,
    ("params", "weights only"): lambda d, row: recount(d, row, WEIGHTS_ONLY).params,
    ("params", "BN counted as 3"): lambda d, row: (
        recount(d, row).params + batch_norm(recount(d, row)) // 2
    ),
}
"""Conventions of ``reproduced_by``, by how they begin, and the count that follows each."""

REPRODUCED = [
    (row, field, how["how"], how["value"])
    for row, entry in enumerate(PAPERS)
    for field, how in entry.get("reproduced_by", {}).items()
    if how and row in ROWS
]


def explanation(field: str, how: str) -> Explanation | None:
    fits = (e for (f, start), e in EXPLANATIONS.items() if f == field and how.startswith(start))
    return next(fits, None)


COUNTED = [entry for entry in REPRODUCED if explanation(*entry[1:3])]


@pytest.mark.parametrize(("row", "field", "how", "value"), COUNTED)
def test_convention_explains_the_figure(
    designs: Library, row: int, field: str, how: str, value: int
) -> None:
    explain = explanation(field, how)
    assert explain is not None
    found = explain(designs, row)
    printed = PAPERS[row]["published"][field]
    if "three significant" in how:  # 15,346,630,656 printed as 15300M
        assert (found + 5 * 10**7) // 10**8 * 10**8 == value
        return
    assert found == value
    fits = truncates_to if "truncated" in how else rounds_to
    assert fits(value, printed)


def test_other_conventions_are_known() -> None:
    """Those left are arithmetic on printed figures, and change nothing that is counted."""
    left = Counter(how for entry in REPRODUCED if entry not in COUNTED for how in [entry[2]])
    kinds = ("rounded to two significant", "K = 1024", "twice the mult-adds", "sum of the params")
    assert all(how.startswith(kinds) for how in left), left


def test_shares_of_table_2() -> None:
    """Shares are of weights alone; the printed 1.19 has its digits swapped."""
    result = count("mobilenet_v1", switches=WEIGHTS_ONLY)
    kinds = {share["kind"]: share for share in result.document()["shares"]}
    names = ("conv 1x1", "depthwise 3x3", "conv 3x3", "linear")
    for row, name in enumerate(names, 4):
        exact = PAPERS[row]["exact"]
        for field, total in (("params", result.params), ("macs", result.macs)):
            assert round(100 * kinds[name][field] / total, 4) == exact[field]
    assert sum(Decimal(PAPERS[row]["published"]["macs"][:-1]) for row in range(4, 8)) != 100


def test_ratios() -> None:
    block = {"type": "bottleneck", "input": "56x56x256"}
    identity, projection = count(block), count(block | {"projection": True})
    assert round(projection.params / identity.params, 4) == PAPERS[93]["exact"]["ratio"]
    one = count("14x14x512", "conv 7x7 512").params
    three = count("14x14x512", "conv 3x3 512 x3").params
    assert round(100 * (one / three - 1), 4) == PAPERS[99]["exact"]["ratio"]


def test_squeeze_and_excitation_of_resnet_50(designs: Library) -> None:
    """Row 155: both networks have the same batch norms and biases."""
    plain, squeezed = recount(designs, 149), recount(designs, 150)
    exact = PAPERS[155]["exact"]
    assert squeezed.params - plain.params == exact["params"]
    assert squeezed.macs - plain.macs == exact["macs"]


def test_batch_norms_of_vgg_16(designs: Library) -> None:
    """Row 159: the network with batch norms is not shipped, which add params and no MACs."""
    plain, exact = recount(designs, 97), PAPERS[159]["exact"]
    channels = [row.node.operation.out_channels for row in plain.counted.rows if row.type == "conv"]
    assert plain.macs == exact["macs"]
    assert plain.params + 2 * sum(channels) == exact["params"]


def test_exact_numbers_in_the_tables_of_the_page_are_printed_by_a_command() -> None:
    """Each number with thousands in a table is in the output of a console block."""
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))
    output = "\n".join(line for line in blocks.splitlines() if not line.startswith("$ "))
    printed = {number.replace(",", "") for number in re.findall(f"{THOUSANDS}|\\d{{4,}}", output)}
    printed |= set(re.findall(r"\d{4,}", output))  # in CSV a comma parts two numbers
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    wanted = {n.replace(",", "") for row in rows for n in re.findall(THOUSANDS, row)}
    assert wanted
    assert wanted <= printed, sorted(wanted - printed)
