"""Estimators train with the engine of `etude.train` and keep their promises on training."""

import itertools
import signal
import threading
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch.nn import functional as F

import etude
from etude.errors import DataError, NumericsError, UsageError
from etude.estimators import EtudeClassifier, EtudeEncoder, EtudeRegressor
from etude.training import loop
from etude.training.loop import Loop

PLAIN = {
    "model__hidden": [16], "model__dropout": 0.0, "optimizer": "sgd", "lr": 0.1,
    "train__schedule": "constant", "train__warmup": 0.0, "train__clip": 0.0,
    "train__weight_decay": 0.0,
}  # fmt: skip
"""A network and a training that a few lines of torch repeat."""


def weights_of(estimator):
    return estimator._fitted.weights


def losses_of(estimator):
    return [row["train"]["classify"]["loss"] for row in estimator.history_]


def full_batch(x, y, start, epochs, by_class=None, weights=None):
    """The weights after `epochs` steps of gradient descent on the whole data, in plain torch."""
    x = torch.tensor((x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1), dtype=torch.float32)
    y = torch.tensor(y)
    w = torch.ones(len(y)) if weights is None else torch.tensor(weights, dtype=torch.float32)
    if by_class is not None:
        w = w * torch.tensor(by_class, dtype=torch.float32)[y]
    values = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    for _ in range(epochs):
        hidden = F.relu(F.linear(x, values["net.0.weight"], values["net.0.bias"]))
        logits = F.linear(hidden, values["net.3.weight"], values["net.3.bias"])
        loss = (F.cross_entropy(logits, y, reduction="none") * w).sum() / w.sum()
        gradients = torch.autograd.grad(loss, list(values.values()))
        with torch.no_grad():
            for value, gradient in zip(values.values(), gradients, strict=True):
                value -= 0.1 * gradient
    return {name: value.detach().numpy() for name, value in values.items()}


def near(one, other):
    return all(np.allclose(one[name], other[name], rtol=1e-4, atol=1e-6) for name in one)


@pytest.mark.parametrize("case", ["plain", "sample weights", "class weights", "both"])
def test_training_is_gradient_descent_on_the_weighted_loss(digits, case):
    X, y = digits
    weights = np.linspace(0.0, 3.0, len(y)) if case in ("sample weights", "both") else None
    by_class = {3: 5.0} if case in ("class weights", "both") else None
    factors = [5.0 if label == 3 else 1.0 for label in range(10)] if by_class else None
    # A rate near 0 leaves the first weights as they are.
    untrained = EtudeClassifier(**{**PLAIN, "lr": 1e-30}, batch_size=200, max_epochs=1).fit(X, y)
    est = EtudeClassifier(**PLAIN, batch_size=200, max_epochs=3, class_weight=by_class)
    est.fit(X, y, sample_weight=weights)
    start = weights_of(untrained)
    assert near(weights_of(est), full_batch(X, y, start, 3, factors, weights))
    # A wrong reference is found: one step more, or without the weights.
    assert not near(weights_of(est), full_batch(X, y, start, 4, factors, weights))
    if case != "plain":
        assert not near(weights_of(est), full_batch(X, y, start, 3))


def test_a_fit_goes_through_the_loop_of_the_package_and_tests_nothing(digits, monkeypatch):
    seen = []
    first = Loop.__init__

    def note(self, model, task, recipe, train, val, *rest):
        seen.append((len(train), val))
        first(self, model, task, recipe, train, val, *rest)

    def refuse(*arguments, **named):
        raise AssertionError("a fit without run_dir computed what belongs to a run")

    monkeypatch.setattr(loop.Loop, "__init__", note)
    for place in (
        "etude.data.duplicates.digests", "etude.data.dataset.fingerprint",
        "etude.training.record.summary", "etude.training.record.evaluate",
        "etude.pipeline.conclude", "etude.pipeline.report",
    ):  # fmt: skip
        monkeypatch.setattr(place, refuse)
    EtudeClassifier(max_epochs=1).fit(*digits)
    assert seen == [(200, None)]


def test_a_run_dir_leaves_the_run_that_train_makes(digits, workdir):
    X, y = digits
    names = np.array([f"number {i}" for i in range(10)])
    est = EtudeClassifier(max_epochs=2, random_state=3, run_dir="mine").fit(X, names[y])
    fields = {"data.labels": "classes", "data.classes": names.tolist(), "data.kind": "vector"}
    run = etude.train("mlp", (X, y), epochs=2, seed=3, save=False, quiet=True, **fields)
    assert est.run_.path.name == "mine" and (workdir / "mine" / "report.html").is_file()
    assert est.run_.test == run.test
    assert est.history_ == run.history
    for name, value in run.model.state_dict().items():
        assert (weights_of(est)[name] == value.numpy()).all(), name
    # The same answers, in the precision of each.
    ours, theirs = est.predict_proba(X[:9]), est.run_.predict(X[:9])
    assert np.abs(ours - [list(one["probabilities"].values()) for one in theirs]).max() < 1e-6
    # Nothing is overwritten, and a fit without a run has none.
    assert est.fit(X, y).run_.path.name == "mine-2"
    est.set_params(run_dir=None).fit(X, y)
    with pytest.raises(AttributeError, match="without run_dir"):
        _ = est.run_


def test_predictions_are_the_same_in_every_batch(fitted, digits):
    X, _ = digits
    whole = fitted.predict_proba(X)
    alone = np.concatenate([fitted.predict_proba(X[i : i + 1]) for i in range(0, 200, 9)])
    assert (whole[::9] == alone).all()
    assert (whole[::-1] == fitted.predict_proba(X[::-1])).all()
    assert np.abs(whole.sum(1) - 1).max() < 1e-12
    assert (fitted.classes_[whole.argmax(1)] == fitted.predict(X)).all()


@pytest.mark.parametrize("model", ["mlp", "cnn", "lstm", "transformer"])
def test_sequences(digits, model):
    X, y = digits[0].reshape(-1, 8, 8), digits[1]
    est = EtudeClassifier(model, max_epochs=1).fit(X, y)
    assert (est.predict_proba(X)[3:8] == est.predict_proba(X[3:8])).all()


@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet", "vit", "lstm"])
def test_images_in_bytes(digits, model):
    X, y = digits[0].reshape(-1, 1, 8, 8).astype(np.uint8), digits[1]
    est = EtudeClassifier(model, max_epochs=1).fit(X, y)
    assert (est.predict_proba(X)[3:8] == est.predict_proba(X[3:8])).all()
    with pytest.raises(ValueError, match=r"\[1, 4, 16\]; those of training had \[1, 8, 8\]"):
        est.predict(X.reshape(-1, 1, 4, 16))


def test_several_targets_in_their_own_units():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    y = np.stack([1e6 + 1e3 * X[:, 0], 1e-6 * X[:, 1]], 1)
    est = EtudeRegressor(batch_size=50, max_epochs=25).fit(X, y)
    assert est.predict(X).shape == (300, 2) and est.score(X, y) > 0.9
    assert est.fit(X, y[:, 0]).predict(X).shape == (300,)
    assert est.fit(X, y[:, :1]).predict(X).shape == (300, 1)


def test_early_stopping_has_a_split_of_its_own(digits):
    est = EtudeClassifier(max_epochs=200, early_stopping=True, n_iter_no_change=2).fit(*digits)
    assert est.n_iter_ < 200
    assert est.history_[0]["val"]["samples"] == 20
    plain = EtudeClassifier(max_epochs=1).fit(*digits)
    assert plain.history_[0]["val"] == {}
    with pytest.raises(ValueError, match="leaves no sample for validation"):
        EtudeClassifier(early_stopping=True).fit(digits[0][:2], [0, 1])


def test_warm_start_begins_with_the_last_weights(digits):
    est = EtudeClassifier(max_epochs=2, warm_start=True).fit(*digits)
    first, mean = est.loss_, est._fitted.card.mean
    est.fit(*digits)
    assert est.loss_ < first and est.n_iter_ == 4
    assert [row["epoch"] for row in est.history_] == [1, 2, 3, 4]
    assert est.fit(digits[0] * 9, digits[1])._fitted.card.mean == mean
    with pytest.raises(ValueError, match="must have the classes of the last fit"):
        est.fit(digits[0], digits[1] % 3)


def test_partial_fit_on_all_samples_is_fit(digits):
    """The state of Adam is kept: epoch by epoch is the same as all at once."""
    options = {**PLAIN, "optimizer": "adam", "lr": 1e-3, "batch_size": 50}
    whole = EtudeClassifier(**options, max_epochs=3).fit(*digits)
    parts = EtudeClassifier(**options)
    for _ in range(3):
        parts.partial_fit(*digits, classes=range(10))
    assert parts.n_iter_ == 3
    assert losses_of(parts) == losses_of(whole)
    assert all((weights_of(whole)[k] == v).all() for k, v in weights_of(parts).items())
    # Without that state the third epoch would differ.
    fresh = EtudeClassifier(**options, max_epochs=1, warm_start=True)
    for _ in range(3):
        fresh.fit(*digits)
    assert losses_of(fresh)[2] != losses_of(whole)[2]


def test_partial_fit_freezes_the_normalisation_and_the_classes(digits):
    X, y = digits
    est = EtudeClassifier()
    with pytest.raises(ValueError, match="classes must be passed"):
        est.partial_fit(X, y)
    est.partial_fit(X[:50], y[:50], classes=range(10))
    card = est._fitted.card
    for start in range(50, 200, 50):
        est.partial_fit(X[start : start + 50] * 9, y[start : start + 50])
    assert est._fitted.card == card
    assert card.mean == pytest.approx((X[:50] - X[0]).mean(0))
    with pytest.raises(ValueError, match="did not name: 77"):
        est.partial_fit(X[:2], [1, 77])
    with pytest.raises(ValueError, match="a mapping from labels to weights"):
        EtudeClassifier(class_weight="balanced").partial_fit(X, y, classes=range(10))


def test_the_seed(digits):
    def logits(state):
        return (
            EtudeClassifier(max_epochs=1, random_state=state).fit(*digits).predict_proba(digits[0])
        )

    assert (logits(0) == logits(0)).all() and (logits(0) != logits(1)).any()
    one, two = np.random.RandomState(5), np.random.RandomState(5)
    first = logits(one)
    assert (first == logits(two)).all() and (first != logits(one)).any()
    assert (logits(None) != logits(None)).any()
    assert logits(2**32 - 1) is not None


def test_the_caller_keeps_generators_threads_and_warnings(digits):
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()
    filters = list(warnings.filters)
    est = EtudeClassifier(max_epochs=1, random_state=None, train__threads=2).fit(*digits)
    est.predict(digits[0])
    est.partial_fit(*digits)
    encoder = EtudeEncoder(max_epochs=1, model__hidden=[8, 8]).fit(digits[0])
    encoder.inverse_transform(encoder.transform(digits[0]))
    encoder.score_samples(digits[0])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert torch.get_num_threads() == before[2]
    assert warnings.filters == filters


def test_a_fit_is_silent_and_verbose_is_not(digits, capsys):
    EtudeClassifier(max_epochs=1).fit(*digits)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    EtudeClassifier(max_epochs=1, verbose=1).fit(*digits)
    captured = capsys.readouterr()
    assert captured.out == "" and "epoch 1/1" in captured.err and "loss" in captured.err


def test_threads_train_one_after_the_other(digits):
    """With dropout, whose generator is common to all threads of a process."""
    expected = EtudeClassifier(max_epochs=2).fit(*digits).predict_proba(digits[0])
    found = []

    def work():
        found.append(EtudeClassifier(max_epochs=2).fit(*digits).predict_proba(digits[0]))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and all((one == expected).all() for one in found)


def test_ctrl_c_is_the_callers(digits):
    """An error of ours would be one failed fit of a search, which would go on."""
    calls = itertools.count()

    def interrupt(module, inputs, outputs):
        # After some steps, and not after some seconds, so that it always comes in training.
        if next(calls) == 50:
            signal.raise_signal(signal.SIGINT)

    # A worker of pytest-xdist ignores the signal, and then it is the caller who does.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    hook = torch.nn.modules.module.register_module_forward_hook(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            EtudeClassifier(max_epochs=10**6).fit(*digits)
    finally:
        hook.remove()
        signal.signal(signal.SIGINT, before)
    assert next(calls) > 50


@pytest.mark.parametrize(
    ("parameters", "kind", "words"),
    [
        ({"depth": 3}, UsageError, "no parameter depth"),
        ({"model__hiden": 3}, UsageError, "Did you mean 'model.hidden'"),
        ({"model": "mpl"}, UsageError, "Did you mean 'mlp'"),
        ({"model": "lstm"}, DataError, "reads sequence"),
        ({"model": torch.nn.Linear(2, 2)}, UsageError, "takes the name of an architecture"),
        ({"lr": 0.1, "train__lr": 0.1}, UsageError, "train.lr: use lr"),
        ({"train__patience": 3}, UsageError, "train.patience: use n_iter_no_change"),
        ({"optimizer": "adamm"}, UsageError, "it should be"),
        ({"max_epochs": 0}, UsageError, "greater than or equal to 1"),
        ({"class_weight": {77: 2.0}}, ValueError, "77"),
        ({"warm_start": True, "run_dir": "x"}, UsageError, "exclude each other"),
        ({**PLAIN, "lr": 1e30}, NumericsError, "not finite"),
    ],
)
def test_mistakes_in_parameters(digits, parameters, kind, words, workdir):
    with pytest.raises(kind, match=words):
        EtudeClassifier(**parameters).fit(*digits)
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize(
    ("shape", "words"),
    [((6, 8, 8, 3), r"np.moveaxis\(X, 3, 1\)"), ((6, 1, 2, 3, 4), "X has 5 axes")],
)
def test_mistakes_in_shapes(shape, words):
    with pytest.raises(ValueError, match=words):
        EtudeClassifier("cnn").fit(np.zeros(shape), [0, 1] * 3)


def test_an_autoencoder_is_no_classifier(digits):
    images = digits[0].reshape(-1, 1, 8, 8)
    with pytest.raises(UsageError, match="predicts no classes"):
        EtudeClassifier("aae").fit(images, digits[1])
    with pytest.raises(ValueError, match="requires y"):
        EtudeEncoder("cnn").fit(images)


def test_a_failed_fit_leaves_the_estimator_unfitted(digits):
    est = clone(EtudeClassifier(model="lstm"))
    with pytest.raises(DataError):
        est.fit(*digits)
    with pytest.raises(ValueError, match="not fitted yet"):
        est.predict(digits[0])
