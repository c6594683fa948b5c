"""The recipes of ``docs/ci.md``: each is run as far as it goes without a network.

What a recipe installs is left out, what it calls on a server (``gh``) writes down its words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import PACKAGE_HOME, environment

PAGE = (PACKAGE_HOME / "docs" / "ci.md").read_text("utf-8")
ACTION = (PACKAGE_HOME / "docs" / "ci" / "action.yml").read_text("utf-8")
FILES = dict(re.findall(r"^```\w* file=(\S+)\n(.*?)^```$", PAGE, re.M | re.S))

LARGER = '"conv 1x1 128", "gap"'


class Step(NamedTuple):
    """A step of a workflow: its name, and what it runs."""

    name: str
    script: str


def steps(text: str) -> list[Step]:
    """The ``run`` of each step, as YAML's block and plain scalars have them."""
    found = []
    for part in re.split(r"^ *- (?=name:|uses:|run:|env:)", text, flags=re.M)[1:]:
        name = re.search(r"name: (.*)", part)
        block = re.search(r"^( *)run: \|\n((?:\1  .*\n|\n)+)", part, re.M)
        line = re.search(r"(?:^|\n *)run: ([^|\n].*)", part)
        script = ""
        if block:
            indent = len(block[1]) + 2
            script = "".join(f"{row[indent:]}\n" for row in block[2].splitlines())
        elif line:
            script = line[1]
        found.append(Step(name[1] if name else "", script))
    return [step for step in found if step.script]


class Project(NamedTuple):
    """A repository with an origin, and the programs that its recipes call."""

    folder: Path
    programs: Path

    def bash(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script as a pipeline's shell does."""
        path = f"{self.programs}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=environment(PATH=path, HOME=str(self.programs), **env),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def git(self, words: str) -> None:
        done = self.bash(f"git {words}")
        assert done.returncode == 0, done.stderr

    def grow(self) -> None:
        """A commit with a larger model and a baseline that fits."""
        net = self.folder / "net.toml"
        net.write_text(net.read_text().replace('"gap"', LARGER))
        assert self.bash("convcost check --update").returncode == 0
        self.git("commit -qam larger")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The page's model and section with their baseline on main, and a branch made from it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (
        ("convcost", f'exec "{sys.executable}" -m convcost "$@"'),
        ("pip", "exit 0"),
        ("python", "exit 0"),
        ("gh", f'echo "$@" >> "{tmp_path}/gh.txt"; test "$3" != --paginate || echo "$COMMENTS"'),
    ):
        program = programs / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    (programs / ".gitconfig").write_text("[user]\nname = n\nemail = e@x\n")
    folder = tmp_path / "work"
    made = Project(folder, programs)
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    made.git("init -q -b main")
    assert made.bash("convcost check --update").returncode == 0
    made.git("add -A")
    made.git("commit -qm base")
    made.git(f"clone -q --bare . {tmp_path}/origin.git")
    made.git(f"remote add origin {tmp_path}/origin.git")
    made.git("fetch -q origin")
    made.git("checkout -qb change")
    return made


def github(project: Project, **more: str) -> dict[str, str]:
    """What GitHub sets for a step of a pull request."""
    folder = project.folder.parent
    return {
        "BASE": "main",
        "GITHUB_OUTPUT": str(folder / "output.txt"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_REPOSITORY": "team/net",
        **more,
    }


def test_the_workflow_for_github(project: Project) -> None:
    install, check = steps(FILES[".github/workflows/convcost.yml"])
    assert project.bash(install.script).returncode == 0
    done = project.bash(check.script, **github(project))
    assert (done.returncode, done.stdout) == (0, "convcost check: 6 limits hold\n")
    project.grow()
    done = project.bash(check.script, **github(project))
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=convcost.toml,line=7,title=convcost%3A keyword")
    summary = Path(github(project)["GITHUB_STEP_SUMMARY"]).read_text()
    assert summary.count("<!-- convcost check -->") == 2


def action(project: Project, **env: str) -> list[subprocess.CompletedProcess[str]]:
    """All steps of the composite action, as a runner puts values into them."""
    output = Path(github(project)["GITHUB_OUTPUT"])
    output.write_text("")
    done = []
    for step in steps(ACTION):
        ref = output.read_text().strip().removeprefix("ref=")
        known = {"REF": ref, "CONFIG": "", "ALLOW": "false", "COMMENT": "false", "VERSION": ""}
        done.append(project.bash(step.script, **github(project, **{**known, **env})))
    return done


def test_the_composite_action(project: Project) -> None:
    assert [step.name for step in steps(ACTION)] == [
        "Install convcost",
        "Find the commit that this change started from",
        "Check",
        "Comment",
    ]
    assert [done.returncode for done in action(project)] == [0, 0, 0, 0]
    project.grow()
    assert [done.returncode for done in action(project)] == [0, 0, 1, 0]
    assert [done.returncode for done in action(project, BASE="")] == [0, 0, 1, 0]
    assert not (project.folder.parent / "gh.txt").exists()


def test_on_a_branch_the_action_takes_the_baseline_of_the_branch(project: Project) -> None:
    section = project.folder / "convcost.toml"
    relative = re.sub(r"^(max|warn) = .*\n", "", section.read_text(), flags=re.M)
    section.write_text(relative)
    project.grow()
    assert [done.returncode for done in action(project)][2] == 1
    assert [done.returncode for done in action(project, BASE="")][2] == 0


def test_the_action_does_not_count_the_gains_of_others(project: Project) -> None:
    """The tip of main has a smaller model now; the merge base has not."""
    project.git("checkout -q main")
    net = project.folder / "net.toml"
    net.write_text(net.read_text().replace("conv 3x3 16", "conv 3x3 8"))
    assert project.bash("convcost check --update").returncode == 0
    project.git("commit -qam smaller")
    project.git("push -q origin main")
    project.git("checkout -q change")
    assert [done.returncode for done in action(project)] == [0, 0, 0, 0]
    done = project.bash("convcost check --baseline-ref origin/main")
    assert done.returncode == 1


@pytest.mark.parametrize("known", ["", "4711"])
def test_the_action_keeps_one_comment(project: Project, known: str) -> None:
    project.grow()
    done = action(project, COMMENT="true", COMMENTS=known, PULL="7", GH_TOKEN="x")
    assert [one.returncode for one in done] == [0, 0, 1, 0]
    calls = (project.folder.parent / "gh.txt").read_text().splitlines()
    assert calls[0].startswith("api repos/team/net/issues/7/comments --paginate")
    send = (
        "-X PATCH repos/team/net/issues/comments/4711"
        if known
        else "-X POST repos/team/net/issues/7/comments"
    )
    assert calls[1:] == [f"api --silent {send} -F body=@convcost.md"]
    comment = (project.folder / "convcost.md").read_text()
    assert comment.startswith("<!-- convcost check -->\n**convcost check**: 5 of 6 limits broken")


def test_the_job_for_gitlab(project: Project) -> None:
    text = FILES[".gitlab-ci.yml"]
    script = "\n".join(re.findall(r"^    - (.*)$", text, re.M))
    assert project.bash(script).returncode == 0
    base = project.bash("git merge-base origin/main HEAD").stdout.strip()
    project.grow()
    done = project.bash(script, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert done.returncode == 1
    report = ET.parse(project.folder / "convcost.xml").getroot()
    assert (report.get("tests"), report.get("failures")) == ("6", "5")


def test_the_hook_of_pre_commit(project: Project) -> None:
    """pre-commit runs the entry in the root where one of the files has changed."""
    text = FILES[".pre-commit-config.yaml"]
    (entry,) = re.findall(r"entry: (.*)", text)
    (files,) = re.findall(r"files: (.*)", text)
    changed = ("net.toml", "models/a.onnx", "b.tflite", "pyproject.toml", "convcost.lock.json")
    assert all(re.search(files, name) for name in changed)
    assert not any(re.search(files, name) for name in ("net.py", "x/convcost.lock.json.txt"))
    assert project.bash(entry).returncode == 0
    net = project.folder / "net.toml"
    net.write_text(net.read_text().replace('"gap"', LARGER))
    project.bash("convcost check --update")
    assert project.bash(entry).returncode == 1


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not there")
def test_the_makefile(project: Project) -> None:
    assert project.bash("make -s check-cost").returncode == 0
    section = project.folder / "convcost.toml"
    section.write_text(re.sub(r"^(max|warn) = .*\n", "", section.read_text(), flags=re.M))
    net = project.folder / "net.toml"
    net.write_text(net.read_text().replace('"gap"', LARGER))
    done = project.bash("make -s check-cost")
    assert done.returncode == 2  # make's own code for a command that failed
    assert "check: 2 of 2 limits broken" in done.stderr
    assert project.bash("make -s accept-cost").returncode == 0
    assert project.bash("make -s check-cost").returncode == 0
