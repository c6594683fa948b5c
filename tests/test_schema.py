"""The published JSON Schemas: results follow them, and specs that follow them are understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from convcost import count
from convcost.reports.schemas import SCHEMAS

DATA = Path(__file__).parent / "data"


def validator(invoke: Run, what: str) -> Draft202012Validator:
    result = invoke("schema", what)
    assert (result.code, result.err) == (0, "")
    schema = json.loads(result.out)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_schema_is_a_schema(invoke: Run, what: str) -> None:
    assert validator(invoke, what).schema["$schema"].endswith("draft/2020-12/schema")


def test_all_schemas_stand_in_one_document(invoke: Run) -> None:
    schema = json.loads(invoke("schema").out)
    assert set(schema["$defs"]) == set(SCHEMAS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("56x56x256", "conv 3x3 64"),
        ("56x56x256", "conv 3x3 64 g4 p0:1x2:0 bias=true norm=batch_norm, max_pool 2x2, linear 8"),
        ("56x56x256", "bottleneck 3x3 256", "separable 3x3 64"),
        ("16000x1", "conv 80 8 s4, conv_transpose 80 1 s4"),
        ("8x8x4", "1x1 8 dilation=2"),
        ("resnet50",),
    ],
)
def test_a_count_follows_its_schema(invoke: Run, arguments: tuple[str, ...]) -> None:
    document = json.loads(invoke("count", *arguments, "--format", "json").out)
    validator(invoke, "count").validate(document)
    assert len(document["results"]) == max(1, len(arguments) - 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("56x56x256", "-k", "3", "-o", "64"),
        ("56x56x256", "-k", "3x1", "-o", "64", "-s", "2", "-b", "8", "--norm"),
        ("56x56x256", "conv 3x3 64", "global_avg_pool, linear 8"),
        ("16x16x16x4", "-k", "3", "-o", "8"),
        ("8x8x4", "identity", "conv 3x3 64"),
    ],
)
def test_a_comparison_follows_its_schema(invoke: Run, arguments: tuple[str, ...]) -> None:
    document = json.loads(invoke("compare", *arguments, "--format", "json").out)
    validator(invoke, "compare").validate(document)


def test_a_result_with_a_field_too_many_does_not_follow_the_schema(invoke: Run) -> None:
    document = json.loads(invoke("count", "8x8x4", "1x1 8", "--format", "json").out)
    document["results"][0]["flops"] = 1
    with pytest.raises(ValidationError):
        validator(invoke, "count").validate(document)


SPECS: list[dict[str, Any]] = [
    {"type": "conv", "input": "56x56x256", "kernel": 3, "out": 64},
    {"type": "conv", "input": [56, 56, 256], "kernel_size": [3, 3], "out_channels": 64},
    {"type": "conv", "input": [56, 56, 256], "kernel_size": "3x1", "out_channels": 64},
    {"input": [56, 56, 256], "kernel_size": 3, "out_channels": 64, "padding": "same"},
    {"input": [56, 56, 256], "kernel_size": 3, "out_channels": 64, "padding": 1},
    {"input": [56, 56, 256], "kernel_size": 3, "out_channels": 64, "padding": [1, 0]},
    {"input": [56, 56, 256], "kernel_size": 3, "out_channels": 64, "padding": [[1, 0], [0, 1]]},
    {"input": [56, 56, 256], "kernel_size": 3, "out_channels": 64, "stride": [2, 1], "bias": True},
    {"type": "bottleneck", "input": "56x56x256", "reduction": 2, "batch": 8, "name": "block"},
]


@pytest.mark.parametrize("spec", SPECS, ids=json.dumps)
def test_a_documented_spec_follows_the_schema_and_is_counted(
    invoke: Run, spec: dict[str, Any]
) -> None:
    validator(invoke, "spec").validate(spec)
    assert count(spec).params > 0


@pytest.mark.parametrize(
    "change",
    [
        {"kernel_size": 0},
        {"kernel_size": 3.5},
        {"kernel_size": True},
        {"kernel_size": []},
        {"out_channels": "64"},
        {"out_channels": 2**31},
        {"input": [1, 2, 3, 4, 5]},
        {"padding": "sme"},
        {"padding": [[1, 0, 1]]},
        {"bias": 1},
        {"kernel": 0},
        {"out": -1},
    ],
    ids=json.dumps,
)
def test_a_spec_that_is_refused_does_not_follow_the_schema(
    invoke: Run, change: dict[str, Any]
) -> None:
    spec = {"type": "conv", "input": [8, 8, 4], "kernel_size": 3, "out_channels": 8, **change}
    with pytest.raises(ValidationError):
        validator(invoke, "spec").validate(spec)


def test_the_schema_of_specs_names_both_spellings(invoke: Run) -> None:
    properties = validator(invoke, "spec").schema["properties"]
    assert {"kernel_size", "kernel", "out_channels", "out"} <= set(properties)


def test_real_specs_follow_the_schema(invoke: Run) -> None:
    check = validator(invoke, "spec")
    for line in (DATA / "layers.jsonl").read_text("utf-8").splitlines():
        check.validate(json.loads(line)["spec"])


def test_every_command_that_answers_in_json_has_a_schema() -> None:
    from convcost.cli.app import COMMANDS

    assert {*COMMANDS} - {"schema"} <= {*SCHEMAS}
