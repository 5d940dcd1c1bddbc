"""Confidence intervals of test results and of their differences, and the judgement of a result
against a baseline. Numbers only; `comparison/differences.py` puts them into words.

A group is the test results of one contender, one per seed, on one test split of n samples. Its mean
is uncertain for two reasons, whose variances add:

- seeds. Another seed gives another network: s^2/m for m seeds.
- test samples. Another test split of n samples would be easier or harder for all seeds alike, so
  more seeds do not reduce this variance: at most p(1-p)/n for a share p.

This is the crossed model result = contender + sample + seed + residual, where the variance between
seeds contains that of seed and residual. X. Bouthillier et al., "Accounting for Variance in Machine
Learning Benchmarks", MLSys 2021, show that both sources matter. The sum has F. Satterthwaite's
degrees of freedom (Biometrics Bulletin 2, 1946), as in B. L. Welch's interval of a difference
(Biometrika 34, 1947), which does not assume equal variances. The part of the samples is E. B.
Wilson's interval (1927), for a difference R. Newcombe's (Stat. Med. 17, 1998, method 10); the parts
are added in squares on each side (G. Zou, A. Donner, Stat. Med. 27, 2008). Contenders share the
test samples, and easy samples are easy for all of them, so the true uncertainty of a difference is
somewhat smaller than this interval, never larger.

Other metrics (mae, reconstruction) have the seeds' part only. If it is unknown (one seed), or zero
by chance (equal results), there is no interval.

Several comparisons: the best contender is selected after looking at the results, so the intervals
hold for all k(k-1)/2 pairs together, by the studentised maximum modulus (C. Dunnett's T3, J. Am.
Stat. Assoc. 75, 1980). Equal contenders are called different in at most 5 % of comparisons; with
two seeds and standard deviations that differ by a factor of ten, in up to 10 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, inf, isfinite, sqrt
from typing import Literal

import numpy as np

from etude import registry
from etude.errors import UsageError
from etude.locale.texts import text

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, for two-sided 95 % intervals."""
CLOSE = 0.01
"""Relative difference up to which two errors count as equal, since they have no interval."""
TWICE = 2.0
"""A result with at least this multiple of the baseline's error is called much worse."""

Interval = tuple[float, float]
Judgement = Literal["better", "tie", "worse", "much worse"]


@dataclass(frozen=True)
class Metric:
    """The number by which the results of a task are compared.

    name: its key in results. share: whether it is a proportion of the test samples, or a mean of
    such proportions; then it has an interval from one run, and is written in percent. Any other
    metric is an error or a score in units of the data. A task that can be compared by other metrics
    than its `metric` lists them as `other_metrics`.
    """

    name: str
    lower_is_better: bool
    share: bool = False


def metric_of(goal: str) -> Metric:
    """The metric of this name, from the task that declares it: a result has the name only.

    Raises UsageError if no task declares it.
    """
    for task in registry.names("task"):
        kind = registry.load("task", task)
        metrics: tuple[Metric, ...] = (kind.metric, *getattr(kind, "other_metrics", ()))
        for metric in metrics:
            if metric.name == goal:
                return metric
    raise UsageError(text("stats.metric", name=goal), do=registry.HINT)


def wilson(hits: int | float, count: int | float, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of the share hits/count, 95 % for the default quantile z.

    hits: an integer for one run, the mean number of hits for several runs.
    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 1927.
    """
    share, z2 = hits / count, z**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = z * sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_share_interval(shares: np.ndarray, counts: np.ndarray) -> Interval:
    """The 95 % interval of the mean of k independent shares [k] of counts [k] samples, such as the
    recalls of classes. It lies within 0 and 1.

    Each share has Wilson's interval; their distances are added in squares on each side (Zou and
    Donner, see above).
    """
    ends = np.array([wilson(p * n, n) for p, n in zip(shares.tolist(), counts.tolist())])
    mean, k = float(shares.mean()), len(shares)
    below, above = (np.sqrt(((ends[:, side] - shares) ** 2).sum()) / k for side in (0, 1))
    return max(0.0, mean - float(below)), min(1.0, mean + float(above))


def equal_samples(shares: np.ndarray, counts: np.ndarray) -> int:
    """The number of samples of which a single share would be as uncertain as the mean of k
    independent shares [k] of counts [k] samples; at least 1.

    If one class is rare, its recall decides: 5 samples of one and 995 of the other class are worth
    20. The smaller of two numbers: by k equal shares, and by the variances of these shares.
    """
    k, mean = len(shares), float(shares.mean())
    alike = k**2 / float((1 / counts).sum())
    variances = [samples_variance(p, n) for p, n in zip(shares.tolist(), counts.tolist())]
    own = alike * samples_variance(mean, alike) / (sum(variances) / k**2)
    return max(1, floor(min(alike, own)))


def weighted_samples(weights: np.ndarray) -> float:
    """The number of samples of equal weight whose mean is as certain as that of samples with these
    weights [n]: (sum w)^2 / sum w^2 (L. Kish, "Survey Sampling", 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


@lru_cache(maxsize=4096)
def quantile(pairs: int, freedom: float) -> float:
    """The 95 % quantile of the studentised maximum modulus: the maximum of |Z_i|/S over `pairs`
    independent standard normals, where S^2 is chi-square divided by its `freedom` degrees. For one
    pair it is the two-sided quantile of Student's t."""
    from scipy import optimize, stats

    if pairs == 1:
        return float(stats.t.ppf(0.975, freedom))
    scale = np.ones(1)
    if isfinite(freedom):
        # The distribution of S as 600 values of equal probability: the mean over them replaces the
        # integral over its density.
        middles = (np.arange(600) + 0.5) / 600
        scale = np.sqrt(stats.chi2.ppf(middles, freedom) / freedom)

    def excess(m: float) -> float:
        # Given S, the maximum is below m if all `pairs` independent values are.
        return float(((2 * stats.norm.cdf(m * scale) - 1) ** pairs).mean()) - 0.95

    return float(optimize.brentq(excess, 1.0, 1e6))


def freedom_of(sure: float, seeds: float, freedom: float, pairs: int = 1) -> float:
    """Satterthwaite's degrees of freedom of the sum of two variances: `sure`, which is known, and
    `seeds`, which is estimated with `freedom` degrees."""
    if not seeds:
        return inf
    degrees = (sure + seeds) ** 2 / (seeds**2 / freedom)
    if pairs == 1:
        return degrees
    # For several pairs a quantile takes long to compute and is cached, so the degrees are rounded
    # to few distinct values: down, which makes intervals wider rather than too narrow.
    if degrees < 40:
        return max(1.0, floor(10 * degrees) / 10)
    return 20.0 * floor(degrees / 20) if degrees < 400 else inf


def samples_variance(share: float, count: int | float) -> float:
    """The variance of a share of `count` test samples."""
    # Two hits and two misses are added, so that shares of 0 and 1 have a variance above zero
    # (A. Agresti, B. Coull, Am. Statistician 52, 1998).
    shrunk = (share * count + 2) / (count + 4)
    return shrunk * (1 - shrunk) / count


def seeds_variance(values: np.ndarray) -> float:
    """The variance of a mean over seeds; 0 if there is only one value or all are equal."""
    # Equal up to rounding: a variance of rounding errors would give absurdly narrow intervals.
    if len(values) < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return 0.0
    return float(values.var(ddof=1)) / len(values)


def mean_interval(
    values: np.ndarray, goal: str = "accuracy", samples: int | None = None
) -> Interval | None:
    """The 95 % interval of the mean of results over seeds, within the range of `goal`.

    samples: size of the test split, for shares. None if there is no interval: see the head of this
    file.
    """
    mean, seeds, metric = float(values.mean()), seeds_variance(values), metric_of(goal)
    if metric.share and samples:
        sure = samples_variance(mean, samples)
        c = quantile(1, freedom_of(sure, seeds, len(values) - 1))
        low, high = wilson(mean * samples, samples, c)
        ends = (
            mean - sqrt((mean - low) ** 2 + c**2 * seeds),
            mean + sqrt((high - mean) ** 2 + c**2 * seeds),
        )
    elif seeds:
        half = quantile(1, len(values) - 1) * sqrt(seeds)
        ends = mean - half, mean + half
    else:
        return None
    # A share lies between 0 and 1; an error is not negative.
    low = 0.0 if metric.share or metric.lower_is_better else -inf
    return max(low, ends[0]), min(1.0 if metric.share else inf, ends[1])


def newcombe(p: float, n: int, q: float, m: int, c: float | None = None) -> Interval:
    """Newcombe's interval of the difference p - q of shares of n and m test samples, 95 % unless
    another quantile c is passed."""
    z = quantile(1, inf) if c is None else c
    (low_p, high_p), (low_q, high_q) = wilson(p * n, n, z), wilson(q * m, m, z)
    return (
        p - q - sqrt((p - low_p) ** 2 + (high_q - q) ** 2),
        p - q + sqrt((high_p - p) ** 2 + (q - low_q) ** 2),
    )


def difference(
    a: Sequence[float],
    b: Sequence[float],
    goal: str,
    samples: tuple[int | None, int | None] = (None, None),
    pairs: int = 1,
    spread: float = 0.0,
) -> Interval | None:
    """The 95 % interval of mean(a) - mean(b), results over seeds; None if there is no interval.

    samples: size of the test split of each. pairs: the number of intervals that must hold together.
    spread: the mean of `seeds_variance` over all contenders.
    With one run each, shares are compared over the test samples only, so the interval is about
    these two networks, not about other seeds.
    """
    one, two = np.array(a), np.array(b)
    gap, parts = float(one.mean() - two.mean()), [seeds_variance(one), seeds_variance(two)]
    seeds, freedom = sum(parts), float(max(1, min(len(one), len(two)) - 1))
    if seeds and min(len(one), len(two)) == 1:
        # One run beside several: its unknown variance is assumed equal to theirs. `seeds` is s^2/m
        # of the several, so a single run has m times that, and the sum is (1 + m) times.
        many = max(len(one), len(two))
        seeds, freedom = seeds * (1 + many), many - 1.0
    elif seeds:
        freedom = seeds**2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (one, two)) if v)
    n, m = samples
    if not metric_of(goal).share or not n or not m:
        if not seeds:
            return None
        half = quantile(pairs, freedom_of(0.0, seeds, freedom, pairs)) * sqrt(seeds)
        ends = gap - half, gap + half
    else:
        p, q = float(one.mean()), float(two.mean())
        sure = samples_variance(p, n) + samples_variance(q, m)
        # If these two vary less than the other contenders, perhaps by chance, their variance is
        # less trustworthy; the larger value lowers the degrees of freedom, not the interval itself.
        c = quantile(pairs, freedom_of(sure, max(seeds, 2 * spread), freedom, pairs))
        low, high = newcombe(p, n, q, m, c)
        ends = (
            gap - sqrt((gap - low) ** 2 + c**2 * seeds),
            gap + sqrt((high - gap) ** 2 + c**2 * seeds),
        )
    if metric_of(goal).share:
        return max(-1.0, ends[0]), min(1.0, ends[1])
    return ends


def judge(value: float, naive: float, goal: str, samples: int | None = None) -> Judgement:
    """Judge a test result `value` against the baseline's, `naive`, on the same test split.

    A share is "better" or "worse" if Newcombe's interval of the difference excludes zero, else it
    is a "tie". Another metric, which has no interval from one run, is a tie within CLOSE.
    "much worse": at least TWICE the baseline's error (for a share, its distance to 1), or at most
    half its share. A score that is neither error nor share is never "much worse".
    """
    if value == naive:
        return "tie"
    metric = metric_of(goal)
    if metric.share and samples:
        low, high = newcombe(value, samples, naive, samples)
        tie = low <= 0 <= high
    elif metric.share:
        tie = abs(value - naive) < 0.0005  # equal when printed as percentages with one decimal
    else:
        tie = abs(value - naive) <= CLOSE * max(abs(value), abs(naive))
    if tie:
        return "tie"
    if (value < naive) == metric.lower_is_better:
        return "better"
    if metric.share:
        much = 1 - value >= TWICE * (1 - naive) or value <= naive / TWICE
    else:
        much = metric.lower_is_better and value >= TWICE * naive
    return "much worse" if much else "worse"
