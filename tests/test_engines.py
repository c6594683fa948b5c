"""Plans inside polars, DuckDB, pyarrow and Ray: the engines as they are, and equal results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convcost

pytestmark = pytest.mark.engines
pl = pytest.importorskip("polars")
duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")

AXES = ["in=1..512", "out=1..512", "kernel_size=1..40"]
"""10,485,760 designs."""


def totals() -> tuple[int, int, int]:
    """How many, the sum of parameters, and the largest MACs: in closed form."""
    channels, kernels = range(1, 513), range(1, 41)
    params = sum(k * k for k in kernels) * sum(channels) * 512 + sum(channels) ** 2 * 40
    return 512 * 512 * 40, params, 56 * 56 * (40 * 40 * 512 + 512 * 512)


@pytest.fixture(scope="module")
def plan() -> Any:
    return convcost.plan("56x56", "separable", vary=AXES)


def test_pyarrow_reads_the_stream(plan: Any) -> None:
    from pyarrow import compute

    table = pa.table(plan.batches())
    table.validate(full=True)
    params, macs = compute.sum(table["params"]), compute.max(table["macs"])
    assert (table.num_rows, params.as_py(), macs.as_py()) == totals()


def test_polars_reads_the_stream(plan: Any) -> None:
    frame = pl.DataFrame(plan.batches())
    assert (frame.height, frame["params"].sum(), frame["macs"].max()) == totals()


def test_duckdb_reads_the_stream(plan: Any) -> None:
    designs = plan.batches()
    query = "select count(*), sum(params)::bigint, max(macs) from designs"
    assert duckdb.sql(query).fetchall() == [totals()]
    del designs


def test_polars_runs_a_plan(plan: Any) -> None:
    frame = pl.DataFrame(plan.batches()).lazy().select("in", "out", "kernel_size")
    costed = frame.map_batches(
        lambda part: part.with_columns(**plan(part)),
        schema={
            **dict.fromkeys(("in", "out", "kernel_size", "params", "macs"), pl.Int64),
            "is_built": pl.Boolean,
        },
    ).collect()
    assert (costed.height, costed["params"].sum(), costed["macs"].max()) == totals()


def test_pyarrow_batches_are_mapped_as_spark_does(plan: Any) -> None:
    """``mapInArrow`` of Spark and Dask hand over record batches; so does this loop."""
    count = params = macs = 0
    for batch in pa.table(plan.batches()).to_batches():
        made = plan({name: batch.column(name).to_numpy() for name in plan.names})
        count += batch.num_rows
        params += int(made["params"].sum())
        macs = max(macs, int(made["macs"].max()))
    assert (count, params, macs) == totals()


def test_ray_runs_a_plan(plan: Any) -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    try:
        size = 512 * 512
        designs = ray.data.range(40 * size, override_num_blocks=40)

        def cost(batch: dict[str, Any]) -> dict[str, Any]:
            number = batch["id"]
            made = plan(
                {
                    "in": number // 512 % 512 + 1,
                    "out": number % 512 + 1,
                    "kernel_size": number // size + 1,
                }
            )
            return {
                "count": np.array([len(number)]),
                "params": made["params"].sum(keepdims=True),
                "macs": made["macs"].max(keepdims=True),
            }

        parts = designs.map_batches(cost, batch_size=size).to_pandas()
        found = int(parts["count"].sum()), int(parts["params"].sum()), int(parts["macs"].max())
        assert found == totals()
    finally:
        ray.shutdown()


def test_parquet_is_written_in_parts(tmp_path: Any) -> None:
    from pyarrow import parquet

    from convcost.cli.app import run

    path = tmp_path / "designs.parquet"
    arguments = ["sweep", "56x56", "separable", "--vary", "in=1..600", "--vary", "out=1..600"]
    assert run([*arguments, "--set", "kernel=3", "--output", str(path)]) == 0
    table = parquet.read_table(path)
    assert table.num_rows == 600 * 600
    assert parquet.ParquetFile(path).num_row_groups > 1
    assert table.slice(0, 1).to_pylist() == [
        {"in": 1, "out": 1, "params": 9 + 1, "macs": 56 * 56 * (9 + 1)}
    ]
