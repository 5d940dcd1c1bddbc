"""Intervals of test results and of their differences, and the judgement between a result and a
baseline: numbers only. `comparison/differences.py` puts them into words.

A group is the test results of one contender, one a seed, on one test split of n samples. Two things
make their mean uncertain, and their variances add:

- seeds. Another seed gives another network: s^2/m for m seeds.
- test samples. Another test split of n samples would be easier or harder for all seeds alike, so
  that more seeds do not lessen it: at most p(1-p)/n for a share p.

This is the crossed model result = contender + sample + seed + rest, where the variance between
seeds holds that of seed and rest. That both must be counted: X. Bouthillier et al., "Accounting for
Variance in Machine Learning Benchmarks", MLSys 2021. The sum has F. Satterthwaite's degrees of
freedom (Biometrics Bulletin 2, 1946), as in B. L. Welch's interval of a difference (Biometrika 34,
1947), which needs no equal variances. The samples' part is E. B. Wilson's interval (1927), of a
difference R. Newcombe's (Stat. Med. 17, 1998, method 10); parts are added in squares on each side
(G. Zou, A. Donner, Stat. Med. 27, 2008). Contenders share test samples, and easy samples are easy
for all: a difference is known somewhat better than this says, not worse.

Errors (mae, reconstruction) have the seeds' part alone. Where that is unknown (one seed), or zero
by chance (equal results), there is no interval, and nothing can be told.

Several comparisons: the best is picked by looking, so that all k(k-1)/2 pairs count, by the
studentised maximum modulus (C. Dunnett's T3, J. Am. Stat. Assoc. 75, 1980). Contenders that are
alike are called different in at most 5 % of comparisons; where their spreads differ ten-fold and
there are two seeds, in up to 10 %.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import floor, inf, isfinite, sqrt
from typing import Literal

import numpy as np

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution: 95 % for two sides."""
LOWER_IS_BETTER = ("mae", "reconstruction")
SHARES = ("accuracy",)
"""Goals that are shares of test samples."""
CLOSE = 0.01
"""Relative difference of two errors below which they are called equal: there is no interval."""
TWICE = 2.0
"""Times the baseline's error from which a result is called much worse."""

Interval = tuple[float, float]
Judgement = Literal["better", "tie", "worse", "much worse"]


def wilson(hits: int | float, count: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a share, 95 % unless another normal quantile is given (E. B. Wilson, J. Am.
    Stat. Assoc. 22, 1927). hits: whole for one run, a mean of several runs' hits otherwise."""
    share, z2 = hits / count, z**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = z * sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


@lru_cache(maxsize=4096)
def quantile(pairs: int, freedom: float) -> float:
    """The 95 % quantile of the studentised maximum modulus: of the largest |Z_i|/S among `pairs`
    independent standard normals, S^2 a chi-square over its `freedom` degrees. With one pair it is
    Student's t for two sides."""
    from scipy import optimize, stats

    if pairs == 1:
        return float(stats.t.ppf(0.975, freedom))
    scale = np.ones(1)
    if isfinite(freedom):
        middles = (np.arange(600) + 0.5) / 600
        scale = np.sqrt(stats.chi2.ppf(middles, freedom) / freedom)

    def short(m: float) -> float:
        return float(((2 * stats.norm.cdf(m * scale) - 1) ** pairs).mean()) - 0.95

    return float(optimize.brentq(short, 1.0, 1e6))


def freedom_of(sure: float, seeds: float, freedom: float, pairs: int = 1) -> float:
    """Satterthwaite's degrees of freedom of a sum of two variances: `sure`, which is known, and
    `seeds`, which is estimated with `freedom`. Several pairs: rounded down, to the wider side, so
    that few quantiles are computed."""
    if not seeds:
        return inf
    found = (sure + seeds) ** 2 / (seeds**2 / freedom)
    if pairs == 1:
        return found
    if found < 40:
        return max(1.0, floor(10 * found) / 10)
    return 20.0 * floor(found / 20) if found < 400 else inf


def samples_variance(share: float, count: int) -> float:
    """Of a share of `count` test samples; above zero even for 0 and 1 (A. Agresti, B. Coull, Am.
    Statistician 52, 1998)."""
    shrunk = (share * count + 2) / (count + 4)
    return shrunk * (1 - shrunk) / count


def seeds_variance(values: np.ndarray) -> float:
    """Of a mean over seeds; zero where all are equal but for rounding, or there is one alone."""
    if len(values) < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return 0.0
    return float(values.var(ddof=1)) / len(values)


def mean_interval(
    values: np.ndarray, goal: str = "accuracy", samples: int | None = None
) -> Interval | None:
    """The 95 % interval of the mean of results over seeds, within what `goal` can be. samples: of
    the test split, for shares. None where nothing can be told: see the head of this file."""
    mean, seeds = float(values.mean()), seeds_variance(values)
    if goal in SHARES and samples:
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
    # A share is from 0 to 1, an error from 0.
    return max(0.0, ends[0]), min(1.0 if goal in SHARES else inf, ends[1])


def newcombe(p: float, n: int, q: float, m: int, c: float | None = None) -> Interval:
    """The interval of a difference p - q of shares of n and m test samples: of 95 %, or of the
    quantile c."""
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
    """The 95 % interval of mean(a) - mean(b), results over seeds, holding for `pairs` at once.
    samples: of the test split of each. None where nothing can be told. One run each of a share is
    compared over test samples alone: two networks, whatever other seeds would give. One run beside
    several borrows their spread.

    spread: the mean of `seeds_variance` over all contenders. Where these two vary less, by chance
    perhaps, theirs is not trusted to be as well known: it lowers the degrees of freedom.
    """
    one, two = np.array(a), np.array(b)
    gap, parts = float(one.mean() - two.mean()), [seeds_variance(one), seeds_variance(two)]
    seeds, freedom = sum(parts), float(max(1, min(len(one), len(two)) - 1))
    if seeds and min(len(one), len(two)) == 1:
        many = max(len(one), len(two))
        seeds, freedom = seeds * (1 + many), many - 1.0
    elif seeds:
        freedom = seeds**2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (one, two)) if v)
    n, m = samples
    if goal not in SHARES or not n or not m:
        if not seeds:
            return None
        half = quantile(pairs, freedom_of(0.0, seeds, freedom, pairs)) * sqrt(seeds)
        ends = gap - half, gap + half
    else:
        p, q = float(one.mean()), float(two.mean())
        sure = samples_variance(p, n) + samples_variance(q, m)
        c = quantile(pairs, freedom_of(sure, max(seeds, 2 * spread), freedom, pairs))
        low, high = newcombe(p, n, q, m, c)
        ends = (
            gap - sqrt((gap - low) ** 2 + c**2 * seeds),
            gap + sqrt((high - gap) ** 2 + c**2 * seeds),
        )
    if goal in SHARES:
        return max(-1.0, ends[0]), min(1.0, ends[1])
    return ends


def judge(value: float, naive: float, goal: str, samples: int | None = None) -> Judgement:
    """A test result beside a baseline's on the same test split, whatever the direction of `goal`.

    A share is "better" or "worse" where Newcombe's interval of the difference leaves out zero, else
    a "tie"; an error, which has no interval from one run, where they are CLOSE. "much worse": an
    error (of a share, what is missing to 1) of TWICE the baseline's, or a share of half of it.
    """
    if value == naive:
        return "tie"
    if goal in SHARES and samples:
        low, high = newcombe(value, samples, naive, samples)
        tie = low <= 0 <= high
    elif goal in SHARES:
        tie = abs(value - naive) < 0.0005  # the same to one digit after the point of percent
    else:
        tie = abs(value - naive) <= CLOSE * max(abs(value), abs(naive))
    if tie:
        return "tie"
    if (value < naive) == (goal in LOWER_IS_BETTER):
        return "better"
    if goal in SHARES:
        much = 1 - value >= TWICE * (1 - naive) or value <= naive / TWICE
    else:
        much = value >= TWICE * naive
    return "much worse" if much else "worse"
