"""PyTorch modules -> engine graphs, by watching one forward pass on the ``meta`` device.

No weights and no arithmetic: meta tensors have shapes only. Every operation that PyTorch
dispatches is seen, whether a module or a function called it, and is named by the path of the
module in which it ran. This is the one file that imports ``torch``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, MissingExtraError, SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.sources.torch.costs import Call
from convcost.sources.torch.recording import Recorder
from convcost.sources.torch.written import functions


def from_torch(
    module: Any,
    input_shape: Any,
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
    from convcost.language.problems import check_input

    torch = _torch()
    if not _is_module(torch, module):
        raise ConvcostError(f"a {type(module).__name__} is not a torch module")
    shapes = input_shape if isinstance(input_shape, Mapping) else {"": input_shape}
    if not shapes:
        raise ConvcostError("the input shape is missing")
    checked = {key: check_input(_as_shape(shape)) for key, shape in shapes.items()}
    if type(batch) is not int or batch < 1:
        raise ConvcostError(f"a batch is a whole number from 1, not {shorten(str(batch))}")
    model = _on_meta(torch, module)
    problem: ConvcostError | None = None
    for make in _LAYOUTS:
        tensors = {key: make(torch, batch, shape) for key, shape in checked.items()}
        recorder = Recorder(model, tensors, batch, costs or {})
        try:
            output = _run(torch, model, tensors, recorder)
        except ConvcostError as error:
            problem = problem or error
            continue
        return recorder.subject(name or type(module).__name__, _tensors_in(torch, output))
    raise problem or ConvcostError("there is nothing to run")


def _as_shape(shape: Any) -> Any:
    return shape if isinstance(shape, str) else tuple(shape)


_LAYOUTS: tuple[Callable[[Any, int, Shape], Any], ...] = (
    lambda torch, batch, shape: torch.empty((batch, shape[-1], *shape[:-1]), device="meta"),
    lambda torch, batch, shape: torch.empty((batch, *shape), device="meta"),
    lambda torch, batch, shape: torch.empty((batch, *shape), device="meta", dtype=torch.long),
)
"""What a shape may be to a module, in the order in which it is tried: a map with its channels
first, positions with their channels last, whole numbers to be looked up."""


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
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise SpecError(f"cannot import {word}", hint=_in_words(error)) from None
    module = factory if _is_module(torch, factory) else _made(torch, factory, word)
    if not _is_module(torch, module):
        raise SpecError(f"{word} makes a {type(module).__name__}, not a torch module")
    shape: Any = inputs[""] if list(inputs) == [""] else inputs
    return from_torch(module, shape, batch=batch or 1, costs=costs, name=factory_name)


def _made(torch: Any, factory: Any, word: str) -> Any:
    """What a factory makes: without weights, or with them where it computes with tensors."""
    if not callable(factory):
        raise SpecError(f"{word} is a {type(factory).__name__}, not a function or a torch module")
    try:
        with torch.device("meta"):
            return factory()
    except Exception:  # it may need numbers, such as a schedule of rates
        try:
            return factory()
        except (Exception, SystemExit) as error:
            raise SpecError(
                f"calling {word} without arguments fails", hint=_in_words(error)
            ) from None


def _in_words(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return shorten(f"{type(error).__name__}: {first}", 100)


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
    try:
        for owner in module.modules():
            for store in (owner._parameters, owner._buffers, vars(owner)):
                for tensor in store.values():
                    if not isinstance(tensor, torch.Tensor) or id(tensor) in memo:
                        continue
                    empty = torch.empty_like(tensor, device="meta", requires_grad=False)
                    if isinstance(tensor, torch.nn.Parameter):
                        empty = torch.nn.Parameter(empty, requires_grad=False)
                    memo[id(tensor)] = empty
        return deepcopy(module, memo).eval()
    except Exception as error:  # lazy modules, and what cannot be copied
        raise ConvcostError(
            f"the {type(module).__name__} cannot be copied to the meta device",
            hint=_in_words(error),
        ) from None


def _run(torch: Any, model: Any, inputs: Mapping[str, Any], recorder: Recorder) -> Any:
    """The forward pass, watched; returns what the model returns."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Mode(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = func(*args, **(kwargs or {}))
            reads = _tensors_in(torch, (args, kwargs or {}))
            name = func.__name__.partition(".")[0]
            short = name.rstrip("_") if not name.startswith("__") else name
            recorder.note(Call(short, args, reads, _tensors_in(torch, result)))
            return result

    hooks = []
    for name, module in model.named_modules():
        enter: Any = lambda m, a, n=name: recorder.enter(n)  # noqa: E731
        hooks.append(module.register_forward_pre_hook(enter))
        hooks.append(module.register_forward_hook(lambda m, a, r: recorder.leave()))
    named = {name: tensor for name, tensor in inputs.items() if name}
    unnamed = [tensor for name, tensor in inputs.items() if not name]
    try:
        with torch.no_grad(), Mode(), functions(torch, recorder.writing):
            return model(*unnamed, **named)
    except ConvcostError:
        raise
    except Exception as error:  # a user's module may raise anything
        raise ConvcostError(
            f"{type(model).__name__} cannot run on shapes alone", hint=_in_words(error)
        ) from None
    finally:
        for hook in hooks:
            hook.remove()


def _tensors_in(torch: Any, value: Any) -> list[Any]:
    """All tensors in nested arguments or results, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    elif hasattr(value, "__dataclass_fields__"):
        value = list(vars(value).values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [tensor for part in value for tensor in _tensors_in(torch, part)]
    return []
