"""A small part of the digits, and one fitted classifier."""

import pytest
from sklearn.datasets import load_digits

from etude.estimators import EtudeClassifier


@pytest.fixture(scope="session")
def digits():
    """200 digits [200 64] and their classes."""
    X, y = load_digits(return_X_y=True)
    return X[:200], y[:200]


@pytest.fixture(scope="session")
def fitted(digits):
    """A classifier of digits that nobody changes."""
    return EtudeClassifier(max_epochs=8, model__hidden=[32]).fit(*digits)
