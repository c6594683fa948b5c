"""PyTorch modules -> engine graphs, by watching one forward pass on the ``meta`` device.

No weights and no arithmetic: meta tensors have shapes only. Every operation that PyTorch
dispatches is seen, whether a module or a function called it, and is named by the path of the
module in which it ran. ``VOCABULARY`` says what each costs; what is not in it is not known.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from convcost.engine.graph import GraphBuilder, Node
from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import Foreign, Reusing
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, MissingExtraError, SpecError, shorten
from convcost.specs.building import Subject
from convcost.specs.expressions import Evaluate


def _all(role: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), role)


VOCABULARY: dict[str, str] = {
    "convolution": "convolution",
    **_all("product", "mm addmm bmm baddbmm"),
    **_all(
        "attention",
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_attention_math "
        "_scaled_dot_product_fused_attention_overrideable scaled_dot_product_attention",
    ),
    **_all(
        "norm",
        "native_batch_norm _native_batch_norm_legit_no_training cudnn_batch_norm batch_norm "
        "_native_batch_norm_legit native_layer_norm native_group_norm _batch_norm_no_update "
        "_batch_norm_with_update",
    ),
    **_all(
        "reduce",
        "mean sum amax amin max_pool2d avg_pool2d _adaptive_avg_pool2d var linalg_vector_norm "
        "_adaptive_avg_pool1d _adaptive_avg_pool3d adaptive_avg_pool2d argmax argmin var_mean",
    ),
    **_all(
        "window",
        "max_pool2d_with_indices max_pool1d_with_indices max_pool3d_with_indices avg_pool1d "
        "avg_pool3d",
    ),
    **_all(
        "elementwise",
        "relu relu_ hardtanh hardtanh_ clamp clamp_ clamp_min clamp_max sigmoid sigmoid_ tanh silu "
        "silu_ hardswish hardswish_ hardsigmoid hardsigmoid_ leaky_relu leaky_relu_ elu elu_ gelu "
        "mish mish_ softplus _softmax _log_softmax _prelu_kernel prelu add add_ sub sub_ rsub mul "
        "mul_ div div_ pow exp log sqrt rsqrt neg abs reciprocal where maximum minimum eq ne lt gt "
        "le ge logical_and logical_or logical_not bitwise_not sin cos erf floor ceil round "
        "masked_fill masked_fill_ cumsum threshold square sign remainder floor_divide addcmul",
    ),
    **_all("resize", "upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa"),
    "embedding": "embedding",
    **_all(
        "free",
        "view _unsafe_view reshape permute transpose t expand squeeze unsqueeze cat stack split "
        "split_with_sizes chunk unbind slice select clone copy_ _to_copy detach alias index "
        "native_dropout dropout constant_pad_nd upsample_nearest2d pixel_shuffle pixel_unshuffle "
        "channel_shuffle native_channel_shuffle roll flip arange zeros ones empty full zeros_like "
        "ones_like full_like empty_like new_zeros new_ones new_empty scalar_tensor lift_fresh "
        "lift_fresh_copy repeat unfold as_strided index_select gather bernoulli_ fill_ zero_ "
        "_reshape_alias contiguous tril triu flatten meshgrid linspace new_full rand div_scalar",
    ),
}
"""How each ATen operation is counted, by its name without overload."""

TYPES = {
    "convolution": "conv",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
}


def from_torch(
    module: Any,
    input_shape: str | Sequence[int] | Mapping[str, Any],
    *,
    batch: int = 1,
    costs: Mapping[str, Evaluate] | None = None,
    name: str | None = None,
) -> Subject:
    """A module as a subject for ``count``, ``compare`` and ``swap``.

    ``input_shape`` is channels last and without batch (``"224x224x3"``), or a mapping of the
    names of forward's arguments to shapes. The module is copied to the meta device and put in
    evaluation mode there; the original is not touched. Raises ConvcostError where the forward
    pass needs numbers rather than shapes.
    """
    torch = _torch()
    model = _on_meta(torch, module)
    shapes = input_shape if isinstance(input_shape, Mapping) else {"": input_shape}
    tensors = {key: _tensor(torch, shape, batch) for key, shape in shapes.items()}
    recorder = _Recorder(torch, model, batch, costs or {})
    output = recorder.run(tensors)
    return recorder.subject(name or type(module).__name__, output)


def read_factory(
    word: str,
    inputs: Mapping[str, Shape],
    *,
    batch: int | None = None,
    costs: Mapping[str, Evaluate] | None = None,
) -> Subject:
    """``package.module:factory``: import it, call it, and read the module that it makes."""
    torch = _torch()
    if not inputs:
        raise SpecError("the input shape is missing", place=word, hint="add --input 224x224x3")
    module_name, _, factory_name = word.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        factory = getattr(import_module(module_name), factory_name)
    except (ImportError, AttributeError) as error:
        raise SpecError(f"cannot import {word}", place=word, hint=shorten(str(error), 70)) from None
    with torch.device("meta"):
        module = factory() if callable(factory) and not _is_module(torch, factory) else factory
    if not _is_module(torch, module):
        raise SpecError(f"{word} makes a {type(module).__name__}, not a torch module", place=word)
    shape: Any = inputs[""] if list(inputs) == [""] else inputs
    return from_torch(module, shape, batch=batch or 1, costs=costs, name=factory_name)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("reading PyTorch modules", "torch", "torch") from None
    return torch


def _is_module(torch: Any, thing: Any) -> bool:
    return isinstance(thing, torch.nn.Module)


def _on_meta(torch: Any, module: Any) -> Any:
    """A copy on the meta device, without copying any weight; shared weights stay shared."""
    from copy import deepcopy

    memo: dict[int, Any] = {}
    for owner in module.modules():
        for store in (owner._parameters, owner._buffers):
            for tensor in store.values():
                if tensor is None or id(tensor) in memo:
                    continue
                empty = torch.empty_like(tensor, device="meta")
                if isinstance(tensor, torch.nn.Parameter):
                    empty = torch.nn.Parameter(empty, requires_grad=tensor.requires_grad)
                memo[id(tensor)] = empty
    return deepcopy(module, memo).eval()


def _tensor(torch: Any, shape: Any, batch: int) -> Any:
    """A meta tensor for a channels-last shape: N, C, spatial; a vector or tokens as they are."""
    from convcost.api import read_shape

    *spatial, channels = read_shape(shape)
    return torch.empty((batch, channels, *spatial), device="meta")


class _Recorder:
    """Listens to the dispatcher during one forward pass and notes every operation."""

    def __init__(self, torch: Any, model: Any, batch: int, costs: Mapping[str, Evaluate]) -> None:
        self._torch = torch
        self._model = model
        self._batch = batch
        self._costs = costs
        self._weights = {id(p): p for p in model.parameters()}
        self._buffers = {id(b) for b in model.buffers()}
        self._views: dict[int, int] = {}
        self._counted: set[int] = set()
        self._path: list[str] = []
        self._used: dict[str, int] = {}
        self._tensors: dict[int, int] = {}
        self._kept: list[Any] = []
        self._builder = GraphBuilder()

    def run(self, inputs: Mapping[str, Any]) -> Any:
        """The forward pass; returns what the model returns."""
        from torch.utils._python_dispatch import TorchDispatchMode

        recorder = self
        self._builder = GraphBuilder(*[self._shape(t) for t in inputs.values()])
        self._tensors = {id(t): index for index, t in enumerate(inputs.values())}
        self._kept.extend(inputs.values())

        class Mode(TorchDispatchMode):  # type: ignore[misc]
            def __torch_dispatch__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                result = func(*args, **(kwargs or {}))
                recorder.note(func, args, kwargs or {}, result)
                return result

        hooks = [
            hook
            for name, module in self._model.named_modules()
            for hook in (
                module.register_forward_pre_hook(lambda m, a, n=name: self._path.append(n)),
                module.register_forward_hook(lambda m, a, r: self._leave()),
            )
        ]
        named = {name: tensor for name, tensor in inputs.items() if name}
        unnamed = [tensor for name, tensor in inputs.items() if not name]
        try:
            with self._torch.no_grad(), Mode():
                return self._model(*unnamed, **named)
        except ConvcostError:
            raise
        except Exception as error:  # a user's module may raise anything
            raise ConvcostError(
                f"the forward pass fails on shapes alone: {type(error).__name__}",
                hint=shorten(str(error).splitlines()[0] if str(error) else "", 100) or None,
            ) from None
        finally:
            for hook in hooks:
                hook.remove()

    def _leave(self) -> None:
        self._path.pop()

    def subject(self, name: str, output: Any) -> Subject:
        """What was recorded."""
        found = [
            self._tensors[id(t)] for t in _tensors_in(self._torch, output) if id(t) in self._tensors
        ]
        if not found:
            raise ConvcostError("the model returns nothing that its input led to")
        return Subject(name, self._builder.finish(*found), self._batch)

    def note(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        """One dispatched operation."""
        name = func.__name__.partition(".")[0]
        reads = _tensors_in(self._torch, (args, kwargs))
        made = _tensors_in(self._torch, result)
        self._kept.extend(made)
        live = [self._tensors[id(t)] for t in reads if id(t) in self._tensors]
        if not live:
            # A view of a weight is still that weight.
            roots = [self._root(t) for t in reads if self._root(t) in self._weights]
            if len(roots) == 1:
                self._views.update({id(t): roots[0] for t in made})
            return
        if not made:
            return
        operation = self._operation(name, args, reads, made)
        node = Node(self._name(), operation, (), self._shape(made[0]))
        tensor = self._builder.add_as(node, tuple(dict.fromkeys(live)))
        for one in made:
            self._tensors[id(one)] = tensor

    def _name(self) -> str:
        """The path of the running module; a number for its second and later operations."""
        path = self._path[-1] if self._path and self._path[-1] else "forward"
        self._used[path] = self._used.get(path, 0) + 1
        return path if self._used[path] == 1 else f"{path}#{self._used[path]}"

    def _shape(self, tensor: Any) -> Shape:
        dims = tuple(tensor.shape)
        rest = dims[1:] if len(dims) > 1 and dims[0] == self._batch else dims or (1,)
        return (*rest[1:], rest[0]) if len(rest) > 2 else rest

    def _root(self, tensor: Any) -> int:
        return self._views.get(id(tensor), id(tensor))

    def _params(self, tensors: Sequence[Any]) -> int:
        """The values of weights that are read for the first time."""
        new = 0
        for tensor in tensors:
            root = self._root(tensor)
            if root in self._weights and root not in self._counted:
                self._counted.add(root)
                new += self._weights[root].numel()
        return new

    # One method for each role in the vocabulary

    def _operation(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        role = VOCABULARY.get(name)
        if role is None:
            return self._unknown(name, reads, made)
        operation: Operation = getattr(self, f"_{role}")(name, args, reads, made)
        return operation

    def _unknown(self, name: str, reads: Any, made: Any) -> Operation:
        params = self._params(reads)
        evaluate = self._costs.get(name)
        if evaluate is None:
            return Foreign(name, "unknown", params=params)
        sizes = {"out": sum(t.numel() for t in made), "input": sum(t.numel() for t in reads)}
        return Foreign(name, "macs", params=params, macs=evaluate(sizes | {"params": params}))

    def _convolution(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        data, weight, bias, stride, padding, dilation, transposed, extra, groups = args[:9]
        new = self._params([weight, *([bias] if bias is not None else [])])
        kernel = tuple(weight.shape[2:])
        pads = tuple((side, side) for side in padding)
        if transposed:
            from convcost.engine.operations.transposed import ConvTranspose

            made_op: Operation = ConvTranspose(
                kernel,
                weight.shape[1] * groups,
                tuple(stride),
                pads,
                tuple(dilation),
                tuple(extra),
                groups,
                bias is not None,
            )
            biases = weight.shape[1] * groups
        else:
            made_op = Conv(
                kernel,
                weight.shape[0],
                tuple(stride),
                pads,
                tuple(dilation),
                groups,
                bias is not None,
            )
            biases = weight.shape[0]
        expected = weight.numel() + (biases if bias is not None else 0)
        source = self._tensors.get(id(data))
        if source is not None:
            dims = tuple(data.shape[1:])
            self._builder.relabel(source, (*dims[1:], dims[0]))
        return made_op if new == expected else Reusing(made_op, new)

    def _product(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        matrices = [t for t in reads if t.dim() >= 2][-2:]
        inner = matrices[0].shape[-1]
        weighted = any(self._root(t) in self._weights for t in reads)
        size = made[0].numel()
        return Foreign(
            "linear" if weighted else "matmul",
            "macs",
            params=self._params(reads),
            macs=size * inner,
            element_ops=size if name in ("addmm", "baddbmm") else 0,
            mixes=inner,
        )

    def _attention(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        """softmax(q k^T) v: two products, and the softmax between them."""
        query, key, value = reads[:3]
        scores = product(query.shape[:-1]) * key.shape[-2]
        macs = scores * (query.shape[-1] + value.shape[-1])
        return Foreign("attention", "macs", macs=macs, element_ops=scores, mixes=key.shape[-2])

    def _norm(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        kind = TYPES.get(name, "batch_norm")
        return Foreign(
            kind, "elements", params=self._params(reads), element_ops=2 * made[0].numel()
        )

    def _reduce(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        return Foreign(name, "elements", element_ops=reads[0].numel())

    def _window(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        return Foreign(name, "elements", element_ops=made[0].numel() * product(args[1]))

    def _elementwise(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        if not made[0].is_floating_point():
            return Foreign(name, "free")
        kind = name.rstrip("_")
        return Foreign(kind, "elements", params=self._params(reads), element_ops=made[0].numel())

    def _resize(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        reach = 16 if "bicubic" in name else 4
        return Foreign(name, "elements", element_ops=made[0].numel() * reach)

    def _embedding(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        return Foreign(name, "free", params=self._params(reads))

    def _free(self, name: str, args: Any, reads: Any, made: Any) -> Operation:
        return Foreign(name, "free", params=self._params(reads))


def _tensors_in(torch: Any, value: Any) -> list[Any]:
    """All tensors in nested arguments, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in _tensors_in(torch, part)]
    return []
