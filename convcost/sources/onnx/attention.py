"""Costs of fused attention: two products for each head, and a softmax between them.

macs        = queries * keys * (size of a key + size of a value), for each head and sample
element_ops = two for each score, its scale and its softmax, and one more for each mask, bias or
              cap on it

A causal mask saves nothing here, as in every
fused kernel's own count. Source: Vaswani et al. 2017, equation 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from convcost.engine.operations.base import Operation
from convcost.engine.shapes import product
from convcost.sources.onnx.costing import Costs


class Heads(NamedTuple):
    """Samples times heads, and the sizes of one head."""

    lanes: int
    queries: int
    keys: int
    key_size: int
    value_size: int

    @property
    def macs(self) -> int:
        """Scores, and values weighted by them."""
        return self.lanes * self.queries * self.keys * (self.key_size + self.value_size)

    @property
    def scores(self) -> int:
        """How many pairs of a query and a key there are."""
        return self.lanes * self.queries * self.keys


def attention(costs: Costs, node: Any) -> Operation:
    """ONNX ``Attention`` (operator set 23) on projected tensors of three axes or four."""
    query, key, value = (costs.shape(node, at) for at in range(3))
    attributes = costs.attributes(node)
    past = costs.shape(node, 4)[2] if costs.has(node, 4) else 0
    if len(query) == 4:
        count, queries, key_size = query[0] * query[1], query[2], query[3]
        keys, value_size = key[2], value[3]
    else:
        heads, groups = attributes["q_num_heads"], attributes["kv_num_heads"]
        count, queries, key_size = query[0] * heads, query[1], query[2] // heads
        keys, value_size = key[1], value[2] // groups
    sizes = Heads(count, queries, keys + past, key_size, value_size)
    extra = costs.has(node, 3) + bool(attributes.get("softcap"))
    return costs.macs(node, sizes.macs, element_ops=sizes.scores * (2 + extra), mixes=key_size)


def multi_head(costs: Costs, node: Any) -> Operation:
    """``MultiHeadAttention``: query B x S x D, key and value B x L x D or split by heads."""
    query = costs.shape(node)
    heads = costs.attributes(node)["num_heads"]
    past = costs.shape(node, 6)[2] if costs.has(node, 6) else 0
    if len(query) == 5:  # packed: B x S x heads x 3 x size
        batch, queries, keys, width = query[0], query[1], query[1], heads * query[4]
        values = width
    else:
        batch, queries, width = query
        key = costs.shape(node, 1)
        if len(key) == 5:  # packed keys and values: B x L x heads x 2 x size
            keys, values = key[1], width
        elif len(key) == 4:
            keys, values = key[2], heads * costs.shape(node, 2)[3]
        else:
            keys, values = key[1], costs.shape(node, 2)[2]
    sizes = Heads(batch * heads, queries, keys + past, width // heads, values // heads)
    bias = costs.size(node, [3]) * batch * queries
    extra = costs.has(node, 4) + costs.has(node, 5)
    return costs.macs(
        node,
        sizes.macs,
        params=costs.learned(node, [3]),
        element_ops=sizes.scores * (2 + extra) + bias,
        mixes=width,
    )


def grouped_query(costs: Costs, node: Any) -> Operation:
    """``GroupQueryAttention``: several heads read the same keys, behind those of the past."""
    query = costs.shape(node)
    attributes = costs.attributes(node)
    heads, groups = attributes["num_heads"], attributes["kv_num_heads"]
    is_packed = not costs.has(node, 1)
    size = query[2] // (heads + 2 * groups if is_packed else heads)
    keys = costs.made(node, 1)[2] if len(node.output) > 1 and node.output[1] else query[1]
    sizes = Heads(query[0] * heads, query[1], keys, size, size)
    turned = 0
    if attributes.get("do_rotary"):
        turned = 3 * query[0] * query[1] * (heads + groups) * size
    return costs.macs(node, sizes.macs, element_ops=2 * sizes.scores + turned, mixes=heads * size)


def with_projection(costs: Costs, node: Any) -> Operation:
    """onnxruntime's ``Attention`` and ``QAttention``: B x S x D, one weight for q, k and v."""
    batch, queries, width = costs.shape(node)
    weight = costs.shape(node, 1)
    attributes = costs.attributes(node)
    heads = attributes["num_heads"]
    split = attributes.get("qkv_hidden_sizes") or [weight[1] // 3] * 3
    past_at, mask_at = (8, 5) if node.op_type == "QAttention" else (4, 3)
    past = costs.shape(node, past_at)[3] if costs.has(node, past_at) else 0
    rows = batch * queries
    sizes = Heads(batch * heads, queries, queries + past, split[0] // heads, split[2] // heads)
    extra = int(costs.has(node, mask_at)) + (node.op_type == "Attention" and costs.has(node, 5))
    return costs.macs(
        node,
        rows * width * weight[1] + sizes.macs,
        params=costs.learned(node, (1, 2)),
        element_ops=sizes.scores * (2 + extra) + rows * weight[1] * costs.has(node, 2),
        mixes=width,
    )


def rotary(costs: Costs, node: Any) -> Operation:
    """Pairs of values turned by an angle: two products and a sum for each value."""
    return costs.elements(node, 3 * product(costs.made(node)))


def linear_attention(costs: Costs, node: Any) -> Operation:
    """``LinearAttention``: each step adds k v^T to a state for each head and reads it with q.

    macs = B * steps * key size * value size * (key heads + query heads), and once more for each
    key head where the rule looks up what the state holds already (``delta``). Element operations:
    the decay of the state, the factor and the difference of a delta, the scale of the output.
    """
    query, key, value = (costs.shape(node, at) for at in range(3))
    attributes = costs.attributes(node)
    heads, groups = attributes["q_num_heads"], attributes["kv_num_heads"]
    rule = attributes.get("update_rule", b"gated_delta")
    d_key, d_value = key[-1] // groups, value[-1] // groups
    steps = query[0] * query[1]
    corrects, decays = b"delta" in rule, b"gated" in rule
    state = d_key * d_value
    return costs.macs(
        node,
        steps * state * (groups * (1 + corrects) + heads),
        element_ops=steps * (groups * (decays * state + corrects * 2 * d_value) + heads * d_value),
        mixes=d_key,
    )
