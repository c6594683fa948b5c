"""Modules as people wrap them: scripted, traced, compiled, quantised, lazy, parallel, locked."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from torch_truth import MARKS, Does, nn, torch, weight

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.torch.module import from_torch

pytestmark = [*MARKS, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def counted(module: Any, inputs: Any, **options: Any) -> CountResult:
    return count_subject(from_torch(module, inputs, **options))


def net() -> Any:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))


WORK = 6 * 6 * 4 * 27 + 6 * 6 * 2 * 4
PARAMS = 4 * 27 + 4 + 2 * 4 + 2

WRAPPED = {
    "scripted": lambda: torch.jit.script(net()),
    "traced": lambda: torch.jit.trace(net(), torch.zeros(1, 3, 8, 8)),
    "scripted inside": lambda: nn.Sequential(torch.jit.script(net())),
    "frozen": lambda: torch.jit.freeze(torch.jit.script(net().eval())),
    "compiled": lambda: torch.compile(net()),
    "compiled inside": lambda: nn.Sequential(torch.compile(net())),
    "traced by fx": lambda: torch.fx.symbolic_trace(net()),
    "exported": lambda: torch.export.export(net(), (torch.zeros(1, 3, 8, 8),)).module(),
    "parallel": lambda: nn.DataParallel(net()),
    "fused": lambda: torch.ao.quantization.fuse_modules(net().eval(), [["0", "1"]]),
    "lazy": lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.LazyConv2d(2, 1)),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_modules_count_as_what_they_wrap(name: str) -> None:
    result = counted(WRAPPED[name](), "8x8x3")
    assert (result.macs, result.is_complete) == (WORK, True)
    assert result.params == (0 if name == "frozen" else PARAMS)


def test_dynamically_quantised_layers() -> None:
    layers = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4))
    quantised = torch.ao.quantization.quantize_dynamic(layers, {nn.Linear}, dtype=torch.qint8)
    result = counted(quantised, "16")
    assert (result.macs, result.is_complete) == (16 * 8 + 8 * 4, True)
    assert result.params == 16 * 8 + 8 + 8 * 4 + 4


def test_statically_quantised_layers() -> None:
    class Quantised(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.start = torch.ao.quantization.QuantStub()
            self.conv = nn.Conv2d(3, 4, 3)
            self.head = nn.Linear(4, 2)
            self.end = torch.ao.quantization.DeQuantStub()

        def forward(self, x: Any) -> Any:
            return self.end(self.head(self.conv(self.start(x)).mean((2, 3))))

    module = Quantised().eval()
    engine = torch.backends.quantized.engine
    module.qconfig = torch.ao.quantization.get_default_qconfig(engine)
    torch.ao.quantization.prepare(module, inplace=True)
    module(torch.rand(1, 3, 8, 8))
    torch.ao.quantization.convert(module, inplace=True)
    result = counted(module, "8x8x3")
    assert (result.macs, result.is_complete) == (6 * 6 * 4 * 27 + 4 * 2, True)
    assert result.params == 4 * 27 + 4 + 4 * 2 + 2


def test_locks_generators_and_hooks_are_no_hindrance() -> None:
    module = net()
    module.lock = threading.Lock()
    module.stream = (n for n in range(3))
    seen: list[Any] = []
    module[0].register_forward_hook(lambda layer, reads, made: seen.append(layer is module[0]))
    assert counted(module, "8x8x3").macs == WORK
    assert seen
    assert all(seen)
    assert next(module.stream) == 0


def test_a_module_is_afterwards_what_it_was() -> None:
    class Caches(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.seen: list[Any] = []
            self.cache: Any = None
            self.register_buffer("steps", torch.zeros(1))

        def forward(self, x: Any) -> Any:
            self.steps += 1
            self.cache = self.conv(x)
            self.seen.append(self.cache)
            self.extra = True
            return self.cache

    module = Caches().train()
    before = {name: id(value) for name, value in module.state_dict(keep_vars=True).items()}
    for device in ("meta", "cpu"):
        counted(module, "8x8x3", device=device)
        assert module.training
        assert module.conv.training
        assert {n: id(v) for n, v in module.state_dict(keep_vars=True).items()} == before
        assert (module.seen, module.cache, module.steps.item()) == ([], None, 0)
        assert not hasattr(module, "extra")
    torch.manual_seed(3)
    first = torch.rand(1)
    torch.manual_seed(3)
    counted(module, "8x8x3")
    assert torch.equal(torch.rand(1), first)
    assert torch.backends.mha.get_fastpath_enabled()


def test_parameters_that_never_ran_are_named() -> None:
    class Auxiliary(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.main = nn.Conv2d(3, 4, 1)
            self.aux = nn.Sequential(nn.Linear(10, 10), nn.Linear(10, 5))
            self.token = weight(7)

        def forward(self, x: Any) -> Any:
            return self.main(x)

    subject = from_torch(Auxiliary(), "8x8x3")
    idle = 10 * 10 + 10 + 10 * 5 + 5 + 7
    assert subject.parameters is not None
    assert sum(subject.parameters.idle.values()) == idle
    assert next(iter(subject.parameters.idle)) == "token"
    assert subject.notes[-1] == (
        f"{idle} of {idle + 3 * 4 + 4} parameters never ran, and are not counted: token, aux"
    )


def test_trainable_and_frozen_parameters_are_told_apart() -> None:
    module = net()
    module[0].requires_grad_(False)
    subject = from_torch(module, "8x8x3")
    assert subject.parameters is not None
    assert (subject.parameters.frozen, subject.parameters.trainable) == (4 * 27 + 4, 2 * 4 + 2)
    assert subject.notes[-1] == "112 parameters are frozen, 10 trainable"


def test_lazy_modules_that_never_learn_their_shapes() -> None:
    with pytest.raises(ConvcostError) as caught:
        from_torch(nn.Sequential(nn.LazyLinear(4), nn.Linear(5, 5)), "8")
    assert caught.value.lines()[0] == "the lazy parameters of Sequential learn no shapes"


def test_modules_without_a_length_and_without_rows() -> None:
    result = counted(nn.Identity(), "8x8x3")
    assert (result.macs, result.params, result.output) == (0, 0, (8, 8, 3))
    str(result)
    with pytest.raises(ConvcostError) as caught:
        from_torch(Does(lambda self, x: None), "8")
    assert caught.value.lines() == ["the model computes nothing from its input"]


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_work_in_another_thread_is_refused(device: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def forward(self: Any, x: Any) -> Any:
        with ThreadPoolExecutor(1) as threads:
            return self.head(threads.submit(self.conv, x).result().flatten(1))

    module = Does(forward, conv=nn.Conv2d(3, 4, 3), head=nn.Linear(144, 5))
    with pytest.raises(ConvcostError) as caught:
        from_torch(module, "8x8x3", device=device)
    assert caught.value.lines() == [
        "Conv2d ran in another thread, where its work is out of sight",
        "  call its modules one after another",
    ]


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("mode", ["inference", "autocast", "fork", "graph"])
def test_modes_inside_forward_change_nothing(device: str, mode: str) -> None:
    def forward(self: Any, x: Any) -> Any:
        if mode == "fork":
            return torch.jit.wait(torch.jit.fork(self.inner, x))
        modes = {
            "inference": torch.inference_mode(),
            "autocast": torch.autocast("cpu", torch.bfloat16),
            "graph": torch.enable_grad(),
        }
        with modes[mode]:
            return self.inner(x)

    result = counted(Does(forward, inner=net()), "8x8x3", device=device)
    assert (result.macs, result.params, result.is_complete) == (WORK, PARAMS, True)


def test_results_in_records_of_any_kind() -> None:
    class Boxes:
        def __init__(self, tensor: Any) -> None:
            self.tensor = tensor

    module = Does(lambda self, x: Boxes(self.layer(x)), layer=nn.Linear(8, 4))
    assert counted(module, "8").macs == 8 * 4
