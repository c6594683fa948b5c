"""Shipped networks against torchvision's and timm's, layer by layer, run here on the meta device.

``data/networks.json`` holds their totals; here each convolution, linear layer and norm has an equal
in the other network: no two mistakes can cancel. Needs torch and torchvision (or timm).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from convcost.api import count

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
models: Any = pytest.importorskip("torchvision", reason="pip install torchvision").models
nn: Any = torch.nn

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

Layers = Counter[tuple[str, int, int]]
"""How often a layer of that kind, with so many parameters and MACs, stands in a network."""

SAME = [
    *("alexnet", "convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
    *("densenet121", "densenet161", "densenet169", "densenet201"),
    *(f"efficientnet_b{size}" for size in range(8)),
    *("googlenet", "inception_v3", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"),
    *("regnet_x_400mf", "regnet_y_400mf"),
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("squeezenet1_0", "squeezenet1_1", "vgg11", "vgg13", "vgg16", "vgg19"),
]
"""Networks that have torchvision's name."""

OTHERS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("wide_resnet50", {}, "wide_resnet50_2", {}),
    ("wide_resnet101", {}, "wide_resnet101_2", {}),
    ("resnext50", {}, "resnext50_32x4d", {}),
    ("resnext101", {}, "resnext101_32x8d", {}),
    ("resnext101", {"cardinality": 64, "width": 4}, "resnext101_64x4d", {}),
    ("mnasnet", {}, "mnasnet1_0", {}),
    ("mnasnet", {"width": 0.5}, "mnasnet0_5", {}),
    ("mobilenet_v3_large", {"width": 0.75}, "mobilenet_v3_large", {"width_mult": 0.75}),
    ("shufflenet_v2", {}, "shufflenet_v2_x1_0", {}),
    ("regnet", {"rounding": "torchvision"}, "regnet_x_400mf", {}),
]


def kind(layer: Any) -> str | None:
    if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
        return "linear map"
    return "norm" if isinstance(layer, nn.modules.batchnorm._BatchNorm | nn.LayerNorm) else None


def theirs(module: Any, height: int, width: int, channels: int) -> Layers:
    """The layers that run when the module is called once, by hooks."""
    found: Layers = Counter()

    def note(layer: Any, reads: Any, made: Any) -> None:
        name = kind(layer)
        if name is None:
            return
        macs = 0
        if isinstance(layer, nn.Linear):
            macs = made.numel() * layer.in_features
        elif name == "linear map":
            macs = made.numel() * layer.weight[0].numel()
        found[name, sum(parameter.numel() for parameter in layer.parameters()), macs] += 1

    for layer in module.modules():
        layer.register_forward_hook(note)
    with torch.no_grad():
        module.eval()(torch.zeros(1, channels, height, width, device="meta"))
    return found


def ours(name: str, **given: Any) -> Layers:
    kinds = {"conv": "linear map", "linear": "linear map"}
    kinds |= {"batch_norm": "norm", "layer_norm": "norm"}
    rows = count(name, **given).counted.rows
    return Counter(
        (kinds[row.type], row.cost.params, row.cost.macs)
        for row in rows
        if row.type in kinds and row.cost is not None
    )


def scales(module: Any) -> int:
    """ConvNeXt's layer scales, which are no modules there."""
    named = module.named_parameters()
    return sum(parameter.numel() for name, parameter in named if name.endswith("layer_scale"))


@pytest.mark.parametrize("input", ["224x224x3", "161x131x3"])
@pytest.mark.parametrize(
    ("name", "arguments", "called", "built"),
    [*((name, {}, name, {}) for name in SAME), *OTHERS],
)
def test_every_layer_has_its_equal_in_torchvision(
    name: str, arguments: dict[str, Any], called: str, built: dict[str, Any], input: str
) -> None:
    with torch.device("cpu" if called.startswith("regnet") else "meta"):  # its rule needs values
        module = getattr(models, called)(weights=None, **built).to("meta")
    found = theirs(module, *map(int, input.split("x")))
    assert ours(name, input=input, **arguments) == found
    counted = count(name, input=input, **arguments)
    assert counted.params == scales(module) + sum(
        params * times for (_, params, _), times in found.items()
    )


TIMM = [
    ("res2net50", {"width": 48, "scale": 2}, "res2net50_48w_2s"),
    ("res2net50", {}, "res2net50_26w_4s"),
    ("res2net50", {"width": 14, "scale": 8}, "res2net50_14w_8s"),
    ("res2net50", {"blocks3": 23}, "res2net101_26w_4s"),
    ("ghostnet", {}, "ghostnet_100"),
    ("ghostnet", {"width": 1.3}, "ghostnet_130"),
    ("regnet", {}, "regnetx_004"),
    (
        "regnet",
        {"depth": 16, "w_0": 48, "w_a": 27.89, "w_m": 2.09, "group_width": 8, "squeeze": 0.25},
        "regnety_004",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "called"), TIMM)
def test_every_layer_has_its_equal_in_timm(
    name: str, arguments: dict[str, Any], called: str
) -> None:
    timm: Any = pytest.importorskip("timm", reason="timm is not installed: pip install timm")
    module = timm.create_model(called).to("meta")
    assert ours(name, **arguments) == theirs(module, 224, 224, 3)
