"""Randomness is a function of where we are."""

import numpy as np
import torch

from etude.training.randomness import key, order, reseed


def test_order_is_a_permutation_that_depends_on_seed_and_epoch_alone():
    one = order(0, 3, 1000)
    np.random.seed(5)
    torch.manual_seed(5)
    assert (order(0, 3, 1000) == one).all()
    assert sorted(one) == list(range(1000))
    assert (order(0, 4, 1000) != one).any()
    assert (order(1, 3, 1000) != one).any()


def test_keys_differ_by_place():
    keys = {key(s, w, i) for s in range(3) for w in ("step", "order") for i in range(50)}
    assert len(keys) == 300
    assert all(0 <= k < 2**63 for k in keys)


def test_reseed_forgets_what_was_drawn_before():
    reseed(0, "step", 7)
    wanted = torch.rand(5)
    torch.rand(100)
    reseed(0, "step", 7)
    assert torch.equal(torch.rand(5), wanted)
    reseed(0, "step", 8)
    assert not torch.equal(torch.rand(5), wanted)
