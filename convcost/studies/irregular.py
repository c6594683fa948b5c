"""Quantities that one tool counts in a way that no sum of counted quantities expresses.

Each is a slip or a shortcut of that tool, named after it, with the place where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convcost.engine.operations.base import grouped, windowed
from convcost.engine.shapes import product
from convcost.engine.windows import extent
from convcost.studies.events import QUANTITIES, Event


def calflops_same(event: Event) -> int:
    """MACs of a convolution with ``padding="same"`` by calflops.

    It pads both sides by half of ``dilation * (kernel - 1)``, rounded down, and so loses one
    output position on each axis whose window has an even reach. Source:
    calflops/pytorch_ops.py, ``_conv_flops_compute``.
    """
    return _outputs_of_same(event) * QUANTITIES["fan_in"](event)


def calflops_same_bias(event: Event) -> int:
    """Bias additions of that convolution: one for each output value that calflops sees."""
    return _outputs_of_same(event) if event.row.node.operation.has_bias else 0


def _outputs_of_same(event: Event) -> int:
    window = windowed(event.row.node.operation)
    assert window is not None
    *positions, channels = event.row.node.output
    reach = map(extent, window.kernel_size, window.dilation)
    sizes = [size - (side - 1) % 2 for size, side in zip(positions, reach, strict=True)]
    return event.batch * product(sizes) * channels


def calflops_transposed(event: Event) -> int:
    """MACs of a transposed convolution by calflops.

    It reads the output channels off the weight, which holds those of one group, and divides
    them by the groups once more. Source: calflops/pytorch_ops.py, ``_conv_trans_flops_compute``.
    """
    channels, groups = _channels_of_group(event)
    values = product(event.row.inputs[0]) * event.batch
    return values * QUANTITIES["window"](event) * (channels // groups)


def calflops_transposed_bias(event: Event) -> int:
    """Its bias additions: at the output size that a plain convolution would have."""
    operation = event.row.node.operation
    window = windowed(operation)
    if window is None or not operation.has_bias:
        return 0
    shape = event.row.inputs[0]
    sizes = [
        (size + 2 * before - extent(kernel, dilation)) // stride + 1
        for size, (before, _), kernel, dilation, stride in zip(
            shape[:-1],
            window.pads(shape),
            window.kernel_size,
            window.dilation,
            window.stride,
            strict=True,
        )
    ]
    return _channels_of_group(event)[0] * event.batch * product(sizes)


def _channels_of_group(event: Event) -> tuple[int, int]:
    parts = grouped(event.row.node.operation)
    groups = parts.groups if parts else 1
    return event.row.node.output[-1] // groups, groups


IRREGULAR: Mapping[str, Callable[[Event], int]] = {
    "calflops_same": calflops_same,
    "calflops_same_bias": calflops_same_bias,
    "calflops_transposed": calflops_transposed,
    "calflops_transposed_bias": calflops_transposed_bias,
}
"""Each by the name that a rule uses."""
