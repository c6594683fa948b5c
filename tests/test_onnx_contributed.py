"""onnxruntime's own operations (``com.microsoft``), as an optimised file has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import helper
from onnx_models import (
    FLOAT,
    INT,
    INT8,
    INT32,
    figures,
    lone,
    microsoft,
    model,
    node,
    read,
    rows,
    trained,
    value,
    weight,
)

from convcost.results import CountResult

UINT8 = 2
B, S, D, HEADS = 2, 5, 16, 4


def scales(*names: str) -> list[object]:
    return [lone(name, 0.1) for name in names]


def zeros(*names: str, kind: int = INT8) -> list[object]:
    return [lone(name, 0, kind) for name in names]


def counted(tmp_path: Path, made: Any, weights: Any, dims: Any, **more: Any) -> CountResult:
    return read(model([made], weights, dims, **more), tmp_path)


# Convolutions and products


def test_a_fused_convolution_adds_and_activates(tmp_path: Path) -> None:
    made = microsoft("FusedConv", "x w b z", "y", "it", activation="Relu", pads=[1] * 4)
    weights = [trained("w", 4, 4, 3, 3), trained("b", 4)]
    result = counted(tmp_path, made, weights, (1, 4, 8, 8), inputs=[value("z", (1, 4, 8, 8))])
    values = 4 * 8 * 8
    assert figures(result) == (4 * 4 * 9 + 4, values * 4 * 9, 3 * values)
    assert [(row.name, row.type) for row in result.counted.rows] == [
        ("it", "conv"),
        ("it.sum", "add"),
        ("it.Relu", "Relu"),
    ]


def test_a_fused_product(tmp_path: Path) -> None:
    made = microsoft("FusedGemm", "x w b", "y", activation="Relu", transB=1)
    result = counted(tmp_path, made, [trained("w", 10, 32), trained("b", 10)], (1, 32))
    assert figures(result) == (32 * 10 + 10, 32 * 10, 10 + 10)


def test_a_product_with_a_turned_side(tmp_path: Path) -> None:
    made = microsoft("FusedMatMul", "x z", "y", transB=1, alpha=0.125)
    result = counted(tmp_path, made, (), (1, 4, 5, 16), inputs=[value("z", (1, 4, 7, 16))])
    assert (result.macs, result.output) == (4 * 5 * 7 * 16, (4, 5, 7))


def test_a_product_with_a_packed_weight(tmp_path: Path) -> None:
    """A byte holds two weights, in blocks of 32."""
    made = microsoft("MatMulNBits", "x w s", "y", K=64, N=10, bits=4, block_size=32)
    weights = [weight("w", 10, 2, 16, kind=UINT8), trained("s", 20)]
    assert figures(counted(tmp_path, made, weights, (1, 5, 64))) == (64 * 10, 5 * 64 * 10, 0)


def test_products_of_quantised_matrices(tmp_path: Path) -> None:
    weights = [weight("w", 32, 10, kind=INT8), weight("c", 10, kind=INT32)]
    made = microsoft("QGemm", "x xs xz w ws wz c", "y")
    result = counted(
        tmp_path, made, [*weights, *scales("xs", "ws"), *zeros("xz", "wz")], (1, 32), kind=INT8
    )
    assert figures(result) == (32 * 10 + 10, 32 * 10, 10)
    made = microsoft("DynamicQuantizeMatMul", "x w ws - b", "y")
    result = counted(tmp_path, made, [weights[0], *scales("ws"), trained("b", 10)], (1, 5, 32))
    assert figures(result) == (32 * 10 + 10, 5 * 32 * 10, 5 * 10)
    made = microsoft("MatMulIntegerToFloat", "x w xs ws", "y")
    result = counted(tmp_path, made, [weights[0], *scales("xs", "ws")], (1, 5, 32), kind=INT8)
    assert figures(result) == (32 * 10, 5 * 32 * 10, 0)


# Norms and activations


@pytest.mark.parametrize("kind", ["Gelu", "FastGelu", "QuickGelu"])
def test_activations(tmp_path: Path, kind: str) -> None:
    result = counted(tmp_path, microsoft(kind, "x", "y", "it"), (), (B, S, D))
    assert figures(result) == (0, 0, B * S * D)
    assert rows(result)["it"].type == f"com.microsoft::{kind}"


@pytest.mark.parametrize("kind", ["BiasGelu", "FastGelu"])
def test_an_activation_that_adds_a_bias(tmp_path: Path, kind: str) -> None:
    result = counted(tmp_path, microsoft(kind, "x b", "y"), [trained("b", D)], (B, S, D))
    assert figures(result) == (D, 0, 2 * B * S * D)


def test_a_norm_of_a_sum(tmp_path: Path) -> None:
    """The sum, the bias, and two for the norm."""
    made = microsoft("SkipLayerNormalization", "x z g b c", "y - - s")
    weights = [trained(name, D) for name in "gbc"]
    result = counted(tmp_path, made, weights, (B, S, D), inputs=[value("z", (B, S, D))])
    assert figures(result) == (3 * D, 0, 4 * B * S * D)
    made = microsoft("SkipSimplifiedLayerNormalization", "x z g", "y")
    result = counted(tmp_path, made, weights[:1], (B, S, D), inputs=[value("z", (B, S, D))])
    assert figures(result) == (D, 0, 3 * B * S * D)


def test_embeddings_and_their_norm(tmp_path: Path) -> None:
    made = microsoft("EmbedLayerNormalization", "x seg words at kinds g b", "y m")
    weights = [
        *(trained("words", 20, D), trained("at", 8, D), trained("kinds", 2, D)),
        *(trained("g", D), trained("b", D)),
    ]
    inputs = [value("seg", (B, S), INT32)]
    result = counted(tmp_path, made, weights, (B, S), inputs=inputs, kind=INT32)
    assert figures(result) == ((20 + 8 + 2 + 2) * D, 0, (2 + 2) * B * S * D)
    assert result.output == (S, D)


# Attention


def test_attention_with_its_projection(tmp_path: Path) -> None:
    made = microsoft("Attention", "x w b", "y", num_heads=HEADS)
    weights = [trained("w", D, 3 * D), trained("b", 3 * D)]
    scores = HEADS * S * S
    assert figures(counted(tmp_path, made, weights, (1, S, D))) == (
        3 * D * D + 3 * D,
        S * D * 3 * D + 2 * scores * (D // HEADS),
        2 * scores + S * 3 * D,
    )


def test_attention_with_its_projection_and_a_past(tmp_path: Path) -> None:
    """3 keys and values are known from before."""
    made = microsoft("Attention", "x w b - past", "y present", num_heads=HEADS)
    weights = [trained("w", D, 3 * D), trained("b", 3 * D)]
    inputs = [value("past", (2, 1, HEADS, 3, D // HEADS))]
    result = counted(tmp_path, made, weights, (1, S, D), inputs=inputs)
    assert result.macs == S * D * 3 * D + 2 * S * (S + 3) * D


def test_quantised_attention(tmp_path: Path) -> None:
    made = microsoft("QAttention", "x w b xs ws", "y", num_heads=HEADS)
    weights = [weight("w", D, 3 * D, kind=INT8), trained("b", 3 * D), *scales("xs", "ws")]
    result = counted(tmp_path, made, weights, (1, S, D), kind=INT8)
    assert result.macs == S * D * 3 * D + 2 * S * S * D
    assert result.params == 3 * D * D + 3 * D


def test_attention_of_projected_tensors(tmp_path: Path) -> None:
    """7 keys, values of another size, and a bias on all three."""
    made = microsoft("MultiHeadAttention", "x k v b", "y", num_heads=HEADS)
    inputs = [value("k", (1, 7, D)), value("v", (1, 7, 24))]
    result = counted(tmp_path, made, [trained("b", D + D + 24)], (1, S, D), inputs=inputs)
    assert (result.macs, result.output) == (S * 7 * (D + 24), (S, 24))
    assert result.params == D + D + 24


def test_attention_whose_keys_serve_several_heads(tmp_path: Path) -> None:
    """4 heads of 8 on 2 of keys; 3 keys are known from before."""
    made = microsoft("GroupQueryAttention", "x k v pk pv", "y pk2 pv2", num_heads=4, kv_num_heads=2)
    inputs = [
        *(value("k", (1, S, 16)), value("v", (1, S, 16))),
        *(value("pk", (1, 2, 3, 8)), value("pv", (1, 2, 3, 8))),
    ]
    result = counted(tmp_path, made, (), (1, S, 32), inputs=inputs)
    assert result.macs == 4 * S * (S + 3) * (8 + 8)


def test_attention_whose_query_holds_keys_and_values_too(tmp_path: Path) -> None:
    """Packed: 4 heads of queries, 2 of keys and 2 of values, each of 8."""
    made = microsoft("GroupQueryAttention", "x", "y", num_heads=4, kv_num_heads=2)
    result = counted(tmp_path, made, (), (1, S, (4 + 2 + 2) * 8))
    assert (result.macs, result.output) == (4 * S * S * (8 + 8), (S, 4 * 8))


# Quantised tensors


@pytest.mark.parametrize("kind", ["QLinearAdd", "QLinearMul"])
def test_sums_of_quantised_tensors(tmp_path: Path, kind: str) -> None:
    made = microsoft(kind, "x xs xz w ws wz ys yz", "y")
    weights = [
        *(weight("w", 4, 1, 1, kind=INT8), *scales("xs", "ws", "ys")),
        *zeros("xz", "wz", "yz"),
    ]
    result = counted(tmp_path, made, weights, (1, 4, 8, 8), kind=INT8)
    assert (figures(result), result.output) == ((4, 0, 4 * 8 * 8), (8, 8, 4))


@pytest.mark.parametrize("kind", ["QLinearLeakyRelu", "QLinearSigmoid"])
def test_activations_of_quantised_tensors(tmp_path: Path, kind: str) -> None:
    made = microsoft(kind, "x xs xz ys yz", "y")
    weights = [*scales("xs", "ys"), *zeros("xz", "yz")]
    result = counted(tmp_path, made, weights, (1, 4, 8, 8), kind=INT8)
    assert figures(result) == (0, 0, 4 * 8 * 8)


def test_joining_quantised_tensors_is_free(tmp_path: Path) -> None:
    made = microsoft("QLinearConcat", "ys yz x xs xz z zs zz", "y", axis=1)
    weights = [*scales("ys", "xs", "zs"), *zeros("yz", "xz", "zz")]
    inputs = [value("z", (1, 6, 8, 8), INT8)]
    result = counted(tmp_path, made, weights, (1, 4, 8, 8), kind=INT8, inputs=inputs)
    assert (figures(result), result.output) == ((0, 0, 0), (8, 8, 10))


def test_means_of_quantised_tensors(tmp_path: Path) -> None:
    weights = [*scales("xs", "ys"), *zeros("xz", "yz")]
    made = microsoft("QLinearAveragePool", "x xs xz ys yz", "y", kernel_shape=[2, 2])
    result = counted(tmp_path, made, weights, (1, 4, 8, 8), kind=INT8)
    assert (result.element_ops, result.output) == (7 * 7 * 4 * 2 * 2, (7, 7, 4))
    for last, dims in ((0, (1, 4, 8, 8)), (1, (1, 8, 8, 4))):
        made = microsoft("QLinearGlobalAveragePool", "x xs xz ys yz", "y", channels_last=last)
        assert counted(tmp_path, made, weights, dims, kind=INT8).element_ops == 8 * 8 * 4


def test_a_pool_with_channels_last(tmp_path: Path) -> None:
    made = microsoft("NhwcMaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2])
    result = counted(tmp_path, made, (), (1, 9, 9, 4), kind=INT8)
    assert (result.element_ops, result.output) == (4 * 4 * 4 * 9, (4, 4, 4))


def test_an_lstm_with_quantised_weights(tmp_path: Path) -> None:
    """Its weights are stored inputs first."""
    weights = [
        *(weight("w", 1, 6, 32, kind=INT8), weight("r", 1, 8, 32, kind=INT8)),
        *(trained("b", 1, 64), *scales("ws", "rs"), *zeros("wz", "rz")),
    ]
    made = microsoft("DynamicQuantizeLSTM", "x w r b - - - - ws wz rs rz", "y h c", hidden_size=8)
    result = counted(tmp_path, made, weights, (5, 1, 6))
    assert (result.macs, result.params) == (5 * 32 * (6 + 8), 32 * (6 + 8) + 64)


# Channels in blocks


def test_channels_in_blocks_count_as_they_are_stored(tmp_path: Path) -> None:
    """12 channels stand in blocks of 8: the file multiplies 16."""
    blocked = "com.microsoft.nchwc"
    nodes = [
        node("ReorderInput", "x", "r", domain=blocked),
        node("Conv", "r w", "c", "it", domain=blocked, activation="Relu"),
        node("ReorderOutput", "c", "y", domain=blocked, channels=10),
    ]
    proto = model(nodes, [trained("w", 16, 16, 1, 1)], (1, 12, 8, 8))
    proto.opset_import.append(helper.make_opsetid(blocked, 1))
    result = read(proto, tmp_path)
    assert figures(result) == (16 * 16, 8 * 8 * 16 * 16, 8 * 8 * 16)
    assert result.output == (8, 8, 10)


# Going on after what is not known


def test_an_unknown_operation_names_its_domain(tmp_path: Path) -> None:
    result = counted(tmp_path, microsoft("BeamSearch", "x", "y"), (), (1, S), kind=INT)
    assert [row.type for row in result.counted.uncounted] == ["com.microsoft::BeamSearch"]


def test_statements_carry_on_behind_an_unknown_operation(tmp_path: Path) -> None:
    nodes = [microsoft("Sampling", "x", "a"), node("Relu", "a", "b"), node("MatMul", "b w", "y")]
    stated = [value("a", (1, S, D), FLOAT)]
    result = read(model(nodes, [trained("w", D, 3)], (1, 9), value_info=stated), tmp_path)
    assert [row.type for row in result.counted.uncounted] == ["com.microsoft::Sampling"]
    assert result.macs == S * D * 3
