"""The real tools beside the rules of ``convcost/conventions``: every kind of layer, and networks.

Run it in an environment that has PyTorch and the tools (``.ci/run`` makes one):

    python tests/conventions_tools.py            # every kind of layer, four networks, ONNX files
    python tests/conventions_tools.py NAME ...   # further networks of torchvision, by name

A row that differs is printed with what to do. ``test_conventions_tools.py`` runs the same.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import torch
from torch import nn
from torch.nn import functional

from convcost.engine.counting import count
from convcost.language.conventions import find_convention
from convcost.sources.torch.module import from_torch
from convcost.studies.conventions import all_conventions, conventions

F: Any = functional

PACKAGES = {
    "torch_flopcounter": "torch",
    "fvcore": "fvcore",
    "torchinfo": "torchinfo",
    "ptflops_pytorch": "ptflops",
    "ptflops_aten": "ptflops",
    "thop": "thop",
    "calflops": "calflops",
    "calflops_flops": "calflops",
    "onnx_tool": "onnx-tool",
    "onnx_opcounter": "onnx_opcounter",
}
"""The distribution behind each convention."""

WHAT_TO_DO = (
    "what to do: read the rule of this kind of layer in the tool (the file is named in "
    "convcost/conventions/{tool}.toml under source), correct the rule and the version in that "
    "file, and run tests/conventions_tools.py again"
)


# The tools, each by its own way in


def torch_flopcounter(model: Any, x: Any) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        model(x)
    return int(counter.get_total_flops())


def fvcore(model: Any, x: Any) -> int:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, (x,))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total())


def torchinfo(model: Any, x: Any) -> int:
    from torchinfo import summary

    return int(summary(model, input_data=x, verbose=0).total_mult_adds)


def ptflops_pytorch(model: Any, x: Any) -> int:
    return _ptflops(model, x, "pytorch")


def ptflops_aten(model: Any, x: Any) -> int:
    return _ptflops(model, x, "aten")


def _ptflops(model: Any, x: Any, backend: str) -> int:
    from ptflops import get_model_complexity_info

    macs, _ = get_model_complexity_info(
        model,
        tuple(x.shape[1:]),
        backend=backend,
        input_constructor=lambda _: x,
        as_strings=False,
        print_per_layer_stat=False,
        verbose=False,
    )
    return int(macs)


def thop(model: Any, x: Any) -> int:
    from thop import profile

    return int(profile(model, inputs=(x,), verbose=False)[0])


def calflops(model: Any, x: Any) -> int:
    return _calflops(model, x)[1]


def calflops_flops(model: Any, x: Any) -> int:
    return _calflops(model, x)[0]


def _calflops(model: Any, x: Any) -> tuple[int, int]:
    from calflops import calculate_flops

    flops, macs, _ = calculate_flops(
        _WithParameter(model),
        args=[x],
        output_as_string=False,
        print_results=False,
        print_detailed=False,
    )
    return int(flops), int(macs)


class _WithParameter(nn.Module):  # type: ignore[misc]
    """calflops wants at least one parameter."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x: Any) -> Any:
        return self.inner(x)


TOOLS: dict[str, Callable[[Any, Any], int]] = {
    "torch_flopcounter": torch_flopcounter,
    "fvcore": fvcore,
    "torchinfo": torchinfo,
    "ptflops_pytorch": ptflops_pytorch,
    "ptflops_aten": ptflops_aten,
    "thop": thop,
    "calflops": calflops,
    "calflops_flops": calflops_flops,
}


# Every kind of layer


class Call(nn.Module):  # type: ignore[misc]
    """A function in a module without parts."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


class Then(nn.Module):  # type: ignore[misc]
    """A pointwise convolution, and a function of it and its input."""

    def __init__(self, join: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 1, bias=False)
        self.join = join

    def forward(self, x: Any) -> Any:
        return self.join(x, self.conv(x))


class MyConv2d(nn.Conv2d):  # type: ignore[misc]
    """A class made from a convolution."""


class MyLayer(nn.Conv2d):  # type: ignore[misc]
    """A class made from a convolution that is not called one."""


class FConv(nn.Module):  # type: ignore[misc]
    """A convolution as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(8, 6, 3, 3))

    def forward(self, x: Any) -> Any:
        return F.conv2d(x, self.w)


class Twice(nn.Module):  # type: ignore[misc]
    """One convolution called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 3, padding=1, bias=False)

    def forward(self, x: Any) -> Any:
        return self.conv(self.conv(x))


class Unused(nn.Module):  # type: ignore[misc]
    """A second convolution that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(6, 8, 3)
        self.b = nn.Conv2d(6, 8, 3)

    def forward(self, x: Any) -> Any:
        return self.a(x)


class AddModule(nn.Module):  # type: ignore[misc]
    """A sum in a module of its own."""

    def forward(self, x: Any, y: Any) -> Any:
        return x + y


class WithAddModule(nn.Module):  # type: ignore[misc]
    """A residual sum in a module of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 1, bias=False)
        self.add = AddModule()

    def forward(self, x: Any) -> Any:
        return self.add(x, self.conv(x))


def _plus_equal(x: Any, y: Any) -> Any:
    y += x
    return y


def _add(x: Any, y: Any) -> Any:
    return torch.add(x, y)


def _mul(x: Any, y: Any) -> Any:
    return torch.mul(x, y)


class Kind(NamedTuple):
    """One kind of layer: a module and the shape of its input without batch."""

    name: str
    make: Callable[[], Any]
    shape: tuple[int, ...] = (6, 14, 17)


def kinds() -> Iterator[Kind]:
    """Every kind of layer that the rules name, as modules and as functions."""
    yield Kind("conv without bias", lambda: nn.Conv2d(6, 8, 3, bias=False))
    yield Kind("conv with bias", lambda: nn.Conv2d(6, 8, 5))
    yield Kind("conv 1x1 with bias", lambda: nn.Conv2d(6, 8, 1))
    yield Kind("conv depthwise", lambda: nn.Conv2d(6, 6, 3, groups=6, bias=False))
    yield Kind("conv depthwise, 2 outputs each", lambda: nn.Conv2d(6, 12, 3, groups=6))
    yield Kind("conv grouped", lambda: nn.Conv2d(6, 8, 3, groups=2))
    yield Kind("conv dilated", lambda: nn.Conv2d(6, 8, 3, dilation=2, bias=False))
    yield Kind("conv strided", lambda: nn.Conv2d(6, 8, 7, stride=2, padding=3, bias=False))
    yield Kind("conv same, odd", lambda: nn.Conv2d(6, 8, 3, padding="same", bias=False))
    yield Kind("conv same, even", lambda: nn.Conv2d(6, 8, 4, padding="same"))
    yield Kind("conv valid as a word", lambda: nn.Conv2d(6, 8, 3, padding="valid"))
    yield Kind("conv 1x7", lambda: nn.Conv2d(6, 8, (1, 7), stride=(1, 2), padding=(0, 3)))
    yield Kind("conv reflecting", lambda: nn.Conv2d(6, 8, 5, padding=2, padding_mode="reflect"))
    yield Kind("conv 1-D", lambda: nn.Conv1d(6, 8, 3), (6, 30))
    yield Kind("conv 3-D", lambda: nn.Conv3d(6, 8, 3), (6, 9, 8, 7))
    yield Kind("transposed", lambda: nn.ConvTranspose2d(6, 8, 3, stride=2, bias=False))
    yield Kind("transposed with bias", lambda: nn.ConvTranspose2d(6, 8, 4, stride=2, padding=1))
    yield Kind("transposed grouped", lambda: nn.ConvTranspose2d(6, 12, 3, 2, groups=2, bias=False))
    yield Kind("transposed grouped, bias", lambda: nn.ConvTranspose2d(6, 12, 3, 2, 1, 1, groups=2))
    yield Kind("transposed 1-D", lambda: nn.ConvTranspose1d(6, 8, 3, stride=2), (6, 30))
    yield Kind("conv as a function", FConv)
    yield Kind("class made from conv", lambda: MyConv2d(6, 8, 3))
    yield Kind("class not called conv", lambda: MyLayer(6, 8, 3))
    yield Kind("conv called twice", Twice)
    yield Kind("conv never called", Unused)
    yield Kind("linear", lambda: nn.Linear(15, 18), (15,))
    yield Kind("linear without bias", lambda: nn.Linear(15, 18, bias=False), (15,))
    yield Kind("linear on tokens", lambda: nn.Linear(15, 18), (7, 15))
    yield Kind("linear on tokens, no bias", lambda: nn.Linear(15, 18, bias=False), (7, 15))
    yield from _norms()
    yield from _activations()
    yield from _pools()
    yield from _joins()


def _norms() -> Iterator[Kind]:
    yield Kind("batch norm", lambda: nn.BatchNorm2d(6))
    yield Kind("batch norm, plain", lambda: nn.BatchNorm2d(6, affine=False))
    yield Kind("batch norm 1-D", lambda: nn.BatchNorm1d(6), (6, 30))
    yield Kind("group norm", lambda: nn.GroupNorm(2, 6))
    yield Kind("group norm, plain", lambda: nn.GroupNorm(2, 6, affine=False))
    yield Kind("layer norm", lambda: nn.LayerNorm(8), (5, 4, 8))
    yield Kind("layer norm, plain", lambda: nn.LayerNorm(8, elementwise_affine=False), (5, 4, 8))
    yield Kind("layer norm as a function", lambda: Call(lambda x: F.layer_norm(x, (8,))), (5, 8))
    yield Kind("instance norm", lambda: nn.InstanceNorm2d(6))
    yield Kind("instance norm with scale", lambda: nn.InstanceNorm2d(6, affine=True))
    yield Kind("rms norm", lambda: nn.RMSNorm(8), (5, 8))


MODULES = (
    *("ReLU", "ReLU6", "SiLU", "Hardswish", "Hardsigmoid", "Sigmoid", "GELU", "LeakyReLU"),
    *("PReLU", "ELU", "CELU", "SELU", "Tanh", "Mish", "Softplus", "Softsign", "Hardtanh"),
    "LogSigmoid",
)
FUNCTIONS = ("relu", "relu6", "silu", "gelu", "elu", "leaky_relu", "hardswish", "sigmoid")


def _late(name: str) -> Callable[[Any], Any]:
    """A function looked up when it is called: some tools put their own in its place."""

    def call(x: Any) -> Any:
        return getattr(F, name)(x)

    return call


def _called(name: str) -> Any:
    return Call(_late(name))


def _activations() -> Iterator[Kind]:
    for name in MODULES:
        yield Kind(name, getattr(nn, name))
    for name in FUNCTIONS:
        yield Kind(f"F.{name}", partial(_called, name))
    yield Kind("torch.relu", lambda: Call(torch.relu))
    yield Kind("x.relu()", lambda: Call(lambda x: x.relu()))
    yield Kind("softmax", lambda: nn.Softmax(dim=1))
    yield Kind("log softmax", lambda: nn.LogSoftmax(dim=1))
    yield Kind("F.softmax", lambda: Call(lambda x: F.softmax(x, dim=1)))
    yield Kind("x.softmax()", lambda: Call(lambda x: x.softmax(dim=1)))
    yield Kind("dropout", nn.Dropout)


def _pools() -> Iterator[Kind]:
    yield Kind("max pool", lambda: nn.MaxPool2d(3, 2, 1))
    yield Kind("max pool 1-D", lambda: nn.MaxPool1d(3, 2, 1), (6, 30))
    yield Kind("avg pool", lambda: nn.AvgPool2d(2))
    yield Kind("avg pool 1-D", lambda: nn.AvgPool1d(2), (6, 30))
    yield Kind("avg pool 3-D", lambda: nn.AvgPool3d(2), (6, 8, 8, 8))
    yield Kind("adaptive avg pool to 1", lambda: nn.AdaptiveAvgPool2d(1))
    yield Kind("adaptive avg pool to 7", lambda: nn.AdaptiveAvgPool2d(7))
    yield Kind("adaptive avg pool to 5x3", lambda: nn.AdaptiveAvgPool2d((5, 3)))
    yield Kind("adaptive avg pool 1-D", lambda: nn.AdaptiveAvgPool1d(1), (6, 30))
    yield Kind("adaptive avg pool 1-D to 4", lambda: nn.AdaptiveAvgPool1d(4), (6, 30))
    yield Kind("adaptive avg pool 3-D", lambda: nn.AdaptiveAvgPool3d(1), (6, 8, 8, 8))
    yield Kind("adaptive max pool", lambda: nn.AdaptiveMaxPool2d(1))
    yield Kind("F.max_pool2d", lambda: Call(lambda x: F.max_pool2d(x, 2)))
    yield Kind("F.avg_pool2d", lambda: Call(lambda x: F.avg_pool2d(x, 2)))
    yield Kind("F.adaptive_avg_pool2d", lambda: Call(lambda x: F.adaptive_avg_pool2d(x, 1)))
    yield Kind("x.mean", lambda: Call(lambda x: x.mean((2, 3))))
    yield Kind("x.mean, axes kept", lambda: Call(lambda x: x.mean((2, 3), keepdim=True)))
    yield Kind("upsample nearest", lambda: nn.Upsample(scale_factor=2))
    yield Kind("upsample nearest 1-D", lambda: nn.Upsample(scale_factor=2), (6, 30))
    yield Kind("upsample bilinear", lambda: nn.Upsample(scale_factor=2, mode="bilinear"))
    yield Kind("upsample bicubic", lambda: nn.Upsample(scale_factor=2, mode="bicubic"))
    yield Kind("upsample linear", lambda: nn.Upsample(scale_factor=2, mode="linear"), (6, 30))
    yield Kind("F.interpolate", lambda: Call(lambda x: F.interpolate(x, scale_factor=2)))
    yield Kind("F.interpolate to a size", lambda: Call(lambda x: F.interpolate(x, size=(9, 9))))
    yield Kind("upsample to a size", lambda: nn.Upsample(size=(9, 9)))
    yield Kind("pixel shuffle", lambda: nn.PixelShuffle(2), (8, 5, 6))


def _joins() -> Iterator[Kind]:
    yield Kind("x + y", lambda: Then(lambda x, y: x + y))
    yield Kind("y += x", lambda: Then(_plus_equal))
    yield Kind("torch.add", lambda: Then(_add))
    yield Kind("x.add", lambda: Then(lambda x, y: x.add(y)))
    yield Kind("x * y", lambda: Then(lambda x, y: x * y))
    yield Kind("torch.mul", lambda: Then(_mul))
    yield Kind("x.mul", lambda: Then(lambda x, y: x.mul(y)))
    yield Kind("cat", lambda: Then(lambda x, y: torch.cat([x, y], 1)))
    yield Kind("sum in a module", WithAddModule)
    yield Kind("x @ y", lambda: Then(lambda x, y: x @ y.transpose(2, 3)))
    yield Kind("torch.matmul", lambda: Then(lambda x, y: torch.matmul(x, y.transpose(2, 3))))
    yield Kind("conv, norm, relu", lambda: nn.Sequential(*_block()))


def _block() -> list[Any]:
    return [nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]


# Comparison


class Row(NamedTuple):
    """One number of a tool beside ours; ``theirs`` is None where the tool gave up."""

    case: str
    tool: str
    ours: int
    theirs: int | None

    @property
    def agrees(self) -> bool:
        return self.theirs is None or self.ours == self.theirs

    def __str__(self) -> str:
        installed = version(PACKAGES[self.tool])
        known = find_convention(self.tool).version
        return (
            f"{self.case}: {self.tool} {installed} says {self.theirs:,}, the rules of {known} "
            f"say {self.ours:,}\n  {WHAT_TO_DO.format(tool=self.tool)}"
        )


def rows(case: str, model: Any, shape: tuple[int, ...], batch: int) -> list[Row]:
    """Every tool on one model, beside what its rules say."""
    model.eval()
    x = torch.zeros(batch, *shape)
    first, *spatial = shape
    is_map = len(shape) > 1
    ours = [first, *spatial] if not is_map or _is_last(model) else [*spatial, first]
    subject = from_torch(model, "x".join(map(str, ours)), batch=batch)
    counted = count(subject.graph, batch)
    applied = conventions(case, counted, all_conventions(list(TOOLS)))
    values = {one.convention.name: one.value for one in applied.tools}
    return [Row(case, tool, values[tool], _run(tool, model, x)) for tool in TOOLS]


def _is_last(model: Any) -> bool:
    """Whether the layer works on its input's last axis, so that shapes are in that order."""
    code = getattr(getattr(model, "function", None), "__code__", None)
    is_function = code is not None and "layer_norm" in code.co_names
    return is_function or isinstance(model, nn.Linear | nn.LayerNorm | nn.RMSNorm)


def _run(tool: str, model: Any, x: Any) -> int | None:
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        torch.no_grad(),
    ):
        warnings.simplefilter("ignore")
        try:
            return TOOLS[tool](deepcopy(model), x.clone())
        except Exception:  # a tool that cannot run a model says nothing of it
            return None


def network_rows(name: str, batch: int = 1) -> list[Row]:
    """Every tool on a network of torchvision."""
    from torchvision import models

    more: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    side = 299 if name == "inception_v3" else 224
    model = getattr(models, name)(weights=None, **more)
    return rows(name, model, (3, side, side), batch)


# ONNX files


def onnx_rows(path: Path) -> list[Row]:
    """The tools that read ONNX files on one file; weights that are absent are zeros."""
    import onnx
    from onnx import numpy_helper

    from convcost.sources.onnx.file import read_onnx

    model = onnx.load(str(path), load_external_data=False)
    for weight in model.graph.initializer:
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(weight.data_type)
            weight.CopyFrom(numpy_helper.from_array(numpy.zeros(weight.dims, dtype), weight.name))
    graph = read_onnx(path).graph
    applied = conventions(path.stem, count(graph), all_conventions(list(ONNX_TOOLS)))
    values = {one.convention.name: one.value for one in applied.tools}
    found = []
    for name, tool in ONNX_TOOLS.items():
        with contextlib.redirect_stdout(io.StringIO()):
            found.append(Row(path.stem, name, values[name], tool(model)))
    return found


def onnx_tool(model: Any) -> int:
    import onnx_tool as tool

    graph = tool.Model(model).graph
    graph.shape_infer(None)
    graph.profile()
    return int(graph.macs[0])


def onnx_opcounter(model: Any) -> int:
    from onnx_opcounter import calculate_macs

    return int(calculate_macs(model))


ONNX_TOOLS: dict[str, Callable[[Any], int]] = {
    "onnx_tool": onnx_tool,
    "onnx_opcounter": onnx_opcounter,
}
ONNX_FILES = sorted((Path(__file__).parent / "data" / "onnx").glob("*.onnx"))

NETWORKS = ("resnet18", "mobilenet_v2", "squeezenet1_1", "densenet121")


def main() -> int:
    """Print the rows that differ; 1 where there are any."""
    asked = sys.argv[1:]
    found: list[Row] = []
    if not asked:
        for kind in kinds():
            for batch in (1, 2):
                found += rows(f"{kind.name}, batch {batch}", kind.make(), kind.shape, batch)
    for name in asked or NETWORKS:
        found += network_rows(name)
    for path in () if asked else ONNX_FILES:
        found += onnx_rows(path)
    wrong = [row for row in found if not row.agrees]
    silent = sum(row.theirs is None for row in found)
    for row in wrong:
        print(row)
    print(f"{len(found)} numbers, {len(wrong)} differ, {silent} without an answer of the tool")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
