"""digits: 1,797 handwritten digits of 8x8 pixels with 17 grey levels, embedded in scikit-learn.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998 (its test
part). A fifth, 359 digits, is the test split: drawn once, stratified by class, the same for every
seed.
"""

import numpy as np

from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.splits import stratified
from etude.locale.texts import text


def load(config: DataConfig) -> Raw:
    """Images [n 1 8 8] uint8 of 0..16, classes "0" to "9"."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # scikit-learn stores the 17 grey levels as float64; bytes hold them exactly.
    x = bunch.images.astype(np.uint8)[:, None]
    y = bunch.target.astype(np.int64)
    train, test = stratified(y, 0.2, seed=0)
    return Raw(
        name="digits",
        kind="image",
        target="class",
        train=Split(x[train], y[train]),
        test=Split(x[test], y[test]),
        classes=tuple(str(digit) for digit in range(10)),
        white=(0.0, 16.0),
    )


SOURCE = Source(DataConfig, load, text("source.digits.summary"))
