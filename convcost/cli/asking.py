"""A command's words and options -> the question that they ask."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from convcost.cli.options import LayerOptions, NetworkOptions
from convcost.cli.progress import watched
from convcost.cli.settings import batch_size, design_names, layer_settings, set_batch
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import parse_shape
from convcost.sources.asked import Asked, Wanted
from convcost.sources.table import Opened
from convcost.sources.texts import open_library

if TYPE_CHECKING:
    from convcost.language.expressions import Evaluate


class Question:
    """What was asked: words, options, and the library that knows the names."""

    def __init__(self, words: Sequence[str], options: LayerOptions | NetworkOptions) -> None:
        """Read the options. Raises SpecError."""
        self.words = list(words)
        self.library = open_library(options.design_path or ())
        self.asked = _asked(options)
        self.designs = design_names(getattr(options, "design", None))
        # An input alone is no question: with it, a spec on standard input may be one.
        is_open = not self.words and not self.designs and not self.asked.settings
        if is_open and _is_piped():
            self.words = ["-"]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all: no word, no input, and nothing on standard input."""
        return not self.words and not self.designs and self.asked.input is None

    def opened(
        self,
        asked: Asked | None = None,
        *,
        designs: Sequence[str] | None = None,
        default: Sequence[str] = ("standard",),
        before_wait: Callable[[], None] = lambda: None,
    ) -> Opened:
        """The door, for this question or for one case of it."""
        return Opened(
            self.words,
            asked or self.asked,
            self.library,
            designs=self.designs if designs is None else designs,
            default=default,
            stdin=None if sys.stdin is None else sys.stdin.buffer,
            before_wait=before_wait,
            watched=watched,
        )


def _is_piped() -> bool:
    """Whether something stands on standard input; waits for its first byte, as ``cat`` does."""
    if sys.stdin is None or sys.stdin.isatty():
        return False
    stream = sys.stdin.buffer
    if not hasattr(stream, "peek"):
        return bool(stream.seekable() and stream.read(1) and stream.seek(0) == 0)
    try:
        return bool(stream.peek(1))
    except OSError:
        return False


def _asked(options: LayerOptions | NetworkOptions) -> Asked:
    settings: dict[str, Any] = {}
    typed: dict[str, str] = {}
    batch = options.batch
    if isinstance(options, LayerOptions):
        settings, typed = layer_settings(options)
        batch = set_batch(options.set_, batch)
    channels_first = _is_channels_first(options.layout)
    shape, word, named = _inputs(options.input or ())
    asked = Asked(
        input_word=word,
        inputs=named,
        batch=batch_size(batch),
        settings=settings,
        wanted=Wanted(options.norm, options.activation, options.bias),
        costs=dict(map(_cost_option, options.cost or ())),
        channels_first=channels_first,
        device=options.device,
    )
    for name in ("norm", "activation", "bias"):
        value = getattr(options, name)
        if value is not None:
            typed[name] = f"--{name}" if value else f"--no-{name}"
    if options.input:
        typed["input"] = f"--input {options.input[0]}"
    typed |= {
        "inputs": f"--input {named[0]}" if named else "",
        "batch": f"--batch {batch}",
        "costs": f"--cost {(options.cost or [''])[0]}",
        "layout": f"--layout {options.layout}",
        "device": f"--device {options.device}",
    }
    return asked._replace(input=None if shape is None else asked.shape(shape), typed=typed)


def _is_channels_first(layout: str | None) -> bool:
    known = {"hwc": False, "nhwc": False, "channels_last": False}
    known |= {"chw": True, "nchw": True, "channels_first": True}
    if layout is None:
        return False
    if layout.lower() not in known:
        raise SpecError(
            f"{shorten(layout, 40)} is not a layout",
            place=f"--layout {shorten(layout, 40)}",
            hint="hwc is channels last, chw is channels first",
        )
    return known[layout.lower()]


def _inputs(texts: Sequence[str]) -> tuple[Shape | None, str | None, tuple[str, ...]]:
    """The shape without a name, the word that it was, and inputs by name as they were typed.

    What is no shape may still be a model's input (``[1,77]:int64``): who reads it says so.
    """
    words = [text for text in texts if "=" not in text]
    named = tuple(text for text in texts if "=" in text)
    if len(words) > 1:
        raise SpecError("the input shape is given twice", place=f"--input {words[1]}")
    if not words:
        return None, None, named
    try:
        return parse_shape(words[0]), words[0], named
    except ConvcostError:
        return None, words[0], named


def _cost_option(text: str) -> tuple[str, Evaluate]:
    """``MyOp=2*out`` as a name and a function of the sizes."""
    from convcost.language.expressions import ExpressionError, compile_expression

    name, equals, expression = text.partition("=")
    if not equals or not name or not expression:
        raise SpecError(
            "a cost is given as TYPE=EXPRESSION", place=f"--cost {text}", hint="--cost MyOp=2*out"
        )
    try:
        return name, compile_expression(expression)
    except ExpressionError as problem:
        raise problem.at(f"--cost {shorten(text, 60)}") from None
