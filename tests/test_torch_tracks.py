"""Everything that runs is counted: fills through views, constants, tables, long loops."""

from __future__ import annotations

from typing import Any

import pytest
from torch_truth import MARKS, Does, hooked, nn, torch, weight

from convcost.api import count_subject
from convcost.engine.memory.liveness import Rule, memory
from convcost.results import CountResult
from convcost.sources.torch.module import from_torch
from convcost.studies.by_module import by_module

pytestmark = MARKS


def counted(module: Any, inputs: Any, **options: Any) -> CountResult:
    return count_subject(from_torch(module, inputs, **options))


def test_a_buffer_that_is_filled_through_a_slice_depends_on_the_input() -> None:
    def forward(self: Any, x: Any) -> Any:
        padded = torch.zeros(x.shape[0], 6, 8)
        padded[:, 1:] = x  # the name still stands for the tensor of zeros
        return self.layer(padded) @ self.layer(padded).transpose(1, 2)

    module = Does(forward, layer=nn.Linear(8, 16))
    result = counted(module, "5x8")
    assert result.macs == 2 * 6 * 8 * 16 + 6 * 6 * 16
    assert result.macs == hooked(module, torch.zeros(1, 5, 8))[1] + 6 * 6 * 16
    assert all(row.inputs for row in result.counted.rows)
    assert not any("constants alone" in note for note in result.notes)
    assert result.is_complete


def fill_copy(empty: Any, x: Any) -> None:
    empty[:, 1:].copy_(x)


def fill_add(empty: Any, x: Any) -> None:
    empty.narrow(1, 1, 5).add_(x)


def fill_index(empty: Any, x: Any) -> None:
    empty[:, torch.arange(5)] = x


def fill_out(empty: Any, x: Any) -> None:
    torch.add(x, x, out=empty[:, 1:])


def fill_view_of_view(empty: Any, x: Any) -> None:
    empty.view(-1, 48).view(-1, 6, 8)[:, :5].copy_(x)


def fill_by_chunks(empty: Any, x: Any) -> None:
    for to, part in zip(empty.split(1, 1)[:5], x.split(1, 1), strict=True):
        to.copy_(part)


def fill_data(empty: Any, x: Any) -> None:
    empty.data[:, 1:] = x


@pytest.mark.parametrize(
    "fill",
    [fill_copy, fill_add, fill_index, fill_out, fill_view_of_view, fill_by_chunks, fill_data],
    ids=lambda fill: fill.__name__,
)
def test_whatever_writes_into_a_storage_leads_to_what_reads_it(fill: Any) -> None:
    def forward(self: Any, x: Any) -> Any:
        empty = torch.zeros(x.shape[0], 6, 8)
        fill(empty, x)
        return empty @ empty.transpose(1, 2) @ self.table

    result = counted(Does(forward, table=weight(6, 3)), "5x8")
    assert result.macs == 6 * 8 * 6 + 6 * 6 * 3
    assert all(row.inputs for row in result.counted.rows)
    assert not any("constants alone" in note for note in result.notes)


def test_a_view_made_before_the_fill_sees_it() -> None:
    def forward(self: Any, x: Any) -> Any:
        base = torch.zeros_like(x)
        view = base[:, :3]
        base += x
        return view @ self.table

    result = counted(Does(forward, table=weight(8, 4)), "5x8")
    assert (result.macs, result.params) == (3 * 8 * 4, 8 * 4)
    assert not any("constants alone" in note for note in result.notes)


def test_work_on_constants_counts_with_a_note() -> None:
    module = Does(
        lambda self, x: x + self.conv(torch.ones(1, 2, 8, 8, device=x.device)),
        conv=nn.Conv2d(2, 4, 3, padding=1),
    )
    result = counted(module, "8x8x4", batch=2)
    assert (result.params, result.macs) == hooked(module, torch.zeros(2, 4, 8, 8))
    assert result.notes[-1] == "computed from weights and constants alone: conv"


def test_products_of_parameters_count_with_their_values_once() -> None:
    def forward(self: Any, x: Any) -> Any:
        return x @ (self.low @ self.high) + self.conv(self.map).mean()

    parts = {"low": weight(8, 2), "high": weight(2, 6), "map": weight(1, 3, 4, 4)}
    module = Does(forward, conv=nn.Conv2d(3, 5, 1), **parts)
    result = counted(module, "7x8")
    assert result.macs == 8 * 2 * 6 + 7 * 8 * 6 + 4 * 4 * 5 * 3
    assert result.params == sum(parameter.numel() for parameter in module.parameters())


def test_a_weight_read_through_its_data_is_the_weight() -> None:
    result = counted(Does(lambda self, x: x @ self.table.data.t(), table=weight(6, 8)), "8")
    assert (result.params, result.macs) == (6 * 8, 8 * 6)


def test_a_kernel_that_the_input_makes() -> None:
    def forward(self: Any, x: Any) -> Any:
        kernel = self.head(x.mean((2, 3))).view(5, 3, 3, 3)
        return nn.functional.conv2d(x, kernel)

    result = counted(Does(forward, head=nn.Linear(3, 5 * 27)), "8x8x3")
    assert result.macs == 3 * 5 * 27 + 6 * 6 * 5 * 27
    str(result)
    result.to_dict()


@pytest.mark.parametrize(
    ("layer", "gates", "hidden"),
    [
        (nn.LSTM(16, 8, batch_first=True), 4, 8),
        (nn.GRU(16, 8, batch_first=True), 3, 8),
        (nn.RNN(16, 8, batch_first=True), 1, 8),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_recurrent_layers_are_one_row_however_long(layer: Any, gates: int, hidden: int) -> None:
    result = counted(layer, "30000x16", batch=2)
    assert len(result.counted.rows) == 1
    assert result.macs == 2 * 30000 * gates * hidden * (16 + hidden)
    assert result.params == sum(parameter.numel() for parameter in layer.parameters())
    # For each step and hidden value: sums of two products, gates and what combines them.
    each = {4: 4 + 4 + 1 + 3 + 1, 3: 4 + 3 + 4, 1: 1 + 1}[gates]
    assert result.element_ops == 2 * 30000 * hidden * (each + 2 * gates)
    on_cpu = counted(layer, "7x16", device="cpu")
    assert on_cpu.macs == 7 * gates * hidden * (16 + hidden)
    assert on_cpu.element_ops * 2 * 30000 == result.element_ops * 7


def test_recurrent_layers_in_both_directions_and_with_projections() -> None:
    both = nn.LSTM(16, 8, 2, bidirectional=True, batch_first=True)
    assert counted(both, "5x16").macs == 5 * 2 * 4 * 8 * ((16 + 8) + (2 * 8 + 8))
    projected = nn.LSTM(16, 8, proj_size=4, batch_first=True)
    assert counted(projected, "5x16").macs == 5 * (4 * 8 * (16 + 4) + 8 * 4)
    assert counted(projected, "5x16").element_ops == 5 * 8 * (13 + 2 * 4)
    unbatched = counted(nn.GRU(16, 8, bias=False), "[5,16]")
    assert (unbatched.macs, unbatched.params) == (5 * 3 * 8 * 24, 3 * 8 * 24)


def test_packed_sequences() -> None:
    def forward(self: Any, x: Any) -> Any:
        packed = nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]

    module = Does(forward, rnn=nn.LSTM(16, 8, batch_first=True))
    assert counted(module, "5x16", batch=2).macs == (5 + 3) * 4 * 8 * (16 + 8)


def test_steps_of_a_loop_fold_beyond_the_longest_graph() -> None:
    def forward(self: Any, x: Any) -> Any:
        state = x.new_zeros(x.shape[0], 8)
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
        return state

    result = counted(Does(forward, cell=nn.GRUCell(16, 8)), "2000x16")
    assert result.macs == 2000 * 3 * 8 * (16 + 8)
    assert result.params == 3 * 8 * (16 + 8) + 2 * 3 * 8
    assert any("operations that repeat" in note for note in result.notes)
    short = counted(Does(forward, cell=nn.GRUCell(16, 8)), "20x16")
    assert short.element_ops * 100 == result.element_ops


def test_views_make_no_rows_and_share_memory() -> None:
    def forward(self: Any, x: Any) -> Any:
        query, key, value = self.qkv(x).view(-1, 5, 3, 16).permute(2, 0, 1, 3)
        return self.out((query @ key.transpose(1, 2)) @ value)

    result = counted(Does(forward, qkv=nn.Linear(16, 48), out=nn.Linear(16, 16)), "5x16")
    assert [row.name for row in result.counted.rows] == ["qkv", "matmul", "matmul_2", "out"]
    # The three are one tensor until the last of them was read.
    held = memory(result.counted.graph, rule=Rule(fused=False))
    assert held.peak == 4 * (5 * 48 + 5 * 5 + 5 * 16)


def test_rows_of_an_encoder_are_a_tree_of_modules() -> None:
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    result = counted(nn.TransformerEncoder(layer, 3), "5x16")
    assert not {"view", "transpose", "permute", "unsqueeze", "expand"} & {
        row.type for row in result.counted.rows
    }
    sums = by_module(result.counted)
    each = 5 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 5 * 5 * 16
    assert [sums[f"layers.{index}"].macs for index in range(3)] == [each] * 3
    assert sums["layers.0.linear1"].macs == 5 * 16 * 32
    assert sums[""].macs == result.macs == 3 * each
