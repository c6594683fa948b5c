"""Files that are whole or absent: written beside, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convcost.errors import ConvcostError, shorten


def write_whole(path: str, text: str | bytes) -> None:
    """Write ``text`` to ``path``. Raises ConvcostError, and then ``path`` is as it was."""
    target = Path(path)
    data = text.encode() if isinstance(text, str) else text
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:  # a device or a pipe: no renaming
                stream.write(data)
            return
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except (OSError, ValueError) as error:
        with suppress(OSError):
            beside.unlink()
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConvcostError(f"cannot write {shorten(path)}: {reason}") from None


@contextmanager
def writing_whole(path: str) -> Iterator[Callable[[bytes], object]]:
    """The same for bytes that come one after the other: a function to write them with."""
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as stream:
            yield stream.write
        beside.replace(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConvcostError(f"cannot write {shorten(path)}: {reason}") from None
    finally:
        with suppress(OSError):
            beside.unlink()
