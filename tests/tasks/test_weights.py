"""Weights of classes and of samples, compared with torch and scikit-learn."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn import metrics as reference
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn import functional as F

from etude.data.tabular.arrays import TableArrays
from etude.errors import UsageError
from etude.layers.gaussian import torch_noise
from etude.results import TestMetrics as Stored
from etude.shapes import Batch
from etude.stats import equal_samples, mean_share_interval, metric_of, weighted_samples, wilson
from etude.tasks import trees
from etude.tasks.classify import Classify
from etude.tasks.regress import Regress, errors_of
from etude.tasks.tally import Tally
from etude.tasks.weights import WeightsConfig, class_weights, weighted_mean

NAMES = ("a", "b", "c")


def batch(n: int = 40, outputs: int = 3, weights: bool = True, seed: int = 0) -> Batch:
    """Samples in float64, whose classes are uneven."""
    r = np.random.default_rng(seed)
    x = torch.from_numpy(r.normal(size=(n, 5)))
    y = torch.from_numpy(r.choice(outputs, n, p=(0.7, 0.2, 0.1)))
    w = torch.from_numpy(r.integers(0, 4, n) / 3.0) if weights else None
    return Batch(x, y, None, np.arange(n), w)


def model(outputs: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(5, outputs).double()


def gradient(net: nn.Module, loss: torch.Tensor) -> torch.Tensor:
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])


def same(ours: object, theirs: object) -> None:
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-10, atol=1e-13)


def test_the_comparison_finds_a_wrong_value():
    with pytest.raises(AssertionError):
        same(1.0, 1.0 + 1e-8)


class TestLoss:
    def test_class_weights_are_those_of_torch(self):
        net, one = model(), batch(weights=False)
        task = Classify(NAMES, {"a": 0.4, "b": 2.0, "c": 7.0})
        ours = task.loss(net, one, torch_noise)
        weight = torch.tensor([0.4, 2.0, 7.0], dtype=torch.float64)
        theirs = F.cross_entropy(net(one.x), one.y, weight=weight)
        same(ours.detach(), theirs.detach())
        same(gradient(net, ours), gradient(net, theirs))

    def test_saboteur_a_plain_mean_of_weighted_losses_is_another_loss(self):
        net, one = model(), batch(weights=False)
        weight = torch.tensor([0.4, 2.0, 7.0], dtype=torch.float64)
        losses = F.cross_entropy(net(one.x), one.y, weight=weight, reduction="none")
        theirs = F.cross_entropy(net(one.x), one.y, weight=weight)
        with pytest.raises(AssertionError):
            same(losses.mean().detach(), theirs.detach())

    def test_a_weight_of_two_is_the_sample_twice(self):
        net, one = model(), batch(weights=False)
        w = torch.from_numpy(np.random.default_rng(3).integers(0, 3, len(one.y)))
        ours = Classify(NAMES).loss(net, one._replace(weights=w.double()), torch_noise)
        again = torch.repeat_interleave(torch.arange(len(one.y)), w)
        theirs = F.cross_entropy(net(one.x[again]), one.y[again])
        same(gradient(net, ours), gradient(net, theirs))

    def test_both_kinds_multiply(self):
        net, one = model(), batch()
        each = F.cross_entropy(net(one.x), one.y, reduction="none")
        w = one.weights * torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)[one.y]
        task = Classify(NAMES, {"a": 1.0, "b": 2.0, "c": 5.0})
        same(task.loss(net, one, torch_noise).detach(), ((each * w).sum() / w.sum()).detach())

    def test_values_have_the_weighted_mean_square(self):
        net, one = model(2), batch()
        one = one._replace(y=torch.randn(len(one.x), 2, dtype=torch.float64))
        task = Regress((0.0, 0.0), (1.0, 1.0), "")
        theirs = np.average(
            (net(one.x) - one.y).detach().numpy() ** 2 @ np.full(2, 0.5), weights=one.weights
        )
        same(task.loss(net, one, torch_noise).detach(), theirs)

    def test_without_weights_the_bytes_are_those_of_the_plain_loss(self):
        net, one = model().float(), batch(weights=False)
        one = one._replace(x=one.x.float())
        ours = Classify(NAMES).loss(net, one, torch_noise)
        assert torch.equal(ours, F.cross_entropy(net(one.x), one.y))

    def test_a_batch_of_zero_weights_changes_nothing(self):
        losses = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = weighted_mean(losses, torch.zeros(2))
        loss.backward()
        assert float(loss.detach()) == 0
        assert not losses.grad.any()

    def test_the_mass_of_a_batch_weighs_the_shares_of_processes(self):
        net, whole = model(), batch()
        task = Classify(NAMES, {"a": 1.0, "b": 2.0, "c": 5.0})
        [phase] = task.phases()
        shares = [
            Batch(whole.x[i::2], whole.y[i::2], None, whole.samples[i::2], whole.weights[i::2])
            for i in (0, 1)
        ]
        mass = [phase.mass(part) for part in shares]
        parts = [phase.loss(net, part, torch_noise) * m for part, m in zip(shares, mass)]
        same((sum(parts) / sum(mass)).detach(), phase.loss(net, whole, torch_noise).detach())


class TestClassWeights:
    def test_balanced_is_that_of_scikit_learn(self):
        y = np.repeat([0, 1, 2], [50, 9, 3])
        ours = class_weights("balanced", NAMES, y, None)
        same(list(ours.values()), compute_class_weight("balanced", classes=np.arange(3), y=y))

    def test_a_class_without_samples_has_weight_one(self):
        ours = class_weights("balanced", NAMES, np.array([0, 0, 0, 2]), None)
        assert ours == {"a": pytest.approx(2 / 3), "b": 1.0, "c": 2.0}

    def test_names_without_a_weight_have_weight_one(self):
        assert class_weights({"c": 3.0}, NAMES, np.zeros(1, int), None) == {
            "a": 1.0, "b": 1.0, "c": 3.0,
        }  # fmt: skip

    def test_every_unknown_name_is_reported(self):
        with pytest.raises(UsageError) as error:
            class_weights({"cc": 3.0, "zz": 1.0}, NAMES, np.zeros(1, int), None)
        assert len(error.value.items) == 2

    @pytest.mark.parametrize(
        "wrong", ["balancd", {}, {"a": 0}, {"a": -1}, {"a": True}, {"a": "x"}, 3, [1, 2], None]
    )
    def test_other_forms_are_one_error(self, wrong):
        with pytest.raises(UsageError) as error:
            WeightsConfig.read({"class_weights": wrong}, "task")
        assert not error.value.items

    def test_the_metric_follows(self):
        assert Classify(NAMES).metric.name == "accuracy"
        weighted = Classify(NAMES, dict.fromkeys(NAMES, 1.0))
        assert metric_of(weighted.metric.name) == weighted.metric

    def test_better_and_near_compare_balanced_accuracy(self):
        task = Classify(NAMES, dict.fromkeys(NAMES, 1.0))
        top = {"accuracy": 0.5, "balanced_accuracy": 0.9, "loss": 1.0, "samples": 1000}
        low = {**top, "accuracy": 0.99, "balanced_accuracy": 0.8}
        assert task.better(top, low)
        assert not task.near(low, top)
        # Few samples of a rare class: validation cannot tell 0.8 from 0.9.
        assert task.near(low, {**top, "effective_samples": 8})


CASES = {
    "plain": ([0, 0, 1, 1, 2], [0, 1, 1, 1, 2]),
    "absent from truth": ([0, 0, 1, 1, 1], [0, 2, 1, 1, 0]),
    "never predicted": ([0, 0, 1, 2, 2], [0, 0, 0, 0, 0]),
    "one class": ([1, 1, 1], [1, 0, 1]),
    "all wrong": ([0, 1, 2], [1, 2, 0]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_scikit_learn(case, weighted):
    true, predicted = (np.array(values) for values in CASES[case])
    w = np.linspace(0.2, 3, len(true)) if weighted else None
    tally = Tally.of(true, predicted, 3, w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(tally.accuracy, reference.accuracy_score(true, predicted, sample_weight=w))
        same(
            tally.balanced_accuracy,
            reference.balanced_accuracy_score(true, predicted, sample_weight=w),
        )
        options = {"average": "macro", "sample_weight": w, "zero_division": 0}
        same(tally.by_class(NAMES)["macro_f1"], reference.f1_score(true, predicted, **options))


def test_saboteur_recall_of_all_classes_is_not_balanced_accuracy():
    true, predicted = (np.array(values) for values in CASES["absent from truth"])
    tally = Tally.of(true, predicted, 3, None)
    mean = np.nan_to_num(tally.mass.diagonal() / np.maximum(tally.mass.sum(1), 1)).mean()
    with pytest.raises(AssertionError):
        same(tally.balanced_accuracy, mean)


@pytest.mark.parametrize("outputs", [1, 3])
def test_errors_of_values_are_those_of_scikit_learn(outputs):
    r = np.random.default_rng(1)
    true, predicted = r.normal(size=(2, 30, outputs))
    w = r.integers(0, 4, 30).astype(float)
    ours, options = errors_of(predicted, true, w), {"sample_weight": w}
    same(ours["mae"], reference.mean_absolute_error(true, predicted, **options))
    same(ours["rmse"], reference.root_mean_squared_error(true, predicted, **options))
    same(ours["r2"], reference.r2_score(true, predicted, **options))
    with pytest.raises(AssertionError):
        same(errors_of(predicted, true)["mae"], ours["mae"])


def test_constant_targets_among_the_samples_that_count():
    true, w = np.array([[2.0], [2.0], [9.0]]), np.array([1.0, 1.0, 0.0])
    assert errors_of(np.array([[2.0], [2.0], [14.0]]), true, w)["r2"] == 1
    assert errors_of(true + 1, true, w)["r2"] == 0


class TestIntervals:
    def test_one_class_has_wilsons_interval(self):
        ours = mean_share_interval(np.array([0.8]), np.array([50.0]))
        same(ours, wilson(40, 50))

    @pytest.mark.parametrize("shares", [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.99, 0.2)])
    def test_it_stays_within_what_is_possible(self, shares):
        low, high = mean_share_interval(np.array(shares), np.array([2.0, 900.0]))
        assert 0 <= low <= np.mean(shares) <= high <= 1

    def test_it_covers_the_truth(self):
        r, truth, sizes = np.random.default_rng(0), np.array([0.6, 0.97]), np.array([12.0, 400.0])
        hits = 0
        for _ in range(2000):
            shares = r.binomial(sizes.astype(int), truth) / sizes
            low, high = mean_share_interval(shares, sizes)
            hits += low <= truth.mean() <= high
        assert 0.93 <= hits / 2000 <= 0.98

    def test_a_rare_class_decides_the_number_of_samples(self):
        shares = np.array([0.5, 0.5])
        assert equal_samples(shares, np.array([100.0, 100.0])) in (199, 200)
        assert equal_samples(shares, np.array([5.0, 995.0])) <= 20
        assert equal_samples(np.array([0.5, 1.0]), np.array([5.0, 995.0])) < 20
        assert equal_samples(np.array([1.0, 1.0]), np.array([1.0, 1.0])) >= 1

    def test_equal_weights_are_worth_their_number(self):
        assert weighted_samples(np.full(7, 0.3)) == pytest.approx(7)
        assert weighted_samples(np.array([1.0, 0.0])) == 1

    def test_a_result_names_the_interval_of_its_goal(self):
        stored = Stored.read(
            {"samples": 9, "balanced_accuracy": 0.5, "balanced_accuracy_95": [0.2, 0.7]}, "test"
        )
        assert stored.interval("balanced_accuracy") == (0.2, 0.7)
        assert stored.interval("accuracy") is None
        assert stored.certainty == 9


class TestBaselines:
    def arrays(self, weights: bool) -> SimpleNamespace:
        r = np.random.default_rng(5)
        x = r.normal(size=(300, 4)).astype(np.float32)
        y = (x[:, 0] + r.normal(size=300) > 1.5).astype(np.int64)
        return SimpleNamespace(x=x, y=y, weights=r.integers(0, 3, 300) * 1.0 if weights else None)

    def test_the_majority_has_balanced_accuracy_one_over_k(self):
        data = self.arrays(False)
        scores = Classify(("a", "b"), {"a": 1.0, "b": 9.0}).baseline(data, data).scores
        assert scores["majority"] == 0.5
        assert scores["logistic"] > 0.6

    def test_logistic_regression_has_the_weights(self):
        data, both = self.arrays(True), {"a": 1.0, "b": 9.0}
        w = data.weights * np.array([1.0, 9.0])[data.y]
        kept = w > 0
        x = data.x[kept].astype(float)
        mean, std = x.mean(0), x.std(0)
        fit = LogisticRegression(C=0.1, max_iter=500).fit(
            (x - mean) / std, data.y[kept], (w * len(w) / w.sum())[kept]
        )
        theirs = reference.balanced_accuracy_score(
            data.y, fit.predict((data.x - mean) / std), sample_weight=data.weights
        )
        ours = Classify(("a", "b"), both).baseline(data, data).scores["logistic"]
        assert ours == pytest.approx(theirs, abs=0.01)
        plain = Classify(("a", "b")).baseline(self.arrays(False), data).scores["logistic"]
        assert abs(plain - theirs) > 0.01

    def test_boosted_trees_have_the_weights(self):
        data = self.arrays(True)
        rows = TableArrays(data.x, data.y, data.x.astype(float), np.zeros(4, bool), data.weights)
        kept = data.weights > 0
        fit = HistGradientBoostingClassifier(
            categorical_features=np.zeros(4, bool), random_state=0
        ).fit(rows.cells[kept], data.y[kept], data.weights[kept])
        ours = trees.classes(rows, rows, data.weights)
        assert (ours == fit.predict(rows.cells)).all()
        assert (trees.classes(rows, rows) != ours).any()

    def test_the_mean_is_weighted(self):
        data = self.arrays(True)
        data.y = data.x[:, :1].astype(float)
        scores = Regress((0.0,), (1.0,), "").baseline(data, data).scores
        mean = np.average(data.y[:, 0], weights=data.weights)
        theirs = np.average(np.abs(data.y[:, 0] - mean), weights=data.weights)
        assert scores["mean"] == pytest.approx(theirs)
