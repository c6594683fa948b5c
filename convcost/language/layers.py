"""LayerSpec: what a user writes about one layer, as a pydantic model.

A spec keeps the user's words (``same``, one number for all axes, fields that were not given);
``primitives`` and ``designs`` turn it into operations. Fields that belong to a design
(``reduction=2``) are kept as extra fields and checked against that design's parameters, since
designs are files that nobody here knows beforehand.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, core_schema

from convcost.errors import ConvcostError
from convcost.language.fields import SETTINGS, SPELLINGS, spellings_of
from convcost.language.values import PADDINGS
from convcost.language.words import read_pads
from convcost.quantities import MAX_SIZE, parse_shape


class _Checked:
    """Tells pydantic how to check a field, in its own terms.

    The same could be written as unions of annotated types; deriving the checks from those takes
    longer than all the rest of a start.
    """

    def __init__(self, schema: CoreSchema) -> None:
        self.schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return self.schema


def _several(item: CoreSchema, most: int) -> CoreSchema:
    return core_schema.tuple_schema([item], variadic_item_index=0, min_length=1, max_length=most)


def _first_of(*choices: CoreSchema) -> CoreSchema:
    return core_schema.union_schema(list(choices), mode="left_to_right")


def _sizes_text(text: str) -> tuple[int, ...]:
    """``parse_shape`` with the kind of error that pydantic expects of a check."""
    try:
        return parse_shape(text)
    except ConvcostError as problem:
        raise ValueError(problem.message) from None


def _sizes_or_one(text: str) -> int | tuple[int, ...]:
    """Sizes in words; a single number stands for all axes, as it does without quotes."""
    sizes = _sizes_text(text)
    if len(sizes) > 3:
        raise ValueError("more than three sizes")
    return sizes if len(sizes) > 1 else sizes[0]


def _padding_text(text: str) -> Any:
    """``same``, ``valid``, ``causal``, or pads as on one line: ``7:0``."""
    word = text.strip().lower()
    if word in (*PADDINGS, "valid"):
        return word
    pads = read_pads(text)
    if pads is None:
        raise ValueError("not a padding")
    return pads


_SIZE = core_schema.int_schema(strict=True, ge=1, le=MAX_SIZE)
_PAD = core_schema.int_schema(strict=True, ge=0, le=MAX_SIZE)
_TEXT = core_schema.str_schema(
    strict=True, max_length=80, pattern=r"^ *[\[(]?[0-9]+( *[xX\u00d7*,] *[0-9]+)*,?[\])]? *$"
)
_INPUT_TEXT = core_schema.str_schema(
    strict=True,
    max_length=80,
    pattern=r"^ *[\[(]?( *None *,)? *[0-9]+( *[xX\u00d7*,] *[0-9]+)*,?[\])]? *$",
)
_PADDING_WORDS = "|".join(form for word in (*PADDINGS, "valid") for form in (word, word.upper()))
_PADDING = core_schema.str_schema(
    strict=True, max_length=80, pattern=rf"^({_PADDING_WORDS}|[0-9:xX\u00d7*,()\[\] ]+)$"
)
_SHAPE_TEXT = core_schema.no_info_after_validator_function(_sizes_text, _INPUT_TEXT)
_SIZES_OR_ONE = core_schema.no_info_after_validator_function(_sizes_or_one, _TEXT)
_PADDING_TEXT = core_schema.no_info_after_validator_function(_padding_text, _PADDING)
_PAIR = core_schema.tuple_schema([_PAD, _PAD])

InputShape: TypeAlias = Annotated[
    tuple[int, ...], _Checked(_first_of(_several(_SIZE, 4), _SHAPE_TEXT))
]
"""``[56, 56, 256]`` or ``"56x56x256"``: without batch, channels last."""

Size: TypeAlias = Annotated[int, _Checked(_SIZE)]
OptionalShape: TypeAlias = Annotated[
    tuple[int, ...] | None,
    _Checked(core_schema.nullable_schema(_first_of(_several(_SIZE, 4), _SHAPE_TEXT))),
]
OptionalSize: TypeAlias = Annotated[int | None, _Checked(core_schema.nullable_schema(_SIZE))]
OptionalFlag: TypeAlias = Annotated[
    bool | None, _Checked(core_schema.nullable_schema(core_schema.bool_schema(strict=True)))
]
OptionalName: TypeAlias = Annotated[
    str | None,
    _Checked(core_schema.nullable_schema(core_schema.str_schema(strict=True, max_length=1000))),
]
TypeName: TypeAlias = Annotated[
    str, _Checked(core_schema.str_schema(strict=True, min_length=1, max_length=100))
]
PerAxis: TypeAlias = Annotated[
    int | tuple[int, ...] | None,
    _Checked(core_schema.nullable_schema(_first_of(_SIZE, _several(_SIZE, 3), _SIZES_OR_ONE))),
]
"""One size for all axes, one for each (``[3, 1]`` or ``"3x1"``), or None for not given."""

PaddingField: TypeAlias = Annotated[
    int | str | tuple[Any, ...] | None,
    _Checked(
        core_schema.nullable_schema(
            _first_of(
                _PAD,
                _several(_PAD, 3),
                _several(_PAIR, 3),
                _PADDING_TEXT,
            )
        )
    ),
]


def _spelt(name: str) -> AliasChoices:
    return AliasChoices(*spellings_of(name))


class LayerSpec(BaseModel):
    """One layer or design on an input. Fields that are None were not given."""

    model_config = ConfigDict(frozen=True, extra="allow", title="LayerSpec")

    type: TypeName = Field(
        default="standard",
        validation_alias=_spelt("type"),
        description="a primitive (conv, linear, ...) or a design",
    )
    input: OptionalShape = Field(
        default=None,
        validation_alias=_spelt("input"),
        description="shape without batch, channels last: [56, 56, 256] or '56x56x256'",
    )
    kernel_size: PerAxis = Field(default=None, validation_alias=_spelt("kernel_size"))
    out_channels: OptionalSize = Field(default=None, validation_alias=_spelt("out_channels"))
    stride: PerAxis = Field(default=None, validation_alias=_spelt("stride"))
    padding: PaddingField = Field(default=None, validation_alias=_spelt("padding"))
    dilation: PerAxis = Field(default=None, validation_alias=_spelt("dilation"))
    groups: OptionalSize = Field(default=None, validation_alias=_spelt("groups"))
    bias: OptionalFlag = Field(default=None, validation_alias=_spelt("bias"))
    batch: OptionalSize = Field(default=None, validation_alias=_spelt("batch"))
    name: OptionalName = None
    repeat: OptionalSize = Field(default=None, validation_alias=_spelt("repeat"))

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """The schema names the other spellings too: pydantic shows one alias of a field."""
        schema: dict[str, Any] = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for word, field in SPELLINGS.items():
            properties[word] = {**properties[field], "title": word, "description": f"= {field}"}
        return schema

    def settings(self) -> dict[str, Any]:
        """What describes the layer itself: every given field but the frame around it."""
        given = self.__dict__
        settings = {name: given[name] for name in SETTINGS if given[name] is not None}
        if self.__pydantic_extra__:
            settings.update(self.__pydantic_extra__)
        return settings
