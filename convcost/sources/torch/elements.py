"""The work of operations that accumulate no products: one function for each role."""

from __future__ import annotations

from collections.abc import Callable

from convcost.engine.shapes import product
from convcost.sources.torch.calls import Call
from convcost.sources.torch.products import Work


def norm(call: Call) -> Work:
    """A scale and a shift for each value."""
    return Work(None, 2 * call.made[0].numel(), reads_weights=True)


def reduce(call: Call) -> Work:
    """One operation for each value that is read."""
    if not call.reads:
        return Work()
    shape = call.reads[0].shape
    made = call.made[0].numel() if call.made else 1
    everything = made <= product(shape[:2]) and len(shape) > 3
    return Work(None, call.reads[0].numel(), flattens=everything, reads_weights=True)


def loss(call: Call) -> Work:
    """One operation for each value of the prediction."""
    return Work(None, call.reads[0].numel(), reads_weights=True)


def elementwise(call: Call) -> Work:
    """One operation for each value that is made; whole numbers and truth values are bookkeeping."""
    made = call.made or list(call.writes)
    floats = [t for t in made if t.is_floating_point() or t.is_complex() or t.is_quantized]
    if call.name.startswith(("_foreach", "_fused")):
        return Work(None, sum(t.numel() for t in floats), reads_weights=True)
    first = made[0] if made else None
    count = first.numel() if first is not None and any(t is first for t in floats) else 0
    if not floats:
        return Work()
    return Work(None, count, reads_weights=True)


def gradient(call: Call) -> Work:
    """A gradient: one operation for each of its values."""
    return Work(None, sum(t.numel() for t in call.made), reads_weights=True)


def windows(call: Call) -> Work:
    """A pool with windows of its own: one operation for each value of each window."""
    kernel = call.get("kernel_size")
    axes = int(call.name.partition("pool")[2][0])
    sizes = (kernel,) * axes if isinstance(kernel, int) else tuple(kernel)
    sizes = sizes * axes if len(sizes) == 1 else sizes
    return Work(None, call.made[0].numel() * product(sizes))


def resize(call: Call) -> Work:
    """Each value is blended from 2 (bicubic: 4) on each axis."""
    made = call.made[0]
    reach = 6 if "lanczos" in call.name else 4 if "bicubic" in call.name else 2
    return Work(None, made.numel() * reach ** (made.dim() - 2))


def sampling(call: Call) -> Work:
    """As resizing, at positions that the model computes; mode 1 takes the nearest value."""
    made = call.made[0]
    mode = call.get("interpolation_mode", 0)
    reach = {0: 2, 1: 0}.get(mode, 4)
    return Work(None, made.numel() * reach ** (made.dim() - 2))


def aligned(call: Call) -> Work:
    """roi_align: 4 values blended at each sampling point of each value.

    ``sampling_ratio`` points on each axis; with 0 or less there are as many as the box has
    pixels, which only the values tell: ``Costs`` leaves such a call unknown.
    """
    points = call.get("sampling_ratio") ** 2
    return Work(None, call.made[0].numel() * points * 4, flattens=True)


def distances(call: Call) -> Work:
    """Distances of all pairs: a difference and its power for each coordinate.

    As norms they are element operations, whether PyTorch goes through a matrix product (as it
    does from 25 points on) or not.
    """
    first = call.get("x1", call.get("self"))
    return Work(None, call.made[0].numel() * 2 * first.shape[-1], flattens=True)


def scattered(call: Call) -> Work:
    """Values that are added where an index says: one operation for each of them."""
    return Work(None, call.reads[-1].numel(), reads_weights=True)


def bag(call: Call) -> Work:
    """Rows of a table that are summed: one operation for each value that is looked up."""
    table, indices = call.get("weight"), call.get("indices")
    return Work(None, indices.numel() * table.shape[-1], weights=[table])


def fourier(call: Call) -> Work:
    """values * ceil(log2 n) for each transformed axis: one butterfly a value and stage."""
    axes = call.get("dim")
    full = max((call.get("self"), call.made[0]), key=lambda tensor: tensor.numel())
    stages = sum(max(0, int(full.shape[axis]) - 1).bit_length() for axis in axes)
    return Work(None, full.numel() * stages, flattens=True)


def free(call: Call) -> Work:
    """Values are moved or named anew; a table that is looked up has its parameters here."""
    return Work(reads_weights=True)


ROLES: dict[str, Callable[[Call], Work]] = {
    "norm": norm,
    "reduce": reduce,
    "loss": loss,
    "elementwise": elementwise,
    "gradient": gradient,
    "windows": windows,
    "resize": resize,
    "sampling": sampling,
    "aligned": aligned,
    "distances": distances,
    "scattered": scattered,
    "bag": bag,
    "fourier": fourier,
    "free": free,
}
"""Roles without products; pools are a method of ``Costs``."""
