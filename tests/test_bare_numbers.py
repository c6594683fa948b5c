"""Bare numbers of a layer: a kernel only where one would write it so, else refused or said."""

from __future__ import annotations

import pytest
from conftest import Run

from convcost import count
from convcost.errors import ConvcostError

REFUSED = [
    # A first number that is no kernel: both readings are shown.
    ("conv 64 128", "64 is not taken for a kernel", "write conv 3x3 64, or k64 for a kernel"),
    ("conv 16 32", "16 is not taken for a kernel", "write conv 3x3 16, or k16 for a kernel"),
    ("conv 17 32", "17 is not taken for a kernel", "write conv 3x3 17, or k17 for a kernel"),
    ("conv 8 16", "8 is not taken for a kernel", "write conv 3x3 8, or k8 for a kernel"),
    # Keras names the channels first.
    ("conv 64 3", "64 is not taken for a kernel", "write conv 3x3 64, or k64 for a kernel"),
    ("conv2d 32 5", "32 is not taken for a kernel", "write conv2d 5x5 32, or k32 for a kernel"),
    (
        "separable 64 3",
        "64 is not taken for a kernel",
        "write separable 3x3 64, or k64 for a kernel",
    ),
    # The papers of blocks name other channels, or an expansion, first.
    (
        "bottleneck 64 256",
        "64 is not taken for a kernel",
        "write bottleneck 3x3 256 mid_channels=64, or k64 for a kernel",
    ),
    (
        "fire 16 64",
        "16 is not taken for a kernel",
        "write fire squeeze_channels=16 expand1_channels=64 expand3_channels=64, "
        "or k16 for a kernel",
    ),
    (
        "inverted_residual 6 64",
        "6 is not taken for a kernel",
        "write inverted_residual 3x3 64 expansion=6, or k6 for a kernel",
    ),
    (
        "resblock 64 128",
        "64 is not taken for a kernel",
        "write resblock 3x3 64, or k64 for a kernel",
    ),
    (
        "depthwise 3x3 64",
        "a depthwise convolution keeps the channels of its input",
        "leave 64 out, or write separable for a 1x1 to 64 behind it",
    ),
    ("max_pool 3 2", "one number too many", "write max_pool 3x3 s2"),
    # A number in the word of a block, or of a layer's name.
    ("fire2 128", "2 could be a kernel or output channels", "write fire k2, or fire o2"),
    (
        "conv1 3x3 64",
        "the 1 of conv1 is one number too many",
        "a name of your own is written name=conv1",
    ),
    (
        "conv 3x3x64",
        "3x3x64 has three sizes, the input has 2 spatial axes",
        "write conv 3x3 64",
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED)
def test_a_number_that_could_be_meant_in_two_ways_is_refused(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x256", text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize("text", [text for text, _, hint in REFUSED if hint.startswith("write ")])
def test_what_a_refusal_says_to_write_can_be_written(text: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x256", text)
    hint = caught.value.hint or ""
    for line in hint.removeprefix("write ").partition(", or ")[:1]:
        assert count("56x56x256", line).macs >= 0


SAME = [
    ("conv 3 64", "conv 3x3 64"),
    ("conv 4 64", "conv 4x4 64"),  # as ViT and ConvNeXt cut pictures
    ("conv 7 64", "conv 7x7 64"),
    ("conv 15 8", "conv 15x15 8"),
    ("conv 6 8", "conv 6x6 8"),
    ("conv 11 96", "conv 11x11 96"),  # AlexNet
    ("transposed 4 64", "transposed 4x4 64"),  # DCGAN
    ("bottleneck 3 64", "bottleneck 3x3 64"),
    ("avg_pool 56", "avg_pool 56x56"),
    ("depthwise 5", "depthwise 5x5"),
    # One number of a block is its output channels.
    ("resblock 64", "resnet_basic out_channels=64"),
    ("fire 128", "fire out_channels=128"),
    ("mbconv 64", "mbconv out_channels=64"),
    # EfficientNet's table: the number after MBConv is its expansion.
    ("MBConv6 64", "mbconv 3x3 64 expansion=6"),
    ("MBConv6 k5x5", "mbconv 5x5 expansion=6"),
    ("MBConv6 3x3 64", "mbconv 3x3 64 expansion=6"),
    ("mbconv1 16", "mbconv 16 expansion=1"),
    ("fusedMBConv4 k3x3 64", "fused_mbconv 3x3 64 expansion=4"),
    ("Fused-MBConv4 64 s2", "fused_mbconv 64 expansion=4 stride=2"),
    ("mbconv 3x3 64 e6", "mbconv 3x3 64 expansion=6"),
    ("inverted_residual 3x3 64 t4", "inverted_residual 3x3 64 expansion=4"),
    ("bottleneck 3x3 256 r2", "bottleneck 3x3 256 reduction=2"),
    # One word.
    ("pw64", "pointwise 64"),
    ("fc10", "linear 10"),
    ("conv64 3x3", "conv 3x3 64"),
    ("conv3 64", "conv 3x3 64"),
    ("conv3-64", "conv 3x3 64"),
    ("conv-bn-relu 3x3 64", "conv 3x3 64 norm=batch_norm activation=relu"),
    ("conv_bn_relu 3x3 64", "conv 3x3 64 norm=batch_norm activation=relu"),
    ("conv+bn 3x3 64", "conv 3x3 64 norm=batch_norm"),
    ("ConvBNReLU6 3x3 64", "conv 3x3 64 norm=batch_norm activation=relu6"),
    ("conv-hswish 3x3 64", "conv 3x3 64 activation=hard_swish"),
    # Channels in and out, and groups that stand several times.
    ("conv 256->64 k=3", "conv 3x3 64"),
    ("conv 3x3 256\u219264", "conv 3x3 64"),
    ("conv 256 -> 64 3x3", "conv 3x3 64"),
    ("3*(conv 3x3 64)", "(conv 3x3 64) x3"),
    ("3 x (conv 3x3 64, relu)", "(conv 3x3 64, relu) x3"),
    ("conv 3x3 64->relu", "conv 3x3 64, relu"),
    ("conv 3x3 64->1x1 32", "conv 3x3 64, 1x1 32"),
]


@pytest.mark.parametrize(("text", "meaning"), SAME)
def test_a_word_means_what_its_writer_means(text: str, meaning: str) -> None:
    one, other = (count("56x56x256", line).counted for line in (text, meaning))
    assert [(row.node.operation, row.cost) for row in one.rows] == [
        (row.node.operation, row.cost) for row in other.rows
    ]


def test_the_expansion_of_a_name_is_that_of_the_paper() -> None:
    # MBConv6, k5x5 with 40 channels: t*c * (c + k^2 + o + 2 * c/4) weights.
    assert count("28x28x40", "MBConv6 k5x5").params == 6 * 40 * (40 + 5 * 5 + 40 + 2 * 40 // 4)


def test_channels_in_are_checked() -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x256", "conv 128->64 k3")
    assert caught.value.message == "in_channels=128, but the input has 256 channels"


@pytest.mark.parametrize(
    ("shape", "text", "note"),
    [
        (
            "56x56x256",
            "resblock 3",
            "resblock 3 was read as 3 output channels; a kernel is written k3",
        ),
        # One axis has no sizes joined by x: the first number is the kernel, whatever its size.
        ("16000x1", "conv 80 128", "80 was read as the kernel, 128 as the output channels"),
    ],
)
def test_a_number_that_was_read_in_one_of_two_ways_is_said(
    shape: str, text: str, note: str
) -> None:
    assert count(shape, text).document()["notes"] == [note]


def test_a_kernel_of_one_axis_may_be_long() -> None:
    assert count("16000x1", "conv 80 128").params == 80 * 1 * 128


@pytest.mark.parametrize(
    "words",
    [
        ("resblock", "64"),
        ("conv", "3x3", "64"),
        ("conv", "3x3", "64", "s2"),
        ("conv", "3", "64", "s2", "valid"),
        ("MBConv6", "3x3", "64"),
        ("separable", "k5", "64"),
    ],
)
def test_words_mean_the_same_with_and_without_quotes(invoke: Run, words: tuple[str, ...]) -> None:
    quoted = invoke("count", "56x56x256", " ".join(words), "--get", "params,macs")
    assert invoke("count", "56x56x256", *words, "--get", "params,macs") == quoted
    assert quoted.code == 0


def test_a_number_is_refused_without_quotes_as_with_them(invoke: Run) -> None:
    refused = invoke("count", "56x56x256", "conv", "64", "128")
    assert refused == invoke("count", "56x56x256", "conv 64 128")
    assert refused.code == 2


def test_what_follows_a_layer_needs_its_quotes(invoke: Run) -> None:
    refused = invoke("count", "56x56x256", "conv", "3x3", "64", "relu")
    assert refused.err == (
        'error: relu is not read apart from its layer\n  write "conv 3x3 64 relu"\n'
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "pool",
            "did you mean max_pool, avg_pool, adaptive_avg_pool, adaptive_max_pool, "
            "global_avg_pool or global_max_pool?",
        ),
        ("conv 3x3 64, s2", "without the comma, s2 belongs to the layer before it"),
        ("MBConv6, k5x5", "without the comma, k5x5 belongs to the layer before it"),
        ("conv 3x3 64, 3->64", "write a type before it: conv 3x3 3->64"),
        (
            "conv 3x3 64, zzz",
            "layers: conv, 1x1, depthwise, separable, bottleneck, max_pool, linear, relu, ... "
            "(convcost designs lists more)",
        ),
        (
            "1x1 64 | 3x3 64",
            "layers stand one after the other with commas: 1x1 64, 3x3 64, 1x1 256",
        ),
    ],
)
def test_a_word_that_is_no_layer_gets_words_of_layers(text: str, hint: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x256", text)
    assert caught.value.hint == hint
