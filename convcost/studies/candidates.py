"""One candidate of a space: what is varied, built with one combination of values.

Values may be traced numbers; then the same lines record what a whole box of candidates costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from convcost.engine.shapes import Shape
from convcost.errors import OperationError, SpecError, did_you_mean
from convcost.language.building import Subject, build_chain, build_network, build_spec
from convcost.language.fields import FRAME, field_name
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import Nowhere
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import WEIGHTS_ONLY, Design, Switches
from convcost.language.values import whole
from convcost.quantities import format_shape, parse_shape
from convcost.studies.space import LONG_NAMES, Space, Value

WITHOUT_PARAMETERS = (".onnx", ".tflite", ".json", ".jsonl", ".pt", ".pth", ".h5")
"""Files that hold finished models or layers."""


class Family(NamedTuple):
    """What is varied: a layer, a design, a chain of layers or a network, with what is fixed.

    ``input`` is as typed; without channels where an axis or a setting gives ``in_channels``.
    ``name`` is what was typed, or empty where an axis names the design.
    """

    library: Library
    name: str
    layers: tuple[LayerSpec, ...] = ()
    input: Shape | None = None
    settings: Mapping[str, Any] = {}
    batch: int = 1
    switches: Switches | None = None

    def build(self, values: Mapping[str, Any]) -> Subject:
        """The candidate with these values by full names. Raises ConvcostError."""
        given = {**self.settings, **values}
        batch = whole(given.pop("batch", self.batch), "batch")
        side, channels = given.pop("input", None), given.pop("in_channels", None)
        kind = given.pop("design", None)
        dotted = {name: given.pop(name) for name in list(given) if "." in name}
        if len(self.layers) > 1 and kind is None:
            return self._chain(given, dotted, self._shape(side, channels, None), batch)
        spec = self.layers[0] if self.layers else None
        kind = self.library.proper(kind or (spec.type if spec else ""))
        design = None if kind in PRIMITIVES else self.library.find(kind)
        given = _properly(given, design)
        if spec is not None and design is not None:
            _refuse_unknown(design, given)
        shape = self._shape(side, channels, design)
        settings = {**(spec.settings() if spec else {}), **given}
        if design is not None and dotted:
            design = with_fields(design, dotted)
        elif dotted:
            raise OperationError(f"{kind} has no layers to set {next(iter(dotted))} of")
        if design is not None and (dotted or design.kind == "network"):
            made = build_network(
                self.library,
                design,
                input=shape,
                arguments=settings,
                switches=self.switches,
            )
        else:
            one = LayerSpec.model_construct(type=kind, input=shape, **settings)
            made = build_spec(self.library, one, switches=self.switches or WEIGHTS_ONLY)
        return made._replace(batch=batch)

    def _chain(
        self, given: dict[str, Any], dotted: dict[str, Any], shape: Shape | None, batch: int
    ) -> Subject:
        """Several layers in a row; only dotted axes say which one they mean."""
        names = layer_names(self.layers)
        if given:
            name = next(iter(given))
            raise OperationError(
                f"{name} does not say of which layer it is",
                hint=f"dotted: {names[0]}.{name}; the layers are {', '.join(names)}",
            )
        layers = list(self.layers)
        for path, value in dotted.items():
            name, _, field = path.rpartition(".")
            if name not in names:
                raise OperationError(f"there is no layer {name}", hint=did_you_mean(name, names))
            at = names.index(name)
            fields = {**layers[at].settings(), field_name(field): value}
            layers[at] = LayerSpec.model_construct(
                type=layers[at].type, name=name, repeat=layers[at].repeat, **fields
            )
        if shape is None:
            raise OperationError("input is missing", field="input")
        chain = [(spec, Nowhere()) for spec in layers]
        switches = self.switches or WEIGHTS_ONLY
        made = build_chain(chain, self.library, shape, 1, switches)
        return made._replace(batch=batch)

    def _shape(self, side: Any, channels: Any, design: Design | None) -> Shape | None:
        """The input: as typed, or the network's own; a number stands for all spatial axes."""
        own = design.input if design is not None else None
        if isinstance(side, str):
            side = parse_shape(side)
        if isinstance(side, tuple):
            sizes = side if channels is None else (*side, channels)
            return tuple([whole(size, "input") for size in sizes])
        spatial: Any
        if self.input is not None and channels is not None:
            spatial, last = self.input, channels
        elif self.input is not None:
            spatial, last = self.input[:-1], self.input[-1]
        else:
            spatial, last = (own[:-1], own[-1]) if own else (None, None)
            last = last if channels is None else channels
        if side is not None:
            spatial = (side,) * (2 if spatial is None else len(spatial))
        if spatial is None or last is None:
            return None
        return tuple([whole(size, "input") for size in (*spatial, last)])


def _properly(given: Mapping[str, Any], design: Design | None) -> dict[str, Any]:
    """Settings by the names of fields, but for names that are the design's own parameters."""
    own = design.parameters if design is not None else {}
    return {name if name in own else field_name(name): value for name, value in given.items()}


def _refuse_unknown(design: Design, given: Mapping[str, Any]) -> None:
    """What is varied has to be a parameter. Raises OperationError."""
    for name in given:
        if not design.accepts(name):
            raise OperationError(
                f"{design.name} has no parameter {name}",
                field=name,
                hint=did_you_mean(name, design.parameters) if design.parameters else None,
            )


def family(
    library: Library,
    word: str | None,
    space: Space,
    *,
    input: Shape | None = None,
    settings: Mapping[str, Any] | None = None,
    batch: int = 1,
    switches: Switches | None = None,
) -> Family:
    """What ``word`` (a design, a network, a path of one, a one-line spec) names.

    Raises ConvcostError where it is none of these, or where the space asks for something that
    goes with none of its candidates.
    """
    from convcost.sources.text import parse

    given = {LONG_NAMES.get(key, key): value for key, value in (settings or {}).items()}
    names = {*given, *(axis.field for axis in space.axes)}
    names |= {LONG_NAMES.get(tie.name, tie.name) for tie in space.ties}
    layers: tuple[LayerSpec, ...] = ()
    if word is not None:
        if word.endswith(".toml"):
            word = library.add_file(Path(word)).name
        if word.endswith(WITHOUT_PARAMETERS):
            raise SpecError(
                f"{word} has no parameters that could vary",
                hint="designs, networks by name and .toml files have",
            )
        layers = tuple(layer.spec for layer in parse(word))
        for spec in layers:
            kind = library.proper(spec.type)
            if kind not in PRIMITIVES:
                library.find(kind)
        if "design" in names:
            raise SpecError(f"{word} and an axis of designs: give one of them", place="--vary")
    elif "design" not in names:
        raise SpecError("nothing to vary", hint='name a design, a network or "separable 3x3"')
    made = Family(library, word or "", layers, input, given, batch, switches)
    _check_input(made, names)
    return made


def _check_input(made: Family, names: set[str]) -> None:
    """Channels come from one place."""
    shape = made.input
    if shape is None:
        return
    if "in_channels" in names and len(shape) > 2:
        raise SpecError(
            f"{format_shape(shape)} has channels, and so has in",
            hint=f"write {format_shape(shape[:-1])}",
        )
    if "in_channels" not in names and len(shape) == 2 and shape[0] == shape[1]:
        raise SpecError(
            f"{format_shape(shape)} has no channels",
            hint=f"vary or set in, or write {format_shape(shape)}x256",
        )


def resolve_axes(library: Library, space: Space) -> Space:
    """The space with files of designs known by their names, and typed shapes as sizes."""
    axes = []
    for axis in space.axes:
        values: Sequence[Value] = axis.values
        if axis.field == "design":
            values = [
                library.add_file(Path(value)).name
                if isinstance(value, str) and value.endswith(".toml")
                else value
                for value in values
            ]
            values = [library.proper(str(value)) for value in values]
            for value in values:
                if value not in PRIMITIVES:
                    library.find(str(value))
        elif axis.field == "input":
            values = [parse_shape(value) if isinstance(value, str) else value for value in values]
            values = axis.values if isinstance(axis.values, range) else values
        axes.append(axis._replace(values=values))
    return space._replace(axes=tuple(axes))


def layer_names(layers: Sequence[LayerSpec]) -> list[str]:
    """What the layers of a chain are called, as ``build_chain`` calls them."""
    kinds = [spec.type for spec in layers]
    return [
        spec.name or (f"{spec.type}{n + 1}" if kinds.count(spec.type) > 1 else spec.type)
        for n, spec in enumerate(layers)
    ]


def with_fields(design: Design, dotted: Mapping[str, Any]) -> Design:
    """A design with other values in single layers: ``stage3.groups``."""
    layers = list(design.layers)
    names = [layer.name for layer in layers]
    for path, value in dotted.items():
        name, _, field = path.partition(".")
        field = field_name(field)
        if name not in names:
            raise OperationError(
                f"{design.name} has no layer {name}", field=path, hint=did_you_mean(name, names)
            )
        layer = layers[names.index(name)]
        if "." in field or field in FRAME:
            raise OperationError(
                f"{path} cannot be varied", field=path, hint="one layer of the file, one field"
            )
        if layer.primitive is not None and field not in layer.primitive.fields:
            raise OperationError(
                f"{layer.type} has no field {field}",
                field=path,
                hint=did_you_mean(field, layer.primitive.fields),
            )
        layers[names.index(name)] = layer._replace(
            constants={**layer.constants, field: value},
            computed=tuple(pair for pair in layer.computed if pair[0] != field),
        )
    return design._replace(layers=tuple(layers))
