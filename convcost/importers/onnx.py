"""ONNX files -> engine graphs, through the ``onnx`` package, without weights.

Only the model's structure is read: external data may be absent, and large inline weights are
dropped before shapes are inferred. Parameters are the initialisers that layers read, each
counted once, at the first layer that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from convcost.engine.graph import MAX_NODES, Graph, GraphBuilder, Node
from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import Foreign, Reusing
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, MissingExtraError, SpecError, did_you_mean, shorten
from convcost.importers.layout import CHANNELS_FIRST, Layouts
from convcost.importers.vocabulary import TYPES, VOCABULARY
from convcost.quantities import MAX_SIZE, format_shape
from convcost.specs.building import Subject
from convcost.specs.expressions import Evaluate

LARGEST_KEPT = 4096
"""Initialisers with more values than this are weights, never shapes; their data is dropped."""

MAX_BYTES = 2**31 - 1
"""The protobuf limit on a file."""


def read_onnx(
    path: Path,
    *,
    batch: int | None = None,
    inputs: Mapping[str, Shape] | None = None,
    costs: Mapping[str, Evaluate] | None = None,
) -> Subject:
    """Read a model and cost every node.

    ``batch`` fills a free first dimension (1 where None); ``inputs`` maps an input's name (""
    for the only one) to its shape, channels last; ``costs`` gives MACs of operations that are
    not known, as expressions over ``out`` and ``input`` (numbers of values). Raises SpecError
    for a file that is not a usable model.
    """
    onnx = _onnx()
    place = str(path)
    model = _load(onnx, path)
    own = _fix_inputs(model, place, batch, dict(inputs or {}))
    model = _infer(onnx, model, place)
    subject = _Reader(onnx, model, place, own, costs or {}).subject(path.stem)
    return subject if batch in (None, own) else _for_batch(subject, own, batch or own)


def _for_batch(subject: Subject, own: int, batch: int) -> Subject:
    """A model with a fixed batch, counted for another one: work is linear in it."""
    nodes = []
    for node in subject.graph.nodes:
        operation = node.operation
        if isinstance(operation, Foreign):
            work = (operation.macs * batch, operation.element_ops * batch)
            if any(amount % own for amount in work):
                raise ConvcostError(f"{node.name} cannot be counted for a batch of {batch}")
            operation = replace(operation, macs=work[0] // own, element_ops=work[1] // own)
        nodes.append(node._replace(operation=operation))
    return subject._replace(graph=subject.graph._replace(nodes=tuple(nodes)), batch=batch)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("reading .onnx files", "onnx", "onnx") from None
    return onnx


def _load(onnx: Any, path: Path) -> Any:
    """The protobuf, checked for what later steps rely on."""
    from convcost.specs.reading import open_path

    place = str(path)
    with open_path(path) as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SpecError("the file is larger than protobuf allows", place=place)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's errors share no public class
        raise SpecError(
            "not an ONNX model, or a truncated one", place=place, hint=shorten(str(error), 70)
        ) from None
    if not model.graph.node:
        raise SpecError("the model has no nodes", place=place)
    if len(model.graph.node) > MAX_NODES:
        raise SpecError(f"the model has more than {MAX_NODES:,} nodes", place=place)
    if model.functions:
        from onnx import inliner

        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:
            raise SpecError(
                "local functions cannot be inlined", place=place, hint=shorten(str(error), 70)
            ) from None
    for tensor in model.graph.initializer:
        if product(tensor.dims) > LARGEST_KEPT:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
    return model


def _fix_inputs(model: Any, place: str, batch: int | None, given: dict[str, Shape]) -> int:
    """Write numbers into the free dimensions of the inputs; returns the batch."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if not inputs:
        raise SpecError("the model has no input", place=place)
    if "" in given:
        given[inputs[0].name] = given.pop("")
    for name in given:
        if name not in {value.name for value in inputs}:
            raise SpecError(
                f"the model has no input {shorten(name, 40)}",
                place=place,
                hint=did_you_mean(name, [value.name for value in inputs]),
            )
    free = None
    changed = False
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        if not value.type.tensor_type.HasField("shape"):
            raise SpecError(f"the input {shorten(value.name, 40)} has no shape", place=place)
        if value.name in given:
            changed |= _set_shape(value.name, dims, given[value.name], place)
        if len(dims) > 1 and not dims[0].dim_value:
            changed = True
            dims[0].dim_value = batch or 1
        _check_dims(value.name, dims, place)
        free = free or (dims[0].dim_value if len(dims) > 1 else 1)
    if changed:
        for output in model.graph.output:
            for dim in output.type.tensor_type.shape.dim:
                dim.Clear()
        del model.graph.value_info[:]
    return free or 1


def _set_shape(name: str, dims: Any, shape: Shape, place: str) -> bool:
    """A channels-last shape without batch into an input's dimensions, in the model's order."""
    if len(dims) != len(shape) + 1:
        raise SpecError(
            f"the input {name} has {len(dims)} dimensions, {format_shape(shape)} gives "
            f"{len(shape) + 1} with the batch",
            place=place,
        )
    *spatial, channels = shape
    fixed = [dim.dim_value for dim in dims]
    channels_last = fixed[-1] == channels and fixed[1] != channels
    order = list(shape) if channels_last or len(dims) < 3 else [channels, *spatial]
    sizes = [fixed[0] or 0, *order]
    changed = sizes != fixed
    for dim, size in zip(dims[1:], order, strict=True):
        dim.dim_value = size
    return changed


def _check_dims(name: str, dims: Any, place: str) -> None:
    unknown = [dim.dim_param or str(i) for i, dim in enumerate(dims) if not dim.dim_value]
    if unknown:
        raise SpecError(
            f"the input {shorten(name, 40)} has free dimensions: {shorten(', '.join(unknown), 60)}",
            place=place,
            hint=f"give its shape, channels last: --input {shorten(name, 40)}=224x224x3",
        )
    for dim in dims:
        if not 0 < dim.dim_value <= MAX_SIZE:
            raise SpecError(
                f"the input {shorten(name, 40)} has a dimension of {dim.dim_value}", place=place
            )


def _infer(onnx: Any, model: Any, place: str) -> Any:
    """The model with the shapes of all tensors, as far as inference finds them."""
    known = {value.name for value in (*model.graph.value_info, *model.graph.output)}
    if all(output in known for node in model.graph.node for output in node.output if output):
        return model
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # several classes, none of them documented
        raise SpecError(
            "shapes cannot be inferred", place=place, hint=shorten(str(error), 70)
        ) from None


class _Reader:
    """One pass over the nodes, in the file's order."""

    def __init__(
        self, onnx: Any, model: Any, place: str, batch: int, costs: Mapping[str, Evaluate]
    ) -> None:
        self._model = model
        self._place = place
        self._batch = batch
        self._costs = costs
        self._attribute = onnx.helper.get_attribute_value
        graph = model.graph
        self._weights = {t.name: tuple(t.dims) for t in graph.initializer}
        self._types = {t.name: t.data_type for t in graph.initializer}
        self._roots: dict[str, tuple[str, ...]] = {name: (name,) for name in self._weights}
        self._constants: set[str] = set()
        self._shapes: dict[str, tuple[int, ...]] = dict(self._weights)
        for value in (*graph.input, *graph.value_info, *graph.output):
            tensor = value.type.tensor_type
            self._types.setdefault(value.name, tensor.elem_type)
            if tensor.HasField("shape"):
                dims = tuple(dim.dim_value for dim in tensor.shape.dim)
                if all(dims) or not dims:
                    self._shapes.setdefault(value.name, dims)
        self._floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
        self._floats |= {onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16}
        self._counted: set[str] = set()
        self._renamed: set[str] = set()
        self._aliases: set[str] = set()
        self._layouts = Layouts(batch)

    def subject(self, name: str) -> Subject:
        """The graph, with notes on what a reader of the numbers has to know."""
        graph = self._model.graph
        inputs = [value.name for value in graph.input if value.name not in self._weights]
        builder = GraphBuilder(*[self._engine_shape(name) for name in inputs])
        tensors = {name: index for index, name in enumerate(inputs)}
        produced = {*inputs, *self._weights, ""}
        for node in graph.node:
            for read in node.input:
                if read not in produced:
                    raise SpecError(
                        f"{shorten(_name(node), 40)} reads {shorten(read, 40)} before it is made",
                        place=self._place,
                        hint="the graph is not in order, or has a cycle",
                    )
            produced.update(node.output)
            self._node(builder, tensors, node)
        missing = [value.name for value in graph.output if value.name not in produced]
        if missing:
            raise SpecError(
                f"nothing makes the output {shorten(missing[0], 40)}", place=self._place
            )
        outputs = [tensors[v.name] for v in graph.output if v.name in tensors] or [0]
        finished = builder.finish(*outputs)._replace(is_flat=True)
        return Subject(name, finished, self._batch, notes=tuple(self._notes(finished)))

    def _notes(self, graph: Graph) -> list[str]:
        ops = [node.op_type for node in self._model.graph.node]
        notes = []
        convolutions = [n.operation for n in graph.nodes if n.operation.type == "conv"]
        biased = sum(getattr(operation, "bias", False) for operation in convolutions)
        if "BatchNormalization" not in ops and biased > 1:
            notes.append(
                f"no batch norms and {biased} convolutions with a bias: an exporter folded the "
                "norms in, so parameters differ from the paper's"
            )
        if self._aliases:
            extra = sum(
                product(self._weights[root]) for name in self._aliases for root in self._roots[name]
            )
            notes.append(
                f"{len(self._aliases)} parameter tensors are read through Identity, as equal "
                f"ones are merged by exporters: counted once ({extra:,} more if each is its own)"
            )
        return notes

    def _engine_shape(self, name: str) -> Shape:
        return self._layouts.shape(name, self._shapes.get(name, ()))

    def _node(self, builder: GraphBuilder, tensors: dict[str, int], node: Any) -> None:
        """One node: its operation, its place in the graph, and what follows for constants."""
        self._layouts.follow(node, self._attributes(node))
        data = [name for name in node.input if name in tensors]
        if not data and node.op_type in VOCABULARY:
            self._fold(node)
            return
        operation = self._operation(node)
        reads = tuple(tensors[name] for name in dict.fromkeys(data))
        if node.op_type in CHANNELS_FIRST and data[0] in self._shapes:
            # The operation itself says how its input is laid out, whatever was guessed.
            builder.relabel(tensors[data[0]], self._layouts.first(self._shapes[data[0]]))
        outputs = [name for name in node.output if name] or [""]
        for index, name in enumerate(outputs):
            label = _name(node) if index == 0 else f"{_name(node)}.{index}"
            made = operation if index == 0 else Foreign(operation.type, "free")
            tensors[name] = builder.add_as(Node(label, made, (), self._engine_shape(name)), reads)

    def _fold(self, node: Any) -> None:
        """A node that only computes from constants: what it makes stands for their weights."""
        roots = dict.fromkeys(root for name in node.input for root in self._roots.get(name, ()))
        if node.op_type == "Constant" and node.output:
            name = node.output[0]
            self._constants.add(name)
            self._weights[name] = self._shapes.get(name, ())
            roots = {name: None}
        for name in node.output:
            self._roots[name] = tuple(roots)
            if len(roots) == 1:
                self._types.setdefault(name, self._types.get(next(iter(roots)), 0))
            if node.op_type == "Identity" and any(map(self._is_parameter, roots)):
                self._renamed.add(name)

    def _attributes(self, node: Any) -> dict[str, Any]:
        return {a.name: self._attribute(a) for a in node.attribute if a.type not in (5, 10)}

    def _operation(self, node: Any) -> Operation:
        role = VOCABULARY.get(node.op_type)
        if node.domain not in ("", "ai.onnx") and node.op_type != "SimplifiedLayerNormalization":
            role = None
        known = [name for name in node.output if name] or [""]
        if role is None or (role != "free" and known[0] not in self._shapes):
            return self._unknown(node)
        handler: Callable[[Any], Operation] = getattr(self, f"_{role}")
        if role not in ("free", "embedding") and self._is_plumbing(node):
            return Foreign(TYPES.get(node.op_type, node.op_type), "free")
        try:
            return handler(node)
        except (KeyError, IndexError, ValueError):
            return self._unknown(node)

    def _unknown(self, node: Any) -> Operation:
        evaluate = self._costs.get(node.op_type)
        if evaluate is None:
            return Foreign(node.op_type, "unknown")
        scope = {
            "out": sum(self._size(name) for name in node.output),
            "input": sum(self._size(name) for name in node.input),
            "params": self._params(node),
        }
        macs = evaluate(scope)
        if type(macs) is not int or macs < 0:
            raise ConvcostError(f"the cost of {node.op_type} must be a whole number, not {macs}")
        return Foreign(node.op_type, "macs", params=scope["params"], macs=macs)

    def _is_plumbing(self, node: Any) -> bool:
        """Arithmetic on whole numbers works out shapes and indexes: free."""
        kind = self._types.get(node.output[0]) if node.output else None
        return kind not in (None, 0) and kind not in self._floats

    # Sizes and parameters

    def _size(self, name: str) -> int:
        return product(self._shapes[name]) if name in self._shapes else 0

    def _is_parameter(self, root: str) -> bool:
        """Numbers that were learned: floating point, and not a lone scalar."""
        return self._types.get(root) in self._floats and len(self._weights.get(root, ())) > 0

    def _params(self, node: Any, inputs: Sequence[str] | None = None, certain: bool = False) -> int:
        """The values of those weights that this node is the first to read.

        ``certain``: whatever constant stands there is a weight, as for a convolution's kernel;
        elsewhere only initialisers of floating point numbers are.
        """
        new = 0
        for name in node.input if inputs is None else inputs:
            if name in self._renamed:
                self._aliases.add(name)
            for root in self._roots.get(name, ()):
                learned = certain or (root not in self._constants and self._is_parameter(root))
                if learned and root not in self._counted:
                    self._counted.add(root)
                    new += product(self._weights[root])
        return new

    def _with_params(self, node: Any, operation: Operation, expected: int) -> Operation:
        """The operation, or one that marks weights as counted before."""
        new = self._params(node, node.input[1:3], certain=True)
        return operation if new == expected else Reusing(operation, new)

    # One method for each role in the vocabulary

    def _conv(self, node: Any) -> Operation:
        weight = self._shapes[node.input[1]]
        shape = self._shapes[node.input[0]]
        attributes = self._attributes(node)
        axes = len(weight) - 2
        if not 1 <= axes <= 3:
            raise ValueError
        bias = len(node.input) > 2 and node.input[2] != ""
        kernel = tuple(weight[2:])
        stride = tuple(attributes.get("strides", (1,) * axes))
        dilation = tuple(attributes.get("dilations", (1,) * axes))
        pads = _pads(attributes, shape[2:], kernel, stride, dilation)
        operation = Conv(
            kernel, weight[0], stride, pads, dilation, attributes.get("group", 1), bias
        )
        expected = product(weight) + (weight[0] if bias else 0)
        made = self._shapes[node.output[0]]
        if operation.output((*shape[2:], shape[1])) != (*made[2:], made[1]):
            raise ValueError
        return self._with_params(node, operation, expected)

    def _conv_transpose(self, node: Any) -> Operation:
        from convcost.engine.operations.transposed import ConvTranspose

        weight = self._shapes[node.input[1]]
        axes = len(weight) - 2
        attributes = self._attributes(node)
        groups = attributes.get("group", 1)
        bias = len(node.input) > 2 and node.input[2] != ""
        pads = tuple(attributes.get("pads", (0,) * 2 * axes))
        operation = ConvTranspose(
            tuple(weight[2:]),
            weight[1] * groups,
            tuple(attributes.get("strides", (1,) * axes)),
            tuple(zip(pads[:axes], pads[axes:], strict=True)),
            tuple(attributes.get("dilations", (1,) * axes)),
            tuple(attributes.get("output_padding", (0,) * axes)),
            groups,
            bias,
        )
        expected = product(weight) + (weight[1] * groups if bias else 0)
        return self._with_params(node, operation, expected)

    def _gemm(self, node: Any) -> Operation:
        attributes = self._attributes(node)
        first = self._shapes[node.input[0]]
        inner = first[0] if attributes.get("transA") else first[1]
        return self._product(node, inner)

    def _matmul(self, node: Any) -> Operation:
        return self._product(node, self._shapes[node.input[0]][-1])

    def _product(self, node: Any, inner: int) -> Operation:
        """A fully connected layer where one side is a weight, else a product of two tensors."""
        size = self._size(node.output[0])
        has_weight = any(self._roots.get(name) for name in node.input[:2])
        has_bias = len(node.input) > 2 and node.input[2] != ""
        return Foreign(
            "linear" if has_weight else "matmul",
            "macs",
            params=self._params(node, certain=has_weight),
            macs=size * inner,
            element_ops=size if has_bias else 0,
            mixes=inner,
        )

    def _norm(self, node: Any) -> Operation:
        """Scale and shift; running statistics are no parameters."""
        learned = node.input[1:3] if len(node.input) > 1 else ()
        return Foreign(
            TYPES.get(node.op_type, node.op_type),
            "elements",
            params=self._params(node, learned, certain=True),
            element_ops=2 * self._size(node.output[0]),
        )

    def _pool(self, node: Any) -> Operation:
        from convcost.engine.operations.pooling import AvgPool, MaxPool

        attributes = self._attributes(node)
        kernel = tuple(attributes["kernel_shape"])
        ones = (1,) * len(kernel)
        stride = tuple(attributes.get("strides", ones))
        dilation = tuple(attributes.get("dilations", ones))
        spatial = self._shapes[node.input[0]][2:]
        pads = _pads(attributes, spatial, kernel, stride, dilation)
        made = MaxPool if node.op_type == "MaxPool" else AvgPool
        return made(kernel, stride, pads, dilation, bool(attributes.get("ceil_mode", 0)))

    def _global_pool(self, node: Any) -> Operation:
        return self._elements(node, self._size(node.input[0]))

    def _activation(self, node: Any) -> Operation:
        slopes = node.input[1:2] if node.op_type == "PRelu" else ()
        params = self._params(node, slopes)
        size = self._size(node.output[0])
        return Foreign(node.op_type, "elements", params=params, element_ops=size)

    def _elementwise(self, node: Any) -> Operation:
        several = (
            max(1, len(node.input) - 1) if node.op_type in ("Sum", "Mean", "Min", "Max") else 1
        )
        return self._elements(node, several * self._size(node.output[0]), self._params(node))

    def _reduce(self, node: Any) -> Operation:
        return self._elements(node, self._size(node.input[0]))

    def _resize(self, node: Any) -> Operation:
        mode = self._attributes(node).get("mode", b"nearest")
        if mode == b"nearest":
            return Foreign(node.op_type, "free")
        reads = {b"linear": 2, b"cubic": 4}.get(mode, 2)
        axes = max(1, len(self._shapes[node.output[0]]) - 2)
        return self._elements(node, self._size(node.output[0]) * reads**axes)

    def _embedding(self, node: Any) -> Operation:
        """A look-up: free, but its table is learned where it is a weight of numbers."""
        return Foreign("gather", "free", params=self._params(node, node.input[:1]))

    def _free(self, node: Any) -> Operation:
        """Values are moved; a weight that is moved in (a class token) is still learned."""
        params = self._params(node) if node.op_type in ("Concat", "Expand", "Tile") else 0
        return Foreign(TYPES.get(node.op_type, node.op_type), "free", params=params)

    def _elements(self, node: Any, count: int, params: int = 0) -> Operation:
        kind = TYPES.get(node.op_type, node.op_type)
        return Foreign(kind, "elements", params=params, element_ops=count)


def _name(node: Any) -> str:
    """The model's own name of a node, else that of its output."""
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _pads(
    attributes: Mapping[str, Any],
    spatial: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """ONNX padding (all begins, then all ends; or SAME in two kinds) as pairs."""
    from convcost.engine.windows import SAME, pad_pairs

    axes = len(kernel)
    auto = attributes.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        pairs = pad_pairs(SAME, spatial, kernel, stride, dilation)
        return pairs if auto == b"SAME_UPPER" else tuple((b, a) for a, b in pairs)
    pads = (0,) * 2 * axes if auto == b"VALID" else tuple(attributes.get("pads", (0,) * 2 * axes))
    return tuple(zip(pads[:axes], pads[axes:], strict=True))
