"""A roofline as dots: MACs for each byte across, MACs above; a device's roof where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from convcost.quantities import format_human, format_percent
from convcost.reports.charts import Axis, Dots, Line, Scatter, Tag
from convcost.studies.roofline import Device, Roofline, Spot, seconds

ACROSS = Axis("MACs for each byte moved (MACs/B)", "plain")
MOST_NAMES = 6


def roofline_scatter(title: str, roof: Roofline, dtype: str, device: Device | None) -> Scatter:
    """The picture. Without a device a layer stands at its MACs, else at what it can reach."""
    notes = [f"Bytes: weights, inputs and outputs of each layer once, at {dtype}.", *_left(roof)]
    if device is None:
        layers = Dots(
            "layers with MACs",
            [float(spot.intensity) for spot in roof.spots],
            [float(spot.macs) for spot in roof.spots],
            "first",
        )
        largest = sorted(roof.spots, key=lambda spot: -spot.macs)
        tags = [Tag(spot.name, float(spot.intensity), float(spot.macs)) for spot in largest]
        return Scatter(title, ACROSS, Axis("MACs"), (layers,), tuple(tags), notes=tuple(notes))
    bound = roof.memory_bound(device)
    free = [spot for spot in roof.spots if not spot.is_memory_bound(device)]
    whole = roof.seconds(device)
    dots = [_dots("memory-bound", roof, bound, device)._replace(look="second")] if bound else []
    dots += [_dots("compute-bound", roof, free, device)] if free else []
    ordered = sorted(roof.spots, key=lambda spot: -spot.seconds(device))
    return Scatter(
        title,
        ACROSS,
        Axis("attainable MACs/s"),
        tuple(dots),
        tuple(Tag(s.name, float(s.intensity), _reach(s.intensity, device)) for s in ordered),
        (_roof(roof, device),),
        (*notes, f"Areas are least times; all together {format_seconds(whole)}."),
    )


def roofline_note(name: str, roof: Roofline, device: Device) -> str:
    """Which layers the memory limits, in a sentence."""
    bound = sorted(roof.memory_bound(device), key=lambda spot: -spot.seconds(device))
    whole = roof.seconds(device)
    where, ridge, least = device_words(device), f"{float(device.ridge):.4g}", format_seconds(whole)
    layers = f"{len(bound)} of {len(roof.spots)}"
    if not bound:
        return (
            f"{name} at {where}: no layer is memory-bound (below {ridge} MACs/B); "
            f"least time {least}"
        )
    names = ", ".join(spot.name for spot in bound[:MOST_NAMES])
    rest = f" and {len(bound) - MOST_NAMES} more" if len(bound) > MOST_NAMES else ""
    part = _percent(seconds(bound, device), whole)
    return (
        f"{name} at {where}: {layers} layers with MACs are memory-bound (below {ridge} MACs/B), "
        f"{part} of the least time of {least}: {names}{rest}"
    )


def device_words(device: Device) -> str:
    """``4.00 T MACs/s and 25.6 GB/s``: decimal units, as makers print them."""
    number, _, unit = format_human(device.bandwidth).partition(" ")
    return f"{format_human(device.peak)} MACs/s and {number} {unit}B/s"


def format_seconds(time: Fraction) -> str:
    """``2.31 ms``: three digits and the largest unit in which it is at least 1."""
    for unit, scale in (("s", 1), ("ms", 10**3), ("\N{GREEK SMALL LETTER MU}s", 10**6)):
        if time * scale >= 1:
            return f"{float(time * scale):.3g} {unit}"
    return f"{float(time * 10**9):.3g} ns"


def _left(roof: Roofline) -> list[str]:
    lines = [f"{roof.without} layers without MACs are not shown."] if roof.without else []
    return lines + ([f"{roof.unknown} layers are not known."] if roof.unknown else [])


def _reach(intensity: Fraction, device: Device) -> float:
    return float(min(Fraction(device.peak), intensity * device.bandwidth))


def _dots(kind: str, roof: Roofline, spots: Sequence[Spot], device: Device) -> Dots:
    part = _percent(seconds(spots, device), roof.seconds(device))
    largest = max(spot.seconds(device) for spot in roof.spots)
    return Dots(
        f"{kind}: {len(spots)} layer{'s' * (len(spots) != 1)}, {part} of the least time",
        [float(spot.intensity) for spot in spots],
        [_reach(spot.intensity, device) for spot in spots],
        "first",
        [float(spot.seconds(device) / largest) for spot in spots],
    )


def _percent(part: Fraction, whole: Fraction) -> str:
    share = part / whole
    return format_percent(share.numerator, share.denominator)


def _roof(roof: Roofline, device: Device) -> Line:
    """From the least intensity up to the ridge, and level from there on."""
    places = [spot.intensity for spot in roof.spots]
    low, high = min(*places, device.ridge / 2), max(*places, device.ridge * 2)
    across = (low, device.ridge, high)
    return Line(
        tuple(map(float, across)),
        tuple(_reach(place, device) for place in across),
        f"roof: {device_words(device)}",
    )
