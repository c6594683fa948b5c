"""PyTorch modules against PyTorch's own shapes and parameters, read by forward hooks here.

Needs torch, which the test extra leaves out: ``.ci/run`` runs this in an environment of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcost.api import from_torch
from convcost.results import CountResult

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
nn: Any = torch.nn
F: Any = nn.functional

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def hooked(module: Any, *shape: int) -> tuple[int, int]:
    """Parameters and MACs of convolutions and linear layers, by hooks on each layer."""
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
        module.eval()(torch.zeros(shape))
    for hook in hooks:
        hook.remove()
    return sum(parameter.numel() for parameter in module.parameters()), sum(work)


def check(module: Any, text: str, *shape: int) -> CountResult:
    """Count a module and compare it with the hooks."""
    result = from_torch(module, text, batch=shape[0])
    assert (result.params, result.macs) == hooked(module, *shape)
    assert result.is_complete
    result.to_dict()
    return result


def layers(result: CountResult) -> list[str]:
    return [row.name for row in result.counted.rows]


class Residual(nn.Module):  # type: ignore[misc]
    """A ResNet's basic block, in place and with one activation for two places."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x: Any) -> Any:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x
        return self.relu(out)


class Squeeze(nn.Module):  # type: ignore[misc]
    """Squeeze-and-excitation written with functions."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Linear(8, 2)
        self.up = nn.Linear(2, 8)

    def forward(self, x: Any) -> Any:
        scale = F.adaptive_avg_pool2d(x, 1).flatten(1)
        scale = torch.sigmoid(self.up(F.relu(self.down(scale))))
        return x * scale[:, :, None, None]


MODULES: dict[str, tuple[Callable[[], Any], str, tuple[int, ...]]] = {
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1), "16x4", (1, 4, 16)),
    "conv2d": (
        lambda: nn.Conv2d(4, 6, (3, 1), padding=(1, 0), dilation=2, groups=2),
        *("9x8x4", (2, 4, 9, 8)),
    ),
    "conv3d": (lambda: nn.Conv3d(4, 6, 3, bias=False), "5x6x7x4", (1, 4, 5, 6, 7)),
    "same": (lambda: nn.Conv2d(4, 6, 3, padding="same"), "8x8x4", (1, 4, 8, 8)),
    "transposed": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        *("8x8x4", (1, 4, 8, 8)),
    ),
    "linear": (lambda: nn.Linear(16, 4), "16", (3, 16)),
    "linear on tokens": (lambda: nn.Linear(16, 4), "5x16", (3, 5, 16)),
    "norms": (
        lambda: nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True)),
        *("8x8x4", (1, 4, 8, 8)),
    ),
    "layer norm": (lambda: nn.LayerNorm(16), "5x16", (1, 5, 16)),
    "pools": (
        lambda: nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.PReLU(4), nn.Hardswish()),
        *("8x8x4", (1, 4, 8, 8)),
    ),
    "residual": (lambda: Residual(4), "8x8x4", (2, 4, 8, 8)),
    "squeeze": (Squeeze, "8x8x8", (2, 8, 8, 8)),
}


@pytest.mark.parametrize("name", MODULES)
def test_agrees_with_hooks(name: str) -> None:
    make, text, shape = MODULES[name]
    check(make(), text, *shape)


def test_names_are_paths_and_nest() -> None:
    result = check(nn.Sequential(Residual(4), Residual(4)), "8x8x4", 1, 4, 8, 8)
    block = ["conv1", "bn1", "relu", "conv2", "bn2", "add", "relu_2"]
    assert layers(result) == [f"{index}.{name}" for index in (0, 1) for name in block]
    folded = result.report(None).rows
    assert [str(row[0]).strip() for row in folded if row[0] in ("0", "1")] == ["0", "1"]
    assert result.counted.graph.scopes["0"] == "Residual"


def test_in_place_operations_are_wired_as_they_run() -> None:
    graph = check(Residual(4), "8x8x4", 1, 4, 8, 8).counted.graph
    by_name = {node.name: node for node in graph.nodes}
    assert by_name["relu"].inputs == (2,)
    assert by_name["conv2"].inputs == (3,)
    assert sorted(by_name["add"].inputs) == [0, 5]
    assert by_name["relu_2"].inputs == (6,)
    assert graph.outputs == (7,)


def test_functions_count_as_modules_do() -> None:
    class Functional(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.zeros(6, 4, 3, 3))
            self.matrix = nn.Parameter(torch.zeros(10, 6))

        def forward(self, x: Any) -> Any:
            return F.linear(F.conv2d(x, self.kernel).mean((2, 3)), self.matrix)

    result = from_torch(Functional(), "8x8x4")
    assert (result.params, result.macs) == (
        6 * 4 * 9 + 6 * 10,
        6 * 6 * 6 * 4 * 9 + 6 * 10,
    )


def test_shared_module_counts_its_weights_once() -> None:
    conv = nn.Conv2d(4, 4, 3, padding=1)
    result = check(nn.Sequential(conv, nn.ReLU(), conv), "8x8x4", 1, 4, 8, 8)
    assert layers(result) == ["0", "1", "0_2"]
    assert result.notes == (
        "input taken as 1x4x8x8 (batch, channels, height, width)",
        "weights counted at an earlier layer: 0_2",
    )


def test_transposed_and_tied_weights_are_known_by_identity() -> None:
    class Tied(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(50, 16)
            self.head = nn.Linear(16, 50, bias=False)
            self.head.weight = self.table.weight

        def forward(self, tokens: Any) -> Any:
            return self.head(self.table(tokens))

    result = from_torch(Tied(), "7")
    assert (result.params, result.macs) == (50 * 16, 7 * 16 * 50)
    back = nn.Linear(4, 9, bias=False)
    forth = from_torch(Back(back), "9")
    assert (forth.params, forth.macs) == (4 * 9, 4 * 9)


class Back(nn.Module):  # type: ignore[misc]
    """A layer's weight used the other way round."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return x @ self.layer.weight


def test_normalised_weight_stands_for_its_parts() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 6, 3))
    result = from_torch(layer, "8x8x4")
    assert (result.params, result.macs) == (6 * 4 * 9 + 6 + 6, 6 * 6 * 6 * 4 * 9)


def test_module_that_never_runs_is_not_counted() -> None:
    class Auxiliary(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.main = nn.Conv2d(4, 6, 1)
            self.aux = nn.Linear(1000, 1000)

        def forward(self, x: Any) -> Any:
            return self.aux(x) if self.training else self.main(x)

    result = from_torch(Auxiliary(), "8x8x4")
    assert (layers(result), result.params) == (["main"], 4 * 6 + 6)


def test_attention_products_are_no_layers() -> None:
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    result = from_torch(layer, "5x16", batch=2)
    assert result.is_complete
    kinds: dict[str, int] = {}
    for row in result.counted.rows:
        if row.cost is not None and row.cost.macs:
            kinds[row.type] = kinds.get(row.type, 0) + row.cost.macs
    assert kinds.pop("linear") == 2 * 5 * (3 * 16 * 16 + 16 * 16 + 2 * 16 * 32)
    assert sum(kinds.values()) == 2 * (5 * 5 * 16) * 2
    assert result.params == sum(parameter.numel() for parameter in layer.parameters())


def test_frames_in_the_batch_axis() -> None:
    class Frames(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 6, 3)

        def forward(self, x: Any) -> Any:
            return self.conv(x.transpose(1, 2).flatten(0, 1))

    assert from_torch(Frames(), "3x8x8x4", batch=2).macs == 2 * 3 * 6 * 6 * 6 * 4 * 9


def test_axes_that_are_laid_out_anew() -> None:
    class Anew(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.patches, self.line = nn.Conv2d(3, 16, 4, 4), nn.Conv1d(16, 8, 3)
            self.grow = nn.ConvTranspose2d(4, 3, 2)

        def forward(self, x: Any) -> Any:
            x = self.line(self.patches(x).flatten(2)).mean(1)
            return self.grow(x[:, :36].reshape(-1, 4, 3, 3))

    result = check(Anew(), "32x32x3", 2, 3, 32, 32)
    assert result.macs == 2 * (8 * 8 * 16 * 3 * 16 + 62 * 8 * 16 * 3 + 3 * 3 * 4 * 3 * 4)
    str(result)


def test_recurrent_layers_are_taken_apart() -> None:
    layer = nn.LSTM(16, 8, batch_first=True)
    result = from_torch(layer, "5x16")
    assert result.params == sum(parameter.numel() for parameter in layer.parameters())
    assert (result.is_complete, result.macs) == (True, 5 * 4 * 8 * (16 + 8))


def test_several_inputs_by_name() -> None:
    class Sum(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Conv2d(4, 6, 1), nn.Conv2d(2, 6, 1)

        def forward(self, a: Any, b: Any) -> Any:
            return self.left(a) + self.right(b)

    result = from_torch(Sum(), {"a": "8x8x4", "b": (8, 8, 2)})
    assert result.macs == 8 * 8 * 6 * (4 + 2)


def test_original_is_not_touched() -> None:
    module = Residual(4).train()
    from_torch(module, "8x8x4")
    assert module.training
    assert module.conv1.weight.device.type == "cpu"
    assert not module.conv1._forward_hooks


def test_unknown_operation_is_said_to_be() -> None:
    class Rotation(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(8, 8))

        def forward(self, x: Any) -> Any:
            return torch.linalg.solve_triangular(self.weight, x, upper=True)

    result = from_torch(Rotation(), "8x8")
    assert [row.type for row in result.counted.uncounted] == ["linalg_solve_triangular"]
    assert result.params == 8 * 8  # what it reads is known, though not what it does


def test_memory_of_the_graph() -> None:
    result = from_torch(Residual(4), "8x8x4")
    memory = result.to_dict()["results"][0]["memory"]
    assert memory["peak"] == 3 * 8 * 8 * 4 * 4  # block input, conv in and out
    assert memory["weights"] == (2 * 4 * 4 * 9 + 2 * 2 * 4) * 4


def test_onnx_of_the_same_model_has_the_same_macs(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: pip install onnx")
    from convcost.api import count_subject
    from convcost.sources.onnx.file import read_onnx

    model = nn.Sequential(nn.Conv2d(3, 8, 3), Residual(8), Squeeze(), nn.Conv2d(8, 4, 1)).eval()
    path = tmp_path / "model.onnx"
    options = {"dynamo": False, "do_constant_folding": False}
    for parameter in model.parameters():
        parameter.data.uniform_(0.5, 1)
    preserve = torch.onnx.TrainingMode.PRESERVE
    torch.onnx.export(model, torch.zeros(1, 3, 16, 16), path, training=preserve, **options)
    theirs = count_subject(read_onnx(path))
    ours = from_torch(model, "16x16x3")
    assert (theirs.macs, theirs.params) == (ours.macs, ours.params)
    assert ours.params == math.fsum(parameter.numel() for parameter in model.parameters())
