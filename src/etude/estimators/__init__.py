"""Estimators with the interface of scikit-learn, trained by the engine of `etude.train`.

from etude.estimators import EtudeClassifier
EtudeClassifier("mlp", max_epochs=20).fit(X, y).predict(X)
"""

from etude.estimators.classifier import EtudeClassifier
from etude.estimators.encoder import EtudeEncoder
from etude.estimators.expected import expected_failed_checks
from etude.estimators.forecaster import EtudeForecaster
from etude.estimators.regressor import EtudeRegressor

__all__ = [
    "EtudeClassifier",
    "EtudeEncoder",
    "EtudeForecaster",
    "EtudeRegressor",
    "expected_failed_checks",
]
