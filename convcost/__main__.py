"""``python -m convcost`` and the ``convcost`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    import gc
    import os

    # Looking for pydantic plugins reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Start-up allocates many long-lived objects and no garbage: collecting while they are made
    # costs about a tenth of a short run.
    gc.disable()
    from convcost.cli.app import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
