"""Forty real models of different families against PyTorch's own counter and parameters.

Each is made small where its library allows it, and runs on shapes alone. Where a library is not
installed its models are skipped; ``.ci/run`` has timm and transformers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
from torch_truth import MARKS, hooked, let_torchvision_load, torch

from convcost.engine.counting import count
from convcost.sources.torch.module import from_torch

pytestmark = [
    *MARKS,
    pytest.mark.filterwarnings("ignore"),  # libraries warn of each other
]


def needs(library: str) -> pytest.MarkDecorator:
    """A mark that skips where a library is missing."""
    missing = importlib.util.find_spec(library) is None
    reason = f"{library} is not installed: pip install {library}"
    return pytest.mark.skipif(missing, reason=reason)


def compare(make: Callable[[], Any], given: Any, tensors: dict[str, tuple[Any, ...]]) -> None:
    """The same MACs as FlopCounterMode on meta tensors, and every parameter that runs."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        model = make().eval()
        subject = from_torch(model, given)
        inputs = {name: torch.zeros(shape, dtype=kind) for name, (shape, kind) in tensors.items()}
        unnamed = [inputs.pop("")] if "" in inputs else []
        model.requires_grad_(False)  # FlopCounterMode fails on parameters that modules read
        with torch.no_grad(), FlopCounterMode(display=False) as theirs:
            model(*unnamed, **inputs)
    counted = count(subject.graph, subject.batch)
    assert counted.macs * 2 == theirs.get_total_flops()
    assert not counted.uncounted
    assert subject.parameters is not None
    idle = sum(subject.parameters.idle.values())
    assert counted.params + idle == sum(p.numel() for p in model.parameters())


IMAGE = {"": ((1, 3, 224, 224), torch.float32)}

TIMM = (
    *("beit_base_patch16_224", "cait_xxs24_224", "coat_tiny", "convit_tiny", "convmixer_768_32"),
    *("convnext_atto", "crossvit_tiny_240", "cspresnet50", "darknet17", "davit_tiny"),
    *("densenet121", "dla34", "edgenext_xx_small", "efficientnet_b0", "efficientformer_l1"),
    *("focalnet_tiny_srf", "ghostnet_050", "hrnet_w18_small", "levit_128s", "maxvit_pico_rw_256"),
    *("mixer_s32_224", "mobilenetv3_small_050", "mobilevit_xxs", "nf_resnet26", "pit_ti_224"),
    *("poolformer_s12", "pvt_v2_b0", "regnetx_002", "repvgg_a0", "res2net50_48w_2s"),
    *("resnet18", "rexnet_100", "swin_tiny_patch4_window7_224", "tnt_s_patch16_224"),
    *("vgg11", "visformer_tiny", "vit_tiny_patch16_224", "xcit_nano_12_p16_224"),
)


@needs("timm")
@pytest.mark.parametrize("name", TIMM)
def test_models_of_timm(name: str) -> None:
    let_torchvision_load()
    import timm

    if not timm.is_model(name):
        pytest.skip(f"this timm has no {name}")
    size = timm.get_pretrained_cfg(name).input_size[-1]
    compare(
        lambda: timm.create_model(name, pretrained=False),
        f"{size}x{size}x3",
        {"": ((1, 3, size, size), torch.float32)},
    )


LONG, FLOAT = torch.int64, torch.float32
TOKENS = {"input_ids": ((1, 16), LONG)}

SMALL: dict[str, Any] = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}

TRANSFORMERS: dict[str, tuple[str, dict[str, Any], Any, dict[str, tuple[Any, ...]]]] = {
    "BertModel": ("BertConfig", SMALL, {"input_ids": "16"}, TOKENS),
    "GPT2Model": ("GPT2Config", {"n_layer": 2, "n_embd": 64, "n_head": 4}, "16", TOKENS),
    "LlamaModel": ("LlamaConfig", SMALL, {"input_ids": "16"}, TOKENS),
    "T5EncoderModel": ("T5Config", {"num_layers": 2, "d_model": 64}, "16:int64", TOKENS),
    "ViTModel": ("ViTConfig", SMALL, "224x224x3", {"pixel_values": ((1, 3, 224, 224), FLOAT)}),
    "SwinModel": (
        "SwinConfig",
        {"embed_dim": 24, "depths": [1, 1], "num_heads": [2, 4]},
        {"pixel_values": "224x224x3"},
        {"pixel_values": ((1, 3, 224, 224), FLOAT)},
    ),
    "WhisperModel": (
        "WhisperConfig",
        {"encoder_layers": 1, "decoder_layers": 1, "d_model": 96},
        {"input_features": "[1,80,3000]", "decoder_input_ids": "8"},
        {"input_features": ((1, 80, 3000), FLOAT), "decoder_input_ids": ((1, 8), LONG)},
    ),
    "Wav2Vec2Model": (
        "Wav2Vec2Config",
        SMALL,
        {"input_values": "[1,16000]"},
        {"input_values": ((1, 16000), FLOAT)},
    ),
}


@needs("transformers")
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_models_of_transformers(name: str) -> None:
    import transformers

    config, options, given, tensors = TRANSFORMERS[name]
    if not hasattr(transformers, name):
        pytest.skip(f"this transformers has no {name}")

    def make() -> Any:
        return getattr(transformers, name)(getattr(transformers, config)(**options))

    compare(make, given, tensors)


@needs("torchvision")
@pytest.mark.parametrize("name", ["vit_b_16", "shufflenet_v2_x0_5", "googlenet", "swin_v2_t"])
def test_models_of_torchvision(name: str) -> None:
    let_torchvision_load()
    from torchvision import models

    compare(lambda: models.get_model(name, weights=None), "224x224x3", IMAGE)


@needs("torchvision")
def test_a_detector_runs_with_values() -> None:
    """SSDLite takes a list of images and looks at scores; hooks on its layers are the truth."""
    if not let_torchvision_load():
        pytest.skip("this torchvision is not built for this PyTorch")
    from torchvision.models.detection import ssdlite320_mobilenet_v3_large

    torch.manual_seed(0)
    model = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None).eval()
    subject = from_torch(model, "320x320x3")
    counted = count(subject.graph, subject.batch)
    assert (counted.params, counted.macs) == hooked(model, [torch.zeros(3, 320, 320)])
    assert not counted.uncounted
