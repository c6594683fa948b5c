"""Lines of PyTorch and Keras -> layers: ``Conv2d(256, 64, kernel_size=(3, 3), padding=(1, 1))``.

What ``print(model)`` shows and what stands in code, read by Python's own parser with the
framework's own defaults: biases where the framework has them, no padding unless it is said.
Nothing is run. A class that is not in the tables and an argument that is not known are errors.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

from convcost.errors import ConvcostError, OperationError, SpecError, nearest, shorten
from convcost.sources.frameworks.arguments import IDLE, NEEDED, Call, Layers
from convcost.sources.frameworks.keras import KERAS
from convcost.sources.frameworks.pytorch import TORCH
from convcost.sources.scanning import Token

CALLS: dict[str, Call] = {**KERAS, **TORCH}
"""Every class that is known: ``Conv2d`` is PyTorch's, ``Conv2D`` Keras'."""

CONTAINERS = ("Sequential", "ModuleList")


def layers_of(line: str, token: Token) -> Layers:
    """The layers that one call stands for. Raises SpecError at the call."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)  # what Python only warns of is no call
            tree = ast.parse(_as_python(token.text), mode="eval").body
        return _layers(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        problem = ConvcostError(
            f"{shorten(token.text, 40)} is not one call in Python's syntax",
            hint="such as Conv2d(256, 64, 3, padding=1)",
        )
    except ConvcostError as error:
        problem = error
    raise SpecError(problem.message, text=line, span=token.span, hint=problem.hint)


def _as_python(text: str) -> str:
    """A call as it is; the lines of ``print(model)`` get the commas that they lack."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    ends = [line if line.endswith(("(", "[", ",")) else f"{line}," for line in lines[:-1]]
    return "\n".join([*ends, *lines[-1:]])


def _layers(node: ast.expr) -> Layers:
    if not isinstance(node, ast.Call):
        raise ConvcostError(f"{shorten(ast.unparse(node), 40)} is not a layer")
    name = _called(node.func)
    if name in CONTAINERS:
        return [layer for part in _parts_of(node, name) for layer in _layers(part)]
    call = CALLS.get(name)
    if call is None:
        close = nearest(name, CALLS, cutoff=0.75)
        raise ConvcostError(
            f"{shorten(name, 40)} is not a layer of PyTorch or Keras that is known here",
            hint=f"did you mean {close}?" if close else "count the whole model: module:factory",
        )
    try:
        return call.make(_bound(name, call, node))
    except OperationError as problem:
        raise ConvcostError(f"{name}: {problem.message}", hint=problem.hint) from None


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


def _bound(name: str, call: Call, node: ast.Call) -> dict[str, Any]:
    """The arguments by name, defaults filled in."""
    names = list(call.arguments)
    if len(node.args) > len(names):
        raise ConvcostError(
            f"{name} takes {len(names)} arguments by position, not {len(node.args)}"
        )
    given = {key: _value(arg) for key, arg in zip(names, node.args, strict=False)}
    for word in node.keywords:
        key = word.arg or "**"
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
    return bound


def _value(node: ast.expr) -> Any:
    """A literal; a bare word is a text, as ``print`` shows ``padding=same``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _called(node.func)
    return ast.literal_eval(node)
