"""Ctrl-C: what it does while convcost starts, works, writes and leaves.

Imports next to nothing, since it is the first thing that a run loads. Knows no command.
"""

from __future__ import annotations

import os
import signal
from typing import Any, Literal

from convcost.cli.exits import INTERRUPTED


class Interrupted(BaseException):  # no error: like KeyboardInterrupt
    """Ctrl-C was pressed. Not a KeyboardInterrupt: the command-line library would print one."""


class Interrupts:
    """The one handler of SIGINT.

    Starting: leave at once, since nothing is written yet. Working: raise ``Interrupted``.
    ``held``, which is while a line is being written: remember, and raise at its end. Leaving:
    the answer is out, so carry on. A second Ctrl-C ends the process where it stands.
    """

    def __init__(self) -> None:
        self.phase: Literal["starting", "working", "leaving"] = "starting"
        self.held = False
        self.asked = False

    def install(self) -> None:
        """Take SIGINT over, unless whoever started us has it ignored (``nohup``, ``&``)."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)

    def leave(self) -> None:
        """The answer is out: Ctrl-C changes nothing any more.

        Ignored, not only handled: Python gives handled signals back their default when it is
        taken apart, and Ctrl-C would then end the process without its exit code.
        """
        self.phase = "leaving"
        if signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __call__(self, number: int, frame: Any) -> None:
        """What Python calls on Ctrl-C."""
        if self.phase == "leaving":
            return
        if self.phase == "starting" or self.asked:
            os._exit(INTERRUPTED)
        self.asked = True
        if not self.held:
            raise Interrupted
