"""Words that name Python code: modules, files, arguments, timm and transformers; and the shell."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from torch_truth import MARKS, let_torchvision_load

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.torch.factories import is_torch_word, read_factory

pytestmark = MARKS

SOURCE = """
from torch import nn

print("hello from a library")

def net(width=8, *, bias=False):
    print("making a net")
    return nn.Sequential(
        nn.Conv2d(3, width, 3, bias=bias), nn.ReLU(), nn.Flatten(), nn.Linear(36 * width, 5)
    )

class Net(nn.Module):
    def __init__(self, width_mult: float = 1.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, int(8 * width_mult), 3)

    @classmethod
    def large(cls):
        return cls(4.0)

    def forward(self, x):
        print("running")
        return self.conv(x)

def tries(width=8):
    module = Net()
    import torch
    if float(module(torch.zeros(1, 3, 8, 8)).sum()) > -1e9:
        return module

def broken():
    raise RuntimeError("no weights here")

def leaves():
    raise SystemExit(3)

number = 3
made = net()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a user's code, which is the current one."""
    (tmp_path / "guestnet.py").write_text(SOURCE)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "__init__.py").write_text("")
    (tmp_path / "inner" / "nets.py").write_text(SOURCE)
    (tmp_path / "failing.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("guestnet", "inner", "failing", "convcost_guest_guestnet"):
            del sys.modules[name]


def counted(word: str, inputs: Any = "8x8x3", **options: Any) -> CountResult:
    return count_subject(read_factory(word, {"": inputs}, **options))


def refusal(word: str, inputs: Any = "8x8x3", **options: Any) -> list[str]:
    with pytest.raises(ConvcostError) as caught:
        counted(word, inputs, **options)
    return caught.value.lines()


@pytest.mark.parametrize(
    "word",
    [
        "torchvision.models:resnet50",
        "torchvision.models:mobilenet_v2(width_mult=1.4)",
        "./net.py:Net",
        "/home/me/net.py:Net.large",
        "net:Net",
        "inner.nets.Net",
        "guestnet.net(width=4)",
        "timm:resnet50",
        "timm:vit_base_patch16_224.augreg_in21k",
        "hf:bert",
        "hf:./folder",
        "hf:google/vit-base-patch16-224",
    ],
)
def test_words_of_python(word: str, folder: Path) -> None:
    assert is_torch_word(word)


@pytest.mark.parametrize(
    "word",
    [
        "resnet50",
        "conv 3x3 64",
        "conv 3x3 64, max_pool 2",
        "56x56x256",
        "specs.json",
        "model.onnx",
        "guestnet.py",
        "./specs.jsonl",
        "net.tflite",
        "no_such_package.Net",
        "conv 3x3 out=64",
        "-",
        "",
        ":",
        "a:",
        ":b",
        "timm:",
        "3:net",
    ],
)
def test_words_of_other_kinds(word: str, folder: Path) -> None:
    assert not is_torch_word(word)


def work(width: int) -> int:
    return 6 * 6 * width * 27 + 36 * width * 5


@pytest.mark.parametrize(
    ("word", "arguments", "macs"),
    [
        ("guestnet:net", {}, work(8)),
        ("guestnet:made", {}, work(8)),
        ("./guestnet.py:net", {}, work(8)),
        ("guestnet.net", {}, work(8)),
        ("inner.nets:net", {}, work(8)),
        ("inner.nets.net", {}, work(8)),
        ("guestnet:net(width=4)", {}, work(4)),
        ("guestnet:net(4, bias=True)", {}, work(4)),
        ("guestnet:net", {"width": 4}, work(4)),
        ("guestnet:net", {"width": "4", "bias": "true"}, work(4)),
        ("guestnet:net(width=4)", {"width": "2"}, work(2)),
        ("guestnet:Net", {"width_mult": "1.5"}, 6 * 6 * 12 * 27),
        ("guestnet.Net.large", {}, 6 * 6 * 32 * 27),
        ("guestnet:tries", {}, 6 * 6 * 8 * 27),
    ],
)
def test_what_words_make(
    word: str, arguments: dict[str, Any], macs: int, folder: Path, capsys: Any
) -> None:
    result = counted(word, arguments=arguments)
    assert result.macs == macs
    assert capsys.readouterr().out == ""


def test_names_are_those_of_the_factory(folder: Path) -> None:
    assert counted("guestnet:net(width=4)").name == "net"
    assert counted("guestnet.Net.large").name == "large"
    assert counted("guestnet:net", name="mine").name == "mine"


def test_words_that_make_nothing(folder: Path) -> None:
    for word, lines in {
        "guestnet:other": ["cannot import guestnet:other"],
        "absent:net": [
            "cannot import absent:net",
            "  ModuleNotFoundError: No module named 'absent'",
        ],
        "./absent.py:net": [
            "cannot import ./absent.py:net",
            "  FileNotFoundError: there is no file ./absent.py",
        ],
        "failing:net": [
            "cannot import failing:net",
            "  ModuleNotFoundError: No module named 'no_such_package' (failing.py, line 1)",
        ],
        "guestnet:number": ["guestnet:number is a int, not a function or a torch module"],
        "guestnet:broken": [
            "calling guestnet:broken without arguments fails",
            "  RuntimeError: no weights here (guestnet.py, line 32)",
        ],
        "guestnet:leaves": [
            "calling guestnet:leaves without arguments fails",
            "  SystemExit: 3 (guestnet.py, line 35)",
        ],
        "guestnet:net(width=a)": [
            "the arguments of a factory are Python literals",
            "  guestnet:net(width=a)",
            "              ^^^^^^^^^",
            "  try (width_mult=1.4, pretrained=False)",
        ],
        "guestnet:net(widht=4)": [
            "guestnet:net(widht=4) has no argument widht",
            "  did you mean width?",
        ],
        "guestnet:made(width=4)": [
            "guestnet:made(width=4) is a module, not a function: it takes no width",
            "  guestnet:made(width=4)",
        ],
        "guestnet:tries(width=9, 3)": ["the arguments of a factory are Python literals"],
        "guestnet:Path": ["cannot import guestnet:Path"],
    }.items():
        shown = refusal(word)
        assert shown[: len(lines)] == lines, word


def test_an_input_is_needed(folder: Path) -> None:
    with pytest.raises(ConvcostError) as caught:
        read_factory("guestnet:net", {})
    assert caught.value.lines() == [
        "the input shape is missing",
        "  guestnet:net",
        "  add --input 224x224x3",
    ]


def test_raw_words_of_a_shell(folder: Path) -> None:
    for words in (["8x8x3"], ["1x3x8x8"], ["[1,3,8,8]"], ["[1,3,8,8]:float32"]):
        assert count_subject(read_factory("guestnet:net", words)).macs == work(8)
    assert counted("guestnet:net", "8x8x3", batch=3).macs == 3 * work(8)


def test_garbage_collection_is_on_for_a_users_code(folder: Path) -> None:
    import gc

    (folder / "asks.py").write_text(
        "import gc\nfrom torch import nn\n\ndef net():\n    assert gc.isenabled()\n"
        "    return nn.Linear(8, 4)\n"
    )
    gc.disable()
    try:
        assert counted("asks:net", "8").macs == 8 * 4
        assert not gc.isenabled()
    finally:
        gc.enable()
        sys.modules.pop("asks", None)


def test_from_the_shell(folder: Path, run: Run) -> None:
    done = run("count", "guestnet:net", "--input", "8x8x3", "--get", "macs")
    assert (done.code, done.out) == (0, f"{work(8)}\n")
    assert "making a net" in done.err


timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is None, reason="timm is not installed: pip install timm"
)
transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None,
    reason="transformers is not installed: pip install transformers",
)


@timm
def test_models_of_timm() -> None:
    let_torchvision_load()
    result = counted("timm:resnet18", "224x224x3")
    assert (result.name, result.macs) == ("resnet18", 1814073344)  # 1.8 G, He et al. 2015, table 1
    assert result.params == 11689512
    small = counted("timm:resnet18(num_classes=10)", "224x224x3")
    assert result.macs - small.macs == 512 * 990
    assert counted("timm:resnet18", "224x224x3", arguments={"num_classes": "10"}).macs == small.macs
    lines = refusal("timm:resnet181")
    assert lines[0] == "timm has no model resnet181"
    assert "resnet18" in lines[1]


@transformers
def test_models_of_transformers() -> None:
    small = {"num_hidden_layers": 1, "hidden_size": 32, "intermediate_size": 64}
    layer = 7 * (4 * 32 * 32 + 2 * 32 * 64) + 2 * 7 * 7 * 32
    for word in ("hf:bert", "hf:BertConfig", "hf:BertModel"):
        found = counted(word, "7", arguments={**small, "num_attention_heads": 2})
        assert found.macs == layer + 32 * 32  # and the pooler, on the first token
    assert refusal("hf:no_such_model", "7")[0] == "calling hf:no_such_model without arguments fails"
