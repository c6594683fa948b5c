"""The words of one layer -> its fields: ``conv 7x7 64 s2``, ``3x3 64 bn relu``, ``conv3x3-64``.

Owns what a word of the one-line language means. Where words stand and how layers are separated
is for ``scanning``; lines of frameworks are for ``frameworks``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from convcost.errors import SpecError, shorten
from convcost.language.fields import FIELDS, LETTERS, SPELLINGS, field_name
from convcost.language.names import ALIASES, axes_in_name, plain, proper_name
from convcost.language.primitives import ACTIVATIONS, NORMALISATIONS, PRIMITIVES
from convcost.language.words import (
    is_number,
    is_sizes,
    is_word,
    read_pads,
    read_sizes,
    read_value,
)
from convcost.quantities import format_shape
from convcost.sources.bare import (
    EXPANDED,
    LARGEST_KERNEL,
    SINGLE,
    fields_for,
    is_kernel,
    refusal,
    single_note,
    too_many,
)
from convcost.sources.glued import (
    CHAINED,
    FLAGS,
    JOINS,
    PADDING_WORDS,
    begins,
    design_field,
    glued,
    in_and_out,
)
from convcost.sources.scanning import Token

EXPECTED = "expected a kernel (3x3), a number, s2, p1, same, valid, d2, g4, x3 or key=value"
VALUES = "expected true, false, a number, sizes (3x1), a word or a quoted text"

Known = Callable[[str], bool]


class Words:
    """One layer being read: its fields so far, and where each of them stands."""

    def __init__(
        self, line: str, words: Sequence[Token], known: Known, axes: int | None = None
    ) -> None:
        """``axes``: how many spatial axes the input has, where that is known."""
        self.line = line
        self.axes = axes
        self.words = list(words)
        self.known = known
        self.fields: dict[str, Any] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.after: list[dict[str, Any]] = []
        """Layers of their own that a design of one convolution is followed by."""
        self.notes: list[str] = []
        """How words were read that could have been meant otherwise."""
        self._numbers: list[Token] = []

    def read(self) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
        """The fields of the layer and their places. Raises SpecError with a caret."""
        rest = self._type()
        while rest:
            used = self._word(rest)
            rest = rest[used:]
        self._name_numbers()
        self._check_axes()
        self._per_axis()
        return self.fields, self.spans

    @property
    def _kind(self) -> str:
        """The proper name of the type where it is a primitive, else the type as written."""
        written = str(self.fields["type"])
        if self.known(written):
            return written
        return proper_type(written)

    def _put(self, name: str, value: Any, word: Token) -> None:
        if name in self.fields:
            raise SpecError(f"{name} is given twice", text=self.line, span=word.span)
        self.fields[name] = value
        self.spans[name] = word.span

    # The type.

    def _type(self) -> list[Token]:
        """Read the type; returns the words after it."""
        words = self.words
        first = words[0]
        for count in range(min(4, len(words)), 1, -1):
            joined = "_".join(word.text for word in words[:count])
            if joined.replace("_", "").replace("-", "").isalpha() and self._is_type(joined):
                self._put("type", joined, Token(joined, first.start))
                self.spans["type"] = (first.start, words[count - 1].end)
                return words[count:]
        size, slash, stride = first.text.partition("/")
        if is_sizes(size) and not is_number(size) and (not slash or is_sizes(stride)):
            return self._bare_kernel(words)
        if self._put_layer(first):
            return words[1:]
        if not re.fullmatch(r"[A-Za-z0-9_.\-/]+", first.text, re.ASCII):
            raise SpecError(
                f"{shorten(first.text, 40)} is not a layer type",
                text=self.line,
                span=first.span,
                hint=begins(first.text),
            )
        self._put("type", first.text, first)
        return words[1:]

    def _is_type(self, word: str) -> bool:
        """Whether several words are one name: ``global average pooling``."""
        if not is_word(word):
            return False
        return self.known(word) or proper_name(word, [*PRIMITIVES, *_DESIGNS]) is not None

    def _bare_kernel(self, words: list[Token]) -> list[Token]:
        """``3x3 64`` and ``3x3 conv 64``: a kernel before or without its type."""
        first, *rest = words
        size, slash, stride = first.text.partition("/")
        sizes = read_sizes(size)
        if rest and self._is_type(rest[0].text):
            self._put("type", rest[0].text, rest[0])
            rest = rest[1:]
        elif sizes == (1, 1):
            self._put("type", "1x1", first)
            sizes = ()
        else:
            self._put("type", "conv", first)
        if sizes:
            self._put(self._sizes_field(), sizes, first)
        if slash:
            self._put("stride", read_sizes(stride), first)
        return rest

    def _put_layer(self, word: Token) -> bool:
        """A type, an activation as a layer, or a type with its kernel and channels in one word."""
        text = word.text
        function = None if self.known(text) else proper_name(text, ACTIVATIONS)
        if function is not None and function != "identity":
            self._put("type", "activation", word)
            self._put("function", function, word)
            return True
        if self.known(text) or plain(text) in ALIASES or self._is_type(text):
            self._put("type", text, word)
            return True
        found = glued(text, self._is_type)
        if found is None:
            return False
        self._put("type", found.type, word)
        if found.kernel is not None:
            name = self._sizes_field()
            self._put(name, read_sizes(found.kernel), word)
        for name, value in found.fields.items():
            self._put(name, value, word)
        if found.number is not None:
            self._glued_number(found.number, word)
        return True

    def _glued_number(self, number: int, word: Token) -> None:
        """``conv3``, ``pw64``, ``MBConv6``: a kernel, channels or an expansion by the type."""
        kind = self._kind
        if kind in EXPANDED[:3]:
            return self._put("expansion", number, word)
        names = fields_for(kind, (), 1)
        if names[:1] != ["out_channels"] or kind in ("linear", "pointwise"):
            return self._put(names[0] if names else "out_channels", number, word)
        rest = [other.text for other in self.words[1:]]
        sized = any(is_sizes(text) and not is_number(text) for text in rest)
        if sized and any(map(is_number, rest)):
            raise SpecError(
                f"the {number} of {shorten(word.text, 40)} is one number too many",
                text=self.line,
                span=word.span,
                hint=f"a name of your own is written name={word.text}",
            )
        if is_kernel("conv", number) and not sized and (kind in PRIMITIVES or kind in PLAIN):
            return self._put("kernel_size", number, word)
        if number > LARGEST_KERNEL or kind in PRIMITIVES:
            return self._put("out_channels", number, word)
        raise SpecError(
            f"{number} could be a kernel or output channels",
            text=self.line,
            span=word.span,
            hint=f"write {kind} k{number}, or {kind} o{number}",
        )

    # What follows it.

    def _word(self, rest: list[Token]) -> int:
        """Read the next word, and its value where that is another word; returns how many."""
        word = rest[0]
        text = word.text
        if is_number(text):
            self._numbers.append(word)
            return 1
        if "=" not in text and len(rest) > 1 and self._is_key(text, rest[1].text):
            name = LETTERS.get(text) or field_name(text)
            self._put(name, self._value(name, rest[1]), rest[1])
            return 2
        if self._follower(word):
            return 1
        name, value = self._field(word)
        self._put(name, value, word)
        return 1

    def _rate(self, text: str) -> float | None:
        """The decimal of ``dropout 0.5`` and ``dropout p=0.5``, where it is one."""
        whole, point, decimals = text.removeprefix("p=").partition(".")
        is_rate = point and is_number(whole) and is_number(decimals) and self._kind == "dropout"
        return float(f"{whole}.{decimals}") if is_rate else None

    def _is_key(self, text: str, value: str) -> bool:
        """Whether ``stride 2`` or ``reduction 2`` is a key and its value."""
        if text in FLAGS or text.lower() in PADDING_WORDS or not is_word(text):
            return False
        if text[0] in LETTERS and len(text) > 1 and (is_sizes(text[1:]) or read_pads(text[1:])):
            return False
        if text in LETTERS or text in FIELDS or text in SPELLINGS:
            return True
        is_follower = any(proper_name(text, names) for names in (NORMALISATIONS, ACTIVATIONS))
        return not is_follower and is_number(value)

    def _field(self, word: Token) -> tuple[str, Any]:
        """The field and value of one word that is not a bare number."""
        text = word.text
        if is_sizes(text):
            return self._sizes_field(), read_sizes(text)
        if (rate := self._rate(text)) is not None:
            return "rate", rate
        if text.lower() in PADDING_WORDS:
            return "padding", text.lower()
        if text in FLAGS:
            return "bias", FLAGS[text]
        size, slash, stride = text.partition("/")
        if slash and is_sizes(stride) and not size:
            return "stride", read_sizes(stride)
        if slash and is_sizes(stride) and is_sizes(size):
            self._put("stride", read_sizes(stride), word)
            return self._sizes_field(), read_sizes(size)
        if (ends := in_and_out(text)) is not None:
            self._put("in_channels", ends[0], word)
            return "out_channels", ends[1]
        if (own := design_field(self._kind, text)) is not None:
            return own, int(text[1:])
        letter = LETTERS.get(text[0])
        if letter == "padding" and (pads := read_pads(text[1:])) is not None:
            return "padding", pads
        if letter is not None and is_sizes(text[1:]):
            return self._times() if letter == "repeat" else letter, read_sizes(text[1:])
        return self._key_and_value(word)

    def _times(self) -> str:
        """What ``x2`` means: copies of the layer, or of an enlargement the factor."""
        primitive = PRIMITIVES.get(self._kind)
        return (primitive.times if primitive else None) or "repeat"

    def _sizes_field(self) -> str:
        """What sizes joined by x mean: the kernel, or what the type has in its place."""
        primitive = PRIMITIVES.get(self._kind)
        own = primitive.bare[0] if primitive and primitive.bare else "kernel_size"
        return own if own != "out_channels" else "kernel_size"

    def _follower(self, word: Token) -> bool:
        """``bn`` and ``relu`` after a layer that may carry them; whether it was one."""
        for field, names in (("norm", NORMALISATIONS), ("activation", ACTIVATIONS)):
            proper = proper_name(word.text, names)
            if proper is None:
                continue
            primitive = PRIMITIVES.get(self._kind)
            if primitive is not None and primitive.followed:
                self._put(field, proper, word)
                return True
            if self._kind in SINGLE:
                self.after.append(_follower_layer(field, proper))
                return True
            kind = self.fields["type"]
            inner = "" if primitive else "; --norm and --activation count those inside a design"
            raise SpecError(
                f"{kind} does not carry {shorten(word.text, 40)}",
                text=self.line,
                span=word.span,
                hint=f"write it as a layer of its own: {kind} ..., {word.text}{inner}",
            )
        return False

    def _key_and_value(self, word: Token) -> tuple[str, Any]:
        name, equals, _ = word.text.partition("=")
        if not equals or not is_word(name):
            raise SpecError(
                f"{shorten(word.text, 40)} is not understood",
                text=self.line,
                span=word.span,
                hint=CHAINED if word.text in JOINS else EXPECTED,
            )
        field = LETTERS.get(name) or field_name(name)
        if field in ("type", "input"):
            raise SpecError(f"{field} cannot be set here", text=self.line, span=word.span)
        return field, self._value(
            name, Token(word.text[len(name) + 1 :], word.start + len(name) + 1), field
        )

    def _value(self, name: str, word: Token, field: str | None = None) -> Any:
        field = field or name
        is_pads = field in FIELDS and FIELDS[field].check == "pads"
        if is_pads and (pads := read_pads(word.text)) is not None and word.text[:1] != "[":
            return pads
        try:
            return read_value(word.text)
        except ValueError:
            raise SpecError(
                f"{shorten(word.text, 40)} is not a value" if word.text else f"{name} has no value",
                text=self.line,
                span=word.span,
                hint=VALUES,
            ) from None

    # What all words together mean.

    def _name_numbers(self) -> None:
        """Which fields the bare numbers of a layer stand for."""
        kind, numbers = self._kind, self._numbers
        written = str(self.fields["type"])
        names = fields_for(kind, list(self.fields), len(numbers))
        if len(numbers) > len(names):
            what = too_many(kind, written, [int(word.text) for word in numbers], EXPECTED)
            span = numbers[len(names)].span
            raise SpecError(what.message, text=self.line, span=span, hint=what.hint)
        for name, word in zip(names, numbers, strict=False):
            self._put(name, int(word.text), word)
        if not numbers or "out_channels" not in fields_for(kind, (), 2):
            return
        first, second = numbers[0], int(numbers[1].text) if len(numbers) > 1 else None
        size = int(first.text)
        if second is None and "kernel_size" not in self.fields:
            note = single_note(kind, written, size)
            self.notes += [note] if note else []
        is_one = 1 in (self.axes, axes_in_name(written))  # one axis has no sizes joined by x
        fits = is_kernel(kind, size, is_own=self.known(written))
        if second is None or names[0] != "kernel_size" or fits:
            return
        if is_one:
            self.notes.append(f"{size} was read as the kernel, {second} as the output channels")
            return
        what = refusal(kind, written, size, second)
        raise SpecError(what.message, text=self.line, span=first.span, hint=what.hint)

    def _check_axes(self) -> None:
        """``conv 3x3x64`` on a map: the channels were joined to the kernel."""
        kernel = self.fields.get("kernel_size")
        if self.axes != 2 or not isinstance(kernel, tuple) or len(kernel) != 3:
            return
        if "out_channels" not in self.fields and "out_channels" in fields_for(self._kind, (), 2):
            shown, kind = format_shape(kernel), self.fields["type"]
            raise SpecError(
                f"{shown} has three sizes, the input has 2 spatial axes",
                text=self.line,
                span=self.spans["kernel_size"],
                hint=f"write {kind} {format_shape(kernel[:2])} {kernel[2]}",
            )

    def _per_axis(self) -> None:
        """``conv1d 3 64`` is a kernel of one axis, whatever the input is."""
        count = axes_in_name(str(self.fields["type"]))
        kernel = self.fields.get("kernel_size")
        if count is not None and isinstance(kernel, int) and not self.known(self.fields["type"]):
            self.fields["kernel_size"] = (kernel,) * count


def proper_type(written: str) -> str:
    """The proper name of a type as it is written; an unknown one stays."""
    return proper_name(written, [*PRIMITIVES, *_DESIGNS]) or written


def _follower_layer(field: str, word: str) -> dict[str, Any]:
    """A normalisation or an activation as a layer of its own."""
    return {"type": word} if field == "norm" else {"type": "activation", "function": word}


_DESIGNS = tuple(
    dict.fromkeys(name for name in ALIASES.values() if name not in (*PRIMITIVES, *ACTIVATIONS))
)
"""Designs that have other names: a word may be recognised as one of them without a library."""

PLAIN = (*SINGLE, "separable", "spatially_separable")
"""Designs of plain convolutions: a number glued to their name may be the kernel."""
