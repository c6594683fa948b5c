"""Operators one by one: what each function of PyTorch costs, and what is unknown on purpose."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from torch_truth import MARKS, Does, let_torchvision_load, nn, torch, weight

from convcost.api import count_subject
from convcost.results import CountResult
from convcost.sources.torch.aten import BACKWARD, NOT_KNOWN, OTHERS, VOCABULARY
from convcost.sources.torch.module import from_torch

F: Any = nn.functional

pytestmark = MARKS


def counted(function: Callable[..., Any], *shapes: tuple[int, ...], **parts: Any) -> CountResult:
    """A function of tensors of these shapes, with all axes as they are."""
    tensors = tuple(torch.empty(shape, device="meta") for shape in shapes)
    module = Does(function, **parts)
    return count_subject(from_torch(module, tensors))


Case = tuple[Callable[..., Any], tuple[tuple[int, ...], ...], dict[str, Any], int]

PRODUCTS: dict[str, Case] = {
    "mm(out=)": (
        lambda s, x: torch.mm(x, s.w, out=torch.empty(4, 5)),
        ((4, 8),),
        {"w": (8, 5)},
        4 * 8 * 5,
    ),
    "addmm": (lambda s, x: torch.addmm(s.b, x, s.w), ((4, 8),), {"w": (8, 5), "b": (5,)}, 160),
    "addbmm": (
        lambda s, x, y: torch.addbmm(torch.zeros(4, 5), x, y),
        ((3, 4, 8), (3, 8, 5)),
        {},
        3 * 4 * 8 * 5,
    ),
    "baddbmm": (
        lambda s, x, y: torch.baddbmm(torch.zeros(3, 4, 5), x, y),
        ((3, 4, 8), (3, 8, 5)),
        {},
        3 * 4 * 8 * 5,
    ),
    "addmv": (lambda s, x: torch.addmv(s.b, s.w, x), ((8,),), {"w": (4, 8), "b": (4,)}, 4 * 8),
    "dot": (lambda s, x, y: torch.dot(x, y), ((8,), (8,)), {}, 8),
    "einsum": (
        lambda s, x, y: torch.einsum("bic,bjc->bij", x, y),
        ((2, 3, 8), (2, 5, 8)),
        {},
        2 * 3 * 5 * 8,
    ),
    "tensordot": (lambda s, x: torch.tensordot(x, s.w, 1), ((2, 3, 8),), {"w": (8, 5)}, 240),
    "bilinear": (
        lambda s, x, y: F.bilinear(x, y, s.w, s.b),
        ((2, 4), (2, 5)),
        {"w": (6, 4, 5), "b": (6,)},
        2 * 6 * 4 * 5,
    ),
    "conv_tbc": (
        lambda s, x: F.conv_tbc(x, s.w, s.b, pad=1),
        ((7, 2, 8),),
        {"w": (3, 8, 5), "b": (5,)},
        7 * 2 * 5 * 3 * 8,
    ),
    "convolution without a batch": (
        lambda s, x: F.conv2d(x, s.w),
        ((3, 8, 8),),
        {"w": (4, 3, 3, 3)},
        6 * 6 * 4 * 27,
    ),
    "transposed": (
        lambda s, x: F.conv_transpose1d(x, s.w, stride=2, groups=2),
        ((2, 4, 8),),
        {"w": (4, 3, 5)},
        2 * 4 * 8 * 3 * 5,
    ),
    "attention": (
        lambda s, q, k, v: F.scaled_dot_product_attention(q, k, v),
        ((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 6)),
        {},
        2 * 3 * 5 * 7 * (8 + 6),
    ),
    "affine grid": (
        lambda s, x: F.affine_grid(x, (2, 3, 5, 7), align_corners=False),
        ((2, 2, 3),),
        {},
        2 * 5 * 7 * 2 * 3,
    ),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str) -> None:
    function, shapes, weights, macs = PRODUCTS[name]
    parts = {key: weight(*shape) for key, shape in weights.items()}
    result = counted(function, *shapes, **parts)
    assert (result.macs, result.is_complete) == (macs, True)
    assert result.params == sum(part.numel() for part in parts.values())


def test_fused_attention_and_its_gradient() -> None:
    """As the CPU computes it, in one operation: scores again, then four gradients."""
    from convcost.sources.torch.context import Counting

    query = torch.zeros(2, 3, 5, 8, requires_grad=True)
    key, value = torch.zeros(2, 3, 7, 8), torch.zeros(2, 3, 7, 8)
    with Counting() as counting:
        made = F.scaled_dot_product_attention(query, key, value)
    assert [row.type for row in counting.counted.rows if row.cost and row.cost.macs] == [
        "attention"
    ]
    assert counting.macs == 2 * 3 * 5 * 7 * (8 + 8)
    with Counting() as counting:
        made.sum().backward()
    assert counting.macs == 2 * 3 * 5 * 7 * (3 * 8 + 2 * 8)


def test_attention_of_values_of_another_width() -> None:
    from convcost.sources.torch.calls import Call, Signature
    from convcost.sources.torch.products import attention

    names = ("query", "key", "value")
    shapes = ((2, 5, 8), (2, 7, 8), (2, 7, 6))
    tensors = [torch.empty(shape, device="meta") for shape in shapes]
    signature = Signature("fused", "aten", names, (), (), frozenset())
    work = attention(Call(signature, tensors, {}, tensors, []))
    assert work.macs == 2 * 5 * 7 * (8 + 6)


def test_transposed_convolution_of_frames_in_the_batch() -> None:
    module = Does(
        lambda self, x: self.grow(x.flatten(0, 1)[:5]), grow=nn.ConvTranspose2d(4, 6, 3, groups=2)
    )
    result = count_subject(from_torch(module, "[2,3,4,8,8]", batch=2))
    assert result.macs == 5 * 4 * 8 * 8 * (6 // 2) * 9
    str(result)


def stage(size: int) -> int:
    return (size - 1).bit_length()


ELEMENTS: dict[str, tuple[Callable[..., Any], tuple[int, ...], int]] = {
    "col2im": (lambda x: F.fold(x, (4, 4), 2, stride=2), (1, 12, 4), 0),
    "im2col": (lambda x: F.unfold(x, 2), (1, 3, 4, 4), 0),
    "replication pad": (lambda x: F.pad(x, (1, 1), mode="replicate"), (1, 3, 8), 0),
    "circular pad": (lambda x: F.pad(x, (1, 1, 1, 1), mode="circular"), (1, 3, 8, 8), 0),
    "reflection pad 3-D": (lambda x: F.pad(x, (1,) * 6, mode="reflect"), (1, 3, 4, 4, 4), 0),
    "roll": (lambda x: x.roll(2, 1), (1, 8), 0),
    "repeat": (lambda x: x.repeat(2, 3), (1, 8), 0),
    "nearest": (lambda x: F.interpolate(x, scale_factor=2), (1, 3, 4, 4), 0),
    "pixel shuffle": (lambda x: F.pixel_shuffle(x, 2), (1, 8, 4, 4), 0),
    "bilinear upsampling": (
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
        (1, 3, 4, 4),
        3 * 8 * 8 * 4,
    ),
    "grid sampling": (
        lambda x: F.grid_sample(x, torch.zeros(1, 5, 5, 2), align_corners=False),
        (1, 3, 4, 4),
        3 * 5 * 5 * 4,
    ),
    "topk": (lambda x: x.topk(3)[0], (2, 8), 2 * 8),
    "sort": (lambda x: x.sort()[0], (2, 8), 2 * 8),
    "cumprod": (lambda x: x.cumprod(1), (2, 8), 2 * 8),
    "logaddexp": (lambda x: torch.logaddexp(x, x), (2, 8), 2 * 8),
    "real fft": (torch.fft.rfft, (2, 16), 2 * 16 * stage(16)),
    "complex fft": (
        lambda x: torch.fft.fft2(torch.complex(x, x)).real,
        (2, 16, 12),
        2 * 16 * 12 * (1 + stage(16) + stage(12)),
    ),
    "fractional pool": (
        lambda x: F.fractional_max_pool2d(x, 2, output_size=(3, 3)),
        (1, 2, 8, 8),
        # 9 windows of 4 in each channel, and where they start is a sample.
        2 * 9 * 4,
    ),
    "max pool and back": (
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
        (1, 2, 8, 8),
        2 * 4 * 4 * 4,
    ),
    "group norm": (lambda x: F.group_norm(x, 2), (1, 4, 8), 2 * 4 * 8),
    "few distances": (lambda x: torch.cdist(x, x[:, :2]), (1, 5, 8), 5 * 2 * 8 * 2),
    "many distances": (lambda x: torch.cdist(x, x), (1, 30, 8), 30 * 30 * 8 * 2),
    "scatter add": (
        lambda x: torch.zeros(2, 4).scatter_add_(1, torch.zeros(2, 8, dtype=torch.long), x),
        (2, 8),
        2 * 8,
    ),
    "mean squared error": (lambda x: F.mse_loss(x, x * 2), (2, 8), 2 * 8 + 2 * 8),
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_element_operations(name: str) -> None:
    function, shape, ops = ELEMENTS[name]
    result = counted(lambda self, x: function(x), shape)
    assert result.is_complete, [row.type for row in result.counted.uncounted]
    assert (result.macs, result.element_ops) == (0, ops)


def test_tables() -> None:
    bag = count_subject(from_torch(nn.EmbeddingBag(50, 16, mode="sum"), {"input": "7:int64"}))
    assert (bag.params, bag.element_ops) == (50 * 16, 7 * 16)
    table = count_subject(from_torch(nn.Embedding(50, 16), "7"))
    assert (table.params, table.element_ops) == (50 * 16, 0)


def test_deformable_convolution() -> None:
    if not let_torchvision_load():
        pytest.skip("there is no torchvision that is built for this PyTorch")
    ops = importlib.import_module("torchvision.ops")
    result = counted(
        lambda self, x, offsets: ops.deform_conv2d(x, offsets, self.w),
        (1, 3, 8, 8),
        (1, 18, 6, 6),
        w=weight(5, 3, 3, 3),
    )
    assert (result.macs, result.params) == (6 * 6 * 5 * 27, 5 * 27)


def test_custom_operators_are_told_by_their_namespace() -> None:
    library = torch.library.Library("convcost_tests", "DEF")
    library.define("relu(Tensor x, Tensor w) -> Tensor")
    library.impl("relu", lambda x, w: torch.empty_like(x), "Meta")
    module = Does(
        lambda self, x: torch.ops.convcost_tests.relu(self.head(x), self.own),
        head=nn.Linear(8, 8),
        own=weight(5),
    )
    result = count_subject(from_torch(module, "8"))
    assert [row.type for row in result.counted.uncounted] == ["convcost_tests::relu"]
    assert result.params == 8 * 8 + 8 + 5  # its own parameters are known
    costs: Any = {"convcost_tests::relu": lambda sizes: sizes["out"] * sizes["params"]}
    known = count_subject(from_torch(module, "8", costs=costs))
    assert (known.macs, known.is_complete) == (8 * 8 + 8 * 5, True)
    assert known.params == result.params


UNKNOWN = {
    "linalg_inv_ex": torch.linalg.inv,
    "_linalg_svd": lambda x: torch.linalg.svd(x)[1],
    "linalg_cholesky_ex": torch.linalg.cholesky,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_decompositions_are_unknown_on_purpose(name: str) -> None:
    result = counted(lambda self, x: UNKNOWN[name](x), (8, 8))
    assert name in [row.type for row in result.counted.uncounted]
    assert name in NOT_KNOWN


def test_tables_of_operators_do_not_overlap() -> None:
    names = [*VOCABULARY, *OTHERS, *BACKWARD, *NOT_KNOWN]
    assert len(names) == len(set(names))


def test_names_in_the_tables_are_those_of_pytorch() -> None:
    """What PyTorch has no operator for, under any of its names, is a slip of the pen."""
    known = {
        schema.name.removeprefix("aten::").rstrip("_").partition(".")[0]
        for schema in torch._C._jit_get_all_schemas()
    }
    ours = {*VOCABULARY, *BACKWARD, *NOT_KNOWN} - {"linalg_matrix_sqrth", "linalg_polar"}  # of 2.14
    ours -= {"cholesky"}  # gone in 2.14
    assert [name for name in ours if name.rstrip("_") not in known] == []


def test_every_public_function_has_an_entry() -> None:
    """Operators that ``torch`` and its ``functional`` offer are counted or unknown on purpose."""
    from convcost.sources.torch.calls import role_of, signature_of

    missing = []
    for name in sorted({*dir(torch), *dir(F), *dir(torch._C._nn), *dir(torch._C._fft)}):
        packet = getattr(torch.ops.aten, name, None)
        if packet is None or not hasattr(packet, "overloads") or name.startswith("_"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            functions = [getattr(packet, overload) for overload in packet.overloads()]
        has_kernel = torch._C._dispatch_has_kernel
        functions = [f for f in functions if has_kernel(f.name())]  # others are TorchScript's own
        if not functions:
            continue
        signature = signature_of(functions[0])
        taken_apart = any(f._can_decompose() for f in functions)
        known = role_of(signature) is not None or signature.name in NOT_KNOWN
        tensors = any("Tensor" in str(value.type) for value in functions[0]._schema.returns)
        if tensors and not known and not taken_apart:
            missing.append(name)
    assert missing == []
