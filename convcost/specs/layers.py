"""LayerSpec: what a user writes about one layer, as a pydantic model.

A spec keeps the user's words (``same``, one number for all axes, fields that were not given);
``primitives`` and ``designs`` turn it into operations. Fields that belong to a design
(``reduction=2``) are kept as extra fields and checked against that design's parameters, since
designs are files that nobody here knows beforehand.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field

from convcost.quantities import MAX_SIZE, parse_shape

Size: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=MAX_SIZE)]
Pad: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MAX_SIZE)]
SizesText: TypeAlias = Annotated[
    str, Field(pattern=r"^[0-9]+([xX][0-9]+)*$", max_length=80), AfterValidator(parse_shape)
]
Sizes: TypeAlias = Annotated[tuple[Size, ...], Field(min_length=1, max_length=3)]

InputShape: TypeAlias = Annotated[
    Annotated[tuple[Size, ...], Field(min_length=1, max_length=4)] | SizesText,
    Field(
        union_mode="left_to_right",
        description="shape without batch, channels last: [56, 56, 256] or '56x56x256'",
    ),
]
PerAxis: TypeAlias = Annotated[Size | Sizes | SizesText, Field(union_mode="left_to_right")]
PaddingField: TypeAlias = Annotated[
    Pad
    | Annotated[str, Field(pattern="^(same|valid)$")]
    | Annotated[tuple[Pad, ...], Field(min_length=1, max_length=3)]
    | Annotated[tuple[tuple[Pad, Pad], ...], Field(min_length=1, max_length=3)]
    | Annotated[str, Field(pattern=r"^[0-9]+([xX][0-9]+)*$", max_length=80)],
    Field(union_mode="left_to_right"),
]

SHORT_NAMES = {"kernel": "kernel_size", "out": "out_channels"}
"""Spellings that are accepted and never written."""


class LayerSpec(BaseModel):
    """One layer or design on an input. Fields that are None were not given."""

    model_config = ConfigDict(frozen=True, extra="allow", title="LayerSpec")

    type: Annotated[str, Field(strict=True, min_length=1, max_length=100)] = Field(
        default="standard", description="a primitive (conv, linear, ...) or a design"
    )
    input: InputShape | None = None
    kernel_size: PerAxis | None = Field(
        default=None, validation_alias=AliasChoices("kernel_size", "kernel")
    )
    out_channels: Size | None = Field(
        default=None, validation_alias=AliasChoices("out_channels", "out")
    )
    stride: PerAxis | None = None
    padding: PaddingField | None = None
    dilation: PerAxis | None = None
    groups: Size | None = None
    bias: Annotated[bool, Field(strict=True)] | None = None
    batch: Size | None = None
    name: Annotated[str, Field(strict=True, max_length=1000)] | None = None
    repeat: Size | None = None

    def settings(self) -> dict[str, Any]:
        """What describes the layer itself: every given field but the frame around it."""
        given = self.__dict__
        settings = {name: given[name] for name in SETTINGS if given[name] is not None}
        if self.__pydantic_extra__:
            settings.update(self.__pydantic_extra__)
        return settings


SETTINGS = (
    "kernel_size",
    "out_channels",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
)
"""The convolution vocabulary, in the order in which it is written."""

FRAME = ("type", "input", "batch", "name", "repeat")
"""Fields of a spec that say where a layer stands, not what it is."""
