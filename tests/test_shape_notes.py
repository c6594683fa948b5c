"""A shape that looks like another framework's is read as ours, and a note says so."""

from __future__ import annotations

import pytest
from conftest import Run

KERNEL = ["--kernel", "3", "--out", "8"]
FIRST = (
    "note: 3x224x224 was read as height 3, width 224, 224 channels; "
    "if it is channels first, write 224x224x3 or add --layout chw\n"
)
SAMPLE = (
    "note: 1x224x224x3 was read as one sample of 224x224x3; "
    "the batch goes to --batch, and a 3-D kernel has three sizes\n"
)


@pytest.mark.parametrize("layers", [KERNEL, ["conv 3x3 8"], ["bottleneck 3x3 8"]])
@pytest.mark.parametrize(("shape", "note"), [("3x224x224", FIRST), ("1x224x224x3", SAMPLE)])
def test_for_layers_however_they_are_given(
    invoke: Run, layers: list[str], shape: str, note: str
) -> None:
    done = invoke("compare", shape, *layers, "--csv")
    assert (done.code, done.err) == (0, note)


@pytest.mark.parametrize("shape", ["224x224x3", "224x3x224", "4x224x225", "1x1x224", "3x3x3"])
def test_no_note_where_nothing_looks_turned(invoke: Run, shape: str) -> None:
    assert invoke("compare", shape, *KERNEL, "--csv").err == ""


def test_a_network_that_knows_its_shape_says_nothing_of_it(invoke: Run) -> None:
    done = invoke("count", "alexnet", "--input", "224x224x3", "--get", "params")
    assert (done.code, done.err) == (0, "")
