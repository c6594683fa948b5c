"""Watching a forward pass: each operation that PyTorch dispatches, and the module it runs in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any

from convcost.sources.torch.calls import Call, Signature, signature_of
from convcost.sources.torch.recording import Recorder
from convcost.sources.torch.steps import recurrent_mode
from convcost.sources.torch.written import functions

Twin = Callable[[Any], Any]
"""The stand-in without values of a tensor that has some."""


@contextmanager
def watching(torch: Any, recorder: Recorder, twin: Twin | None = None) -> Iterator[None]:
    """Every operation in this block goes into the record.

    ``twin``: tensors with values that meet tensors without are replaced by what it gives.
    Fused layers are taken apart, and compiled ones run as they are written.
    """
    with ExitStack() as stack:
        stack.enter_context(_apart(torch))
        stack.enter_context(recurrent_mode(torch, recorder))
        stack.enter_context(_mode(torch, recorder, twin))
        stack.enter_context(functions(torch, recorder.writing))
        yield


def _mode(torch: Any, recorder: Recorder, twin: Twin | None) -> Any:
    from torch.utils._python_dispatch import TorchDispatchMode

    signatures: dict[Any, Signature] = {}
    find = torch.utils._pytree.tree_map_only

    class Mode(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            signature = signatures.get(func)
            if signature is None:
                signature = signatures[func] = signature_of(func)
            call = Call(signature, args, kwargs, [], [])
            if call.role is None and _is_composite(func):
                with self:
                    result = func.decompose(*args, **kwargs)
                if result is not NotImplemented:
                    return result
            given = (args, kwargs)
            tensors = tensors_in(torch, given)
            written = [call.get(name) for name in signature.written]
            if twin is not None and len({t.is_meta for t in tensors}) > 1:
                if not all(t.is_meta for t in tensors_in(torch, written)):
                    raise RuntimeError("a tensor with values is given some that have none")
                if any(t.dim() for t in tensors if not t.is_meta):
                    given = find(torch.Tensor, lambda t: t if t.is_meta else twin(t), given)
            if twin is not None:
                _check_types(call, tensors)
            result = func(*given[0], **given[1])
            skipped = {id(kwargs[name]) for name in signature.outputs if name in kwargs}
            reads = [t for t in tensors if id(t) not in skipped]
            recorder.note(
                Call(
                    signature,
                    args,
                    kwargs,
                    reads,
                    tensors_in(torch, result),
                    tensors_in(torch, written),
                )
            )
            return result

    return Mode()


def mixing(torch: Any) -> Any:
    """A mode in which tensors with values lose them where they meet tensors without.

    By itself PyTorch may compute with a weight that has no values as if it had some.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    find = torch.utils._pytree.tree_map_only

    def without(tensor: Any) -> Any:
        return tensor if tensor.is_meta else torch.empty_like(tensor, device="meta")

    class Mode(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            given = (args, kwargs or {})
            if len({t.is_meta for t in tensors_in(torch, given)}) > 1:
                given = find(torch.Tensor, without, given)
            return func(*given[0], **given[1])

    return Mode()


def _check_types(call: Call, tensors: Sequence[Any]) -> None:
    """What has no values is not checked by PyTorch: a layer with weights takes no whole numbers."""
    if call.role in ("convolution", "product", "attention", "norm") and len(tensors) > 1:
        kinds = {t.dtype.is_floating_point or t.dtype.is_complex for t in tensors[:3]}
        if len(kinds) > 1:
            types = " and ".join(dict.fromkeys(str(t.dtype) for t in tensors[:3]))
            raise RuntimeError(f"{call.name} takes tensors of one data type, not {types}")


def _is_composite(func: Any) -> bool:
    """Whether PyTorch itself says what an operation is made of."""
    return bool(func._can_decompose()) if hasattr(func, "_can_decompose") else False


@contextmanager
def _apart(torch: Any) -> Iterator[None]:
    """Fused encoder layers are taken apart, and what was compiled runs as Python."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as stack:
            if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


class Failure:
    """Where a forward pass went wrong: the innermost module, by its path."""

    def __init__(self) -> None:
        self._paths: dict[int, str] = {}
        self.elsewhere: str | None = None
        """A module that ran in another thread, where nothing can be watched."""

    def note(self, error: BaseException, path: str) -> None:
        """An error passes through a module, from the inside out."""
        self._paths.setdefault(id(error), path)

    def path(self, error: BaseException) -> str:
        """The path of the module in which it was raised."""
        return self._paths.get(id(error), "")


@contextmanager
def following(
    torch: Any, recorder: Recorder, name_of: Callable[[Any], str | None], failure: Failure
) -> Iterator[None]:
    """Tell the recorder which module runs; ``name_of`` a module is None for what is no part."""
    hooks = torch.nn.modules.module
    thread = get_ident()

    def before(module: Any, args: Any) -> None:
        if get_ident() != thread:
            failure.elsewhere = failure.elsewhere or type(module).__name__
            return
        path = name_of(module)
        if path is not None:
            recorder.writing.see(path, module)
            recorder.enter(path)

    def after(module: Any, args: Any, result: Any) -> None:
        if get_ident() != thread:
            return
        path = name_of(module)
        if path is None:
            return
        error = sys.exc_info()[1]
        if error is not None:
            failure.note(error, path)
        recorder.leave()

    handles = [
        hooks.register_module_forward_pre_hook(before),
        hooks.register_module_forward_hook(after, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def tensors_in(torch: Any, value: Any) -> list[Any]:
    """All tensors in nested arguments or results, in order."""
    found: list[Any] = []
    _collect(torch.Tensor, value, found, 0)
    return found


MAX_NESTING = 20


def _collect(kind: type, value: Any, found: list[Any], level: int) -> None:
    if isinstance(value, kind):
        found.append(value)
        return
    if level > MAX_NESTING or value is None or isinstance(value, str | bytes | int | float):
        return
    parts: Any = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, Sequence):
        parts = value
    elif hasattr(value, "__dataclass_fields__"):
        parts = vars(value).values()
    elif hasattr(value, "tensors"):  # such as torchvision's ImageList
        parts = (value.tensors,)
    for part in parts:
        _collect(kind, part, found, level + 1)
