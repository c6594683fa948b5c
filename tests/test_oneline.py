"""What people type first: papers' and chats' spellings of layers mean what their writers mean."""

from __future__ import annotations

from typing import Any

import pytest

from convcost import count
from convcost.errors import ConvcostError
from convcost.sources.text import parse

SAME = [
    ("3x3 64", "conv 3x3 64"),
    ("3\u00d73 64", "conv 3x3 64"),
    ("(3, 3) 64", "conv 3x3 64"),
    ("conv (3, 3) 64", "conv 3x3 64"),
    ("conv [3, 3] 64", "conv 3x3 64"),
    ("conv kernel=(3, 3) 64", "conv 3x3 64"),
    ('conv kernel="3,3" 64', "conv 3x3 64"),
    ("3x3 conv 64", "conv 3x3 64"),
    ("1x1 64", "pointwise 64"),
    ("1\u00d71 64", "pointwise 64"),
    ("1x1 conv 64", "conv 1x1 64"),
    ("7x7/2 64", "conv 7x7 64 s2"),
    ("conv 7x7/2 64", "conv 7x7 64 s2"),
    ("conv 7x7 64 /2", "conv 7x7 64 s2"),
    ("conv3x3-64", "conv 3x3 64"),
    ("conv3x3 64", "conv 3x3 64"),
    ("conv1x1-64", "pointwise 64"),
    ("conv2d 3x3 64", "conv 3x3 64"),
    ("Conv2D 3x3 64", "conv 3x3 64"),
    ("conv2d 3 64", "conv 3x3 64"),
    ("conv2d-64 3x3", "conv 3x3 64"),
    ("fc-10", "linear 10"),
    ("FC-10", "linear 10"),
    ("dw3x3", "depthwise 3x3"),
    ("dw 3x3", "depthwise 3x3"),
    ("depthwise separable 3x3 64", "separable 3x3 64"),
    ("depthwise-separable 3x3 64", "separable 3x3 64"),
    ("max pool 2x2", "max_pool 2x2"),
    ("maxpool2x2", "max_pool 2x2"),
    ("maxpool 3x3/2", "max_pool 3x3 s2"),
    ("global average pooling", "global_avg_pool"),
    ("conv 3x3 64 stride 2", "conv 3x3 64 s2"),
    ("conv 3x3 64 stride=2", "conv 3x3 64 s2"),
    ("conv 3x3 64 strides=2", "conv 3x3 64 s2"),
    ("conv 3x3 64 s=2", "conv 3x3 64 s2"),
    ("conv 3x3 64 s 2", "conv 3x3 64 s2"),
    ("conv 3x3 64 dilation 2 groups 4", "conv 3x3 64 d2 g4"),
    ("conv kernel 3x3 out 64", "conv 3x3 64"),
    ("conv 3x3 filters=64", "conv 3x3 64"),
    ("conv k3 o64 s2", "conv 3x3 64 s2"),
    ("conv k=3 o=64", "conv 3x3 64"),
    ("conv 3x3 64 pad=1", "conv 3x3 64 p1"),
    ("conv 3x3 64 pad 1", "conv 3x3 64 p1"),
    ("conv 3x3 64 padding 1", "conv 3x3 64 p1"),
    ("conv 3x3 64 padding=0:1x2:3", "conv 3x3 64 p0:1x2:3"),
    ("conv 3x3 64 p=0:1x2:3", "conv 3x3 64 p0:1x2:3"),
    ("conv 3x3 64 SAME", "conv 3x3 64 same"),
    ("conv 3x3 64 causal", "conv 3x3 64 padding=causal"),
    ("conv 3x3 64 bias", "conv 3x3 64 bias=true"),
    ("conv 3x3 64 bias=True", "conv 3x3 64 bias=true"),
    ("conv 3x3 64 bn", "conv 3x3 64 norm=batch_norm"),
    ("conv 3x3 64 relu", "conv 3x3 64 activation=relu"),
    ("3x3 64 bias bn relu", "conv 3x3 64 bias=true norm=batch_norm activation=relu"),
    ("conv 3x3 64 x 3", "conv 3x3 64 x3"),
    ("relu", "activation function=relu"),
    ("ReLU6", "activation function=relu6"),
    ("hard-swish", "activation function=hard_swish"),
    ("softmax", "activation function=softmax"),
    ("bottleneck 3x3 64 reduction 2", "bottleneck 3x3 64 reduction=2"),
    ("upsample 2", "upsample scale=2"),
    ("upsample x2", "upsample scale=2"),
    ("upsample 2x1", "upsample scale=2x1"),
    ("adaptive_avg_pool 7", "adaptive_avg_pool output_size=7"),
    ("adaptive_avg_pool 7x7", "adaptive_avg_pool output_size=7x7"),
    ("channel_shuffle 4", "channel_shuffle groups=4"),
    ("slice 0 32", "slice start=0 stop=32"),
    ("dropout 0.3", "dropout rate=0.3"),
    ("dropout p=0.3", "dropout rate=0.3"),
    ("3x3 64; relu", "conv 3x3 64, relu"),
    ("3x3 64 -> relu", "conv 3x3 64, relu"),
    ("1x1 64 bn relu", "pointwise 64, batch_norm, relu"),
    ("dw 3x3 bn relu6 x2", "dw 3x3, bn, relu6, dw 3x3, bn, relu6"),
    ("3x3 64\nrelu\n", "conv 3x3 64, relu"),
    ("(3x3 64, relu) x2", "3x3 64, relu, 3x3 64, relu"),
    ("(3x3 64, relu) x 2", "3x3 64, relu, 3x3 64, relu"),
    ("(3x3 64) * 2", "3x3 64, 3x3 64"),
    ("((3x3 64) x2, relu) x2", "3x3 64, 3x3 64, relu, 3x3 64, 3x3 64, relu"),
]


@pytest.mark.parametrize(("text", "meaning"), SAME)
def test_a_line_means_what_its_writer_means(text: str, meaning: str) -> None:
    one, other = (count("56x56x256", line) for line in (text, meaning))
    assert _rows(one) == _rows(other)


def _rows(result: Any) -> list[Any]:
    """Operations and costs without the labels of layers."""
    return [(row.node.operation, row.node.output, row.cost) for row in result.counted.rows]


@pytest.mark.parametrize(
    ("text", "output", "params", "macs"),
    [
        ("dw 3x3", (56, 56, 256), 3 * 3 * 256, 56 * 56 * 3 * 3 * 256),
        ("upsample x2", (112, 112, 256), 0, 0),
        ("identity", (56, 56, 256), 0, 0),
        ("dropout", (56, 56, 256), 0, 0),
        ("softmax", (56, 56, 256), 0, 0),
        (
            "(pconv 3x3, conv 1x1 256) x10",
            (56, 56, 256),
            10 * (3 * 3 * 64 * 64 + 256 * 256),
            10 * 56 * 56 * (3 * 3 * 64 * 64 + 256 * 256),
        ),
        (
            "separable 3x3 64 multiplier=3",
            (56, 56, 64),
            3 * 3 * 256 * 3 + 256 * 3 * 64,
            56 * 56 * (3 * 3 * 256 * 3 + 256 * 3 * 64),
        ),
    ],
)
def test_a_line_is_counted(text: str, output: Any, params: int, macs: int) -> None:
    result = count("56x56x256", text)
    assert (result.counted.output, result.params, result.macs) == (output, params, macs)


def test_pads_before_and_after_are_read_in_every_spelling() -> None:
    # A window of 8 on 16 + 7 positions stands at 16 places.
    for text in ("conv 8 4 p7:0", "conv 8 4 pad=7:0", "conv 8 4 padding=7:0", "conv 8 4 p=7:0"):
        assert count("16x2", text).counted.output == (16, 4)
    row = count("16x2", "conv 8 4 causal").counted.rows[0]
    assert row.node.output == (16, 4)
    assert row.settings["padding"] == ((7, 0),)


def test_causal_padding_is_all_before() -> None:
    # Keras: padding (dilation * (kernel - 1), 0), output ceil(input / stride).
    row = count("17x2", "conv 3 4 d4 s2 causal").counted.rows[0]
    assert row.settings["padding"] == ((4 * (3 - 1), 0),)
    assert row.node.output == (-(-17 // 2), 4)


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("max_pool 3x3 s2", 27),  # PyTorch MaxPool2d(3, 2) on 55: floor((55 - 3) / 2) + 1
        ("avg_pool 3x3 s2", 27),
        ("max_pool 3x3 s2 same", 28),
        ("conv_transpose 3x3 4 s2", 2 * 54 + 3),  # PyTorch: (input - 1) * stride + kernel
        ("conv_transpose 3x3 4 s2 same", 2 * 55),
    ],
)
def test_pools_and_transposed_convolutions_are_not_padded_by_default(line: str, size: int) -> None:
    from convcost.language.library import Library
    from convcost.sources.specs import build_document

    assert count("55x55x8", line).counted.output[0] == size
    (layer,) = parse(line)
    settings = layer.spec.settings()
    spec = {"type": layer.spec.type, **settings, "kernel_size": list(settings["kernel_size"])}
    assert count({**spec, "input": "55x55x8"}).counted.output[0] == size
    document = {"input": "55x55x8", "layers": [spec]}
    assert build_document(Library(), document, "net.toml").graph.output[0] == size


ALEXNET = (
    "conv 11x11 {0} s4 p2, relu, maxpool 3x3 s2, conv 5x5 {1} p2, relu, maxpool 3x3 s2, "
    "conv 3x3 384 p1, relu, conv 3x3 {2} p1, relu, conv 3x3 256 p1, relu, maxpool 3x3 s2, "
    "flatten, fc 4096, relu, fc 4096, relu, fc 1000"
)


@pytest.mark.parametrize(
    ("widths", "biased"),
    [
        # torchvision.models.alexnet: 61,100,840 parameters, of them 10,568 biases.
        ((64, 192, 256), 61_100_840),
        # Krizhevsky et al. 2012 without its two groups: 62,378,344.
        ((96, 256, 384), 62_378_344),
    ],
)
def test_alexnet_typed_naturally_has_the_parameters_of_alexnet(
    widths: tuple[int, ...], biased: int
) -> None:
    biases = sum(widths) + 384 + 256 + 4096 + 4096 + 1000
    result = count("224x224x3", ALEXNET.format(*widths))
    assert result.params == biased - biases


PLACES = [
    (
        "conv 3x3 64 bn rleu",
        "rleu is not understood\n"
        "  conv 3x3 64 bn rleu\n"
        "                 ^^^^\n"
        "  expected a kernel (3x3), a number, s2, p1, same, valid, d2, g4, x3 or key=value",
    ),
    (
        "separable 3x3 64 bn",
        "separable does not carry bn\n"
        "  separable 3x3 64 bn\n"
        "                   ^^\n"
        "  write it as a layer of its own: separable ..., bn; --norm and --activation count "
        "those inside a design",
    ),
    (
        "max_pool 3x3 relu",
        "max_pool does not carry relu\n"
        "  max_pool 3x3 relu\n"
        "               ^^^^\n"
        "  write it as a layer of its own: max_pool ..., relu",
    ),
    (
        "(conv 3x3 64, relu) y3",
        "y3 is not understood\n"
        "  (conv 3x3 64, relu) y3\n"
        "                      ^^\n"
        "  after a bracket stands how often: x3",
    ),
    (
        "(conv 3x3 64, relu) x0",
        "repeat must be at least 1, not 0\n  (conv 3x3 64, relu) x0\n                      ^^",
    ),
    (
        "(conv 3x3 64, relu",
        "( is never closed\n  (conv 3x3 64, relu\n  ^\n  brackets pair",
    ),
    (
        "(conv 3x3 64, grups 3) x2",
        "grups is not a layer type or design\n"
        "  (conv 3x3 64, grups 3) x2\n"
        "                ^^^^^\n"
        "  did you mean group_norm?",
    ),
    (
        "conv1d 3 64",
        "kernel_size has 1 sizes, the input has 2 spatial axes\n  conv1d 3 64\n         ^",
    ),
    (
        "conv 3x3 64 stride two",
        "stride must be a number or sizes such as 3x1, not 'two'\n  conv 3x3 64 stride two\n"
        "                     ^^^",
    ),
    (
        "((((((((((((((((((((((3x3 64))))))))))))))))))))))",
        "brackets are nested too deeply\n"
        "  ((((((((((((((((((((((3x3 64))))))))))))))))))))))\n"
        "                      ^",
    ),
]


@pytest.mark.parametrize(("text", "shown"), PLACES)
def test_a_mistake_is_shown_at_its_place(text: str, shown: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x256", text)
    assert str(caught.value) == shown


def test_repeated_groups_do_not_fill_the_memory() -> None:
    with pytest.raises(ConvcostError, match="more than 20,000 layers"):
        parse("((3x3 64) x10000) x10000")


def test_what_follows_a_design_of_one_convolution_follows_it() -> None:
    from convcost.language.library import Library
    from convcost.sources.bare import SINGLE

    library = Library()
    designs = [library.find(name) for name in library.names()]
    single = [
        design.name
        for design in designs
        if design.kind == "design" and len(design.layers) == 1 and design.layers[0].norm
    ]
    assert set(SINGLE) <= {design.name for design in designs if len(design.layers) == 1}
    assert set(single) <= set(SINGLE)
    text = "dw 3x3 bn relu"
    assert count("8x8x4", text).params == count("8x8x4", "dw 3x3", norm=True).params
