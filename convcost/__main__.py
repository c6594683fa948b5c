"""``python -m convcost`` and the ``convcost`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    from convcost.cli.exits import INTERRUPTED
    from convcost.cli.interruption import Interrupted, Interrupts

    interrupts = Interrupts()
    interrupts.install()

    import gc
    import sys

    # Start-up allocates many long-lived objects and no garbage: collecting while they are made
    # costs about a tenth of a short run.
    gc.disable()
    from convcost.cli.app import run
    from convcost.cli.writer import take_over

    take_over(interrupts)
    try:
        interrupts.phase = "working"
        code = run()
        interrupts.leave()
    except Interrupted:
        code = INTERRUPTED
    interrupts.leave()
    # What is frozen is not looked at once more when the interpreter is taken apart, which would
    # take a tenth of a short run.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
