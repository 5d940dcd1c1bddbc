"""Schedules against torch's, and their ends."""

import pytest
import torch

from etude.training.schedule import FLOOR, factor


def theirs(make, total):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_onecycle_equals_torch():
    total = 80
    wanted = theirs(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, 1.0, total_steps=total, pct_start=0.25, div_factor=25,
            final_div_factor=1 / (25 * FLOOR), cycle_momentum=False,
        ),
        total,
    )  # fmt: skip
    assert [factor("onecycle", s, total, 0.25) for s in range(total)] == pytest.approx(wanted)


def test_cosine_equals_torch():
    total = 50
    wanted = theirs(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, total - 1, eta_min=FLOOR), total
    )
    assert [factor("cosine", s, total, 0.0) for s in range(total)] == pytest.approx(wanted)


def test_warm_up_rises_to_one_and_constant_stays():
    found = [factor("constant", s, 100, 0.1) for s in range(100)]
    assert found[:10] == sorted(found[:10])
    assert 0 < found[0] < found[9] < 1
    assert set(found[10:]) == {1.0}


@pytest.mark.parametrize("kind", ["cosine", "onecycle"])
@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_short_runs_have_rates_too(kind, total):
    assert all(0 < factor(kind, s, total, 0.25) <= 1 for s in range(total))


def test_a_cosine_after_a_warm_up_equals_torchs():
    """LinearLR from 1 / (rise + 1), joined to CosineAnnealingLR by SequentialLR."""
    total, rise = 60, 12

    def joined(optimizer):
        warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / (rise + 1), total_iters=rise)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, total - 1 - rise, eta_min=FLOOR
        )
        return torch.optim.lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], [rise])

    wanted = theirs(joined, total)
    assert [factor("cosine", s, total, 0.2) for s in range(total)] == pytest.approx(wanted)


@pytest.mark.parametrize("kind", ["cosine", "onecycle"])
def test_the_last_step_has_a_thousandth_of_the_maximum(kind):
    assert factor(kind, 99, 100, 0.1) == pytest.approx(1e-3)
