"""Designs at work: compiled layers, built on any input with any arguments.

``compiling`` has turned every field into a constant or a closure; ``Design.build`` evaluates
them in order and adds operations to a graph. It runs on symbols as on numbers.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from convcost.engine.graph import GraphBuilder
from convcost.engine.operations.base import ONE
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError, SpecError, did_you_mean
from convcost.language.arguments import NEUTRAL, argument, may_be_dropped, refuse_negative
from convcost.language.expressions import Evaluate, ExpressionError
from convcost.language.fields import FIELDS, field_name, short_of, spellings_of
from convcost.language.places import Origin
from convcost.language.primitives import (
    ACTIVATIONS,
    IN_CHANNELS,
    NORMALISATIONS,
    PRIMITIVES,
    Primitive,
    check_in_channels,
    make,
)
from convcost.language.values import choice, flag, whole

Arguments: TypeAlias = Mapping[str, Any]

MAX_NESTING = 12
"""How deep designs may contain designs; a deeper one contains itself."""

MAX_REPEAT = 10_000


class Switches(NamedTuple):
    """Whether normalisation, activation and biases that stand in a file take part."""

    norm: bool = False
    activation: bool = False
    bias: bool = False


WEIGHTS_ONLY = Switches()
EVERYTHING = Switches(norm=True, activation=True, bias=True)


class Context(NamedTuple):
    """What building needs beside the design: the graph so far and where designs come from."""

    builder: GraphBuilder
    find: Callable[[str], "Design"]
    nested: Switches
    depth: int = 0


class Parameter(NamedTuple):
    """A design's parameter; ``default`` is None where it must be given."""

    name: str
    default: Evaluate | None
    shown: str
    about: str = ""
    is_flag: bool = False


class CompiledLayer(NamedTuple):
    """One layer of a file, ready to be evaluated."""

    name: str
    type: str
    primitive: Primitive | None
    constants: dict[str, Any]
    computed: tuple[tuple[str, Evaluate], ...]
    source: tuple[str, ...] | None
    when: Evaluate | None
    repeat: int | Evaluate
    norm: str | Evaluate | None
    activation: str | Evaluate | None
    origin: Origin | None
    indexed: bool = False


class Requirement(NamedTuple):
    """What a design's parameters must fulfil, and the sentence that refuses them otherwise."""

    that: Evaluate
    otherwise: str


class Design(NamedTuple):
    """A compiled file: parameters, layers, and what it says about itself."""

    name: str
    kind: str
    family: str
    summary: str
    source: str
    input: tuple[int, ...] | None
    parameters: dict[str, Parameter]
    layers: tuple[CompiledLayer, ...]
    output: str | None
    place: str | None = None
    examples: tuple[Any, ...] = ()
    require: tuple[Requirement, ...] = ()

    def accepts(self, name: str) -> bool:
        """Whether an argument of this name has a meaning here.

        Every design takes ``bias`` for its convolutions; a network says itself where biases
        are, unless it declares such a parameter.
        """
        return self.own_name(name) is not None

    def own_name(self, name: str) -> str | None:
        """What this design calls an argument: itself, or another spelling of the field."""
        if name in self.parameters or (name == "bias" and self.kind == "design"):
            return name
        words = (*spellings_of(name), *short_of(name))
        return next((word for word in words if word in self.parameters), None)

    def unused(self, arguments: Arguments) -> tuple[str, ...]:
        """Arguments that this design fixes for itself."""
        return tuple(
            name
            for name, value in arguments.items()
            if not self.accepts(name) and name != IN_CHANNELS and NEUTRAL.get(name) != value
        )

    def bind(self, arguments: Arguments, shape: Shape) -> dict[str, Any]:
        """The scope of the file's expressions: given values, then defaults in order."""
        parameters = self.parameters
        scope: dict[str, Any] = {"in_channels": shape[-1], "bias": False}
        for name, value in arguments.items():
            own = self.own_name(name)
            if name == IN_CHANNELS:
                check_in_channels(value, shape)
            elif own is not None:
                given = argument(name, value, len(shape) - 1)
                if own not in FIELDS and not self._may_be_negative(own):
                    refuse_negative(name, given)
                scope[own] = given
            elif field_name(name) in arguments and field_name(name) != name:
                raise OperationError(f"{field_name(name)} is given twice", field=name)
            elif not may_be_dropped(name, value):
                raise OperationError(
                    f"{self.name} has no parameter {name}",
                    field=name,
                    hint=did_you_mean(name, parameters) if parameters else None,
                )
        for parameter in parameters.values():
            if parameter.name not in scope:
                if parameter.default is None:
                    raise OperationError(
                        f"{parameter.name} is missing: {self.name} needs it", field=parameter.name
                    )
                scope[parameter.name] = self._default(parameter.name, parameter.default, scope)
            elif parameter.is_flag:
                flag(scope[parameter.name], parameter.name)
        self._check_requirements(scope)
        return scope

    def _may_be_negative(self, name: str) -> bool:
        """Whether a parameter is below zero by default: no count, no size and no factor is."""
        return name in self.parameters and self.parameters[name].shown.startswith("-")

    def _check_requirements(self, scope: dict[str, Any]) -> None:
        for number, requirement in enumerate(self.require):
            try:
                holds = requirement.that(scope)
            except ExpressionError as problem:
                place = f"{self.place or f'{self.name}.toml'}: require[{number}].that"
                raise problem.at(place) from None
            if not holds:
                raise OperationError(f"{self.name}: {requirement.otherwise}")

    def _default(self, name: str, default: Evaluate, scope: dict[str, Any]) -> Any:
        try:
            return default(scope)
        except ExpressionError as problem:
            raise problem.at(f"{self.place or f'{self.name}.toml'}: parameters.{name}") from None

    def build(
        self, context: Context, tensor: int, arguments: Arguments, own: Switches, prefix: str = ""
    ) -> int:
        """Add this design's operations after ``tensor``; returns the tensor of its output."""
        if context.depth > MAX_NESTING:
            raise ConvcostError(
                f"designs are nested more than {MAX_NESTING} deep",
                hint=f"does {self.name} contain itself?",
            )
        scope = self.bind(arguments, context.builder.shapes[tensor])
        run = _Run(self, context, scope, own, prefix, tensor)
        last = tensor
        for layer in self.layers:
            last = run.layer(layer, last)
        return last if self.output is None else run.tensors[self.output]


def _evaluate(field: str, evaluate: Evaluate, scope: dict[str, Any]) -> Any:
    """The value of one key of a layer; an error learns the key."""
    try:
        return evaluate(scope)
    except ExpressionError as problem:
        problem.field = field
        raise


class _Run:
    """One pass over a design's layers: the scope, and the tensors that names stand for."""

    __slots__ = ("builder", "context", "design", "own", "prefix", "scope", "tensors")

    def __init__(
        self,
        design: Design,
        context: Context,
        scope: dict[str, Any],
        own: Switches,
        prefix: str,
        tensor: int,
    ) -> None:
        self.design = design
        self.context = context
        self.builder = context.builder
        self.scope = scope
        self.own = own
        self.prefix = prefix
        self.tensors = {"input": tensor}

    def layer(self, layer: CompiledLayer, last: int) -> int:
        """All copies of one layer; a skipped one hands on what it would have read."""
        try:
            result = self._wired(layer, last)
        except SpecError:
            raise
        except ExpressionError as problem:
            raise self._in_file(layer, problem) from None
        except ConvcostError as problem:
            if layer.origin is not None:
                raise layer.origin.error(problem) from None
            if len(self.design.layers) > 1 and isinstance(problem, OperationError):
                problem.inside = problem.inside or f"{self.prefix}{layer.name}"
            raise
        self.tensors[layer.name] = result
        return result

    def _in_file(self, layer: CompiledLayer, problem: ExpressionError) -> SpecError:
        """An expression that fails: its file, its key, and a caret in its text."""
        place = f"{self.design.name}.toml: {layer.name}"
        if layer.origin is not None:
            place = layer.origin.error(problem).place or place
        return problem.at(place)

    def _wired(self, layer: CompiledLayer, last: int) -> int:
        """Look up what the layer reads, and whether it takes part."""
        shapes = self.builder.shapes
        inputs = (last,) if layer.source is None else self._read(layer.source)
        scope = self.scope
        scope["channels"] = shapes[inputs[0]][-1]
        if layer.when is not None:
            scope["shapes_match"] = all(shapes[i] == shapes[inputs[0]] for i in inputs[1:])
            self.builder.step()
            if not _evaluate("when", layer.when, scope):
                return inputs[0]
        if not layer.indexed:
            return self._once(layer, inputs, self.prefix + layer.name)
        return self._repeated(layer, inputs)

    def _read(self, source: tuple[str, ...]) -> tuple[int, ...]:
        try:
            return tuple([self.tensors[name] for name in source])
        except KeyError as missing:
            name = str(missing.args[0])
            raise OperationError(
                f"{name} is not the name of an earlier layer",
                field="from",
                hint=did_you_mean(name, self.tensors),
            ) from None

    def _repeated(self, layer: CompiledLayer, inputs: tuple[int, ...]) -> int:
        copies = layer.repeat
        if not isinstance(copies, int):
            copies = _evaluate("repeat", copies, self.scope)
        copies = whole(copies, "repeat", least=0)
        if copies > MAX_REPEAT:
            raise OperationError(f"repeat must be at most {MAX_REPEAT}", field="repeat")
        for index in range(copies):
            self.scope["index"] = index
            self.scope["channels"] = self.builder.shapes[inputs[0]][-1]
            made = self._once(layer, inputs, f"{self.prefix}{layer.name}.{index}")
            inputs = (made, *inputs[1:])
        return inputs[0]

    def _once(self, layer: CompiledLayer, inputs: tuple[int, ...], name: str) -> int:
        self.builder.step()
        fields = layer.constants
        if layer.computed:
            fields = fields.copy()
            for key, evaluate in layer.computed:
                fields[key] = _evaluate(key, evaluate, self.scope)
        if layer.primitive is None:
            return self._nested(layer, inputs, fields, name)
        if "bias" in layer.primitive.fields:
            if "bias" not in fields:
                if self.scope["bias"]:
                    fields = {**fields, "bias": flag(self.scope["bias"], "bias")}
            elif fields["bias"] and not (self.own.bias or self.scope["bias"]):
                fields = {**fields, "bias": False}
        return self._primitive(layer, layer.primitive, inputs, fields, name)

    def _nested(
        self, layer: CompiledLayer, inputs: tuple[int, ...], fields: dict[str, Any], name: str
    ) -> int:
        ONE.check(layer.type, len(inputs))
        context = self.context
        design = context.find(layer.type)
        inner = Context(self.builder, context.find, context.nested, context.depth + 1)
        self.builder.scopes[name] = design.name
        return design.build(inner, inputs[0], fields, context.nested, f"{name}.")

    def _primitive(
        self,
        layer: CompiledLayer,
        primitive: Primitive,
        inputs: tuple[int, ...],
        fields: dict[str, Any],
        name: str,
    ) -> int:
        """One operation, and the normalisation and activation that its layer carries."""
        builder, own = self.builder, self.own
        if (primitive.switch == "norm" and not own.norm) or (
            primitive.switch == "activation" and not own.activation
        ):
            ONE.check(layer.type, len(inputs))
            return inputs[0]
        operation = make(primitive, fields, builder.shapes[inputs[0]])
        if isinstance(operation, list):
            ONE.check(layer.type, len(inputs))
            made = [builder.add(f"{name}.{i}", part, inputs) for i, part in enumerate(operation)]
            self.tensors.update({f"{layer.name}.{i}": tensor for i, tensor in enumerate(made)})
            return made[0]
        result = builder.add(name, operation, inputs)
        if own.norm and layer.norm is not None:
            result = self._follow(result, layer.norm, NORMALISATIONS, f"{name}.norm")
        if own.activation and layer.activation is not None:
            result = self._follow(result, layer.activation, ACTIVATIONS, name)
        return result

    def _follow(self, tensor: int, word: str | Evaluate, known: tuple[str, ...], name: str) -> int:
        """The normalisation or activation after a layer; the word ``none`` stands for neither."""
        if not isinstance(word, str):
            word = word(self.scope)
            if word == "none":
                return tensor
            word = choice(word, "norm" if known is NORMALISATIONS else "activation", known)
        if known is NORMALISATIONS:
            operation = PRIMITIVES[word].make({}, self.builder.shapes[tensor])
        else:
            operation = PRIMITIVES["activation"].make({"function": word}, ())
            name = f"{name}.{word}"
        assert not isinstance(operation, list)
        return self.builder.add(name, operation, (tensor,))
