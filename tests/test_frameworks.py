"""Lines of PyTorch and Keras mean what their framework makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from convcost import count
from convcost.errors import ConvcostError
from convcost.sources.frameworks.lines import CALLS, reads

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
    ("InstanceNorm2d(64)", "8x8x64", (8, 8, 64), 0),
    ("BatchNorm2d(64, affine=False)", "8x8x64", (8, 8, 64), 0),
    ("BatchNorm1d(64)", "64", (64,), 2 * 64),
    ("GroupNorm(8, 64, affine=False)", "8x8x64", (8, 8, 64), 0),
    ("LayerNorm(96, elementwise_affine=False)", "7x96", (7, 96), 0),
    ("LayerNorm(96, bias=False)", "7x96", (7, 96), 96),
    ("LayerNorm([64, 8, 6])", "8x6x64", (8, 6, 64), 2 * 64 * 8 * 6),
    ("RMSNorm(96)", "7x96", (7, 96), 96),
    ("PReLU()", "8x8x4", (8, 8, 4), 1),
    ("PReLU(num_parameters=4)", "8x8x4", (8, 8, 4), 4),
    ("Hardtanh(min_val=-1.0, max_val=1.0)", "8x8x4", (8, 8, 4), 0),
    ("Softshrink(0.5)", "8x8x4", (8, 8, 4), 0),
    ("LeakyReLU(negative_slope=0.01)", "8x8x4", (8, 8, 4), 0),
    ("AdaptiveMaxPool2d(7)", "14x14x4", (7, 7, 4), 0),
    ("AdaptiveMaxPool2d((3, 5))", "14x14x4", (3, 5, 4), 0),
    ("LazyConv2d(8, 3, padding=1)", "9x9x4", (9, 9, 8), 3 * 3 * 4 * 8 + 8),
    ("LazyConvTranspose2d(8, 2, stride=2)", "9x9x4", (18, 18, 8), 2 * 2 * 4 * 8 + 8),
    ("LazyLinear(10)", "64", (10,), 64 * 10 + 10),
    ("LazyBatchNorm2d()", "8x8x4", (8, 8, 4), 2 * 4),
    ("Linear(16 * 3 * 3, 10)", "144", (10,), 16 * 3 * 3 * 10 + 10),
    ("ReflectionPad2d(1)", "8x8x4", (10, 10, 4), 0),
    ("ConstantPad2d((1, 2, 3, 4), 0)", "8x8x4", (8 + 3 + 4, 8 + 1 + 2, 4), 0),
    ("UpsamplingNearest2d(scale_factor=2)", "8x8x4", (16, 16, 4), 0),
    ("AlphaDropout(0.5)", "10", (10,), 0),
    ("Unflatten(1, (4, 2, 3))", "24", (2, 3, 4), 0),
    # Keras, with its own defaults: valid padding, biases.
    ("PReLU(shared_axes=[1, 2])", "8x6x4", (8, 6, 4), 4),  # a slope for each channel
    ("layers.PReLU()", "8x6x4", (8, 6, 4), 8 * 6 * 4),  # and for each value
    ("GlobalMaxPooling2D()", "9x9x4", (4,), 0),
    ("GlobalMaxPooling2D(keepdims=True)", "9x9x4", (1, 1, 4), 0),
    ("Reshape((7, 7, 8))", "392", (7, 7, 8), 0),
    ("Reshape((-1, 4))", "8x6x4", (8 * 6, 4), 0),
    ("Rescaling(1. / 255)", "8x8x3", (8, 8, 3), 0),
    ("Permute((2, 1, 3))", "8x6x4", (6, 8, 4), 0),
    ("Cropping2D(((1, 2), (0, 1)))", "8x8x4", (8 - 3, 8 - 1, 4), 0),
    ("RandomFlip('horizontal')", "8x8x4", (8, 8, 4), 0),
    ("BatchNormalization(scale=False)", "8x8x4", (8, 8, 4), 4),
    ("BatchNormalization(center=False, scale=False)", "8x8x4", (8, 8, 4), 0),
    ("LayerNormalization(center=False)", "8x8x4", (8, 8, 4), 4),
    ("AdaptiveAveragePooling2D((3, 5))", "14x14x4", (3, 5, 4), 0),
    ("RMSNormalization()", "8x8x4", (8, 8, 4), 4),
    ("Convolution2D(8, 3)", "9x9x4", (7, 7, 8), 3 * 3 * 4 * 8 + 8),
    ("SeparableConvolution2D(8, 3, use_bias=False)", "9x9x4", (7, 7, 8), 3 * 3 * 4 + 4 * 8),
    ("Conv2D(8, 3)(x)", "9x9x4", (7, 7, 8), 3 * 3 * 4 * 8 + 8),
    # keras.src.backend.common.backend_utils: same with an output padding gives
    # (size - 1) * stride + kernel % 2 + output_padding, valid the whole kernel.
    (
        "Conv2DTranspose(8, 3, strides=2, padding='same', output_padding=1)",
        "5x5x4",
        (4 * 2 + 1 + 1, 4 * 2 + 1 + 1, 8),
        3 * 3 * 4 * 8 + 8,
    ),
    (
        "Conv2DTranspose(8, 4, strides=2, padding='same', output_padding=0)",
        "5x5x4",
        (4 * 2, 4 * 2, 8),
        4 * 4 * 4 * 8 + 8,
    ),
    (
        "Conv2DTranspose(8, 3, strides=2, output_padding=1)",
        "5x5x4",
        (4 * 2 + 3 + 1, 4 * 2 + 3 + 1, 8),
        3 * 3 * 4 * 8 + 8,
    ),
    # Flax: padding SAME unless it is said, channels of the input from what comes.
    ("nn.Conv(features=64, kernel_size=(3, 3))", "9x9x4", (9, 9, 64), 3 * 3 * 4 * 64 + 64),
    (
        "nn.Conv(features=8, kernel_size=(3, 3), strides=(2, 2), padding='VALID', use_bias=False)",
        "9x9x4",
        (4, 4, 8),
        3 * 3 * 4 * 8,
    ),
    ("nn.Dense(features=10)", "64", (10,), 64 * 10 + 10),
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


@pytest.mark.parametrize(
    ("line", "buffers"),
    [
        # sum(b.numel() for b in layer.buffers()) of PyTorch, without num_batches_tracked.
        ("BatchNorm2d(64)", 2 * 64),
        ("BatchNorm2d(64, affine=False)", 2 * 64),
        ("BatchNorm2d(64, track_running_stats=False)", 0),
        ("InstanceNorm2d(64)", 0),
    ],
)
def test_running_statistics_are_kept_where_the_framework_keeps_them(
    line: str, buffers: int
) -> None:
    row = count("8x8x64", line).counted.rows[0]
    assert row.node.operation.buffers(row.inputs, row.node.output) == buffers


@pytest.mark.parametrize(
    "line", ["Conv2d(4, 8, 3, dtype=torch.float16)", "Conv2D(8, 3, dtype='float16')"]
)
def test_a_dtype_of_a_line_is_not_dropped_in_silence(line: str) -> None:
    result = count("9x9x4", line)
    assert result.counted.params == 3 * 3 * 4 * 8 + 8
    assert (
        "dtype=float16 changes no count; bytes follow --dtype float16" in result.document()["notes"]
    )


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("Sequential([Input((28, 28, 1)), Conv2D(32, 3)])", (28, 28, 1)),
        ("Conv2D(32, 3, input_shape=(28, 28, 1))", (28, 28, 1)),
        ("keras.Sequential([layers.Input(shape=(28, 28, 1)), layers.Conv2D(32, 3)])", (28, 28, 1)),
        ("Sequential([InputLayer(input_shape=(28, 28, 1)), Conv2D(32, 3)])", (28, 28, 1)),
        ("Sequential([InputLayer(batch_shape=(None, 28, 28, 1)), Conv2D(32, 3)])", (28, 28, 1)),
        ("Sequential([Flatten(input_shape=(28, 28)), Dense(10)])", (28, 28)),
        (
            "Sequential([Conv2D(32, 3, batch_input_shape=(None, 28, 28, 1)), Flatten()])",
            (28, 28, 1),
        ),
    ],
)
def test_a_model_of_keras_has_its_own_input(line: str, shape: tuple[int, ...]) -> None:
    assert count(line).document()["input"] == shape
    assert count(line).params == count("x".join(map(str, shape)), line).params


def test_an_input_that_differs_from_the_models_own_is_said() -> None:
    notes = count("56x56x1", "Conv2D(32, 3, input_shape=(28, 28, 1))").document()["notes"]
    assert notes == ["the line says an input of 28x28x1"]


@pytest.mark.parametrize(
    ("line", "blamed", "message"),
    [
        (
            "Sequential(Conv2d(128, 8, 3), Foo(3), ReLU())",
            "Foo(3)",
            "Foo is not a layer of PyTorch or Keras that is known here",
        ),
        (
            "Sequential(Conv2d(128, 8, 3), Conv2d(3, 8, 3), ReLU())",
            "Conv2d(3, 8, 3)",
            "in_channels=3, but the input has 8 channels",
        ),
        (
            "Sequential(Conv2d(128, 8, 3), Sequential(ReLU(), Conv2d(8, 8)))",
            "Conv2d(8, 8)",
            "Conv2d needs kernel_size",
        ),
    ],
)
def test_a_problem_in_a_container_is_shown_at_its_layer(
    line: str, blamed: str, message: str
) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x128", line)
    assert caught.value.message == message
    text, span = getattr(caught.value, "text", ""), getattr(caught.value, "span", (0, 0))
    assert text[slice(*span)] == blamed


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (
            "Conv2d(128, 8, 3, stride=2, padding='same')",  # torch raises ValueError
            "padding='same' is not for strided convolutions in PyTorch",
            "give a number: padding=1",
        ),
        (
            "Conv2d(128, 8, 3, padding='causal')",
            "padding must be 'same' or 'valid', not 'causal'",
            None,
        ),
        (
            "Conv2D(8, 3, padding=1)",
            "padding must be 'same' or 'valid', not 1",
            "Keras pads with a layer of its own: ZeroPadding2D(1)",
        ),
        ("Conv2D(8, 3, padding='causal')", "padding must be 'same' or 'valid', not 'causal'", None),
        (
            "Conv2D(8, 3, strides=2, dilation_rate=2)",  # keras raises ValueError
            "Keras takes strides or dilation_rate above 1, not both",
            None,
        ),
        ("LayerNorm([128, 8, 8])", "layer_norm is over 8x8x128, the input is 56x56x128", None),
        ("PReLU(3)", "in_channels=3, but the input has 128 channels", None),
        (
            "Add()",
            "Add joins several layers, a line is one after the other",
            "write the network in TOML or JSON, where layers are read by name",
        ),
        (
            "Embedding(1000, 64)",
            "Embedding looks rows up: there is no such layer here",
            "count the whole model: module:factory for PyTorch, else its .onnx or .tflite file",
        ),
        (
            "Conv(3, 64, 3)",
            "Conv is Flax's with features=..., and other projects' own",
            "write Conv2d(in, out, kernel), Conv2D(filters, kernel) "
            "or Conv(features=, kernel_size=)",
        ),
        ("Linear(9 / 0, 10)", "9 / 0 divides by 0", None),
        (
            f"Linear({'1 * ' * 12}1 / 0, 10)",
            f"{('1 * ' * 12)[:37]}... divides by 0",
            None,
        ),
    ],
)
def test_what_a_framework_refuses_or_a_line_cannot_hold_is_refused(
    line: str, message: str, hint: str | None
) -> None:
    with pytest.raises(ConvcostError) as caught:
        count("56x56x128", line)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_pytorch_agrees_where_it_is_installed() -> None:
    torch = pytest.importorskip("torch")
    for line, shape, output, params in CASES:
        name = line.partition("(")[0].rpartition(".")[2]
        if "\n" in line or " x3" in line or not hasattr(torch.nn, name) or name not in CALLS:
            continue
        if "shared_axes" in line or line.startswith("layers."):
            continue  # Keras' class of the same name
        names = {**vars(torch.nn), "nn": torch.nn, "torch": torch}
        layer: Any = eval(line.replace("=same", "='same'"), names)
        layer.eval()  # a batch of one sample has no statistics of its own
        sizes = tuple(map(int, shape.split("x")))
        if len(sizes) < 3 and name in (
            "LayerNorm",
            "LSTM",
            "GRU",
            "RNN",
            "MultiheadAttention",
            "RMSNorm",
        ):  # channels last
            first = torch.zeros(*sizes)
            answer = layer(first, first, first) if "Attention" in name else layer(first)
            made = tuple((answer[0] if isinstance(answer, tuple) else answer).shape)
        else:
            made = tuple(layer(torch.zeros(1, sizes[-1], *sizes[:-1])).shape[1:])
            made = (*made[1:], made[0]) if len(made) > 1 else made
        assert (made, sum(p.numel() for p in layer.parameters())) == (output, params)


def test_a_line_of_pytorch_says_its_axes_and_channels() -> None:
    assert reads("nn.Conv2d(4, 8, 3)") == (2, 4)
    assert reads("nn.Conv3d(6, 8, 3)") == (3, 6)
    assert reads("nn.Linear(4, 8)") is None
    assert reads("conv 3x3 8") is None
