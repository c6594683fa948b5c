"""Mutants that change nothing that anybody can see, by their ``Mutant.key``, and why."""

EQUIVALENT: dict[str, str] = {
    "sources/tflite/rules.py _conv: 2 -> 3 | operation = settings.conv(reads.operator, shape, "
    "reads.dims(1), reads.has(2))": "whether there is a bias changes no size",
}
