"""What a report says: each sentence from its numbers, in both languages, only where it holds."""

import re

import numpy as np
import pytest

from etude.comparison.curves import group_by_seed
from etude.comparison.differences import finding_sentences, group_differences
from etude.data.checks import checks
from etude.data.dataset import DataConfig, Raw, Split, split_dataset
from etude.inspection.words import (
    baseline_name,
    data_notes,
    digits,
    number,
    sentences,
    title,
    warnings,
)
from etude.locale.texts import Text, say
from etude.results import Baseline, EpochRow, PhaseRow
from etude.stats import wilson
from etude.tasks import linear
from tests import settings

CONFUSION = [[8, 2, 0], [1, 9, 0], [0, 0, 10]]


def result(**other):
    return {
        "model": "mlp", "data": "d", "goal": "accuracy", "parameters": 1234, "notes": ["resized"],
        "sizes": {"train": 100, "val": 10, "test": 30}, "epochs": 8, "best_epoch": 5,
        "top_epoch": 6,
        "checks": {"shared": 0, "looked_at": 30, "classes": {"a": 33, "b": 34, "c": 33}},
        "baseline": {"all": [
            {"kind": "logistic", "score": 0.5},
            {"kind": "majority", "score": 0.3, "about": {"name": "a"}}]},
        "test": {
            "accuracy": 0.9, "accuracy_95": list(wilson(27, 30)), "samples": 30,
            "confusion": CONFUSION, "classes": ["a", "b", "c"],
            "per_class": {
                n: {"recall": r, "samples": 10} for n, r in zip("abc", (0.8, 0.9, 1.0))
            },
        },
        **other,
    }  # fmt: skip


def test_notes_are_in_the_language_of_the_report():
    drawn = Text(key="data.note.drawn", values={"count": 8, "total": 40}).model_dump(mode="json")
    later = {"key": "data.note.of-a-later-version", "values": {"count": 3}}
    notes = ["resized", drawn, later]
    assert list(data_notes(settings.result(**result(notes=notes)), "en")) == [
        "resized", "8 of 40 samples drawn for test", "data.note.of-a-later-version (count: 3)",
    ]  # fmt: skip
    assert list(data_notes(settings.result(**result(notes=notes)), "ko"))[:2] == [
        "resized", "샘플 40개 중 8개를 테스트용으로 뽑음",
    ]  # fmt: skip
    assert "Note: 8 of 40 samples drawn for test." in sentences(
        settings.result(**result(notes=notes)), history([0.5, 0.4]), "en"
    )


def history(losses, train=None):
    """Epochs of these validation losses; training loss falls, if it is not given."""
    falling = [1 / (2 + i) for i in range(len(losses))]
    return [
        EpochRow(
            epoch=i + 1,
            step=500 * (i + 1),
            train={"classify": PhaseRow(loss=float((train or falling)[i]))},
            val={"loss": float(x), "accuracy": 1 - x / 10},
        )
        for i, x in enumerate(losses)
    ]


def said(lang="en", rows=(), **other) -> str:
    return "\n".join(sentences(settings.result(**result(**other)), rows, lang))


def baseline(kind, score):
    return {"all": [{"kind": kind, "score": score}]}


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_sentence_has_its_numbers(lang):
    text = said(lang, history([1.0, 0.5, 0.9]))
    for wanted in (
        "1,234",
        "100",
        "90.0 %",
        "50.0 %",
        "30.0 %",
        "0.9",
        "0.5",
        "22.2",
        "20%",
        "80%",
    ):
        assert wanted in text, wanted
    assert "resized" in text


def test_what_holds_is_said_and_what_does_not_is_not():
    assert "this is better" in said()
    far = {"accuracy": 0.5, "accuracy_95": [0.4, 0.6], "samples": 1000}
    assert "does NOT beat" in said(test={**result()["test"], **far}, baseline=baseline("x", 0.6))
    assert "too few to detect a difference" in said(baseline=baseline("x", 0.85))
    assert "best at the last epoch, 8 of 8" in said(top_epoch=8)
    assert "best at epoch 6 of 8" in said()
    assert "best at epoch 2 of 8" in said(rows=history([1.0, 0.5, 0.9]))
    assert "overfits" in said(rows=history([1.0, 0.5, 0.9]))
    assert "overfits" not in said(rows=history([1.0, 0.5, 0.52]))
    assert "a predicted as b, 2 of 10 (20%)" in said()
    clean = {**result()["test"], "confusion": np.diag([10, 10, 10]).tolist()}
    assert "confuses none of the 30" in said(test=clean)
    assert "LEAK" not in said()
    assert "LEAK: 3 of 30" in said(checks={"shared": 3, "looked_at": 30})
    uneven = {"shared": 0, "looked_at": 30, "classes": {"a": 90, "b": 10}}
    assert "unbalanced: a has 90 training samples, b 10" in said(checks=uneven)
    times = {"shared": 0, "looked_at": 3, "last": "1958-12", "first": "1959-01"}
    assert "Time order:" in said(checks=times)
    assert "LEAK: training ends with" in said(checks={**times, "first": "1950-01"})
    assert "LEAK: training ends with" in said(checks={**times, "first": "1958-12"})


def test_confusions_are_named_in_the_datas_order_of_classes():
    """A result is stored with its keys sorted, so that the order of classes stands by itself."""
    test = {**result()["test"], "classes": ["zebra", "ant", "mole"]}
    test["per_class"] = {n: {"recall": 0.9, "samples": 10} for n in ("ant", "mole", "zebra")}
    assert "zebra predicted as ant, 2 of 10" in said(test=test)


def test_nothing_is_called_the_worst_where_others_are_as_bad():
    even = {**result()["test"], "confusion": [[8, 2, 0], [2, 8, 0], [0, 0, 10]]}
    even["per_class"] = {n: {"recall": r, "samples": 10} for n, r in zip("abc", (0.8, 0.8, 1.0))}
    text = said(test=even)
    assert "Among its most frequent confusions: a predicted as b" in text
    assert "one other is as frequent" in text
    assert "Lowest recall of a class: 80%, for a and 1 other class." in text
    assert "Most frequent confusion: a predicted as b" in said()
    assert "Class with the lowest recall: a, 80%." in said()


def test_class_sizes_are_said_as_they_are():
    def sizes(*counts):
        classes = dict(zip("abc", counts))
        return said(checks={"shared": 0, "looked_at": 30, "classes": classes})

    assert "balanced: 9 training samples in each" in sizes(9, 9, 9)
    assert "balanced: 1 training sample in each" in sizes(1, 1, 1)
    assert "similar size: 9 to 10 training samples" in sizes(9, 10, 9)
    assert "unbalanced: b has 20" in sizes(9, 20, 9)


def test_small_splits_and_last_weights_are_said_first():
    small = {"train": 100, "val": 12, "test": 29}
    text = said(sizes=small, chosen="last")
    for wanted in ("Only 12 validation samples", "Only 29 test samples", "with 12 validation"):
        assert wanted in text
        assert wanted in "\n".join(
            warnings(settings.result(**result(sizes=small, chosen="last")), ())
        )
    assert "Only" not in said(sizes={"train": 100, "val": 30, "test": 30})


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.08558, "0.086"), (0.00201, "0.0020"), (17.234, "17.2"), (412.3, "412"), (1.0, "1"),
     (12345.6, "12,346"), (8.6e-5, "8.6e-05"), (1.7e9, "1.70e+09"), (0.0, "0"), (-0.5, "-0.5")],
)  # fmt: skip
def test_numbers_have_sensible_digits(value, text):
    assert digits(value) == text
    assert number(value, "mae", "m") == f"{text} m"
    assert number(value, "mae", "y") == text


def test_metrics_and_models_have_names():
    assert "mean absolute error: 0.086" in say("en", "result", goal="mae", value="0.086")
    assert "평균 절대 오차" in say("ko", "result", goal="mae", value="0.086")
    names = ("mlp", "vit", "resnet", "transformer")
    assert [title(settings.result(model=n)) for n in names] == [
        "MLP",
        "ViT",
        "ResNet",
        "Transformer",
    ]


def test_a_finished_run_names_its_classes_in_order(runs):
    run = runs("mlp")
    assert tuple(run.test["classes"]) == run.card.classes


def test_korean_names_the_baselines_too():
    assert "로지스틱 회귀" in said("ko")
    pca = Baseline(kind="pca", score=1.0, about={"numbers": 8})
    assert baseline_name(pca, "ko") == "주성분 8개"
    assert "'a'" in baseline_name(Baseline(kind="majority", score=1, about={"name": "a"}), "ko")
    assert baseline_name(Baseline(kind="something new", score=1), "ko") == "something new"


def test_the_checks_find_what_is_shared():
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)).astype(np.float32)
    y = np.arange(40) % 2
    test = Split(np.concatenate((x[:4], random.normal(size=(6, 3)).astype(np.float32))), y[:10])
    val = Split(x[20:], y[20:])
    raw = Raw("d", "vector", "class", Split(x, y), test, val=val, classes=("a", "b"))
    data = split_dataset(
        raw, reads=("vector",), scale="standard", val_fraction=DataConfig().val_fraction, seed=0
    )
    assert checks(data) == {"shared": 4, "looked_at": 10, "classes": {"a": 20, "b": 20}}


def test_the_linear_baselines_find_what_is_linear():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2, 3)).astype(np.float32)
    weights = random.normal(size=(6, 2))
    y = x.reshape(400, 6) @ weights + 3
    predicted = linear.values(x[:300], y[:300], x[300:])
    np.testing.assert_allclose(predicted, y[300:], atol=0.05)
    label = (y[:, 0] > 3).astype(int)
    test = Split(x[300:], label[300:])
    labels = linear.classes(Split(x[:300], label[:300]), test)
    assert (labels == test.y).mean() > 0.95
    assert (labels == 1 - test.y).mean() < 0.05, "the saboteur: other labels are not found"


def test_large_data_are_thinned_and_it_is_said(monkeypatch):
    monkeypatch.setattr(linear, "MOST", 50)
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    [thinned] = linear.thinning(Split(x, x[:, :1]))
    assert "50 of 200" in said(baseline={**baseline("x", 0.5), "thinned": [thinned.plain()]})
    assert linear.thinning(Split(x[:50], x[:50, :1])) == ()
    np.testing.assert_allclose(linear.values(x, x[:, :1], x)[:, 0], x[:, 0], atol=0.05)
    assert linear.flat(np.zeros((2, 3, 100, 100))).shape[1] <= linear.LARGEST


class FakeRun:
    def __init__(self, value, interval=True, goal="accuracy"):
        test = {goal: value}
        if interval:
            test |= {"samples": 100, "accuracy_95": list(wilson(round(100 * value), 100))}
        self.result = settings.result(goal=goal, test=test)
        self.seconds = 1.0


def sentences_of(groups, lang="en"):
    return finding_sentences(group_differences(groups), lang)


def test_no_difference_is_said_where_there_is_none():
    close = {"x": [FakeRun(v) for v in (0.90, 0.92, 0.88)], "y": [FakeRun(v) for v in (0.89, 0.91)]}
    assert sentences_of(close)[0].startswith("No difference")
    assert "차이 없음" in sentences_of(close, "ko")[0]
    apart = {"x": [FakeRun(v) for v in (0.90, 0.91)], "y": [FakeRun(v) for v in (0.5, 0.51)]}
    assert sentences_of(apart)[0].startswith("x is better than y")
    single = {"x": [FakeRun(0.90)], "y": [FakeRun(0.89)]}
    assert sentences_of(single)[0].startswith("No difference")
    errors = {
        "x": [FakeRun(3.0, False, "mae")],
        "y": [FakeRun(2.0, False, "mae")],
    }
    assert "cannot show a difference" in sentences_of(errors)[0]
    assert sentences_of(errors)[0].startswith("y is ahead of x"), "lower is better"


def test_a_difference_of_percentages_is_in_points():
    apart = {"x": [FakeRun(v) for v in (0.90, 0.91)], "y": [FakeRun(v) for v in (0.1, 0.1)]}
    said = sentences_of(apart)[0]
    assert re.fullmatch(
        r"x is better than y in test accuracy, by \d\d\.\d to \d\d\.\d points \(95 %\)\.", said
    )
    assert "%포인트 좋음" in sentences_of(apart, "ko")[0]


def test_one_run_each_is_said_to_be_about_these_networks():
    apart = {"x": [FakeRun(0.9)], "y": [FakeRun(0.5)]}
    assert sentences_of(apart)[-1].startswith("One run each: the result applies to these networks")
    assert not any("One run each" in line for line in sentences_of({**apart, "x": [FakeRun(0.5)]}))


def test_a_correction_for_several_comparisons_is_said():
    three = {name: [FakeRun(v) for v in (0.90, 0.91)] for name in "xyz"}
    assert sentences_of(three)[-1].startswith("Corrected for 3 comparisons (all pairs)")
    assert "3번의 비교" in sentences_of(three, "ko")[-1]
    assert not any("Corrected" in line for line in sentences_of({"x": three["x"], "y": three["y"]}))


@pytest.mark.parametrize(
    ("mine", "naive", "words"),
    [
        (0.90, 0.90, "90.0 % and 90.0 % (persistence, the best baseline): no difference."),
        (0.90, 0.97, "30 test samples are too few to detect a difference"),
        (0.60, 0.80, "30 test samples are too few to detect a difference"),
        (0.60, 0.90, "MUCH WORSE"),
        (0.20, 0.50, "MUCH WORSE"),
        (0.90, 0.50, "this is better"),
    ],
)
def test_a_result_is_said_beside_its_baseline(mine, naive, words):
    text = said(
        test={**result()["test"], "accuracy": mine},
        baseline=baseline("persistence", naive),
    )
    assert words in text
    assert ("To try: persistence itself" in text) == ("this is better" not in words)
    assert "as well" not in text
    assert ("NOT beat" in text, "MUCH WORSE" in text) == (False, words == "MUCH WORSE")


@pytest.mark.parametrize(
    ("mine", "words"),
    [
        (1.0, "1 and 1 (x, the best baseline): no difference."),
        (1.004, "1 and 1 (x, the best baseline): no difference."),
        (1.2, "It does NOT beat the best baseline, which has 1 (x)."),
        (2.0, "It is MUCH WORSE than the best baseline, which has 1 (x)."),
        (0.8, "this is better"),
    ],
)
def test_an_error_is_said_beside_its_baseline(mine, words):
    text = said(goal="mae", test={"mae": mine}, baseline=baseline("x", 1.0))
    assert words in text
    if words.endswith("(x)."):
        better = "much better" if "MUCH" in words else "does better"
        assert better in text


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.08558, "y", "0.086"),
        (20.3456, "thousand passengers", "20.3 thousand passengers"),
        (123456.7, "m", "123,457 m"),
        (2.009233002565047e-3, "", "0.0020"),
        (1.5e-9, "", "1.5e-09"),
    ],
)
def test_numbers_have_three_digits_and_their_unit(value, unit, shown):
    assert number(value, "mae", unit) == shown


def test_seeds_are_put_together():
    assert group_by_seed(["adam-seed0", "adam-seed1", "sgd-seed0"]) == {
        "adam": ["adam-seed0", "adam-seed1"],
        "sgd": ["sgd-seed0"],
    }
    assert group_by_seed(["seed0", "seed1"]) == {"all": ["seed0", "seed1"]}
    assert group_by_seed(["adam", "sgd"]) == {"adam": ["adam"], "sgd": ["sgd"]}


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_result_below_its_baseline_has_a_reason(lang):
    low = result(epochs=3)["test"] | {"accuracy": 0.05}
    one = low | {"confusion": [[0, 10, 0], [0, 10, 0], [0, 10, 0]]}
    far = history([1.0, 1.0, 1.0], [1.0, 0.9, 0.9])
    near = history([1.0, 1.0, 1.0], [1.0, 0.2, 0.2])
    assert say(lang, "behind.one", name="b", count=30) in said(lang, far, test=one)
    fit = {"first": 1.0, "parameters": 1234, "train": 100}
    assert say(lang, "behind.unfit", last=0.9, **fit) in said(lang, far, test=low)
    assert say(lang, "behind.few", last=0.2, **fit) in said(lang, near, test=low)
    many = result()["sizes"] | {"train": 1234}
    text = said(lang, near, test=low, sizes=many)
    assert say(lang, "behind.fits", last=0.2, **fit) in text
    for text in (said(lang, near), said(lang, history([1, 0.5, 0.9], [1, 0.2, 0.1]), test=low)):
        for key in ("few", "fits", "unfit", "one"):
            start = say(lang, f"behind.{key}", name="b", count=30, last=0.2, **fit)[:12]
            assert start not in text, "above it, or explained already"
