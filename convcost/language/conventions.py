"""The rules of other cost counters, as data: what stands in ``conventions/*.toml``.

A file says, for each kind of layer, which counted quantities a tool sums up, and with which
weights. Reads and checks such files; knows nothing of graphs, nor how a quantity is counted
(``studies/events.py``) or a rule is applied (``studies/conventions.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, SpecError, did_you_mean, shorten
from convcost.language.toml import read_toml

FOLDER = Path(__file__).parent.parent / "conventions"
"""The shipped rules. A user's own file stands beside them as an equal."""

QUANTITIES = (
    *("macs", "bias", "input", "output", "channels", "batch", "params", "positions", "fan_in"),
    *("fan_out", "window"),
)
"""What rules may sum up; ``studies/events.py`` counts each."""

CALCULATIONS = (
    *("calflops_same", "calflops_same_bias"),
    *("calflops_transposed", "calflops_transposed_bias"),
)
"""Quantities that one irregular tool counts in its own way; ``studies/irregular.py`` has each."""

KINDS = (
    *("conv", "conv_transpose", "deform_conv", "linear", "matmul", "attention", "embedding"),
    *("lstm", "gru", "rnn", "scale", "crop", "pixel_shuffle"),
    *("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "lrn"),
    *(
        "relu",
        "relu6",
        "hardtanh",
        "clip",
        "leaky_relu",
        "prelu",
        "elu",
        "celu",
        "selu",
        "gelu",
        "silu",
    ),
    *("mish", "sigmoid", "hard_sigmoid", "hard_swish", "tanh", "softplus", "softsign", "softmax"),
    *("log_softmax", "erf", "glu", "max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool"),
    *("adaptive_max_pool", "global_avg_pool", "global_max_pool", "mean", "reduce_mean"),
    *("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_l1", "reduce_l2"),
    *("add", "sub", "mul", "div", "pow", "sqrt", "exp", "log", "neg", "abs", "sum", "max", "min"),
    *("sin", "cos", "reciprocal", "floor", "round", "equal", "greater", "less", "where", "and"),
    *("or", "not", "concat", "slice", "split", "pad", "transpose", "reshape", "flatten"),
    *("squeeze", "unsqueeze", "expand", "tile", "gather", "cast", "shape", "identity"),
    *("channel_shuffle", "depth_to_space", "space_to_depth", "dropout", "constant"),
    *("upsample_nearest", "upsample_bilinear", "upsample_bicubic", "upsample_linear"),
    *("upsample_trilinear", "resize", "quantize_linear", "dequantize_linear", "scatter_nd"),
)
"""Kinds of layer that a rule may be for."""

TRAITS = (
    *("plain", "grouped", "word", "valid", "same", "renamed", "1d", "2d", "3d", "by size"),
    *("pointwise", "spelt"),
)
"""What may follow a kind, for a rule of its own: a norm without learned numbers (``plain``),
a padding given as the word "same" (``word``), or as "valid", one that may have been (``same``),
a convolution whose class is not called one (``renamed``) or that sees one position
(``pointwise``), the number of spatial axes, a layer that was recognised in what a file has in its
place (``spelt``)."""

LAYER = "layer"
"""In the table of functions: counted as the layer of its kind is."""


class Part(NamedTuple):
    """One summand: a weight, and a product of quantities over another."""

    key: str
    weight: Fraction
    factors: tuple[str, ...]
    divisors: tuple[str, ...]


class Rule(NamedTuple):
    """What a kind of layer adds: a sum of parts."""

    parts: tuple[Part, ...] = ()


NOTHING = Rule()


class Convention(NamedTuple):
    """One tool's rules.

    ``layers`` are for layers that are modules of the framework, ``functions`` for functions
    that are called without one (None: as the layer); ``otherwise`` and ``functions_otherwise``
    are for those that no rule names. ``derived``: whether a class made from a module of the
    framework counts as one. ``depends_on`` has a sentence for each kind whose number depends on
    how the model was written. ``reads``: the model's layers, or an ONNX file's operations.
    ``is_listed``: told where all are; else only asked for by name, and tried on a figure.
    """

    name: str
    tool: str
    version: str
    calls_it: str
    source: str
    about: str
    reads: str
    is_listed: bool
    layers: Mapping[str, Rule]
    otherwise: Rule
    functions: Mapping[str, Rule | None]
    functions_otherwise: Rule | None
    derived: bool
    depends_on: Mapping[str, str]


_TEXTS = ("name", "tool", "version", "calls_it", "source", "about")
_TABLES = ("layers", "functions", "depends_on")
_CHOICES = {
    "reads": ("layers", "operations"),
    "derived": ("layer", "function"),
    "listed": ("always", "by name"),
}


def shipped_names() -> list[str]:
    """The names of the shipped conventions."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_convention(word: str) -> Convention:
    """A shipped convention by name, or a user's file. Raises SpecError for anything else."""
    if word.endswith(".toml"):
        return load_convention(Path(word))
    path = FOLDER / f"{word}.toml"
    if not word.replace("_", "").isalnum() or not path.is_file():
        raise SpecError(
            f"there is no convention {shorten(word, 40)}",
            hint=f"{did_you_mean(word, shipped_names())} (or name a .toml file with rules)",
        )
    return load_convention(path)


def load_convention(path: Path) -> Convention:
    """The rules in one file. Raises SpecError that names the key that is wrong."""
    place = str(path)
    document = read_toml(path)
    known = (*_TEXTS, *_CHOICES, *_TABLES)
    for key in document:
        if key not in known:
            raise _wrong(place, f"a convention has no {shorten(key, 40)}", did_you_mean(key, known))
    texts = {key: _text(document, key, place) for key in _TEXTS}
    chosen = {key: _choice(document, key, choices, place) for key, choices in _CHOICES.items()}
    tables = {key: _table(document, key, place) for key in _TABLES}
    if not tables["layers"]:
        raise _wrong(place, "a convention needs rules", "add a table [layers]")
    layers = _Rules(tables["layers"], f"{place}: layers")
    functions: dict[str, Rule | None] = {
        name: None if value == LAYER else layers.rule(name, value, "functions")
        for name, value in tables["functions"].items()
    }
    for key, value in tables["depends_on"].items():
        _check_key(key, f"{place}: depends_on")
        if not isinstance(value, str):
            raise _wrong(f"{place}: depends_on.{key}", "a sentence is needed")
    return Convention(
        name=texts["name"] or path.stem,
        tool=texts["tool"] or path.stem,
        version=texts["version"],
        calls_it=texts["calls_it"] or "MACs",
        source=texts["source"],
        about=texts["about"],
        reads=chosen["reads"] or "layers",
        is_listed=chosen["listed"] != "by name",
        layers=layers.all(),
        otherwise=layers.otherwise(),
        functions={name: rule for name, rule in functions.items() if name != "otherwise"},
        functions_otherwise=functions.get("otherwise"),
        derived=(chosen["derived"] or LAYER) == LAYER,
        depends_on=tables["depends_on"],
    )


class _Rules:
    """The table of layers: each key is read once, and may refer to another key."""

    def __init__(self, table: Mapping[str, Any], place: str) -> None:
        self._table = table
        self._place = place

    def all(self) -> dict[str, Rule]:
        """A rule for each key but ``otherwise``."""
        for key in self._table:
            if key != "otherwise":
                _check_key(key, self._place)
        return {
            key: self.rule(key, value) for key, value in self._table.items() if key != "otherwise"
        }

    def otherwise(self) -> Rule:
        """The rule for kinds that none is written for."""
        return self.rule("otherwise", self._table.get("otherwise", {}))

    def rule(self, key: str, value: Any, table: str = "layers") -> Rule:
        """One rule; the name of another key stands for that key's rule."""
        place = f"{self._place.removesuffix('layers')}{table}.{key}"
        seen = {key} if table == "layers" else set()
        while isinstance(value, str):
            if value not in self._table or value in seen:
                raise _wrong(
                    place, f"there is no rule for {shorten(value, 40)}", "name a key of [layers]"
                )
            seen.add(value)
            value = self._table[value]
        if not isinstance(value, Mapping):
            raise _wrong(place, "a rule is a table of weights", "write { macs = 1, bias = 1 }")
        return Rule(tuple(_part(name, weight, place) for name, weight in value.items()))


def _part(key: str, weight: Any, place: str) -> Part:
    """``"input/batch" = 2``: the quantities of a product, and its weight."""
    first, *divisors = key.split("/")
    factors = first.split("*")
    for name in (*factors, *divisors):
        if name not in (*QUANTITIES, *CALCULATIONS):
            raise _wrong(
                place,
                f"{shorten(name, 40)} is not a counted quantity",
                did_you_mean(name, (*QUANTITIES, *CALCULATIONS)),
            )
    return Part(key, _weight(weight, f"{place}.{key}"), tuple(factors), tuple(divisors))


def _weight(weight: Any, place: str) -> Fraction:
    """A whole number, a decimal, or a fraction in quotes: 2, 0.5, "1/3"."""
    if isinstance(weight, str) and len(weight) <= 40:
        whole, slash, under = weight.partition("/")
        if whole.strip("-").isdecimal() and under.isdecimal() and slash and int(under):
            return Fraction(int(whole), int(under))
    if isinstance(weight, int | Fraction) and not isinstance(weight, bool):
        return Fraction(weight)
    raise _wrong(place, "a weight is a number", 'write 2, 0.5 or "1/3"')


def _check_key(key: str, place: str) -> None:
    kind, _, trait = key.partition(" ")
    if kind not in KINDS:
        raise _wrong(
            place, f"{shorten(kind, 40)} is not a kind of layer", did_you_mean(kind, KINDS)
        )
    if trait and trait not in TRAITS:
        raise _wrong(
            place,
            f"{shorten(trait, 40)} is nothing that a kind can be",
            did_you_mean(trait, TRAITS),
        )


def _text(document: Mapping[str, Any], key: str, place: str) -> str:
    value = document.get(key, "")
    if not isinstance(value, str):
        raise _wrong(f"{place}: {key}", f"{key} is a text")
    return value


def _choice(document: Mapping[str, Any], key: str, choices: Sequence[str], place: str) -> str:
    value = document.get(key, "")
    if value != "" and value not in choices:
        raise _wrong(
            f"{place}: {key}", f"{key} is {' or '.join(choices)}, not {shorten(str(value), 40)}"
        )
    return str(value)


def _table(document: Mapping[str, Any], key: str, place: str) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise _wrong(f"{place}: {key}", f"{key} is a table")
    return value


def _wrong(place: str, message: str, hint: str | None = None) -> ConvcostError:
    return SpecError(message, place=place, hint=hint)
