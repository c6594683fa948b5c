"""Words of a command -> what each stands for, by its look alone.

56x56x256   an input shape           specs.json, -        a file, standard input
resnet50    a design or network      conv 3x3 64          a layer, or layers with commas
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.library import Library
from convcost.language.names import ALIASES, proper_name
from convcost.language.primitives import ACTIVATIONS, NORMALISATIONS, PRIMITIVES
from convcost.language.words import is_number, is_sizes
from convcost.quantities import looks_like_shape, parse_shape, split_sizes

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
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def classify(words: Sequence[Any], library: Library, *, has_settings: bool = False) -> Words:
    """Tell shapes, files, names and texts apart. Raises SpecError.

    ``has_settings``: options describe a layer, so that ``conv`` alone is a name.
    """
    input: Shape | None = None
    found: list[Word] = []
    bare: list[str] = []
    notes: list[str] = []
    for index, word in enumerate(words):
        if not isinstance(word, str):
            found.append(Word("", "given", word))
            continue
        if input is None and not found:
            _refuse_typos(word)
        if _is_shape(word, words[index + 1 :]):
            if input is None:
                input = _shape(word)
            else:
                bare.append(word)
            continue
        if input is not None and (bare or found) and _belongs_to_layer(word, library):
            bare.append(word)
            continue
        if (names := _several(word, library)) is not None:
            found += [Word(name, "name") for name in names]
            continue
        key = _source(word, library, has_settings)
        if key == "name" and word not in PRIMITIVES and _is_plain_file(word):
            notes.append(f"{word} is the network or design; the file here is ./{word}")
        found.append(Word(word, key))
    settings: dict[str, Any] = {}
    if bare and input is not None:  # conv 3x3 64 without quotes: a type and its sizes
        _refuse_followers(found, bare)
        found = [_named(word, library) for word in found]
        if len(found) == 1 and found[0].source == "text" and not _is_text(found[0].text):
            line = " ".join([found[0].text, *bare])  # MBConv6 3x3 64, conv64 3x3
            return Words(input, (Word(line, "text"),), {}, tuple(notes))
        settings, more = _bare_settings(found, bare, len(input) - 1, library)
        notes += more
    return Words(input, tuple(found), settings, tuple(notes))


def _belongs_to_layer(word: str, library: Library) -> bool:
    """Whether ``s2`` or ``same`` says more of the layer whose sizes came before."""
    from convcost.sources.glued import may_follow

    return may_follow(word) and not library.knows(word)


def _refuse_typos(word: str) -> None:
    """Raise SpecError for what was meant as a shape and is none, and for two shapes in one."""
    from convcost.sources.shapes import two_shapes, why_no_shape

    both = two_shapes(word)
    if both is not None:
        raise both
    why = why_no_shape(word)
    if why is not None:
        raise SpecError(
            f"{shorten(word)} is not a shape: {why}",
            hint="write sizes joined by x, channels last: 56x56x256",
        )


def _several(word: str, library: Library) -> list[str] | None:
    """Networks joined by commas: no chain of layers has two of them."""
    if "," not in word or "(" in word or len(word) > 1000:
        return None
    names = [name.strip() for name in word.split(",")]
    is_network = all(library.knows(name) for name in names) and all(
        library.find(name).kind == "network" for name in names
    )
    return names if is_network else None


def _refuse_followers(found: Sequence[Word], bare: Sequence[str]) -> None:
    """Raise SpecError for ``conv 3x3 64 relu`` without quotes: which of them would relu follow?"""
    for before, word in pairwise(found):
        functions = (*ACTIVATIONS, *NORMALISATIONS)
        if word.source == "text" and proper_name(word.text, functions) is not None:
            line = " ".join([before.text, *bare, word.text])
            raise SpecError(f"{word.text} is not read apart from its layer", hint=f'write "{line}"')


def _bare_settings(
    found: Sequence[Word], bare: Sequence[str], axes: int, library: Library
) -> tuple[dict[str, Any], list[str]]:
    """What bare words after the shape set, by the rules of a line: ``resblock 64``."""
    from convcost.sources.bare import is_kernel
    from convcost.sources.oneline import Words as Line
    from convcost.sources.scanning import tokens

    fitting = (1, 2, 3) if axes == 3 else (1, axes)  # four sizes may begin with a batch
    for word in bare:
        if (sizes := split_sizes(word)) is not None and len(sizes) not in fitting:
            raise SpecError("two input shapes", place=shorten(word, 72), hint="give one")
    named = [word.text for word in found if word.source == "name"]
    kind = named[0] if named and len(found) == 1 else "standard"
    line = " ".join([kind, *bare])
    reader = Line(line, list(tokens(line, 0, len(line))), library.is_own, axes)
    fields, _ = reader.read()
    fields.pop("type", None)
    if not named and set(fields) == {"out_channels"} and is_kernel(kind, fields["out_channels"]):
        fields = {"kernel_size": fields["out_channels"]}  # compare 56x56x256 3 --out 64
        reader.notes.clear()
    if "repeat" in fields:
        raise SpecError("repeat is not read here", place=line, hint=f'write "{line}"')
    return fields, reader.notes


def _named(word: Word, library: Library) -> Word:
    """A bare layer type is a name where sizes for it stand apart."""
    is_type = word.source == "text" and library.proper(word.text) in PRIMITIVES
    return word._replace(source="name") if is_type else word


def _is_shape(word: str, rest: Sequence[Any]) -> bool:
    """Whether a word is sizes; ``1x1`` is the design unless a number follows it."""
    if not looks_like_shape(word):
        return False
    return word not in ALIASES or (bool(rest) and is_number(str(rest[0])))


def _source(word: str, library: Library, has_settings: bool) -> SourceKey:
    if "://" in word:
        return "specs"
    if _may_be_code(word) and is_torch_word(word):
        return "torch"
    ending = Path(word).suffix.lower() if len(word) < 1000 and "\0" not in word else ""
    if ending in MODEL_ENDINGS and not _is_text(word):
        return MODEL_ENDINGS[ending]
    if word in (".", "..") or (word[-1:] == "/" and not _is_text(word)):
        return "specs"  # a folder, which opening it says
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
