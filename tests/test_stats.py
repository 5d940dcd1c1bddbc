"""Intervals of results and of differences: against scipy and published values, within what is
possible, and right as often as they say, by simulation."""

from math import inf

import numpy as np
import pytest
from scipy import integrate, stats

from etude import registry
from etude.comparison import differences
from etude.comparison.differences import best_against_others
from etude.errors import UsageError
from etude.stats import (
    Metric,
    difference,
    freedom_of,
    judge,
    mean_interval,
    metric_of,
    newcombe,
    quantile,
    wilson,
)

REPEATS = 2000
SETTINGS = {
    "36 samples at 0.75, 2 seeds": ("accuracy", 36, 0.75, 2),
    "36 samples at 0.95, 5 seeds": ("accuracy", 36, 0.95, 5),
    "360 samples at 0.75, 3 seeds": ("accuracy", 360, 0.75, 3),
    "360 samples at 0.95, 2 seeds": ("accuracy", 360, 0.95, 2),
    "360 samples at 0.95, 1 run": ("accuracy", 360, 0.95, 1),
    "an error, 2 seeds": ("mae", None, 1.0, 2),
    "an error, 3 seeds": ("mae", None, 1.0, 3),
    "an error, 5 seeds": ("mae", None, 1.0, 5),
}


# Against others -----------------------------------------------------------------------------------


def test_without_test_samples_intervals_are_scipys():
    a, b = np.array([0.5, 0.52, 0.48, 0.51]), np.array([0.45, 0.43, 0.48])
    wanted = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    for goal in ("accuracy", "mae"):
        np.testing.assert_allclose(difference(a, b, goal), (wanted.low, wanted.high))
    interval = stats.t.interval(0.95, 3, a.mean(), stats.sem(a))
    np.testing.assert_allclose(mean_interval(a), interval)
    np.testing.assert_allclose(mean_interval(a, "mae"), interval)
    assert mean_interval(a[:1]) is None


def test_newcombes_interval_has_its_known_values():
    # R. Newcombe, Stat. Med. 17, 1998, table II, method 10: 56/70 - 48/80.
    assert newcombe(56 / 70, 70, 48 / 80, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("pairs", "freedom"), [(3, 1), (45, 1.3), (10, 2), (21, 3.7), (3, 10), (45, 20), (45, 380)]
)
def test_the_quantile_is_that_of_the_largest_of_studentised_normals(pairs, freedom):
    """Its probability, integrated over the density of S, is 95 %."""

    def density(u):
        inside = 2 * stats.norm.cdf(quantile(pairs, freedom) * np.sqrt(u / freedom)) - 1
        return inside**pairs * stats.chi2.pdf(u, freedom)

    low, high = stats.chi2.ppf((1e-12, 1 - 1e-12), freedom)
    inside, _ = integrate.quad(density, low, high, limit=500, points=[freedom])
    assert inside == pytest.approx(0.95, abs=1e-3)


def test_the_quantile_has_its_known_values():
    for freedom in (1, 2.5, 30):
        assert quantile(1, freedom) == pytest.approx(stats.t.ppf(0.975, freedom))
    for pairs in (1, 3, 45):  # without estimation: Z. Sidak, J. Am. Stat. Assoc. 62, 1967
        wanted = stats.norm.ppf((1 + 0.95 ** (1 / pairs)) / 2)
        assert quantile(pairs, inf) == pytest.approx(wanted, rel=1e-6)


def test_on_a_huge_test_split_intervals_are_scipys():
    """Then the test samples leave nothing open, and the seeds alone remain."""
    a, b, huge = np.array([0.5, 0.52, 0.48, 0.51]), np.array([0.45, 0.43, 0.48]), 10**14
    low, high = mean_interval(a, "accuracy", huge)
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 3, a.mean(), stats.sem(a)))
    wanted = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    found = difference(a, b, "accuracy", (huge, huge))
    assert found == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize(
    ("sure", "seeds", "freedom"), [(1.0, 0.5, 2), (0.1, 0.5, 4), (0.0, 2.0, 3)]
)
def test_degrees_of_freedom_are_those_of_a_chi_square_with_equal_moments(sure, seeds, freedom):
    """A chi-square with f degrees has the mean f and the variance 2 f, so f is 2 mean^2 / variance
    of the sum in whatever unit."""
    drawn = sure + seeds * stats.chi2.rvs(freedom, size=400_000, random_state=0) / freedom
    assert freedom_of(sure, seeds, freedom) == pytest.approx(
        2 * drawn.mean() ** 2 / drawn.var(), rel=0.02
    )


def test_for_several_pairs_degrees_of_freedom_are_rounded_down():
    for sure in np.linspace(0, 30, 50):
        exact, rounded = (freedom_of(sure, 1.0, 2, pairs) for pairs in (1, 3))
        assert rounded <= exact or exact >= 400
        assert rounded >= exact - (0.1 if exact < 40 else 20)


def test_intervals_of_several_pairs_are_wider_by_the_quantile():
    a, b = [0.5, 0.52, 0.48], [0.45, 0.43, 0.48]
    for pairs in (3, 10):
        one, many = difference(a, b, "mae"), difference(a, b, "mae", pairs=pairs)
        freedom = stats.ttest_ind(a, b, equal_var=False).df
        wanted = quantile(pairs, np.floor(10 * freedom) / 10) / quantile(1, freedom)
        assert (many[1] - many[0]) / (one[1] - one[0]) == pytest.approx(wanted)


# Within what is possible --------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [None, 1, 7, 36, 10_000])
def test_an_interval_stays_within_what_is_possible_and_has_a_width(samples):
    random = np.random.default_rng(0)
    for seeds in (1, 2, 3, 5):
        for p in (0.0, 0.03, 0.5, 0.75, 0.97, 1.0):
            count = samples or 36
            values = random.binomial(count, p, seeds) / count
            found = mean_interval(values, "accuracy", samples)
            if found is None:
                assert samples is None
                assert seeds == 1 or not values.std()
                continue
            low, high = found
            assert 0 <= low < high <= 1
            assert low <= values.mean() <= high + 1e-12
            other = random.binomial(count, 0.5, seeds) / count
            ends = difference(values, other, "accuracy", (samples, samples))
            assert ends is None or -1 <= ends[0] < ends[1] <= 1
    assert mean_interval(np.array([0.1, 0.9]), "mae")[0] == 0, "no error is below zero"
    assert mean_interval(np.array([0.1, 3.0]), "mae")[1] > 1


def test_more_seeds_do_not_lessen_what_the_test_samples_leave_open():
    many = mean_interval(np.full(1000, 0.75), "accuracy", 36)
    np.testing.assert_allclose(many, wilson(27, 36), atol=1e-12)
    assert mean_interval(np.array([0.75]), "accuracy", 36) == pytest.approx(wilson(27, 36))


def test_equal_seeds_prove_nothing():
    a, b = [35 / 36] * 2, [34 / 36] * 2
    [pair] = best_against_others({"a": a, "b": b}, "accuracy")
    assert (pair.verdict, pair.interval) == ("untold", None)
    [pair] = best_against_others({"a": a, "b": b}, "accuracy", 36)
    assert pair.verdict == "none"
    # R. Newcombe's method 10 for 35/36 - 34/36.
    assert pair.interval == pytest.approx((-0.09, 0.16), abs=0.01)
    [pair] = best_against_others({"a": [0.1 + 0.2] * 2, "b": [0.31] * 2}, "mae")
    assert pair.verdict == "untold", "nor do equal errors"
    [pair] = best_against_others({"a": [0.5] * 2, "b": [0.5] * 2}, "mae")
    assert pair.verdict == "none", "the same is no difference"
    assert mean_interval(np.array([0.3, 0.3]), "mae") is None


def test_one_run_beside_several_borrows_their_spread():
    several, one = [0.5, 0.6, 0.7], [0.9]
    for a, b in ((several, one), (one, several)):
        low, high = difference(a, b, "mae")
        half = stats.t.ppf(0.975, 2) * 0.1 * np.sqrt(1 + 1 / 3)
        assert (low + high) / 2 == pytest.approx(np.mean(a) - np.mean(b))
        assert (high - low) / 2 == pytest.approx(half)
    assert difference([0.5, 0.5], one, "mae") is None


# As often right as they say -----------------------------------------------------------------------


def contenders(random, k, goal, samples, p, seeds):
    """Results of k identical contenders."""
    if goal == "mae":
        values = random.normal(10 * p, p, (k, seeds))
    else:
        values = random.binomial(samples, p, (k, seeds)) / samples
    return {str(i): row.tolist() for i, row in enumerate(values)}


def false_claims(k, setting, repeats):
    """Of so many comparisons of k identical contenders: those that claim a difference."""
    random = np.random.default_rng(k)
    goal, samples, *_ = setting
    return sum(
        any(
            pair.verdict == "some"
            for pair in best_against_others(contenders(random, k, *setting), goal, samples)
        )
        for _ in range(repeats)
    )


@pytest.mark.parametrize("k", [2, 7])
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_identical_contenders_are_seldom_called_different(k, setting):
    """The short form of the simulation below: the lower bound is not above 5 %."""
    claims = false_claims(k, setting, 200)
    assert wilson(claims, 200)[0] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("k", range(2, 11))
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_identical_contenders_are_called_different_in_5_percent_at_most(k, setting):
    """2,000 comparisons each; the upper 95 % bound is at most 6.5 %."""
    claims = false_claims(k, setting, REPEATS)
    assert wilson(claims, REPEATS)[1] <= 0.065


def test_the_simulation_finds_intervals_that_are_not_corrected(monkeypatch):
    """The saboteur: Welch's interval pair by pair, and zero wide where seeds are equal."""

    def plain(a, b, goal, samples=(None, None), pairs=1, spread=0.0):
        gap = np.mean(a) - np.mean(b)
        return difference(a, b, goal) or (gap, gap)

    monkeypatch.setattr(differences.stats, "difference", plain)
    for setting in (SETTINGS["36 samples at 0.75, 2 seeds"], SETTINGS["an error, 5 seeds"]):
        assert wilson(false_claims(7, setting, 200), 200)[0] > 0.065


def test_different_spreads_do_not_raise_false_claims():
    """One contender varies ten times as much as the others, which is what Welch is for."""
    random, claims = np.random.default_rng(0), 0
    for _ in range(400):
        spreads = np.array([10.0, 1, 1, 1])[:, None]
        values = random.normal(100, spreads, (4, 3))
        rows = best_against_others({str(i): row for i, row in enumerate(values)}, "mae")
        claims += any(row.verdict == "some" for row in rows)
    assert wilson(claims, 400)[0] <= 0.05


@pytest.mark.parametrize("k", [2, 3, 7])
def test_what_is_different_is_called_so(k):
    """0.95 against 0.80 on 359 test samples with 3 seeds, in nine cases of ten at least."""
    random = np.random.default_rng(k)
    told = 0
    for _ in range(200):
        shares = np.array([0.95] + [0.80] * (k - 1))[:, None]
        values = random.binomial(359, shares, (k, 3)) / 359
        rows = best_against_others({str(i): row for i, row in enumerate(values)}, "accuracy", 359)
        told += all(row.first == "0" and row.verdict == "some" for row in rows)
    assert told >= 180


def test_the_share_of_intervals_that_hold_the_truth():
    """Seeds and test samples both vary: each test split makes all networks of a group better or
    worse, each seed one network. The interval over seeds alone misses the truth too often."""
    random, held, naive = np.random.default_rng(0), 0, 0
    for _ in range(400):
        easy = random.beta(4, 1, 100)  # how often a network gets each test sample right
        skill = random.normal(0, 0.02, (5, 1))
        right = random.uniform(size=(5, 100)) < np.clip(easy + skill, 0, 1)
        values = right.mean(1)
        low, high = mean_interval(values, "accuracy", 100)
        held += low <= 0.8 <= high
        low, high = mean_interval(values, "accuracy")
        naive += low <= 0.8 <= high
    assert held >= 0.95 * 400
    assert naive < 0.93 * 400


# Beside a baseline --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "naive", "goal", "samples", "wanted"),
    [
        (0.972, 0.972, "accuracy", 359, "tie"),
        (0.972, 0.972, "accuracy", None, "tie"),
        (0.975, 0.972, "accuracy", 359, "tie"),
        (0.975, 0.970, "accuracy", 100_000, "better"),
        (0.970, 0.975, "accuracy", 100_000, "worse"),
        (0.90, 0.96, "accuracy", 1000, "much worse"),
        (0.40, 0.80, "accuracy", 359, "much worse"),
        (0.80, 0.40, "accuracy", 359, "better"),
        (0.40, 0.80, "accuracy", 5, "tie"),
        (1.0, 1.0, "accuracy", 10, "tie"),
        (0.5, 0.5, "mae", None, "tie"),
        (0.502, 0.5, "mae", None, "tie"),
        (0.498, 0.5, "mae", None, "tie"),
        (0.6, 0.5, "mae", None, "worse"),
        (1.0, 0.5, "mae", None, "much worse"),
        (0.3, 0.5, "mae", None, "better"),
        (0.0, 0.0, "mae", None, "tie"),
        (1e-9, 0.0, "mae", None, "much worse"),
        (0.0, 1e-9, "reconstruction", None, "better"),
        (0.02, 0.0099, "reconstruction", None, "much worse"),
    ],
)
def test_a_result_is_judged_beside_its_baseline(value, naive, goal, samples, wanted):
    assert judge(value, naive, goal, samples) == wanted


def test_the_judgement_turns_round_with_its_sides():
    random = np.random.default_rng(0)
    for _ in range(300):
        a, b = random.uniform(0, 1, 2)
        for goal in ("accuracy", "mae"):
            one, two = judge(a, b, goal, 50), judge(b, a, goal, 50)
            assert (one == "tie") == (two == "tie")
            assert (one == "better") == two.endswith("worse")


def test_the_metric_of_a_goal_is_that_of_its_task():
    for name in registry.names("task"):
        metric = registry.load("task", name).metric
        assert metric_of(metric.name) == metric
        assert not (metric.share and metric.lower_is_better), "a share is better if it is higher"
    assert metric_of("accuracy") == Metric("accuracy", lower_is_better=False, share=True)
    assert metric_of("mae").lower_is_better
    with pytest.raises(UsageError, match="ETUDE_PLUGINS"):
        metric_of("nothing")
