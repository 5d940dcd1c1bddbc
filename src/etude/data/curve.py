"""curve: a noisy function of one variable, the data of the optimizer experiment.

y = exp(-x/4) sin(2.5 x) on 0 <= x <= 8, plus normal noise with a standard deviation of 0.1. The
seeds are fixed, so the samples are the same for everyone. The expected squared error of any model
is at least the variance of the noise, 0.01.
"""

import numpy as np

from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.locale.texts import text

NOISE = 0.1


def function(x: np.ndarray) -> np.ndarray:
    """The curve without its noise."""
    return np.asarray(np.exp(-x / 4) * np.sin(2.5 * x))


def load(config: DataConfig) -> Raw:
    """Vectors [n 1] and values [n 1], float32: 1,000 to train on and 500 to test."""

    def draw(seed: int, count: int) -> Split:
        random = np.random.Generator(np.random.Philox(seed))
        x = random.uniform(0, 8, (count, 1))
        y = function(x) + NOISE * random.standard_normal((count, 1))
        return Split(x.astype(np.float32), y.astype(np.float32))

    return Raw(
        name="curve",
        kind="vector",
        target="value",
        train=draw(1, 1000),
        test=draw(2, 500),
        unit="y",
    )


SOURCE = Source(DataConfig, load, text("source.curve.summary"))
