"""What each TFLite operator costs: one entry an operator, in one table.

Every builtin operator of TFLite's schema stands in ``VOCABULARY`` or, with the reason, in
``NOT_KNOWN``. Custom operators are not known; what they cost can be given.
"""

from __future__ import annotations

from typing import Literal

Role = Literal[
    "conv",
    "transpose_conv",
    "fully_connected",
    "batch_matmul",
    "pool",
    "recurrent",
    "svdf",
    "norm",
    "activation",
    "elementwise",
    "reduce",
    "resize",
    "table",
    "inner",
    "source",
    "free",
]
"""How an operator is counted; ``costs.py`` has one method for each role."""


def _all(role: Role, names: str) -> dict[str, Role]:
    return dict.fromkeys(names.split(), role)


VOCABULARY: dict[str, Role] = {
    **_all("conv", "CONV_2D DEPTHWISE_CONV_2D CONV_3D"),
    **_all("transpose_conv", "TRANSPOSE_CONV CONV_3D_TRANSPOSE"),
    "FULLY_CONNECTED": "fully_connected",
    "BATCH_MATMUL": "batch_matmul",
    **_all("pool", "AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D"),
    **_all(
        "recurrent",
        "LSTM RNN UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN "
        "BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN",
    ),
    "SVDF": "svdf",
    **_all("norm", "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION"),
    **_all(
        "activation",
        "RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 LEAKY_RELU PRELU ELU GELU HARD_SWISH LOGISTIC TANH "
        "SOFTMAX LOG_SOFTMAX STABLEHLO_LOGISTIC STABLEHLO_TANH",
    ),
    **_all(
        "elementwise",
        "ADD SUB MUL DIV FLOOR_DIV FLOOR_MOD POW SQUARED_DIFFERENCE MAXIMUM MINIMUM ADD_N "
        "ABS NEG SIGN EXP LOG SQRT RSQRT SQUARE SIN COS ATAN2 FLOOR CEIL ROUND CUMSUM "
        "LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT "
        "SELECT SELECT_V2 BITWISE_XOR RIGHT_SHIFT BUCKETIZE COMPLEX_ABS "
        "QUANTIZE DEQUANTIZE FAKE_QUANT "
        "STABLEHLO_ADD STABLEHLO_SUBTRACT STABLEHLO_MULTIPLY STABLEHLO_DIVIDE STABLEHLO_MAXIMUM "
        "STABLEHLO_MINIMUM STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_ABS STABLEHLO_NEGATE "
        "STABLEHLO_EXPONENTIAL STABLEHLO_LOG STABLEHLO_FLOOR STABLEHLO_RSQRT STABLEHLO_CBRT "
        "STABLEHLO_COSINE STABLEHLO_AND STABLEHLO_OR STABLEHLO_COMPARE STABLEHLO_SELECT "
        "STABLEHLO_CLAMP STABLEHLO_SHIFT_LEFT",
    ),
    **_all(
        "reduce",
        "MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL ARG_MAX ARG_MIN "
        "SEGMENT_SUM UNSORTED_SEGMENT_SUM UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX "
        "UNSORTED_SEGMENT_MIN",
    ),
    **_all("resize", "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR"),
    **_all("table", "GATHER EMBEDDING_LOOKUP"),
    **_all("inner", "WHILE CALL STABLEHLO_COMPOSITE"),
    **_all("source", "VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE CALL_ONCE"),
    **_all(
        "free",
        "RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE CONCATENATION SPLIT SPLIT_V PACK UNPACK SLICE "
        "STRIDED_SLICE PAD PADV2 MIRROR_PAD TILE BROADCAST_TO BROADCAST_ARGS DEPTH_TO_SPACE "
        "SPACE_TO_DEPTH SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND GATHER_ND SCATTER_ND ONE_HOT CAST "
        "BITCAST REAL IMAG SHAPE RANK RANGE FILL ZEROS_LIKE REVERSE_V2 REVERSE_SEQUENCE "
        "MATRIX_DIAG MATRIX_SET_DIAG SPARSE_TO_DENSE DENSIFY DILATE DYNAMIC_UPDATE_SLICE "
        "CONCAT_EMBEDDINGS STABLEHLO_RESHAPE STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM "
        "STABLEHLO_SLICE "
        "STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA "
        "STABLEHLO_TRANSPOSE STABLEHLO_CONVERT",
    ),
}

TYPES = {
    "AVERAGE_POOL_2D": "avg_pool",
    "MAX_POOL_2D": "max_pool",
    "ADD": "add",
    "MUL": "mul",
    "CONCATENATION": "concat",
    "GATHER": "gather",
}
"""Names in convcost's words; other operators keep TFLite's."""

RENAMING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "BITCAST", "STABLEHLO_RESHAPE")
"""Operators whose output is their input's values in the same order."""


def _because(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


NOT_KNOWN: dict[str, str] = {
    **_because("how often its subgraph runs depends on data", "STABLEHLO_WHILE"),
    **_because("which subgraph runs depends on data", "IF"),
    **_because("its work depends on data", "NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5"),
    **_because("the size of its output depends on data", "WHERE UNIQUE"),
    **_because("it sorts", "TOPK_V2 STABLEHLO_SORT"),
    **_because("it is a transform, not a sum of products of fixed number", "RFFT2D"),
    **_because(
        "its look-ups depend on data",
        "EMBEDDING_LOOKUP_SPARSE HASHTABLE_LOOKUP HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT "
        "HASHTABLE_SIZE LSH_PROJECTION SKIP_GRAM",
    ),
    **_because(
        "it makes random numbers",
        "RANDOM_STANDARD_NORMAL RANDOM_UNIFORM MULTINOMIAL STABLEHLO_RNG_BIT_GENERATOR",
    ),
    **_because("it stands for what another program runs", "DELEGATE STABLEHLO_CUSTOM_CALL"),
    **_because(
        "its settings are not read",
        "REDUCE_WINDOW STABLEHLO_CONVOLUTION STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE "
        "STABLEHLO_REDUCE_WINDOW STABLEHLO_GATHER STABLEHLO_SCATTER",
    ),
    **_because("it is a mark in the schema, not an operator", "PLACEHOLDER_FOR_GREATER_OP_CODES"),
}
"""Operators that are left unknown on purpose, and why."""

INNER_REASON = "how often its subgraph runs, or what that costs, is not known"
CUSTOM_REASON = "it is a custom operator"
NEW_REASON = "it is not in the schema that convcost knows"

OUTPUT_FOLLOWS_DATA = (
    *("WHERE", "UNIQUE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "IF", "WHILE"),
    *("RANGE", "CALL"),
)
"""Operators whose output sizes a placeholder in the file says nothing about."""
