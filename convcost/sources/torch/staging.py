"""A module made ready for one run, and put back: no copy, so that hooks, locks and closures live.

While a module is on stage its tensors are stand-ins without values (``meta``) or its own values
on the CPU, and it is in evaluation mode. Afterwards every attribute is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from convcost.errors import ConvcostError
from convcost.sources.torch.guests import in_words
from convcost.sources.torch.tracks import Weight

LARGEST_REAL = 4 * 2**30
"""The most bytes of parameters with which a model is run on the CPU without being asked."""


LARGEST_KEPT = 2**22
"""The most values of a tensor that is copied to keep them."""


class Twins:
    """What stands for each tensor of the module during a run; shared tensors stay shared.

    ``mode`` is "shapes" (nothing has values), "mixed" (small tensors that are no parameters keep
    theirs) or "values".
    """

    def __init__(self, torch: Any, mode: str) -> None:
        self._torch = torch
        self._mode = mode
        self._twins: dict[int, Any] = {}
        self._kept: list[Any] = []

    def __call__(self, tensor: Any) -> Any:
        """The stand-in of a tensor."""
        twin = self._twins.get(id(tensor))
        if twin is None:
            twin = self._make(tensor)
            self._twins[id(tensor)] = twin
            self._twins.setdefault(id(twin), twin)
            self._kept += [tensor, twin]
        return twin

    def _make(self, tensor: Any) -> Any:
        torch = self._torch
        is_parameter = isinstance(tensor, torch.nn.Parameter)
        with torch.no_grad():
            if self._mode != "values":
                if tensor.is_meta and not tensor.requires_grad:
                    return tensor
                made = torch.empty_like(tensor, device="meta", requires_grad=False)
            elif tensor.is_meta:
                made = torch.zeros_like(tensor, device="cpu", requires_grad=False)
            elif is_parameter and tensor.device.type == "cpu":
                return tensor  # large, and no forward pass writes to it
            else:
                made = tensor.detach().to("cpu", copy=True)
        return torch.nn.Parameter(made, requires_grad=False) if is_parameter else made

    def kept(self, tensor: Any) -> Any:
        """The stand-in of a tensor that is no parameter."""
        is_small = not tensor.is_meta and tensor.numel() <= LARGEST_KEPT
        if self._mode == "mixed" and is_small and not isinstance(tensor, self._torch.nn.Parameter):
            return tensor.detach().to("cpu", copy=True)
        return self(tensor)

    def inside(self, value: Any, level: int = 0) -> Any:
        """A list, tuple or dictionary of tensors, with their stand-ins."""
        if isinstance(value, self._torch.Tensor):
            return self.kept(value)
        if level < 3:
            if type(value) in (list, tuple):
                return type(value)(self.inside(part, level + 1) for part in value)
            if type(value) is dict:
                return {key: self.inside(part, level + 1) for key, part in value.items()}
        return value


class _Saved:
    """The attributes of one module, to be put back."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._attributes = dict(vars(module))
        self._contents = [
            (value, value.copy())
            for value in self._attributes.values()
            if type(value).__name__ in ("dict", "list", "set", "OrderedDict")
        ]

    def put_back(self) -> None:
        """Everything as it was, values of plain containers too."""
        attributes = vars(self._module)
        attributes.clear()
        attributes.update(self._attributes)
        for value, content in self._contents:
            value.clear()
            if isinstance(value, list):
                value.extend(content)
            else:
                value.update(content)


@contextmanager
def staged(torch: Any, model: Any, mode: str) -> Iterator[Twins]:
    """The model with its stand-ins, in evaluation mode, for as long as the block lasts."""
    twins = Twins(torch, mode)
    scripted = torch.jit.ScriptModule
    modules = list(model.modules())
    saved = [_Saved(module) for module in modules if not isinstance(module, scripted)]
    modes = [
        (module, module.training)
        for module in modules
        if isinstance(module, scripted) and hasattr(module, "training")
    ]
    try:
        if hasattr(model, "training"):  # a frozen script has no modes any more
            with suppress(NotImplementedError):  # nor has an exported program
                model.eval()
        for module in model.modules():
            if not isinstance(module, scripted):
                _swap(module, twins)
        yield twins
    finally:
        for one in saved:
            one.put_back()
        for module, trains in modes:
            if module.training != trains:
                module.train(trains)


def _swap(module: Any, twins: Twins) -> None:
    attributes = vars(module)
    for store, stand_in in ((module._parameters, twins), (module._buffers, twins.kept)):
        for name, tensor in list(store.items()):
            if tensor is not None:
                store[name] = stand_in(tensor)
    for name, value in list(attributes.items()):
        if not name.startswith(("_parameters", "_buffers", "_modules", "_forward", "_backward")):
            changed = twins.inside(value)
            if changed is not value:
                attributes[name] = changed


def weights_of(model: Any) -> list[tuple[Any, Weight]]:
    """The parameters of a model with their names, each once."""
    return [
        (tensor, Weight(name, tensor.numel(), tensor.requires_grad))
        for name, tensor in model.named_parameters()
    ]


def unwrapped(torch: Any, module: Any) -> Any:
    """The module behind wrappers that only spread or compile it."""
    while True:
        kind = type(module).__name__
        if kind in ("DataParallel", "DistributedDataParallel", "FullyShardedDataParallel"):
            module = module.module
        elif kind == "OptimizedModule" and hasattr(module, "_orig_mod"):
            module = module._orig_mod
        else:
            return module


def is_lazy(torch: Any, module: Any) -> bool:
    """Whether parameters wait for the first input to learn their shapes."""
    lazy = torch.nn.parameter.is_lazy
    return any(lazy(t) for m in module.modules() for t in (*_own(m), *m._buffers.values()))


def _own(module: Any) -> list[Any]:
    parameters: Mapping[str, Any] = module._parameters
    return list(parameters.values()) if isinstance(parameters, dict) else []


def is_scripted(torch: Any, module: Any) -> bool:
    """Whether parts of a module run where only real tensors will do."""
    return any(isinstance(m, torch.jit.ScriptModule) for m in module.modules())


def copied(torch: Any, module: Any) -> Any:
    """A copy that may change for good, as lazy modules do when they run."""
    from copy import deepcopy

    try:
        return deepcopy(module)
    except Exception as error:  # a user's module may hold anything
        raise ConvcostError(
            f"the {type(module).__name__} has lazy parameters and cannot be copied",
            hint=f"run it once before it is counted; {in_words(error)}",
        ) from None
