"""``diff``: totals of two networks, which layers are the same, and what happened to the others."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from math import prod
from pathlib import Path
from typing import Any

import onnx
import pytest
from conftest import PACKAGE_HOME, Run, refusal
from jsonschema import Draft202012Validator
from onnx import TensorProto, helper

import convcost
from convcost.reports.schemas import schema

DATA = Path(__file__).parent / "data"
RESNET = str(DATA / "onnx" / "resnet50.onnx")


def document(invoke: Run, *arguments: str) -> dict[str, Any]:
    """The JSON of a diff, which follows its schema."""
    done = invoke("diff", *arguments, "--format", "json")
    assert done.err == "", done.err
    found: dict[str, Any] = json.loads(done.out)
    Draft202012Validator(schema("diff")).validate(found)
    return found


def statuses(found: dict[str, Any]) -> dict[str, int]:
    return dict(Counter(layer["status"] for layer in found["layers"]))


# Layers.

WEIGHTS = 3 * 3 * 256 * 256
POSITIONS = 56 * 56


def test_a_changed_layer_says_with_what(invoke: Run) -> None:
    found = document(invoke, "56x56x256", "conv 3x3 256", "conv 3x3 256 g32")
    grouped = WEIGHTS // 32
    assert found["layers"] == [
        {
            "a": "conv",
            "b": "conv",
            "status": "changed",
            "changes": {
                "groups": [1, 32],
                "params": [WEIGHTS, grouped],
                "macs": [POSITIONS * WEIGHTS, POSITIONS * grouped],
            },
        }
    ]
    assert found["totals"]["macs"] == {
        "a": POSITIONS * WEIGHTS,
        "b": POSITIONS * grouped,
        "change": POSITIONS * (grouped - WEIGHTS),
    }
    assert (found["a"], found["b"]) == ("conv 3x3 256", "conv 3x3 256 g32")


def test_a_whole_text(invoke: Run) -> None:
    done = invoke("diff", "8x8x4", "conv 3x3 4 name=a, relu", "conv 3x3 4 g4 name=a, conv 1x1 6")
    dense, depthwise, pointwise = 3 * 3 * 4 * 4, 3 * 3 * 4, 4 * 6
    lines = done.out.splitlines()
    assert lines[0] == "conv 3x3 4 name=a, relu -> conv 3x3 4 g4 name=a, conv 1x1 6"
    change = depthwise + pointwise - dense
    assert re.split(r"\s{2,}", lines[3]) == [
        "params",
        str(dense),
        str(depthwise + pointwise),
        str(change),
        f"{100 * change / dense:.1f} %",
    ]
    start = lines.index("layers: 1 changed, 1 added, 1 removed")
    text = " ".join(" ".join(lines[start + 3 :]).split())
    assert text == (
        f"a changed groups 1 -> 4, params {dense} -> {depthwise}, MACs {64 * dense:,} -> "
        f"{64 * depthwise:,} "
        f"conv2 added conv 1x1, {pointwise} params, {64 * pointwise:,} MACs "
        f"relu removed activation, {64 * 4} element ops "
        "0 layers are the same"
    )


def test_equal_things_do_not_differ(invoke: Run) -> None:
    found = document(invoke, "resnet18", "resnet18")
    assert set(statuses(found)) == {"same"}
    assert all(total["a"] == total["b"] for total in found["totals"].values())
    assert "no layer differs" in invoke("diff", "resnet18", "resnet18").out


def test_layers_are_matched_by_name_before_shape(invoke: Run) -> None:
    """Two layers have changed places: their names say so, their shapes would say nothing."""
    a = "conv 1x1 8 name=one, conv 1x1 8 name=two"
    b = "conv 1x1 8 name=two, conv 1x1 8 name=one"
    found = document(invoke, "8x8x8", a, b)
    pairs = [(layer["a"], layer["b"], layer["status"]) for layer in found["layers"]]
    assert pairs == [("one", "one", "same"), ("two", "two", "same")]


def test_what_has_another_name_is_renamed_in_order(invoke: Run) -> None:
    a = "conv 3x3 8 name=a, conv 1x1 8 name=b, conv 3x3 8 name=c"
    b = "conv 3x3 8 name=x, conv 3x3 8 name=y, conv 1x1 8 name=z g2"
    found = document(invoke, "8x8x8", a, b)
    pairs = [(layer["a"], layer["b"], layer["status"]) for layer in found["layers"]]
    assert pairs == [("a", "x", "renamed"), ("b", "z", "renamed"), ("c", "y", "renamed")]
    assert [set(layer["changes"]) for layer in found["layers"]] == [
        set(),
        {"groups", "params", "macs"},
        set(),
    ]


def test_a_bias_that_is_new_does_not_lead_to_another_layer(invoke: Run) -> None:
    """All four have one shape; the kernel tells them apart, the bias does not."""
    a = "conv 3x3 8 name=a, conv 1x1 8 name=b"
    b = "conv 1x1 8 bias=true name=x, conv 3x3 8 bias=true name=y"
    found = document(invoke, "8x8x8", a, b)
    assert {layer["a"]: layer["b"] for layer in found["layers"]} == {"a": "y", "b": "x"}


def test_a_name_that_is_another_type_now_has_changed(invoke: Run) -> None:
    found = document(
        invoke, "8x8x4", "max_pool 2x2 s2 name=down, relu", "conv 2x2 4 s2 name=down, relu"
    )
    layer, relu = found["layers"]
    assert relu["status"] == "same"
    assert (layer["status"], layer["changes"]["type"]) == ("changed", ["max_pool", "conv"])


def test_new_layers_stand_where_they_follow(invoke: Run) -> None:
    found = document(invoke, "resnet50", "resnet50", "--set:b", "blocks2=5")
    assert statuses(found) == {"same": 174, "added": 10}
    names = [layer["b"] for layer in found["layers"]]
    added = [layer["b"] for layer in found["layers"] if layer["status"] == "added"]
    assert names.index(added[0]) == names.index("layer2.3.add.relu") + 1
    assert found["b"] == "resnet50 blocks2=5"
    # A bottleneck of 512 channels on 28x28: 1x1 and 1x1 of 512*128, 3x3 of 128*128.
    assert found["totals"]["macs"]["change"] == 28 * 28 * (2 * 512 * 128 + 9 * 128 * 128)


def test_a_new_layer_stands_behind_the_partner_of_the_one_before(invoke: Run) -> None:
    a = "conv 3x3 8 name=a, relu name=r, max_pool 2x2 name=p, conv 1x1 8 name=b"
    b = "conv 3x3 8 name=a, conv 1x1 8 name=b, linear 5 name=c"
    found = document(invoke, "8x8x8", a, b)
    order = [layer["a"] or layer["b"] for layer in found["layers"]]
    assert order == ["a", "r", "p", "b", "c"]


def test_by_type_adds_layers_up(invoke: Run) -> None:
    found = document(invoke, "56x56x256", "conv 3x3 256", "separable 3x3 256", "--by", "type")
    by_type = {kind["type"]: (kind["a"]["macs"], kind["b"]["macs"]) for kind in found["types"]}
    assert by_type == {
        "conv 3x3": (POSITIONS * WEIGHTS, 0),
        "conv 1x1": (0, POSITIONS * 256 * 256),
        "depthwise 3x3": (0, POSITIONS * 9 * 256),
    }
    assert [kind["type"] for kind in found["types"]] == ["conv 3x3", "conv 1x1", "depthwise 3x3"]
    text = invoke("diff", "56x56x256", "conv 3x3 256", "separable 3x3 256", "--by", "type").out
    assert f"{POSITIONS * 256 * 256:+,}" in text


# Batch norms that an exporter folded.


def unfolded(path: Path, *, keeps_bias: bool = False) -> None:
    """ResNet-50's export with a norm behind each convolution, as before it was folded."""
    model = onnx.load(RESNET, load_external_data=False)
    graph = model.graph
    sizes = {tensor.name: tensor.dims[0] for tensor in graph.initializer}
    nodes = []
    for node in list(graph.node):
        nodes.append(node)
        if node.op_type != "Conv":
            continue
        channels = sizes[node.input[2]]
        made, raw = node.output[0], f"{node.output[0]}_raw"
        if not keeps_bias:
            del node.input[2]
        node.output[0] = raw
        own = [f"{node.name}.{word}" for word in ("scale", "shift", "mean", "variance")]
        for name in own:
            graph.initializer.append(
                TensorProto(
                    name=name,
                    dims=[channels],
                    data_type=TensorProto.FLOAT,
                    raw_data=bytes(4 * channels),
                )
            )
        norm = helper.make_node("BatchNormalization", [raw, *own], [made], name=f"{node.name}/norm")
        nodes.append(norm)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    onnx.save(model, path)


CHANNELS = 26_560
"""Output channels of ResNet-50's 53 convolutions: half of the 53,120 running statistics that
PyTorch's model holds besides its parameters and its counters of batches."""


@pytest.mark.parametrize("is_turned", [False, True])
def test_norms_that_were_folded_are_not_removed(
    tmp_path: Path, invoke: Run, is_turned: bool
) -> None:
    unfolded(tmp_path / "unfolded.onnx")
    words = ["unfolded.onnx", RESNET]
    found = document(invoke, *(words[::-1] if is_turned else words))
    assert statuses(found) == {"same": 69, "changed": 53, "folded": 53}
    folded = [layer for layer in found["layers"] if layer["status"] == "folded"]
    side = "b" if is_turned else "a"
    assert all(layer[side].endswith("/norm") for layer in folded)
    assert found["notes"] == [
        "53 batch norms of unfolded are folded into layers of resnet50: "
        f"{CHANNELS:,} parameters fewer"
    ]
    sign = 1 if is_turned else -1
    assert found["totals"]["params"]["change"] == sign * CHANNELS
    changed = next(layer for layer in found["layers"] if layer["status"] == "changed")
    assert changed["changes"]["bias"] == ([True, False] if is_turned else [False, True])


def test_a_convolution_with_a_bias_of_its_own_takes_a_norm_in_too(
    tmp_path: Path, invoke: Run
) -> None:
    """As in VGG with norms: the importer of the export knows that its biases hold norms."""
    unfolded(tmp_path / "unfolded.onnx", keeps_bias=True)
    found = document(invoke, "unfolded.onnx", RESNET)
    assert statuses(found) == {"same": 122, "folded": 53}
    assert found["notes"] == [
        "53 batch norms of unfolded are folded into layers of resnet50: "
        f"{2 * CHANNELS:,} parameters fewer"
    ]
    save(invoke, "a.json", "unfolded.onnx")
    save(invoke, "b.json", RESNET)
    assert statuses(document(invoke, "a.json", "b.json")) == {"same": 122, "folded": 53}


def test_an_export_is_matched_with_the_shipped_network(invoke: Run) -> None:
    """No name is the same, and every convolution finds its own."""
    found = document(invoke, "resnet50", RESNET)
    assert statuses(found) == {"renamed": 121, "added": 1, "folded": 53}
    assert found["b"] == RESNET
    pairs = {layer["a"]: layer["b"] for layer in found["layers"]}
    assert pairs["layer3.4.spatial"] == "/layer3/layer3.4/conv2/Conv"
    assert pairs["layer2.0.shortcut"] == "/layer2/layer2.0/downsample/downsample.0/Conv"
    assert pairs["conv1.relu"] == "/relu/Relu"


def test_an_activation_goes_by_its_function(invoke: Run) -> None:
    """The exporter writes ReLU6 as a Clip: every layer but the flattening is the same."""
    found = document(invoke, str(DATA / "onnx" / "mobilenet_v2_bn.onnx"), "mobilenet_v2")
    assert statuses(found) == {"renamed": 151, "removed": 1}
    assert not any(layer["changes"] for layer in found["layers"])
    assert found["notes"] == []


def test_a_norm_that_is_gone_is_removed(invoke: Run) -> None:
    """The convolution has no bias that could have taken it in."""
    a, b = "conv 3x3 8, batch_norm", "conv 3x3 8"
    assert statuses(document(invoke, "8x8x8", a, b)) == {"same": 1, "removed": 1}
    b = "conv 3x3 8 bias=true"
    assert statuses(document(invoke, "8x8x8", a, b)) == {"changed": 1, "folded": 1}
    for norm_and_bias in (f"batch_norm, {b}", f"{b}, batch_norm"):
        found = statuses(document(invoke, "8x8x8", norm_and_bias, b))
        assert found == {"same": 1, "removed": 1}


# Saved counts.


def save(invoke: Run, name: str, *arguments: str) -> None:
    Path(name).write_text(invoke("count", *arguments, "--format", "json").out)


def test_a_saved_count_is_the_network_that_was_counted(invoke: Run) -> None:
    save(invoke, "base.json", "mobilenet_v2")
    found = document(invoke, "base.json", "mobilenet_v2")
    assert set(statuses(found)) == {"same"}
    assert all(
        total["change"] in (0, None) or abs(total["change"]) < 1e-9
        for total in found["totals"].values()
    )
    text = invoke("diff", "base.json", "mobilenet_v2", "--exit-code")
    assert (text.code, text.err) == (0, "")


def test_a_saved_count_keeps_what_was_folded_apart(tmp_path: Path, invoke: Run) -> None:
    unfolded(tmp_path / "unfolded.onnx")
    save(invoke, "a.json", "unfolded.onnx")
    save(invoke, "b.json", RESNET)
    assert statuses(document(invoke, "a.json", "b.json")) == {
        "same": 69,
        "changed": 53,
        "folded": 53,
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["results"].clear(), "there is no result in it"),
        (lambda d: d["results"][0].pop("layers"), "not a saved count: layers is missing"),
        (lambda d: d["results"][0].update(macs="1"), "not a saved count: a key is wrong"),
        (lambda d: d["results"].append(d["results"][0]), "there are 2 results in it"),
    ],
)
def test_a_saved_count_that_is_not_whole(invoke: Run, change: Any, message: str) -> None:
    save(invoke, "base.json", "resnet18")
    saved = json.loads(Path("base.json").read_text())
    change(saved)
    Path("base.json").write_text(json.dumps(saved))
    done = invoke("diff", "base.json", "resnet18")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[:2] == [f"error: {message}", "  base.json"]


def test_a_file_with_types_of_its_own_may_stand_beside_any(invoke: Run) -> None:
    """That its integers are smaller than floats is what somebody wants to see."""
    save(invoke, "base.json", "resnet18")
    saved = json.loads(Path("base.json").read_text())
    saved["results"][0]["memory"]["dtype"] = "file"
    Path("base.json").write_text(json.dumps(saved))
    assert set(statuses(document(invoke, "base.json", "resnet18"))) == {"same"}
    text = " ".join(invoke("diff", "base.json", "resnet18").out.split())
    assert "at the file's types and float32" in text


def test_options_go_to_the_side_that_is_counted(invoke: Run) -> None:
    save(invoke, "base.json", "mobilenet_v1", "--batch", "8", "--set", "width=0.5")
    options = ("--batch", "8", "--set:b", "width=0.5")
    assert set(statuses(document(invoke, "base.json", "mobilenet_v1", *options))) == {"same"}


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ("base.json", "base.json", "--batch", "8"),
            ("batch is not for a saved count: it is counted already", "--batch 8"),
        ),
        (
            ("base.json", "resnet18", "--set:a", "width=2"),
            ("width is not for a saved count: it is counted already", "--set:a width=2"),
        ),
        (
            ("8x8x8", "base.json", "base.json"),
            ("8x8x8 is not for saved counts: they are counted already",),
        ),
        (
            ("base.json", "base.json", "--dtype", "int8"),
            ("how a network is run is not for saved counts: they are counted already",),
        ),
    ],
)
def test_a_saved_count_cannot_be_counted_anew(
    invoke: Run, arguments: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    save(invoke, "base.json", "resnet18")
    first, *rest = lines
    assert invoke("diff", *arguments) == refusal(f"error: {first}", *(f"  {x}" for x in rest))


@pytest.mark.parametrize(
    ("arguments", "options", "lines"),
    [
        (
            ("--batch", "8"),
            (),
            (
                "resnet18 is counted for a batch of 8, resnet34 for 1",
                "figures of unlike batches cannot be set against each other: give --batch",
            ),
        ),
        (
            ("--dtype", "int8"),
            ("--dtype", "fp16"),
            (
                "resnet18 is counted at int8, resnet34 at float16",
                "bytes of unlike types cannot be set against each other: give --dtype",
            ),
        ),
        (
            ("--unfused",),
            (),
            (
                "memory of resnet18 is unfused, of resnet34 fused",
                "figures of unlike engines cannot be set against each other: save both alike",
            ),
        ),
    ],
)
def test_unlike_figures_are_refused(
    invoke: Run, arguments: tuple[str, ...], options: tuple[str, ...], lines: tuple[str, str]
) -> None:
    save(invoke, "base.json", "resnet18", *arguments)
    assert invoke("diff", "base.json", "resnet34", *options) == refusal(
        f"error: {lines[0]}", f"  {lines[1]}"
    )


# Bounds, exit codes, mistakes.


def partial(path: Path, out: int) -> None:
    weight = TensorProto(
        name="w", dims=(out, 4, 3, 3), data_type=TensorProto.FLOAT, raw_data=bytes(4 * out * 36)
    )
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Mystery", ["y"], ["z"], name="mystery", domain="of.ours"),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, channels, 8, 8))
        for name, channels in (("x", 4), ("z", out))
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("of.ours", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def test_bounds_are_shown_as_such(tmp_path: Path, invoke: Run) -> None:
    partial(tmp_path / "a.onnx", 5)
    partial(tmp_path / "b.onnx", 6)
    found = document(invoke, "a.onnx", "b.onnx")
    macs = [8 * 8 * 36 * out for out in (5, 6)]
    assert found["status"] == "partial"
    assert found["totals"]["macs"] == {"a": macs[0], "b": macs[1], "change": None}
    text = invoke("diff", "a.onnx", "b.onnx").out
    assert re.search(rf"MACs +>= {macs[0]:,} +>= {macs[1]:,} +\?\n", text)
    assert "layers of a are not known: its figures are lower bounds" in text


def test_a_saved_lower_bound_is_still_one(tmp_path: Path, invoke: Run) -> None:
    partial(tmp_path / "a.onnx", 5)
    save(invoke, "a.json", "a.onnx")
    found = document(invoke, "a.json", "a.onnx")
    assert (found["status"], found["totals"]["macs"]["change"]) == ("partial", None)
    assert ">= " in invoke("diff", "a.json", "a.onnx").out


def test_a_saved_norm_belongs_to_the_layer_before_it_where_that_fits(invoke: Run) -> None:
    """A saved count does not say what a layer reads."""
    save(invoke, "a.json", "8x8x8", "conv 3x3 8, batch_norm")
    words = ("8x8x8", "a.json", "conv 3x3 8 bias=true")
    assert statuses(document(invoke, *words)) == {"changed": 1, "folded": 1}
    saved = json.loads(Path("a.json").read_text())
    saved["results"][0]["layers"][1]["input"] = [4, 4, 8]
    Path("a.json").write_text(json.dumps(saved))
    assert statuses(document(invoke, *words)) == {"changed": 1, "removed": 1}


def test_what_a_reader_should_know_of_a_side_is_said(tmp_path: Path, invoke: Run) -> None:
    """One weight for two convolutions, which the importer counts once."""
    weight = TensorProto(
        name="w", dims=(4, 4, 1, 1), data_type=TensorProto.FLOAT, raw_data=bytes(64)
    )
    nodes = [
        helper.make_node("Conv", [a, "w"], [b], name=f"conv_{b}")
        for a, b in (("x", "y"), ("y", "z"))
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, 4, 8, 8)) for n in "xz"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "a.onnx")
    (note,) = convcost.count(str(tmp_path / "a.onnx")).notes
    assert invoke("diff", "a.onnx", "resnet18").err == f"note: a: {note}\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("resnet18", "resnet18"), 0),
        (("resnet18", "resnet34"), 1),
        (("8x8x4", "conv 3x3 4 name=a, relu", "conv 3x3 4 name=b, relu"), 1),
    ],
)
def test_exit_code_as_git_has_it(invoke: Run, words: tuple[str, ...], code: int) -> None:
    assert invoke("diff", *words, "--exit-code").code == code
    assert invoke("diff", *words).code == 0


def test_settings_go_to_one_side_or_both(invoke: Run) -> None:
    words = ("mobilenet_v1", "mobilenet_v1", "--set:a", "width=0.5", "--set:b", "width=0.25")
    found = document(invoke, *words, "--input", "128x128x3")
    counts = [convcost.count("mobilenet_v1", input="128x128x3", width=w) for w in (0.5, 0.25)]
    macs = found["totals"]["macs"]
    assert (macs["a"], macs["b"]) == (counts[0].macs, counts[1].macs)
    both = document(invoke, "mobilenet_v1", "mobilenet_v1", "--set", "width=0.5")
    assert set(statuses(both)) == {"same"}


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ("resnet18",),
            (
                "diff takes two things, not 1",
                "resnet18",
                "names, files, layers in quotes behind an input shape: convcost diff A B",
            ),
        ),
        (
            ("resnet18", "resnet34", "--set:b", "scale=4"),
            (
                "resnet34 has no parameter scale",
                "--set:b scale=4",
            ),
        ),
        (
            ("resnet18", "resnet34", "--set:b", "width=1", "--set", "width=2"),
            ("width is given twice", "--set width=2, --set:b width=1", "leave one of them out"),
        ),
        (
            ("resnet18", "resnet34", "--by", "name"),
            ("name is not a way to compare", "--by name", "known: layer or type"),
        ),
        (
            ("resnet18", "resnet43"),
            ("resnet43 is not a network, a design or a file", "did you mean resnet34?"),
        ),
        (
            ("mobilenet_v1", "mobilenet_v1", "--set:b", "width=0.5,0.25"),
            ("diff takes one value for each option", "--set:b width=0.5,0.25"),
        ),
    ],
)
def test_a_mistake_in_the_command(
    invoke: Run, arguments: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    done = invoke("diff", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[: len(lines)] == [
        f"error: {lines[0]}",
        *(f"  {line}" for line in lines[1:]),
    ]


def test_every_format_shows_the_totals(invoke: Run) -> None:
    macs = convcost.count("resnet34").macs
    for form in ("table", "csv", "markdown", "latex", "html", "json", "jsonl"):
        out = invoke("diff", "resnet18", "resnet34", "--format", form).out
        assert str(macs) in out.replace(",", "").replace("{}", ""), form
    assert invoke("diff", "resnet18", "resnet34", "--get", "totals.macs.b").out == f"{macs}\n"


def test_diff_in_python() -> None:
    result = convcost.diff("resnet50", "resnet50", arguments_b={"blocks2": 5})
    assert result.differs
    assert repr(result) == "<DiffResult resnet50 -> resnet50 blocks2=5: 174 same, 10 added>"
    assert [pair.status for pair in result.layers].count("added") == 10
    spec = {"type": "conv", "input": "8x8x4", "kernel": 3, "out": 5}
    counted = convcost.count("8x8x4", "conv 3x3 6")
    both = convcost.diff(spec, counted)
    (pair,) = both.layers
    assert pair.changes["params"] == (prod((3, 3, 4, 5)), prod((3, 3, 4, 6)))


# From ResNet-50 to ConvNeXt-T.

STEPS = json.loads((DATA / "convnext_roadmap.json").read_text("utf-8"))["steps"]
SETTINGS = (
    ("blocks2=3", "blocks3=9"),
    ("patchify=true",),
    ("depthwise=true",),
    ("width=96",),
    ("inverted=true",),
    ("moved_up=true",),
    ("kernel_size=5",),
    ("kernel_size=7",),
    ("kernel_size=9",),
    ("kernel_size=11",),
)
"""What each step changes, over all steps before it."""


@pytest.fixture
def roadmap(tmp_path: Path) -> None:
    """The two files that ``docs/diff.md`` shows."""
    page = (PACKAGE_HOME / "docs" / "diff.md").read_text("utf-8")
    for name, text in re.findall(r"^```toml file=(\S+)\n(.*?)^```$", page, re.M | re.S):
        (tmp_path / name).write_text(text)


def test_the_steps_from_resnet50_to_convnext(roadmap: None, invoke: Run) -> None:
    """Each step's MACs and parameters, by a diff with the step before."""
    settings: dict[str, str] = {}
    got: list[Any] = []
    for step in SETTINGS:
        before = [f"--set:a={name}={value}" for name, value in settings.items()]
        settings |= dict(setting.split("=") for setting in step)
        after = [f"--set:b={name}={value}" for name, value in settings.items()]
        words = ("roadmap.toml", "roadmap.toml", "--design-path", ".", *before, *after)
        totals = document(invoke, *words)["totals"]
        if not got:
            got.append((totals["macs"]["a"], totals["params"]["a"]))
        assert (totals["macs"]["a"], totals["params"]["a"]) == got[-1]
        got.append((totals["macs"]["b"], totals["params"]["b"]))
    last = document(invoke, "resnet50", "convnext_tiny")["totals"]
    got.append((last["macs"]["b"], last["params"]["b"]))
    assert (last["macs"]["a"], last["params"]["a"]) == got[0]
    assert got == [(step["macs"], step["params"]) for step in STEPS]


def rounded(value: Decimal, places: str) -> Decimal:
    return value.quantize(Decimal(places), ROUND_HALF_UP)


def test_ten_of_twelve_printed_figures_come_out_and_two_by_rounding_twice() -> None:
    for step in STEPS:
        giga = Decimal(step["macs"]) / 10**9
        printed = Decimal(step["published_gflops"])
        once, twice = rounded(giga, "0.1"), rounded(rounded(giga, "0.01"), "0.1")
        assert (once == printed) is step["prints"], step["step"]
        assert printed in (once, twice), step["step"]
    assert sum(step["prints"] for step in STEPS) == 10
