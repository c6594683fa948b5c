"""Which function costs which role of the vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convcost.engine.operations.base import Operation
from convcost.sources.onnx import attention, elements, layers, recurrent, sampling
from convcost.sources.onnx.costing import Costs

Role = Callable[[Costs, Any], Operation | None]
"""Costs a node; None where it turns out that its cost is not known after all."""

ROLES: dict[str, Role] = {
    "conv": layers.conv,
    "blocked_conv": layers.blocked_conv,
    "conv_transpose": layers.conv_transpose,
    "gemm": layers.gemm,
    "matmul": layers.matmul,
    "matmul_bits": layers.matmul_bits,
    "einsum": layers.einsum,
    "norm": layers.norm,
    "skip_norm": layers.skip_norm,
    "embed_norm": layers.embed_norm,
    "group_norm": layers.group_norm,
    "pool": layers.pool,
    "global_pool": layers.global_pool,
    "embedding": layers.embedding,
    "packed_embedding": layers.packed_embedding,
    "activation": elements.activation,
    "elementwise": elements.elementwise,
    "qlinear_joined": elements.qlinear_joined,
    "qlinear_where": elements.generated,
    "qlinear_free": elements.qlinear_free,
    "reduce": elements.reduce,
    "selection": elements.selection,
    "generated": elements.generated,
    "loss": elements.loss,
    "resize": elements.resize,
    "free": elements.free,
    "recurrent": recurrent.recurrent,
    "causal_conv": recurrent.causal_conv,
    "attention": attention.attention,
    "multi_head": attention.multi_head,
    "grouped_query": attention.grouped_query,
    "with_projection": attention.with_projection,
    "linear_attention": attention.linear_attention,
    "rotary": attention.rotary,
    "deform_conv": sampling.deform_conv,
    "grid_sample": sampling.grid_sample,
    "affine_grid": sampling.affine_grid,
    "roi_align": sampling.roi_align,
    "overlapping": sampling.overlapping,
    "table_model": sampling.table_model,
}

HEAVY = frozenset(
    {
        *(
            "conv",
            "blocked_conv",
            "conv_transpose",
            "gemm",
            "matmul",
            "matmul_bits",
            "einsum",
            "recurrent",
        ),
        *("deform_conv", "causal_conv", "attention", "multi_head", "grouped_query"),
        *("with_projection", "linear_attention", "affine_grid"),
    }
)
"""Roles whose work counts even where everything they read is a weight."""

UNSIZED = frozenset({"free", "selection", "embedding", "loss", "table_model", *HEAVY})
"""Roles that do without the size of what is made, or fail on their own where they need it."""
