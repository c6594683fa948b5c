"""Exit codes by name."""

DONE = 0
LIMIT = 1
"""A requested limit is not met."""
WRONG_INPUT = 2
BUG = 3
INTERRUPTED = 130
CLOSED_PIPE = 141
