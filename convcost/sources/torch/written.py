"""How a PyTorch model's source wrote each layer: the module it is, or the function it calls.

Other tools count by modules or by functions, so their numbers depend on it. A recorder asks
``Writing`` whenever an operation runs; ``functions`` is the mode that tells it what is called.
"""

from __future__ import annotations

import sys
from dis import opmap
from typing import Any

from convcost.engine.graph import Written

OWN = "torch.nn.modules."
"""Where PyTorch's own modules live; ``Module`` and the containers are no layers."""

NO_LAYERS = ("torch.nn.modules.module", "torch.nn.modules.container")
UNKNOWN = Written()


class Writing:
    """What runs just now, by its source."""

    def __init__(self) -> None:
        self._modules: dict[str, Written] = {}
        self._functions: list[tuple[str, str]] = []

    def see(self, path: str, module: Any) -> None:
        """A module of the model; one with parts is written out, and no layer itself."""
        kind = type(module)
        if path not in self._modules and not any(module.children()):
            self._modules[path] = Written(kind.__name__, is_own(kind), is_derived(kind))

    def call(self, function: str, padding: str) -> None:
        """A function is called; ``padding`` is the word that it was given."""
        self._functions.append((function, padding))

    def give_back(self) -> None:
        """The function that was called last gives its result."""
        self._functions.pop()

    def at(self, path: str) -> Written:
        """How an operation that runs in the module at ``path`` is written."""
        function, padding = self._functions[0] if self._functions else ("", "")
        found = self._modules.get(path, UNKNOWN)
        return found._replace(function=function, padding=padding)


def is_own(kind: type) -> bool:
    """Whether a class is one of PyTorch's own layers."""
    return kind.__module__.startswith(OWN) and kind.__module__ not in NO_LAYERS


def is_derived(kind: type) -> bool:
    """Whether a class was made from one of those."""
    return any(map(is_own, kind.__mro__[1:])) and not is_own(kind)


def functions(torch: Any, writing: Writing) -> Any:
    """A mode in which every call of a function of PyTorch is noted, the outermost by name."""
    from torch.overrides import TorchFunctionMode

    names = _function_names(torch)

    class Functions(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            given = kwargs or {}
            padding = given.get("padding", args[4] if len(args) > 4 else "")
            name: str = names.get(func) or str(getattr(func, "__name__", ""))
            if name == "F.interpolate" and (given.get("size") or (len(args) > 1 and args[1])):
                name = "F.interpolate by size"
            if _is_operator(sys._getframe(1)):
                name = "operator"  # x + y comes as Tensor.add, as x.add(y) does
            writing.call(name, padding if isinstance(padding, str) else "")
            try:
                return func(*args, **given)
            finally:
                writing.give_back()

    return Functions()


def _is_operator(frame: Any) -> bool:
    """Whether what a frame is doing just now is arithmetic with an operator."""
    return bool(frame.f_code.co_code[frame.f_lasti] == opmap["BINARY_OP"])


def _function_names(torch: Any) -> dict[Any, str]:
    """Functions as people write them: ``F.relu``, ``torch.add``, ``Tensor.add``."""
    homes = (("F", torch.nn.functional), ("torch", torch), ("Tensor", torch._C.TensorBase))
    names: dict[Any, str] = {}
    for prefix, home in homes:
        for name, function in list(vars(home).items()):
            if callable(function) and not isinstance(function, type):
                names.setdefault(function, f"{prefix}.{name}")
    return names
