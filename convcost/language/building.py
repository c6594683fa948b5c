"""Specs -> engine graphs. The one door between what users write and what is counted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from convcost.engine.graph import Graph, GraphBuilder
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.names import axes_in_name, proper_name
from convcost.language.places import Nowhere, Origin
from convcost.language.primitives import (
    ACTIVATIONS,
    PRIMITIVES,
    check_fields,
    function_of,
    make,
)
from convcost.language.running import (
    EVERYTHING,
    WEIGHTS_ONLY,
    Context,
    Design,
    Switches,
)


class Parameters(NamedTuple):
    """What a framework says of the parameters: those that learn, those that do not, and by name
    those that no operation read (not counted)."""

    trainable: int
    frozen: int
    idle: Mapping[str, int] = MappingProxyType({})


class Subject(NamedTuple):
    """Something to count: a graph, what people call it, and what was asked of it.

    ``notes`` are sentences that a reader of its numbers should see; ``parameters`` is what a
    framework knows of them beside their number.
    """

    name: str
    graph: Graph
    batch: int = 1
    design: str | None = None
    arguments: Mapping[str, Any] = MappingProxyType({})
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parameters: Parameters | None = None


def build_spec(
    library: Library,
    spec: LayerSpec,
    origin: Origin | None = None,
    *,
    input: Shape | None = None,
    batch: int | None = None,
    switches: Switches = WEIGHTS_ONLY,
) -> Subject:
    """One layer or design on its input; ``input`` is used where the spec has none."""
    origin = origin or Nowhere()
    spec = properly(library, spec)
    shape = spec.input or input
    try:
        if shape is None:
            raise OperationError("input is missing", field="input", hint=NEEDS_INPUT)
        settings = spec.settings()
        builder = GraphBuilder(shape)
        primitive = PRIMITIVES.get(spec.type)
        unused: tuple[str, ...] = ()
        if spec.repeat is not None:
            return build_chain([(spec, origin)], library, shape, batch, switches)
        if primitive is not None:
            check_fields(spec.type, settings)
            if primitive.followed and ("norm" in settings or "activation" in settings):
                return build_chain([(spec, origin)], library, shape, batch, switches)
            operation = make(primitive, settings, shape)
            if isinstance(operation, list) or operation.reads.fewest > 1:
                raise OperationError(f"{spec.type} stands only inside a design", field="type")
            tensor = builder.add(spec.type, operation, (0,))
        else:
            design = library.find(spec.type)
            context = Context(builder, library.find, switches)
            tensor = design.build(context, 0, settings, switches)
            unused = design.unused(settings)
    except SpecError:
        raise
    except ConvcostError as problem:
        raise origin.error(problem) from None
    name = spec.name or label(spec)
    batch = batch or spec.batch or 1
    graph = builder.finish(tensor)
    return Subject(name, graph, batch, spec.type, settings, unused, remarks(graph))


def remarks(graph: Graph) -> tuple[str, ...]:
    """What the operations of a graph leave apart, each sentence once."""
    found = (node.operation.note for node in graph.nodes)
    return tuple(dict.fromkeys(note for note in found if note))


NEEDS_INPUT = "say what it is applied to, such as 56x56x256 (height, width, channels)"


def properly(library: Library, spec: LayerSpec) -> LayerSpec:
    """The spec with the proper name of its type: ``conv2d`` is ``conv``, ``relu`` an activation."""
    name = library.proper(spec.type)
    if name == spec.type:
        function = None if name in PRIMITIVES else function_of(name, library.knows)
        extra = spec.__pydantic_extra__ or {}
        if function is None or "function" in extra:
            return spec
        return spec.model_copy(update={"type": "activation", "function": function})
    changes: dict[str, Any] = {"type": name}
    count = axes_in_name(spec.type)
    if count is not None and isinstance(spec.kernel_size, int):
        changes["kernel_size"] = (spec.kernel_size,) * count
    return spec.model_copy(update=changes)


def with_bias(library: Library, spec: LayerSpec, bias: bool | None) -> LayerSpec:
    """The spec with biases as a switch says; on, a layer that says something itself keeps it.

    Its type gets its proper name.
    """
    spec = properly(library, spec)
    if bias is None or (bias and spec.bias is not None):
        return spec
    primitive = PRIMITIVES.get(spec.type)
    if primitive is not None:
        takes_bias = "bias" in primitive.fields
    else:
        takes_bias = library.knows(spec.type) and library.find(spec.type).accepts("bias")
    if not takes_bias:
        return spec
    return spec.model_copy(update={"bias": bias})


def label(spec: LayerSpec, proper: Callable[[str], str] = str) -> str:
    """What a layer without a name is called: its type, of an activation the function."""
    kind = proper(spec.type)
    function = spec.settings().get("function") if kind == "activation" else None
    return function if isinstance(function, str) else proper_name(kind, ACTIVATIONS) or kind


def build_chain(
    layers: Sequence[tuple[LayerSpec, Origin]],
    library: Library,
    input: Shape,
    batch: int | None,
    switches: Switches,
) -> Subject:
    """Layers one after the other. What a user wrote out takes part; ``switches`` rule designs."""
    from convcost.language.compiling import compile_settings

    layers = [(properly(library, spec), origin) for spec, origin in layers]
    kinds = [label(spec) for spec, _ in layers]
    times = Counter(kinds)
    compiled = tuple(
        compile_settings(
            spec,
            spec.name or (f"{kinds[n]}{n + 1}" if times[kinds[n]] > 1 else kinds[n]),
            origin,
        )
        for n, (spec, origin) in enumerate(layers)
    )
    chain = Design("chain", "design", "", "", "", None, {}, compiled, None)
    builder = GraphBuilder(input)
    tensor = chain.build(Context(builder, library.find, switches), 0, {}, EVERYTHING)
    batch = batch or next((spec.batch for spec, _ in layers if spec.batch), None) or 1
    first = layers[0][0]
    graph = builder.finish(tensor)
    name = first.name or first.type
    return Subject(name, graph, batch, first.type, notes=remarks(graph))


def build_network(
    library: Library,
    design: Design,
    *,
    input: Shape | None = None,
    batch: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    switches: Switches | None = None,
    own: Switches | None = None,
    origin: Origin | None = None,
) -> Subject:
    """A design or network file on its own input, or on a given one.

    ``switches`` of None means the kind's own: networks are counted with everything that stands
    in the file, designs by their weights. ``own`` overrules them for the file's own layers.
    """
    shape = input or design.input
    given = dict(arguments or {})
    origin = origin or Nowhere()
    if switches is None:
        switches = EVERYTHING if design.kind == "network" else WEIGHTS_ONLY
    try:
        if shape is None:
            raise OperationError(
                f"{design.name} has no input of its own", field="input", hint=NEEDS_INPUT
            )
        builder = GraphBuilder(shape)
        tensor = design.build(Context(builder, library.find, switches), 0, given, own or switches)
    except SpecError:
        raise
    except ConvcostError as problem:
        raise origin.error(problem) from None
    unused = design.unused(given)
    graph = builder.finish(tensor)
    notes = remarks(graph)
    return Subject(design.name, graph, batch or 1, design.name, given, unused, notes)
