"""Lines of PyTorch and Keras -> layers: ``Conv2d(256, 64, kernel_size=(3, 3), padding=(1, 1))``.

What ``print(model)`` shows and what stands in code, read by Python's own parser with the
framework's own defaults: biases where the framework has them, no padding unless it is said.
Nothing is run. A class that is not in the tables and an argument that is not known are errors.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, OperationError, SpecError, nearest, shorten
from convcost.quantities import MAX_SIZE
from convcost.sources.frameworks.arguments import IDLE, NEEDED, Call
from convcost.sources.frameworks.flax import FLAX
from convcost.sources.frameworks.keras import KERAS
from convcost.sources.frameworks.keras_more import stated_input
from convcost.sources.frameworks.pytorch import TORCH
from convcost.sources.frameworks.refused import REFUSED
from convcost.sources.scanning import Token

CALLS: dict[str, Call] = {**KERAS, **TORCH}
"""Every class that is known: ``Conv2d`` is PyTorch's, ``Conv2D`` Keras'."""

CONTAINERS = ("Sequential", "ModuleList")

KERAS_MODULES = ("keras", "layers", "tf", "tfkl", "kl")
WHOLE = "count the whole model: module:factory for PyTorch, else its .onnx or .tflite file"


class Layer(NamedTuple):
    """One layer of a call: its fields, where it stands in the line, and what to say of it."""

    fields: dict[str, Any]
    span: tuple[int, int]
    notes: tuple[str, ...] = ()


def layers_of(line: str, token: Token) -> list[Layer]:
    """The layers that one call stands for. Raises SpecError at the call."""
    reader = _Reader(line, token)
    try:
        return reader.read()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        problem = ConvcostError(
            f"{shorten(token.text, 40)} is not one call in Python's syntax",
            hint="such as Conv2d(256, 64, 3, padding=1)",
        )
        span = token.span
    except ConvcostError as error:
        problem, span = error, reader.blamed or token.span
    raise SpecError(problem.message, text=line, span=span, hint=problem.hint)


def _as_python(text: str) -> str:
    """A call as it is; the lines of ``print(model)`` get the commas that they lack.

    Commas stand at the ends of lines only, so that places in the text stay.
    """
    lines = text.splitlines()
    last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
    for number, line in enumerate(lines[:last]):
        if line.strip() and not line.rstrip().endswith(("(", "[", ",")):
            lines[number] = f"{line.rstrip()},"
    return "\n".join(lines)


class _Reader:
    """One call being read; ``blamed`` is where the innermost problem stands."""

    def __init__(self, line: str, token: Token) -> None:
        self.token = token
        self.blamed: tuple[int, int] | None = None
        self._starts = [token.start]
        for text in token.text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(text))
        self._is_keras = False

    def read(self) -> list[Layer]:
        """All its layers."""
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)  # what Python only warns of is no call
            tree = ast.parse(_as_python(self.token.text), mode="eval").body
        calls = [
            _called(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
        ]
        self._is_keras = any(name in KERAS and name not in TORCH for name in calls)
        return self._layers(tree)

    def _span(self, node: ast.expr) -> tuple[int, int]:
        """Where a node stands in the line; bytes are taken for characters in other scripts."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        first = self._starts[node.lineno - 1] + node.col_offset
        return first, min(self._starts[end_line - 1] + end, self.token.end)

    def _layers(self, node: ast.expr) -> list[Layer]:
        try:
            return self._read(node)
        except ConvcostError:
            self.blamed = self.blamed or self._span(node)
            raise

    def _read(self, node: ast.expr) -> list[Layer]:
        if not isinstance(node, ast.Call):
            raise ConvcostError(f"{shorten(ast.unparse(node), 40)} is not a layer")
        if isinstance(node.func, ast.Call):  # Keras' functional way: Conv2D(64, 3)(x)
            return self._layers(node.func)
        name = _called(node.func)
        if name in CONTAINERS:
            return [layer for part in _parts_of(node, name) for layer in self._layers(part)]
        call = self._find(name, node)
        given, notes = _bound(name, call, node)
        try:
            made = call.make(given)
        except OperationError as problem:
            raise ConvcostError(f"{name}: {problem.message}", hint=problem.hint) from None
        span = self._span(node)
        return [Layer(fields, span, notes) for fields in made]

    def _find(self, name: str, node: ast.Call) -> Call:
        """The class: where both frameworks have one of its name, by its module or neighbours."""
        modules = ast.unparse(node.func).split(".")[:-1]
        keys = {word.arg for word in node.keywords}
        if name in FLAX and ("features" in keys or (modules == ["nn"] and name not in TORCH)):
            return FLAX[name]
        is_keras = bool(modules) and (modules[0] in KERAS_MODULES or modules[-1] == "layers")
        is_torch = bool(modules) and not is_keras and modules[-1] == "nn"
        first, other = (TORCH, KERAS) if is_torch else (KERAS, TORCH)
        if not is_keras and not is_torch and not self._is_keras and not keys & KERAS_ONLY:
            first, other = TORCH, KERAS
        call = first.get(name) or other.get(name)
        if call is not None:
            return call
        if name in REFUSED:
            raise ConvcostError(f"{name} {REFUSED[name][0]}", hint=REFUSED[name][1])
        close = nearest(name, CALLS, cutoff=0.75)
        raise ConvcostError(
            f"{shorten(name, 40)} is not a layer of PyTorch or Keras that is known here",
            hint=f"did you mean {close}?" if close else WHOLE,
        )


KERAS_ONLY = frozenset({"shared_axes", "filters", "strides", "use_bias", "data_format"})
"""Arguments that only Keras has."""


def _first_call(text: str) -> tuple[str, ast.Call] | None:
    """The first layer that a line calls, by its name; None where it is none."""
    from convcost.sources.scanning import parts

    try:
        words, _ = next(iter(parts(text.strip(), 0, len(text.strip()))))
        tree = ast.parse(_as_python(words[0].text), mode="eval").body
        while isinstance(tree, ast.Call):
            if isinstance(tree.func, ast.Call):
                tree = tree.func
                continue
            name = _called(tree.func)
            if name not in CONTAINERS:
                return name, tree
            tree = _parts_of(tree, name)[0]
    except (ConvcostError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # what is wrong is said where the line is read
    except (IndexError, StopIteration):
        return None
    return None


def input_of(text: str) -> tuple[int, ...] | None:
    """The input that a line of Keras says itself, without the batch: ``Input((28, 28, 1))``.

    None where there is none, or where the line is no call.
    """
    found = _first_call(text) if "nput" in text or "batch_shape" in text else None
    if found is None or found[0] not in KERAS:
        return None
    try:
        return stated_input(_bound(found[0], KERAS[found[0]], found[1])[0])
    except ConvcostError:
        return None  # said where the line is read


def reads(text: str) -> tuple[int, int] | None:
    """The spatial axes and the channels that a line of PyTorch reads first, where it says them."""
    found = _first_call(text) if "d(" in text else None
    if found is None or found[0] not in TORCH or found[0][-1:] != "d":
        return None
    try:
        given, _ = _bound(found[0], TORCH[found[0]], found[1])
    except ConvcostError:
        return None
    channels, count = given.get("in_channels"), found[0][-2]
    return (int(count), channels) if isinstance(channels, int) and count.isdigit() else None


def _called(node: ast.expr) -> str:
    """The class that is called, without the module it is in."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    raise ConvcostError(f"{shorten(ast.unparse(node), 40)} is not the name of a layer")


def _parts_of(node: ast.Call, name: str) -> list[ast.expr]:
    """The layers in a container: arguments, or one list of them."""
    kept = [word.arg for word in node.keywords if word.arg != "name"]
    if kept:
        raise ConvcostError(f"{name} has no argument {kept[0]}")
    if len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple):
        return list(node.args[0].elts)
    return list(node.args)


def _bound(name: str, call: Call, node: ast.Call) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments by name, defaults filled in; and what is to say of those that count nothing."""
    names = list(call.arguments)
    if len(node.args) > len(names):
        raise ConvcostError(
            f"{name} takes {len(names)} arguments by position, not {len(node.args)}"
        )
    given = {key: _value(arg) for key, arg in zip(names, node.args, strict=False)}
    notes: tuple[str, ...] = ()
    for word in node.keywords:
        key = word.arg or "**"
        if key == "dtype":
            kind = str(_value(word.value)).removeprefix("torch.")
            if kind not in ("float32", "None", "float"):
                notes = (f"dtype={kind} changes no count; bytes follow --dtype {kind}",)
        if key not in call.arguments and (key in call.idle or key in IDLE):
            continue
        if key not in call.arguments:
            close = nearest(key, names)
            raise ConvcostError(
                f"{name} has no argument {shorten(key, 40)}",
                hint=f"did you mean {close}?" if close else f"it has {', '.join(names)}",
            )
        if key in given:
            raise ConvcostError(f"{name}: {key} is given twice")
        given[key] = _value(word.value)
    bound = {**call.arguments, **given}
    if bound.get("data_format") not in (None, "channels_last"):
        raise ConvcostError(f"{name}: data_format={bound['data_format']!r} is not counted here")
    for key, value in bound.items():
        if value is NEEDED:
            raise ConvcostError(f"{name} needs {key}")
    return bound, notes


def _value(node: ast.expr) -> Any:
    """A literal; a bare word is a text, as ``print`` shows ``padding=same``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _called(node.func)
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        left, right = _value(node.left), _value(node.right)
        if not {type(left), type(right)} <= {int, float} or max(abs(left), abs(right)) > MAX_SIZE:
            raise ConvcostError(f"{shorten(ast.unparse(node), 40)} is not worked out here")
        if right == 0 and not isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            raise ConvcostError(f"{shorten(ast.unparse(node), 40)} divides by 0")
        return ARITHMETIC[type(node.op)](left, right)
    if isinstance(node, ast.Tuple | ast.List):
        return (
            tuple(map(_value, node.elts))
            if isinstance(node, ast.Tuple)
            else [_value(part) for part in node.elts]
        )
    return ast.literal_eval(node)


ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul},
    **{ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv},
}
"""What arguments are worked out with: ``Linear(512 * 7 * 7, 4096)``."""
