"""The Dataset and its Card: what is fixed, what follows the seed, what is learned from what."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.data import curve, digits, series
from etude.data.card import Card
from etude.data.dataset import DataConfig, Raw, Split, fingerprint, moments, split_dataset, view_for
from etude.data.resident import Resident
from etude.data.splits import stratified
from etude.errors import DataError, UsageError
from etude.locale.texts import text
from tests.data.notes import english
from tests.data.whole import prepare

CPU = torch.device("cpu")
RANDOM = np.random.Generator(np.random.Philox(31))


def toy(n=60, k=3, **more):
    x = RANDOM.normal(3, 2, (n, 4)).astype(np.float32)
    y = np.arange(n) % k
    fields = {
        "name": "toy",
        "kind": "vector",
        "target": "class",
        "train": Split(x, y),
        "test": Split(x[:9] + 1, y[:9]),
        "classes": tuple("abcdefgh"[:k]),
    }
    return Raw(**(fields | more))


def cut(raw, seed=0, **more):
    known = {"reads": (raw.kind,), "scale": "standard", "val_fraction": 0.2, "seed": seed}
    return split_dataset(raw, **(known | more))


def refused(raw, **more):
    with pytest.raises(DataError) as caught:
        cut(raw, **more)
    english((caught.value.what, caught.value.do, *caught.value.items))
    return caught.value


# --- splits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [digits, curve])
def test_test_is_fixed_and_validation_follows_the_seed(source):
    raws = [source.load(DataConfig()) for _ in range(2)]
    first, again, other = cut(raws[0], 1), cut(raws[1], 1), cut(raws[1], 2)
    for part in ("train", "val", "test"):
        a, b, c = (getattr(dataset, part) for dataset in (first, again, other))
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.y, b.y)
        assert np.array_equal(a.x, c.x) == (part == "test")
    assert first.card == again.card
    assert first.card.fingerprint == other.card.fingerprint


def test_validation_comes_out_of_training_and_nowhere_else():
    raw = digits.load(DataConfig())
    dataset = cut(raw, 7)
    assert len(raw.test) == 359 and len(raw.train) == 1438
    assert dataset.card.sizes == {"train": len(dataset.train), "val": len(dataset.val), "test": 359}

    def rows(split):
        return [x.tobytes() + y.tobytes() for x, y in zip(split.x, split.y, strict=True)]

    assert sorted(rows(dataset.train) + rows(dataset.val)) == sorted(rows(raw.train))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=80),
    st.floats(0.05, 0.5),
    st.integers(0, 2**31 - 1),
)
def test_stratified_keeps_every_classs_share(labels, fraction, seed):
    y = np.array(labels, np.int64)
    rest, held = stratified(y, fraction, seed)
    assert sorted([*rest, *held]) == list(range(len(y)))
    small = 0
    for label in set(labels):
        members, drawn = int((y == label).sum()), int((y[held] == label).sum())
        if members > 1 and not round(fraction * members):
            small += members
            assert drawn <= 1
        else:
            assert drawn == (round(fraction * members) if members > 1 else 0)
            assert drawn < members
    few = [
        label
        for label in set(labels)
        if (y == label).sum() > 1 and not round(fraction * int((y == label).sum()))
    ]
    drawn = sum(int((y[held] == label).sum()) for label in few)
    assert drawn == min(len(few), max(1, round(fraction * small))) * bool(few)
    again = stratified(y, fraction, seed)
    np.testing.assert_array_equal(held, again[1])


def test_values_are_split_as_one():
    rest, held = stratified(np.zeros((50, 2), np.float32), 0.2, 0)
    assert len(held) == 10 and len(rest) == 40


def test_given_validation_is_kept():
    raw = toy()
    raw = toy(train=raw.train, val=Split(raw.train.x[:6] - 1, raw.train.y[:6]))
    dataset = cut(raw, 3)
    np.testing.assert_array_equal(dataset.val.x, raw.val.x)
    assert len(dataset.train) == 60


def test_take_takes_all_that_belongs_to_a_sample():
    split = Split(
        np.arange(12.0).reshape(4, 3), np.arange(4), np.array([1, 2, 3, 3]), ("a", "b", "c", "d")
    )
    part = split.take(np.array([3, 1]))
    assert part.x[:, 0].tolist() == [9, 3] and part.y.tolist() == [3, 1]
    assert part.lengths.tolist() == [3, 2] and part.names == ("d", "b") and len(part) == 2


# --- what is learned -----------------------------------------------------------------------------


def test_normalisation_is_learned_from_training_alone():
    raw = toy()
    dataset = cut(raw)
    np.testing.assert_allclose(dataset.card.mean, dataset.train.x.mean(0, np.float64), rtol=1e-9)
    np.testing.assert_allclose(
        dataset.card.std, dataset.train.x.std(0, dtype=np.float64), rtol=1e-6
    )
    assert not np.allclose(dataset.card.mean, raw.train.x.mean(0))
    far = toy(train=raw.train, test=Split(raw.test.x + 1e6, raw.test.y))
    assert cut(far).card.mean == dataset.card.mean


def test_images_have_one_mean_a_channel():
    x = RANDOM.integers(0, 256, (60, 3, 5, 6)).astype(np.uint8)
    x[:, 1] //= 2
    raw = toy(kind="image", train=Split(x, np.arange(60) % 3), test=Split(x[:9], np.arange(9) % 3))
    dataset = cut(raw)
    np.testing.assert_allclose(dataset.card.mean, dataset.train.x.mean((0, 2, 3)))
    np.testing.assert_allclose(dataset.card.std, dataset.train.x.std((0, 2, 3)))
    assert dataset.card.top == dataset.train.x.max() and not dataset.card.padded
    batch = prepare(dataset.train, dataset.card, CPU)
    np.testing.assert_allclose(batch.x.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.x.std((0, 2, 3), correction=0), 1, atol=1e-5)
    tanh = cut(raw, scale="tanh")
    scaled = prepare(tanh.train, tanh.card, CPU).x
    assert float(scaled.min()) == -1 and float(scaled.max()) == 1


def test_blocks_do_not_change_the_moments(monkeypatch):
    x = toy(500).train.x
    whole = moments(x, None, "standard", False)
    monkeypatch.setattr("etude.data.moments.BLOCK", 400)
    parts = moments(x, None, "standard", False)
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(parts.std, whole.std, rtol=1e-12)


def test_a_constant_column_does_no_harm():
    raw = toy()
    raw.train.x[:, 1] = 1e6
    dataset = cut(raw)
    assert dataset.card.std[1] == 1.0
    assert prepare(dataset.train, dataset.card, CPU).x.isfinite().all()


def test_targets_are_normalised_by_training():
    dataset = cut(curve.load(DataConfig()))
    batch = prepare(dataset.train, dataset.card, CPU)
    assert abs(float(batch.y.mean())) < 1e-5 and abs(float(batch.y.std(correction=0)) - 1) < 1e-5
    test = prepare(dataset.test, dataset.card, CPU)
    back = test.y.numpy() * dataset.card.y_std + dataset.card.y_mean
    np.testing.assert_allclose(back, dataset.test.y, atol=1e-5)


def test_the_card_survives_json():
    for source, config in ((digits, DataConfig()), (series, series.Config())):
        card = cut(source.load(config)).card
        assert Card.read(card.plain()) == card
    assert card.notes and not any(isinstance(note, str) for note in card.notes)
    old = card.model_copy(update={"notes": ("a sentence of version 0.1.0",)})
    assert Card.read(old.plain()) == old


def test_a_note_without_a_template_is_found():
    for note in (text("data.note.unknown"), text("data.note.drawn", split=text("data.split.x"))):
        with pytest.raises(AssertionError):
            english([note])


# --- fingerprint ---------------------------------------------------------------------------------


def test_one_bit_one_name_or_one_place_changes_the_fingerprint():
    def raw(flip=None, **more):
        x = np.arange(24, dtype=np.float32).reshape(6, 4)
        y = np.arange(6) % 2
        lengths = np.full(6, 4)
        if flip:
            array, place, bit = flip
            changed = {"x": x, "y": y, "lengths": lengths}[array].view(np.uint8).reshape(-1)
            changed[place] ^= bit
        split = Split(x, y, lengths)
        fields = {"train": split, "test": split, "classes": ("a", "b")} | more
        return Raw(name="toy", kind="vector", target="class", **fields)

    same = fingerprint(raw())
    assert same == fingerprint(raw()) and len(same) == 64
    others = [
        raw(("x", 0, 1)),
        raw(("x", 95, 128)),
        raw(("y", 8, 1)),
        raw(("lengths", 40, 1)),
        raw(classes=("b", "a")),
        raw(unit="m"),
        raw(val=raw().train),
        raw(train=raw().train.take(np.array([1, 0, 2, 3, 4, 5]))),
        raw(train=Split(raw().train.x.astype(np.float64), raw().train.y, raw().train.lengths)),
        raw(train=Split(raw().train.x.reshape(6, 2, 2), raw().train.y, raw().train.lengths)),
    ]
    found = [fingerprint(other) for other in others]
    assert same not in found and len(set(found)) == len(found)


def test_layout_in_memory_does_not_change_the_fingerprint():
    raw = toy()
    turned = toy(train=Split(np.asfortranarray(raw.train.x), raw.train.y), test=raw.test)
    assert fingerprint(turned) == fingerprint(raw)


# --- what is refused -----------------------------------------------------------------------------


def test_everything_wrong_is_told_at_once():
    raw = toy()
    x = raw.train.x.copy()
    x[[4, 8], 1] = np.nan, np.inf
    error = refused(
        toy(
            train=Split(x, raw.train.y % 2),
            test=Split(raw.test.x[:5], np.array([0, 1, 2, 2])),
            val=Split(x[:0], raw.train.y[:0]),
        )
    )
    assert error.exit_code == 3
    assert list(english(error.items)) == [
        "train x: sample 4 has 1 value that is NaN or infinite",
        "train x: sample 8 has 1 value that is NaN or infinite",
        "val: has no samples",
        "test: 5 samples but 4 targets",
        "test: has classes that training does not have: 'c'",
    ]


def test_one_class_is_refused():
    raw = toy()
    error = refused(
        toy(train=Split(raw.train.x, np.ones(60, np.int64)), test=raw.test.take(np.array([1])))
    )
    assert "has only one class ('b')" in str(error)


def test_too_few_samples_to_validate_on():
    raw = toy(6, 6)
    assert "validation split would be empty" in str(
        refused(toy(6, 6, test=raw.test.take(np.array([1]))))
    )


def test_a_class_that_validation_misses_is_noted():
    raw = toy(61, 3, train=Split(np.ones((13, 4), np.float32), np.array([0] * 6 + [1] * 6 + [2])))
    assert "not in validation: c" in english(cut(raw).card.notes)


# --- series --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "horizon"), [(24, 12), (12, 1), (36, 24)])
def test_forecasts_of_different_splits_share_no_month(length, horizon):
    raw = series.load(series.Config(length=length, horizon=horizon))
    months = {}
    for part in ("train", "val", "test"):
        split = getattr(raw, part)
        ends = [name.split(" to ") for name in split.names]
        months[part] = {month for pair in ends for month in pair}
        assert split.x.shape[1:] == (length, 1) and split.y.shape[1:] == (horizon,)
        assert len(split) > 0
    assert max(months["train"]) < min(months["val"]) <= max(months["val"]) < min(months["test"])
    assert min(months["test"]) == "1959-01" and max(months["test"]) == "1960-12"
    # What is shown comes just before what is asked: a later window shows an earlier one's answers.
    for i in range(len(raw.train) - horizon):
        shown = raw.train.x[i + horizon, -horizon:, 0]
        np.testing.assert_array_equal(shown, raw.train.y[i, -len(shown) :])


def test_a_series_too_short_for_its_windows():
    with pytest.raises(UsageError, match="too few for one window"):
        series.load(series.Config(length=90))


def test_logarithms_round_trip():
    dataset = cut(series.load(series.Config()))
    batch = prepare(dataset.test, dataset.card, CPU)
    back = batch.y.double().numpy() * dataset.card.y_std + dataset.card.y_mean
    np.testing.assert_allclose(np.exp(back), dataset.test.y, rtol=1e-5)
    logs = np.log(dataset.train.x.astype(np.float64))
    np.testing.assert_allclose(dataset.card.mean, logs.mean())


# --- views ---------------------------------------------------------------------------------------


def test_views_that_there_are():
    assert view_for("image", ("image",), "") == "none"
    assert view_for("image", ("sequence", "vector"), "") == "rows"
    assert view_for("image", ("vector",), "") == "vector"
    assert view_for("sequence", ("vector",), "") == "vector"
    for kind, reads in (
        ("vector", ("image",)),
        ("sequence", ("image",)),
        ("vector", ("sequence",)),
    ):
        with pytest.raises(DataError, match=f"of kind {kind}"):
            view_for(kind, reads, "")
    with pytest.raises(DataError) as caught:
        view_for("sequence", ("image",), "data.kind=image reads x as images")
    assert "-> data.kind=image reads x as images. Or choose another model" in str(caught.value)


def test_batches_by_index_are_the_samples_themselves():
    dataset = cut(digits.load(DataConfig()))
    held = Resident(dataset.train, dataset.card, CPU)
    whole = held.take(np.arange(len(held)))
    some = np.array([5, 0, 900, 5])
    batch = held.take(some)
    assert (
        torch.equal(batch.x, whole.x[some]) and batch.y.tolist() == dataset.train.y[some].tolist()
    )
    np.testing.assert_array_equal(batch.samples, some)
    expected = (dataset.train.x[some] - dataset.card.mean[0]) / dataset.card.std[0]
    np.testing.assert_allclose(batch.x, expected, atol=1e-5)
    assert torch.equal(prepare(dataset.train.take(some), dataset.card, CPU).x, batch.x)


def test_augmentation_only_with_a_key():
    dataset = cut(digits.load(DataConfig()))
    plain = Resident(dataset.train, dataset.card, CPU)
    ops = Resident(dataset.train, dataset.card, CPU, ("translate", "noise"))
    some = np.arange(50, 70)
    assert torch.equal(plain.take(some, 3).x, plain.take(some).x)
    assert torch.equal(ops.take(some).x, plain.take(some).x)
    changed = ops.take(some, 3).x
    assert not torch.equal(changed, plain.take(some).x) and changed.shape == (20, 1, 8, 8)
    assert torch.equal(changed[7:9], ops.take(some[7:9], 3).x)


def test_padding_is_hidden_whatever_was_stored_there():
    values = np.full((20, 4, 3), 9.0, np.float32)
    values[:, :2] = RANDOM.normal(size=(20, 2, 3))
    split = Split(values, np.arange(20) % 2, np.full(20, 2))
    raw = toy(kind="sequence", train=split, test=split, classes=("a", "b"))
    dataset = cut(raw)
    np.testing.assert_allclose(dataset.card.mean, dataset.train.x[:, :2].mean((0, 1)), rtol=1e-5)
    batch = Resident(dataset.train, dataset.card, CPU, ("jitter",)).take(np.arange(5), 1)
    assert (batch.x[:, 2:] == 0).all() and (batch.x[:, :2] != 0).any()
    assert batch.lengths.tolist() == [2] * 5 and len(batch.inputs) == 2
