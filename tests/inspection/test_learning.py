"""What a report claims of training, each rule on both sides, with invented epochs."""

import numpy as np
import pytest

from etude.inspection import learning
from etude.inspection.learning import (
from etude.results import EpochRow, PhaseRow, Sizes
    FEW_STEPS,
    best_epoch,
    fit,
    only_class,
    overfitting,
    small,
    under_trained,
)


def epochs(train, val, steps=50, **measures):
    """Rows of these losses, `steps` steps each."""
    return [
        EpochRow(
            epoch=i + 1,
            step=steps * (i + 1),
            train={"classify": PhaseRow(loss=float(a)), "other": PhaseRow(loss=9.0)},
            val={"loss": float(b), **{k: float(v[i]) for k, v in measures.items()}},
        )
        for i, (a, b) in enumerate(zip(train, val, strict=True))
    ]


FALLS = np.geomspace(2.0, 0.02, 20)
RISES = [1.5, 1.0, 0.6, 0.5, *np.linspace(0.52, 1.0, 16)]


@pytest.mark.parametrize(
    ("train", "val", "overfits"),
    [
        (FALLS, RISES, True),  # training falls while validation rises
        (FALLS, FALLS, False),  # both fall
        (FALLS, [1.5, 1.0, 0.6, *[0.5] * 17], False),  # validation stays
        (FALLS, [1.5, 1.0, 0.5, *np.linspace(0.5, 0.6, 17)], False),  # it rises by a fifth only
        ([2.0, 1.0, 0.9, *[0.5] * 17], RISES, False),  # training has stopped, far from zero
        ([2.0, *[0.02] * 19], RISES, True),  # training has stopped, near zero
        (np.linspace(2.0, 4.0, 20), np.linspace(1.0, 3.0, 20), False),  # training diverges
        (FALLS, [*[0.5] * 19, 1.0], False),  # one bad epoch at the end is noise
        (FALLS, [1.0, 1e-6, *[2e-6] * 18], False),  # next to nothing, twice
        ([1.0], [1.0], False),
    ],
)
def test_overfitting_needs_training_that_falls_while_validation_rises(train, val, overfits):
    assert (overfitting(epochs(train, val)) is not None) == overfits


def test_the_numbers_of_overfitting_are_those_of_the_epochs():
    found = overfitting(epochs(FALLS, RISES))
    assert found == {
        "epoch": 4,
        "low": 0.5,
        "end": 1.0,
        "then": pytest.approx(FALLS[3]),
        "train": pytest.approx(0.02),
    }


@pytest.mark.parametrize(
    ("train", "val", "steps", "why"),
    [
        (np.linspace(2.0, 0.8, 20), np.linspace(2.0, 0.9, 20), 100, "falling"),
        (np.linspace(2.0, 0.8, 20), [2.0, *[1.0] * 19], 100, None),  # validation stays
        ([2.0, *[0.8] * 19], np.linspace(2.0, 0.9, 20), 100, None),  # training stays
        (np.geomspace(2.0, 0.001, 20), np.geomspace(2.0, 0.001, 20), 100, None),  # near zero
        (FALLS, RISES, 100, None),  # overfits
        ([2.0, *[1.5] * 19], [2.0, *[1.5] * 19], 10, "few"),
        ([2.0, *[0.5] * 19], [2.0, *[0.5] * 19], 10, None),  # learned in few steps
        ([2.0, *[1.5] * 19], [2.0, *[1.5] * 19], 20, None),  # enough steps
        ([2.0], [2.0], 20, "few"),  # one epoch
        ([2.0], [2.0], 4000, None),
    ],
)
def test_training_was_too_short_where_it_was(train, val, steps, why):
    found = under_trained(epochs(train, val, steps), "accuracy")
    assert (found and found["why"]) == why


@pytest.mark.parametrize(("constant", "value"), [("ROSE", 3.0), ("LEAST_RISE", 1.0), ("FELL", 0.0)])
def test_every_limit_of_overfitting_counts(monkeypatch, constant, value):
    """The saboteur: a rule with one of its numbers wrong does not find what is there."""
    monkeypatch.setattr(learning, "NEAR_ZERO", 0.0)
    assert overfitting(epochs(FALLS, RISES))
    monkeypatch.setattr(learning, constant, value)
    assert not overfitting(epochs(FALLS, RISES))


@pytest.mark.parametrize(("constant", "value"), [("FALLING", 0.9), ("VAL_FALLING", 0.9)])
def test_every_limit_of_falling_counts(monkeypatch, constant, value):
    rows = epochs(np.linspace(2.0, 0.8, 20), np.linspace(2.0, 0.9, 20), 100)
    assert under_trained(rows, "accuracy")
    monkeypatch.setattr(learning, constant, value)
    assert not under_trained(rows, "accuracy")


def test_the_advice_has_the_epochs_that_mend_it():
    few = under_trained(epochs([2.0, 1.9], [2.0, 1.9], 1), "accuracy")
    assert few["more"] == 1500, "as many as make 1,500 steps"
    falling = under_trained(
        epochs(np.linspace(2, 0.8, 20), np.linspace(2, 0.9, 20), FEW_STEPS), "accuracy"
    )
    assert falling["more"] == 40
    assert not under_trained([], "accuracy")


def test_a_run_without_validation_loss_is_judged_by_its_goal():
    rows = epochs(np.linspace(2, 0.8, 20), np.zeros(20), 100, mae=np.linspace(2, 0.8, 20))
    for row in rows:
        del row.val["loss"]
    assert under_trained(rows, "mae")["why"] == "falling"
    assert overfitting(rows) is None


def test_the_best_epoch_is_that_of_the_goal():
    rows = epochs([1, 1, 1], [3, 2, 1], accuracy=[0.5, 0.9, 0.9], mae=[0.5, 0.9, 0.1])
    assert best_epoch(rows, "accuracy") == 2
    assert best_epoch(rows, "mae") == 3


def test_small_splits_are_found():
    assert small(Sizes(train=5, val=29, test=30)) == {"val": 29}
    assert small(Sizes(train=5, val=30, test=3)) == {"test": 3}
    assert small(None) == {}


def test_one_class_for_all_is_found():
    assert only_class({"confusion": [[0, 5, 0], [0, 9, 0], [0, 1, 0]]}) == 1
    assert only_class({"confusion": [[0, 5, 0], [1, 9, 0], [0, 1, 0]]}) is None
    assert only_class({"confusion": [[5, 0], [0, 0]]}) is None, "there is nothing to tell apart"
    assert only_class({}) is None


def test_whether_the_training_data_are_fit():
    assert fit(epochs([2.0, 1.5, 0.9], [2.0, 2.0, 2.0]))["fits"]
    assert not fit(epochs([2.0, 1.5, 1.1], [2.0, 2.0, 2.0]))["fits"]
    # The first epoch of large data is a trained one: what validation began with counts too.
    assert fit(epochs([1.0, 0.9, 0.9], [2.0, 2.0, 2.0]))["fits"]
    assert fit([]) is None
