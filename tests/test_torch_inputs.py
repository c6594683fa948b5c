"""Inputs as people have them: orders of axes, data types, several, nested, with values."""

from __future__ import annotations

from typing import Any

import pytest
from torch_truth import MARKS, Does, hooked, nn, torch, weight

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.torch.inputs import InputWord, parse_input
from convcost.sources.torch.module import from_torch

pytestmark = MARKS


def counted(module: Any, inputs: Any, **options: Any) -> CountResult:
    return count_subject(from_torch(module, inputs, **options))


def refusal(module: Any, inputs: Any, **options: Any) -> list[str]:
    with pytest.raises(ConvcostError) as caught:
        from_torch(module, inputs, **options)
    return caught.value.lines()


WORDS = {
    "224x224x3": InputWord("", (224, 224, 3)),
    "image=224x224x3": InputWord("image", (224, 224, 3)),
    "tokens=77:int64": InputWord("tokens", (77,), "int64"),
    "tokens=[1,77]:long": InputWord("tokens", (1, 77), "int64", "raw"),
    "[1, 3, 8, 8]:half": InputWord("", (1, 3, 8, 8), "float16", "raw"),
    "t=[]:int64": InputWord("t", (), "int64", "raw"),
    "1x3x224x224": InputWord("", (1, 3, 224, 224)),
    "cache=[1,0,64]": InputWord("cache", (1, 0, 64), None, "raw"),
}


@pytest.mark.parametrize("word", WORDS)
def test_words_of_inputs(word: str) -> None:
    assert parse_input(word) == WORDS[word]


WRONG = {
    "a=b=3": [
        "an input is a shape",
        "  a=b=3",
        "  ^^^^^",
        "  try NAME=[1,77]:int64",
    ],
    "image=8x-1": [
        "an input has whole numbers for its axes",
        "  image=8x-1",
        "        ^^^^",
        "  try 224x224x3, or [1,3,224,224] for all axes as the module takes them",
    ],
    "8x0x3": ["sizes start at 1", "  8x0x3", "  ^^^^^"],
    "8:int46": ["int46 is not a data type of inputs", "  did you mean int64?"],
}


@pytest.mark.parametrize("word", WRONG)
def test_words_that_are_no_inputs(word: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        parse_input(word)
    assert caught.value.lines() == WRONG[word]


CONV = nn.Conv2d(3, 4, 3)
WORK = 6 * 6 * 4 * 27


@pytest.mark.parametrize(
    ("given", "batch", "words"),
    [
        ("8x8x3", 1, "1x3x8x8 (batch, channels, height, width)"),
        ((8, 8, 3), 1, "1x3x8x8 (batch, channels, height, width)"),
        ("1x3x8x8", 1, "1x3x8x8 (as written)"),
        ("2x3x8x8", 2, "2x3x8x8 (as written)"),
        ((2, 3, 8, 8), 2, "2x3x8x8 (as written)"),
        ("[2,3,8,8]", 2, "2x3x8x8 (as written)"),
        ("[3,8,8]", 1, "3x8x8 (as written)"),
    ],
)
def test_the_order_that_was_taken_is_said(given: Any, batch: int, words: str) -> None:
    result = counted(CONV, given)
    assert (result.macs, result.notes) == (batch * WORK, (f"input taken as {words}",))


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_example_tensors(device: str) -> None:
    result = counted(CONV, torch.empty(2, 3, 8, 8, device=device))
    assert (result.macs, result.notes) == (2 * WORK, ())
    assert result.input == (8, 8, 3)
    assert counted(CONV, (torch.zeros(2, 3, 8, 8),)).macs == 2 * WORK
    assert counted(CONV, {"input": torch.zeros(2, 3, 8, 8)}).macs == 2 * WORK
    assert refusal(CONV, torch.zeros(2, 3, 8, 8), batch=3) == [
        "a batch of 3 does not fit the example tensor: its first axis is 2"
    ]


class Spectrogram(nn.Module):  # type: ignore[misc]
    """A model that takes (batch, time, frequency) and adds the channel itself."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, stride=(2, 1))
        self.head = nn.Linear(8, 10)

    def forward(self, x: Any) -> Any:
        return self.head(self.conv(x[:, None]).mean((2, 3)))


def test_two_orders_that_differ_are_an_error_that_shows_both() -> None:
    frequency_last = 50 * 42 * 8 * 9 + 80
    time_last = 21 * 99 * 8 * 9 + 80
    assert refusal(Spectrogram(), "101x44") == [
        f"two orders of axes run, and they differ: {time_last:,} MACs on 1x44x101 (batch, "
        f"channels, length), {frequency_last:,} on 1x101x44 (batch, length, channels)",
        "  give all axes in the order of the module, such as '[1,44,101]'",
    ]
    assert counted(Spectrogram(), "[1,101,44]").macs == frequency_last
    assert counted(Spectrogram(), "[1,44,101]").macs == time_last


def test_a_batch_that_stands_second() -> None:
    attention = Does(lambda self, x: self.inner(x, x, x)[0], inner=nn.MultiheadAttention(16, 2))
    linear, steps, batch = 4 * 16 * 16, 5, 2
    right = batch * (steps * linear + 2 * steps * steps * 16)
    wrong = steps * (batch * linear + 2 * batch * batch * 16)
    assert refusal(attention, "5x16", batch=2) == [
        f"two orders of axes run, and they differ: {right:,} MACs on 5x2x16 (length, batch, "
        f"channels), {wrong:,} on 2x5x16 (batch, length, channels)",
        "  give all axes in the order of the module, such as '[5,2,16]'",
    ]
    assert counted(attention, "[5,2,16]").macs == right


def test_orders_that_agree_are_no_question() -> None:
    assert counted(nn.GRU(16, 8), "5x16").macs == 5 * 3 * 8 * 24
    assert counted(nn.ReLU(), "8x8x4").element_ops == 8 * 8 * 4


def test_a_spatial_layer_on_the_input_settles_the_order() -> None:
    assert counted(nn.MaxPool2d(2), "9x8x4").element_ops == 4 * 4 * 4 * 4  # not 9 x 4 x 2 x 4
    assert counted(nn.Sequential(nn.ReLU(), nn.AvgPool1d(2)), "8x4").output == (4, 4)


class Clip(nn.Module):  # type: ignore[misc]
    """An image and a text, each with its own shape and data type."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.table = nn.Embedding(50, 16)
        self.head = nn.Linear(16, 8)

    def forward(self, image: Any, input_ids: Any, attention_mask: Any = None) -> Any:
        seen = self.head(self.patches(image).flatten(2).mean(2))
        text = self.table(input_ids)
        if attention_mask is not None:
            text = text * attention_mask[..., None]
        return seen @ self.head(text[:, -1]).t()


CLIP_WORK = 8 * 8 * 16 * 48 + 2 * 16 * 8 + 8


def test_several_inputs_each_with_its_own_shape_order_and_type() -> None:
    for given in (
        {"image": "32x32x3", "input_ids": "7"},
        {"image": "32x32x3", "input_ids": "[1,7]:int64", "attention_mask": "[1,7]"},
        {"image": torch.zeros(1, 3, 32, 32), "input_ids": torch.zeros(1, 7, dtype=torch.long)},
        ("32x32x3", "7:int64"),
        ["image=32x32x3", "input_ids=7"],
    ):
        result = counted(Clip(), given)
        assert result.macs == CLIP_WORK
        assert result.params == 16 * 48 + 16 + 50 * 16 + 16 * 8 + 8


def test_time_steps_and_plain_values() -> None:
    def forward(self: Any, sample: Any, timestep: Any, scale: float = 1.0) -> Any:
        return self.conv(sample) * scale + timestep.reshape(-1, 1, 1, 1)

    module = Does(forward, conv=nn.Conv2d(3, 4, 3))
    for step in ("1", "[1]:int64", "[]:int64", torch.tensor([3])):
        assert counted(module, {"sample": "8x8x3", "timestep": step, "scale": 2.0}).macs == WORK


def test_lists_and_mappings_of_tensors() -> None:
    listed = Does(lambda self, parts: sum(map(self.layer, parts)), layer=nn.Linear(8, 8))
    parts = [torch.zeros(1, 8), torch.zeros(2, 8)]
    assert counted(listed, (parts,)).macs == 3 * 8 * 8
    keyed = Does(lambda self, parts: self.layer(parts["a"]), layer=nn.Linear(8, 8))
    assert counted(keyed, ({"a": torch.zeros(2, 8), "n": 3},)).macs == 2 * 8 * 8


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64", "complex64"])
def test_data_types_follow_the_parameters(kind: str) -> None:
    layer = nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 2)).to(getattr(torch, kind))
    result = counted(layer, "8")
    assert (result.macs, result.is_complete) == (8 * 4 + 4 * 2, True)
    assert result.notes[0] == f"input taken as 1x8 (batch, values) of {kind}"
    assert ("a product of complex numbers is one MAC" in result.notes) is (kind == "complex64")


def test_data_types_that_are_asked_for() -> None:
    cast = Does(lambda self, x: self.layer(x.float()), layer=nn.Linear(8, 4))
    assert "of uint8" in counted(cast, "8", dtypes="uint8").notes[0]
    assert "of bool" in counted(cast, {"": "8"}, dtypes={"": torch.bool}).notes[0]
    assert refusal(cast, "8", dtypes={"y": "int8"})[0] == "a data type for y, which is no input"


def test_errors_name_arguments() -> None:
    assert refusal(nn.MultiheadAttention(16, 2), "5x16") == [
        "forward of MultiheadAttention needs key and value too",
        "  give each a shape by its name: query=..., key=..., value=..., key_padding_mask=..., "
        "need_weights=..., attn_mask=..., average_attn_weights=..., is_causal=...",
    ]
    assert refusal(Clip(), {"imag": "32x32x3"}) == [
        "forward of Clip has no argument imag",
        "  did you mean image?",
    ]
    assert refusal(Clip(), ("8", "8", "8", "8")) == [
        "forward of Clip: too many positional arguments",
        "  forward takes image, input_ids and attention_mask",
    ]
    assert refusal(CONV, {}) == ["the input shape is missing"]
    assert refusal(CONV, "8x8x3", batch=0) == ["a batch is a whole number from 1, not 0"]
    assert refusal(CONV, "8x8x3", device="gpu") == [
        "gpu is not a device",
        "  known: meta or cpu",
    ]


def test_errors_name_the_module_and_repeat_its_message() -> None:
    broken = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.Conv2d(5, 4, 1)))
    assert refusal(broken, "8x8x3") == [
        "forward of 1.0 (Conv2d) fails on 1x3x8x8 (batch, channels, height, width)",
        "  RuntimeError: Given groups=1, weight of size [4, 5, 1, 1], expected input[1, 4, 8, 8] "
        "to have 5 channels, but got 4 channels instead",
    ]

    def forward(self: Any, x: Any) -> Any:
        raise KeyError("scale")

    line = forward.__code__.co_firstlineno + 1
    assert refusal(nn.Sequential(Does(forward)), "8") == [
        "forward of 0 (Does) fails on 1x8 (batch, values)",
        f"  KeyError: 'scale' (test_torch_inputs.py, line {line})",
    ]


def test_a_module_that_recovers_from_an_error_is_not_named() -> None:
    def forward(self: Any, x: Any) -> Any:
        try:
            return self.first(x)
        except RuntimeError:
            return self.second(x)

    module = Does(forward, first=nn.Linear(5, 4), second=nn.Linear(8, 4))
    result = counted(module, "8")
    assert [row.name for row in result.counted.rows] == ["second"]


def test_values_are_needed_only_where_they_are_looked_at() -> None:
    looks = Does(
        lambda self, x: self.a(x) if x.sum() > 0 else self.b(x),
        a=nn.Linear(8, 4),
        b=nn.Linear(8, 2),
    )
    result = counted(looks, "8")
    assert result.macs == 8 * 2
    assert result.notes[1] == (
        "ran on the CPU with zeros for inputs: work that depends on values is that of zeros"
    )
    lines = refusal(looks, "8", device="meta")
    assert lines[0] == "forward of Does fails on 1x8 (batch, values)"
    assert lines[1].startswith("  RuntimeError: Tensor.item() cannot be called on meta tensors")
    assert lines[1].endswith("; --device cpu runs it with values")


def test_an_input_is_not_taken_for_whole_numbers_because_values_are_missing() -> None:
    result = counted(Does(lambda self, x: x * (x.sum().item() + 1)), "8")
    assert result.notes[0] == "input taken as 1x8 (batch, values)"


def test_masks_and_constants_keep_their_values_without_any_weight() -> None:
    def forward(self: Any, input_ids: Any, attention_mask: Any) -> Any:
        text = self.table(input_ids)
        scale = torch.tensor([1.0, 2.0]).sum().item()
        return self.head(text if attention_mask.all() else text[:1]) * scale

    module = Does(forward, table=nn.Embedding(50, 16), head=nn.Linear(16, 4))
    result = counted(module, {"input_ids": "7", "attention_mask": "7:int64"}, device="meta")
    assert result.macs == 7 * 16 * 4
    assert result.notes[1] == (
        "whole-number inputs are zeros: work that depends on them is that of zeros"
    )


def test_what_the_code_makes_on_the_cpu_meets_what_has_no_values() -> None:
    module = Does(
        lambda self, x: self.conv(x) * torch.tensor([1.0, 2.0, 3.0], device="cpu")[:, None, None],
        conv=nn.Conv2d(3, 3, 1),
    )
    assert counted(module, "8x8x3", device="meta").macs == 8 * 8 * 9


def test_hooked_layers_agree_on_both_devices() -> None:
    module = Clip()
    image, text = torch.zeros(2, 3, 32, 32), torch.zeros(2, 7, dtype=torch.long)
    given = {"image": "32x32x3", "input_ids": "7"}
    _, layers = hooked(module, image, text)
    for device in ("meta", "cpu"):
        assert counted(module, given, batch=2, device=device).macs == layers + 2 * 8 * 2
    assert weight(2).numel() == 2
