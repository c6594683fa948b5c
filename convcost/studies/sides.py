"""One side of a difference: a counted network, or the saved JSON of one, in the same shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from convcost.engine.figures import FIGURES, Measured, Value
from convcost.engine.memory.fusion import ACTIVATIONS, OVER_ALL_CHANNELS
from convcost.engine.shapes import Shape
from convcost.errors import SpecError, shorten
from convcost.language.reading import decode, open_path, read_all, read_text
from convcost.quantities import UNKNOWN_SHAPE, Amount, format_shape

COUNT_SCHEMA: Final = "convcost.count/1"
COMPARED: Final = ("params", "macs", "element_ops")
"""The figures of a layer that are compared: all others follow from them and from the shapes."""

LOOKED_AT = 4096
"""How many bytes of a file are read to see whether it is a saved count."""


class Part(NamedTuple):
    """One layer. ``source``: the layer that it reads first, by its index; None for an input."""

    name: str
    type: str
    input: Shape
    output: Shape
    settings: Mapping[str, Any]
    figures: tuple[int | None, ...]
    source: int | None = None

    @property
    def family(self) -> str:
        """What people call this kind of layer: ``depthwise 3x3``, or its type."""
        kernel, groups = self.settings.get("kernel_size"), self.settings.get("groups")
        if kernel is None or groups is None:
            return self.type
        size = format_shape(kernel)
        if groups == 1:
            return f"{self.type} {size}"
        return f"{'depthwise' if groups == self.input[-1] else 'grouped'} {size}"

    def fields(self) -> dict[str, Any]:
        """Everything that can differ but the name."""
        figures = dict(zip(COMPARED, self.figures, strict=True))
        shapes = {"type": self.type, "input": self.input, "output": self.output}
        return shapes | dict(self.settings) | figures


class Side(NamedTuple):
    """What is compared. ``types`` and ``rule`` say how bytes were counted.

    ``has_folded``: its importer has seen that norms are folded into its convolutions.
    """

    name: str
    batch: int
    types: str
    rule: str
    is_partial: bool
    totals: Mapping[str, Value]
    parts: tuple[Part, ...]
    has_folded: bool = False


def part_of(
    name: str,
    type: str,
    shapes: tuple[Shape, Shape],
    settings: Mapping[str, Any],
    figures: tuple[int | None, ...],
    source: int | None,
) -> Part:
    """A layer by the words of convcost: an exporter's ``Relu`` is an activation, too."""
    plain = type.lower().replace("_", "")
    if plain in ACTIVATIONS | OVER_ALL_CHANNELS:
        function = str(settings.get("function", plain)).lower().replace("_", "")
        type, settings = "activation", {"function": FUNCTIONS.get(function, function)}
    return Part(name, type, *shapes, settings, figures, source)


FUNCTIONS = {"clip": "relu6", "clamp": "relu6", "hardtanh": "relu6", "logistic": "sigmoid"}
FUNCTIONS |= {"swish": "silu"}
"""Names of one function in several frameworks: ONNX and PyTorch spell ReLU6 as a clip."""


def side_of(name: str, measured: Measured, notes: Sequence[str] = ()) -> Side:
    """A counted network; ``notes`` are what its importer says of it."""
    counted = measured.counted
    first = len(counted.graph.inputs)
    parts = []
    for row in counted.rows:
        reads = row.node.inputs[0] - first if row.node.inputs else -1
        parts.append(
            part_of(
                row.name,
                row.type,
                (row.inputs[0] if row.inputs else (), row.node.output),
                row.settings,
                (None,) * len(COMPARED) if row.cost is None else tuple(row.cost),
                reads if reads >= 0 else None,
            )
        )
    rule = measured.execution.rule
    return Side(
        name,
        counted.batch,
        "file" if measured.has_own_types else measured.execution.types.name,
        _rule(rule.fused, rule.in_place, rule.planner),
        bool(counted.uncounted),
        {key: figure.total(measured) for key, figure in FIGURES.items()},
        tuple(parts),
        any(map(is_on_folding, notes)),
    )


def is_on_folding(note: str) -> bool:
    """Whether an importer's note says that norms are folded into convolutions."""
    from convcost.sources.onnx.notes import FOLDED

    return note.startswith(FOLDED)


def _rule(fused: bool, in_place: tuple[str, ...], planner: str) -> str:
    words = [] if fused else ["unfused"]
    words += [f"{kind} in place" for kind in sorted(in_place)]
    words += [] if planner == "live" else [f"planner {planner}"]
    return ", ".join(words) or "fused"


def piped(word: Any, stdin: BinaryIO | None) -> bytes | None:
    """All that a pipe gives that a word names (``-``, ``<(command)``); None for other words."""
    if word == "-":
        if stdin is None:
            raise SpecError("standard input is closed", place="-")
        return read_all(stdin, "stdin")
    if isinstance(word, str) and word and Path(word).is_fifo():
        with open_path(Path(word)) as stream:
            return read_all(stream, word)
    return None


def is_saved(word: Any, data: bytes | None = None) -> bool:
    """Whether a word names a file that ``count --format json`` wrote, or a pipe gave such."""
    if data is not None:
        return COUNT_SCHEMA.encode() in data[:LOOKED_AT]
    if not isinstance(word, str) or not word.lower().endswith(".json"):
        return False
    path = Path(word)
    if not path.is_file():
        return False
    with open_path(path) as stream:
        return COUNT_SCHEMA.encode() in stream.read(LOOKED_AT)


def read_saved(word: str, data: bytes | None = None) -> Side:
    """A saved count, of a file or of a pipe. Raises SpecError with the key that is wrong."""
    word = "stdin" if word == "-" else word
    try:
        document = json.loads(read_text(Path(word)) if data is None else decode(data, word))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise SpecError("not valid JSON", place=f"{word}:{line}" if line else word) from None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list) or not results:
        raise SpecError("there is no result in it", place=word)
    if len(results) > 1:
        raise SpecError(
            f"there are {len(results)} results in it",
            place=word,
            hint="save one: convcost count NETWORK --format json",
        )
    try:
        return _side(results[0])
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        detail = f"{error.args[0]} is missing" if isinstance(error, KeyError) else "a key is wrong"
        raise SpecError(
            f"not a saved count: {shorten(detail)}",
            place=word,
            hint="convcost count NETWORK --format json writes one, whole",
        ) from None


def _side(result: dict[str, Any]) -> Side:
    memory = result["memory"]
    rule = memory["rule"]
    is_partial = result["status"] == "partial"
    totals: dict[str, Value] = {}
    for key, figure in FIGURES.items():
        value = result.get(key)
        if value is None:
            totals[key] = None
        elif figure.unit == "shape":
            totals[key] = tuple(map(_whole, value))
        elif figure.unit == "ratio":
            totals[key] = _ratio(result, value)
        else:
            totals[key] = Amount(_whole(value), is_partial)
    return Side(
        str(result["name"]),
        _whole(result["batch"]),
        str(memory["dtype"]),
        _rule(rule["fused"], tuple(rule["in_place"]), rule["planner"]),
        is_partial,
        totals,
        tuple(_parts(result["layers"])),
        any(is_on_folding(str(note)) for note in result.get("notes", ())),
    )


def _ratio(result: dict[str, Any], value: Any) -> Fraction:
    """MACs for each byte, exactly: JSON has it as a decimal. Any other ratio as it stands."""
    exact = Fraction(_whole(result["macs"]), _whole(result["bytes"]))
    return exact if float(exact) == value else Fraction(str(value))


def _shape(sizes: list[Any] | None) -> Shape:
    return UNKNOWN_SHAPE if sizes is None else tuple(map(_whole, sizes))


def _parts(layers: list[dict[str, Any]]) -> list[Part]:
    own = {"name", "input_bytes", "output_bytes", "type", "input", "output", *FIGURES}
    parts: list[Part] = []
    for index, layer in enumerate(layers):
        shape = _shape(layer["input"])
        # A saved count does not keep the wiring: a layer reads the one before where that fits.
        source = index - 1 if parts and parts[-1].output == shape else None
        figures = tuple(layer[key] for key in COMPARED)
        if not all(value is None or type(value) is int for value in figures):
            raise TypeError
        parts.append(
            part_of(
                str(layer["name"]),
                str(layer["type"]),
                (shape, _shape(layer["output"])),
                {key: _frozen(value) for key, value in layer.items() if key not in own},
                figures,
                source,
            )
        )
    return parts


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
