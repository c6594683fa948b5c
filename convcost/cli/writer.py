"""The one writer: all that is written is written whole, or there is an error.

Python's own streams lose what a raw stream did not take (``PYTHONUNBUFFERED=1``, a pipe that
does not block), and an interruption loses how much had been taken. Here each write ends at a
line end wherever a line fits, and Ctrl-C waits for it. Knows bytes and file numbers only.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from typing import Any

from convcost.cli.interruption import Interrupted, Interrupts

PIPE_PIECE = 4096
"""What a pipe that has room takes at once, or not at all (PIPE_BUF of Linux, a page)."""

FILE_PIECE = 2**20


class Unwritable(Exception):  # noqa: N818  # words for a reader, not a class of errors
    """The answer cannot be written; the text is the reason."""


class WholeWriter(io.RawIOBase):
    """A raw stream that takes everything. Raises Unwritable, BrokenPipeError or Interrupted."""

    def __init__(self, number: int, interrupts: Interrupts, is_open: bool = True) -> None:
        self._number = number
        self._interrupts = interrupts
        self._is_open = is_open
        self._is_file = is_open and stat.S_ISREG(os.fstat(number).st_mode)

    def fileno(self) -> int:
        """The number of the file."""
        return self._number

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def isatty(self) -> bool:
        """Whether people read it."""
        return self._is_open and os.isatty(self._number)

    def write(self, data: Any) -> int:
        """Write all of ``data``, piece by piece, each up to a line end where there is one."""
        content = bytes(data)
        if not self._is_open:
            raise Unwritable("the stream is closed")
        sent = 0
        interrupts = self._interrupts
        try:
            while sent < len(content):
                # Between two lines Ctrl-C may come through at once, even from a reader that
                # does not read; inside a line it waits for its end.
                interrupts.held = sent > 0 and content[sent - 1] != 0x0A
                self._wait()
                interrupts.held = True
                sent += self._piece(content, sent)
                if interrupts.asked and content[sent - 1] == 0x0A:
                    raise Interrupted
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Unwritable((error.strerror or str(error)).lower()) from None
        finally:
            interrupts.held = False
        return sent

    def _wait(self) -> None:
        """Until there is room. A file always has some, or says that the disk is full."""
        if self._is_file:
            return
        import select

        poll = select.poll()
        poll.register(self._number, select.POLLOUT)
        poll.poll()

    def _piece(self, content: bytes, start: int) -> int:
        """How many bytes were taken; 0 where others have filled the room meanwhile."""
        most = start + (FILE_PIECE if self._is_file else PIPE_PIECE)
        end = len(content)
        if most < end:
            end = content.rfind(b"\n", start, most) + 1 or most
        try:
            return os.write(self._number, memoryview(content)[start:end])
        except BlockingIOError:
            return 0


def text_stream(raw: io.RawIOBase, encoding: str) -> io.TextIOWrapper:
    """A text stream over ``raw`` that holds nothing back.

    A character that the encoding lacks is written as its code: a name must not be an error.
    """
    return io.TextIOWrapper(
        raw,  # type: ignore[arg-type]  # a raw stream that takes everything needs no buffer
        encoding=encoding,
        errors="backslashreplace",
        newline="\n",
        write_through=True,
    )


def take_over(interrupts: Interrupts) -> None:
    """Put the writer in the place of standard output and standard error.

    A stream that was closed at the start (``>&-``) gets the null device, so that no file of ours
    takes its number: what is written to standard output is then an error.
    """
    _occupy()
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        is_open = stream is not None
        encoding = getattr(stream, "encoding", None) or "utf-8"
        # Only the answer is held together; a bar on standard error is drawn by another thread.
        own = interrupts if name == "stdout" else Interrupts()
        raw = WholeWriter(number, own, is_open or name == "stderr")
        setattr(sys, name, text_stream(raw, encoding))


def _occupy() -> None:
    """Open the null device on each of the numbers 0 to 2 that is closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one


def complain(text: str) -> None:
    """Write to standard error. Where nobody hears it, the exit code still says what happened."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, Unwritable):
        return
