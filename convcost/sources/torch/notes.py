"""Sentences that a reader of a counted PyTorch module should see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from convcost.quantities import format_count

if TYPE_CHECKING:
    from convcost.language.building import Parameters
    from convcost.sources.torch.inputs import Variant
    from convcost.sources.torch.recording import Recorder

SHOWN = 3

WHOLE_NUMBERS = ("int64", "int32", "int16", "int8", "uint8", "bool")


def input_words(key: str, variant: Variant) -> str:
    """``image 1x3x224x224 (batch, channels, height, width)``."""
    name = "" if key.isdecimal() else f"{key} "
    kind = "" if variant.dtype == "float32" else f" of {variant.dtype}"
    return f"{name}{variant.words()}{kind}"


def notes_of(
    recorder: Recorder,
    choice: Mapping[str, Variant],
    mode: str,
    parameters: Parameters,
) -> tuple[str, ...]:
    """Everything that is to be said of one run."""
    names = recorder.names()
    lines = []
    if choice:
        words = "; ".join(input_words(key, variant) for key, variant in choice.items())
        lines.append(f"input taken as {words}")
    if mode == "values":
        lines.append(
            "ran on the CPU with zeros for inputs: work that depends on values is that of zeros"
        )
    elif mode == "mixed" and any(v.dtype in WHOLE_NUMBERS for v in choice.values()):
        lines.append("whole-number inputs are zeros: work that depends on them is that of zeros")
    if recorder.sharing:
        lines.append(
            "weights counted at an earlier layer: "
            + listed([names[id(draft)] for draft in recorder.sharing])
        )
    if recorder.constant:
        found = [names[id(draft)] for draft in recorder.constant if id(draft) in names]
        lines.append(f"computed from weights and constants alone: {listed(found)}")
    if parameters.idle:
        total = sum(parameters.idle.values())
        size = sum(weight.size for weight in recorder.weights.known.values())
        counted = [weight.name for weight in recorder.weights.counted.values()]
        places = idle_places(parameters.idle, counted)
        lines.append(
            f"{format_count(total)} of {format_count(size)} parameters never ran, and are not "
            f"counted: {listed(places)}"
        )
    if parameters.frozen and parameters.trainable:
        lines.append(
            f"{format_count(parameters.frozen)} parameters are frozen, "
            f"{format_count(parameters.trainable)} trainable"
        )
    if recorder.has_complex_products:
        lines.append("a product of complex numbers is one MAC")
    if recorder.folded:
        lines.append(
            "operations that repeat are added to the first of their kind; live activations are "
            "those of one repetition"
        )
    return tuple(lines)


def idle_places(idle: Iterable[str], counted: Sequence[str]) -> list[str]:
    """The outermost modules none of whose parameters ran, or the parameters themselves."""
    used: set[str] = set()
    for name in counted:
        parts = name.split(".")
        used.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    places: dict[str, None] = {}
    for name in idle:
        parts = name.split(".")
        heads = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        places[next((head for head in heads if head not in used), name)] = None
    return list(places)


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
