"""A design file's models -> a compiled Design: constants found, expressions checked.

Everything that can be known without an input is checked here: types, fields, names, syntax.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.specs.designs import DesignFile, LayerEntry, ParameterEntry
from convcost.specs.expressions import (
    EXACT,
    Evaluate,
    ExpressionError,
    Functions,
    compile_expression,
)
from convcost.specs.layers import LayerSpec
from convcost.specs.origins import FileOrigin, Origin
from convcost.specs.primitives import ACTIVATIONS, NORMALISATIONS, PRIMITIVES, check_fields
from convcost.specs.templates import CompiledLayer, Design, Parameter
from convcost.specs.values import choice

WORDS = frozenset({"padding", "function", "mode", "norm", "activation"})
"""Fields whose text is a word (or the name of a parameter), not an expression."""

RESERVED = frozenset({"in_channels", "channels", "index", "shapes_match", "input"})
"""Names that the language gives; a parameter may not take them."""


def compile_design(
    file: DesignFile,
    name: str,
    *,
    place: str | None = None,
    functions: Functions = EXACT,
) -> Design:
    """Compile ``file``. ``place`` is the user's path, None for what is shipped."""
    parameters = {
        key: _parameter(key, entry, place or f"{name}.toml", functions)
        for key, entry in file.parameters.items()
    }
    layers = []
    for number, entry in enumerate(file.layers):
        origin = FileOrigin(place, f"layers[{number}]") if place is not None else None
        label = entry.name or f"{entry.type}{number + 1 if _recurs(entry, file.layers) else ''}"
        layers.append(compile_layer(entry, label, origin, parameters, functions))
    known = ("input", *(layer.name for layer in layers))
    if file.output is not None and file.output not in known:
        raise SpecError(f"output={file.output} is not the name of a layer", place=place)
    return Design(
        name=file.name or name,
        kind=file.kind,
        family=file.family,
        summary=file.summary,
        source=file.source,
        input=file.input,
        parameters=parameters,
        layers=tuple(layers),
        output=file.output,
        examples=tuple(file.examples),
    )


def _recurs(entry: LayerEntry, layers: Sequence[LayerEntry]) -> bool:
    """Whether an unnamed layer shares its type with another, and needs a number."""
    return sum(other.type == entry.type and other.name is None for other in layers) > 1


def _parameter(key: str, entry: Any, place: str, functions: Functions) -> Parameter:
    if key in RESERVED:
        raise SpecError(f"{key} is a reserved name", place=f"{place}: parameters.{key}")
    default, about = entry, ""
    if isinstance(entry, ParameterEntry):
        default, about = entry.default, entry.about
    if default is None:
        return Parameter(key, None, "required", about)
    try:
        value, evaluate = compile_value(key, default, (), functions)
    except ExpressionError as problem:
        raise SpecError(
            problem.message,
            text=problem.text,
            span=problem.span,
            place=f"{place}: parameters.{key}",
            hint=problem.hint,
        ) from None
    return Parameter(key, evaluate or (lambda scope: value), _shown(default), about)


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Fraction):
        return f"{float(default):g}"
    if isinstance(default, list):
        return "x".join(map(str, default))
    return str(default)


def compile_layer(
    entry: LayerEntry,
    name: str,
    origin: Origin | None,
    parameters: Iterable[str] = (),
    functions: Functions = EXACT,
) -> CompiledLayer:
    """One layer. Raises SpecError at ``origin`` for what can never work."""
    key = ""
    try:
        primitive = PRIMITIVES.get(entry.type)
        constants: dict[str, Any] = {}
        computed: dict[str, Evaluate] = {}
        for key, raw in (entry.__pydantic_extra__ or {}).items():
            value, evaluate = compile_value(key, raw, parameters, functions)
            if evaluate is None:
                constants[key] = value
            else:
                computed[key] = evaluate
        if primitive is not None:
            check_fields(entry.type, constants | computed)
        norm = _word(constants, "norm", NORMALISATIONS) if primitive else None
        activation = _word(constants, "activation", ACTIVATIONS) if primitive else None
        key = "when"
        when = compile_expression(entry.when, functions) if isinstance(entry.when, str) else None
        if entry.when is False:
            when = compile_expression("1 == 0", functions)
        key = "repeat"
        repeat: int | Evaluate = (
            compile_expression(entry.repeat, functions)
            if isinstance(entry.repeat, str)
            else entry.repeat
        )
    except ExpressionError as problem:
        located = (origin or FileOrigin(name)).error(OperationError(problem.message, field=key))
        raise SpecError(
            problem.message,
            text=problem.text,
            span=problem.span,
            place=located.place,
            hint=problem.hint,
        ) from None
    except ConvcostError as problem:
        if origin is None:
            raise
        raise origin.error(problem) from None
    source = entry.source
    return CompiledLayer(
        name=name,
        type=entry.type,
        primitive=primitive,
        constants=constants,
        computed=tuple(computed.items()),
        source=(source,) if isinstance(source, str) else tuple(source) if source else None,
        when=when,
        repeat=repeat,
        norm=norm,
        activation=activation,
        origin=origin,
        indexed="repeat" in entry.model_fields_set,
    )


def compile_settings(spec: LayerSpec, name: str, origin: Origin) -> CompiledLayer:
    """A layer that a user wrote out: all its fields are constants."""
    settings = spec.settings()
    try:
        if (primitive := PRIMITIVES.get(spec.type)) is not None:
            check_fields(spec.type, settings)
        norm = _word(settings, "norm", NORMALISATIONS) if primitive else None
        activation = _word(settings, "activation", ACTIVATIONS) if primitive else None
    except ConvcostError as problem:
        raise origin.error(problem) from None
    return CompiledLayer(
        name=name,
        type=spec.type,
        primitive=primitive,
        constants=settings,
        computed=(),
        source=None,
        when=None,
        repeat=spec.repeat or 1,
        norm=norm,
        activation=activation,
        origin=origin,
        indexed=spec.repeat is not None,
    )


def _word(constants: dict[str, Any], field: str, known: Sequence[str]) -> str | None:
    word = constants.pop(field, None)
    return None if word is None else choice(word, field, known)


def compile_value(
    field: str, raw: Any, parameters: Iterable[str], functions: Functions
) -> tuple[Any, Evaluate | None]:
    """A field as a constant (value, None) or as a function of the scope (None, evaluate)."""
    if isinstance(raw, list):
        parts = [compile_value(field, part, parameters, functions) for part in raw]
        if all(evaluate is None for _, evaluate in parts):
            return tuple(value for value, _ in parts), None
        return None, lambda scope: tuple(
            value if evaluate is None else evaluate(scope) for value, evaluate in parts
        )
    if isinstance(raw, Fraction) and raw.denominator == 1:
        return raw.numerator, None
    if not isinstance(raw, str):
        return raw, None
    if field in WORDS:
        if raw in parameters:
            return None, lambda scope: scope[raw]
        return raw, None
    return None, compile_expression(raw, functions)


def example_value(value: int | str | None) -> int | None:
    """An example's expected number; a product is worked out exactly."""
    return compile_expression(value)({}) if isinstance(value, str) else value

