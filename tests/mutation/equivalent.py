"""Mutants that change nothing that anybody can see, by their ``Mutant.key``, and why."""

EQUIVALENT: dict[str, str] = {}
