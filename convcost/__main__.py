"""``python -m convcost`` and the ``convcost`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    import gc
    import os
    import sys
    from pathlib import Path

    # Start-up allocates many long-lived objects and no garbage: collecting while they are made
    # costs about a tenth of a short run.
    gc.disable()
    from convcost.cli.app import run

    for name in ("stdout", "stderr"):
        # A closed stream (">&-") is None in Python; what is written there is lost anyway.
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  # lives as long as we
    code = run()
    # What is frozen is not looked at once more when the interpreter is taken apart, which would
    # take a tenth of a short run.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
