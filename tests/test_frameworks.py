"""Lines of PyTorch and Keras mean what their framework makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from convcost import count
from convcost.errors import ConvcostError
from convcost.sources.frameworks.lines import CALLS

CASES: list[tuple[str, str, tuple[int, ...], int]] = [
    # The parameters are sum(p.numel() for p in layer.parameters()) of PyTorch, or Keras'
    # count_params() of trainable weights, written as products; the output is the layer's.
    ("Conv2d(256, 64, 3, padding=1)", "56x56x256", (56, 56, 64), 3 * 3 * 256 * 64 + 64),
    (
        "Conv2d(256, 64, kernel_size=(3, 3), padding=(1, 1), bias=False)",
        "56x56x256",
        (56, 56, 64),
        3 * 3 * 256 * 64,
    ),
    ("Conv2d(256, 64, 3)", "56x56x256", (54, 54, 64), 3 * 3 * 256 * 64 + 64),
    ("nn.Conv2d(256, 64, 1, bias=False)", "56x56x256", (56, 56, 64), 256 * 64),
    ("torch.nn.Conv2d(4, 8, 3, 2, 1, 1, 4)", "9x9x4", (5, 5, 8), 3 * 3 * 1 * 8 + 8),
    ("Conv2d(4, 8, 3, padding=same)", "9x9x4", (9, 9, 8), 3 * 3 * 4 * 8 + 8),
    ("Conv1d(4, 8, 5, dilation=2)", "20x4", (20 - 2 * 4, 8), 5 * 4 * 8 + 8),
    ("Conv3d(4, 8, (3, 1, 1))", "5x6x7x4", (3, 6, 7, 8), 3 * 4 * 8 + 8),
    (
        "ConvTranspose2d(256, 64, kernel_size=(2, 2), stride=(2, 2))",
        "56x56x256",
        (112, 112, 64),
        2 * 2 * 256 * 64 + 64,
    ),
    (
        "ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1, bias=False)",
        "5x5x4",
        (10, 10, 8),
        3 * 3 * 4 * 8,
    ),
    ("MaxPool2d(kernel_size=3, stride=2, padding=1)", "56x56x4", (28, 28, 4), 0),
    ("MaxPool2d(2)", "55x55x4", (27, 27, 4), 0),
    ("MaxPool2d(2, ceil_mode=True)", "55x55x4", (28, 28, 4), 0),
    ("AvgPool2d(3)", "9x9x4", (3, 3, 4), 0),
    ("AdaptiveAvgPool2d(output_size=(7, 7))", "14x14x4", (7, 7, 4), 0),
    ("AdaptiveAvgPool2d(1)", "14x14x4", (1, 1, 4), 0),
    (
        "BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
        "8x8x64",
        (8, 8, 64),
        2 * 64,
    ),
    ("LayerNorm((96,), eps=1e-06, elementwise_affine=True)", "7x96", (7, 96), 2 * 96),
    ("GroupNorm(8, 64)", "8x8x64", (8, 8, 64), 2 * 64),
    ("Linear(in_features=512, out_features=1000, bias=True)", "512", (1000,), 512 * 1000 + 1000),
    ("ReLU(inplace=True)", "8x8x4", (8, 8, 4), 0),
    ("Hardswish()", "8x8x4", (8, 8, 4), 0),
    ("Softmax(dim=-1)", "10", (10,), 0),
    ("Dropout(p=0.5, inplace=False)", "10", (10,), 0),
    ("Flatten(start_dim=1, end_dim=-1)", "2x3x4", (24,), 0),
    ("Identity()", "8x8x4", (8, 8, 4), 0),
    ("Upsample(scale_factor=2.0, mode='nearest')", "8x8x4", (16, 16, 4), 0),
    ("PixelShuffle(upscale_factor=2)", "8x8x16", (16, 16, 4), 0),
    ("PixelUnshuffle(2)", "8x8x4", (4, 4, 16), 0),
    ("ZeroPad2d((1, 2, 3, 4))", "8x8x4", (8 + 3 + 4, 8 + 1 + 2, 4), 0),
    ("InstanceNorm2d(64, affine=True)", "8x8x64", (8, 8, 64), 2 * 64),
    # Keras, with its own defaults: valid padding, biases.
    ("Conv2D(64, 3)", "56x56x256", (54, 54, 64), 3 * 3 * 256 * 64 + 64),
    (
        "tf.keras.layers.Conv2D(64, (3, 3), padding='same', activation='relu')",
        "56x56x256",
        (56, 56, 64),
        3 * 3 * 256 * 64 + 64,
    ),
    ("Conv1D(8, 3, padding='causal', dilation_rate=2)", "20x4", (20, 8), 3 * 4 * 8 + 8),
    (
        "SeparableConv2D(64, 3, padding='same', use_bias=False)",
        "56x56x256",
        (56, 56, 64),
        3 * 3 * 256 + 256 * 64,
    ),
    # Keras adds one bias to each output of the 1x1, none after the depthwise part.
    (
        "SeparableConv2D(64, 3, padding='same', depth_multiplier=2)",
        "56x56x256",
        (56, 56, 64),
        3 * 3 * 512 + 512 * 64 + 64,
    ),
    ("DepthwiseConv2D(3, strides=2, padding='same')", "57x57x8", (29, 29, 8), 3 * 3 * 8 + 8),
    ("Conv2DTranspose(8, 3, strides=2, padding='same')", "5x5x4", (10, 10, 8), 3 * 3 * 4 * 8 + 8),
    ("Conv2DTranspose(8, 2, strides=3)", "5x5x4", (15, 15, 8), 2 * 2 * 4 * 8 + 8),
    ("MaxPooling2D()", "9x9x4", (4, 4, 4), 0),
    ("MaxPooling2D(3, strides=2, padding='same')", "9x9x4", (5, 5, 4), 0),
    ("AveragePooling2D((2, 1))", "8x8x4", (4, 8, 4), 0),
    ("GlobalAveragePooling2D()", "9x9x4", (4,), 0),
    ("Dense(10, activation='softmax')", "64", (10,), 64 * 10 + 10),
    ("BatchNormalization()", "8x8x4", (8, 8, 4), 2 * 4),
    ("Activation('relu')", "8x8x4", (8, 8, 4), 0),
    ("ZeroPadding2D(((1, 2), (3, 4)))", "8x8x4", (8 + 1 + 2, 8 + 3 + 4, 4), 0),
    ("LSTM(16, 8, num_layers=2)", "30x16", (30, 8), 4 * 8 * (16 + 8 + 2) + 4 * 8 * (8 + 8 + 2)),
    ("GRU(16, 8, bidirectional=True)", "30x16", (30, 16), 2 * 3 * 8 * (16 + 8 + 2)),
    ("RNN(16, 8)", "30x16", (30, 8), 8 * (16 + 8 + 2)),
    ("MultiheadAttention(64, 8)", "30x64", (30, 64), 4 * 64 * 64 + 4 * 64),
    ("UpSampling2D(2)", "8x8x4", (16, 16, 4), 0),
    # Containers, as code and as print(model) shows them.
    (
        "nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))",
        "8x8x3",
        (10,),
        3 * 3 * 3 * 8 + 8 + 288 * 10 + 10,
    ),
    (
        "Sequential([Conv2D(8, 3, input_shape=(8, 8, 3)), GlobalAveragePooling2D(), Dense(10)])",
        "8x8x3",
        (10,),
        3 * 3 * 3 * 8 + 8 + 8 * 10 + 10,
    ),
    (
        "Sequential(\n"
        "  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))\n"
        "  (1): Sequential(\n"
        "    (0): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True)\n"
        "    (1): ReLU()\n"
        "  )\n"
        ")",
        "8x8x3",
        (6, 6, 8),
        3 * 3 * 3 * 8 + 8 + 2 * 8,
    ),
    (
        "(conv1): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))\n"
        "(bn1): BatchNorm2d(8)\n"
        "(relu): ReLU(inplace=True)",
        "8x8x3",
        (6, 6, 8),
        3 * 3 * 3 * 8 + 8 + 2 * 8,
    ),
    ("Conv2d(8, 8, 3, padding=1) x3, relu, 1x1 4", "8x8x8", (8, 8, 4), 3 * (576 + 8) + 8 * 4),
]


@pytest.mark.parametrize(("line", "shape", "output", "params"), CASES)
def test_a_line_counts_as_its_framework_builds_it(
    line: str, shape: str, output: tuple[int, ...], params: int
) -> None:
    result = count(shape, line)
    assert (result.counted.output, result.params) == (output, params)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (
            "Conv2d(256, 64, 3)",
            "in_channels=256, but the input has 128 channels",
            None,
        ),
        (
            "Linear(256, 64)",
            "in_channels=256, but the input has 128 channels",
            None,
        ),
        (
            "BatchNorm2d(64)",
            "in_channels=64, but the input has 128 channels",
            None,
        ),
        (
            "Conv2D(64, 3, input_shape=(56, 56, 3))",
            "in_channels=3, but the input has 128 channels",
            None,
        ),
        ("Conv2d(128, 64)", "Conv2d needs kernel_size", None),
        (
            "Conv2d(128, 64, 3, pading=1)",
            "Conv2d has no argument pading",
            "did you mean padding?",
        ),
        (
            "Conv2d(128, 64, 3, kernel_size=3)",
            "Conv2d: kernel_size is given twice",
            None,
        ),
        (
            "Conv2d(128, 64, (3, 3, 3))",
            "kernel_size must be a number, or 2 of them, not (3, 3, 3)",
            None,
        ),
        (
            "Conv2d(128, 64, 3, 1, 0, 1, 1, True, 'zeros', 5)",
            "Conv2d takes 9 arguments by position, not 10",
            None,
        ),
        ("Conv2d(128, 64, 3, bias=1)", "bias must be True or False, not 1", None),
        (
            "InstanceNorm2d(128, track_running_stats=True)",
            "track_running_stats=True is not counted here",
            None,
        ),
        ("Flatten(2)", "start_dim=2 is not counted here", None),
        (
            "Conv2D(64, 3, data_format='channels_first')",
            "Conv2D: data_format='channels_first' is not counted here",
            None,
        ),
        (
            "Conv22d(128, 64, 3)",
            "Conv22d is not a layer of PyTorch or Keras that is known here",
            "did you mean Conv2d?",
        ),
        (
            "BasicBlock(128)",
            "BasicBlock is not a layer of PyTorch or Keras that is known here",
            "count the whole model: module:factory for PyTorch, else its .onnx or .tflite file",
        ),
        (
            "Conv2d(128, 64, 3 + )",
            "Conv2d(128, 64, 3 + ) is not one call in Python's syntax",
            "such as Conv2d(256, 64, 3, padding=1)",
        ),
        (
            "Conv2d(128, 64, open('x'))",
            "kernel_size must be a number, or 2 of them, not 'open'",
            None,
        ),
        (
            "Conv1d(128, 64, 3)",
            "kernel_size has 1 sizes, the input has 2 spatial axes",
            None,
        ),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(line: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x128", line)
    shown = [message, f"  {line}", "  " + "^" * len(line), *([f"  {hint}"] if hint else [])]
    assert str(caught.value).splitlines() == shown


def test_pytorch_agrees_where_it_is_installed() -> None:
    torch = pytest.importorskip("torch")
    for line, shape, output, params in CASES:
        name = line.partition("(")[0].rpartition(".")[2]
        if "\n" in line or " x3" in line or not hasattr(torch.nn, name) or name not in CALLS:
            continue
        names = {**vars(torch.nn), "nn": torch.nn, "torch": torch}
        layer: Any = eval(line.replace("=same", "='same'"), names)
        sizes = tuple(map(int, shape.split("x")))
        if name in ("LayerNorm", "LSTM", "GRU", "RNN", "MultiheadAttention"):  # channels last
            first = torch.zeros(*sizes)
            answer = layer(first, first, first) if "Attention" in name else layer(first)
            made = tuple((answer[0] if isinstance(answer, tuple) else answer).shape)
        else:
            made = tuple(layer(torch.zeros(1, sizes[-1], *sizes[:-1])).shape[1:])
            made = (*made[1:], made[0]) if len(made) > 1 else made
        assert (made, sum(p.numel() for p in layer.parameters())) == (output, params)
