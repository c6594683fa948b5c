"""Exit codes by name."""

from convcost.cli.interruption import INTERRUPTED as INTERRUPTED

DONE = 0
LIMIT = 1
"""A requested limit is not met."""
WRONG_INPUT = 2
BUG = 3
CLOSED_PIPE = 141
