"""Files of users: equals of the shipped ones, and every mistake reported at its place."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from conftest import Result, Run, refusal
from pydantic import BaseModel, ValidationError

from convcost.api import count
from convcost.errors import ConvcostError
from convcost.language import budgets, models
from convcost.language.library import Library
from convcost.language.running import Switches
from convcost.sources.texts import open_library

Write = Callable[[str, str], Path]
CONV = 'type = "conv"\nkernel_size = 3\nout_channels = 4\n'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write("my.toml", text)`` in the folder where commands run."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


MISTAKES = {
    "a half expression in a layer": (
        '[[layers]]\ntype = "conv"\nkernel_size = "3 3"\nout_channels = 4\n',
        [
            "error: '3 3' is not an expression",
            "  my.toml:3: layers[0].kernel_size",
            "  3 3",
            "    ^",
        ],
    ),
    "a misspelt name in a layer": (
        '[parameters]\nmid = 8\n[[layers]]\ntype = "conv"\nkernel_size = 3\n'
        'out_channels = "2 * midd"\n[[examples]]\ninput = "8x8x4"\n',
        [
            "error: midd is not known here",
            "  my.toml:6: layers[0].out_channels",
            "  2 * midd",
            "      ^^^^",
            "  did you mean mid?",
        ],
    ),
    "a misspelt name in a default": (
        f'[parameters]\nmid = "in_chanels // 2"\n[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\n',
        [
            "error: in_chanels is not known here",
            "  my.toml:2: parameters.mid",
            "  in_chanels // 2",
            "  ^^^^^^^^^^",
            "  did you mean in_channels?",
        ],
    ),
    "a misspelt name in a condition": (
        f'[[layers]]\n{CONV}when = "chanels > 3"\n[[examples]]\ninput = "8x8x4"\n',
        [
            "error: chanels is not known here",
            "  my.toml:5: layers[0].when",
            "  chanels > 3",
            "  ^^^^^^^",
            "  did you mean channels?",
        ],
    ),
    "an operator that there is not": (
        f'[parameters]\nmid = "2 ** 8"\n[[layers]]\n{CONV}',
        [
            "error: '2 ** 8' uses an operator outside + - * / // %",
            "  my.toml:2: parameters.mid",
            "  2 ** 8",
            "  ^^^^^^",
        ],
    ),
    "anything but arithmetic": (
        '[[layers]]\ntype = "conv"\nkernel_size = 3\nout_channels = "in_channels.real"\n',
        [
            "error: 'in_channels.real' is not arithmetic",
            "  my.toml:4: layers[0].out_channels",
            "  in_channels.real",
            "  ^^^^^^^^^^^^^^^^",
            "  allowed: numbers, names, + - * / // %, comparisons, and/or/not, a if b else c and "
            "ceil, floor, round_to, min, max",
        ],
    ),
    "a fraction of a channel": (
        '[[layers]]\ntype = "conv"\nkernel_size = 3\nout_channels = "in_channels / 3"\n'
        '[[examples]]\ninput = "8x8x4"\n',
        [
            "error: out_channels must be a whole number, not 1.333333333",
            "  my.toml:4: layers[0].out_channels",
            "  in an expression use // or ceil(), floor(), round_to()",
        ],
    ),
    "an unknown type": (
        '[[layers]]\ntype = "convv"\nkernel_size = 3\n',
        [
            "error: convv is not a layer type or design",
            "  my.toml:2: layers[0].type",
            "  did you mean conv?",
        ],
    ),
    "an unknown field": (
        '[[layers]]\ntype = "conv"\nkernel_size = 3\nout_channels = 4\ngrups = 2\n',
        [
            "error: conv has no field grups",
            "  my.toml:5: layers[0].grups",
            "  did you mean groups?",
        ],
    ),
    "an unknown argument of a design": (
        f'[[layers]]\n{CONV}[[layers]]\ntype = "separable"\nkernel_size = 3\nout_chanels = 4\n'
        '[[examples]]\ninput = "8x8x4"\n',
        [
            "error: separable has no parameter out_chanels",
            "  my.toml:8: layers[1].out_chanels",
            "  did you mean out_channels?",
        ],
    ),
    "an unknown key of the file": (
        f'sumary = "x"\n[[layers]]\n{CONV}',
        ["error: sumary is not a field here", "  my.toml:1: sumary", "  did you mean summary?"],
    ),
    "an unknown layer": (
        f'[[layers]]\nname = "first"\n{CONV}[[layers]]\ntype = "add"\nfrom = ["input", "frist"]\n',
        [
            "error: frist is not the name of an earlier layer",
            "  my.toml:8: layers[1].from",
            "  did you mean first?",
        ],
    ),
    "a layer that comes later": (
        f'[[layers]]\ntype = "add"\nfrom = ["input", "conv"]\n[[layers]]\n{CONV}',
        [
            "error: conv is not the name of an earlier layer",
            "  my.toml:3: layers[0].from",
            "  known: input",
        ],
    ),
    "shapes that do not fit": (
        f'[[layers]]\n{CONV}[[layers]]\ntype = "add"\nfrom = ["conv", "input"]\n'
        '[[examples]]\ninput = "8x8x6"\n',
        ["error: add: 8x8x4 and 8x8x6 differ in channels", "  my.toml:7: layers[1].from"],
    ),
    "a negative repeat": (
        f'[[layers]]\n{CONV}repeat = "in_channels - 5"\n[[examples]]\ninput = "8x8x4"\n',
        ["error: repeat must be at least 0, not -1", "  my.toml:5: layers[0].repeat"],
    ),
    "groups that do not divide": (
        f'[[layers]]\n{CONV}groups = 3\n[[examples]]\ninput = "8x8x6"\n',
        [
            "error: groups=3 does not divide 4 output channels",
            "  my.toml:5: layers[0].groups",
            "  try 1 or 2",
        ],
    ),
    "an example's half product": (
        f'[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\nparams = "3 3"\n',
        ["error: '3 3' is not an expression", "  my.toml:7: examples[0].params", "  3 3", "    ^"],
    ),
    "an example's name": (
        f'[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\nmacs = "3 * channels"\n',
        [
            "error: channels is not known here",
            "  my.toml:7: examples[0].macs",
            "  3 * channels",
            "      ^^^^^^^^",
            "  known: ceil, floor, round_to, min or max",
        ],
    ),
    "an example's fraction": (
        f'[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\nparams = "3 / 2"\n',
        ["error: params must be a whole number, not 1.5", "  my.toml:7: examples[0].params"],
    ),
    "an example's argument": (
        f'parameters = {{ width = 1 }}\n[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\n'
        "arguments = { widht = 2 }\n",
        [
            "error: my has no parameter widht",
            "  my.toml:8: examples[0].arguments.widht",
            "  did you mean width?",
        ],
    ),
    "a required parameter that an example does not give": (
        f'parameters = {{ rank = {{}} }}\n[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\n',
        ["error: rank is missing: my needs it", "  my.toml:6: examples[0].arguments.rank"],
    ),
    "a requirement that an example does not meet": (
        'require = [{ that = "mid <= 8", otherwise = "mid goes up to 8" }]\n'
        f'parameters = {{ mid = 4 }}\n[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\n'
        "arguments = { mid = 9 }\n",
        ["error: my: mid goes up to 8", "  my.toml:9: examples[0].arguments"],
    ),
    "a misspelt name in a requirement": (
        'require = [{ that = "midd <= 8", otherwise = "mid goes up to 8" }]\n'
        f'parameters = {{ mid = 4 }}\n[[layers]]\n{CONV}[[examples]]\ninput = "8x8x4"\n',
        [
            "error: midd is not known here",
            "  my.toml:1: require[0].that",
            "  midd <= 8",
            "  ^^^^",
            "  did you mean mid?",
        ],
    ),
    "a requirement that is no expression": (
        f'require = [{{ that = "mid <", otherwise = "mid goes up to 8" }}]\n[[layers]]\n{CONV}',
        [
            "error: 'mid <' is not an expression",
            "  my.toml:1: require[0].that",
            "  mid <",
            "  ^",
        ],
    ),
    "a requirement without a sentence": (
        f'require = [{{ that = "in_channels > 3" }}]\n[[layers]]\n{CONV}',
        ["error: otherwise is missing", "  my.toml:1: require[0].otherwise"],
    ),
    "a reserved name": (
        f"parameters = {{ index = 1 }}\n[[layers]]\n{CONV}",
        ["error: index is a reserved name", "  my.toml:1: parameters.index"],
    ),
    "itself": (
        '[[layers]]\ntype = "my"\n[[examples]]\ninput = "8x8x4"\n',
        [
            "error: designs are nested more than 12 deep",
            "  my.toml:1: layers[0]",
            "  does my contain itself?",
        ],
    ),
    "no TOML": (
        "[[layers\n",
        [
            "error: not valid TOML: expected ']]' at the end of an array declaration",
            "  my.toml:1:9",
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_reported_at_their_place(invoke: Run, write: Write, mistake: str) -> None:
    text, lines = MISTAKES[mistake]
    write("my.toml", text)
    assert invoke("designs", "--check", "my.toml") == refusal(*lines)


def test_designs_that_contain_each_other(invoke: Run, write: Write) -> None:
    write("blocks/a.toml", '[[layers]]\ntype = "b"\n')
    write("blocks/b.toml", '[[layers]]\ntype = "a"\n')
    for command in (["count", "8x8x4", "-D", "a"], ["explain", "a", "8x8x4"]):
        result = invoke(*command, "--design-path", "blocks")
        assert result == refusal(
            "error: designs are nested more than 12 deep",
            "  blocks/a.toml:1: layers[0]",
            "  does b contain itself?",
        )


# -- the language ------------------------------------------------------------------------------


def params(text: str, tmp_path: Path, input: str = "8x8x4", **arguments: object) -> int:
    """The parameters of a file's design."""
    path = tmp_path / "my.toml"
    path.write_text(text)
    library = Library()
    library.add_file(path)
    return count("my", input=input, arguments=arguments, library=library).params


def test_what_a_file_requires_is_asked_of_every_use(invoke: Run, write: Write) -> None:
    write(
        "my.toml",
        'require = [{ that = "in_channels % 4 == 0", otherwise = "the channels are fours" }]\n'
        f"[[layers]]\n{CONV}",
    )
    assert invoke("count", "8x8x4", "-D", "./my.toml", "--get", "params").out == f"{9 * 4 * 4}\n"
    refused = refusal("error: my: the channels are fours")
    assert invoke("count", "8x8x6", "-D", "./my.toml", "--get", "params") == refused


def test_expressions_are_exact(tmp_path: Path) -> None:
    text = (
        "parameters = { width = 0.1 }\n"
        '[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = "ceil(30 * width)"\n'
    )
    assert params(text, tmp_path) == 4 * 3  # in floating point 30 * 0.1 is above 3
    assert params(text, tmp_path, width=0.7) == 4 * 21


def test_defaults_read_earlier_parameters_and_the_input(tmp_path: Path) -> None:
    text = (
        '[parameters]\nhalf = "in_channels // 2"\nquarter = "half // 2"\n'
        '[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = "quarter"\n'
    )
    assert params(text, tmp_path, "8x8x16") == 16 * 4
    assert params(text, tmp_path, "8x8x16", half=10) == 16 * 5


CONDITIONS = """\
parameters = { deep = true }
[[layers]]
name = "first"
type = "conv"
kernel_size = 1
out_channels = 6
[[layers]]
name = "second"
type = "conv"
when = "deep and channels > 3"
kernel_size = 3
out_channels = 8
[[layers]]
name = "third"
type = "conv"
from = "second"
kernel_size = 1
out_channels = 2
[[layers]]
type = "add"
from = ["third", "input"]
when = "shapes_match"
"""


def test_a_skipped_layer_hands_on_what_it_reads(tmp_path: Path) -> None:
    assert params(CONDITIONS, tmp_path) == 4 * 6 + 3 * 3 * 6 * 8 + 8 * 2
    assert params(CONDITIONS, tmp_path, deep=False) == 4 * 6 + 6 * 2


def test_shapes_match_decides_by_all_inputs(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(CONDITIONS)
    library = Library()
    library.add_file(path)
    types = {
        channels: [
            row.type for row in count("my", input=(8, 8, channels), library=library).counted.rows
        ]
        for channels in (2, 4)
    }
    assert types == {2: ["conv"] * 3 + ["add"], 4: ["conv"] * 3}


def test_repeat_counts_with_index_and_chains(tmp_path: Path) -> None:
    text = (
        "parameters = { depth = 3 }\n"
        '[[layers]]\nname = "stage"\ntype = "conv"\nkernel_size = 1\nrepeat = "depth"\n'
        'out_channels = "10 * (index + 1)"\n'
    )
    assert params(text, tmp_path) == 4 * 10 + 10 * 20 + 20 * 30
    assert params(text, tmp_path, depth=1) == 4 * 10
    assert params(text, tmp_path, depth=0) == 0


def test_channels_are_those_of_the_copy_before(tmp_path: Path) -> None:
    text = '[[layers]]\ntype = "conv"\nkernel_size = 1\nrepeat = 3\nout_channels = "2 * channels"\n'
    assert params(text, tmp_path) == 4 * 8 + 8 * 16 + 16 * 32


def test_split_parts_are_read_by_number(tmp_path: Path) -> None:
    text = (
        '[[layers]]\nname = "cut"\ntype = "split"\nparts = 4\n'
        '[[layers]]\ntype = "conv"\nfrom = "cut.3"\nkernel_size = 3\nout_channels = 5\n'
    )
    assert params(text, tmp_path) == 3 * 3 * 1 * 5


def test_output_names_the_layer_that_leaves(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(
        'output = "first"\n[[layers]]\nname = "first"\ntype = "conv"\nkernel_size = 1\n'
        'out_channels = 6\n[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = 9\n'
    )
    library = Library()
    library.add_file(path)
    assert count("my", input="8x8x4", library=library).output == (8, 8, 6)


SWITCHED = """\
layers = [
    { name = "free", type = "conv", kernel_size = 1, out_channels = 4, norm = "batch_norm" },
    { name = "with", type = "conv", kernel_size = 1, out_channels = 4, bias = true },
    { name = "never", type = "conv", kernel_size = 1, out_channels = 4, bias = false },
    { name = "norm", type = "layer_norm" },
    { name = "act", type = "activation" },
]
"""


@pytest.mark.parametrize(
    ("switches", "extra", "element_wise"),
    [
        (Switches(), 0, 0),
        (Switches(norm=True), 2 * 4 + 2 * 4, 2),
        (Switches(activation=True), 0, 1),
        (Switches(bias=True), 4, 0),
        (Switches(norm=True, activation=True, bias=True), 2 * 4 + 2 * 4 + 4, 3),
    ],
)
def test_switches(tmp_path: Path, switches: Switches, extra: int, element_wise: int) -> None:
    path = tmp_path / "my.toml"
    path.write_text(SWITCHED)
    library = Library()
    library.add_file(path)
    counted = count("my", input="8x8x4", library=library, switches=switches)
    assert counted.params == 3 * 4 * 4 + extra
    assert counted.counted.census()["elements"] == element_wise


def test_bias_asked_for_reaches_all_but_those_that_never_have_one(tmp_path: Path) -> None:
    assert params(SWITCHED, tmp_path, bias=True) == 3 * 4 * 4 + 2 * 4


def test_networks_have_everything_on(invoke: Run, write: Write) -> None:
    write("net.toml", 'kind = "network"\ninput = "8x8x4"\n' + SWITCHED)
    everything = 3 * 4 * 4 + 2 * 4 + 2 * 4 + 4
    assert invoke("count", "net.toml", "--get", "params").out == f"{everything}\n"
    without = invoke("count", "net.toml", "--no-norm", "--no-bias", "--get", "params").out
    assert without == f"{3 * 4 * 4}\n"


# -- where designs come from -------------------------------------------------------------------

FLAT = """\
summary = "a flat kernel"
parameters = { kernel_size = 3, out_channels = {} }
[[layers]]
type = "conv"
kernel_size = [1, "kernel_size"]
out_channels = "out_channels"
"""
FLAT_PARAMS = 1 * 3 * 16 * 8


def test_a_file_beside_shipped_designs(invoke: Run, write: Write) -> None:
    write("my_block.toml", FLAT)
    common = ["compare", "8x8x16", "-k", "3", "-o", "8"]
    out = invoke(*common, "-D", "standard", "-D", "./my_block.toml", "-f", "csv").out
    standard, own = csv.DictReader(out.splitlines())
    assert (standard["design"], own["design"]) == ("standard", "my_block")
    assert (int(standard["params"]), int(own["params"])) == (3 * 3 * 16 * 8, FLAT_PARAMS)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_folder_of_designs(invoke: Run, write: Write, way: str) -> None:
    write("blocks/flat.toml", FLAT)
    write("blocks/twice.toml", '[[layers]]\ntype = "flat"\nrepeat = 2\nout_channels = 16\n')
    words = ["--design-path", "blocks"] if way == "option" else []
    env = {} if way == "option" else {"CONVCOST_DESIGNS": "blocks"}
    for name, wanted in (("flat 8", FLAT_PARAMS), ("twice", 2 * 1 * 3 * 16 * 16)):
        result = invoke("count", "8x8x16", f"{name}", *words, "--get", "params", **env)
        assert result == Result(0, f"{wanted}\n", "")
    assert "flat" in invoke("designs", *words, **env).out


def test_a_folder_that_is_not_there(invoke: Run) -> None:
    result = invoke("count", "8x8x16", "conv 3x3 8", "--design-path", "nowhere")
    assert result == refusal("error: nowhere is not a folder of designs")


def test_a_shipped_name_is_taken(invoke: Run, write: Write) -> None:
    write("separable.toml", FLAT)
    assert invoke("designs", "--check", "separable.toml") == refusal(
        "error: separable is the name of a shipped design",
        "  separable.toml",
        "  choose another",
    )


def test_a_name_in_the_file_is_the_name(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text('name = "mine"\n' + FLAT)
    library = Library()
    assert library.add_file(path).name == "mine"
    assert library.find("mine").summary == "a flat kernel"
    with pytest.raises(ConvcostError):
        library.find("file")


def test_page_of_a_file_has_a_command_that_works(invoke: Run, write: Write) -> None:
    write("flat.toml", FLAT)
    *_, command = invoke("designs", "flat.toml").out.splitlines()
    assert command == "convcost count 56x56x256 --kernel 3 --out 64 --design flat.toml"
    assert invoke(*command.split()[1:]).code == 0


# -- the check ---------------------------------------------------------------------------------


def checked(invoke: Run, write: Write, examples: str) -> Result:
    write("flat.toml", FLAT + examples)
    return invoke("designs", "--check", "flat.toml")


EXAMPLE = '[[examples]]\ninput = "8x8x16"\narguments = { out_channels = 8 }\n'


def test_examples_that_hold(invoke: Run, write: Write) -> None:
    text = EXAMPLE + 'params = "1*3 * 16*8"\nmacs = "8*8 * 1*3 * 16*8"\n'
    result = checked(invoke, write, text + EXAMPLE + "params = 384\n")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "flat: the file is valid",
        "example   input  params  expected    MACs  expected",
        "──────────────────────────────────────────────────────────",
        "1        8x8x16     384       384  24,576    24,576  holds",
        "2        8x8x16     384       384  24,576         -  holds",
        "2 examples, all hold",
    ]


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        (["params = 385\n"], "1 of 1 example differs"),
        (["params = 384\n", "macs = 1\n"], "1 of 2 examples differs"),
        (["macs = 1\n", "macs = 2\n"], "2 of 2 examples differ"),
    ],
)
def test_examples_that_differ_end_with_exit_code_2(
    invoke: Run, write: Write, expected: list[str], verdict: str
) -> None:
    result = checked(invoke, write, "".join(EXAMPLE + line for line in expected))
    assert (result.code, result.err) == (2, "")
    assert result.out.count("DIFFERS") == int(verdict[0])
    assert result.out.splitlines()[-1] == verdict


def test_no_examples_is_said(invoke: Run, write: Write) -> None:
    result = checked(invoke, write, "")
    assert result.code == 0
    assert result.out.splitlines()[-1] == "no examples: add [[examples]] with params and macs"


def test_check_of_a_file_that_is_not_there(invoke: Run) -> None:
    assert invoke("designs", "--check", "nowhere.toml") == refusal(
        "error: no such file: nowhere.toml"
    )


@pytest.mark.parametrize("value", [-2, -0.5])
def test_a_parameter_below_zero_is_refused_unless_its_default_is(
    tmp_path: Path, value: float
) -> None:
    with pytest.raises(ConvcostError, match=f"reduction must be at least 0, not {value}"):
        count("8x8x16", f"bottleneck 3x3 16 reduction={value}")
    layer = '[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = "in_channels + shift"\n'
    (tmp_path / "narrower.toml").write_text(f"[parameters]\nshift = -4\n{layer}")
    library = open_library([tmp_path])
    assert count("8x8x16", "narrower shift=-2", library=library).params == 16 * (16 - 2)


@pytest.mark.parametrize("module", [models, budgets])
def test_what_was_read_is_not_changed_afterwards(module: ModuleType) -> None:
    """What stands in a file is read once, and given to everybody who asks."""
    kinds = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.model_fields
    ]
    assert kinds
    for kind in kinds:
        entry, field = kind.model_construct(), next(iter(kind.model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(entry, field, None)
