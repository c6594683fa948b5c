"""Data types by every name that people write, and types for weights and activations apart."""

from __future__ import annotations

import pytest

from convcost.engine.dtypes import DTYPES, SPELLINGS, Types, data_type, parse_types
from convcost.errors import ConvcostError

BITS = {
    64: "float64 fp64 f64 double int64 i64 uint64 u64",
    32: "float32 fp32 f32 float single int32 i32 uint32 u32",
    16: "float16 fp16 f16 half bfloat16 bf16 int16 i16 uint16 u16",
    8: "float8 fp8 f8 float8_e4m3 float8_e4m3fn e4m3 float8_e5m2 e5m2 int8 i8 uint8 u8",
    4: "float4 fp4 float4_e2m1 nf4 int4 i4 uint4 u4",
    2: "int2 i2 uint2 u2",
    1: "int1 i1 uint1 u1 binary",
}


@pytest.mark.parametrize(
    ("name", "bits"), [(name, bits) for bits, names in BITS.items() for name in names.split()]
)
def test_bits_of_a_type_by_any_of_its_names(name: str, bits: int) -> None:
    assert data_type(name).bits == bits
    assert data_type(f" {name.upper()} ") == data_type(name)


def test_the_name_of_a_type_is_one_of_its_spellings() -> None:
    assert {name: SPELLINGS[name] for name in DTYPES} == {name: name for name in DTYPES}
    assert {data_type(word).name for word in SPELLINGS} == set(DTYPES)


@pytest.mark.parametrize(
    ("text", "activations", "weights"),
    [
        ("int8", "int8", "int8"),
        ("FP16", "float16", "float16"),
        ("weights=int4,activations=int8", "int8", "int4"),
        ("activations = i8 , weights = binary", "int8", "int1"),
        ("int8,weights=int4", "int8", "int4"),
        ("weights=int4,int8", "int8", "int4"),
        ("weights=int8", "float32", "int8"),
        ("activations=bf16", "bfloat16", "float32"),
    ],
)
def test_types_of_weights_and_activations(text: str, activations: str, weights: str) -> None:
    assert parse_types(text) == Types(DTYPES[activations], DTYPES[weights])


@pytest.mark.parametrize("text", ["int8", "weights=int4,activations=int8", "float32", "int1"])
def test_the_name_of_types_reads_back(text: str) -> None:
    assert parse_types(text).name == text
    assert parse_types(parse_types(text).name) == parse_types(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int7", "int7 is not a data type\n  try int64, int32, int16, int8, int4, int2 or int1"),
        ("flaot32", "flaot32 is not a data type\n  did you mean float32?"),
        (
            "int8,weights=q",
            "q is not a data type\n  known: float64, float32, float16, bfloat16, float8_e4m3, "
            "float8_e5m2, float4_e2m1, int64, ... (21 in all)",
        ),
        (
            "bias=int32",
            "bias has no data type of its own\n  write weights=int4,activations=int8",
        ),
        (
            "weights=int4,weights=int8",
            "weights is given twice in 'weights=int4,weights=int8'",
        ),
        ("int4,int8", "the data type of everything is given twice in 'int4,int8'"),
    ],
)
def test_what_is_no_type_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        parse_types(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", " ", "weights=", "=int8,", "int8,"])
def test_an_empty_part_is_refused(text: str) -> None:
    with pytest.raises(ConvcostError):
        parse_types(text)
