"""Hints can be followed where they are printed, and paths of ``--get`` end in a value or a hint."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, refusal

from convcost.cli.elsewhere import OPTIONS, hint_for
from convcost.errors import did_you_mean, nearest
from convcost.language.library import Library
from convcost.language.primitives import PRIMITIVES
from convcost.sources.locating import TomlLines, line_of_second

STANDARD = 56 * 56 * 3 * 3 * 256 * 64
POINTWISE = 56 * 56 * 256 * 64
SEPARABLE = 56 * 56 * (3 * 3 * 256 + 256 * 64)
COMPARE = ("compare", "56x56x256", "-k", "3", "-o", "64", "-D", "standard,1x1,separable")
CONV = ("count", "56x56x256", "conv 3x3 64")
SPACE = ("56x56x256", "conv 3x3", "--vary", "out=32,64")

NAMES = [*PRIMITIVES, *Library().names()]


# -- bare values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "path", "printed"),
    [
        (COMPARE, "macs", f"{STANDARD}\n{POINTWISE}\n{SEPARABLE}\n"),
        (COMPARE, "design,params", "standard\t147456\npointwise\t16384\nseparable\t18688\n"),
        (COMPARE, "baseline,separable.macs", f"standard\t{SEPARABLE}\n"),
        (
            ("diff", "56x56x256", "conv 3x3 64", "conv 1x1 64"),
            "macs",
            f"{STANDARD}\t{POINTWISE}\n",
        ),
        (
            ("diff", "56x56x256", "conv 3x3 64", "conv 1x1 64"),
            "macs.change,totals.macs.change",
            f"{POINTWISE - STANDARD}\t{POINTWISE - STANDARD}\n",
        ),
        (("swap", "56x56x256", "conv 3x3 64"), "macs,before.macs", f"{SEPARABLE}\t{STANDARD}\n"),
        (("fit", *SPACE, "--max", "macs=300M"), "macs,out", f"{STANDARD // 2}\t32\n"),
        (("sweep", *SPACE), "out,macs", f"32\t{STANDARD // 2}\n64\t{STANDARD}\n"),
        (("explain", "56x56x256", "conv 3x3 64"), "macs", f"{STANDARD}\n"),
        (("conventions", "56x56x256", "conv 3x3 64"), "macs", f"{STANDARD}\n"),
        (
            ("reconcile", "56x56x256", "conv 3x3 64", "--reported", "462M", "--params", "147K"),
            "macs,params",
            f"{STANDARD}\t{3 * 3 * 256 * 64}\n",
        ),
        (("formula", "1x1"), "macs", "Cin*Cout*H*W\n"),
        (("designs", "separable"), "name,kind", "separable\tdesign\n"),
    ],
)
def test_a_figure_is_read_from_where_the_answer_has_it(
    invoke: Run, words: tuple[str, ...], path: str, printed: str
) -> None:
    result = invoke(*words, "--get", path)
    assert (result.code, result.out) == (0, printed)


def test_a_checked_figure_is_read_by_its_name(invoke: Run) -> None:
    result = invoke("check", "56x56x256", "conv 3x3 64", "--max", "macs=1G", "--get", "name,macs")
    assert (result.code, result.out) == (0, f"conv 3x3 64\t{STANDARD}\n")


def test_where_nothing_is_feasible_a_figure_has_no_value(invoke: Run) -> None:
    assert invoke("fit", *SPACE, "--max", "macs=1K", "--get", "macs")[:2] == (1, "\n")


@pytest.mark.parametrize("path", ["layers[0].macs", ".layers[0].macs", "layers.0.macs"])
def test_indexes_may_stand_in_brackets_as_in_jq(invoke: Run, path: str) -> None:
    assert invoke(*CONV, "--get", path) == (0, f"{STANDARD}\n", "")


@pytest.mark.parametrize("paths", ["", "macs,", ",macs", "macs, ,params"])
def test_a_field_without_a_name_is_refused(invoke: Run, paths: str) -> None:
    assert invoke(*CONV, "--get", paths) == refusal(
        "error: a field of --get is empty",
        f"  --get {paths}".rstrip(),
        "  name each field: --get macs or --get params,macs",
    )


@pytest.mark.parametrize(
    ("words", "path", "message", "hint"),
    [
        (CONV, "layers.99.macs", "there is no field 99.macs", "there is one: 0"),
        (CONV, "layers.comv.macs", "there is no field comv.macs", "did you mean conv?"),
        (
            CONV,
            "results[0].macs",
            "--get reads the members of results one after the other",
            "--get macs",
        ),
        (
            CONV,
            "ram",
            "RAM is the figure peak: the most activations alive at once",
            "--get peak",
        ),
        (
            ("diff", "8x8x4", "1x1 8", "1x1 9"),
            "layers.99999.macs",
            "there is no field 99999.macs",
            "there is one: 0",
        ),
    ],
)
def test_a_path_that_ends_nowhere_says_what_is_there(
    invoke: Run, words: tuple[str, ...], path: str, message: str, hint: str
) -> None:
    assert invoke(*words, "--get", path) == refusal(
        f"error: {message}", f"  --get {path}", f"  {hint}"
    )


COMMANDS = [
    CONV,
    COMPARE,
    ("diff", "resnet18", "resnet34"),
    ("swap", "lenet5"),
    ("fit", *SPACE, "--max", "macs=300M"),
    ("sweep", *SPACE),
    ("check", "lenet5", "--max", "macs=1G"),
    ("explain", "8x8x4", "separable 3x3 8"),
    ("conventions", "lenet5"),
    ("reconcile", "lenet5", "--reported", "1M"),
    ("formula", "separable"),
    ("designs", "mbconv"),
]


def paths_of(document: Any, path: str = "", depth: int = 0) -> Iterator[str]:
    """Every path of a document, of a list its first and last member."""
    if path:
        yield path
    if depth > 5:
        return
    items: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = [*enumerate(document)][:1] + [*enumerate(document)][1:][-1:]
    for key, value in items:
        yield from paths_of(value, f"{path}.{key}".lstrip("."), depth + 1)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_no_path_is_a_bug(invoke: Run, words: tuple[str, ...]) -> None:
    document = json.loads(invoke(*words, "--json").out)
    asked: dict[str, None] = {}
    for path in paths_of(document):
        short = re.sub(r"^(results|comparisons)\.\d+\.", "", path)
        asked |= dict.fromkeys([path, short])
        wrong = [f"{short}.macs", f"{short}x", short[1:], f"{short}.0", f"{short}..", f"{short}[9]"]
        asked |= dict.fromkeys(wrong)
    chosen = [path for path in asked if path][:: max(1, len(asked) // 60)]
    for path in chosen:
        result = invoke(*words, "--get", path)
        assert result.code in (0, 2), (path, result.err)


# -- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_what_others_call_an_option_is_hinted_with_options_of_the_command(
    invoke: Run, name: str
) -> None:
    from convcost.cli.app import COMMANDS as ALL
    from convcost.cli.app import LazyGroup

    group = LazyGroup(name="convcost")
    for command in ALL:
        options = {o for p in group.get_command(None, command).params for o in p.opts}
        hint = hint_for(name, None, options)[1] or ""
        if not hint.startswith("convcost "):
            assert set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", hint)) <= options, command


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (("check", "lenet5", "--ram", "256KB"), ("  --ram", "  --max peak=256KB")),
        (("count", "lenet5", "--ram", "256KB"), ("  --ram", "  --max-peak 256KB")),
        (("swap", "lenet5", "--top", "5"), ("  --top", "  convcost count resnet50 -n 5")),
        (("count", "lenet5", "--top", "5"), ("  --top", "  -n 5")),
        (("count", "lenet5", "--quiet", "--get", "macs"), ("  --quiet", "  leave it out")),
        (("count", "lenet5", "--int8"), ("  --int8", "  --dtype int8")),
        (("count", "lenet5", "--fvcore"), ("  --fvcore", "  --convention fvcore")),
        (("count", "lenet5", "--plot", "a.svg"), ("  --plot", "  --chart a.svg")),
    ],
)
def test_a_hint_is_for_the_command_that_prints_it(
    invoke: Run, words: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    result = invoke(*words)
    assert (result.code, result.out) == (2, "")
    assert tuple(result.err.splitlines()[1:]) == lines


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ("designs", "bottleneck", "--stride", "2"),
            (
                "error: designs has no --stride",
                "  --stride 2",
                "  compare, count, diff, check, ... have it",
            ),
        ),
        (
            ("count", "lenet5", "--max-ram", "256KB"),
            (
                "error: ram is not a figure",
                "  --max-ram 256KB",
                "  did you mean --max-peak 256KB?",
            ),
        ),
        (
            ("check", "lenet5", "--max", "arena=1K"),
            (
                "error: arena is not a figure",
                "  --max arena=1K",
                "  did you mean peak with --planner tflm?",
            ),
        ),
        (
            ("count", "56x56x256", "bottleneck 3x3 64", "--reduction", "2"),
            (
                "error: reduction is a parameter of a layer in a text: it stands there",
                "  --reduction 2",
                '  "bottleneck 3x3 64 reduction=2"',
            ),
        ),
        (
            ("count", "lenet5", "--zzz"),
            ("error: no such option: --zzz", "  see convcost count --help"),
        ),
        (
            ("count", "8x8x4", "1x1 8", "--bias", "--no-bias"),
            ("error: --bias and --no-bias are both given", "  leave one of them out"),
        ),
        (
            ("count", "lenet5", "--batch", "2", "-b", "3"),
            ("error: --batch is given twice", "  --batch 2, -b 3", "  leave one of them out"),
        ),
        (
            ("count", "lenet5", "--get", "macs", "--get", "params"),
            (
                "error: --get is given twice",
                "  --get macs, --get params",
                "  several values go into one option: --get macs,params",
            ),
        ),
        (
            ("diff", "8x8x4", "1x1", "3x3", "-o", "1", "-o", "2"),
            ("error: --out is given twice", "  -o 1, -o 2", "  leave one of them out"),
        ),
        (
            ("count", "resnet50", "--depth", "0", "-n", "2"),
            (
                "error: -n shows single layers, --depth folds them",
                "  -n 2, --depth 0",
                "  leave one of them out",
            ),
        ),
        (
            ("formula", "separable", "--set", "rate=1"),
            (
                "error: separable has no parameter rate",
                "  --set rate=1",
                "  known: kernel_size, out_channels, stride, padding, dilation, multiplier "
                "or groups",
            ),
        ),
        (
            ("reconcile", "resnet50", "--reported", "4.12"),
            (
                "error: a part of one MAC or parameter is no figure: its unit is missing",
                "  --reported 4.12",
                "  write it as the paper does: --reported 4.12G or 4.12M",
            ),
        ),
        (
            ("swap", "resnet50", "separable"),
            ("error: the design to put there is an option", "  separable", "  --to separable"),
        ),
        (
            ("fit", "mobilenet_v2", "--width", "0.35,0.5", "--max", "macs=1G"),
            ("error: nothing varies", "  --vary width=0.35,0.5"),
        ),
        (
            ("fit", "8x8x4", "separable", "--vary", "out=4,8", "--max", "macs=1G"),
            (
                "error: none of 2 candidates can be built: kernel_size is missing: "
                "separable needs it",
                "  --set kernel=3",
            ),
        ),
        (
            ("compare", "56x56x256", "1x1", "vs", "3x3", "-o", "64"),
            (
                "error: alternatives stand side by side, without a word between them",
                "  vs",
                '  leave it out: 56x56x256 1x1 "conv 3x3"',
            ),
        ),
        (
            ("--json", "count", "lenet5"),
            (
                "error: there is no option --json here",
                "  options stand after a command: convcost count lenet5 --json",
            ),
        ),
        (
            ("count", "lenet5", "--dtype", "int3"),
            (
                "error: int3 is not a data type",
                "  --dtype int3",
                "  try int64, int32, int16, int8, int4, int2 or int1",
            ),
        ),
        (
            ("count", "lenet5", "--dtype", "8"),
            ("error: 8 is not a data type", "  --dtype 8", "  try int8 or uint8"),
        ),
        (
            ("count", "timm/resnet50"),
            ("error: no such file: timm/resnet50", "  did you mean resnet50?"),
        ),
    ],
    ids=lambda value: " ".join(value) if value[0][:5] != "error" else "",
)
def test_a_mistake_is_answered_with_what_would_work(
    invoke: Run, words: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    assert invoke(*words) == refusal(*lines)


def test_options_before_the_command_are_the_commands(invoke: Run) -> None:
    after = invoke("count", "lenet5", "--lang", "zh")
    assert invoke("--lang", "zh", "count", "lenet5") == after
    assert invoke("--lang=zh", "lenet5") == after
    assert "\x1b[" in invoke("--color", "always", "count", "lenet5").out


def test_a_kernel_of_a_space_is_written_as_elsewhere(invoke: Run) -> None:
    words = ("sweep", "8x8x4", "conv", "--vary", "out=8,16", "--get", "macs")
    expected = (0, f"{8 * 8 * 9 * 4 * 8}\n{8 * 8 * 9 * 4 * 16}\n", "")
    assert invoke(*words, "-k", "3") == invoke(*words, "--set", "kernel=3") == expected


@pytest.mark.parametrize("word", ["md", "MD", "Markdown"])
def test_a_format_has_its_ending_and_any_case(invoke: Run, word: str) -> None:
    assert invoke(*CONV, "--format", word) == invoke(*CONV, "--md")


def test_latex_is_short_as_the_others_are(invoke: Run) -> None:
    assert invoke(*CONV, "--latex") == invoke(*CONV, "--format", "tex")


def test_a_dash_as_the_file_is_standard_output(invoke: Run, tmp_path: Path) -> None:
    assert invoke(*CONV, "--output", "-", "--json") == invoke(*CONV, "--json")
    assert list(tmp_path.iterdir()) == []


def test_no_color_is_an_option_too(invoke: Run) -> None:
    assert invoke(*CONV, "--no-color", FORCE_COLOR="1").out == invoke(*CONV, NO_COLOR="1").out


def test_help_in_a_pipe_has_no_color(invoke: Run) -> None:
    assert "\x1b" not in invoke().out


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tf_efficientnet_b0.ns_jft_in1k", "efficientnet_b0"),
        ("efficientnet_v2_s", None),
        ("xception", None),
        ("regnety_008", "regnet"),
        ("torchvision.models.resnet50", "resnet50"),
        ("keras.applications.MobileNetV2", "mobilenet_v2"),
        ("timm.create_model('resnet50')", "resnet50"),
        ("mobilenetv3_large_100", "mobilenet_v3_large"),
        ("resnet51", "resnet50"),
        ("resnet43", "resnet34"),
        ("densenet120", "densenet121"),
        ("seperable", "separable"),
    ],
)
def test_a_version_weighs_more_than_letters(typed: str, meant: str | None) -> None:
    assert nearest(typed, NAMES) == meant


def test_names_that_are_none_are_no_candidates() -> None:
    assert nearest("x.macs", [None, 0, "conv1"]) is None
    assert did_you_mean("conv2", [None, 3, "conv1"]) == "did you mean conv1?"


def test_of_many_names_those_like_it_are_listed() -> None:
    names = [f"name{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    hint = did_you_mean("zzz", names)
    assert hint.startswith("known: ")
    assert hint.endswith(", ... (26 in all)")
    assert hint.count("name") == 8


# -- lines -------------------------------------------------------------------------------------

DOCUMENT = """{
  "input": "8x8x8",
  "layers": [
    {"type": "conv", "kernel_size": 3, "out_channels": 8},

    {"type": "conv", "kernel_size": 3,
     "KEY": 3, "out_channels": 8}
  ]
}
"""


@pytest.mark.parametrize("source", ["net.json", "-"])
@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        ("grups", "conv has no field grups", "did you mean groups?"),
        ("groups", "groups=3 does not divide 8 input channels", "try 1, 2, 4 or 8"),
    ],
)
def test_a_field_of_a_json_document_is_told_with_its_line(
    invoke: Run, tmp_path: Path, source: str, key: str, message: str, hint: str
) -> None:
    text = DOCUMENT.replace("KEY", key)
    (tmp_path / "net.json").write_text(text)
    name = "stdin" if source == "-" else source
    assert invoke("count", source, stdin=text) == refusal(
        f"error: {message}", f"  {name}:7: layers[1].{key}", f"  {hint}"
    )


def test_a_key_that_stands_twice_is_told_with_the_line_of_the_second(
    invoke: Run, tmp_path: Path
) -> None:
    text = '{\n"type": "conv",\n"a": {"out": 1},\n"out": 2,\n"input": "out",\n"out": 3}\n'
    (tmp_path / "net.json").write_text(text)
    assert line_of_second(text, "out") == 6
    assert invoke("count", "net.json") == refusal(
        "error: the key out stands twice in one object", "  net.json:6"
    )


TOML = '''# a comment = 1
a = 1
"b.c" = [1,
  [2, 3]]
x.y = { k = 1, l = [{ m = 1 }, { m = 2 }] }
s = """
[not]
z = 1"""
[[u.v]]
w = 1
[[u.v]]
w = "[" # ]
[u.v.deep]
e = [
  { f = 1 },
  { f = 2 },
]
'''


def test_lines_of_toml_are_known_down_to_the_members_of_arrays() -> None:
    tomllib.loads(TOML)
    lines = TomlLines(TOML)
    expected = {
        ("a",): 2,
        ("b.c", 1, 0): 4,
        ("x", "y", "l", 1, "m"): 5,
        ("s",): 6,
        ("u", "v", 0, "w"): 10,
        ("u", "v", 1): 11,
        ("u", "v", 1, "w"): 12,
        ("u", "v", 1, "deep", "e", 1, "f"): 16,
        ("u", "v", 1, "nowhere"): 11,
    }
    assert {keys: lines.of(keys) for keys in expected} == expected


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.parent.glob("convcost/*/*.toml")))
def test_every_value_of_a_toml_file_has_a_line(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = TomlLines(text)

    def walk(value: Any, keys: tuple[str | int, ...]) -> None:
        assert lines.knows(keys), keys
        members = value.items() if isinstance(value, dict) else ()
        for key, inner in enumerate(value) if isinstance(value, list) else members:
            walk(inner, (*keys, key))

    walk(tomllib.loads(text), ())


def test_layers_under_another_name_are_hinted(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text(
        'input = "8x8x3"\n\n[[layer]]\ntype = "conv"\nkernel = 3\nout = 4\n'
    )
    assert invoke("count", "net.toml") == refusal(
        "error: layer is not a field here", "  net.toml:3: layer", "  did you mean layers?"
    )


def test_a_field_that_is_missing_and_one_too_many_are_one_mistake(
    invoke: Run, tmp_path: Path
) -> None:
    text = '[[check]]\nname = "a"\nmodle = "lenet5"\nmax = { macs = "1G" }\n'
    (tmp_path / "convcost.toml").write_text(text)
    result = invoke("check")
    assert result.code == 2
    assert result.err.splitlines()[0] == "error: modle is not a field here"
    assert result.err.splitlines()[2] == "  did you mean model?"


# -- folding -----------------------------------------------------------------------------------


def test_words_fold_at_the_width_of_a_terminal_and_commands_do_not() -> None:
    from convcost.cli.output import folded

    lines = [
        "error: a sentence of some words that is longer than a line has room for",
        "  try: convcost compare 56x56x256 --kernel 3 --out 64, or names, or a file",
        "  conv 3x3 64 g3, conv 3x3 64 g3, conv 3x3 64",
        "              ^^",
    ]
    assert folded(lines, 40) == [
        "error: a sentence of some words that is",
        "  longer than a line has room for",
        "  try:",
        "    convcost compare 56x56x256 --kernel 3 --out 64,",
        "    or names, or a file",
        "  conv 3x3 64 g3, conv 3x3 64 g3, conv 3x3 64",
        "              ^^",
    ]
    assert folded(lines, 100) == lines
