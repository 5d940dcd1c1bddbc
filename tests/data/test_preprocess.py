"""Preprocess equals, to the byte, the same arithmetic written in NumPy; batches and exported models
use the module itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import etude
from etude.data import digits
from etude.data.dataset import DataConfig, Raw, Split, split_dataset
from etude.data.normalise import Normalise
from etude.data.preprocess import Preprocess
from etude.data.resident import Resident
from etude.data.rows import Rows, blocks

CPU = torch.device("cpu")
N = 30
RUNS = Path(__file__).parents[1] / "fixtures" / "v0.1.0" / "runs"
SHAPES = {"image": (N, 3, 5, 4), "sequence": (N, 6, 3), "vector": (N, 4)}


def whole(shape, high):
    return np.random.Generator(np.random.Philox(7)).integers(1, high, shape)


TYPES = {
    "uint8": lambda s: whole(s, 256).astype(np.uint8),
    "int16": lambda s: (whole(s, 60_000) - 30_000).astype(np.int16),
    "int64 time stamps": lambda s: 1_700_000_000_000_000_000 + whole(s, 10**12),
    "uint64 at the top": lambda s: np.uint64(2**64 - 10**13) + whole(s, 10**12).astype(np.uint64),
    "float32": lambda s: (whole(s, 999) / 7).astype(np.float32),
    "float64 of a tiny spread": lambda s: 1.0 + 1e-9 * (whole(s, 999) / 7),
    "float64 far from zero": lambda s: 2.0**40 + whole(s, 999) / 7,
}


def card_of(x, *, lengths=None, log=False, scale="standard", reads=()):
    kind = next(kind for kind, shape in SHAPES.items() if len(shape) == x.ndim)
    # Arrays of other integers are stored as float32 or float64 (`number_type`).
    split = Split(x.astype(np.float32) if x.dtype == np.int16 else x, x[:, :1].reshape(N, -1)[:, :1]
                  .astype(np.float64), lengths)  # fmt: skip
    raw = Raw("a", kind, "value", split, split, log=log)
    return split_dataset(raw, reads=reads or (kind,), scale=scale, val_fraction=0.2, seed=0).card


def expected(x, card, lengths=None):
    """What the model should read, with NumPy, and Python's integers where float64 is too short."""
    dtype, channels = x.dtype, -3 if x.ndim == 4 else -1
    x = np.moveaxis(x, channels, -1)
    if x.dtype.itemsize == 8 and x.dtype.kind in "iu" and card.origin:
        values = (x.astype(object) - np.array(card.origin, object)).astype(np.float64)
    else:
        values = x.astype(np.float64) - np.array(card.origin or (0.0,), np.float64)
    values = np.log(values) if card.log else values
    # Bytes are scaled in float32.
    wide = np.float32 if dtype == np.uint8 and not card.log else np.float64
    values = (values.astype(wide) - np.array(card.mean, wide)) / np.array(card.std, wide)
    values = np.moveaxis(values.astype(np.float32), -1, channels)
    if lengths is not None:
        for row, length in zip(values, lengths):
            row[length:] = 0
    if card.view == "rows":  # steps are rows of the image; within a step, columns before channels
        return np.stack([np.moveaxis(image, 0, -1).reshape(image.shape[1], -1) for image in values])
    return values.reshape(len(values), -1) if card.view == "vector" else values


def prepared(x, card, lengths=None):
    return Preprocess(card)(
        torch.from_numpy(x), lengths if lengths is None else torch.tensor(lengths)
    )


def differ(actual, wanted):
    """Whether two arrays differ in type, shape or any byte."""
    return (actual.dtype, actual.shape, actual.tobytes()) != (
        wanted.dtype,
        wanted.shape,
        wanted.tobytes(),
    )


VIEWS = [
    ("image", "none", ("image",)),
    ("image", "rows", ("sequence",)),
    ("image", "vector", ("vector",)),
    ("sequence", "none", ("sequence",)),
    ("sequence", "vector", ("vector",)),
    ("vector", "none", ("vector",)),
]


@pytest.mark.parametrize("scale", ["standard", "tanh"])
@pytest.mark.parametrize(("kind", "view", "reads"), VIEWS)
@pytest.mark.parametrize("name", TYPES)
def test_every_type_and_view_to_the_byte(name, kind, view, reads, scale):
    x = TYPES[name](SHAPES[kind])
    card = card_of(x, scale=scale, reads=reads)
    assert card.view == view
    assert not differ(prepared(x, card).numpy(), expected(x, card))


@pytest.mark.parametrize("view", ["none", "vector"])
@pytest.mark.parametrize("name", TYPES)
def test_values_beyond_a_length_are_zero(name, view):
    x, lengths = TYPES[name](SHAPES["sequence"]), np.arange(N) % 6 + 1
    reads = ("sequence",) if view == "none" else ("vector",)
    card = card_of(x, lengths=lengths, reads=reads)
    actual = prepared(x, card, lengths).numpy()
    assert card.view == view and not differ(actual, expected(x, card, lengths))
    assert (actual.reshape(N, 6, 3)[0, 1:] == 0).all() and differ(actual, expected(x, card))


@pytest.mark.parametrize("name", ["uint8", "int16", "float32", "float64 far from zero"])
def test_logarithms(name):
    """torch and NumPy round some logarithms differently in the last place of float64; almost none
    of these differences remain in float32, but they may."""
    x = np.abs(TYPES[name](SHAPES["vector"])) + np.ones((), np.uint8)
    x = np.maximum(x, np.ones((), x.dtype))
    card = card_of(x, log=True)
    actual = prepared(x, card).numpy()
    if name == "float64 far from zero":  # all logarithms lie within 1e-10: the last place shows
        np.testing.assert_allclose(actual, expected(x, card), atol=1e-3)
    else:
        np.testing.assert_array_max_ulp(actual, expected(x, card), 1)
    y = x[:, :1].astype(np.float64)
    scaled = Normalise((), (1.5,), (0.5,), True, (-1,))(torch.from_numpy(y)).numpy()
    np.testing.assert_array_max_ulp(scaled, ((np.log(y) - 1.5) / 0.5).astype(np.float32), 1)


def test_another_order_or_precision_is_noticed():
    """The saboteur: arithmetic in float32, and rows with channels before columns."""
    for name in TYPES.keys() - {"uint8"}:
        x = TYPES[name](SHAPES["vector"])
        card = card_of(x)
        short = (x.astype(np.float32) - np.float32(np.add(card.mean, card.origin or 0))) / np.array(
            card.std, np.float32
        )
        assert differ(short, expected(x, card))
    x = TYPES["uint8"](SHAPES["image"])
    card = card_of(x, reads=("sequence",))
    plain = expected(x, card.model_copy(update={"view": "none"}))
    assert differ(np.swapaxes(plain, 1, 2).reshape(N, 5, -1), expected(x, card))


@pytest.mark.parametrize("form", ["in memory", "on disk", "read-only", "reversed"])
@pytest.mark.parametrize("name", [name for name in TYPES if name != "int16"])
def test_batches_come_from_the_module(name, form, monkeypatch):
    monkeypatch.setattr("etude.data.resident.blocks", lambda x: blocks(x, 200))  # many blocks
    x, lengths = TYPES[name](SHAPES["sequence"]), np.arange(N) % 6 + 1
    card = card_of(x, lengths=lengths)
    split = Split(x, np.ones((N, 1)), lengths)
    if form == "on disk":
        split = replace(split, x=Rows(x, np.arange(N), x.dtype))
    elif form == "read-only":
        x.setflags(write=name == "uint8")  # bytes are shared with the tensor on the device
    elif form == "reversed" and name != "uint8":
        split = replace(split, x=x[::-1].copy()[::-1])
    some = np.array([3, 0, 29, 3])
    batch = Resident(split, card, CPU).take(some)
    assert not differ(batch.x.numpy(), expected(x[some], card, lengths[some]))
    assert batch.lengths.tolist() == lengths[some].tolist()


def test_targets_are_scaled_in_float64():
    y = 2.0**45 + whole((N, 2), 999) / 64
    x = TYPES["float32"](SHAPES["vector"])
    card = card_of(x).model_copy(update={"outputs": 2, "y_mean": (2.0**45, 1.0), "y_std": (0.3, 7)})
    batch = Resident(Split(x, y), card, CPU).take(np.arange(N))
    wanted = ((y - np.array(card.y_mean)) / np.array(card.y_std)).astype(np.float32)
    assert not differ(batch.y.numpy(), wanted)


def test_a_model_is_exported_with_its_preprocessing():
    """Raw bytes to outputs in one graph, for any number of samples, as a prediction computes it."""
    run = etude.load(RUNS / "mlp-digits")
    test = digits.load(DataConfig()).test.take(np.arange(100))  # one batch of a prediction
    x = torch.from_numpy(test.x)
    network = nn.Sequential(Preprocess(run.card), run.model).eval()
    exported = torch.export.export(
        network, (x[:2],), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)
    ).module()
    with torch.no_grad():
        for count in (100, 7):
            wanted = run.outputs(test.take(np.arange(count)))
            assert not differ(exported(x[:count]).numpy(), wanted)
        assert differ(run.model(x.float().flatten(1)).numpy(), run.outputs(test))


@pytest.mark.parametrize("name", ["int64 time stamps", "float64 far from zero"])
def test_padded_sequences_are_exported_too(name):
    x, lengths = TYPES[name](SHAPES["sequence"]), np.arange(N) % 6 + 1
    module, rows = Preprocess(card_of(x, lengths=lengths)), torch.export.Dim.DYNAMIC
    arguments = (torch.from_numpy(x), torch.from_numpy(lengths))
    exported = torch.export.export(
        module, tuple(each[:2] for each in arguments), dynamic_shapes=({0: rows}, {0: rows})
    ).module()
    assert torch.equal(exported(*arguments), module(*arguments))
