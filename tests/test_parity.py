"""The comparing helper itself: it must fail for a wrong answer."""

import pytest
import torch

from tests.parity import assert_parity, assert_same


def test_equal_functions_pass():
    assert_parity(torch.sin, lambda x: x.sin(), [torch.randn(3, 4)])


@pytest.mark.parametrize(
    "saboteur",
    [
        lambda x: x.sin() + 1e-3,
        lambda x: x.sin().double(),
        lambda x: x.sin()[:2],
        lambda x: x.sin().detach() + 0 * x,
        lambda x: x.sin() + (x.cos() - x.cos().detach()),
    ],
    ids=["value", "dtype", "shape", "gradient", "gradient-only"],
)
def test_a_wrong_function_fails(saboteur):
    with pytest.raises((AssertionError, RuntimeError)):
        assert_parity(saboteur, torch.sin, [torch.randn(3, 4)])


def test_nan_is_not_the_same_as_a_number():
    with pytest.raises(AssertionError):
        assert_same(torch.tensor([1.0, float("nan")]), torch.tensor([1.0, 2.0]))
