"""Words of a command -> what they stand for: an input shape, files, designs, one-line specs.

56x56x256   an input shape           specs.json, -        a file, standard input
resnet50    a design or network      conv 3x3 64          a layer, or layers with commas
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError
from convcost.language.library import Library
from convcost.language.names import ALIASES
from convcost.quantities import looks_like_shape, parse_shape

SPEC_ENDINGS = (".json", ".jsonl", ".ndjson", ".toml")


class Words(NamedTuple):
    """Classified words, each kind in its order; ``order`` has designs and texts as typed."""

    input: Shape | None
    files: tuple[str, ...]
    designs: tuple[str, ...]
    texts: tuple[str, ...]
    order: tuple[str, ...] = ()


def classify(words: Sequence[str], library: Library) -> Words:
    """Tell shapes, files, names and texts apart by their look. Raises SpecError."""
    input: Shape | None = None
    files, designs, texts = [], [], []
    for word in words:
        if looks_like_shape(word) and word not in ALIASES:
            if input is not None:
                raise SpecError("two input shapes", place=word, hint="give one")
            input = _shape(word)
        elif word == "-" or is_file_name(word) or is_torch_name(word):
            files.append(word)
        elif word not in ALIASES and library.knows(word):
            designs.append(word)
        else:
            texts.append(word)
    order = tuple(word for word in words if word in designs or word in texts)
    return Words(input, tuple(files), tuple(designs), tuple(texts), order)


def is_torch_name(word: str) -> bool:
    """Whether a word names a Python function: ``package.module:factory``."""
    module, colon, factory = word.partition(":")
    return colon == ":" and factory.isidentifier() and all(map(str.isidentifier, module.split(".")))


def _shape(word: str) -> Shape:
    try:
        return parse_shape(word)
    except ConvcostError as problem:
        span = (0, len(word))
        raise SpecError(problem.message, text=word, span=span, hint=problem.hint) from None


def is_file_name(word: str) -> bool:
    """Whether a word names a file: by its ending, a slash, or because it is there."""
    if word.endswith((*SPEC_ENDINGS, ".onnx")):
        return True
    if len(word) > 255 or "\n" in word or "\0" in word or " " in word.strip():
        return False
    return "/" in word or Path(word).is_file()
