"""The truth for PyTorch tests: forward hooks on layers, written without convcost."""

from __future__ import annotations

import importlib.util
import sys
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


def let_torchvision_load() -> bool:
    """Make ``torchvision`` importable, which timm asks for; returns whether it has its operators.

    PyPI's torchvision is built for CUDA. Beside a PyTorch for the CPU alone its library does not
    load, and its import then fails on two operators that nobody has declared.
    """
    if importlib.util.find_spec("torchvision") is None:
        return False
    try:
        import torchvision.extension
    except RuntimeError:
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor x) -> Tensor")
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        import torchvision.extension
    return bool(torchvision.extension._has_ops())


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
