"""The one table of fields: what a layer's settings are called, and in what other ways.

One-line text, JSON, TOML, options and error texts read it; nothing else knows the list. It
knows names and kinds of value, and computes nothing.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Check: TypeAlias = Literal["sizes", "size", "pads", "flag", "shape", "text"]
"""What a field holds: sizes per axis, one size, padding, true or false, an input, a text."""


class Field(NamedTuple):
    """One field of a layer.

    ``spellings``: other names that people and frameworks use; accepted, never written.
    ``letter`` stands before a value on one line (``s2``); ``option`` is an example of the
    command-line option. ``is_setting``: it describes the layer itself, not its place.
    """

    name: str
    check: Check
    spellings: tuple[str, ...] = ()
    letter: str = ""
    option: str = ""
    is_setting: bool = True


_TABLE = (
    Field(
        "kernel_size",
        "sizes",
        ("kernel", "ksize", "kernel_shape", "filter_size"),
        "k",
        option="--kernel 3",
    ),
    Field(
        "out_channels",
        "size",
        ("out", "filters", "num_filters", "output_channels", "units", "out_features"),
        "o",
        option="--out 64",
    ),
    Field("stride", "sizes", ("strides",), "s", "--stride 2"),
    Field("padding", "pads", ("pad", "pads", "p"), "p", "--padding same"),
    Field("dilation", "sizes", ("dilations", "dilation_rate"), "d", "--dilation 2"),
    Field("groups", "size", ("group",), "g", "--groups 2"),
    Field("bias", "flag", ("use_bias",), option="--bias"),
    Field("type", "text", ("conv_type", "layer_type"), is_setting=False),
    Field("input", "shape", ("input_shape", "input_size"), is_setting=False),
    Field("batch", "size", ("batch_size",), option="--batch 8", is_setting=False),
    Field("name", "text", is_setting=False),
    Field("repeat", "size", ("repeats",), "x", is_setting=False),
)

FIELDS: dict[str, Field] = {field.name: field for field in _TABLE}
"""Every field by its name; the settings in the order in which they are written."""

SETTINGS = tuple(field.name for field in _TABLE if field.is_setting)
"""The convolution vocabulary, in the order in which it is written."""

FRAME = tuple(field.name for field in _TABLE if not field.is_setting)
"""Fields of a spec that say where a layer stands, not what it is."""

SPELLINGS: dict[str, str] = {
    spelling: field.name for field in _TABLE for spelling in field.spellings
}
"""Other spellings, and the field that each means."""

LETTERS: dict[str, str] = {field.letter: field.name for field in _TABLE if field.letter}
"""What a letter before sizes means on one line."""

PER_AXIS = tuple(field.name for field in _TABLE if field.check == "sizes")
"""Fields with one size for all spatial axes, or one for each."""


def field_name(word: str) -> str:
    """The proper name of a field: ``filters`` is ``out_channels``; other words stay."""
    return SPELLINGS.get(word, word)


def short_of(name: str) -> tuple[str, ...]:
    """The letter that stands for a field on one line, if it has one."""
    field = FIELDS.get(name)
    return (field.letter,) if field and field.letter else ()


def spellings_of(name: str) -> tuple[str, ...]:
    """The name of a field and its other spellings; of another word only itself."""
    field = FIELDS.get(name)
    return (name, *field.spellings) if field else (name,)
