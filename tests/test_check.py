"""``check``: what a limit means, which exit code a pipeline gets, and what a reader is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from math import ceil, prod
from pathlib import Path

import onnx
import pytest
from conftest import Result, Run, environment, refusal
from jsonschema import Draft202012Validator
from onnx import TensorProto, helper

import convcost
from convcost.engine.counting import count
from convcost.engine.figures import Measured
from convcost.engine.graph import GraphBuilder
from convcost.engine.operations.elementwise import Scale
from convcost.errors import ConvcostError
from convcost.reports.schemas import schema
from convcost.studies.baseline import record

STEM = 3 * 3 * 3 * 8
BODY = 3 * 3 * 8 * 16
HEAD = 16 * 32
PARAMS = STEM + BODY + HEAD
MACS = 16 * 16 * PARAMS
WIDER = 16 * 64
"""The head after the change that the tests make: 64 output channels for 32."""

MORE = WIDER - HEAD
GROWN = 16 * 16 * MORE


def network(head: int = 32) -> str:
    return (
        'kind = "network"\ninput = "32x32x3"\n'
        'layers = ["conv 3x3 8 s2 name=stem", "conv 3x3 16 name=body", '
        f'"conv 1x1 {head} name=head"]\n'
    )


def section(*lines: str) -> str:
    head = ('baseline = "convcost.lock.json"', "[[check]]", 'name = "net"', 'model = "net.toml"')
    return "".join(f"{line}\n" for line in (*head, *lines))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a model and a check of it: at most today's MACs, and 1 % more parameters."""
    (tmp_path / "net.toml").write_text(network())
    (tmp_path / "convcost.toml").write_text(
        section(f"max = {{ macs = {MACS} }}", 'max_increase = { params = "1%" }')
    )
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@x", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def told(result: Result) -> list[str]:
    return result.err.splitlines()


# A repository, from its first check to a change that is refused.


def test_a_repository_from_its_first_check_to_a_broken_limit(tmp_path: Path, invoke: Run) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "net.toml").write_text(network())
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "team"\n')

    done = invoke("check", "--init", "net.toml", "--margin", "5%")
    peak = 4 * (16 * 16 * 16 + 16 * 16 * 32)
    written = (
        '[tool.convcost]\nbaseline = "convcost.lock.json"\n\n'
        '[[tool.convcost.check]]\nname = "net"\nmodel = "net.toml"\n'
        f"max = {{ macs = {ceil(MACS * 1.05)}, params = {PARAMS * 105 // 100}, "
        f"peak = {-(-peak * 105 // 100)} }}\n"
    )
    note = "note: this was written to pyproject.toml; convcost check --update writes the baseline\n"
    assert done == Result(0, written, note)
    text = (tmp_path / "pyproject.toml").read_text()
    assert text == f'[project]\nname = "team"\n\n{written}'
    (tmp_path / "pyproject.toml").write_text(text + 'max_increase = { params = "1%" }\n')

    done = invoke("check", "--update")
    assert (done.code, done.err) == (0, "")
    assert "convcost.lock.json: 1 check written" in done.out
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "the model, its limits and its baseline")

    done = invoke("check")
    assert (done.code, done.err) == (0, "check: 4 limits hold\n")

    (tmp_path / "net.toml").write_text(network(64))
    done = invoke("check")
    place = "pyproject.toml:10"
    limits = {"macs": ceil(MACS * 1.05), "params": PARAMS * 105 // 100}
    assert done.code == 1
    assert told(done) == [
        f"broken: net has {MACS + GROWN:,} MACs, {MACS + GROWN - limits['macs']:,} more than "
        f"{limits['macs']:,}",
        f"  grew most: head +{GROWN:,}",
        f"  change the limit: {place}: max.macs",
        f"broken: net has {PARAMS + MORE:,} parameters, {PARAMS + MORE - limits['params']:,} more "
        f"than {limits['params']:,}",
        f"  grew most: head +{MORE:,}",
        f"  change the limit: {place}: max.params",
        "broken: net has 81,920 bytes of peak (80.0 KiB), "
        f"{4 * 16 * 16 * (16 + 64) + -peak * 105 // 100:,} more than {-(-peak * 105 // 100):,}",
        "  largest: head 81,920, body 24,576, stem 20,480",
        f"  change the limit: {place}: max.peak",
        f"broken: net has {PARAMS + MORE:,} parameters, "
        f"{PARAMS + MORE - PARAMS * 101 // 100:,} more than {PARAMS * 101 // 100:,} "
        f"(1% above {PARAMS:,})",
        f"  grew most: head +{MORE:,}",
        "  change the limit: pyproject.toml:11: max_increase.params",
        "check: 4 of 4 limits broken",
    ]


def test_a_change_cannot_certify_itself(project: Path, invoke: Run) -> None:
    """The baseline that was changed together with the model is not the one that counts."""
    git(project, "init", "-q")
    (project / "convcost.toml").write_text(section('max_increase = { params = "1%" }'))
    invoke("check", "--update")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    (project / "net.toml").write_text(network(64))
    invoke("check", "--update")
    git(project, "commit", "-qam", "a larger head, and a baseline that fits")
    assert invoke("check").code == 0
    done = invoke("check", "--baseline-ref", "HEAD~1")
    assert done.code == 1
    assert told(done)[-1] == "check: 1 of 1 limit broken"
    assert invoke("check", "--baseline-ref", "HEAD").code == 0


def test_a_commit_before_the_baseline_has_none(project: Path, invoke: Run) -> None:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "no baseline yet")
    invoke("check", "--update")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "a baseline")
    done = invoke("check", "--baseline-ref", "HEAD~1")
    assert done.code == 2
    assert told(done)[-3:] == [
        "error: there is no baseline for net",
        "  HEAD~1:convcost.lock.json",
        "  convcost check --update writes it; --allow-missing-baseline goes on without",
    ]
    done = invoke("check", "--baseline-ref", "HEAD~1", "--allow-missing-baseline")
    assert done.code == 0


@pytest.mark.parametrize("ref", ["nothing", "--output=x", "-h", "HEAD:net.toml"])
def test_what_is_no_commit_is_refused(project: Path, invoke: Run, ref: str) -> None:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    assert invoke("check", f"--baseline-ref={ref}") == refusal(
        f"error: {ref} is no commit here",
        f"  --baseline-ref {ref}",
        "  fetch it first: a shallow clone has one commit (fetch-depth: 0)",
    )
    assert {path.name for path in project.iterdir()} == {".git", "convcost.toml", "net.toml"}


def test_a_folder_without_git_has_no_commits(
    project: Path, invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    assert invoke("check", "--baseline-ref", "main") == refusal(
        "error: . is in no git repository",
        "  --baseline-ref main",
        "  use --baseline FILE",
    )


def test_git_has_to_be_there(project: Path, invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert invoke("check", "--baseline-ref", "main") == refusal(
        "error: git cannot be run: no such file or directory", "  --baseline-ref main"
    )


# The baseline.


def test_a_relative_limit_needs_a_baseline_and_absolute_ones_run(
    project: Path, invoke: Run
) -> None:
    done = invoke("check")
    assert done.code == 2
    assert told(done) == [
        f"unknown: net has {PARAMS:,} parameters, "
        "and the baseline does not say how many there were",
        "check: 1 limit holds, 1 unknown",
        "error: there is no baseline for net",
        "  convcost.lock.json",
        "  convcost check --update writes it; --allow-missing-baseline goes on without",
    ]
    assert f"net    MACs    {MACS:,}  {MACS:,}  max           holds" in done.out


def test_allowed_to_be_missing(project: Path, invoke: Run) -> None:
    done = invoke("check", "--allow-missing-baseline")
    assert done.code == 0
    assert told(done)[0] == ("note: there is no baseline for net: relative limits were not checked")
    (project / "net.toml").write_text(network(64))
    assert invoke("check", "--allow-missing-baseline").code == 1


def test_a_check_that_is_new_has_no_line_in_the_baseline(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    text = (project / "convcost.toml").read_text()
    (project / "convcost.toml").write_text(
        f'{text}[[check]]\nname = "new"\nmodel = "net.toml"\nmax_increase = {{ macs = 0 }}\n'
    )
    done = invoke("check")
    assert done.code == 2
    assert told(done)[-3:] == [
        "error: there is no baseline for new in it",
        "  convcost.lock.json",
        "  convcost check --update writes it; --allow-missing-baseline goes on without",
    ]


def test_a_stale_baseline_says_so(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    lock = project / "convcost.lock.json"
    document = json.loads(lock.read_text())
    document["checks"]["old"] = document["checks"]["net"]
    document["version"] = "0.0.1"
    lock.write_text(json.dumps(document))
    done = invoke("check")
    assert done == Result(
        0,
        done.out,
        "note: convcost.lock.json has old, which no check is about any more\n"
        f"note: convcost.lock.json was written by convcost 0.0.1, this is {convcost.__version__}\n"
        "check: 2 limits hold\n",
    )
    assert invoke("check", "net").err.splitlines()[0].startswith("note: convcost.lock.json was")
    done = invoke("check", "--update", "--json")
    gone = {change["name"] for change in json.loads(done.out)["changes"]}
    assert gone == {"old"}
    assert list(json.loads(lock.read_text())["checks"]) == ["net"]


def test_a_baseline_of_another_type_is_refused(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    with (project / "convcost.toml").open("a") as file:
        file.write('dtype = "int8"\nbatch = 2\n')
    assert invoke("check") == refusal(
        "error: the baseline of net is of batch 1 at float32, and the check of batch 2 at int8",
        "  convcost.lock.json",
        "  convcost check --update writes it anew",
    )


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("{", "not valid JSON", "convcost.lock.json:1"),
        ("[]", "not a baseline of this version: its schema is not convcost.baseline/1", ""),
        (
            '{"schema": "convcost.baseline/2"}',
            "not a baseline of this version: its schema is 'convcost.baseline/2', not "
            "convcost.baseline/1",
            "",
        ),
        (
            '{"schema": "convcost.baseline/1", "checks": {"net": {"macs": 1.5}}}',
            "macs is no whole number",
            "convcost.lock.json: checks.net",
        ),
        (
            '{"schema": "convcost.baseline/1", "checks": {"net": {"macs": -1}}}',
            "macs is no whole number",
            "convcost.lock.json: checks.net",
        ),
        (
            '{"schema": "convcost.baseline/1", "checks": {"net": {}}, '
            '"layers": {"net": {"a": [1]}}}',
            "layers are no lists of whole numbers",
            "convcost.lock.json: layers.net",
        ),
        (
            '{"schema": "convcost.baseline/1", "checks": {"net": {"batch": "1"}}}',
            "batch is no number, or types no text",
            "convcost.lock.json: checks.net",
        ),
        (
            '{"schema": "convcost.baseline/1", "checks": {"net": 3}}',
            "not a table of figures",
            "convcost.lock.json: checks.net",
        ),
    ],
)
def test_a_baseline_that_cannot_be_used(
    project: Path, invoke: Run, text: str, message: str, place: str
) -> None:
    (project / "convcost.lock.json").write_text(text)
    assert invoke("check") == refusal(
        f"error: {message}",
        f"  {place or 'convcost.lock.json'}",
        "  convcost check --update writes it anew",
    )
    assert invoke("check", "--update").code == 0
    assert invoke("check").code == 0


def test_the_baseline_is_one_sorted_line_a_check(project: Path, invoke: Run) -> None:
    text = (project / "convcost.toml").read_text()
    more = "".join(
        f'[[check]]\nname = "{name}"\nmodel = "net.toml"\nmax = {{ macs = {MACS} }}\n'
        for name in ("zeta", "alpha")
    )
    (project / "convcost.toml").write_text(text + more)
    invoke("check", "--update")
    lines = (project / "convcost.lock.json").read_text().splitlines()
    assert lines[1:3] == [
        '  "schema": "convcost.baseline/1",',
        f'  "version": "{convcost.__version__}",',
    ]
    names = [line.strip().split('"')[1] for line in lines if line.startswith("    ")]
    assert names == ["alpha", "net", "zeta"] * 2
    figures = json.loads("\n".join(lines))["checks"]["net"]
    assert (figures["macs"], figures["params"]) == (MACS, PARAMS)
    keys = [key for key in figures if key not in ("batch", "status", "types")]
    assert keys == sorted(keys)


def test_the_baseline_keeps_the_layers_that_cost_something(invoke: Run) -> None:
    net = ("8x8x4", "conv 3x3 5, relu, max_pool 2x2, linear 3", "--name", "net")
    invoke("check", *net, "--update", "--baseline", "b.json")
    layers = json.loads(Path("b.json").read_text())["layers"]["net"]
    assert layers == {
        "conv": [WEIGHTS, 64 * WEIGHTS, 0],
        "linear": [5 * 3, 16 * 5 * 3, 0],
    }


def test_layers_of_one_name_are_one_in_the_baseline() -> None:
    """A foreign model may have them."""
    builder = GraphBuilder((8, 8, 4))
    tensor = builder.add("same", Scale(), (0,))
    graph = builder.finish(builder.add("same", Scale(), (tensor,)))
    assert record(Measured(count(graph))).layers == {"same": (2 * 4, 0, 2 * 8 * 8 * 4)}


def test_update_prints_what_changed(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    assert "nothing changed" in invoke("check", "--update").out
    (project / "net.toml").write_text(network(64))
    done = json.loads(invoke("check", "--update", "--format", "json").out)
    by_figure = {change["figure"]: change for change in done["changes"]}
    assert by_figure["params"] == {
        "name": "net",
        "figure": "params",
        "before": PARAMS,
        "after": PARAMS + MORE,
    }
    assert "depth" not in by_figure


def test_update_of_one_check_keeps_the_others(project: Path, invoke: Run) -> None:
    text = (project / "convcost.toml").read_text()
    (project / "convcost.toml").write_text(
        f'{text}[[check]]\nname = "other"\nmodel = "net.toml"\nmax = {{ macs = {MACS} }}\n'
    )
    invoke("check", "--update")
    (project / "net.toml").write_text(network(64))
    invoke("check", "--update", "net")
    checks = json.loads((project / "convcost.lock.json").read_text())["checks"]
    assert (checks["net"]["params"], checks["other"]["params"]) == (PARAMS + MORE, PARAMS)


# What a limit means.


def outcome(invoke: Run, *arguments: str) -> tuple[int, dict[str, object]]:
    done = invoke("check", *arguments, "--format", "json")
    (only,) = json.loads(done.out)["checks"]
    return done.code, only


LAYER = ("8x8x4", "conv 3x3 5", "--name", "conv")
WEIGHTS = 3 * 3 * 4 * 5


@pytest.mark.parametrize(
    ("limit", "code", "status"),
    [(WEIGHTS, 0, "holds"), (WEIGHTS - 1, 1, "broken"), (f"{WEIGHTS / 1000}k", 0, "holds")],
)
def test_a_value_may_be_as_large_as_its_limit(
    invoke: Run, limit: object, code: int, status: str
) -> None:
    got = outcome(invoke, *LAYER, "--max", f"params={limit}")
    most = WEIGHTS if code == 0 else WEIGHTS - 1
    assert got == (
        code,
        {
            "name": "conv",
            "figure": "params",
            "value": WEIGHTS,
            "limit": most,
            "kind": "max",
            "base": None,
            "change": None,
            "status": status,
        },
    )


def test_warn_and_max_are_apart(invoke: Run) -> None:
    done = invoke("check", *LAYER, "--warn", f"params={WEIGHTS - 1}", "--max", f"params={WEIGHTS}")
    assert done.code == 0
    assert told(done) == [
        f"warning: conv has {WEIGHTS} parameters, 1 more than {WEIGHTS - 1}",
        f"  largest: conv {WEIGHTS}",
        f"  change the limit: --warn params={WEIGHTS - 1}",
        "check: 1 limit holds, 1 warning",
    ]


@pytest.mark.parametrize(
    ("increase", "channels", "code"),
    [
        ("1%", 100, 0),
        ("1%", 101, 0),
        ("1%", 102, 1),
        ("0.5%", 101, 1),
        ("0", 101, 1),
        (f"{9 * 4}", 101, 0),
        (f"{9 * 4 - 1}", 101, 1),
        ("0%", 99, 0),
        ("0", 50, 0),
    ],
)
def test_an_increase_is_a_share_or_an_amount_and_a_decrease_never_fails(
    invoke: Run, increase: str, channels: int, code: int
) -> None:
    invoke("check", "8x8x4", "conv 3x3 100", "--name", "conv", "--update", "--baseline", "b.json")
    words = ("8x8x4", f"conv 3x3 {channels}", "--name", "conv", "--baseline", "b.json")
    got, one = outcome(invoke, *words, "--max-increase", f"params={increase}")
    assert got == code
    assert (one["base"], one["change"]) == (3600, 36 * (channels - 100))


def test_a_share_of_a_large_number_is_exact(invoke: Run) -> None:
    """Half a hundred thousandth of 2^53 + 1 is not what floating point makes of it."""
    base = 2**53 + 1
    lock = {"schema": "convcost.baseline/1", "checks": {"conv": {"macs": base}}}
    Path("b.json").write_text(json.dumps(lock))
    _, one = outcome(invoke, *LAYER, "--baseline", "b.json", "--max-increase", "macs=0.0005%")
    assert one["limit"] == base + base * 5 // 10**6


def test_bytes_are_limited_in_units_of_bytes(invoke: Run) -> None:
    size = 4 * prod((8, 8, 4 + 5))
    got, one = outcome(invoke, *LAYER, "--max", "peak=2.25KiB")
    assert (got, one["value"], one["limit"]) == (0, size, 2304)
    got, one = outcome(invoke, *LAYER, "--max", "peak=576", "--dtype", "int8")
    assert (got, one["value"]) == (0, size // 4)


def test_where_nothing_grew_the_largest_layers_are_named(invoke: Run) -> None:
    net = ("8x8x4", "conv 1x1 5, conv 1x1 6", "--name", "net", "--baseline", "b.json")
    invoke("check", *net, "--update")
    assert told(invoke("check", *net, "--max", "params=49"))[1] == "  largest: conv2 30, conv1 20"


def test_a_base_of_another_type_is_no_base_for_an_absolute_limit(invoke: Run) -> None:
    net = (*LAYER, "--baseline", "b.json")
    invoke("check", *net, "--update")
    code, one = outcome(invoke, *net, "--max", "peak=1KiB", "--dtype", "int8")
    assert (code, one["base"], one["change"]) == (0, None, None)


def test_several_limits_in_one_option(invoke: Run) -> None:
    done = invoke("check", *LAYER, "--max", "macs=11,520,params=1k", "--json")
    assert [one["limit"] for one in json.loads(done.out)["checks"]] == [11520, 1000]


def test_the_three_layers_that_grew_most_are_named(invoke: Run) -> None:
    old = ("8x8x4", "conv 1x1 10, conv 1x1 20, conv 1x1 30, conv 1x1 40")
    new = ("8x8x4", "conv 1x1 11, conv 1x1 25, conv 1x1 36, conv 1x1 80")
    named = ("--name", "net", "--baseline", "b.json")
    invoke("check", *old, *named, "--update")
    done = invoke("check", *new, *named, "--max", "params=100")
    changes = {
        "conv4": 36 * 80 - 30 * 40,
        "conv3": 25 * 36 - 20 * 30,
        "conv2": 11 * 25 - 10 * 20,
    }
    assert told(done)[1] == "  grew most: " + ", ".join(f"{k} +{v:,}" for k, v in changes.items())


# Layers that cannot be counted.


def partial(path: Path) -> None:
    """A convolution of 3*3 * 4*5 weights, and an operation that nobody knows."""
    weight = onnx.TensorProto(
        name="w", dims=(5, 4, 3, 3), data_type=TensorProto.FLOAT, raw_data=bytes(4 * WEIGHTS)
    )
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Mystery", ["y"], ["z"], name="mystery", domain="of.ours"),
    ]
    shapes = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, c, 8, 8))
        for n, c in (("x", 4), ("z", 5))
    ]
    graph = helper.make_graph(nodes, "g", shapes[:1], shapes[1:], [weight])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("of.ours", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def test_a_lower_bound_breaks_uncounted_even_below_the_limit(tmp_path: Path, invoke: Run) -> None:
    partial(tmp_path / "net.onnx")
    done = invoke("check", "net.onnx", "--max", "macs=1M", "--format", "json")
    macs = 8 * 8 * WEIGHTS
    assert done.code == 1
    assert told(done) == [
        f"unknown: net has >= {macs:,} MACs, and 1,000,000 are allowed",
        "broken: net has 1 layer that cannot be counted: its figures are lower bounds",
        f"  not counted: mystery ({convcost.count('net.onnx')['mystery'].type})",
        "  change the limit: --uncounted",
        "check: 1 of 2 limits broken, 1 unknown",
    ]
    document = json.loads(done.out)
    assert document["holds"] is False
    assert [(one["figure"], one["value"], one["status"]) for one in document["checks"]] == [
        ("macs", macs, "unknown"),
        ("uncounted", 1, "broken"),
    ]


@pytest.mark.parametrize(
    ("rule", "statuses"), [("warn", ["unknown", "warning"]), ("allow", ["unknown"])]
)
def test_a_partial_network_may_be_allowed(
    tmp_path: Path, invoke: Run, rule: str, statuses: list[str]
) -> None:
    partial(tmp_path / "net.onnx")
    done = invoke("check", "net.onnx", "--max", "macs=1M", "--uncounted", rule, "--json")
    assert done.code == 0
    assert [one["status"] for one in json.loads(done.out)["checks"]] == statuses


def test_a_lower_bound_above_its_limit_is_broken_whatever_is_allowed(
    tmp_path: Path, invoke: Run
) -> None:
    partial(tmp_path / "net.onnx")
    got, one = outcome(invoke, "net.onnx", "--max", "macs=1", "--uncounted", "allow")
    assert (got, one["status"]) == (1, "broken")


def test_against_a_bound_nothing_is_certain_above_it(tmp_path: Path, invoke: Run) -> None:
    """A base that is a lower bound may have been larger: only values below its limit hold."""
    partial(tmp_path / "net.onnx")
    invoke("check", "net.onnx", "--update", "--baseline", "b.json")
    document = json.loads(Path("b.json").read_text())
    assert document["checks"]["net"]["status"] == "partial"
    document["checks"]["conv"] = document["checks"]["net"]
    Path("b.json").write_text(json.dumps(document))
    for channels, status in ((5, "holds"), (6, "unknown")):
        words = ("8x8x4", f"conv 3x3 {channels}", "--name", "conv", "--baseline", "b.json")
        got, one = outcome(invoke, *words, "--max-increase", "macs=0")
        assert (got, one["status"], one["change"]) == (0, status, None)


# Which models a check is about.


def test_where_chooses_among_models(tmp_path: Path, invoke: Run) -> None:
    specs = [
        {"name": name, "type": "conv", "input": "8x8x4", "kernel": kernel, "out": 5}
        for name, kernel in (("wide", 3), ("flat", 1))
    ]
    (tmp_path / "specs.json").write_text(json.dumps(specs))
    got, one = outcome(invoke, "specs.json", "--max", "params=1k", "--where", "mixes == 'both'")
    assert (got, one["name"], one["value"]) == (0, "wide", WEIGHTS)
    got, one = outcome(invoke, "specs.json", "--max", "params=1k", "--where", "params < 100")
    assert one["name"] == "flat"


def test_a_check_that_matches_nothing_is_an_error(project: Path, invoke: Run) -> None:
    with (project / "convcost.toml").open("a") as file:
        file.write("where = \"mixes == 'nothing'\"\n")
    assert invoke("check") == refusal(
        "error: net matches nothing",
        "  convcost.toml:2",
        "  a check without a model would hold for ever",
    )


def test_a_pattern_that_matches_no_file_is_an_error(project: Path, invoke: Run) -> None:
    text = (project / "convcost.toml").read_text().replace("net.toml", "models/*.onnx")
    (project / "convcost.toml").write_text(text)
    assert invoke("check") == refusal(
        "error: net matches nothing", "  convcost.toml:2: model models/*.onnx"
    )


def test_a_pattern_stands_for_each_of_its_files(project: Path, invoke: Run) -> None:
    (project / "nets").mkdir()
    for name in ("a", "b"):
        (project / "nets" / f"{name}.toml").write_text(network())
    text = (project / "convcost.toml").read_text().replace("net.toml", "nets/*.toml")
    (project / "convcost.toml").write_text(text)
    invoke("check", "--update")
    done = invoke("check", "--json")
    names = [one["name"] for one in json.loads(done.out)["checks"]]
    assert names == ["net: a", "net: a", "net: b", "net: b"]


def test_two_models_of_one_name_are_told_apart(invoke: Run) -> None:
    done = invoke("check", "resnet18", "resnet18", "--max", "params=20M", "--json")
    names = [one["name"] for one in json.loads(done.out)["checks"]]
    assert names == ["resnet18", "resnet18 (2)"]


def test_settings_of_a_check(tmp_path: Path, invoke: Run) -> None:
    (tmp_path / "convcost.toml").write_text(
        '[[check]]\nname = "half"\nmodel = "mobilenet_v1"\nset = { width = 0.5 }\nbatch = 2\n'
        'max = { macs = "1G", weights = "2MiB" }\ndtype = "int8"\n'
    )
    done = invoke("check", "--json")
    (macs, weights) = json.loads(done.out)["checks"]
    half = convcost.count("mobilenet_v1", width=0.5, batch=2)
    assert (macs["value"], weights["value"]) == (half.macs, half.params)


def test_files_are_meant_from_where_the_section_stands(
    project: Path, invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("check", "--update")
    inner = project / "src" / "deep"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert invoke("check", "--config", "../../convcost.toml").code == 0
    assert invoke("check").code == 0


def test_checks_by_name(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    assert invoke("check", "net").code == 0
    assert invoke("check", "nett") == refusal(
        "error: no check is called nett", "  convcost.toml", "  did you mean net?"
    )


def test_designs_of_a_folder(tmp_path: Path, invoke: Run) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "block.toml").write_text('layers = ["conv 3x3 5"]\n')
    (tmp_path / "convcost.toml").write_text(
        'design_path = ["ours"]\n[[check]]\nname = "b"\nmodel = ["8x8x4", "block"]\n'
        f"max = {{ params = {WEIGHTS} }}\n"
    )
    done = invoke("check")
    assert (done.code, done.err) == (0, "check: 1 limit holds\n")


def test_what_is_piped_is_checked(invoke: Run) -> None:
    spec = '{"type": "conv", "input": "8x8x4", "kernel": 3, "out": 5}\n'
    for words in ((), ("-",)):
        done = invoke("check", *words, "--max", f"params={WEIGHTS - 1}", stdin=spec)
        assert (done.code, told(done)[-1]) == (1, "check: 1 of 1 limit broken")


def test_a_project_does_not_wait_for_its_standard_input(project: Path) -> None:
    """In a pipeline it may be a pipe that nobody writes to or closes."""
    with subprocess.Popen(
        [sys.executable, "-m", "convcost", "check", "--allow-missing-baseline"],
        cwd=project,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.wait(timeout=60) == 0


# Mistakes in the file are told at their line.


@pytest.mark.parametrize(
    ("line", "message", "place", "hint"),
    [
        ("maxx = { macs = 1 }", "maxx is not a field here", "maxx", "did you mean max?"),
        ("max = { mac = 1 }", "mac is not a figure", "max.mac", "did you mean macs?"),
        ("max = { intensity = 1 }", "intensity has no limit", "max.intensity", None),
        (
            'max = { macs = "many" }',
            "'many' is not a count",
            "max.macs",
            "write it like 462422016, 300M or 1.5G",
        ),
        (
            "max = { macs = 1.5 }",
            "macs must be a whole number, not 1.5",
            "max.macs",
            'write it like 300000000 or "300M"',
        ),
        (
            "max = { peak = true }",
            "peak must be a whole number, not true",
            "max.peak",
            'write it like 327680 or "320KiB"',
        ),
        (
            "max = { macs = 3e8 }",
            "macs is not exact with an exponent",
            "max.macs",
            'write it like 300000000 or "300M"',
        ),
        (
            'max_increase = { macs = "x%" }',
            "'x%' is not a percentage",
            "max_increase.macs",
            "write it like 1% or 0.1%",
        ),
        ("max = {}", "net has no limit", "", 'such as max = { macs = "300M" }'),
        (
            'max = { macs = 1 }\ndtype = "int9"',
            "int9 is not a data type",
            "",
            "try int64, int32, int16, int8, int4, int2 or int1",
        ),
    ],
)
def test_a_mistake_is_told_at_its_line(
    project: Path, invoke: Run, line: str, message: str, place: str, hint: str | None
) -> None:
    (project / "convcost.toml").write_text(section(line))
    done = invoke("check")
    assert (done.code, done.out) == (2, "")
    first, where, *rest = told(done)
    assert first == f"error: {message}"
    assert where == f"  convcost.toml:2{': ' if place else ''}{place}"
    if hint is not None:
        assert rest == [f"  {hint}"]


def test_a_check_in_single_brackets(project: Path, invoke: Run) -> None:
    (project / "convcost.toml").write_text('[check]\nname = "net"\n')
    assert invoke("check") == refusal(
        "error: check is a list of tables",
        "  convcost.toml:1: check",
        "  write it in double brackets: [[tool.convcost.check]] or [[check]]",
    )


def test_an_unknown_key_of_the_section(project: Path, invoke: Run) -> None:
    text = (project / "convcost.toml").read_text()
    (project / "convcost.toml").write_text(f'basline = "x"\n{text}')
    assert invoke("check") == refusal(
        "error: basline is not a field here",
        "  convcost.toml:1: basline",
        "  did you mean baseline?",
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("none.onnx", "no such file: none.onnx"),
        ("resnet43", "resnet43 is not a network, a design or a file"),
    ],
)
def test_a_model_that_is_not_there(project: Path, invoke: Run, model: str, message: str) -> None:
    text = (project / "convcost.toml").read_text().replace("net.toml", model)
    (project / "convcost.toml").write_text(text)
    done = invoke("check")
    assert (done.code, done.out) == (2, "")
    assert told(done)[:2] == [f"error: {message}", "  convcost.toml:2: model"]


def test_two_checks_of_one_name(project: Path, invoke: Run) -> None:
    text = (project / "convcost.toml").read_text()
    (project / "convcost.toml").write_text(text + text.partition("\n")[2])
    assert invoke("check") == refusal("error: two checks are called net", "  convcost.toml:7")


def test_a_setting_that_the_model_does_not_have(project: Path, invoke: Run) -> None:
    (project / "convcost.toml").write_text(section("max = { macs = 1 }", "set = { width = 2 }"))
    done = invoke("check")
    assert (done.code, told(done)[0]) == (2, "error: net has no parameter width")
    assert told(done)[1] == "  convcost.toml:2: set.width"


def test_there_are_no_checks(tmp_path: Path, invoke: Run) -> None:
    nothing = refusal(
        "error: there are no checks here: no [tool.convcost] in pyproject.toml, "
        "and no convcost.toml",
        "  convcost check --init MODEL writes them, or: convcost check MODEL --max macs=1G",
    )
    assert invoke("check") == nothing
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "convcost-user"\n')
    assert invoke("check") == nothing
    (tmp_path / "convcost.toml").write_text("")
    assert invoke("check") == refusal(
        "error: there are no checks here",
        "  convcost.toml",
        "  convcost check --init MODEL writes a first one",
    )


def test_checks_in_two_files(project: Path, invoke: Run) -> None:
    (project / "pyproject.toml").write_text("[tool.convcost]\ncheck = []\n")
    assert invoke("check") == refusal(
        "error: pyproject.toml and convcost.toml both have checks",
        "  convcost.toml",
        "  keep them in one file, or name one with --config",
    )


def test_the_section_of_a_pyproject_may_stand_in_convcost_toml_too(
    project: Path, invoke: Run
) -> None:
    text = (project / "convcost.toml").read_text().replace("[[check]]", "[[tool.convcost.check]]")
    (project / "convcost.toml").write_text(f"[tool.convcost]\n{text}")
    invoke("check", "--update")
    assert invoke("check").code == 0


# Mistakes in the command.


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ("resnet50", "--max", "macs"),
            ("a limit is given as FIGURE=NUMBER", "--max macs", "--max macs=300M"),
        ),
        (
            ("resnet50", "--max", "flops=1G"),
            ("flops is not a figure", "--max flops=1G", None),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--max", "macs=2G"),
            ("macs has two limits", "--max macs=1G, --max macs=2G", None),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--uncounted", "maybe"),
            (
                "maybe is not a value of --uncounted",
                "--uncounted maybe",
                "known: fail, warn or allow",
            ),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--where", "flops > 1"),
            ("flops is not known here", "--where", None),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--baseline", "no.json"),
            (
                "no such file: no.json",
                "--baseline no.json",
                "convcost check --update writes it; --allow-missing-baseline goes on without",
            ),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--dtype", "int8"),
            ("--dtype changes nothing in these limits", "--dtype int8", None),
        ),
        (
            ("--max", "macs=1G"),
            (
                "--max changes nothing here",
                "--max",
                "it is for models that are named together with limits: --max macs=300M",
            ),
        ),
        (("resnet50",), ("no limit is given", "such as --max macs=300M", None)),
        (
            ("--margin", "5%"),
            ("--margin changes nothing here", "--margin", "it is for --init"),
        ),
        (
            ("--batch", "8"),
            (
                "--batch changes nothing here",
                "--batch",
                "it is for models that are named together with limits: --max macs=300M",
            ),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--summary"),
            (
                "GITHUB_STEP_SUMMARY is not set",
                "--summary",
                "GitHub sets it for each step; elsewhere: --format markdown --output FILE",
            ),
        ),
        (
            ("resnet50", "--max", "macs=1G", "--format", "junit", "--json"),
            ("two formats are asked for", "--format junit, --json", "name one"),
        ),
    ],
)
def test_a_mistake_in_the_command(
    invoke: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    lines: tuple[str, str, str | None],
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    done = invoke("check", *arguments)
    assert (done.code, done.out) == (2, "")
    message, second, third = lines
    assert told(done)[:2] == [f"error: {message}", f"  {second}"]
    if third is not None:
        assert told(done)[2:] == [f"  {third}"]


def test_init_does_not_touch_a_section_that_is_there(project: Path, invoke: Run) -> None:
    before = (project / "convcost.toml").read_text()
    assert invoke("check", "--init", "net.toml") == refusal(
        "error: there is a section of checks already",
        "  convcost.toml",
        "  change it by hand; convcost check --update writes the baseline",
    )
    assert (project / "convcost.toml").read_text() == before


def test_init_finds_models(tmp_path: Path, invoke: Run) -> None:
    assert invoke("check", "--init") == refusal(
        "error: there is no .onnx and no .tflite file here",
        "  name what to check: convcost check --init resnet50",
    )
    (tmp_path / "models").mkdir()
    partial(tmp_path / "models" / "net.onnx")
    done = invoke("check", "--init")
    assert done.code == 0
    assert 'name = "net"\nmodel = "models/net.onnx"\n' in done.out
    assert done.out.endswith('uncounted = "warn"\n')
    assert (tmp_path / "convcost.toml").read_text() == done.out
    assert invoke("check").code == 0


def test_init_names_checks_after_files_and_passes_hidden_folders_by(
    tmp_path: Path, invoke: Run
) -> None:
    for folder in ("a", "b", ".venv"):
        (tmp_path / folder).mkdir()
        partial(tmp_path / folder / "net.onnx")
    partial(tmp_path / "other.onnx")
    done = invoke("check", "--init")
    found = re.findall(r'^name = "(.*)"$', done.out, re.M)
    assert found == ["a/net.onnx", "b/net.onnx", "other"]


def test_init_of_layers_on_an_input(invoke: Run) -> None:
    done = invoke("check", "--init", "8x8x4", "conv 3x3 5")
    assert 'name = "conv 3x3 5"\nmodel = ["8x8x4", "conv 3x3 5"]\n' in done.out
    assert f"params = {WEIGHTS}," in done.out
    assert invoke("check").code == 0


# For other programs.


def test_annotations_name_file_and_line(project: Path, invoke: Run) -> None:
    (project / "net.toml").write_text(network(64))
    done = invoke("check", "--format", "github", "--allow-missing-baseline")
    assert done.code == 1
    assert done.out.splitlines() == [
        "::error file=convcost.toml,line=5,title=convcost%3A net MACs::"
        f"net has {MACS + GROWN:,} MACs, {GROWN:,} more than {MACS:,}"
        f"%0Alargest: body {16 * 16 * BODY:,}, head {16 * 16 * WIDER:,}, stem {16 * 16 * STEM:,}"
        "%0Achange the limit: convcost.toml:5: max.macs",
        "::warning file=convcost.toml,line=6,title=convcost%3A net params::"
        f"net has {PARAMS + MORE:,} parameters, and the baseline does not say how many there were",
        "convcost check: 1 of 2 limits broken, 1 unknown",
    ]


def test_at_most_ten_annotations_errors_first(invoke: Run) -> None:
    networks = [f"conv 1x1 {channels}" for channels in range(1, 13)]
    limits = ("--max", "params=4", "--warn", "macs=1")
    out = invoke("check", "8x8x4", *networks, *limits, "--format", "github").out.splitlines()
    annotations = [line for line in out if line.startswith("::")]
    assert len(annotations) == 10
    assert all(line.startswith("::error") for line in annotations)
    assert annotations[-1] == f"::error title=convcost::{11 + 12 - 9} more limits do not hold"


def test_nothing_to_annotate(invoke: Run) -> None:
    done = invoke("check", *LAYER, "--max", "params=1k", "--format", "github")
    assert done == Result(0, "convcost check: 1 limit holds\n", "check: 1 limit holds\n")


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex", "html", "json", "jsonl"])
def test_every_format_shows_value_and_limit(invoke: Run, form: str) -> None:
    done = invoke("check", *LAYER, "--max", "params=123,macs=1M", "--format", form)
    assert done.code == 1
    assert all(number in done.out for number in (str(WEIGHTS), "123", "broken", "holds"))


def test_csv_has_the_keys_of_json(invoke: Run) -> None:
    done = invoke("check", *LAYER, "--max", "macs=1M", "--csv")
    header, row = (line.split(",")[1:] for line in done.out.splitlines())
    assert dict(zip(header, row, strict=True)) == {
        "name": "conv",
        "figure": "macs",
        "value": str(64 * WEIGHTS),
        "limit": "1000000",
        "kind": "max",
        "change": "",
        "status": "holds",
    }


def test_the_document_follows_its_schema(project: Path, invoke: Run) -> None:
    for what, words in (("check", ()), ("check_update", ("--update",)), ("check", ())):
        document = json.loads(invoke("check", *words, "--json").out)
        Draft202012Validator(schema(what)).validate(document)


def test_junit_has_a_case_a_limit(tmp_path: Path, invoke: Run) -> None:
    partial(tmp_path / "net.onnx")
    words = ("net.onnx", "--max", "macs=1M,params=1", "--warn", "params=2")
    done = invoke("check", *words, "--format", "junit")
    root = ET.fromstring(done.out)
    assert root.attrib == {
        "name": "convcost",
        "tests": "4",
        "failures": "2",
        "errors": "0",
        "skipped": "1",
    }
    cases = [(c.get("classname"), c.get("name"), [p.tag for p in c]) for c in root.iter("testcase")]
    assert cases == [
        ("convcost.net", "max MACs", ["skipped"]),
        ("convcost.net", "max params", ["failure"]),
        ("convcost.net", "warn params", ["system-out"]),
        ("convcost.net", "max uncounted", ["failure"]),
    ]


def test_hostile_names_stay_text(tmp_path: Path, invoke: Run) -> None:
    (tmp_path / "net.toml").write_text(network())
    name = '<b>"|%\\n::error::&\\u001b'
    (tmp_path / "convcost.toml").write_text(
        f'[[check]]\nname = "{name.replace(chr(34), chr(92) + chr(34))}"\n'
        'model = "net.toml"\nmax = { macs = 1 }\n'
    )
    github = invoke("check", "--format", "github").out
    assert len(github.splitlines()) == 2
    assert "\x1b" not in github
    assert len(ET.fromstring(invoke("check", "--format", "junit").out).findall(".//failure")) == 1
    markdown = invoke("check", "--markdown").out
    assert "<b>" not in markdown
    assert "\x1b" not in invoke("check").err


def test_a_comment_has_a_hidden_marker(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    done = invoke("check", "--format", "markdown")
    assert done.out.splitlines() == [
        "<!-- convcost check -->",
        "**convcost check**: 2 limits hold",
        "",
        "| check | figure | value | limit | change | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
        f"| net | MACs (max) | {MACS:,} | {MACS:,} | 0 | holds |",
        f"| net | params (max increase) | {PARAMS:,} | {PARAMS * 101 // 100:,} | 0 | holds |",
    ]


def test_the_summary_is_appended(project: Path, invoke: Run) -> None:
    invoke("check", "--update")
    page = project / "page.md"
    page.write_text("before\n")
    for _ in range(2):
        assert invoke("check", "--summary", GITHUB_STEP_SUMMARY=str(page)).code == 0
    comment = invoke("check", "--format", "markdown").out
    assert page.read_text() == f"before\n{comment}{comment}"


def test_the_verdict_is_the_last_line(project: Path) -> None:
    """In a process of its own, standard output is whole before standard error begins."""
    done = subprocess.run(
        [sys.executable, "-m", "convcost", "check", "--allow-missing-baseline"],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "check: 1 limit holds, 1 unknown"
    assert lines[-1] == "check: 1 limit holds, 1 unknown"


# In Python.


def test_check_in_python(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ConvcostError, match="there is no baseline for net"):
        convcost.check()
    result = convcost.check("8x8x4", "conv 3x3 5", max={"params": WEIGHTS - 1})
    assert not result.holds
    assert [one.status for one in result.outcomes] == ["broken"]
    assert repr(result) == "<CheckResult: 1 of 1 limit broken>"
    assert convcost.check("8x8x4", "conv 3x3 5", max={"params": "1k"}).holds
    with pytest.raises(ConvcostError, match="mac is not a figure"):
        convcost.check("resnet50", max={"mac": 1})
