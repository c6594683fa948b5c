"""A progress bar on standard error, for a file that takes longer than a moment."""

from __future__ import annotations

import time
from typing import Any, BinaryIO

PATIENCE = 1.0
"""Seconds before the bar appears."""

EVERY = 512
"""Specs between two looks at the clock."""


class FileProgress:
    """Called after each spec; shows how much of the file has been read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = stream.seek(0, 2)
        stream.seek(0)
        self._calls = 0
        self._started = time.monotonic()
        self._bar: Any = None

    def __call__(self) -> None:
        """Note one more spec; look at the clock now and then."""
        self._calls += 1
        if self._calls % EVERY or time.monotonic() - self._started < PATIENCE:
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("counting", total=self._size)
            self._bar.start()
        self._bar.update(self._task, completed=self._stream.tell())

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
