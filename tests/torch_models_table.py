"""A table of real PyTorch models against PyTorch itself: exact, partial, refused, by library.

Not a test: it needs libraries that the test environments leave out, and some minutes. Run it as

    python tests/torch_models_table.py [LIBRARY ...] [--only TEXT] [--every N]

with any of torchvision, timm, transformers, diffusers, segmentation, ultralytics. The truth for
MACs is half of what ``FlopCounterMode`` counts, which sees matrix products and convolutions; for
parameters it is ``sum(p.numel())`` of the parameters that run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from convcost.engine.counting import count
from convcost.errors import ConvcostError
from convcost.sources.torch.module import from_torch

IMAGE = "224x224x3"


class Case(NamedTuple):
    """A model: how it is made, and what it is given."""

    library: str
    name: str
    make: Callable[[], Any]
    inputs: Any


def torchvision_cases() -> Iterator[Case]:
    from torchvision import models

    sizes = {"inception_v3": "299x299x3", "s3d": "16x224x224x3"}
    for name in models.list_models():
        size = sizes.get(name, IMAGE)
        if name.startswith(("mvit", "swin3d")):
            size = "16x224x224x3"
        elif name in ("mc3_18", "r2plus1d_18", "r3d_18"):
            size = "8x112x112x3"
        inputs: Any = size
        if name.startswith("raft"):
            inputs = {"image1": "128x128x3", "image2": "128x128x3"}
        options = {"weights": None}
        if "rcnn" in name or name.startswith(("retina", "fcos", "ssd", "deeplab", "fcn", "lraspp")):
            options["weights_backbone"] = None
        yield Case("torchvision", name, partial(models.get_model, name, **options), inputs)


def timm_cases() -> Iterator[Case]:
    import timm

    for module in timm.list_modules():
        names = [n for n in timm.list_models(module=module) if "giant" not in n]
        if not names:
            continue
        name = min(names, key=lambda n: (len(n), n))
        model = timm.get_pretrained_cfg(name)
        channels, height, width = model.input_size if model else (3, 224, 224)
        yield Case(
            "timm",
            name,
            partial(timm.create_model, name, pretrained=False),
            f"{height}x{width}x{channels}",
        )


def transformers_cases() -> Iterator[Case]:
    import transformers as t

    tokens = {"input_ids": "16"}
    image = {"pixel_values": IMAGE}
    both = {**tokens, "attention_mask": "16:int64"}
    cases: list[tuple[str, str, Any]] = [
        ("BertModel", "BertConfig", tokens),
        ("BertModel", "BertConfig", both),
        ("BertForMaskedLM", "BertConfig", tokens),
        ("RobertaModel", "RobertaConfig", both),
        ("DebertaModel", "DebertaConfig", tokens),
        ("DebertaV2Model", "DebertaV2Config", tokens),
        ("DistilBertModel", "DistilBertConfig", tokens),
        ("AlbertModel", "AlbertConfig", tokens),
        ("ElectraModel", "ElectraConfig", tokens),
        ("GPT2Model", "GPT2Config", tokens),
        ("GPTNeoXModel", "GPTNeoXConfig", tokens),
        ("OPTModel", "OPTConfig", tokens),
        ("LlamaModel", "LlamaConfig", tokens),
        ("MistralModel", "MistralConfig", tokens),
        ("Qwen2Model", "Qwen2Config", tokens),
        ("GemmaModel", "GemmaConfig", tokens),
        ("T5Model", "T5Config", {**tokens, "decoder_input_ids": "8"}),
        ("BartModel", "BartConfig", {**tokens, "decoder_input_ids": "8"}),
        ("ViTModel", "ViTConfig", image),
        ("DeiTModel", "DeiTConfig", image),
        ("BeitModel", "BeitConfig", image),
        ("Swinv2Model", "Swinv2Config", image),
        ("SwinModel", "SwinConfig", image),
        ("ConvNextModel", "ConvNextConfig", image),
        ("ResNetModel", "ResNetConfig", image),
        ("SegformerModel", "SegformerConfig", image),
        ("MobileViTModel", "MobileViTConfig", image),
        ("Dinov2Model", "Dinov2Config", image),
        ("CLIPModel", "CLIPConfig", {**image, "input_ids": "77", "attention_mask": "77:int64"}),
        ("CLIPVisionModel", "CLIPVisionConfig", image),
        ("SiglipVisionModel", "SiglipVisionConfig", image),
        (
            "WhisperModel",
            "WhisperConfig",
            {"input_features": "[1,80,3000]", "decoder_input_ids": "8"},
        ),
        ("Wav2Vec2Model", "Wav2Vec2Config", {"input_values": "[1,16000]"}),
        ("HubertModel", "HubertConfig", {"input_values": "[1,16000]"}),
        ("MambaModel", "MambaConfig", tokens),
        ("DetrModel", "DetrConfig", image),
        ("YolosModel", "YolosConfig", {"pixel_values": "512x864x3"}),
        ("DPTModel", "DPTConfig", {"pixel_values": "384x384x3"}),
        ("SamVisionModel", "SamVisionConfig", {"pixel_values": "1024x1024x3"}),
        ("LongformerModel", "LongformerConfig", tokens),
        ("FNetModel", "FNetConfig", tokens),
        ("PerceiverModel", "PerceiverConfig", {"inputs": "50x768"}),
        ("TimesformerModel", "TimesformerConfig", {"pixel_values": "[1,8,3,224,224]"}),
        ("VideoMAEModel", "VideoMAEConfig", {"pixel_values": "[1,16,3,224,224]"}),
    ]
    for model, config, inputs in cases:
        extra = {"use_timm_backbone": False} if model == "DetrModel" else {}
        yield Case(
            "transformers",
            model,
            partial(_configured, t, model, config, extra),
            inputs,
        )


def _configured(library: Any, model: str, config: str, settings: dict[str, Any]) -> Any:
    return getattr(library, model)(getattr(library, config)(**settings))


def diffusers_cases() -> Iterator[Case]:
    import diffusers as d

    yield Case("diffusers", "UNet2DModel", d.UNet2DModel, {"sample": "64x64x3", "timestep": "1"})
    yield Case(
        "diffusers",
        "UNet2DConditionModel",
        lambda: d.UNet2DConditionModel(cross_attention_dim=768),
        {"sample": "32x32x4", "timestep": "[1]:int64", "encoder_hidden_states": "[1,77,768]"},
    )
    yield Case("diffusers", "AutoencoderKL", d.AutoencoderKL, "64x64x3")
    yield Case("diffusers", "VQModel", d.VQModel, "64x64x3")


def segmentation_cases() -> Iterator[Case]:
    import segmentation_models_pytorch as smp

    for kind in ("Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "PAN", "DeepLabV3"):
        for encoder in ("resnet18", "mobilenet_v2", "timm-efficientnet-b0"):
            yield Case(
                "segmentation",
                f"{kind} {encoder}",
                partial(getattr(smp, kind), encoder, encoder_weights=None),
                "256x256x3",
            )
    yield Case(
        "segmentation",
        "DeepLabV3Plus",
        lambda: smp.DeepLabV3Plus("resnet18", encoder_weights=None),
        "256x256x3",
    )
    yield Case(
        "segmentation",
        "Segformer",
        lambda: smp.Segformer("resnet18", encoder_weights=None),
        "256x256x3",
    )


def ultralytics_cases() -> Iterator[Case]:
    from ultralytics.nn.tasks import (
        ClassificationModel,
        DetectionModel,
        PoseModel,
        SegmentationModel,
    )

    kinds: dict[str, Any] = {
        "yolov3.yaml": DetectionModel,
        "yolov5n.yaml": DetectionModel,
        "yolov6n.yaml": DetectionModel,
        "yolov8n.yaml": DetectionModel,
        "yolov9t.yaml": DetectionModel,
        "yolov10n.yaml": DetectionModel,
        "yolo11n.yaml": DetectionModel,
        "yolo12n.yaml": DetectionModel,
        "yolov8n-seg.yaml": SegmentationModel,
        "yolov8n-pose.yaml": PoseModel,
        "yolov8n-cls.yaml": ClassificationModel,
    }
    for name, kind in kinds.items():
        yield Case("ultralytics", name, partial(kind, name, verbose=False), "640x640x3")


LIBRARIES: dict[str, Callable[[], Iterator[Case]]] = {
    "torchvision": torchvision_cases,
    "timm": timm_cases,
    "transformers": transformers_cases,
    "diffusers": diffusers_cases,
    "segmentation": segmentation_cases,
    "ultralytics": ultralytics_cases,
}


def fused() -> dict[Any, Any]:
    """What FlopCounterMode leaves out: attention as the CPU computes it."""
    import torch

    def attention(query: Any, key: Any, value: Any, *rest: Any, **more: Any) -> int:
        *sequences, length, width = query
        scores = length * key[-2]
        for size in sequences:
            scores *= size
        return 2 * int(scores) * int(width + value[-1])

    return {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention}


def truth(model: Any, notes: tuple[str, ...], inputs: Any) -> int:
    """MACs by FlopCounterMode, on the tensors that our run took."""
    on_cpu = any("CPU" in note for note in notes)
    if not on_cpu:
        found = _flops(model, inputs, notes, "meta")
        if found >= 0:
            return found
    return _flops(model, inputs, notes, "cpu")


def _flops(model: Any, inputs: Any, notes: tuple[str, ...], device: str) -> int:
    """The count on one device; -1 where the model does not run there."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from convcost.sources.torch.given import bind, read_given
    from convcost.sources.torch.inputs import assignments, variants

    model.requires_grad_(False)  # FlopCounterMode fails on parameters that modules read
    if device == "cpu" and any(p.is_meta for p in model.parameters()):
        return -1
    model = model.eval() if device == "cpu" else model.to(device).eval()
    given = bind(model, read_given(torch, inputs))
    choices = {
        key: variants(word, None, "float32", batch_second=False)
        for key, word in given.slots().items()
    }
    taken = next(note for note in notes if note.startswith("input taken as"))
    for tier in assignments(choices):
        for choice in tier:
            if any(variant.words() not in taken for variant in choice.values()):
                continue
            tensors = {
                key: torch.zeros(v.dims, dtype=getattr(torch, v.dtype), device=device)
                for key, v in choice.items()
            }
            args, kwargs = given.filled(tensors, lambda value: value)
            with (
                contextlib.suppress(Exception),
                torch.no_grad(),
                torch.device(device),
                FlopCounterMode(display=False, custom_mapping=fused()) as counter,
            ):
                model(*args, **kwargs)
                return int(counter.get_total_flops()) // 2
    return -1


def made_for(mode: str, case: Case) -> Any:
    """The model with the values that a way of running needs, the same each time."""
    import torch

    from convcost.sources.torch.factories import _without_weights

    torch.manual_seed(0)
    with _without_weights(torch) if mode == "mixed" else contextlib.nullcontext():
        return case.make()


def try_case(case: Case) -> tuple[str, str]:
    """What came of one model: a verdict and a detail."""
    import torch

    try:
        with torch.device("meta"):
            model = case.make()
    except Exception:
        try:
            model = case.make()
        except Exception as error:
            return "not made", str(error).splitlines()[0][:100]
    started = time.perf_counter()
    try:
        subject = from_torch(model, case.inputs, real=lambda mode: made_for(mode, case))
    except ConvcostError as error:
        return "refused", " | ".join(error.lines())[:300]
    except Exception as error:
        return "CRASH", f"{type(error).__name__}: {error}"[:300]
    seconds = time.perf_counter() - started
    counted = count(subject.graph, subject.batch)
    unknown = Counter(row.type for row in counted.uncounted)
    on_cpu = any("CPU" in note for note in subject.notes)
    if on_cpu:
        model = made_for("values", case)
    expected = truth(model, subject.notes, case.inputs)
    if expected < 0:  # what does not run on shapes alone there
        model = made_for("values", case)
        expected = truth(model, (*subject.notes, "CPU"), case.inputs)
    params = sum(p.numel() for p in model.parameters())
    idle = sum(subject.parameters.idle.values()) if subject.parameters else 0
    detail = (
        f"{counted.macs:,} MACs (truth {expected:,}), {counted.params:,} params"
        f"{f' + {idle:,} idle' * bool(idle)}, {len(counted.rows)} rows, {seconds:.1f} s"
        f"{', cpu' * on_cpu}"
    )
    if unknown:
        return "partial", f"{detail}; unknown: {dict(unknown)}"
    if counted.params + idle != params:
        return "PARAMS", f"{detail}; sum {params:,}"
    return ("exact" if counted.macs == expected else "DIFFERS"), detail


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="*", default=list(LIBRARIES))
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table: Counter[tuple[str, str]] = Counter()
    for library in options.libraries:
        try:
            cases = [c for c in LIBRARIES[library]() if options.only in c.name]
        except ImportError as error:
            print(f"{library}: {error}")
            continue
        for case in cases[:: options.every]:
            with contextlib.redirect_stderr(io.StringIO()):
                verdict, detail = try_case(case)
            table[library, verdict] += 1
            print(f"{verdict:<9} {library} {case.name}: {detail}", flush=True)
    print()
    for (library, verdict), number in sorted(table.items()):
        print(f"{library:<14} {verdict:<9} {number:>4}")


if __name__ == "__main__":
    main()
