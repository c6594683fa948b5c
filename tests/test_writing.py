"""Output is whole: every byte or an error, and after Ctrl-C a prefix of whole lines, each once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run, environment

from convcost.cli.interruption import Interrupted, Interrupts
from convcost.cli.writer import WholeWriter

SPEC = json.dumps({"type": "conv", "input": [8, 8, 4], "kernel_size": 1, "out_channels": 8})
CONVCOST = [sys.executable, "-m", "convcost"]
UNBUFFERED = pytest.mark.parametrize("unbuffered", ["", "1"])


def named(lines: int, width: int = 0) -> bytes:
    """A stream whose results say which line they are of."""
    return b"".join(
        SPEC.replace("{", f'{{"name": "n{i}{"x" * width}", ', 1).encode() + b"\n"
        for i in range(lines)
    )


def to(target: str, *words: str, stdin: bytes = b"", unbuffered: str = "") -> tuple[int, str]:
    """Exit code and standard error of a command whose standard output is ``target``."""
    done = subprocess.run(
        ["bash", "-c", f'"$@" {target}', "bash", *CONVCOST, *words],
        input=stdin,
        capture_output=True,
        env=environment(PYTHONUNBUFFERED=unbuffered),
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.decode()


# --- What cannot be written ------------------------------------------------------------------


@UNBUFFERED
@pytest.mark.parametrize(
    "words",
    [
        ("count", "alexnet"),
        ("count", "alexnet", "--json"),
        ("count", "alexnet", "--get", "macs"),
        ("compare", "8x8x4", "-k", "3", "-o", "8"),
        ("explain", "conv", "8x8x4", "-k", "3", "-o", "8"),
        ("formula", "conv"),
        ("designs",),
        ("designs", "mbconv", "--format", "toml"),
        ("schema",),
        ("--help",),
        ("count", "--help"),
        ("--version",),
    ],
    ids=" ".join,
)
def test_a_full_disk_is_one_sentence_and_exit_2(words: tuple[str, ...], unbuffered: str) -> None:
    error = "error: cannot write the answer: no space left on device\n"
    assert to(">/dev/full", *words, unbuffered=unbuffered) == (2, error)


@UNBUFFERED
def test_a_stream_to_a_full_disk_is_the_same(unbuffered: str) -> None:
    error = "error: cannot write the answer: no space left on device\n"
    words = ("count", "-", "--format", "jsonl")
    assert to(">/dev/full", *words, stdin=named(3), unbuffered=unbuffered) == (2, error)


def test_a_closed_standard_output_is_an_error() -> None:
    error = "error: cannot write the answer: the stream is closed\n"
    assert to(">&-", "count", "alexnet") == (2, error)


def test_a_closed_standard_output_does_not_hurt_who_writes_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    assert to(">&- 0<&-", "count", "alexnet", "--get", "params", "--output", str(out)) == (0, "")
    assert out.read_text().strip().isdigit()


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_a_broken_standard_error_does_not_change_the_exit_code(where: str) -> None:
    assert to(where, "count", "nonsense") == (2, "")


@UNBUFFERED
def test_a_pipe_that_does_not_block_gets_everything(tmp_path: Path, unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    specs = tmp_path / "specs.jsonl"
    specs.write_bytes(named(3000))
    child = subprocess.Popen(
        [*CONVCOST, "count", str(specs), "--format", "jsonl"],
        stdout=writer,
        env=environment(PYTHONUNBUFFERED=unbuffered),
    )
    os.close(writer)
    time.sleep(0.5)  # the pipe is full long before anybody reads
    with os.fdopen(reader, "rb") as out:
        names = [json.loads(line)["name"] for line in out]
    assert child.wait(timeout=60) == 0
    assert names == [f"n{i}" for i in range(3000)]


def test_a_character_that_the_encoding_lacks_is_written_as_its_code(run: Run) -> None:
    spec = SPEC.replace("{", '{"name": "caf\u00e9", ', 1)
    result = run("count", "-", stdin=spec, PYTHONIOENCODING="ascii")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("caf\\xe9 on 8x8x4\n")


@pytest.mark.parametrize("columns", ["\u00b2", "0", "-5", "1e3", "9" * 30, ""])
def test_nonsense_in_columns_is_80(run: Run, columns: str) -> None:
    assert run("count", "alexnet", COLUMNS=columns) == run("count", "alexnet", COLUMNS="80")


# --- Files -----------------------------------------------------------------------------------


def test_a_stream_into_a_file_is_whole_or_absent(invoke: Run, tmp_path: Path) -> None:
    words = ("count", "-", "--format", "jsonl", "--output", "out.jsonl")
    assert invoke(*words, stdin=named(3) + b"{}\n").code == 2
    assert list(tmp_path.iterdir()) == []
    assert invoke(*words, stdin=named(3)) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert len(Path("out.jsonl").read_text().splitlines()) == 3


def test_an_old_file_stays_where_the_new_one_fails(invoke: Run, tmp_path: Path) -> None:
    Path("out.jsonl").write_text("old")
    words = ("count", "-", "--format", "jsonl", "--output", "out.jsonl")
    assert invoke(*words, stdin=b"{}\n").code == 2
    assert Path("out.jsonl").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_link_stays_a_link_and_its_target_keeps_its_rights(invoke: Run) -> None:
    target = Path("target.json")
    target.write_text("old")
    target.chmod(0o600)
    Path("link.json").symlink_to("target.json")
    assert invoke("count", "alexnet", "--output", "link.json").code == 0
    assert Path("link.json").is_symlink()
    assert json.loads(target.read_text())["schema"] == "convcost.count/1"
    assert target.stat().st_mode & 0o777 == 0o600


# --- Interruption ----------------------------------------------------------------------------

AT_IMPORT = """
import os, signal, sys
wanted = sys.argv[1]
class Press:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
from convcost.__main__ import main
sys.argv[:] = ["convcost", "count", "alexnet"]
main()
"""


@pytest.fixture(autouse=True)
def _ctrl_c_is_not_ignored() -> Iterator[None]:
    """As it is in the background of a shell, for children too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


IMPORTS = (
    *("convcost.cli.app", "typer", "convcost.errors", "convcost.cli.count", "pydantic"),
    *("pydantic_core", "convcost.language.layers", "tomllib", "convcost.reports.terminal"),
)


@pytest.mark.parametrize("module", IMPORTS)
def test_ctrl_c_during_an_import_is_quiet(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_IMPORT, module],
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


AT_THE_END = """
import os, signal, sys
class Late:
    def __del__(self, kill=os.kill, number=signal.SIGINT, me=os.getpid()):
        kill(me, number)
sys.late = Late()  # goes when the interpreter is taken apart
from convcost.__main__ import main
sys.argv[:] = ["convcost", "count", "alexnet", "--get", "params"]
main()
"""


def test_ctrl_c_after_the_answer_changes_nothing() -> None:
    command = [sys.executable, "-c", AT_THE_END]
    done = subprocess.run(command, capture_output=True, env=environment(), timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.strip().isdigit()


def interrupted(stream: bytes, wait: float, pause: float) -> tuple[int, bytes, bytes]:
    """What a stream leaves that is interrupted after ``wait`` s, read with ``pause`` between."""
    child = subprocess.Popen(
        [*CONVCOST, "count", "-", "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    feeder = os.fork()
    if feeder == 0:
        try:
            child.stdout.close()
            child.stdin.write(stream)
            child.stdin.close()
        finally:
            os._exit(0)
    child.stdin.close()
    os.set_blocking(child.stdout.fileno(), False)
    out = b""
    first = None
    sent = False
    while True:
        try:
            part = os.read(child.stdout.fileno(), 4096)
        except BlockingIOError:
            part = None
        if part == b"":
            break
        out += part or b""
        if part and first is None:
            first = time.monotonic()
        if first is not None and not sent and time.monotonic() - first >= wait:
            child.send_signal(signal.SIGINT)
            sent = True
        time.sleep(pause)
    err = child.stderr.read()
    os.waitpid(feeder, 0)
    child.stdout.close()
    child.stderr.close()
    return child.wait(timeout=60), out, err


def is_prefix(out: bytes) -> bool:
    """Whether it is whole lines, in order and each once."""
    names = [json.loads(line)["name"].rstrip("x") for line in out.splitlines()]
    return (out == b"" or out.endswith(b"\n")) and names == [f"n{i}" for i in range(len(names))]


@pytest.mark.parametrize("pause", [0.0, 0.003])
@pytest.mark.parametrize("width", [0, 90])
def test_what_is_interrupted_is_a_prefix_of_whole_lines(width: int, pause: float) -> None:
    wait = random.Random(width).uniform(0.02, 0.1)
    code, out, err = interrupted(named(20_000, width), wait, pause)
    assert is_prefix(out)
    assert (code, err) == (130, b"") or (code, out.count(b"\n")) == (0, 20_000)


def test_ctrl_c_gets_through_while_nobody_reads(tmp_path: Path) -> None:
    specs = tmp_path / "specs.jsonl"
    specs.write_bytes(named(3000))  # more results than a pipe holds
    child = subprocess.Popen(
        [*CONVCOST, "count", str(specs), "--format", "jsonl"],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    assert child.stdout is not None
    with child:
        assert json.loads(child.stdout.readline())["name"] == "n0"
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=10) == 130
        assert child.stdout.read().endswith(b"}\n")


def test_an_interrupted_file_is_absent(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [*CONVCOST, "count", "-", "--format", "jsonl", "--output", "out.jsonl"],
        stdin=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
    )
    assert child.stdin is not None
    with child:
        child.stdin.write(named(10))
        child.stdin.flush()
        while not list(tmp_path.iterdir()):
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=10) == 130
    assert list(tmp_path.iterdir()) == []


# --- The bar of long files -------------------------------------------------------------------


def shown_on_a_terminal(tmp_path: Path, lines: int) -> tuple[int, bytes, int]:
    """Exit code, what the terminal of standard error shows, lines on a piped standard output."""
    import pty
    import threading

    specs = tmp_path / "specs.jsonl"
    specs.write_bytes(named(lines))
    ours, theirs = pty.openpty()
    with (tmp_path / "out").open("wb") as out:
        child = subprocess.Popen(
            [*CONVCOST, "count", str(specs), "--format", "jsonl"],
            stdout=out,
            stderr=theirs,
            env=environment(TERM="xterm-256color"),
        )
    os.close(theirs)
    shown: list[bytes] = []

    def listen() -> None:
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:  # the other end is closed
            return

    listener = threading.Thread(target=listen)
    listener.start()
    code = child.wait(timeout=60)
    listener.join()
    os.close(ours)
    return code, b"".join(shown), len((tmp_path / "out").read_bytes().splitlines())


def test_a_long_file_has_a_bar_that_goes_away(tmp_path: Path) -> None:
    code, shown, lines = shown_on_a_terminal(tmp_path, 50_000)
    assert (code, lines) == (0, 50_000)
    assert b"reading" in shown
    assert shown.rstrip().endswith((b"\x1b[2K", b"\x1b[?25h"))


def test_a_short_file_has_none(tmp_path: Path) -> None:
    assert shown_on_a_terminal(tmp_path, 100) == (0, b"", 100)


def test_ctrl_c_inside_a_line_comes_through_at_its_end() -> None:
    reader, writer = os.pipe()
    interrupts = Interrupts()
    interrupts.asked = True
    with os.fdopen(reader, "rb") as out, os.fdopen(writer, "wb") as into:
        with pytest.raises(Interrupted):
            WholeWriter(into.fileno(), interrupts).write(b"a line\n")
        into.close()
        assert out.read() == b"a line\n"
    assert not interrupts.held
