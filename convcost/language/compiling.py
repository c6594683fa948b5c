"""A design document -> a compiled Design: constants found, expressions checked.

Everything that can be known without an input is checked here: types, fields, names, syntax.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.language.expressions import (
    EXACT,
    Evaluate,
    ExpressionError,
    Functions,
    compile_expression,
)
from convcost.language.fields import PER_AXIS, field_name
from convcost.language.layers import LayerSpec
from convcost.language.places import FileOrigin, Origin
from convcost.language.primitives import (
    ACTIVATIONS,
    NORMALISATIONS,
    PRIMITIVES,
    check_fields,
    function_of,
)
from convcost.language.running import CompiledLayer, Design, Parameter, Requirement
from convcost.language.values import choice
from convcost.quantities import format_shape, parse_shape, split_sizes

WORDS = frozenset({"padding", "function", "mode", "norm", "activation", "slopes"})
"""Fields whose text is a word (or the name of a parameter), not an expression."""

LAYER_FRAME = frozenset({"type", "name", "from", "when", "repeat"})
"""Keys of a layer that say where it stands; all others are fields of its type."""

RESERVED = frozenset({"in_channels", "channels", "index", "shapes_match", "input"})
"""Names that the language gives; a parameter may not take them."""


def compile_design(
    document: Mapping[str, Any],
    name: str,
    *,
    place: str | None = None,
    functions: Functions = EXACT,
    proper: Callable[[str], str] = str,
    knows: Callable[[str], bool] = lambda name: False,
) -> Design:
    """Compile a document that ``DesignFile`` accepts.

    ``place`` is the user's path, None for what is shipped; ``proper`` gives the proper name of
    a layer type, ``knows`` says whether it is a design. Raises SpecError.
    """
    parameters: dict[str, Parameter] = {}
    for key, entry in document.get("parameters", {}).items():
        parameters[key] = _parameter(key, entry, place or f"{name}.toml", functions, parameters)
    entries = [_entry(entry, proper, knows) for entry in document["layers"]]
    unnamed = Counter(entry["type"] for entry in entries if "name" not in entry)
    layers = []
    for number, entry in enumerate(entries):
        origin = FileOrigin(place, f"layers[{number}]") if place is not None else None
        label = entry.get("name")
        if label is None:
            label = entry["type"] + (str(number + 1) if unnamed[entry["type"]] > 1 else "")
        layers.append(compile_layer(entry, label, origin, parameters, functions))
    output = document.get("output")
    if output is not None and output not in ("input", *(layer.name for layer in layers)):
        raise SpecError(f"output={output} is not the name of a layer", place=place)
    return Design(
        name=document.get("name", name),
        kind=document.get("kind", "design"),
        family=document.get("family", "user"),
        summary=" ".join(document.get("summary", "").split()),
        source=" ".join(document.get("source", "").split()),
        input=_shape(document.get("input")),
        parameters=parameters,
        layers=tuple(layers),
        output=output,
        examples=tuple(document.get("examples", ())),
        place=place,
        require=_requirements(document, place or f"{name}.toml", functions),
    )


def _entry(
    entry: Mapping[str, Any], proper: Callable[[str], str], knows: Callable[[str], bool]
) -> dict[str, Any]:
    """A layer by the proper name of its type; ``{"type": "relu"}`` is an activation."""
    kind = proper(entry["type"])
    function = None if kind in PRIMITIVES or "function" in entry else function_of(kind, knows)
    if function is None:
        return {**entry, "type": kind}
    return {**entry, "type": "activation", "function": function}


def _requirements(
    document: Mapping[str, Any], place: str, functions: Functions
) -> tuple[Requirement, ...]:
    """The conditions on the parameters. Raises SpecError at the one that is no expression."""
    made = []
    for number, entry in enumerate(document.get("require", ())):
        try:
            that = compile_expression(entry["that"], functions)
        except ExpressionError as problem:
            raise problem.at(f"{place}: require[{number}].that") from None
        made.append(Requirement(that, entry["otherwise"]))
    return tuple(made)


def _shape(value: Any) -> Shape | None:
    if value is None or isinstance(value, tuple):
        return value
    return parse_shape(value) if isinstance(value, str) else tuple(value)


def _parameter(
    key: str, entry: Any, place: str, functions: Functions, known: Collection[str]
) -> Parameter:
    if key in RESERVED:
        raise SpecError(f"{key} is a reserved name", place=f"{place}: parameters.{key}")
    default, about = entry, ""
    if isinstance(entry, dict):
        default, about = entry.get("default"), entry.get("about", "")
    if default is None:
        return Parameter(key, None, "required", about)
    is_flag = isinstance(default, bool)
    if (
        isinstance(default, str)
        and default.isidentifier()
        and default not in known
        and default not in RESERVED
    ):
        return Parameter(key, lambda scope: default, default, about)
    try:
        value, evaluate = compile_value(key, default, (), functions)
    except ExpressionError as problem:
        raise problem.at(f"{place}: parameters.{key}") from None
    return Parameter(key, evaluate or (lambda scope: value), _shown(default), about, is_flag)


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Fraction):
        return f"{float(default):g}"
    if isinstance(default, list):
        return format_shape(default)
    return str(default)


def compile_layer(
    entry: Mapping[str, Any],
    name: str,
    origin: Origin | None,
    parameters: Iterable[str] = (),
    functions: Functions = EXACT,
) -> CompiledLayer:
    """One layer. Raises SpecError at ``origin`` for what can never work."""
    key = ""
    try:
        primitive = PRIMITIVES.get(entry["type"])
        constants: dict[str, Any] = {}
        computed: dict[str, Evaluate] = {}
        for key, raw in entry.items():
            if key in LAYER_FRAME:
                continue
            field = field_name(key)
            if field in constants or field in computed:
                raise OperationError(f"{field} is given twice", field=key)
            value, evaluate = compile_value(field, raw, parameters, functions)
            if evaluate is None:
                constants[field] = value
            else:
                computed[field] = evaluate
        if primitive is not None:
            check_fields(entry["type"], constants | computed)
        norm = _follower(constants, computed, "norm", NORMALISATIONS) if primitive else None
        activation = (
            _follower(constants, computed, "activation", ACTIVATIONS) if primitive else None
        )
        key = "when"
        when = _condition(entry.get("when", True), functions)
        key = "repeat"
        repeat = entry.get("repeat", 1)
        if isinstance(repeat, str):
            repeat = compile_expression(repeat, functions)
    except ExpressionError as problem:
        located = (origin or FileOrigin(name)).error(OperationError(problem.message, field=key))
        raise problem.at(located.place) from None
    except ConvcostError as problem:
        if origin is None:
            raise
        raise origin.error(problem) from None
    source = entry.get("from")
    return CompiledLayer(
        name=name,
        type=entry["type"],
        primitive=primitive,
        constants=constants,
        computed=tuple(computed.items()),
        source=(source,) if isinstance(source, str) else tuple(source) if source else None,
        when=when,
        repeat=repeat,
        norm=norm,
        activation=activation,
        origin=origin,
        indexed="repeat" in entry,
    )


def _condition(when: bool | str, functions: Functions) -> Evaluate | None:
    if isinstance(when, str):
        return compile_expression(when, functions)
    return None if when else lambda scope: False


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


def _follower(
    constants: dict[str, Any], computed: dict[str, Evaluate], field: str, known: Sequence[str]
) -> str | Evaluate | None:
    """What follows a layer: a word, or the parameter that holds it."""
    return computed.pop(field, None) or _word(constants, field, known)


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
    if field in PER_AXIS and "*" not in raw and (sizes := split_sizes(raw)) and len(sizes) > 1:
        return tuple(map(int, sizes)), None
    if field in WORDS:
        if raw in parameters:
            return None, lambda scope: scope[raw]
        return raw, None
    return None, compile_expression(raw, functions)


def example_value(value: int | str | None) -> int | None:
    """An example's expected number; a product is worked out exactly."""
    return compile_expression(value)({}) if isinstance(value, str) else value
