"""Every shipped network against PyTorch's own count and the papers' variants, to the last digit.

``data/networks.json`` holds the truths and where each one comes from; nothing there was counted
by convcost. A new network is one file in ``convcost/networks`` and at least one row there.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from convcost.api import count
from convcost.language.library import PACKAGE, Library
from convcost.language.toml import checked_design, read_toml

FILES = sorted((PACKAGE / "networks").glob("*.toml"))
TRUTHS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "networks.json").read_text()
)["networks"]


def title(row: dict[str, Any]) -> str:
    given = [f"{name}={value}" for name, value in (row["arguments"] | row["switches"]).items()]
    return " ".join([row["network"], row["input"], *given])


@pytest.mark.parametrize("row", TRUTHS, ids=title)
def test_counts_what_the_source_says(row: dict[str, Any]) -> None:
    given = row["arguments"] | row["switches"]
    counted = count(row["network"], input=row["input"], **given)
    assert (counted.params, counted.macs) == (row["params"], row["macs"]), row["source"]
    assert counted.is_complete
    assert not counted.unused


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_passes_the_models_and_says_what_it_is(path: Path) -> None:
    document = checked_design(read_toml(path), path.name)
    assert document["kind"] == document["family"] == "network"
    assert document["summary"] and document["source"] and document["input"]
    assert "name" not in document  # the file's name is the network's


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_default_is_checked_at_its_own_input(path: Path) -> None:
    design = Library().find(path.stem)
    assert design.kind == "network"  # and not hidden by a design of the same name
    own = "x".join(map(str, design.input or ()))
    plain = [row for row in TRUTHS if not row["arguments"] and not row["switches"]]
    rows = [row for row in plain if (row["network"], row["input"]) == (path.stem, own)]
    assert rows, f"no row of networks.json has {path.stem} at {own}"
    counted = count(path.stem)
    assert (counted.params, counted.macs) == (rows[0]["params"], rows[0]["macs"])


CLASSIFIERS = [path for path in FILES if "classes" in read_toml(path)["parameters"]]


@pytest.mark.parametrize("path", CLASSIFIERS, ids=lambda path: path.stem)
def test_classes_0_leaves_out_the_classifier_alone(path: Path) -> None:
    whole = {row.name: row.cost for row in count(path.stem).counted.rows}
    body = {row.name: row.cost for row in count(path.stem, classes=0).counted.rows}
    changed = {name for name in body if body[name] != whole[name]}
    assert changed <= {"avgpool"}  # SqueezeNet's last convolution stands before its pool
    left_out = whole.keys() - body.keys()
    assert left_out
    assert all(name.startswith(("fc", "classifier", "conv10")) for name in left_out)


FAMILIES = [
    ("vgg16", "vgg11", "vgg13", "vgg19"),
    ("resnet18", "resnet34"),
    ("resnet50", "resnet101", "resnet152", "wide_resnet50", "wide_resnet101"),
    ("resnext50", "resnext101"),
    ("densenet121", "densenet161", "densenet169", "densenet201"),
    tuple(f"efficientnet_b{size}" for size in range(8)),
    ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
    ("regnet_x_400mf", "regnet_y_400mf"),
]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0])
def test_members_of_a_family_differ_in_their_defaults_alone(family: tuple[str, ...]) -> None:
    first, *others = [read_toml(PACKAGE / "networks" / f"{name}.toml") for name in family]
    for other in others:
        assert other["layers"] == first["layers"]
        assert list(other["parameters"]) == list(first["parameters"])
        assert other["summary"] != first["summary"]


def test_every_window_without_weights_says_its_padding() -> None:
    for path in FILES:
        for layer in read_toml(path)["layers"]:
            if layer["type"] in ("max_pool", "avg_pool", "conv_transpose"):
                assert "padding" in layer, f"{path.name}: {layer['name']}"
