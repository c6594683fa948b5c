"""The truth for PyTorch tests: forward hooks on layers, written without convcost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
nn: Any = torch.nn

MARKS = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


def hooked(module: Any, *inputs: Any, **named: Any) -> tuple[int, int]:
    """Parameters, and MACs of convolutions and linear layers, by hooks on each layer."""
    work = []

    def note(layer: Any, reads: Any, made: Any) -> None:
        if isinstance(layer, nn.Linear):
            work.append(made.numel() * layer.in_features)
        elif isinstance(layer, nn.modules.conv._ConvTransposeNd):
            work.append(reads[0].numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.modules.conv._ConvNd):
            work.append(made.numel() * layer.weight[0].numel())

    hooks = [layer.register_forward_hook(note) for layer in module.modules()]
    with torch.no_grad():
        module.eval()(*inputs, **named)
    for hook in hooks:
        hook.remove()
    return sum(parameter.numel() for parameter in module.parameters()), sum(work)


class Does(nn.Module):  # type: ignore[misc]
    """A module from a function of itself and its inputs, with the submodules and weights named."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return self.function(self, *inputs, **named)


def weight(*shape: int) -> Any:
    """A parameter of zeros."""
    return nn.Parameter(torch.zeros(*shape))
