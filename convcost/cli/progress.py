"""A bar for files that take a while to read, for people at a terminal."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

LONG = 4 * 2**20
"""From how many bytes on a file gets a bar: the shortest takes about a second."""


def watched(stream: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """The stream with a bar on standard error, which goes away at the end.

    Only where people see it and nothing else: an answer on the same terminal would be torn.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty():
        return nullcontext(stream)
    try:
        status = os.fstat(stream.fileno())
    except OSError:  # a stream in memory
        return nullcontext(stream)
    if not stat.S_ISREG(status.st_mode) or status.st_size < LONG:
        return nullcontext(stream)
    from rich.console import Console
    from rich.progress import wrap_file

    console = Console(stderr=True)
    return wrap_file(
        stream, total=status.st_size, description="reading", console=console, transient=True
    )
