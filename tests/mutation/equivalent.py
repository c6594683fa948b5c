"""Mutants that change nothing that anybody can see, by their ``Mutant.key``, and why."""

EQUIVALENT: dict[str, str] = {
    "sources/tflite/rules.py _conv: 2 -> 3 | operation = settings.conv(reads.operator, shape, "
    "reads.dims(1), reads.has(2))": "whether there is a bias changes no size",
    "studies/candidates.py Family._chain: 1 -> 2 | made = build_chain(chain, self.library, shape, "
    "1, switches)": "the batch is set in the next line",
    "studies/fitting.py _roomy: values.max() < 2 ** 61 -> values.max() <= 2 ** 61 | is_small = "
    "values.dtype != object and values.min() > -2 ** 61 and (values.max() < 2 ** ...": (
        "a sum of two columns up to 2^61 fits into 63 bits too"
    ),
    "studies/keeping.py Ranked._ranks: 1 -> 2 | if any((isinstance(value, str | bool | tuple) for "
    "value in values[:1].tolist())): raise...": "the values of a batch are of one kind",
    "language/budgets.py: True -> False | model_config = ConfigDict(frozen=True, extra='forbid', "
    "strict=True) #4": "TOML holds nothing that would be turned into a text or a list",
    "quantities.py parse_size: 1 -> 2 | size = int(digits) if len(digits) <= 20 else MAX_SIZE "
    "+ 1": "any number above the limit will do",
    "engine/boxes.py BoxFunction.call: 1 -> 2 | self.called += 1": (
        "a tally that only tests/fuzz/spaces.py prints"
    ),
    "sources/tflite/inputs.py: 4 -> 5 | EXAMPLES = {1: '128', 2: '128', 3: '128x64', 4: "
    "'224x224x3', 5: '16x112x112x3'}": "what is missing there has the same example",
    "engine/boxes.py _Filling._try: False -> True | if outcome.holds is False: return None": (
        "what a record does not answer is answered by a plain call: slower, and the same"
    ),
    "language/budgets.py read_section: False -> True | first = error.errors(include_url=False, "
    "include_context=False)[0] #2": "of an error only its place is read",
    "language/values.py whole: value > MAX_SIZE -> value >= MAX_SIZE | bound = f'at most "
    "{MAX_SIZE}' if value > MAX_SIZE else f'at least {least}'": "the limit itself is no error",
    "sources/tflite/settings.py product_sizes: len(first) < 2 or len(second) < 2 -> len(first) < 2 "
    "and len(second) < 2 | if len(first) < 2 or len(second) < 2: raise ValueError": (
        "taking a list apart for two sizes raises the same error"
    ),
    "engine/shapes.py divisors: 1 -> 2 | small = [d for d in range(1, int(number ** 0.5) + "
    "1) if number % d == 0] #2": (
        "one number more is tried, and it is a divisor or left out, as any other"
    ),
    "engine/operations/rearranging.py Reshape.output: 0 -> 1 | left = ceil_div(values, "
    "known) if is_open else 0": ("what is left is read only where a size of -1 stands"),
    "sources/tflite/values.py _divide: a < 0 -> a <= 0 | return -(-a // b) if (a < 0) != "
    "(b < 0) else a // b": ("nothing divided by a number is nothing, rounded either way"),
    "sources/tflite/settings.py pool: raise ValueError -> pass | raise ValueError": (
        "the engine takes its windows of two sizes for another input, and refuses that"
    ),
    "studies/budget.py _on_uncounted: 1 -> 2 | layers = tuple(((f'{row.name} "
    "({row.type})', 1) for row in unknown[:GROWN]))": (
        "of a layer that cannot be counted only the name is shown"
    ),
    "engine/boxes.py _Filling._write: high > HIGH -> high >= HIGH | if (low < LOW or high "
    "> HIGH) and values.dtype != object: values = values.astype(object)": (
        "Python integers of up to 63 bits are those of the array: slower, and the same"
    ),
    "engine/memory/patches.py _in_patches: 0 -> 1 | live: dict[int, int] = "
    "dict.fromkeys(cut.before, 0)": (
        "the map itself is alive in every part, and has a byte at least"
    ),
}
