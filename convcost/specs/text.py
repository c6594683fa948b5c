"""The one-line spelling: ``conv 7x7 64 s2, max_pool 3x3 s2, bottleneck 3x3 64 reduction=2``.

    line   := layer ("," layer)*
    layer  := TYPE word*                     (the order after TYPE is free)
    word   := SIZES | NUMBER | "s" SIZES | "d" SIZES | "g" NUMBER | "x" NUMBER
            | "p" PADS | "same" | "valid" | KEY "=" VALUE
    SIZES  := NUMBER ("x" NUMBER)*           PADS := PAD ("x" PAD)*     PAD := NUMBER [":" NUMBER]
    VALUE  := true | false | NUMBER | DECIMAL | SIZES | WORD | JSON text | JSON array

Sizes joined by x are the kernel. Of two bare numbers the first is the kernel (1-D), the second
the output channels; a single one is the output channels, or the kernel of a pool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from convcost.errors import ConvcostError, SpecError, shorten
from convcost.specs.layers import SHORT_NAMES, LayerSpec
from convcost.specs.origins import TextOrigin
from convcost.specs.primitives import PRIMITIVES
from convcost.specs.problems import explain_layer

EXPECTED = "expected a kernel (3x3), a number, s2, p1, same, valid, d2, g4, x3 or key=value"
MAX_TEXT = 20_000

_ARRAY = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_QUOTED = r'"(?:\\.|[^"\\])*"'
_TOKEN = re.compile(rf'(?:{_QUOTED}|{_ARRAY}|[^\s,"\[])+|,|\S')
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_SIZES = re.compile(r"[0-9]{1,20}(?:x[0-9]{1,20})+", re.ASCII)
_SHORT = re.compile(r"([sdgx])([0-9]{1,20}(?:x[0-9]{1,20})*)", re.ASCII)
_PADS = re.compile(r"p([0-9]{1,20}(?::[0-9]{1,20})?(?:x[0-9]{1,20}(?::[0-9]{1,20})?)*)", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][\w.+\-]*", re.ASCII)
_SHORT_FIELDS = {"s": "stride", "d": "dilation", "g": "groups", "x": "repeat"}


@dataclass(frozen=True, slots=True)
class TextLayer:
    """One layer of a line: its spec, and where its words stand."""

    spec: LayerSpec
    origin: TextOrigin


def parse(text: str) -> list[TextLayer]:
    """The layers of a line. Raises SpecError with the text and a caret."""
    if len(text) > MAX_TEXT:
        raise SpecError(f"a line of {len(text):,} characters is too long", text=text, span=(0, 1))
    layers = []
    words: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if token.group() == ",":
            layers.append(_layer(text, words, token.start()))
            words = []
        else:
            words.append(token)
    layers.append(_layer(text, words, len(text)))
    return layers


def _layer(text: str, words: list[re.Match[str]], end: int) -> TextLayer:
    if not words:
        raise SpecError(
            "a layer is missing here", text=text, span=(end, end + 1), hint="such as conv 3x3 64"
        )
    kind, *rest = words
    if not re.fullmatch(r"[A-Za-z0-9_.\-/]+", kind.group(), re.ASCII) or "=" in kind.group():
        raise SpecError(
            f"{shorten(kind.group(), 40)} is not a layer type",
            text=text,
            span=kind.span(),
            hint="a layer starts with its type: conv, 1x1, separable, max_pool, ...",
        )
    fields: dict[str, Any] = {"type": kind.group()}
    spans = {"type": kind.span()}
    numbers: list[re.Match[str]] = []
    for word in rest:
        if _NUMBER.fullmatch(word.group()):
            numbers.append(word)
            continue
        name, value = _word(text, word)
        _put(text, fields, spans, name, value, word)
    for name, word in _name_numbers(text, kind.group(), numbers, "kernel_size" in fields):
        _put(text, fields, spans, name, int(word.group()), word)
    span = (kind.start(), words[-1].end())
    origin = TextOrigin(text, span, spans)
    try:
        return TextLayer(LayerSpec.model_validate(fields), origin)
    except ValidationError as error:
        raise origin.error(explain_layer(fields, error)) from None


def _put(
    text: str,
    fields: dict[str, Any],
    spans: dict[str, tuple[int, int]],
    name: str,
    value: Any,
    word: re.Match[str],
) -> None:
    if name in fields:
        raise SpecError(f"{name} is given twice", text=text, span=word.span())
    fields[name] = value
    spans[name] = word.span()


def _name_numbers(
    text: str, kind: str, numbers: list[re.Match[str]], has_kernel: bool
) -> Iterator[tuple[str, re.Match[str]]]:
    """Which fields the bare numbers of a layer stand for."""
    primitive = PRIMITIVES.get(kind)
    windowed = primitive is not None and "out_channels" not in primitive.fields
    names = ["out_channels"] if has_kernel or len(numbers) == 1 else ["kernel_size", "out_channels"]
    if windowed and not has_kernel:
        names = ["kernel_size"]
    if len(numbers) > len(names):
        raise SpecError(
            "one number too many", text=text, span=numbers[len(names)].span(), hint=EXPECTED
        )
    yield from zip(names, numbers, strict=False)


def _word(text: str, word: re.Match[str]) -> tuple[str, Any]:
    """The field and value of one word that is not a bare number."""
    content = word.group()
    if _SIZES.fullmatch(content):
        return "kernel_size", _sizes(content)
    if content in ("same", "valid"):
        return "padding", content
    if short := _SHORT.fullmatch(content):
        return _SHORT_FIELDS[short.group(1)], _sizes(short.group(2))
    if pads := _PADS.fullmatch(content):
        return "padding", _pads(pads.group(1))
    name, equals, value = content.partition("=")
    if not equals or not _WORD.fullmatch(name):
        raise SpecError(
            f"{shorten(content, 40)} is not understood", text=text, span=word.span(), hint=EXPECTED
        )
    field = SHORT_NAMES.get(name, name)
    if field in ("type", "input"):
        raise SpecError(f"{field} cannot be set here", text=text, span=word.span())
    try:
        return field, _value(value)
    except ValueError:
        span = (word.start() + len(name) + 1, word.end())
        raise SpecError(
            f"{shorten(value, 40)} is not a value" if value else f"{name} has no value",
            text=text,
            span=span,
            hint="expected true, false, a number, sizes (3x1), a word or a quoted text",
        ) from None


def _sizes(text: str) -> Any:
    sizes = tuple(int(size) for size in text.split("x"))
    return sizes if len(sizes) > 1 else sizes[0]


def _pads(text: str) -> Any:
    sides = [tuple(map(int, side.split(":"))) for side in text.split("x")]
    if all(len(side) == 1 for side in sides):
        return sides[0][0] if len(sides) == 1 else tuple(side[0] for side in sides)
    return tuple((side[0], side[-1]) for side in sides)


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?[0-9]{1,20}", text, re.ASCII):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _SIZES.fullmatch(text):
        return _sizes(text)
    if _WORD.fullmatch(text):
        return text
    if text[:1] in ('"', "["):
        try:
            return json.loads(text)
        except RecursionError:
            raise ValueError(text) from None
    raise ValueError(text)


def format_layer(spec: LayerSpec) -> str:
    """A spec in its shortest spelling: ``parse(format_layer(spec))`` gives the spec again.

    The input is not part of a layer's text. Raises ConvcostError for a type that cannot be
    written on one line.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.\-/]+", spec.type, re.ASCII):
        raise ConvcostError(f"{shorten(spec.type)!r} cannot be written on one line")
    settings = spec.settings()
    words = [spec.type]
    kernel, out = settings.pop("kernel_size", None), settings.pop("out_channels", None)
    if isinstance(kernel, tuple) and len(kernel) > 1:
        words.append("x".join(map(str, kernel)))
    elif kernel is not None:
        words.append(f"kernel_size={_format_value(kernel)}")
    if out is not None:
        primitive = PRIMITIVES.get(spec.type)
        bare = primitive is None or "out_channels" in primitive.fields
        words.append(str(out) if bare else f"out_channels={out}")
    for letter, field in (("s", "stride"), ("d", "dilation"), ("g", "groups")):
        value = settings.pop(field, None)
        if isinstance(value, tuple) and len(value) == 1:
            words.append(f"{field}=[{value[0]}]")
        elif value is not None:
            words.append(letter + "x".join(map(str, value if isinstance(value, tuple) else [value])))
    if "padding" in settings:
        words.append(_format_padding(settings.pop("padding")))
    extras = {"batch": spec.batch, "name": spec.name}
    words += [f"{k}={_format_value(v)}" for k, v in {**settings, **extras}.items() if v is not None]
    if spec.repeat is not None:
        words.append(f"x{spec.repeat}")
    return " ".join(words)


def _format_padding(padding: Any) -> str:
    if isinstance(padding, str):
        return padding if padding in ("same", "valid") else f'padding="{padding}"'
    if isinstance(padding, int):
        return f"p{padding}"
    if len(padding) == 1 and isinstance(padding[0], int):
        return f"padding=[{padding[0]}]"
    sides = (side if isinstance(side, tuple) else (side,) for side in padding)
    return "p" + "x".join(":".join(map(str, side)) for side in sides)


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and _WORD.fullmatch(value) and value not in ("true", "false"):
        return value
    if isinstance(value, float) and _DECIMAL.fullmatch(repr(value)):
        return repr(value)
    return json.dumps(value, separators=(",", ":"))




def option_value(field: str, text: str, place: str) -> Any:
    """The text of one setting on a command line: ``3``, ``3x1``, ``same``, ``0:1x0:1``, ``0.5``.

    Raises SpecError at ``place``.
    """
    field = SHORT_NAMES.get(field, field)
    if field == "padding" and _PADS.fullmatch(f"p{text}"):
        return _pads(text)
    try:
        return _value(text)
    except ValueError:
        raise SpecError(
            f"{shorten(text, 40)!r} is not a value for {field}" if text else f"{field} is empty",
            place=shorten(place, 72),
            hint="expected a number, sizes such as 3x1, or a word",
        ) from None
