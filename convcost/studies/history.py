"""A file as it was in another commit, through git: the one place that starts a program."""

from __future__ import annotations

import subprocess
from pathlib import Path

from convcost.errors import SpecError, shorten


def file_at(path: Path, ref: str) -> str | None:
    """The text of ``path`` in the commit ``ref``; None where that commit has no such file.

    Raises SpecError without git, outside a repository, and for what is no commit.
    """
    place = f"--baseline-ref {shorten(ref, 60)}"
    folder = path.absolute().parent
    if not folder.is_dir():
        raise SpecError(f"no such folder: {shorten(str(path.parent))}", place=place)
    if _git(folder, place, "rev-parse", "--git-dir") is None:
        raise SpecError(
            f"{shorten(str(path.parent))} is in no git repository",
            place=place,
            hint="use --baseline FILE",
        )
    commit = _git(
        folder, place, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )
    if commit is None:
        raise SpecError(
            f"{shorten(ref, 60)} is no commit here",
            place=place,
            hint="fetch it first: a shallow clone has one commit (fetch-depth: 0)",
        )
    from convcost.language.reading import decode

    data = _git(folder, place, "show", f"{commit.decode().strip()}:./{path.name}")
    return None if data is None else decode(data, f"{ref}:{path}")


def _git(folder: Path, place: str, *arguments: str) -> bytes | None:
    """What git prints; None where it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError(f"git cannot be run: {reason}", place=place) from None
    return done.stdout if done.returncode == 0 else None
