"""What is installed is the wheel, not the source tree: it must bring its data and run alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import environment

from convcost import __version__

ROOT = Path(__file__).parent.parent
PARTS = ("convcost", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy so that the tree stays clean."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, source / part, ignore=ignore)
        else:
            shutil.copy(ROOT / part, source / part)
    alone = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip("wheel", "--no-deps", *alone, "--wheel-dir", str(out), str(source))
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def pip(*words: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *quiet],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_all_code_and_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if name.startswith("convcost/")}
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "convcost").rglob("*")
        if path.is_file() and path.suffix in (".py", ".toml", ".typed", ".css", ".js", ".po", ".mo")
    }
    assert {"convcost/designs/bottleneck.toml", "convcost/networks/resnet50.toml"} <= expected
    assert "convcost/py.typed" in expected
    assert files == expected


def test_the_wheel_names_its_command_and_its_requirements(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        (metadata,) = (n for n in archive.namelist() if n.endswith("METADATA"))
        commands = archive.read(entry_points).decode()
        about = archive.read(metadata).decode()
    assert "convcost = convcost.__main__:main" in commands
    assert f"Version: {__version__}" in about
    for package in ("typer", "rich", "pydantic"):
        assert f"Requires-Dist: {package}>=" in about


def test_the_installed_package_runs_without_the_source_tree(
    installed: Path, tmp_path: Path
) -> None:
    program = "import convcost; print(convcost.__file__)"
    env = environment(PYTHONPATH=str(installed))

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=env,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert Path(run("-c", program).strip()) == installed / "convcost" / "__init__.py"
    words = ("count", "56x56x256", "bottleneck 3x3 64", "--get", "params")
    assert run("-m", "convcost", *words) == f"{256 * 16 + 3 * 3 * 16 * 16 + 16 * 64}\n"
    assert int(run("-m", "convcost", "count", "resnet50", "--get", "macs")) > 4 * 10**9
    shown = run("-m", "convcost", "compare", "56x56x256", "--kernel", "3", "--out", "64")
    assert shown.startswith("56x56x256 -> 56x56x64, kernel 3x3\n")
