"""What each dispatched operation costs: one entry an operation, in one table.

Names are those that PyTorch dispatches, without overload and without the trailing underscore
of in-place forms; those outside ``aten`` have their namespace before them. An operation that is
in no table here is not known, and is reported as such.
"""

from __future__ import annotations


def _all(role: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), role)


VOCABULARY: dict[str, str] = {
    **_all("convolution", "convolution _convolution convolution_overrideable conv_tbc"),
    **_all(
        "convolution",
        "slow_conv_dilated2d slow_conv_dilated3d _slow_conv2d_forward slow_conv3d_forward "
        "slow_conv_transpose2d slow_conv_transpose3d conv_depthwise3d _conv_depthwise2d "
        "cudnn_convolution cudnn_convolution_relu cudnn_convolution_add_relu "
        "cudnn_convolution_transpose mkldnn_convolution miopen_convolution "
        "miopen_convolution_relu miopen_convolution_add_relu miopen_convolution_transpose "
        "miopen_depthwise_convolution",
    ),
    **_all("affine", "affine_grid_generator cudnn_affine_grid_generator"),
    **_all(
        "product",
        "mm addmm bmm baddbmm addbmm mv addmv dot vdot _addmm_activation _int_mm linear",
    ),
    **_all("trilinear", "_trilinear"),
    **_all("distances", "_euclidean_dist _cdist_forward _pdist_forward"),
    **_all("recurrent", "lstm gru rnn_tanh rnn_relu mkldnn_rnn_layer"),
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
        "_batch_norm_with_update _fused_rms_norm _native_batch_norm_legit_functional "
        "batch_norm_elemt batch_norm_gather_stats batch_norm_gather_stats_with_counts "
        "batch_norm_stats batch_norm_update_stats miopen_batch_norm quantized_batch_norm",
    ),
    **_all(
        "pool",
        "max_pool2d_with_indices max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d "
        "max_pool1d max_pool2d max_pool3d mkldnn_max_pool2d quantized_max_pool2d "
        "mkldnn_max_pool3d quantized_max_pool1d quantized_max_pool3d",
    ),
    **_all("windows", "fractional_max_pool2d fractional_max_pool3d"),
    **_all(
        "reduce",
        "mean sum prod amax amin max min var std var_mean std_mean norm linalg_vector_norm argmax "
        "argmin logsumexp nansum nanmean aminmax count_nonzero trace renorm cummax cummin "
        "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d adaptive_max_pool2d "
        "adaptive_max_pool3d adaptive_max_pool1d any all hash_tensor "
        "segment_reduce mkldnn_adaptive_avg_pool2d native_norm _foreach_norm _foreach_max "
        "histc histogram bincount _histogramdd_bin_edges _histogramdd_from_bin_cts "
        "_histogramdd_from_bin_tensors linalg_matrix_norm equal allclose _is_all_true "
        "_is_any_true dist _unique _unique2 unique_dim unique_consecutive unique_dim_consecutive",
    ),
    **_all(  # Each value is looked at once at least; how often depends on the algorithm.
        "reduce",
        "sort topk kthvalue median nanmedian mode msort argsort searchsorted bucketize isin",
    ),
    **_all(
        "loss",
        "nll_loss_forward nll_loss2d_forward mse_loss l1_loss smooth_l1_loss huber_loss "
        "binary_cross_entropy binary_cross_entropy_with_logits soft_margin_loss "
        "multi_margin_loss multilabel_margin_loss_forward kl_div poisson_nll_loss _ctc_loss "
        "hinge_embedding_loss nll_loss nll_loss2d miopen_ctc_loss",
    ),
    **_all(
        "elementwise",
        "relu relu6 hardtanh clamp clamp_min clamp_max sigmoid tanh silu hardswish hardsigmoid "
        "leaky_relu elu celu selu gelu mish softplus hardshrink softshrink threshold "
        "log_sigmoid_forward glu _softmax _safe_softmax _log_softmax _prelu_kernel prelu add sub "
        "rsub mul div pow exp expm1 log log2 log1p sqrt rsqrt neg abs reciprocal sign where "
        "maximum minimum fmod eq ne lt gt le ge logical_and logical_or logical_not bitwise_not "
        "bitwise_and bitwise_or sin cos tan asin acos atan atan2 sinh cosh erf floor ceil round "
        "masked_fill cumsum square remainder floor_divide addcmul addcdiv lerp isnan isinf "
        "nan_to_num cumprod logcumsumexp addr rrelu rrelu_with_noise "
        "softmax log_softmax _masked_softmax special_erfinv "
        "polar complex _conj_physical conj_physical angle view_as_real_copy sgn trunc frac "
        "_weight_norm_interface _weight_norm fake_quantize_per_tensor_affine cross linalg_cross "
        "_fake_quantize_learnable_per_tensor_affine quantize_per_tensor quantize_per_channel "
        "quantize_per_tensor_dynamic dequantize heaviside fused_moving_avg_obs_fake_quant "
        "_fused_moving_avg_obs_fq_helper _make_per_tensor_quantized_tensor gradient "
        "fake_quantize_per_channel_affine_cachemask fake_quantize_per_tensor_affine_cachemask "
        "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams cosine_similarity "
        "isclose kron logaddexp logaddexp2 float_power xlogy _fused_dropout "
        "_thnn_fused_lstm_cell _thnn_fused_gru_cell _sparse_softmax _sparse_log_softmax "
        "_assert_async isneginf isposinf isreal _test_ambiguous_defaults "
        "_foreach_add _foreach_sub _foreach_mul _foreach_div _foreach_sqrt _foreach_addcmul "
        "_foreach_addcdiv _foreach_lerp _foreach_pow _foreach_neg _foreach_reciprocal "
        "_fused_adam _fused_adamw _fused_sgd _foreach_maximum _foreach_sign _foreach_exp "
        "_foreach_clamp_max _foreach_clamp_min _foreach_abs vander gcd lcm",
    ),
    **_all("scattered", "index_add index_reduce scatter_add scatter_reduce"),
    **_all("fourier", "_fft_r2c _fft_c2c _fft_c2r"),
    **_all(
        "resize",
        "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d "
        "_upsample_bilinear2d_aa _upsample_bicubic2d_aa _upsample_lanczos2d_aa",
    ),
    **_all("sampling", "grid_sampler_2d grid_sampler_3d grid_sampler cudnn_grid_sampler"),
    **_all("bag", "_embedding_bag _embedding_bag_forward_only embedding_bag"),
    **_all(
        "free",
        "embedding view _unsafe_view reshape permute transpose t expand squeeze unsqueeze detach "
        "alias _reshape_alias as_strided contiguous flatten native_dropout dropout lift_fresh "
        "cat stack split split_with_sizes unsafe_split unsafe_split_with_sizes chunk "
        "unbind slice select clone copy _to_copy index resolve_conj resolve_neg conj _conj "
        "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d "
        "replication_pad2d replication_pad3d _pad_circular pad upsample_nearest1d "
        "upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d "
        "_upsample_nearest_exact2d _upsample_nearest_exact3d pixel_shuffle "
        "pixel_unshuffle channel_shuffle native_channel_shuffle roll flip arange zeros ones empty "
        "full zeros_like ones_like full_like empty_like new_zeros new_ones new_empty "
        "new_empty_strided new_full scalar_tensor lift_fresh_copy repeat unfold index_select "
        "gather scatter slice_scatter select_scatter index_put fill zero tril triu meshgrid "
        "linspace logspace diagonal movedim repeat_interleave im2col col2im max_unpool2d "
        "max_unpool3d rot90 fliplr flipud tile take take_along_dim put masked_select nonzero "
        "nonzero_static nonzero_numpy masked_scatter index_fill index_copy diag diag_embed "
        "diagonal_scatter as_strided_scatter diagflat tril_indices triu_indices eye hstack "
        "vstack dstack block_diag one_hot empty_strided empty_permuted rand rand_like randn "
        "randn_like randint randint_like randperm bernoulli multinomial normal uniform "
        "exponential poisson random log_normal cauchy geometric normal_functional set resize "
        "resize_as _unsafe_index _unsafe_index_put _index_put_impl _unsafe_masked_index "
        "_unsafe_masked_index_put_accumulate _reshape_copy unfold_copy view_copy expand_copy "
        "permute_copy slice_copy select_copy detach_copy unsqueeze_copy squeeze_copy "
        "transpose_copy t_copy alias_copy diagonal_copy split_copy split_with_sizes_copy "
        "unbind_copy as_strided_copy view_as_complex_copy narrow_copy copysign nextafter "
        "range bartlett_window blackman_window hamming_window hann_window kaiser_window "
        "cartesian_prod combinations trapezoid fill_diagonal _pack_padded_sequence "
        "_pad_packed_sequence _local_scalar_dense _nested_tensor_from_mask "
        "_nested_view_from_buffer to_padded_tensor nested_to_padded_tensor "
        "_to_sparse to_sparse _to_dense to_dense _coalesce _indices _values crow_indices "
        "col_indices swapaxes _chunk_cat int_repr q_per_channel_scales "
        "q_per_channel_zero_points _efficientzerotensor "
        "_foreach_copy _foreach_zero _mkldnn_transpose "
        "view_as_real view_as_complex real imag _neg_view "
        "_sobol_engine_draw _cast_Float _sample_dirichlet "
        "embedding_renorm empty_quantized fft_fftfreq fft_rfftfreq from_file slice_inverse "
        "mkldnn_reorder_conv2d_weight mkldnn_reorder_conv3d_weight resize_as_sparse "
        "ccol_indices_copy col_indices_copy crow_indices_copy row_indices_copy indices_copy "
        "values_copy sparse_compressed_tensor "
        "_standard_gamma binomial _assert_scalar _functional_assert_async "
        "_pin_memory pin_memory _has_same_storage_numel sparse_mask "
        "sparse_coo_tensor _sparse_coo_tensor_unsafe "
        "_sparse_coo_tensor_with_dims_and_tensors _choose_qparams_per_tensor",
    ),
}
"""How each operation of ``aten`` is counted; ``costs.py`` has one method for each role."""

OTHERS: dict[str, str] = {
    **_all("deformed", "torchvision::deform_conv2d"),
    **_all("reduce", "torchvision::nms torchvision::roi_pool torchvision::ps_roi_pool"),
    **_all("aligned", "torchvision::roi_align torchvision::ps_roi_align"),
    **_all(
        "quantized",
        "quantized::conv1d quantized::conv1d_relu quantized::conv2d quantized::conv2d_relu "
        "quantized::conv3d quantized::conv3d_relu quantized::linear quantized::linear_relu "
        "quantized::linear_dynamic quantized::linear_relu_dynamic quantized::conv1d_dynamic "
        "quantized::conv2d_dynamic quantized::conv3d_dynamic quantized::conv_transpose1d "
        "quantized::conv_transpose2d quantized::conv_transpose3d quantized::linear_dynamic_fp16 "
        "quantized::conv2d_add quantized::conv2d_add_relu quantized::linear_leaky_relu "
        "quantized::linear_tanh",
    ),
    **_all(
        "elementwise",
        "quantized::add quantized::add_relu quantized::mul quantized::mul_relu "
        "quantized::add_scalar quantized::add_scalar_relu quantized::mul_scalar "
        "quantized::mul_scalar_relu quantized::hardswish quantized::leaky_relu quantized::elu "
        "quantized::celu quantized::sigmoid quantized::relu6 quantized::prelu "
        "quantized::clamp quantized::threshold quantized::softmax",
    ),
    **_all(
        "norm",
        "quantized::batch_norm quantized::batch_norm_relu quantized::batch_norm1d "
        "quantized::batch_norm1d_relu quantized::batch_norm2d quantized::batch_norm2d_relu "
        "quantized::batch_norm3d quantized::batch_norm3d_relu quantized::layer_norm "
        "quantized::group_norm quantized::instance_norm",
    ),
    **_all(
        "free",
        "quantized::cat quantized::cat_relu quantized::embedding_byte "
        "quantized::embedding_bag_byte_rowwise_offsets "
        "quantized::embedding_bag_4bit_rowwise_offsets",
    ),
    **_all("free", "prims::iota prims::_inductor_seed prims::device_put"),
}
"""The same for operations of other namespaces: a bare name says nothing there."""

BACKWARD: dict[str, str] = {
    "convolution_backward": "convolution_backward",
    "_scaled_dot_product_flash_attention_for_cpu_backward": "attention_backward",
    "_scaled_dot_product_flash_attention_backward": "attention_backward",
    "_scaled_dot_product_efficient_attention_backward": "attention_backward",
    "embedding_dense_backward": "free",
}
"""Gradients that have more than element operations."""

NOT_KNOWN: dict[str, str] = {
    name: reason
    for reason, names in {
        "its work depends on the algorithm of the library": (
            "linalg_svd _linalg_svd linalg_qr linalg_eig linalg_eigh _linalg_eigh linalg_eigvals "
            "linalg_cholesky_ex cholesky_inverse cholesky_solve linalg_inv_ex "
            "linalg_lu linalg_lu_factor_ex linalg_lu_solve linalg_solve_ex _linalg_solve_ex "
            "linalg_solve_triangular triangular_solve linalg_lstsq linalg_matrix_exp "
            "cholesky linalg_pinv linalg_matrix_sqrth linalg_polar "
            "_linalg_det linalg_det _linalg_slogdet linalg_householder_product geqrf ormqr "
            "linalg_ldl_factor_ex linalg_ldl_solve lu_unpack _linalg_check_errors "
        ),
        "how many products it has depends on the values": (
            "_sparse_mm _sparse_addmm sspaddmm hspmm _sparse_sum sparse_sampled_addmm "
            "_sparse_mm_reduce_impl _grouped_mm _scaled_grouped_mm"
        ),
        "its weights are packed by a library": (
            "_weight_int4pack_mm _weight_int8pack_mm _weight_int4pack_mm_for_cpu _scaled_mm "
            "_scaled_mm_v2 "
            "_transformer_encoder_layer_fwd _native_multi_head_attention "
            "quantized_lstm quantized_gru miopen_rnn _cudnn_rnn "
            "_flash_attention_forward _efficient_attention_forward mkldnn_linear"
        ),
    }.items()
    for name in names.split()
}
"""What is unknown on purpose, and why: a row says ``?``, and totals are lower bounds."""

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
    "mkldnn_rnn_layer": "lstm",
    "_trilinear": "bilinear",
    "_embedding_bag": "embedding_bag",
    "_embedding_bag_forward_only": "embedding_bag",
    "_euclidean_dist": "cdist",
    "_cdist_forward": "cdist",
    "_pdist_forward": "pdist",
    "_fft_r2c": "fft",
    "_fft_c2c": "fft",
    "_fft_c2r": "fft",
    "torchvision::deform_conv2d": "deform_conv2d",
    "torchvision::nms": "nms",
    "torchvision::roi_align": "roi_align",
}
"""Names in convcost's words; other operations keep their own."""

CHANNELS_FIRST = frozenset(
    {
        *("convolution", "batch_norm", "group_norm", "max_pool", "avg_pool"),
        *("adaptive_avg_pool", "pixel_shuffle", "deform_conv2d", "grid_sampler_2d"),
        *("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d"),
        *("max_pool2d_with_indices", "avg_pool2d", "reflection_pad2d", "replication_pad2d"),
    }
)
CHANNELS_LAST = frozenset({*("mm", "addmm", "bmm", "baddbmm", "layer_norm", "embedding")})
"""Types whose results are known to be laid out N, C, spatial, or with the channels last."""
