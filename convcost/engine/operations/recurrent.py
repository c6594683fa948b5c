"""Recurrent layers: the same small products at every step of a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from convcost.engine.cost import FREE, Cost
from convcost.engine.operations.base import Kind, Operation, Product
from convcost.engine.shapes import Shape
from convcost.engine.windows import Window
from convcost.errors import OperationError
from convcost.quantities import format_shape


@dataclass(frozen=True, slots=True)
class Recurrent(Operation):
    """A recurrent layer over the steps of an input T x C; its output is T x H.

    G gates; C is the input of a layer: the channels, or H * directions above the first.

    params = directions * layers of G * H * (C + H) + bias * 2 * G * H
    macs   = T * directions * layers of G * H * (C + H)
    element_ops = T * H * (gate functions, products and sums of a step) + bias * 2 * T * G * H

    Two bias vectors a gate, as PyTorch and cuDNN have them.
    """

    kind: ClassVar[Kind] = "macs"
    gates: ClassVar[int] = 1
    step_ops: ClassVar[int] = 1
    """Element operations for one hidden value in one step."""

    out_channels: int
    layers: int = 1
    bidirectional: bool = False
    bias: bool = False

    @property
    def has_bias(self) -> bool:
        """As its setting says."""
        return self.bias

    @property
    def directions(self) -> int:
        """Forwards, or forwards and backwards."""
        return 2 if self.bidirectional else 1

    def output(self, *inputs: Shape) -> Shape:
        """The hidden state of every step, of both directions side by side."""
        (shape,) = inputs
        if len(shape) != 2:
            raise OperationError(
                f"{self.type} needs a sequence, not {format_shape(shape)}",
                field="input",
                hint="write length x channels, such as 128x40",
            )
        return (shape[0], self.out_channels * self.directions)

    def cost(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        """The products of every layer, their biases and what a step does with them."""
        total = FREE
        for part in self.products(inputs, output):
            total = total + Cost(part.weights, part.macs)
        units = self.layers * self.directions * self.out_channels
        steps, biases = output[0], self.biases(output)
        return total + Cost(biases, 0, steps * (units * self.step_ops + biases))

    def biases(self, output: Shape) -> int:
        """Two for each gate of each hidden value."""
        units = self.layers * self.directions * self.out_channels
        return 2 * self.gates * units if self.bias else 0

    def products(self, inputs: tuple[Shape, ...], output: Shape) -> tuple[Product, ...]:
        """Of each layer: the input and the state before, for all gates and directions."""
        steps, hidden = output[:1], self.out_channels
        kernels = self.gates * hidden * self.directions
        made = []
        channels = inputs[0][-1]
        for layer in range(self.layers):
            of = f" of layer {layer + 1}" if self.layers > 1 else ""
            made.append(Product((), channels, kernels, steps, name=f"input{of}"))
            made.append(Product((), hidden, kernels, steps, name=f"state{of}"))
            channels = hidden * self.directions
        return tuple(made)

    def window(self, shape: Shape) -> Window:
        """A step sees all steps before it (and after it): the whole sequence."""
        return Window(shape[:-1], (1,) * (len(shape) - 1))

    def channel_mixing(self, shape: Shape) -> int:
        """All input channels."""
        return shape[-1]

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Layers, directions and biases."""
        return {"layers": self.layers, "bidirectional": self.bidirectional, "bias": self.bias}


@dataclass(frozen=True, slots=True)
class Rnn(Recurrent):
    """h' = tanh(W x + U h): one gate, one function. Source: Elman 1990; PyTorch ``RNN``."""

    type: ClassVar[str] = "rnn"


@dataclass(frozen=True, slots=True)
class Gru(Recurrent):
    """Update and reset gate and a candidate.

    A step of one hidden value: 3 functions; r * (U h) and its sum with W x; 1 - z, (1 - z) * n,
    z * h, and their sum: 9 element operations. Source: Cho et al. 2014, equations 5 to 8, in
    the form of PyTorch ``GRU`` (the reset gate after the product).
    """

    type: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    step_ops: ClassVar[int] = 9


@dataclass(frozen=True, slots=True)
class Lstm(Recurrent):
    """Input, forget and output gate and a candidate.

    A step of one hidden value: 5 functions (4 gates, tanh of the cell), f * c, i * g, their
    sum, o * tanh(c): 9 element operations. Source: Hochreiter and Schmidhuber 1997, with the
    forget gate of Gers et al. 2000; PyTorch ``LSTM``.
    """

    type: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    step_ops: ClassVar[int] = 9
