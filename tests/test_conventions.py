"""Other tools' numbers, reproduced: ``data/conventions.json`` holds real runs of each tool.

A row there is one PyTorch module on one input. Here the module is built from the engine's
operations, without PyTorch, and with how its source is written where that matters.
``test_conventions_tools.py`` compares with the tools themselves where they are installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from convcost.api import count
from convcost.engine.counting import count as count_graph
from convcost.engine.graph import Graph, GraphBuilder, Written
from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.elementwise import (
    Activation,
    Add,
    BatchNorm,
    GroupNorm,
    LayerNorm,
    Mul,
)
from convcost.engine.operations.foreign import Foreign
from convcost.engine.operations.linear import Linear
from convcost.engine.operations.pooling import AdaptiveAvgPool, AvgPool, GlobalAvgPool, MaxPool
from convcost.engine.operations.reshaping import Concat, Identity, Upsample
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import product
from convcost.engine.windows import SAME
from convcost.errors import SpecError
from convcost.language.conventions import (
    CALCULATIONS,
    FOLDER,
    QUANTITIES,
    find_convention,
    load_convention,
)
from convcost.studies import events, irregular
from convcost.studies.conventions import ORDER, all_conventions, conventions

HERE = Path(__file__).parent
DATA: dict[str, Any] = json.loads((HERE / "data" / "conventions.json").read_text())
ROWS: list[dict[str, Any]] = DATA["rows"]

TOOLS = {
    "torch_flopcounter": ("torch_flopcounter", "flops"),
    "fvcore": ("fvcore", "macs"),
    "torchinfo": ("torchinfo", "macs"),
    "ptflops_pytorch": ("ptflops_pytorch", "macs"),
    "ptflops_aten": ("ptflops_aten", "macs"),
    "thop": ("thop", "macs"),
    "calflops": ("calflops", "macs"),
    "calflops_flops": ("calflops", "flops"),
}
"""Where a row has the number of each convention."""


# A row's module, from the engine's operations


def setting(text: str, name: str, default: Any) -> Any:
    """``kernel_size=(3, 3)`` in a module's text."""
    match = re.search(rf"\b{name}=(\([^)]*\)|[\w.']+)", text)
    return default if match is None else eval_literal(match.group(1))


def eval_literal(text: str) -> Any:
    from ast import literal_eval

    return literal_eval(text) if re.fullmatch(r"[\d(),. ]+|True|False", text) else text


def channels(text: str) -> tuple[int, int]:
    first, second = re.search(r"\((\d+), (\d+),", text).groups()  # type: ignore[union-attr]
    return int(first), int(second)


def conv(text: str) -> Operation:
    """``Conv2d(16, 16, kernel_size=(3, 3), ...)`` as an operation."""
    kernel = setting(text, "kernel_size", ())
    axes = len(kernel)
    padding = setting(text, "padding", (0,) * axes)
    pads = SAME if padding == "same" else tuple((side, side) for side in padding)
    sizes = (setting(text, "stride", (1,) * axes), pads, setting(text, "dilation", (1,) * axes))
    more = (setting(text, "groups", 1), setting(text, "bias", True))
    if text.startswith("ConvTranspose"):
        return ConvTranspose(kernel, channels(text)[1], *sizes, (0,) * axes, *more)
    return Conv(kernel, channels(text)[1], *sizes, *more)


def chain(shape: tuple[int, ...], *operations: Operation) -> Graph:
    builder = GraphBuilder(shape)
    tensor = 0
    for number, operation in enumerate(operations):
        tensor = builder.add(f"layer{number}", operation, (tensor,))
    return builder.finish(tensor)


def called(shape: tuple[int, ...], operation: Operation, written: Written) -> Graph:
    """One operation of which the source is known."""
    return chain(shape, operation)._replace(written={"layer0": written})


def residual(row: dict[str, Any], shape: tuple[int, ...]) -> Graph:
    """A pointwise convolution, and how its result is joined with the input."""
    how = row["case"].removeprefix("res_conv1x1_then_")
    join: Operation = Concat() if how == "cat" else Mul() if "mul" in how or "*" in how else Add()
    builder = GraphBuilder(shape)
    made = builder.add("conv", conv(re.search(r"Conv2d\(.*?\) ", row["module"]).group()), (0,))  # type: ignore[union-attr]
    graph = builder.finish(builder.add("join", join, (made, 0)))
    names = {"torch.add": "torch.add", "x.add": "Tensor.add", "torch.mul": "torch.mul"}
    return graph._replace(
        written={
            "conv": Written("Conv2d", is_own=True, function="F.conv2d"),
            "join": Written(function=names.get(how, "operator")),
        }
    )


def squeeze(row: dict[str, Any], shape: tuple[int, ...]) -> Graph:
    first, second = map(conv, re.findall(r"Conv2d\([^()]*(?:\([^()]*\)[^()]*)*\)", row["module"]))
    builder = GraphBuilder(shape)
    tensor = 0
    for operation in (AdaptiveAvgPool((1, 1)), first, Activation("relu"), second):
        tensor = builder.add(operation.type, operation, (tensor,))
    tensor = builder.add("gate", Activation("sigmoid"), (tensor,))
    return builder.finish(builder.add("scale", Mul(), (0, tensor)))


def functional_conv(row: dict[str, Any], shape: tuple[int, ...]) -> Graph:
    """A kernel that is a bare parameter: its size follows from the output's."""
    side = shape[0] - row["output"][2] + 1
    padding = ((0, 0), (0, 0))
    operation = Conv((side, side), row["output"][1], (1, 1), padding, (1, 1))
    return called(shape, operation, Written("FConv", function="F.conv2d"))


def norm(row: dict[str, Any], shape: tuple[int, ...]) -> Operation:
    if "affine=False" in row["module"]:
        return Foreign("batch_norm", "elements", element_ops=2 * product(shape) * row["batch"])
    kinds: dict[str, type[Operation]]
    kinds = {"BatchNorm": BatchNorm, "GroupNorm": GroupNorm, "LayerNorm": LayerNorm}
    return next(kind() for name, kind in kinds.items() if row["module"].startswith(name))


def build(row: dict[str, Any]) -> Graph:
    """The module of a row as a graph."""
    case, text = row["case"], row["module"]
    dims = row["input"][1:]
    is_last = case.startswith(("linear", "layernorm"))
    shape = tuple(dims) if is_last else (*dims[1:], dims[0])
    if case in SIMPLE:
        return chain(shape, SIMPLE[case])
    if case in FUNCTIONS:
        operation, name = FUNCTIONS[case]
        return called(shape, operation(shape, row["batch"]), Written(function=name))
    if case.startswith("subclass"):
        name = text.partition("(")[0]
        return called(shape, conv(text), Written(name, is_derived=True, function="F.conv2d"))
    if case.startswith("conv2d_same"):
        return called(shape, conv(text), Written("Conv2d", is_own=True, padding="same"))
    if case == "functional_F.conv2d":
        return functional_conv(row, shape)
    if case in ("shared_conv_called_twice", "second_conv_never_called"):
        one = conv(re.search(r"Conv2d\(.*?False\)", text).group())  # type: ignore[union-attr]
        return chain(shape, one, one) if "Twice" in text else chain(shape, one)
    if case.startswith("res_"):
        return residual(row, shape)
    if case == "squeeze_excitation":
        return squeeze(row, shape)
    if case == "conv_bn_relu_block":
        one = conv(re.search(r"Conv2d\(.*?False\)", text).group())  # type: ignore[union-attr]
        return chain(shape, one, BatchNorm(), Activation("relu"))
    if "norm" in case:
        return chain(shape, norm(row, shape))
    if case.startswith("linear"):
        return chain(shape, Linear(setting(text, "out_features", 0), setting(text, "bias", True)))
    return chain(shape, conv(text))


SIMPLE: dict[str, Operation] = {
    **{name: Activation(name) for name in ("relu", "relu6", "silu", "sigmoid", "gelu", "softmax")},
    "hardswish": Activation("hard_swish"),
    "hardsigmoid": Activation("hard_sigmoid"),
    "maxpool2d": MaxPool((3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)),
    "avgpool2d": AvgPool((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    "adaptiveavgpool2d_1": GlobalAvgPool(),
    "upsample_nearest_x2": Upsample((2, 2)),
    "dropout": Identity(),
}

FUNCTIONS: dict[str, tuple[Callable[[tuple[int, ...], int], Operation], str]] = {
    "relu_functional": (lambda shape, batch: Activation("relu"), "F.relu"),
    "relu_torch.relu": (lambda shape, batch: Activation("relu"), "torch.relu"),
    "global_mean_x.mean": (
        lambda shape, batch: Foreign("mean", "elements", element_ops=product(shape) * batch),
        "Tensor.mean",
    ),
}


def values(graph: Graph, batch: int = 1) -> dict[str, int]:
    counted = count_graph(graph, batch)
    found = conventions("a network", counted, all_conventions())
    return {tool.convention.name: tool.value for tool in found.tools}


# Modules


def title(row: dict[str, Any]) -> str:
    return f"{row['case']}-{'x'.join(map(str, row['input']))}"


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_every_tool_reports_what_it_was_seen_to_report(row: dict[str, Any]) -> None:
    graph = build(row)
    counted = count_graph(graph, row["batch"])
    assert counted.macs == row["exact_macs"]
    expected = {name: row["tools"][tool][key] for name, (tool, key) in TOOLS.items()}
    assert values(graph, row["batch"]) == expected


def test_all_kinds_of_module_have_rows() -> None:
    assert {row["case"] for row in ROWS} == set(DATA["formulas"])


# Networks

STAGES = ((64, 256, 56, 3), (128, 512, 28, 4), (256, 1024, 14, 6), (512, 2048, 7, 3))
STEM = 112 * 112 * 64
RESNET50_RELU = STEM + sum(
    # The first block of a stage works on the larger map until its 3x3 has stepped.
    side * side * (n * 2 * middle + n * wide) + (side * side * 3 * middle if side < 56 else 0)
    for middle, wide, side, n in STAGES
)
RESNET50_NORM = RESNET50_RELU + sum(
    # Norms stand behind the last 1x1 where the activation stands behind the sum, and behind
    # the projection of each stage besides.
    side * side * wide
    for _, wide, side, _ in STAGES
)
RESNET50_NORM_PARAMS = 2 * (64 + sum(n * (2 * m + w) + w for m, w, _, n in STAGES))
RESNET50 = 4_089_184_256
POOLED, MAXPOOLED = 7 * 7 * 2048, STEM

RESNET50_TOOLS = {
    "torch_flopcounter": 2 * RESNET50,
    "fvcore": RESNET50 + 2 * RESNET50_NORM + POOLED,
    "torchinfo": RESNET50 + 1000 + RESNET50_NORM_PARAMS,
    "ptflops_pytorch": RESNET50 + 1000 + 2 * (RESNET50_NORM + RESNET50_RELU + MAXPOOLED + POOLED),
    "ptflops_aten": RESNET50 + 1000,
    "thop": RESNET50 + 4 * RESNET50_NORM + POOLED + 2048,
    "calflops": RESNET50,
    "calflops_flops": 2 * RESNET50 + 2 * RESNET50_NORM + RESNET50_RELU + MAXPOOLED + POOLED,
}
"""By the tools' rules, layer by layer; ``RESNET50_REAL`` is what the tools print."""

RESNET50_REAL = {
    "torch_flopcounter": 8_178_368_512,
    "fvcore": 4_111_512_576,
    "torchinfo": 4_089_238_376,
    "ptflops_pytorch": 4_132_436_968,
    "ptflops_aten": 4_089_185_256,
    "thop": 4_133_742_592,
    "calflops": 4_089_184_256,
}


def test_resnet50_by_every_tool() -> None:
    found = values(count("resnet50").counted.graph)
    assert found == RESNET50_TOOLS
    assert found | RESNET50_REAL == found


def test_terms_sum_to_the_value_also_where_parts_are_no_whole_numbers() -> None:
    # 3 samples: upsampling is divided by the batch twice, 2 * 2 * 5 * 3 / 9 is not whole.
    counted = count_graph(chain((1, 5, 1), Upsample((2, 2)), Upsample((1, 1))), 3)
    found = conventions("a network", counted, all_conventions())
    assert all(sum(t.value for t in tool.terms) == tool.value for tool in found.tools)
    ptflops = next(t for t in found.tools if t.convention.name == "ptflops_pytorch")
    assert ptflops.value == 2 * (2 * 10 * 3 + 2 * 10 * 3 // 9) + 1  # 6 2/3 twice is 13 1/3
    fvcore = next(t for t in found.tools if t.convention.name == "fvcore")
    assert fvcore.value == 2 * (2 * 10 * 3)


def test_a_network_with_unknown_layers_has_lower_bounds(invoke: Run) -> None:
    builder = GraphBuilder((8, 8, 3))
    made = builder.add("conv", Conv((3, 3), 4, (1, 1), SAME, (1, 1)), (0,))
    made = builder.add("what", Foreign("DeformConv", "unknown"), (made,))
    found = conventions("a network", count_graph(builder.finish(made)), all_conventions())
    assert found.is_bound
    from convcost.reports.conventions import conventions_report

    report = conventions_report(found)
    result = report.document()["results"][0]
    assert result["status"] == "partial"
    assert result["uncounted"] == [{"name": "what", "type": "DeformConv"}]
    assert report.text(report.columns[1], report.rows[0][1]) == f">= {2 * 8 * 8 * 4 * 27:,}"
    assert "1 layers are not known (DeformConv): all numbers are lower bounds" in report.notes


def test_same_padding_that_no_number_expresses_is_the_word() -> None:
    """A 4x4 window with stride 1 pads 1 before and 2 behind: only padding="same" does that."""
    even = values(chain((10, 12, 3), Conv((4, 4), 8, (1, 1), SAME, (1, 1))))
    odd = values(chain((10, 12, 3), Conv((3, 3), 8, (1, 1), SAME, (1, 1))))
    assert (even["fvcore"], even["calflops"]) == (0, 9 * 11 * 8 * 4 * 4 * 3)
    assert odd["fvcore"] == odd["calflops"] == 10 * 12 * 8 * 3 * 3 * 3


def test_where_a_number_depends_on_the_source_it_says_so() -> None:
    graph = chain((10, 12, 3), Conv((3, 3), 8, (1, 1), SAME, (1, 1)), GlobalAvgPool())
    found = conventions("a network", count_graph(graph), all_conventions(["fvcore"]))
    assert found.tools[0].depends_on == (
        'a convolution written with padding="same" is not seen: 0',
        "a global pooling written as x.mean(...) is not seen: 0",
    )
    known = Written("Conv2d", is_own=True, function="F.conv2d")
    mean = Written("AdaptiveAvgPool2d", is_own=True, function="F.adaptive_avg_pool2d")
    graph = graph._replace(written={"layer0": known, "layer1": mean})
    found = conventions("a network", count_graph(graph), all_conventions(["fvcore"]))
    assert found.tools[0].depends_on == ()


# ONNX files: layers that are spelt in several operations

ONNX_REAL = {
    # By onnx-tool 1.0.1 and onnx_opcounter 0.0.4 on the file, with zeros for its weights.
    "resnet50": (4_117_342_184, 4_104_517_120),
    "densenet121": (3_184_545_768, 2_881_890_944),
    "mobilenet_v2_bn": (520_292_552, 320_480_848),
    "shufflenet_v2_x1_0_folded": (149_074_776, 147_290_808),
    "squeezenet1_1": (357_475_224, 353_523_960),
}


@pytest.mark.parametrize("name", ONNX_REAL)
def test_tools_that_read_onnx_files(name: str) -> None:
    pytest.importorskip("onnx")
    from convcost.sources.onnx.file import read_onnx

    graph = read_onnx(HERE / "data" / "onnx" / f"{name}.onnx").graph
    found = conventions(name, count_graph(graph), all_conventions(is_onnx=True))
    by_name = {tool.convention.name: tool.value for tool in found.tools}
    assert (by_name["onnx_tool"], by_name["onnx_opcounter"]) == ONNX_REAL[name]


def spelt(*steps: tuple[str, tuple[int, ...]]) -> dict[str, int]:
    """A graph of element-wise operations as an ONNX file has them, by tool."""
    builder = GraphBuilder((4, 4, 8))
    tensor = 0
    for name, reads in steps:
        operation = Foreign(name, "elements", element_ops=128)
        tensor = builder.add(name, operation, reads)
    return values(builder.finish(tensor)._replace(vocabulary="onnx"))


@pytest.mark.parametrize(
    ("foreign", "kind"),
    [
        ("LogSoftmax", "log_softmax"),
        ("PRelu", "prelu"),
        ("HardSwish", "hard_swish"),
        ("hardswish", "hard_swish"),
        ("GlobalAveragePool", "global_avg_pool"),
        ("upsample_nearest2d", "upsample_nearest"),
        ("HARD_SWISH", "hard_swish"),
        ("RELU6", "relu6"),
        ("LOGISTIC", "sigmoid"),
        ("com.lab::QConv", "com.lab::QConv"),
    ],
)
def test_foreign_names_are_kinds_by_convcosts_names(foreign: str, kind: str) -> None:
    assert events.spelling(foreign) == kind


def test_a_sigmoid_times_its_input_is_a_silu() -> None:
    assert spelt(("Sigmoid", (0,)), ("mul", (0, 1)))["calflops_flops"] == 4 * 4 * 8
    assert spelt(("Sigmoid", (0,)), ("mul", (1, 1)))["calflops_flops"] == 0
    assert spelt(("Sigmoid", (0,)))["calflops_flops"] == 0


def test_a_clip_is_a_relu6_but_in_a_hard_sigmoid() -> None:
    assert spelt(("Clip", (0,)))["ptflops_pytorch"] == 4 * 4 * 8
    assert spelt(("add", (0,)), ("Clip", (1,)), ("mul", (0, 2)))["ptflops_pytorch"] == 0


def test_an_error_function_is_what_is_left_of_a_gelu() -> None:
    steps = (("Div", (0,)), ("Erf", (1,)), ("add", (2,)), ("mul", (0, 3)), ("mul", (4,)))
    assert spelt(*steps)["ptflops_pytorch"] == 2 * 4 * 4 * 8


def test_an_added_bias_belongs_to_the_product_before_it() -> None:
    builder = GraphBuilder((5, 8))
    product_ = Foreign("linear", "macs", params=8 * 6, macs=5 * 8 * 6, mixes=8)
    builder.add_as(chain((5, 8), product_).nodes[0]._replace(name="fc", output=(5, 6)), (0,))
    bias = Foreign("add", "elements", params=6, element_ops=5 * 6)
    graph = builder.finish(builder.add("bias", bias, (1,)))
    found = values(graph)
    assert found["ptflops_aten"] == 5 * 8 * 6 + 5 * 6
    assert found["torchinfo"] == 8 * 6 + 6
    assert found["fvcore"] == 5 * 8 * 6


# Rules as data


def test_a_tool_is_one_file_that_says_where_its_rules_stand() -> None:
    names = [path.stem for path in sorted(FOLDER.glob("*.toml"))]
    assert set(ORDER) < set(names)
    for name in names:
        rules = find_convention(name)
        assert rules.version
        assert rules.about
        assert ".py" in rules.source


def test_every_quantity_of_the_rules_is_counted() -> None:
    assert set(QUANTITIES) == set(events.QUANTITIES)
    assert set(CALCULATIONS) == set(irregular.IRREGULAR)


LAB = """
calls_it = "ops"
version = "3"

[layers]
conv = { macs = 2, bias = "1/2" }
relu = { output = 0.25 }
gelu = "relu"
otherwise = { output = 1 }

[depends_on]
relu = "an activation called as a function"
"""


def test_a_users_file_is_an_equal(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(LAB)
    rules = load_convention(tmp_path / "lab.toml")
    conv_ = Conv((3, 3), 4, (1, 1), SAME, (1, 1), bias=True)
    graph = chain((8, 8, 3), conv_, Activation("gelu"), GlobalAvgPool())
    (tool,) = conventions("a network", count_graph(graph), [rules]).tools
    assert tool.value == 2 * 8 * 8 * 4 * 27 + 8 * 8 * 4 // 2 + 8 * 8 * 4 // 4 + 4


WRONG = {
    "layer = 1": "a convention has no layer",
    "[layers]": "a convention needs rules",
    "[layers]\nbatchnorm = {}": "batchnorm is not a kind of layer",
    '[layers]\n"conv big" = {}': "big is nothing that a kind can be",
    "[layers]\nconv = { mac = 1 }": "mac is not a counted quantity",
    "[layers]\nconv = { macs = true }": "a weight is a number",
    '[layers]\nconv = { macs = "1/0" }': "a weight is a number",
    "[layers]\nconv = 2": "a rule is a table of weights",
    '[layers]\nconv = "linear"': "there is no rule for linear",
    '[layers]\nconv = "relu"\nrelu = "conv"': "there is no rule for conv",
    'reads = "files"\n[layers]\nconv = {}': "reads is layers or operations, not files",
    "version = 1\n[layers]\nconv = {}": "version is a text",
    "layers = 1": "layers is a table",
    "[layers]\nconv = {}\n[depends_on]\nconv = 1": "a sentence is needed",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_rule_is_refused_by_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_convention(path)
    assert caught.value.message == WRONG[text]
    assert str(caught.value.place).startswith(str(path))


PAGE = (HERE.parent / "docs" / "conventions.md").read_text("utf-8")
PAGE_KINDS = {
    "convolution": "conv",
    "fully connected": "linear",
    "batch norm": "batch_norm",
    "layer norm": "layer_norm",
    "group norm": "group_norm",
    "ReLU, GELU": "relu",
    "ReLU6": "relu6",
    "SiLU": "silu",
    "hard swish, sigmoid": "hard_swish",
    "softmax": "softmax",
    "max pooling": "max_pool",
    "average pooling": "avg_pool",
    "global pooling": "global_avg_pool",
    "nearest upsampling": "upsample_nearest",
    "sum, product (`+`, `*`)": "add",
}
LETTERS = {"macs": "MAC", "bias": "b", "input": "X", "output": "Y", "params": "P"}


@pytest.mark.parametrize("words", PAGE_KINDS)
def test_the_table_of_the_docs_has_the_rules(words: str) -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {words} |"))
    cells = [cell.strip() for cell in line.split("|")[2:-1]]
    for name, cell in zip(TOOLS, cells, strict=True):
        rules = find_convention(name)
        weights: dict[str, Any] = {}
        for part in rules.layers.get(PAGE_KINDS[words], rules.otherwise).parts:
            key = part.key.replace("/batch", "").replace("*batch", "")
            weights[key] = weights.get(key, 0) + part.weight
        channels_ = weights.pop("input/channels", None)
        terms = [f"{'' if w == 1 else f'{w} '}{LETTERS[key]}" for key, w in weights.items()]
        expected = " + ".join(terms) + (" - X / channels" if channels_ == -1 else "")
        assert cell == expected, name


# The command line


def test_json_has_each_tool_with_its_terms(invoke: Run) -> None:
    result = invoke("conventions", "8x8x3", "conv 3x3 4 bias=true, activation", "--format", "json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["schema"] == "convcost.conventions/1"
    (one,) = document["results"]
    macs = 8 * 8 * 4 * 27
    assert (one["macs"], list(one)) == (macs, ["name", "macs", "tools"])
    assert list(one["tools"]) == [name for name in ORDER if not name.startswith("onnx")]
    assert one["tools"]["calflops_flops"] == {
        "version": "0.3.2",
        "value": 2 * macs + 8 * 8 * 4 + 8 * 8 * 4,
        "calls_it": "FLOPs",
        "terms": [
            {"what": "conv: 2 per MAC", "layers": 1, "value": 2 * macs},
            {"what": "conv: 1 per bias addition", "layers": 1, "value": 8 * 8 * 4},
            {"what": "relu: 1 per input element", "layers": 1, "value": 8 * 8 * 4},
        ],
        "depends_on": [
            'of a convolution written with padding="same" and an even kernel, positions are lost',
            "a ReLU called as torch.relu or x.relu() is not seen: 0",
        ],
    }


def test_documents_follow_their_schemas(invoke: Run) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    asked = {
        "conventions": ("squeezenet1_1",),
        "reconcile": ("squeezenet1_1", "--reported", "0.72G", "--params", "1.24M"),
    }
    for command, words in asked.items():
        published = json.loads(invoke("schema", command).out)
        document = json.loads(invoke(command, *words, "--format", "json").out)
        jsonschema.validate(document, published)


def test_one_tool_is_derived_by_kind_of_layer(invoke: Run) -> None:
    result = invoke(
        "conventions", "8x8x3", "conv 3x3 4 p1, activation", "--tool", "ptflops_pytorch"
    )
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "conv 3x3 4 p1, activation by ptflops_pytorch (ptflops 0.7.5)\n"
        "kind of layer  layers  rule                          MACs\n"
        "─────────────────────────────────────────────────────────\n"
        "conv                1  1 per MAC / batch            6,912\n"
        "relu                1  1 per input element / batch    256\n"
        "relu                1  1 per input element            256\n"
        "─────────────────────────────────────────────────────────\n"
        "total                                               7,424\n"
        "convcost counts 6,912 MACs\n"
        "modules by class, divided by the batch; functions once more, not divided\n"
        "depends on: a convolution called as F.conv2d, or of a class made from nn.Conv2d,\n"
        "  is not seen: 0\n"
        "depends on: a ReLU called as F.relu counts its input once, as torch.relu not at\n"
        "  all\n"
        "rules: ptflops/pytorch_ops.py: MODULES_MAPPING, FUNCTIONAL_MAPPING,\n"
        "  TENSOR_OPS_MAPPING\n"
    )


def test_an_unknown_tool_is_refused_with_the_nearest(invoke: Run) -> None:
    result = invoke("conventions", "resnet50", "--tool", "fvcor")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: there is no convention fvcor\n"
        "  did you mean fvcore? (or name a .toml file with rules)\n"
    )


def test_count_shows_the_tools_number_in_its_own_word(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(LAB)
    result = invoke("count", "8x8x3", "conv 3x3 4", "--convention", "./lab.toml", "--csv")
    assert (result.code, result.err) == (0, "")
    header, layer, *_ = result.out.splitlines()
    by_column = dict(zip(header.split(","), layer.split(","), strict=True))
    assert "macs" not in by_column
    assert by_column["ops"] == str(2 * 8 * 8 * 4 * 27)
    document = json.loads(
        invoke("count", "8x8x3", "conv 3x3 4", "--convention", "torchinfo", "--json").out
    )
    (one,) = document["results"]
    assert one["macs"] == 8 * 8 * 4 * 27
    assert one["convention"] == {
        "name": "torchinfo",
        "version": "1.8.0",
        "calls_it": "mult-adds",
        "value": 8 * 8 * 4 * 27,
    }


def test_compare_shows_the_tools_number_and_its_ratios(invoke: Run) -> None:
    result = invoke("compare", "56x56x256", "-k", "3", "-o", "64", "--convention", "fvcore")
    assert (result.code, result.err) == (0, "")
    header, _, standard = result.out.splitlines()[1:4]
    assert "flops" in header
    assert "flops change" in header
    assert f"{56 * 56 * 64 * 9 * 256:,}" in standard
    assert "flops as fvcore 0.1.5 counts them; convcost counts MACs" in result.out


def test_what_would_read_macs_is_refused_beside_a_convention(invoke: Run) -> None:
    asked = ("count", "resnet50", "--convention", "thop")
    for more, message in {
        ("--format", "jsonl"): "--convention is not for a stream",
        ("--max-macs", "4G"): "a limit on MACs is not one on what another tool says",
        ("--get", "macs"): "--get reads convcost's own figures",
        ("--columns", "params"): "--convention thop changes the column macs, which is not shown",
    }.items():
        result = invoke(*asked, *more)
        assert result.code == 2
        assert result.err.startswith(f"error: {message}\n")


def test_the_answer_of_a_comparison_is_in_the_tools_unit(invoke: Run, tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text('calls_it = "ops"\n[layers]\nconv = { macs = 2 }\nlinear = "conv"\n')
    words = ("8x8x4", "conv 3x3 8", "conv 1x1 8", "--convention", str(path))
    out = invoke("compare", *words).out
    assert "\nconv 1x1 8: 9.00x fewer ops than conv 3x3 8, sees" in out


def test_a_long_key_of_a_convention_is_cut_to_40_characters(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(f"{'w' * 90} = 1\n")
    with pytest.raises(SpecError) as caught:
        load_convention(path)
    assert caught.value.message == f"a convention has no {'w' * 37}..."


def test_a_class_of_which_nothing_is_said_is_not_made_of_the_frameworks() -> None:
    assert Written("Net") == Written("Net", is_own=False, is_derived=False)
