"""Metrics against scikit-learn and closed forms; baselines; how the best is chosen."""

import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from etude.data.dataset import Split
from etude.layers.gaussian import torch_noise
from etude.shapes import Batch
from etude.stats import wilson
from etude.tasks.ahead import naive
from etude.tasks.autoencode import Autoencode, as_bytes
from etude.tasks.classify import Classify
from etude.tasks.forecast import Forecast
from etude.tasks.regress import Regress, errors_of
from tests import settings


class Says(nn.Module):
    """A model that says what it is given."""

    def forward(self, x):
        return x


def batches(x, y, size=7):
    for start in range(0, len(x), size):
        part = slice(start, start + size)
        yield Batch(x[part], y[part], None, np.arange(len(x))[part])


# Losses -----------------------------------------------------------------------------------------


def loss_of(task, said, y):
    [phase] = task.phases()
    return float(phase.loss(Says(), Batch(said, y, None, np.arange(len(y))), torch_noise))


def test_the_loss_of_a_classifier_is_scikit_learns():
    from sklearn import metrics

    logits, y = torch.randn(50, 4), torch.arange(50) % 4
    wanted = metrics.log_loss(y, logits.double().softmax(1), labels=range(4))
    assert loss_of(Classify(tuple("abcd")), logits, y) == pytest.approx(wanted, rel=1e-5)


def test_the_loss_of_a_regression_is_the_mean_square():
    said, y = torch.randn(40, 2), torch.randn(40, 2)
    wanted = np.square(said.double().numpy() - y.double().numpy()).mean()
    assert loss_of(Regress((10.0, -3.0), (2.0, 5.0), "m"), said, y) == pytest.approx(wanted)


def test_the_loss_of_a_forecast_is_scipys_huber():
    """Of forecasts on either side of the 0.1 where the loss turns from a square into a line."""
    from scipy.special import huber

    x, y = torch.randn(30, 8), torch.randn(30, 8) / 10
    forecast = x.double().numpy() + x.double().numpy()[:, -4:][:, [0, 1, 2, 3] * 2]
    errors = np.abs(forecast - y.double().numpy())
    assert 0.02 < (errors < 0.1).mean() < 0.5
    assert loss_of(forecaster(), x, y) == pytest.approx(huber(0.1, errors).mean(), rel=1e-5)


# Classification ---------------------------------------------------------------------------------


def test_classification_metrics_equal_scikit_learn():
    from sklearn import metrics

    logits, y = torch.randn(50, 4), torch.arange(50) % 3  # the fourth class never occurs
    found = Classify(("a", "b", "c", "d")).detail(Says(), batches(logits, y))
    said = logits.argmax(1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, said))
    assert found["loss"] == pytest.approx(
        metrics.log_loss(y, logits.double().softmax(1), labels=range(4)), rel=1e-5
    )
    assert found["confusion"] == metrics.confusion_matrix(y, said, labels=range(4)).tolist()
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y, said, labels=range(4), zero_division=0
    )
    for i, name in enumerate("abcd"):
        assert found["per_class"][name] == pytest.approx(
            {"precision": precision[i], "recall": recall[i], "f1": f1[i], "samples": support[i]}
        )


def said_and_true(confusion):
    """Logits [N D] and labels [N] whose confusion matrix this is, true class first."""
    true, said = (
        np.repeat(axis.ravel(), confusion.ravel()) for axis in np.indices(confusion.shape)
    )
    return torch.eye(len(confusion))[said], torch.from_numpy(true)


def odd_confusions():
    """Confusion matrices of classes that are absent, never predicted, or both; and random ones."""
    yield np.diag([3, 0, 2])  # absent and never predicted
    yield np.array([[3, 2, 0], [0, 0, 0], [0, 1, 4]])  # predicted though it is absent
    yield np.array([[5, 0], [3, 0]])  # never predicted though it is there
    yield np.array([[7, 0], [0, 0]])  # one class alone
    yield np.array([[0, 4], [0, 0]])  # one class alone, and never right
    yield np.array([[9]])
    random = np.random.default_rng(0)
    for _ in range(60):
        d = int(random.integers(1, 6))
        yield random.poisson(random.choice([0.3, 2]), (d, d)) * (random.random((d, 1)) < 0.7)


@pytest.mark.parametrize("confusion", [c for c in odd_confusions() if c.sum()], ids=lambda c: "")
def test_every_odd_case_equals_scikit_learn(confusion):
    from sklearn import metrics

    logits, y = said_and_true(confusion)
    said, d = logits.argmax(1), len(confusion)
    names = tuple("abcdef"[:d])
    found = Classify(names).detail(Says(), batches(logits, y))
    with warnings.catch_warnings():  # of a single class, which is one of the cases
        warnings.simplefilter("ignore")
        macro = metrics.f1_score(y, said, average="macro", zero_division=0)
        each = metrics.precision_recall_fscore_support(y, said, labels=range(d), zero_division=0)
        matrix = metrics.confusion_matrix(y, said, labels=range(d))
    assert found["macro_f1"] == pytest.approx(macro)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, said))
    assert found["confusion"] == matrix.tolist() == confusion.tolist()
    for i, name in enumerate(names):
        row = found["per_class"][name]
        ours = [row[key] for key in ("precision", "recall", "f1", "samples")]
        assert ours == pytest.approx([column[i] for column in each])


def test_wilson_interval_has_its_known_values():
    # R: prop.test(81, 263, correct = FALSE), as in R. Newcombe, Stat. Med. 17, 1998, table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    low, high = wilson(10, 10)
    assert (low < 1, high) == (True, pytest.approx(1.0))


def test_majority_baseline():
    train = Split(np.zeros((5, 1)), np.array([0, 1, 1, 1, 2]))
    test = Split(np.zeros((5, 1)), np.array([1, 0, 0, 0, 2]))  # where 'a' is the commonest
    found = Classify(("a", "b", "c")).baseline(train, test)
    assert found.best.score == max(found.scores.values())
    [majority] = [each for each in found.all if each.kind == "majority"]
    assert (majority.score, majority.about) == (0.2, {"name": "b"})


def test_of_equal_accuracies_the_lower_loss_is_better():
    task = Classify(("a", "b"))
    sharp, blunt = {"accuracy": 0.9, "loss": 0.1}, {"accuracy": 0.9, "loss": 0.2}
    assert task.better(sharp, blunt) and not task.better(blunt, sharp)
    assert task.better({"accuracy": 0.91, "loss": 0.5}, sharp)


def test_answers_are_probabilities_by_name():
    [answer] = Classify(("a", "b")).answers(torch.tensor([[0.0, math.log(3)]]))
    assert answer["label"] == "b"
    assert answer["probability"] == pytest.approx(0.75)
    assert answer["probabilities"] == pytest.approx({"a": 0.25, "b": 0.75})


# Regression and forecasts -----------------------------------------------------------------------


def test_regression_metrics_are_in_the_datas_units():
    from sklearn import metrics

    said, y = torch.randn(40, 2), torch.randn(40, 2)
    mean, std = (10.0, -3.0), (2.0, 5.0)
    found = Regress(mean, std, "m").detail(Says(), batches(said, y))
    raw_said, raw_y = (x.double().numpy() * std + mean for x in (said, y))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(raw_y, raw_said))
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(raw_y, raw_said))
    assert found["r2"] == pytest.approx(metrics.r2_score(raw_y, raw_said))
    each = metrics.r2_score(raw_y, raw_said, multioutput="raw_values")
    assert found["by_output"]["r2"] == pytest.approx(list(each))
    assert found["loss"] == pytest.approx(metrics.mean_squared_error(y, said))
    assert found["unit"] == "m"


def test_answers_are_in_the_datas_units():
    one = Regress((10.0,), (2.0,), "m").answers(torch.tensor([[1.5]]))
    assert one == [{"value": 13.0, "unit": "m"}]
    [two] = Regress((10.0, -3.0), (2.0, 5.0), "m").answers(torch.tensor([[1.5, 1.0]]))
    assert two["value"] == [13.0, 2.0]
    [row] = Forecast((0.0,), (2.0,), "u", True, 0).answers(torch.tensor([[0.0, 0.5]]))
    assert row["value"] == pytest.approx([1.0, math.e])


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("case", ["plain", "constant", "constant and met", "offset", "one sample"])
def test_errors_equal_scikit_learns(outputs, case):
    """Also where an output does not vary, has another unit, or lies far from zero."""
    from sklearn import metrics

    random = np.random.Generator(np.random.Philox(outputs))
    true = random.standard_normal((1 if case == "one sample" else 30, outputs))
    true = true * 10.0 ** np.arange(outputs)
    if case.startswith("constant"):
        true[:, 0] = 0.5  # whose mean is exact, in scikit-learn too
    if case == "offset":
        true += 1e9
    said = true + random.standard_normal(true.shape)
    if case == "constant and met":
        said[:, 0] = true[:, 0]
    found = errors_of(said, true)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(true, said))
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(true, said))
    if case != "one sample":  # of one, scikit-learn has no r2
        assert found["r2"] == pytest.approx(metrics.r2_score(true, said))


def test_an_output_that_is_not_learned_is_seen():
    """The saboteur: sums pooled over outputs, where the largest unit decides."""
    random = np.random.Generator(np.random.Philox(7))
    true = random.standard_normal((50, 2)) * [1.0, 1000.0]
    said = true * [0.0, 1.0]
    pooled = 1 - ((said - true) ** 2).sum() / ((true - true.mean(0)) ** 2).sum()
    assert pooled > 0.99 and errors_of(said, true)["r2"] < 0.6


def test_naive_forecasts_by_hand():
    x = np.arange(12.0)[None, :, None]
    assert naive(x, 3, 1).tolist() == [[11, 11, 11]]
    assert naive(x, 5, 4).tolist() == [[8, 9, 10, 11, 8]]
    assert torch.equal(naive(torch.tensor(x), 5, 4), torch.tensor([[8.0, 9, 10, 11, 8]]).double())


def test_naive_forecasts_of_padded_series_look_back_from_their_own_end():
    x = np.zeros((2, 8, 1))
    x[0, :, 0], x[1, :5, 0] = np.arange(8), np.arange(10, 15)
    assert naive(x, 5, 4, [8, 5]).tolist() == [[4, 5, 6, 7, 4], [11, 12, 13, 14, 11]]
    both = naive(torch.tensor(x), 5, 4, torch.tensor([8, 5]))
    assert both.tolist() == naive(x, 5, 4, [8, 5]).tolist()


def forecaster(season=4, log=False):
    return Forecast((2.0,), (3.0,), "u", log, season)


class Zero(nn.Module):
    def forward(self, x):
        return torch.zeros(len(x), 5)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("season", [0, 4])
def test_a_network_that_says_nothing_is_the_naive_forecaster(season, log):
    task = forecaster(season, log)
    raw = np.exp(np.random.default_rng(0).normal(size=(20, 12, 1))).astype(np.float32)
    y = np.exp(np.random.default_rng(1).normal(size=(20, 5))).astype(np.float32)

    def normal(values):
        values = np.log(values) if log else values
        return torch.tensor((values - 2.0) / 3.0, dtype=torch.float32)

    found = task.evaluate(Zero(), batches(normal(raw), normal(y)))
    baseline = task.baseline(Split(raw, y), Split(raw, y))
    kind = "seasonal" if season else "persistence"
    assert found["mae"] == pytest.approx(baseline.scores[kind], rel=1e-4)


def test_on_a_random_walk_nothing_beats_persistence_by_much():
    """The baseline is an honest one: the best forecast of a random walk is its last value."""
    walk = np.cumsum(np.random.default_rng(0).normal(size=4000))
    x = np.stack([walk[i : i + 12] for i in range(0, 3900, 20)])[..., None].astype(np.float32)
    y = np.stack([walk[i + 12 : i + 17] for i in range(0, 3900, 20)]).astype(np.float32)
    found = forecaster().baseline(Split(x[:150], y[:150]), Split(x[150:], y[150:]))
    assert found.scores["persistence"] < 1.03 * min(found.scores.values())


# Autoencoders -----------------------------------------------------------------------------------


class Coder(nn.Module):
    """Codes are given; decoding gives the image back with an error of 0.1."""

    def __init__(self, codes):
        super().__init__()
        self.codes, self.at = codes, 0

    def encode(self, x):
        found = self.codes[self.at : self.at + len(x)]
        self.at += len(x)
        self.x = x
        return found

    def decode(self, z):
        return self.x + 0.1

    def prior(self, count, device):
        return torch.randn(count, self.codes.shape[1])


@pytest.mark.parametrize(("shift", "matches"), [(0.0, True), (0.5, False)])
def test_codes_like_the_prior_match_and_others_do_not(shift, matches):
    task = Autoencode((), 1.0, 0.0, 4)
    x = torch.zeros(600, 1, 2, 2)
    some = batches(x, torch.zeros(600, dtype=torch.int64), 100)
    found = task.detail(Coder(torch.randn(600, 4) + shift), some)
    assert found["reconstruction"] == pytest.approx(0.01, rel=1e-4)
    assert found["matches_prior"] is matches
    assert (found["prior_ratio"] < 2) is matches


def test_the_error_of_a_small_last_batch_has_its_share():
    """7 images with an error of 0.01 and 1 with 0.04: the mean is over images, not batches."""

    class Worse(Coder):
        def decode(self, z):
            return self.x + (0.1 if len(z) == 7 else 0.2)

    task, x = Autoencode((), 1.0, 0.0, 2), torch.zeros(8, 1, 2, 2)
    found = task.evaluate(Worse(torch.randn(8, 2)), batches(x, torch.zeros(8, dtype=torch.int64)))
    assert found["reconstruction"] == pytest.approx((7 * 0.01 + 0.04) / 8)


def test_pictures_of_the_range_become_bytes():
    x = torch.tensor([-2.0, -1.0, -0.5, 0.0, 1.0, 3.0]).view(1, 1, 1, 6)
    assert as_bytes(x).ravel().tolist() == [0, 0, 64, 128, 255, 255]


def test_the_best_autoencoder_is_the_sharpest_of_those_that_match():
    task = Autoencode((), 1.0, 0.0, 4)

    def metrics(reconstruction, ratio):
        return {
            "reconstruction": reconstruction,
            "prior_ratio": ratio,
            "prior_distance": ratio / 50,
        }

    assert task.better(metrics(0.1, 1.5), metrics(0.2, 1.0)), "both match: the sharper"
    assert task.better(metrics(0.5, 1.9), metrics(0.1, 2.1)), "one matches: that one"
    assert not task.better(metrics(0.1, 2.1), metrics(0.5, 1.9))
    farther = {**metrics(0.5, 1.9), "prior_distance": 1.0}
    assert task.better(farther, metrics(0.1, 2.1)), "a match, whatever the distances"
    assert task.better(metrics(0.5, 3.0), metrics(0.1, 4.0)), "none matches: the nearer"
    assert not task.better(metrics(0.2, 1.5), metrics(0.1, 1.9))


def test_pca_baseline_has_its_known_error():
    """Of data in a plane, two numbers keep all; one keeps the larger variance."""
    random = np.random.default_rng(0)
    plane = np.linalg.qr(random.normal(size=(16, 2)))[0]
    x = (random.normal(size=(400, 2)) * [3.0, 1.0]) @ plane.T
    images = Split(x.reshape(400, 1, 4, 4).astype(np.float32), np.zeros(400, np.int64))
    exact = Autoencode((), 2.0, 0.0, 2).baseline(images, images)
    assert exact.best.score == pytest.approx(0, abs=1e-6)
    one = Autoencode((), 2.0, 0.0, 1).baseline(images, images)
    assert one.best.score == pytest.approx((x @ plane)[:, 1].var() / 16 / 4, rel=0.05)


@pytest.mark.parametrize(
    ("test_value", "baseline", "better"), [(0.9, 0.5, True), (0.4, 0.5, False)]
)
def test_the_report_says_so_when_the_baseline_is_not_beaten(test_value, baseline, better):
    from etude.inspection.words import sentences

    beside = {"all": [{"kind": "x", "score": baseline}]}
    classes = settings.result(test={"accuracy": test_value}, baseline=beside)
    said = " ".join(sentences(classes))
    assert ("does NOT beat" in said) is not better
    forecast = settings.result(goal="mae", test={"mae": test_value}, baseline=beside)
    assert ("does NOT beat" in " ".join(sentences(forecast))) is (test_value >= baseline)


def test_a_linear_map_of_changes_bears_a_level_that_drifts():
    """Where the test lies far above all that was seen, a map of values is lost, one of changes is
    not."""
    t = np.arange(400.0)
    series = 0.5 * t + 3 * np.sin(2 * np.pi * t / 8) + 0.001 * t**2
    x = np.stack([series[i : i + 12] for i in range(380)])[..., None]
    y = np.stack([series[i + 12 : i + 17] for i in range(380)])
    task = Forecast((0.0,), (1.0,), "", False, 8)
    found = task.baseline(Split(x[:60], y[:60]), Split(x[300:], y[300:])).scores
    assert found["changes"] < 0.5 * min(found["persistence"], found["seasonal"])
    assert found["changes"] < found["linear"]
    whole = task.baseline(
        Split(x.round().astype(np.uint16)[:60], y[:60]), Split(x[300:].astype(np.uint16), y[300:])
    )
    assert whole.scores["changes"] < 5, "unsigned numbers do not wrap around"
