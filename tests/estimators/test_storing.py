"""Estimators in the tools of scikit-learn, stored and loaded, and on data frames."""

import copy
import io
import pickle

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from etude.estimators import EtudeClassifier, EtudeEncoder, EtudeRegressor, engine

SMALL = {"max_epochs": 2, "model__hidden": [16]}


def by_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def by_skops(estimator):
    skops = pytest.importorskip("skops.io")
    content = skops.dumps(estimator)
    trusted = skops.get_untrusted_types(data=content)
    assert all(name.startswith("etude.estimators.") for name in trusted)
    return skops.loads(content, trusted=trusted)


WAYS = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "cloudpickle": lambda estimator: pickle.loads(cloudpickle.dumps(estimator)),
    "joblib": by_joblib,
    "skops": by_skops,
    "deepcopy": copy.deepcopy,
}


def modules_of(content):
    """The packages whose classes and functions a pickle names."""
    found = set()

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            found.add(module.partition(".")[0])
            return super().find_class(module, name)

    Reader(io.BytesIO(content)).load()
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_stored_estimator_gives_the_same_bits(way, fitted, digits):
    loaded = WAYS[way](fitted)
    assert (loaded.predict_proba(digits[0]) == fitted.predict_proba(digits[0])).all()
    assert loaded.get_params() == fitted.get_params()
    assert loaded.history_ == fitted.history_
    # The state of the optimizer is stored too.
    other = copy.deepcopy(fitted).partial_fit(*digits)
    assert loaded.partial_fit(*digits).loss_ == other.loss_


@pytest.mark.parametrize("way", WAYS)
def test_encoders_and_regressors_too(way, digits):
    X, y = digits
    encoder = EtudeEncoder(max_epochs=1, model__hidden=[8, 8]).fit(X)
    assert (WAYS[way](encoder).transform(X) == encoder.transform(X)).all()
    regressor = EtudeRegressor(**SMALL).fit(X, y.astype(float))
    assert (WAYS[way](regressor).predict(X) == regressor.predict(X)).all()


def test_a_pickle_names_no_type_of_torch(fitted):
    assert modules_of(pickle.dumps(fitted)) <= {"etude", "numpy", "builtins", "copyreg"}
    # What it must not hold would be seen.
    assert "torch" in modules_of(pickle.dumps({"weights": torch.zeros(2)}))


def test_clone_and_parameters():
    est = EtudeClassifier("cnn", model__channels=[8], train__schedule="cosine")
    other = clone(est)
    assert other.get_params() == est.get_params()
    assert other.get_params()["model__channels"] == [8]
    other.set_params(model__channels=[4], lr=0.5)
    assert (other.model__channels, other.lr, est.model__channels) == ([4], 0.5, [8])
    other.model__channels = [2]
    assert other.get_params()["model__channels"] == [2]
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        est.set_params(depth=3)
    assert "train__schedule='cosine'" in repr(est) and "cosine" in est._repr_html_()


class Threads(EtudeClassifier):
    """Scores by the number of threads that training took."""

    def score(self, X, y, sample_weight=None):
        return float(self._fitted.recipe.train.threads)


def test_a_search_in_two_processes_takes_one_thread_in_each(digits, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    grid = {"model__hidden": [(8,), (16,)], "lr": np.array([1e-3, 1e-2])}
    search = GridSearchCV(Threads(max_epochs=1), grid, cv=2, n_jobs=2, error_score="raise")
    search.fit(*digits)
    assert (search.cv_results_["mean_test_score"] == 1).all()
    # The last fit is in this process.
    assert search.best_estimator_._fitted.recipe.train.threads == 2
    assert not engine.in_worker()


def test_pipelines_and_cross_validation(digits):
    X, y = digits
    pipeline = make_pipeline(StandardScaler(), EtudeClassifier(max_epochs=12))
    assert cross_val_score(pipeline, X, y, cv=2, error_score="raise").mean() > 0.7
    probabilities = cross_val_predict(EtudeClassifier(**SMALL), X, y, cv=2, method="predict_proba")
    assert probabilities.shape == (200, 10) and np.allclose(probabilities.sum(1), 1)
    calibrated = CalibratedClassifierCV(EtudeClassifier(**SMALL), cv=2).fit(
        X, y, sample_weight=np.ones(len(y))
    )
    assert calibrated.predict_proba(X).shape == (200, 10)
    both = make_pipeline(EtudeEncoder("mlp", **SMALL), EtudeClassifier(**SMALL)).fit(X, y)
    assert set(both.predict(X)) <= set(y)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_data_frames_by_the_names_of_their_columns(library, digits):
    X, y = digits
    names = [f"pixel {i}" for i in range(64)]
    frame = library.DataFrame(dict(zip(names, X.T, strict=True)))
    words = np.array([f"class {label}" for label in y])
    est = EtudeClassifier(**SMALL).fit(frame, words)
    assert est.feature_names_in_.tolist() == names
    assert est.classes_.tolist() == sorted(set(words))
    plain = EtudeClassifier(**SMALL).fit(X, words)
    assert (est.predict(frame) == plain.predict(X)).all()
    with pytest.raises(ValueError, match="same order"):
        est.predict(frame[names[::-1]])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library, digits):
    X, _ = digits
    est = EtudeEncoder(max_epochs=1, model__hidden=[8, 8])
    codes = est.fit(X).transform(X)
    frame = est.set_output(transform=library).transform(X)
    assert (
        list(frame.columns)
        == est.get_feature_names_out().tolist()
        == [f"etudeencoder{i}" for i in range(4)]
    )
    assert (frame.to_numpy() == codes).all()


def test_sparse_data_are_refused_with_the_way_out(digits):
    with pytest.raises(TypeError, match="toarray"):
        EtudeClassifier().fit(sp.csr_array(digits[0]), digits[1])


def test_an_autoencoder_decodes_in_the_units_of_its_samples(digits):
    """Features of very different units: each is brought to [-1, 1] by its own range."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 400)
    X = np.stack([1e6 + np.cos(angle), 1e-6 * np.sin(angle), np.full(400, 7.0)], 1)
    est = EtudeEncoder(max_epochs=25, lr=2e-3, model__latent_dim=2, model__hidden=[64, 64]).fit(X)
    decoded = est.inverse_transform(est.transform(X))
    assert decoded.shape == X.shape
    assert (np.abs(decoded - X).mean(0) < 0.3 * np.array([1, 1e-6, 1])).all()
    errors = -est.score_samples(X)
    scaled = (decoded - X) / [1, 1e-6, 1]
    assert errors == pytest.approx((scaled**2).mean(1), rel=1e-2, abs=1e-6)
    strange = X.copy()
    strange[:, 1] = 5e-6
    assert est.score_samples(strange).mean() < est.score_samples(X).mean()
    with pytest.raises(ValueError, match="but a code has 2"):
        est.inverse_transform(np.zeros((1, 5)))


@pytest.mark.parametrize("model", ["mlp", "cnn", "vit"])
def test_penultimate_features_are_what_the_head_reads(model, digits):
    images = digits[0].reshape(-1, 1, 8, 8)
    encoder = EtudeEncoder(model, max_epochs=1).fit(images, digits[1])
    features = encoder.transform(images)
    weights = encoder._fitted.weights
    head = [name for name, value in weights.items() if value.shape == (10, features.shape[1])][-1]
    logits = features @ weights[head].T + weights[head.replace("weight", "bias")]
    same = EtudeClassifier(model, max_epochs=1).fit(images, digits[1])
    assert np.abs(logits - same._logits(images)).max() < 1e-4
    assert not hasattr(encoder, "inverse_transform") and not hasattr(encoder, "score_samples")
