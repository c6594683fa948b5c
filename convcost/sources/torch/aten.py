"""What each ATen operation costs: one entry an operation, in one table.

Names are those that PyTorch dispatches, without overload and without the trailing underscore
of in-place forms. An operation that is not here is not known, and is reported as such.
"""

from __future__ import annotations


def _all(role: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), role)


VOCABULARY: dict[str, str] = {
    **_all("convolution", "convolution"),
    **_all("product", "mm addmm bmm baddbmm mv addmv dot"),
    **_all(
        "attention",
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
        "_scaled_dot_product_attention_math _scaled_dot_product_attention_math_for_mps "
        "_scaled_dot_product_fused_attention_overrideable scaled_dot_product_attention",
    ),
    **_all(
        "norm",
        "native_batch_norm _native_batch_norm_legit_no_training cudnn_batch_norm batch_norm "
        "_native_batch_norm_legit native_layer_norm native_group_norm _batch_norm_no_update "
        "_batch_norm_with_update _fused_rms_norm",
    ),
    **_all(
        "pool",
        "max_pool2d_with_indices max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d",
    ),
    **_all(
        "reduce",
        "mean sum prod amax amin max min var std var_mean norm linalg_vector_norm argmax argmin "
        "logsumexp _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d "
        "adaptive_max_pool3d any all",
    ),
    **_all(
        "elementwise",
        "relu relu6 hardtanh clamp clamp_min clamp_max sigmoid tanh silu hardswish hardsigmoid "
        "leaky_relu elu celu selu gelu mish softplus softsign hardshrink softshrink threshold "
        "log_sigmoid_forward glu _softmax _safe_softmax _log_softmax _prelu_kernel prelu add sub "
        "rsub mul div pow exp expm1 log log2 log1p sqrt rsqrt neg abs reciprocal sign where "
        "maximum minimum fmod eq ne lt gt le ge logical_and logical_or logical_not bitwise_not "
        "bitwise_and bitwise_or sin cos tan asin acos atan atan2 sinh cosh erf floor ceil round "
        "masked_fill cumsum square remainder floor_divide addcmul addcdiv lerp isnan isinf "
        "nan_to_num",
    ),
    **_all(
        "resize",
        "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d "
        "_upsample_bilinear2d_aa _upsample_bicubic2d_aa",
    ),
    **_all("free", "embedding"),
    **_all(
        "rename",
        "view _unsafe_view reshape permute transpose t expand squeeze unsqueeze detach alias "
        "_reshape_alias as_strided contiguous flatten native_dropout dropout lift_fresh",
    ),
    **_all(
        "free",
        "cat stack split split_with_sizes unsafe_split unsafe_split_with_sizes chunk "
        "unbind slice select clone copy _to_copy index "
        "constant_pad_nd reflection_pad1d reflection_pad2d replication_pad2d upsample_nearest1d "
        "upsample_nearest2d upsample_nearest3d _upsample_nearest_exact2d pixel_shuffle "
        "pixel_unshuffle channel_shuffle native_channel_shuffle roll flip arange zeros ones empty "
        "full zeros_like ones_like full_like empty_like new_zeros new_ones new_empty "
        "new_empty_strided new_full scalar_tensor lift_fresh_copy repeat unfold index_select "
        "gather scatter slice_scatter select_scatter index_put fill zero tril triu meshgrid "
        "linspace diagonal movedim repeat_interleave im2col",
    ),
}
"""How each operation is counted; ``torch_costs.py`` has one method for each role."""

TYPES = {
    "native_batch_norm": "batch_norm",
    "_native_batch_norm_legit_no_training": "batch_norm",
    "_native_batch_norm_legit": "batch_norm",
    "cudnn_batch_norm": "batch_norm",
    "_batch_norm_no_update": "batch_norm",
    "_batch_norm_with_update": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "_fused_rms_norm": "rms_norm",
    "_adaptive_avg_pool2d": "adaptive_avg_pool",
    "_adaptive_avg_pool3d": "adaptive_avg_pool",
    "_softmax": "softmax",
    "_safe_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "_prelu_kernel": "prelu",
    "_unsafe_view": "view",
    "_to_copy": "copy",
    "cat": "concat",
    "native_dropout": "dropout",
}
"""Names in convcost's words; other operations keep their own."""

CHANNELS_FIRST = frozenset(
    {
        *("convolution", "batch_norm", "group_norm", "max_pool", "avg_pool"),
        *("adaptive_avg_pool", "pixel_shuffle"),
    }
)
CHANNELS_LAST = frozenset({*("mm", "addmm", "bmm", "baddbmm", "layer_norm", "embedding")})
"""Types whose results are known to be laid out N, C, spatial, or with the channels last."""
