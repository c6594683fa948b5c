"""Opening and decoding files, with the reasons for failure in words."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from convcost.errors import SpecError, shorten


def open_path(path: Path) -> BinaryIO:
    """Open a file for reading. Raises SpecError with the reason in words."""
    try:
        if path.is_dir():
            raise SpecError(f"{shorten(str(path))} is a folder, not a file")
        return path.open("rb")
    except FileNotFoundError:
        raise SpecError(f"no such file: {shorten(str(path))}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"cannot read {shorten(str(path))}: {reason.lower()}") from None


def read_text(path: Path) -> str:
    """A whole text file, UTF-8."""
    with open_path(path) as stream:
        return decode(stream.read(), str(path))


def decode(data: bytes, place: str) -> str:
    """UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Data without a line end is one line, and its place already says which.
        line = data.count(b"\n", 0, error.start) + 1
        spot = f":{line}" if b"\n" in data else ""
        raise SpecError("not UTF-8 text", place=f"{place}{spot}") from None
