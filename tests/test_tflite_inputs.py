"""The sizes and samples of a TFLite model's inputs: given, stated, or missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflite_models import Builder

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.tflite.file import load, read_tflite
from convcost.sources.tflite.inputs import fix_inputs


def read(model: bytes, tmp_path: Path, **options: object) -> CountResult:
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    return count_subject(read_tflite(path, **options))  # type: ignore[arg-type]


def refused(model: bytes, tmp_path: Path, **options: object) -> list[str]:
    with pytest.raises(ConvcostError) as caught:
        read(model, tmp_path, **options)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def one(*dims: int, free: tuple[int, ...] = (), name: str = "x") -> bytes:
    """A RELU of one input; ``free`` axes have a placeholder."""
    b = Builder()
    signature = [-1 if axis in free else size for axis, size in enumerate(dims)]
    x = b.tensor(name, *dims, signature=signature if free else None)
    y = b.tensor("y", *dims, signature=signature if free else None)
    b.operator("RELU", [x], [y])
    return b.build([x], [y])


@pytest.mark.parametrize(
    ("axes", "example"),
    [(2, "128"), (3, "128x64"), (4, "224x224x3"), (5, "16x112x112x3"), (6, "224x224x3")],
)
def test_the_hint_is_a_shape_of_as_many_axes(tmp_path: Path, axes: int, example: str) -> None:
    model = one(*(1,) * axes, free=tuple(range(axes)))
    missing = ", ".join(map(str, range(1, axes)))
    assert refused(model, tmp_path) == [
        f"the input x has free dimensions: {missing}",
        "  model.tflite",
        f"  give its shape, channels last and without batch: --input x={example}",
    ]


def test_an_input_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    lines = refused(one(1, 1, free=(1,), name=""), tmp_path)
    assert lines[0] == "the input number 0 has free dimensions: 1"


def test_a_dimension_of_nothing_is_no_size(tmp_path: Path) -> None:
    assert refused(one(1, 0, 4), tmp_path)[0] == "the input x has a dimension of 0"


def fed(tmp_path: Path, model: bytes, batch: int | None = None, **given: tuple[int, ...]) -> object:
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    made = fix_inputs(load(path)[0], batch, {name.strip("_"): s for name, s in given.items()})
    return (made.dims, made.own, made.batch)


def test_samples_are_those_of_the_file_unless_they_are_given(tmp_path: Path) -> None:
    assert fed(tmp_path, one(3, 5)) == ({0: (3, 5)}, 3, 3)
    assert fed(tmp_path, one(3, 5), 7) == ({0: (3, 5)}, 3, 7)
    assert fed(tmp_path, one(3, 5), x=(8,)) == ({0: (3, 8)}, 3, 3)
    assert fed(tmp_path, one(3, 5), x=(2, 8)) == ({0: (2, 8)}, 2, 2)
    assert fed(tmp_path, one(3, 5), _=(2, 8)) == ({0: (2, 8)}, 2, 2)
    assert fed(tmp_path, one(1, 5, free=(0,)), x=(8,)) == ({0: (1, 8)}, 1, 1)


def two(first: tuple[int, ...], second: tuple[int, ...], made: tuple[int, ...]) -> bytes:
    b = Builder()
    x, z, y = b.tensor("x", *first), b.tensor("z", *second), b.tensor("y", *made)
    b.operator("ADD", [x, z], [y])
    return b.build([x, z], [y])


def test_samples_are_what_all_ends_share(tmp_path: Path) -> None:
    assert fed(tmp_path, two((3, 5), (3, 5), (3, 5))) == ({0: (3, 5), 1: (3, 5)}, 3, 3)
    assert fed(tmp_path, two((3, 5), (1, 5), (3, 5))) == ({0: (3, 5), 1: (1, 5)}, 1, 1)
    assert fed(tmp_path, two((3, 5), (3, 5), (5,))) == ({0: (3, 5), 1: (3, 5)}, 1, 1)
    # A list and a lone number have no axis of samples.
    assert fed(tmp_path, two((3, 5), (5,), (3, 5))) == ({0: (3, 5), 1: (5,)}, 3, 3)
    assert fed(tmp_path, two((3, 5), (), (3, 5))) == ({0: (3, 5), 1: ()}, 3, 3)
    # Two inputs that are given other numbers of samples share none any more.
    model = two((3, 5), (3, 5), (3, 5))
    assert fed(tmp_path, model, x=(2, 5), z=(1, 5)) == ({0: (2, 5), 1: (1, 5)}, 1, 1)
    assert fed(tmp_path, model, x=(2, 5), z=(2, 5)) == ({0: (2, 5), 1: (2, 5)}, 2, 2)


def test_one_sample_may_be_asked_for_where_all_have_one(tmp_path: Path) -> None:
    assert fed(tmp_path, two((1, 5), (1, 5), (5,)), 1) == ({0: (1, 5), 1: (1, 5)}, 1, 1)
    path = tmp_path / "model.tflite"
    for model, batch in (
        (two((1, 5), (1, 5), (5,)), 2),
        (two((3, 5), (3, 5), (5,)), 1),
        (two((1, 5), (3, 5), (3, 5)), 1),
    ):
        path.write_bytes(model)
        with pytest.raises(ConvcostError) as caught:
            fix_inputs(load(path)[0], batch, {})
        assert caught.value.message.startswith("which axis holds the batch cannot be told")


def test_work_is_that_of_all_samples(tmp_path: Path) -> None:
    assert read(one(3, 5), tmp_path).element_ops == 3 * 5
    assert read(one(3, 5), tmp_path, batch=7).element_ops == 7 * 5
    assert read(one(3, 5), tmp_path, inputs={"x": (2, 8)}).element_ops == 2 * 8


def test_a_tensor_has_eight_axes_at_most(tmp_path: Path) -> None:
    assert read(one(*(1,) * 7, 5), tmp_path).element_ops == 5
    assert "axes" in refused(one(*(1,) * 8, 5), tmp_path)[0]
