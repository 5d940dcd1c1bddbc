"""Attention against torch's fused kernel, nn.MultiheadAttention and hand-made values."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from etude.layers import MultiHeadAttention, scaled_dot_product_attention
from etude.layers.attention import explicit_is_faster, fused_attention, visible
from tests.parity import TOLERANCE, assert_parity, assert_same

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


def qkv(dtype=torch.float32, batch=2, heads=3, queries=5, keys=7, width=4):
    return [torch.randn(batch, heads, n, width).to(dtype) for n in (queries, keys, keys)]


def explicit(Q, K, V, mask=None):
    return scaled_dot_product_attention(Q, K, V, mask)[0]


def some_mask():
    mask = torch.rand(2, 3, 5, 7) > 0.4
    mask[..., 0] = True
    return mask


def test_by_hand():
    # One query, two keys: scores sqrt(2) / sqrt(2) = 1 and 0, so weights e/(1+e) and 1/(1+e).
    Q = torch.tensor([[[math.sqrt(2), 0.0]]], dtype=torch.float64)
    K = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
    V = torch.tensor([[[1.0], [0.0]]], dtype=torch.float64)
    out, weights = scaled_dot_product_attention(Q, K, V)
    share = math.e / (1 + math.e)
    assert_same(weights, torch.tensor([[[share, 1 - share]]], dtype=torch.float64))
    assert_same(out, torch.tensor([[[share]]], dtype=torch.float64))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("road", [explicit, fused_attention], ids=["explicit", "fused"])
def test_equals_torch_in_value_and_gradient(road, masked):
    mask = some_mask() if masked else None
    for dtype in (torch.float64, torch.float32):
        assert_parity(
            lambda Q, K, V: road(Q, K, V, mask),
            lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, attn_mask=mask),
            qkv(dtype),
        )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_at_most_twice_as_far_off_as_the_formula(dtype):
    Q, K, V = qkv(dtype)
    exact = F.scaled_dot_product_attention(Q.double(), K.double(), V.double())
    formula = torch.softmax(Q @ K.transpose(-2, -1) / math.sqrt(4), dim=-1) @ V
    ours = explicit(Q, K, V)
    assert ours.dtype == dtype
    far = (ours.double() - exact).abs().max()
    assert far <= 2 * (formula.double() - exact).abs().max()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("road", [explicit, fused_attention], ids=["explicit", "fused"])
def test_a_fully_hidden_row_gives_zeros_and_finite_gradients(road, dtype):
    mask = some_mask()
    mask[0, 1, 2] = False
    mask[1] = False
    leaves = [x.requires_grad_() for x in qkv(dtype)]
    out = road(*leaves, mask)
    assert (out[0, 1, 2] == 0).all()
    assert (out[1] == 0).all()
    assert not (out[0, 0] == 0).any()
    out.double().sum().backward()
    for leaf in leaves:
        assert torch.isfinite(leaf.grad).all()
        assert (leaf.grad[1] == 0).all(), "what is hidden gets no gradient"
        assert leaf.grad[0].abs().sum() > 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_scores_do_not_overflow(dtype):
    Q, K, V = (x * 100 for x in qkv(dtype))
    assert torch.isfinite(explicit(Q, K, V / 100)).all()


def test_hidden_keys_do_not_matter_and_zero_hides():
    Q, K, V = qkv()
    mask = some_mask().int()  # numbers, as in the notes: 0 hides
    before = explicit(Q, K, V, mask)
    hidden = (mask == 0).all(dim=2)[..., None]
    noise = torch.randn_like(K) * 10
    after = explicit(Q, torch.where(hidden, noise, K), torch.where(hidden, noise, V), mask)
    assert_same(after, before)
    one = torch.ones(5, 7, dtype=torch.int)
    one[:, 3:] = 0
    assert (scaled_dot_product_attention(Q, K, V, one)[1][..., 3:] == 0).all()


def test_rows_of_weights_sum_to_one_also_in_training_with_dropout():
    attention = MultiHeadAttention(12, 3, dropout=0.5).train()
    weights = attention.weights(torch.randn(2, 5, 12))
    assert_same(weights.sum(-1), torch.ones(2, 3, 5))
    _, shown = scaled_dot_product_attention(*qkv(), dropout=0.5)
    assert_same(shown.sum(-1), torch.ones(2, 3, 5))


def test_asking_for_weights_changes_no_output():
    attention = MultiHeadAttention(12, 3).eval()
    x = torch.randn(2, 5, 12)
    before = attention(x)
    attention.weights(x)
    assert torch.equal(attention(x), before)


@pytest.mark.parametrize("shape", [(2, 7), (7,), (2, 1, 7), (3, 1, 5, 7), (2, 3, 5, 6)])
def test_a_mask_that_could_land_on_another_axis_is_refused(shape):
    # With as many heads as samples, [N 1 S] would broadcast over the heads without a word.
    with pytest.raises(ValueError, match="does not fit scores"):
        visible(torch.ones(shape), (2, 3, 5, 7))


def test_a_mask_by_sample_hides_by_sample_also_when_there_are_as_many_heads():
    Q, K, V = qkv(batch=3, heads=3)
    keep = torch.ones(3, 7, dtype=torch.bool)
    keep[0, 2:] = False
    weights = scaled_dot_product_attention(Q, K, V, keep[:, None, None, :])[1]
    assert (weights[0, :, :, 2:] == 0).all()
    assert (weights[1:, :, :, 2:] > 0).all()


def test_multi_head_equals_torch_with_its_weights():
    ours = MultiHeadAttention(12, 3).double()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True).double()
    ours.qkv.load_state_dict({"weight": theirs.in_proj_weight, "bias": theirs.in_proj_bias})
    ours.proj.load_state_dict(theirs.out_proj.state_dict())
    keep = torch.rand(2, 7) > 0.3
    keep[:, 0] = True

    def reference(Q, K, V):
        return theirs(Q, K, V, key_padding_mask=~keep, need_weights=False)[0]

    inputs = [torch.randn(2, n, 12, dtype=torch.float64) for n in (5, 7, 7)]
    assert_parity(lambda Q, K, V: ours(Q, K, V, keep[:, None, None, :]), reference, inputs)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    assert_parity(ours, lambda x: theirs(x, x, x, need_weights=False)[0], [x])
    wanted = theirs(x, x, x, average_attn_weights=False)[1]
    assert_same(ours.weights(x), wanted)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_both_roads_of_multi_head_agree_in_half_precision(dtype):
    attention = MultiHeadAttention(12, 3).to(dtype)
    x = torch.randn(2, 5, 12).to(dtype)
    q, k, v = attention.split(x, x, x)
    assert explicit_is_faster(q, k)
    assert not explicit_is_faster(q.float(), k.float())
    assert_same(explicit(q, k, v), fused_attention(q, k, v), **TOLERANCE[dtype])


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match=r"5 heads do not divide the width 12.*1, 2, 3, 4, 6, 12"):
        MultiHeadAttention(12, 5)


def test_dropout_acts_in_training_only():
    attention = MultiHeadAttention(12, 3, dropout=0.5)
    x = torch.randn(2, 5, 12)
    assert not torch.equal(attention.train()(x), attention(x))
    assert torch.equal(attention.eval()(x), attention(x))
