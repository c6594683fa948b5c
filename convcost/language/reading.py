"""Opening and decoding files, with the reasons for failure in words."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from convcost.errors import SpecError, shorten

MAX_DOCUMENT = 8 * 2**20
"""The longest document that is read, in bytes: in memory it is about thirty times as long."""

MAX_TOML = 2**20
"""The longest TOML file, in bytes: its parser is written in Python."""


def open_path(path: Path) -> BinaryIO:
    """Open a file for reading. Raises SpecError with the reason in words."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SpecError(f"{shorten(str(path))} is a folder, not a file")
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            raise SpecError(f"{shorten(str(path))} is a device, not a file")
        return path.open("rb")
    except FileNotFoundError:
        raise SpecError(f"no such file: {shorten(str(path))}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"cannot read {shorten(str(path))}: {reason.lower()}") from None


def read_model_file(path: Path, most: int) -> bytes:
    """A whole file of a model, of at most ``most`` bytes and one more. Raises SpecError.

    A file is read in one piece of its own size: to ask for ``most`` would reserve that much.
    """
    with open_path(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        parts, rest = [], most + 1
        while rest > 0 and (part := read_some(stream, str(path), min(rest, max(size + 1, 2**20)))):
            parts.append(part)
            rest -= len(part)
    if not parts:
        raise SpecError("the file is empty", place=str(path))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_text(path: Path, most: int = MAX_DOCUMENT) -> str:
    """A whole text file, UTF-8. Raises SpecError beyond ``most`` bytes."""
    with open_path(path) as stream:
        return decode(read_all(stream, str(path), most), str(path))


def read_all(stream: BinaryIO, place: str, most: int = MAX_DOCUMENT) -> bytes:
    """Everything that a stream gives. Raises SpecError beyond ``most`` bytes, having read those."""
    parts = []
    rest = most + 1
    while rest > 0 and (part := read_some(stream, place, min(rest, 2**20))):
        parts.append(part)
        rest -= len(part)
    if rest <= 0:
        raise too_long(place, most)
    return b"".join(parts)


def read_some(stream: BinaryIO, place: str, most: int) -> bytes:
    """At most ``most`` bytes, as soon as there are some; none at the end. Raises SpecError."""
    read = getattr(stream, "read1", stream.read)
    try:
        return bytes(read(most) or b"")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"cannot read {shorten(place)}: {reason.lower()}") from None


def too_long(place: str, most: int) -> SpecError:
    """The error of a document beyond a limit."""
    return SpecError(
        f"the document is longer than {most:,} bytes",
        place=place,
        hint="specs as JSON lines (.jsonl), an object a line, may be as many as there are",
    )


def decode(data: bytes, place: str) -> str:
    """UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Data without a line end is one line, and its place already says which.
        line = data.count(b"\n", 0, error.start) + 1
        spot = f":{line}" if b"\n" in data else ""
        raise SpecError("not UTF-8 text", place=f"{place}{spot}") from None
