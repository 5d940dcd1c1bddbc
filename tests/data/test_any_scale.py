"""Numbers of any scale and offset: centred and scaled in float64 before they become float32, so
that a unit or an origin never changes what can be learned."""

import numpy as np
import pytest
import torch

from etude.data import arrays
from etude.data.arrays import Config, load
from etude.data.checks import checks
from etude.data.dataset import split_dataset
from etude.data.inputs import from_array, read
from etude.data.moments import moments
from etude.data.normalise import Normalise
from etude.data.resident import Resident
from tests.data.notes import english

CPU = torch.device("cpu")
COUNT = 60


def values(seed=0):
    """[n 3] whole numbers in 0..39, so that every scaled and shifted copy of them is exact."""
    return np.random.Generator(np.random.Philox(seed)).integers(0, 40, (COUNT, 3))


def dataset(path, x, y=None, kind="vector", scale="standard"):
    y = np.arange(len(x)) % 2 if y is None else y
    np.savez(path / "a.npz", x=x, y=y)
    raw = load(Config(path=str(path / "a.npz")))
    return split_dataset(raw, reads=(kind,), scale=scale, val_fraction=0.2, seed=0)


def seen(data):
    held = Resident(data.train, data.card, CPU)
    return held.take(np.arange(len(held)))


FORMS = {
    "float64 of a tiny unit": lambda v: v * 1e-12,
    "float64 of the smallest unit": lambda v: v * 1e-200,
    "float64 of a large unit": lambda v: v * 1e30,
    "float64 time stamps": lambda v: 1.7e9 + v * 2.0**-10,
    "float64 far from zero": lambda v: 2.0**40 + v * 2.0**-10,
    "float32 of a tiny unit": lambda v: (v * 2.0**-100).astype(np.float32),
    "int32 far from zero": lambda v: (2**30 + v).astype(np.int32),
    "int64 beyond float64": lambda v: (2**60 + v).astype(np.int64),
    "int64 below zero": lambda v: (v - 2**62).astype(np.int64),
    "uint64 at the top": lambda v: np.uint64(2**64 - 64) + v.astype(np.uint64),
    "int8": lambda v: v.astype(np.int8),
    "uint16": lambda v: v.astype(np.uint16),
    "float16": lambda v: v.astype(np.float16),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mapped", [False, True])
def test_a_unit_and_an_offset_change_nothing(tmp_path, monkeypatch, form, mapped):
    monkeypatch.setattr(arrays, "MAPPED", 0 if mapped else 1 << 30)
    plain = seen(dataset(tmp_path, values().astype(np.float64))).x
    moved = FORMS[form](values())
    if mapped:
        np.save(tmp_path / "x.npy", moved)
        np.save(tmp_path / "y.npy", np.arange(COUNT) % 2)
        raw = load(Config(path=str(tmp_path / "x.npy")))
        data = split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.2, seed=0)
    else:
        data = dataset(tmp_path, moved)
    np.testing.assert_allclose(seen(data).x, plain, rtol=2e-6, atol=2e-6)
    assert checks(data)["shared"] == 0
    assert not [note for note in english(data.card.notes) if "the same sample" in note]


@pytest.mark.parametrize("form", FORMS)
def test_a_prediction_is_prepared_alike(tmp_path, form):
    """Bit for bit, also through a file."""
    data = dataset(tmp_path, FORMS[form](values()))
    raw = data.train.x
    np.save(tmp_path / "new.npy", raw)
    for again in (from_array(raw, data.card), read([str(tmp_path / "new.npy")], data.card)):
        held = Resident(again, data.card, CPU).take(np.arange(len(raw)))
        assert torch.equal(held.x, seen(data).x)


def test_the_old_way_would_not_do(tmp_path):
    """The saboteur: rounded to float32 first, time stamps and large numbers are all the same."""
    for form in ("float64 time stamps", "int64 beyond float64", "float64 far from zero"):
        rounded = FORMS[form](values()).astype(np.float32)
        assert len(np.unique(rounded)) == 1


def test_moments_equal_those_of_numbers_without_an_offset():
    x = values().astype(np.float64)
    there, here = moments(x + 2.0**40, None, "standard", False), moments(x, None, "standard", False)
    np.testing.assert_allclose(there.std, here.std, rtol=1e-12)
    assert np.array(there.origin) - 2.0**40 == pytest.approx(here.origin)
    np.testing.assert_allclose(there.mean, here.mean, rtol=1e-12)
    np.testing.assert_allclose(here.std, x.std(0), rtol=1e-12)
    np.testing.assert_allclose(np.add(here.mean, here.origin), x.mean(0), rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 1e6, 0.1, 1e-300])
def test_a_feature_that_does_not_vary_is_not_scaled(value):
    x = np.full((30, 2), value)
    x[:, 1] = np.arange(30)
    assert moments(x, None, "standard", False).std[0] == 1.0
    noise = np.full((30, 1), 0.3)
    noise[::2] = 0.1 * 3  # the same number, computed in another way
    assert moments(noise, None, "standard", False).std == (1.0,)


def test_images_and_sequences_too(tmp_path):
    random = np.random.Generator(np.random.Philox(3))
    for shape, kind in (((COUNT, 1, 6, 6), "image"), ((COUNT, 5, 2), "sequence")):
        base = random.integers(0, 40, shape)
        plain = seen(dataset(tmp_path, base.astype(np.float64), kind=kind)).x
        for moved in (base * 1e-9, base + 2.0**40, base + 2**60):
            found = seen(dataset(tmp_path, moved, kind=kind)).x
            np.testing.assert_allclose(found, plain, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("offset", [0.0, 1.7e9, 2.0**45])
@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_targets_too(tmp_path, offset, unit):
    x = values().astype(np.float64)
    y = offset + unit * x[:, 0] if offset == 0 else offset + x[:, 0] / 64
    data = dataset(tmp_path, x, y)
    assert data.train.y.dtype == np.float64
    np.testing.assert_array_equal(
        np.sort(np.concatenate([s.y[:, 0] for s in (data.train, data.val, data.test)])), np.sort(y)
    )
    found = seen(data).y[:, 0].double().numpy()
    column = data.train.x[:, 0]
    expected = (column - column.mean()) / column.std()
    # The mean is rounded as the targets are, which moves all of them by less than one step.
    step = np.spacing(offset) * 64 / column.std()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=max(1e-5, step))


def test_what_is_the_same_in_the_file_is_a_duplicate_and_nothing_else(tmp_path):
    x = 2**53 + np.arange(40, dtype=np.int64)[:, None] * [1, 2]
    assert checks(dataset(tmp_path, x))["shared"] == 0
    x[::2] = x[0]
    assert checks(dataset(tmp_path, x))["shared"] > 0


def test_blocks_are_merged_exactly():
    """Chan's updating formula, against numpy's two passes over all of it."""
    x = np.random.Generator(np.random.Philox(5)).standard_normal((50_000, 3)) * 1e-3 + 1e6
    found = moments(x, None, "standard", False)
    np.testing.assert_allclose(found.std, x.std(0), rtol=1e-9)
    scaled = Normalise(*found[:3], log=False, axes=(-1,))(torch.from_numpy(x))
    np.testing.assert_allclose(scaled.numpy().std(0), 1, rtol=1e-4)


def test_padding_counts_for_nothing():
    x = np.ones((4, 5, 1))
    x[:, 0] = [[1.0], [2.0], [3.0], [4.0]]
    lengths = np.array([1, 1, 1, 1])
    x[:, 1:] = np.nan
    found = moments(x, lengths, "standard", False)
    assert found.origin[0] + found.mean[0] == 2.5 and (found.low, found.high) == (1, 4)
