"""Words of a command -> what each stands for, by its look alone.

56x56x256   an input shape           specs.json, -        a file, standard input
resnet50    a design or network      conv 3x3 64          a layer, or layers with commas
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.library import Library
from convcost.language.names import ALIASES
from convcost.language.primitives import PRIMITIVES
from convcost.language.words import is_number, is_sizes
from convcost.quantities import looks_like_shape, parse_shape

SourceKey: TypeAlias = Literal["text", "name", "specs", "given", "onnx", "tflite", "torch"]

SPEC_ENDINGS = (".json", ".jsonl", ".ndjson", ".toml")
MODEL_ENDINGS: Mapping[str, SourceKey] = {".onnx": "onnx", ".tflite": "tflite"}

TO_ONNX = "torch.onnx.export gives an .onnx file, which convcost counts"
OTHER_ENDINGS = {
    ".pt": (
        "a PyTorch file: it runs code when it is read",
        f"{TO_ONNX}; or name the code: module:factory",
    ),
    ".pth": (
        "PyTorch weights, which have no layers",
        f"{TO_ONNX}; or name the code: module:factory",
    ),
    ".ckpt": (
        "a checkpoint: weights, without layers",
        f"{TO_ONNX}; or name the code: module:factory",
    ),
    ".safetensors": (
        "weights, without layers",
        "name the code that makes the model: module:factory",
    ),
    ".h5": ("a Keras file", "convert it to ONNX with tf2onnx, or to .tflite"),
    ".hdf5": ("a Keras file", "convert it to ONNX with tf2onnx, or to .tflite"),
    ".keras": ("a Keras file", "convert it to ONNX with tf2onnx, or to .tflite"),
    ".pb": ("a TensorFlow graph", "convert it to ONNX with tf2onnx, or to .tflite"),
    ".yaml": ("YAML, which convcost does not read", "write the same as JSON or TOML"),
    ".yml": ("YAML, which convcost does not read", "write the same as JSON or TOML"),
    ".prototxt": ("a Caffe network", "convert it to ONNX, or write its layers in TOML"),
    ".caffemodel": ("Caffe weights, which have no layers", "convert the network to ONNX"),
    ".cfg": ("a Darknet network", "convert it to ONNX, or write its layers in TOML"),
    ".mlmodel": ("a Core ML model", "convert it to ONNX"),
    ".mlpackage": ("a Core ML model", "convert it to ONNX"),
    ".engine": ("a TensorRT engine", "count the ONNX file that it was made from"),
    ".trt": ("a TensorRT engine", "count the ONNX file that it was made from"),
    ".xml": ("an OpenVINO model", "count the ONNX file that it was made from"),
    ".param": ("an ncnn network", "count the ONNX file that it was made from"),
    ".py": ("Python code", "name what makes the model: ./net.py:factory"),
    ".ipynb": ("a notebook", "import the model from a module: module:factory"),
    ".csv": ("a table", "write specs as JSON lines"),
}
"""What other files are, and the way to count what is in them."""


class Word(NamedTuple):
    """One word and the source that reads it; ``value`` is what Python gave in place of a word."""

    text: str
    source: SourceKey
    value: Any = None


class Words(NamedTuple):
    """Classified words in the order in which they were typed.

    ``settings`` are a kernel and output channels that stood bare after the shape.
    """

    input: Shape | None
    words: tuple[Word, ...]
    settings: Mapping[str, int | tuple[int, ...]]
    notes: tuple[str, ...] = ()


def classify(words: Sequence[Any], library: Library, *, has_settings: bool = False) -> Words:
    """Tell shapes, files, names and texts apart. Raises SpecError.

    ``has_settings``: options describe a layer, so that ``conv`` alone is a name.
    """
    input: Shape | None = None
    found: list[Word] = []
    settings: dict[str, int | tuple[int, ...]] = {}
    notes: list[str] = []
    for index, word in enumerate(words):
        if not isinstance(word, str):
            found.append(Word("", "given", word))
            continue
        if _is_shape(word, words[index + 1 :]):
            if input is None:
                input = _shape(word)
            else:
                _put_bare(settings, word, len(input) - 1)
            continue
        key = _source(word, library, has_settings)
        if key == "name" and word not in PRIMITIVES and _is_plain_file(word):
            notes.append(f"{word} is the network or design; the file here is ./{word}")
        found.append(Word(word, key))
    if settings:  # conv 3x3 64 without quotes: a type and its sizes
        found = [_named(word, library) for word in found]
    return Words(input, tuple(found), settings, tuple(notes))


def _named(word: Word, library: Library) -> Word:
    """A bare layer type is a name where sizes for it stand apart."""
    is_type = word.source == "text" and library.proper(word.text) in PRIMITIVES
    return word._replace(source="name") if is_type else word


def _is_shape(word: str, rest: Sequence[Any]) -> bool:
    """Whether a word is sizes; ``1x1`` is the design unless a number follows it."""
    if not looks_like_shape(word):
        return False
    return word not in ALIASES or (bool(rest) and is_number(str(rest[0])))


def _put_bare(settings: dict[str, int | tuple[int, ...]], word: str, axes: int) -> None:
    """Bare sizes after the shape: ``3 64`` is a kernel of 3 and 64 output channels."""
    sizes = parse_shape(word)
    if "kernel_size" not in settings and len(sizes) in (1, axes):
        settings["kernel_size"] = sizes if len(sizes) > 1 else sizes[0]
    elif "out_channels" not in settings and len(sizes) == 1:
        settings["out_channels"] = sizes[0]
    else:
        raise SpecError("two input shapes", place=shorten(word, 72), hint="give one")


def _source(word: str, library: Library, has_settings: bool) -> SourceKey:
    if "://" in word:
        return "specs"
    if _may_be_code(word) and is_torch_word(word):
        return "torch"
    ending = Path(word).suffix.lower() if len(word) < 1000 and "\0" not in word else ""
    if ending in MODEL_ENDINGS and not _is_text(word):
        return MODEL_ENDINGS[ending]
    if word == "-" or word.lower().endswith(SPEC_ENDINGS):
        return "specs"
    if _looks_like_path(word):
        return "specs"
    if library.knows(word) or (has_settings and library.proper(word) in PRIMITIVES):
        return "name"
    if _is_plain_file(word) or (ending in OTHER_ENDINGS and not _is_text(word)):
        return "specs"
    return "text"


def _may_be_code(word: str) -> bool:
    """Whether a word could name Python code; most words need no closer look."""
    return (":" in word or "." in word) and len(word) < 1000 and "\0" not in word


def is_torch_word(word: str) -> bool:
    """Whether a word names Python code that makes a module: ``package.module:factory``."""
    from convcost.sources.torch import factories

    return factories.is_torch_word(word)


def _is_text(word: str) -> bool:
    return " " in word.strip() or "," in word or "\n" in word or "(" in word


def _looks_like_path(word: str) -> bool:
    if "\n" in word or "\0" in word or len(word) > 4096:
        return False
    return "://" in word or (
        "/" in word and not _is_text(word) and not is_sizes(word.partition("/")[0])
    )


def _is_plain_file(word: str) -> bool:
    if len(word) > 255 or _is_text(word) or "\0" in word:
        return False
    try:
        return Path(word).is_file()
    except OSError:  # a text that is too long for a name, or a folder that may not be entered
        return False


def is_file_name(word: str) -> bool:
    """Whether a word names a file: by its ending, a slash, or because it is there."""
    known = (*SPEC_ENDINGS, *MODEL_ENDINGS)
    return word.lower().endswith(known) or _looks_like_path(word) or _is_plain_file(word)


def check_file(word: str) -> None:
    """Raise SpecError for a file that is there but not read here, and for an address."""
    if "://" in word:
        raise SpecError(
            f"{shorten(word)} is an address: convcost reads files, not the network",
            hint="download it and name the file",
        )
    what = OTHER_ENDINGS.get(Path(word).suffix.lower())
    if what is not None:
        raise SpecError(f"{shorten(word)} is {what[0]}", hint=what[1])


def _shape(word: str) -> Shape:
    try:
        return parse_shape(word)
    except ConvcostError as problem:
        span = (0, len(word))
        raise SpecError(problem.message, text=word, span=span, hint=problem.hint) from None
