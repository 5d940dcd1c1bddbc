"""Linear baselines on numbers of any type, scale and offset, and on too few of them."""

import warnings

import numpy as np
import pytest

from etude.data.dataset import Split
from etude.tasks import linear
from etude.tasks.classify import Classify
from etude.tasks.linear import Even, away

MOVED = {
    "as they are": lambda x: x,
    "tiny": lambda x: x * 1e-200,
    "huge": lambda x: x * 1e200,
    "small spread on a large offset": lambda x: 1e9 + x * 1e-3,
    "64-bit stamps": lambda x: np.int64(2**62) + np.round(x * 100).astype(np.int64),
    "unsigned, across the middle": lambda x: (
        np.round(x * 100).astype(np.int64).view(np.uint64) + np.uint64(2**63)
    ),
    "two scales": lambda x: x * [1e-12, 1.0, 1e12],
}


def separable() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    y = np.arange(200) % 2
    return random.normal(size=(200, 3)) + 1.5 * y[:, None], y


@pytest.mark.parametrize("name", MOVED)
def test_scale_offset_and_type_change_no_baseline(name):
    x, y = separable()
    wanted = linear.classes(Split(x[:100], y[:100]), Split(x[100:], y[100:]))
    moved = MOVED[name](x)
    found = linear.classes(Split(moved[:100], y[:100]), Split(moved[100:], y[100:]))
    assert (found == wanted).mean() >= 0.98  # rounding to hundredths moves a few
    values = x @ [1.0, -2.0, 0.5]
    said = linear.values(moved[:100], values[:100], moved[100:])
    assert said[:, 0] == pytest.approx(values[100:], abs=0.05)


def test_float32_would_have_lost_them():
    """The saboteur: the same numbers by way of float32 tell nothing."""
    x, _ = separable()
    for name in ("small spread on a large offset", "64-bit stamps"):
        assert len(np.unique(MOVED[name](x).astype(np.float32))) < 20
        assert len(np.unique(away(MOVED[name](x), MOVED[name](x)[:1]))) > 100


def test_differences_of_64_bit_integers_are_exact():
    random = np.random.default_rng(0)
    for kind in (np.int64, np.uint64):
        info = np.iinfo(kind)
        x = random.integers(info.min, info.max, size=(50, 2), dtype=kind, endpoint=True)
        near = np.concatenate((x[:1], x[:1] ^ kind(1023)))
        exact = np.array([[float(int(a) - int(b)) for a, b in zip(row, x[0])] for row in x])
        assert away(x, x[:1]) == pytest.approx(exact, rel=1e-15)
        wanted = [int(a) - int(b) for a, b in zip(near[1], near[0])]
        assert away(near, near[:1])[1].tolist() == wanted


def test_made_even_is_scikit_learns():
    from sklearn.preprocessing import StandardScaler

    x = np.random.default_rng(0).normal(size=(40, 5)) * [1, 10, 0.1, 3, 0] + [0, 5, -3, 100, 7]
    even = Even(x[:30])
    assert even(x) == pytest.approx(StandardScaler().fit(x[:30]).transform(x), abs=1e-9)
    assert not even(x)[:, 4].any(), "what never changes becomes 0"


def test_linear_baselines_are_scikit_learns():
    """The test split is moved and stretched: its own mean and spread must not enter."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = separable()
    train, test = x[:100], x[100:] * 3 + 1
    logistic = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(train, y[:100])
    wanted = logistic.predict(test)
    assert 0 < wanted.sum() < 100
    assert (linear.classes(Split(train, y[:100]), Split(test, y[100:])) == wanted).all()
    assert (logistic.predict((test - 1) / 3) != wanted).any(), "the saboteur"
    values = np.sin(train).sum(1)  # not linear, so that the penalty counts
    ridge = make_pipeline(StandardScaler(), RidgeCV(linear.ALPHAS)).fit(train, values)
    predicted = linear.values(train, values, test)
    assert predicted[:, 0] == pytest.approx(ridge.predict(test), rel=1e-6)


def test_targets_of_any_scale():
    x, _ = separable()
    y = x @ [1.0, -2.0, 0.5]
    for scale, offset in ((1e-200, 0.0), (1e200, 0.0), (1e-3, 1e9)):
        said = linear.values(x[:100], y[:100] * scale + offset, x[100:])
        assert (said[:, 0] - offset) / scale == pytest.approx(y[100:], abs=0.01)


ODD = {
    "30 classes of two": (np.repeat(np.arange(30), 2), np.repeat(np.arange(30), 2)),
    "one class": (np.zeros(6, int), np.arange(30).repeat(2)),
    "a sample a class": (np.arange(5), np.arange(5)),
    "two samples": (np.arange(2), np.arange(2)),
}


@pytest.mark.parametrize("axes", [(4,), (12, 2)], ids=["vectors", "sequences"])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_no_warning_and_no_error_for_too_few(name, constant, axes):
    train, test = ODD[name]
    random = np.random.default_rng(0)
    x, seen = (random.normal(size=(len(y), *axes)) * (not constant) for y in (train, test))
    task = Classify(tuple(map(str, range(30))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = task.baseline(Split(x, train), Split(seen, test))
    assert len(found.all) == 2 + (len(axes) == 2)
    assert all(0 <= share <= 1 for share in found.scores.values())


def test_other_warnings_are_not_swallowed():
    with pytest.warns(RuntimeWarning), linear.quiet_fit():
        warnings.warn("something else", RuntimeWarning, stacklevel=1)
    with pytest.warns(UserWarning, match="something else"), linear.quiet_fit():
        warnings.warn("something else", UserWarning, stacklevel=1)


def test_what_stands_beyond_a_sequences_length_is_not_read():
    random = np.random.default_rng(0)
    x, lengths, y = random.normal(size=(40, 8, 2)), 1 + np.arange(40) % 8, np.arange(40) % 2
    beyond = np.arange(8) >= lengths[:, None]
    clean, dirty = np.where(beyond[..., None], 0, x), np.where(beyond[..., None], np.nan, x)
    one, two = (Split(part, y, lengths) for part in (clean, dirty))
    task = Classify(("a", "b"))
    assert task.baseline(two, two) == task.baseline(one, one)
