"""One road: a sample is the same numbers in training, in evaluation and in a prediction.

For every source of files and every view: the file's sample through the training data (without
augmentation, and before it), through evaluation, and read anew as `etude predict` reads it.
"""

import numpy as np
import pytest
import torch
from PIL import Image

from etude import assembly, pipeline
from etude.data import inputs
from etude.data.resident import Resident
from etude.recipe import draft
from etude.training.distributed import ALONE

RANDOM = np.random.Generator(np.random.Philox(41))
CPU = torch.device("cpu")


def photos(root):
    """Every EXIF orientation, several modes, sizes and forms; all larger than they will be."""
    for i in range(48):
        mode = ("RGB", "L", "RGBA", "P", "LA", "CMYK")[i // 8]
        ending = "tif" if mode == "CMYK" else ("png", "webp")[i % 2] if mode == "RGB" else "png"
        path = root / ("cat", "dog")[i % 2] / f"{i:02}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = i % 8 + 1
        pixels = RANDOM.integers(0, 256, (20 + i, 30, 3)).astype(np.uint8)
        picture = Image.fromarray(pixels).convert(mode)
        picture.save(path, exif=exif, **({"lossless": True} if ending == "webp" else {}))
    return root, lambda name: root / name


def greys(root):
    """Grey photos, JPEG, turned: one channel."""
    for i in range(24):
        path = root / ("cat", "dog")[i % 2] / f"{i:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = i % 8 + 1
        pixels = RANDOM.integers(0, 256, (25, 40)).astype(np.uint8)
        Image.fromarray(pixels).save(path, exif=exif)
    return root, lambda name: root / name


def rows_of(x, **more):
    """An .npz; each row also in a file of its own."""

    def make(root):
        y = np.arange(len(x)) % 2 if more.get("classes", True) else RANDOM.normal(size=len(x))
        named = {key: value for key, value in more.items() if key == "lengths"}
        np.savez(root / "a.npz", x=x, y=y, **named)

        def alone(name):
            row = int(name.removeprefix("row "))
            own = {key: value[row : row + 1] for key, value in named.items()}
            np.savez(root / f"{row}.npz", x=x[row : row + 1], **own)
            return root / f"{row}.npz"

        return root / "a.npz", alone

    return make


def lines(root):
    """A .ts of unequal lengths; each line also in a file of its own."""
    head = "@classLabel true a b\n@data\n"
    found = []
    for i in range(30):
        values = RANDOM.normal(size=(2, 4 + i % 5))
        found.append(":".join([*(",".join(map(str, row)) for row in values), "ab"[i % 2]]))
    (root / "a.ts").write_text(head + "\n".join(found) + "\n")

    def alone(name):
        number = int(name.rpartition(" ")[2]) - 3
        (root / f"{number}.ts").write_text(head + found[number] + "\n")
        return root / f"{number}.ts"

    return root / "a.ts", alone


IMAGES = RANDOM.integers(0, 17, (30, 8, 8)).astype(np.uint8)
COLOURS = RANDOM.random((30, 6, 6, 3))
STEPS = RANDOM.normal(size=(30, 7, 3)).astype(np.float32)
TABLE = RANDOM.normal(size=(30, 5)) * 100
LENGTHS = np.arange(30) % 7 + 1

SOURCES = {
    "pictures, CNN": (photos, "cnn"),
    "pictures, MLP": (photos, "mlp"),
    "pictures as rows, LSTM": (photos, "lstm"),
    "pictures to [-1, 1], AAE": (photos, "aae"),
    "grey JPEGs, CNN": (greys, "cnn"),
    "arrays of images, CNN": (rows_of(IMAGES), "cnn"),
    "arrays of colour images, ViT": (rows_of(COLOURS), "vit"),
    "arrays of vectors, MLP": (rows_of(TABLE), "mlp"),
    "arrays of vectors, a value, MLP": (rows_of(TABLE, classes=False), "mlp"),
    "arrays of sequences, Transformer": (rows_of(STEPS), "transformer"),
    "arrays of padded sequences, LSTM": (rows_of(STEPS, lengths=LENGTHS), "lstm"),
    "arrays of padded sequences, MLP": (rows_of(STEPS, lengths=LENGTHS), "mlp"),
    ".ts, LSTM": (lines, "lstm"),
    ".ts, MLP": (lines, "mlp"),
}


def assembled(make, model, root):
    """(live parts, a file of its own for each name of a sample)."""
    path, alone = make(root)
    fields = {"train.device": "cpu"}
    if model == "vit":
        fields["model.patch"] = 3
    return assembly.prepare(
        assembly.read_draft(draft(model, str(path), fields=fields)), ALONE
    ), alone


def of(batch, place):
    """One sample of a batch, cut to its length."""
    x = batch.x[place]
    return x if batch.lengths is None else x[: batch.lengths[place]]


def differences(parts, alone):
    """Names of the samples that are not the same on all three roads."""
    data, card = parts.dataset, parts.dataset.card
    learn, _ = pipeline.training_data(parts)
    found = []
    for split in (data.train, data.val, data.test):
        evaluation = Resident(split, card, CPU)
        whole = evaluation.take(np.arange(len(split)))
        for i, name in enumerate(split.names):
            given = inputs.read([str(alone(name))], card)
            predicted = Resident(given, card, CPU).take(np.arange(1))
            roads = [of(whole, i), of(predicted, 0)]
            if split is data.train:
                roads.append(of(learn.take(np.array([i]), key=7), 0))
            if not all(torch.equal(road, roads[0]) for road in roads):
                found.append(name)
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_a_sample_is_the_same_on_every_road(name, tmp_path):
    make, model = SOURCES[name]
    parts, alone = assembled(make, model, tmp_path)
    assert differences(parts, alone) == []


def test_augmentation_changes_training_alone(tmp_path):
    path, _ = greys(tmp_path)
    fields = {"train.device": "cpu", "data.augment": ["noise"]}
    parts = assembly.prepare(assembly.read_draft(draft("cnn", str(path), fields=fields)), ALONE)
    every = np.arange(len(parts.dataset.train))
    learn, val = pipeline.training_data(parts)
    plain = Resident(parts.dataset.train, parts.dataset.card, CPU)
    assert torch.equal(learn.take(every).x, plain.take(every).x)
    assert not torch.equal(learn.take(every, key=7).x, plain.take(every).x)
    assert torch.equal(val.take(np.array([0]), key=7).x, val.take(np.array([0])).x)


def test_a_road_of_its_own_is_found(tmp_path, monkeypatch):
    """The saboteur: a prediction that does not heed EXIF."""
    parts, alone = assembled(greys, "cnn", tmp_path)
    real = inputs.fit

    def lying(picture, size, mode, levels):
        picture.getexif()[0x0112] = 1
        return real(picture, size, mode, levels)

    monkeypatch.setattr(inputs, "fit", lying)
    turned = differences(parts, alone)
    assert turned and all(int(name[4:6]) % 8 for name in turned)
