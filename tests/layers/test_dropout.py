"""Dropout against its definition: the share, the scale, the gradient, and torch's own."""

import pytest
import torch

from etude.layers.dropout import Dropout, dropout, scaled_mask


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_the_share_and_the_scale_are_as_asked(p, dtype):
    torch.manual_seed(0)
    mask = scaled_mask(torch.empty(1001, 999, dtype=dtype), p)
    assert mask.dtype == dtype
    assert mask.shape == (1001, 999)
    values = mask.unique()
    assert len(values) == 2
    assert values[0] == 0
    assert float(values[1]) == pytest.approx(1 / (1 - p), rel=1e-2 if dtype.itemsize == 2 else 1e-4)
    share = float((mask == 0).double().mean())
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / mask.numel()) ** 0.5 + 1 / 65536)


def test_units_fall_out_independently_of_their_neighbours():
    """One draw decides for four units: they must not agree more than chance."""
    torch.manual_seed(0)
    mask = (scaled_mask(torch.empty(400_000), 0.3) == 0).double().view(-1, 4)
    together = torch.corrcoef(mask.T) - torch.eye(4)
    assert together.abs().max() < 5 / 100_000**0.5


def test_the_share_check_can_fail():
    """Of whole non-negative draws every fourth unit would have its highest bit clear."""
    torch.manual_seed(0)
    words = torch.empty(100_000, dtype=torch.int64).random_().view(torch.int16)
    assert abs(float((words < round(0.2 * 65536) - 32768).double().mean()) - 0.2) > 0.04


def test_the_gradient_passes_where_the_unit_did():
    x = torch.randn(64, 50, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(3)
    y = dropout(x, 0.4)
    y.sum().backward()
    torch.testing.assert_close(y, x * x.grad)
    assert set(x.grad.unique().tolist()) == {0.0, 65536 / (65536 - round(0.4 * 65536))}


def test_eval_mode_and_p_zero_leave_x_alone():
    x = torch.randn(5, 7)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_same_seed_gives_the_same_mask_and_another_another():
    x, found = torch.ones(30, 30), []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        found.append(dropout(x, 0.5))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


@pytest.mark.parametrize("shape", [(0, 3), (1,), (3, 5, 7)])
def test_any_number_of_units(shape):
    assert dropout(torch.ones(shape), 0.5).shape == shape
