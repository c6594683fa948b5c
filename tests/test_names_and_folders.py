"""Shipped names win over files of the same name, and one bad file does not stop a list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run, refusal

from convcost import designs

MINE = 'summary = "mine"\n[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = 4\n'
SPEC = '{"type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "own"
    path.mkdir()
    (path / "mine.toml").write_text(MINE)
    return path


def listed(invoke: Run, *words: str) -> tuple[set[str], str]:
    """The names in the list, and standard error of a list that was given."""
    result = invoke("designs", *words, "--json", "--design-path", "own")
    assert result.code == 0, result.err
    return {design["name"] for design in json.loads(result.out)["designs"]}, result.err


@pytest.mark.usefixtures("folder")
def test_a_folder_is_listed(invoke: Run) -> None:
    names, err = listed(invoke)
    assert {"mine", "bottleneck", "resnet18"} <= names
    assert err == ""


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.toml", "layers = [", "not valid TOML: invalid value"),
        ("empty.toml", "", "layers is missing"),
        ("my block.toml", MINE, "a name is of letters, digits, _, - and ."),
        ("caf\u00e9.toml", MINE, "a name is of letters, digits, _, - and ."),
        (".hidden.toml", MINE, "a name is of letters, digits, _, - and ."),
        ("bottleneck.toml", MINE, "a shipped design has that name"),
        ("binary.toml", b"\xff\xfe\0", "not UTF-8 text"),
    ],
)
def test_a_bad_file_is_named_and_passed_over(
    invoke: Run, folder: Path, name: str, content: str | bytes, reason: str
) -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    names, err = listed(invoke)
    assert {"mine", "bottleneck", "resnet18"} <= names
    assert err == f"note: own/{name} is left out: {reason}\n"


@pytest.mark.parametrize("kind", ["folder", "link", "device"])
def test_what_is_no_file_is_named_and_passed_over(invoke: Run, folder: Path, kind: str) -> None:
    odd = folder / "odd.toml"
    if kind == "folder":
        odd.mkdir()
    else:
        odd.symlink_to("nowhere" if kind == "link" else "/dev/zero")
    names, err = listed(invoke)
    assert "mine" in names
    assert err.startswith("note: own/odd.toml is left out: ")


def test_a_part_of_a_name_passes_over_a_broken_file(invoke: Run, folder: Path) -> None:
    (folder / "mine2.toml").write_text("layers = [")
    names, err = listed(invoke, "min")
    assert "mine" in names
    assert err == "note: own/mine2.toml is left out: not valid TOML: invalid value\n"


def test_a_broken_file_that_is_asked_for_is_an_error(invoke: Run, folder: Path) -> None:
    (folder / "broken.toml").write_text("layers = [")
    result = invoke("designs", "broken", "--design-path", "own")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: not valid TOML: invalid value\n  own/broken.toml:1")


def test_a_name_with_a_dot_is_a_name(invoke: Run, folder: Path) -> None:
    (folder / "mine.v2.toml").write_text(MINE)
    names, err = listed(invoke)
    assert ("mine.v2" in names, err) == (True, "")
    words = ("8x8x4", "mine.v2", "--design-path", "own", "--get", "params")
    assert invoke("count", *words) == (0, f"{4 * 4}\n", "")


def test_a_shipped_name_wins_over_a_file_with_a_note(invoke: Run) -> None:
    plain = invoke("count", "resnet18", "--get", "params").out
    Path("resnet18").write_text(SPEC)
    note = "note: resnet18 is the network or design; the file here is ./resnet18\n"
    assert invoke("count", "resnet18", "--get", "params") == (0, plain, note)
    assert invoke("count", "./resnet18", "--get", "params") == (0, f"{4 * 4}\n", "")


def test_a_file_without_an_ending_is_still_a_file(invoke: Run) -> None:
    Path("net").write_text(SPEC)
    assert invoke("count", "net", "--get", "params") == (0, f"{4 * 4}\n", "")


def test_a_text_that_is_too_long_for_a_file_name_is_a_text(invoke: Run) -> None:
    word = "\u00e9" * 200  # 400 bytes, and file names end at 255
    result = invoke("count", "8x8x4", word)
    assert result.code == 2
    assert "file name" not in result.err


def test_what_python_only_warns_of_is_said_in_our_words(run: Run) -> None:
    layer = {"type": "conv", "kernel_size": 1, "out_channels": "1if 1 else 2"}
    document = json.dumps({"input": "8x8x4", "layers": [layer]})
    result = run("count", "-", stdin=document)
    assert result.code == 2
    assert "SyntaxWarning" not in result.err


def test_an_unknown_word_is_refused(invoke: Run) -> None:
    assert invoke("count", "resnet19") == refusal(
        "error: resnet19 is not a network, a design or a file", "  did you mean resnet18?"
    )


def test_python_lists_what_can_be_read_and_names_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    (folder / "broken.toml").write_text("layers = [")
    page = str(designs(design_path=["own"]))
    assert page.endswith("own/broken.toml is left out: not valid TOML: invalid value")
    assert "\n  separable " in page
