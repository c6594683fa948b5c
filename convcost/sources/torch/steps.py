"""Recurrent layers as one operation: what runs step by step is counted by its number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcost.engine.shapes import product
from convcost.sources.torch.calls import Call, Signature
from convcost.sources.torch.recording import Recorder

NAMES = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def recurrent_mode(torch: Any, recorder: Recorder) -> Any:
    """A mode that takes ``torch.lstm`` and its like as one call each."""
    from torch.overrides import TorchFunctionMode

    functions = {getattr(torch._VF, name): name for name in NAMES}

    class Mode(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = functions.get(func)
            if name is None or kwargs or len(args) != 9:
                return func(*args, **(kwargs or {}))
            return _one_call(torch, recorder, name, func, args)

    return Mode()


def _one_call(torch: Any, recorder: Recorder, name: str, func: Any, args: Sequence[Any]) -> Any:
    """Run a recurrent layer unwatched, or work out its shapes, and note one call.

    Arguments: input, state, weights, ..., both directions, batch first; or for packed sequences
    values, batch sizes, state, weights, ..., both directions.
    """
    from torch.utils._python_dispatch import _disable_current_modes

    is_packed = isinstance(args[3], Sequence)
    data = args[0]
    state, weights, both = (args[2], args[3], args[8]) if is_packed else (*args[1:3], args[7])
    states = list(state) if isinstance(state, Sequence) else [state]
    with _disable_current_modes():
        if data.is_meta:
            width = states[0].shape[-1] * (2 if both else 1)
            made = [data.new_empty((*data.shape[:-1], width))]
            made += [data.new_empty(s.shape) for s in states]
        else:
            made = list(func(*args))
    given = {
        "weights": list(weights),
        "steps": product(data.shape[:-1]),
        "projects": len(states) > 1 and states[0].shape[-1] != states[1].shape[-1],
    }
    signature = Signature(name, "aten", (), (), (), frozenset())
    recorder.note(Call(signature, (), given, [data, *states, *weights], made))
    return tuple(made)
