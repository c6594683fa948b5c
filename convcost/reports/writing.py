"""Files that are whole or absent: written beside, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from convcost.errors import ConvcostError, shorten


class WholeFile:
    """A file that appears when all of it is written, as a context manager.

    Where the block is left by an exception, an interruption among them, ``path`` is as it was. A
    device or a pipe is written directly: there is nothing to rename. Raises ConvcostError.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._target = Path(path)
        self._beside: Path | None = None
        self._stream: BinaryIO | None = None

    def __enter__(self) -> WholeFile:
        target = self._target
        try:
            if target.exists() and not target.is_file():
                self._stream = target.open("wb")
            else:
                # A link is followed: what it points to is replaced, not the link.
                target = self._target = target.resolve()
                beside = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
                self._beside = beside
                self._stream = beside.open("wb")
        except (OSError, ValueError, RuntimeError) as error:
            raise self._error(error) from None
        return self

    def write(self, data: bytes) -> None:
        """Add to the file."""
        assert self._stream is not None
        try:
            self._stream.write(data)
        except (OSError, ValueError) as error:
            raise self._error(error) from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._commit()
        except (OSError, ValueError) as problem:
            raise self._error(problem) from None
        finally:
            with suppress(OSError, ValueError):
                if self._stream is not None:
                    self._stream.close()
            if self._beside is not None:
                with suppress(OSError):
                    self._beside.unlink()

    def _commit(self) -> None:
        assert self._stream is not None
        self._stream.flush()
        if self._beside is not None:
            os.fsync(self._stream.fileno())
            self._stream.close()
            if self._target.exists():
                with suppress(OSError):
                    self._beside.chmod(self._target.stat().st_mode)
            self._beside.replace(self._target)
            self._beside = None

    def _error(self, error: Exception) -> ConvcostError:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        return ConvcostError(f"cannot write {shorten(self._path)}: {reason}")


def write_whole(path: str, text: str | bytes) -> None:
    """Write ``text`` to ``path``. Raises ConvcostError, and then ``path`` is as it was."""
    with WholeFile(path) as file:
        file.write(text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace"))


def check_writable(path: str) -> None:
    """Raise ConvcostError where ``path`` cannot be written; it stays as it is."""
    if Path(path).is_fifo() or Path(path).is_char_device():
        return  # opening it would already be seen at the other end
    with suppress(_LeftError), WholeFile(path):
        raise _LeftError


class _LeftError(Exception):
    """A file was left before anything was written to it."""


@contextmanager
def writing_whole(path: str) -> Iterator[Callable[[bytes], object]]:
    """The same for bytes that come one after the other: a function to write them with."""
    with WholeFile(path) as file:
        yield file.write
