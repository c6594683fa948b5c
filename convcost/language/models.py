"""The design file as pydantic models: what stands in ``designs/*.toml`` and in users' files.

A network is the same file with ``kind = "network"`` and an ``input``. JSON objects with
``layers`` are read through the same models. Nothing here computes; ``templates`` does.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from convcost.language.layers import InputShape, Size
from convcost.quantities import MAX_SIZE

Name: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$", max_length=100, strict=True)
]
"""A word without spaces, so that results can be addressed by it."""


def _field_value(value: Any) -> Any:
    """A number, flag, text, or lists of those; a decimal becomes the fraction that was written."""
    if isinstance(value, float) and math.isfinite(value) and abs(value) < MAX_SIZE:
        return Fraction(repr(value))
    if isinstance(value, bool | int | Fraction) or (isinstance(value, str) and len(value) <= 400):
        return value
    if isinstance(value, list) and len(value) <= 1000:
        return [_field_value(part) for part in value]
    raise ValueError("a field holds a number, a flag, a word, an expression or a list of those")


_SCALAR = [{"type": kind} for kind in ("integer", "number", "boolean", "string")]
FieldValue: TypeAlias = Annotated[
    Any,
    AfterValidator(_field_value),
    WithJsonSchema({"anyOf": [*_SCALAR, {"type": "array"}]}),
]
"""A number, a flag, a word, an expression over the parameters, or a list of those."""


class LayerEntry(BaseModel):
    """One layer of a file. Further keys are the fields of its type, or a design's arguments."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, FieldValue]

    type: Annotated[str, Field(strict=True, min_length=1, max_length=100)]
    name: Name | None = None
    source: str | list[str] | None = Field(
        default=None, alias="from", description="what it reads: layer names or 'input'"
    )
    when: bool | str = Field(default=True, description="skipped where false")
    repeat: Size | str = Field(default=1, description="copies in a row; 'index' counts them")


class ParameterEntry(BaseModel):
    """A parameter with a description, or one without a default (then it must be given)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: FieldValue | None = None
    about: str = ""


class ExampleEntry(BaseModel):
    """A worked example: ``params`` and ``macs`` as numbers, or better as products."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: InputShape
    arguments: dict[str, FieldValue] = {}
    params: int | str | None = None
    macs: int | str | None = None
    complete: bool = Field(default=False, description="with normalisation, biases, activation")
    source: str = ""


class RequirementEntry(BaseModel):
    """What the parameters must fulfil; where it is false, the sentence is the error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    that: str = Field(description="an expression over the parameters")
    otherwise: str = Field(min_length=1, description="what is wrong, as a sentence")


class DesignFile(BaseModel):
    """A design or a network, as written."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Design")

    name: Name | None = None
    kind: Literal["design", "network"] = "design"
    family: str = "user"
    summary: str = Field(default="", description="one sentence: what it is for")
    source: str = Field(default="", description="paper and section")
    input: InputShape | None = Field(default=None, description="default input of a network")
    batch: Size | None = None
    parameters: dict[Name, ParameterEntry | FieldValue] = {}
    require: list[RequirementEntry] = []
    layers: list[LayerEntry] = Field(min_length=1)
    output: str | None = Field(default=None, description="the layer whose result leaves")
    examples: list[ExampleEntry] = []

    @model_validator(mode="after")
    def _layer_names_differ(self) -> DesignFile:
        seen: set[str] = set()
        for layer in self.layers:
            if layer.name is None:
                continue
            if layer.name == "input":
                raise ValueError("no layer may be called input")
            if layer.name in seen:
                raise ValueError(f"two layers are called {layer.name}")
            seen.add(layer.name)
        return self
