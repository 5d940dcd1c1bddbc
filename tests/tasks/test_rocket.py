"""Random convolutions beside a plain loop over kernels, sequences, steps and weights."""

import numpy as np
import pytest

from etude.data.dataset import Split
from etude.tasks import linear, rocket
from etude.tasks.classify import Classify
from etude.tasks.regress import Regress
from etude.tasks.rocket import Features, Group, kernels, transform


def by_hand(x: np.ndarray, lengths: np.ndarray, groups: list[Group]) -> np.ndarray:
    """The features of the paper, one number after another."""
    rows = []
    for sample, length in zip(x, lengths):
        row: list[float] = []
        for group in groups:
            largest, shares = [], []
            for weights, bias in zip(group.weights, group.bias):
                size, outputs = weights.shape[1], []
                first, last = -group.padding, length + group.padding - (size - 1) * group.dilation
                for start in range(first, last):
                    total = bias
                    for tap in range(size):
                        step = start + tap * group.dilation
                        if 0 <= step < length:
                            total += weights[:, tap] @ sample[step]
                    outputs.append(total)
                largest.append(max(outputs, default=0.0))
                shares.append(sum(out > 0 for out in outputs) / max(len(outputs), 1))
            row += largest + shares
        rows.append(row)
    return np.array(rows)


def hidden(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.where((np.arange(x.shape[1]) < lengths[:, None])[..., None], x, 0).astype(np.float32)


@pytest.mark.parametrize(("length", "features"), [(30, 1), (30, 5), (8, 2), (1, 1)])
def test_features_equal_a_plain_loop(length, features):
    random = np.random.default_rng(0)
    lengths = np.array([length, max(1, length // 3), max(1, length - 1)])
    x = hidden(random.normal(size=(3, length, features)), lengths)
    groups = kernels(40, length, features)
    found, wanted = transform(x, lengths, groups), by_hand(x, lengths, groups)
    assert found.shape == (3, 80)
    assert found == pytest.approx(wanted, abs=1e-5)
    whole = np.full(3, length)
    if length > 2:  # the saboteur: padding read as steps
        assert transform(x, whole, groups) != pytest.approx(wanted, abs=1e-5)


def test_kernels_are_drawn_as_in_the_paper():
    groups = kernels(4000, 101, 6)
    sizes = dict.fromkeys(rocket.SIZES, 0)
    padded = 0
    for group in groups:
        count, features, size = group.weights.shape
        sizes[size] += count
        padded += count * (group.padding > 0)
        assert (size - 1) * group.dilation <= 100
        assert group.padding in (0, (size - 1) * group.dilation // 2)
        assert group.weights.sum(2) == pytest.approx(0, abs=1e-12)
        assert (np.abs(group.bias) <= 1).all()
        read = (group.weights != 0).any(2).sum(1)
        assert (read >= 1).all() and (read <= features).all()
    assert all(1200 < count < 1470 for count in sizes.values())
    assert 1870 < padded < 2130
    spread = np.concatenate([g.weights[(g.weights != 0).any(2)].ravel() for g in groups]).std()
    assert spread == pytest.approx(np.sqrt(8 / 9), rel=0.02)  # a mean of 9 taken away, on average
    assert {1, 2, 4, 8} <= {group.dilation for group in groups}


def waves(count: int, seed: int) -> Split:
    """Two frequencies at any phase, which no linear map tells apart."""
    random = np.random.default_rng(seed)
    y = np.arange(count) % 2
    phase = (
        2 * np.pi * (np.arange(40) * np.where(y, 0.13, 0.08)[:, None] + random.random((count, 1)))
    )
    x = np.sin(phase) + 0.3 * random.normal(size=(count, 40))
    return Split(x[..., None].astype(np.float32), y)


def test_it_beats_the_linear_map_where_phase_is_free_and_is_the_same_each_time():
    train, test = waves(60, 0), waves(200, 1)
    predicted = rocket.classes(train, test)
    assert (predicted == test.y).mean() > 0.95
    assert (linear.classes(train, test) == test.y).mean() < 0.75
    assert (rocket.classes(train, test) == predicted).all()
    baselines = Classify(("slow", "fast")).baseline(train, test)
    assert baselines.best.kind == "rocket" and not baselines.thinned
    assert set(baselines.scores) == {"majority", "logistic", "rocket"}


def test_values_of_sequences_have_it_too():
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 30, 1))
    y = np.abs(x).max(1)
    baselines = Regress((0.0,), (1.0,), "").baseline(Split(x[:80], y[:80]), Split(x[80:], y[80:]))
    assert baselines.scores["rocket"] < 0.8 * baselines.scores["ridge"]


def test_lengths_are_respected():
    train, random = waves(40, 0), np.random.default_rng(2)
    lengths = random.integers(20, 41, 40)
    beyond = np.arange(40) >= lengths[:, None]
    found = [
        Features(Split(np.where(beyond[..., None], fill, train.x), train.y, lengths),
                 np.arange(40), 40).train
        for fill in (0.0, np.nan, 1e30)
    ]  # fmt: skip
    assert np.isfinite(found[0]).all()
    assert (found[0] == found[1]).all() and (found[0] == found[2]).all()


def test_large_data_take_fewer_kernels_and_steps():
    """Cost is held by what is counted, not by a clock."""
    for count, length, features in ((20_000, 600, 8), (2000, 100, 1), (40, 30, 2)):
        x = np.zeros((50, length, features), np.float32)
        found = Features(Split(x, np.zeros(50, int)), np.arange(50), count)
        number = sum(len(group.bias) for group in found.groups)
        steps = -(-length // found.stride)
        assert rocket.FEWEST <= number <= rocket.MOST
        assert count * steps * features * number * 9 <= 1.5 * rocket.PRODUCTS
    assert found.stride == 1 and number == rocket.MOST
