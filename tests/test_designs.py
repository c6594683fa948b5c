"""Every shipped design and network is valid, says where it comes from, and proves its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from convcost.engine.counting import count
from convcost.language.building import build_network
from convcost.language.library import SHIPPED, Library
from convcost.language.names import ALIASES, plain
from convcost.language.primitives import ACTIVATIONS, PRIMITIVES
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Design
from convcost.language.toml import checked_design, read_toml
from convcost.studies.checking import check_examples

LIBRARY = Library()
NAMES = LIBRARY.names()
PROVEN = (Path(__file__).parent / "data" / "networks.json").read_text("utf-8")
FOUR = ("standard", "pointwise", "separable", "bottleneck")


def document(name: str) -> dict[str, Any]:
    (path,) = (path for folder in SHIPPED if (path := folder / f"{name}.toml").is_file())
    return read_toml(path)


def test_the_four_designs_are_shipped() -> None:
    assert set(FOUR) <= set(NAMES)


def test_no_name_means_two_things() -> None:
    files = [path.stem for folder in SHIPPED for path in folder.glob("*.toml")]
    assert len(files) == len(set(files))
    assert set(files).isdisjoint(PRIMITIVES)
    names = [*files, *PRIMITIVES]
    assert set(map(plain, names)).isdisjoint(ALIASES)
    assert len(set(map(plain, names))) == len(names)
    assert set(ALIASES.values()) <= {*names, *ACTIVATIONS}
    assert list(ALIASES) == [plain(word) for word in ALIASES]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_what_the_models_accept(name: str) -> None:
    checked_design(document(name), f"{name}.toml")
    assert LIBRARY.find(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_what_it_is_for_and_where_it_comes_from(name: str) -> None:
    design = LIBRARY.find(name)
    assert design.family not in ("", "user")
    assert design.source
    assert design.summary
    assert design.summary[-1] not in ".!"
    assert "\n" not in design.summary
    if design.kind == "design":
        assert design.examples, "no worked example"
    else:
        assert f'"network": "{name}"' in PROVEN, "no expected totals in data/networks.json"


@pytest.mark.parametrize("name", NAMES)
def test_every_worked_example_holds(name: str) -> None:
    for outcome in check_examples(LIBRARY, LIBRARY.find(name)):
        assert outcome.params is not None or outcome.macs is not None
        counted = outcome.counted
        assert outcome.params in (None, counted.params), outcome.source
        assert outcome.macs in (None, counted.macs), outcome.source
        assert outcome.holds


@pytest.mark.parametrize("name", [name for name in NAMES if LIBRARY.find(name).kind == "design"])
def test_norm_and_activation_add_no_macs(name: str) -> None:
    design = LIBRARY.find(name)
    for example in design.examples:
        bare, full = (built(design, example, everything) for everything in (False, True))
        assert bare.macs == full.macs
        assert bare.params <= full.params
        assert bare.output == full.output


def built(design: Design, example: dict[str, Any], everything: bool) -> Any:
    from convcost.quantities import parse_shape

    given = example["input"]
    subject = build_network(
        LIBRARY,
        design,
        input=parse_shape(given) if isinstance(given, str) else tuple(given),
        arguments=example.get("arguments", {}),
        switches=EVERYTHING if everything else WEIGHTS_ONLY,
    )
    return count(subject.graph)


@pytest.mark.parametrize("name", [name for name in NAMES if LIBRARY.find(name).kind == "network"])
def test_a_network_stands_on_its_own_input(name: str) -> None:
    design = LIBRARY.find(name)
    assert design.input is not None
    counted = count(build_network(LIBRARY, design).graph)
    assert counted.macs > 0
    assert not counted.uncounted


def test_a_wrong_example_is_found(tmp_path: Any) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(
        '[[layers]]\ntype = "1x1"\nout_channels = 8\n'
        '[[examples]]\ninput = "8x8x4"\nparams = "4 * 8 + 1"\n'
    )
    library = Library()
    (outcome,) = check_examples(library, library.add_file(path))
    assert (outcome.params, outcome.counted.params) == (4 * 8 + 1, 4 * 8)
    assert not outcome.holds


def test_the_bottleneck_skips_only_where_shapes_allow() -> None:
    def layers(text: str) -> list[str]:
        from convcost import count as count_text

        return [row.name for row in count_text("56x56x256", text).counted.rows]

    assert layers("bottleneck 3x3 256") == ["reduce", "spatial", "expand", "add"]
    assert layers("bottleneck 3x3 64") == ["reduce", "spatial", "expand"]
    assert layers("bottleneck 3x3 256 s2") == ["reduce", "spatial", "expand"]
    assert layers("bottleneck 3x3 64 s2 projection=true") == [
        "reduce",
        "spatial",
        "expand",
        "shortcut",
        "add",
    ]


@pytest.mark.parametrize(("out", "reduction", "middle"), [(64, 4, 16), (64, 100, 1), (65, 4, 16)])
def test_the_middle_of_a_bottleneck_has_at_least_one_channel(
    out: int, reduction: int, middle: int
) -> None:
    from convcost import count as count_text

    result = count_text("56x56x256", f"bottleneck 3x3 {out} reduction={reduction}")
    assert result.params == 256 * middle + 3 * 3 * middle * middle + middle * out
