"""A file is read the same way in training, evaluation and prediction: for every format, mode and
bit depth, the tensor that training saw of a file is what a prediction prepares of it, bit for bit,
and predictions over the test files have the accuracy that was reported."""

import numpy as np
import pytest
import torch
from PIL import Image

import etude
from etude import assembly
from etude.data import inputs
from etude.data.images import Levels
from etude.data.resident import Resident
from etude.recipe import draft
from etude.training.distributed import ALONE
from tests.data.notes import english
from tests.data.test_images import tiff

CPU = torch.device("cpu")
SIDE = 12


def bars(seed):
    """[SIDE SIDE] in 0..1: one of two shapes, with noise."""
    random = np.random.Generator(np.random.Philox(seed))
    a = np.zeros((SIDE, SIDE))
    if seed % 2:
        a[3:6] = 1
    else:
        a[:, 3:6] = 1
    return np.clip(
        np.roll(a, random.integers(0, 5), seed % 2 - 1) + random.normal(0, 0.1, a.shape), 0, 1
    )


def saving(make, ending="png", **more):
    """Writes make(values in 0..1) as a picture file."""
    return lambda values, path: make(values).save(f"{path}.{ending}", **more)


def grey(top, dtype=np.uint8):
    return lambda a: Image.fromarray((a * top).astype(dtype))


def colour(mode, top=255):
    def make(a):
        layers = [a * top, a[::-1] * top, a.T * top]
        return Image.fromarray(np.stack(layers, 2).astype(np.uint8)).convert(mode)

    return make


def raw_tiff(dtype, factor, photometric):
    def save(values, path):
        stored = (values * factor).astype(dtype)
        path.with_suffix(".tif").write_bytes(tiff(stored, photometric))

    return save


def sixteen_grey_pgm(values, path):
    body = (values * 65535).astype(">u2").tobytes()
    path.with_suffix(".pgm").write_bytes(b"P5 %d %d 65535\n" % (SIDE, SIDE) + body)


FORMS = {
    "night: nothing brighter than 60": saving(grey(60)),
    "sixteen grey levels": saving(grey(15)),
    "two grey levels": saving(lambda a: Image.fromarray(a > 0.5)),
    "bright": saving(grey(255)),
    "16-bit PNG, full range": saving(grey(65535, np.uint16)),
    "16-bit PNG that holds 0..255": saving(grey(255, np.uint16)),
    "16-bit PNG of 12 bits": saving(grey(4095, np.uint16)),
    "32-bit whole numbers in 0..255": saving(grey(255, np.int32), "tif"),
    "32-bit whole numbers, large": saving(grey(10**6, np.int32), "tif"),
    "floats in 0..1": saving(grey(1, np.float32), "tif"),
    "floats in 0..255": saving(grey(255, np.float32), "tif"),
    "floats, dark frames": saving(grey(3, np.float32), "tif"),
    "floats beyond": saving(grey(5000, np.float32), "tif"),
    "floats below zero": saving(lambda a: Image.fromarray((a * 9 - 5).astype(np.float32)), "tif"),
    "8-bit TIFF, white is zero": raw_tiff("<u1", 255, 0),
    "16-bit TIFF, white is zero": raw_tiff("<u2", 60_000, 0),
    "float TIFF, white is zero": raw_tiff("<f4", 1, 0),
    "16-bit PGM": sixteen_grey_pgm,
    "JPEG": saving(grey(200), "jpg"),
    "BMP": saving(grey(90), "bmp"),
    "GIF": saving(grey(90), "gif"),
    "WebP": saving(colour("RGB"), "webp", lossless=True),
    "colour": saving(colour("RGB")),
    "dark colour": saving(colour("RGB", 40)),
    "palette": saving(colour("P")),
    "transparent": saving(colour("RGBA")),
    "grey with transparency": saving(colour("LA")),
    "four inks": saving(colour("CMYK"), "tif"),
}


def folder(root, save, splits=(("train", 20), ("test", 8))):
    """Pictures of two classes; those of the test split are darker, which tells nothing."""
    for part, count in splits:
        for i in range(count):
            path = root / part / "ab"[i % 2] / f"{i:02}"
            path.parent.mkdir(parents=True, exist_ok=True)
            save(bars(i if part == "train" else 100 + i) * (1 if part == "train" else 0.7), path)
    return root


def parts_of(model, path, **fields):
    recipe = draft(model, str(path), fields={"train.device": "cpu", **fields})
    return assembly.prepare(assembly.read_draft(recipe), ALONE)


def differences(parts, root):
    """Names of the samples that a prediction prepares in another way than the split held them."""
    found = []
    for split in (parts.dataset.train, parts.dataset.val, parts.dataset.test):
        held = Resident(split, parts.dataset.card, CPU).take(np.arange(len(split))).x
        paths = [str(root / name) for name in split.names]
        # One by one: what other pictures come along must not matter.
        for name, path, mine in zip(split.names, paths, held, strict=True):
            again = Resident(inputs.read([path], parts.dataset.card), parts.dataset.card, CPU)
            if not torch.equal(again.take(np.array([0])).x[0], mine):
                found.append(name)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_a_prediction_reads_a_file_as_training_did(tmp_path, form):
    root = folder(tmp_path, FORMS[form])
    assert not differences(parts_of("mlp", root), root)


@pytest.mark.parametrize(
    "form", ["floats in 0..1", "16-bit PNG of 12 bits", "night: nothing brighter than 60"]
)
def test_a_range_that_is_guessed_from_a_picture_is_found(tmp_path, form, monkeypatch):
    """The saboteur: a prediction that stretches each picture by its own largest value."""
    root = folder(tmp_path, FORMS[form])
    parts = parts_of("mlp", root)
    real = inputs.fit

    def guessing(picture, size, mode, levels):
        pixels = real(picture, size, mode, levels).astype(float)
        return np.rint(pixels * (255 / max(1, pixels.max()))).astype(np.uint8)

    monkeypatch.setattr(inputs, "fit", guessing)
    assert differences(parts, root)


@pytest.mark.parametrize(
    "form",
    [
        "night: nothing brighter than 60",
        "32-bit whole numbers in 0..255",
        "16-bit PNG of 12 bits",
        "floats, dark frames",
        "16-bit TIFF, white is zero",
    ],
)
def test_predictions_over_the_test_files_have_the_reported_accuracy(tmp_path, form):
    root = folder(tmp_path / "data", FORMS[form], (("train", 30), ("test", 16)))
    run = etude.train("mlp", data=str(root), epochs=30, root=tmp_path / "runs", quiet=True)
    files = sorted(path for path in (root / "test").rglob("*") if path.is_file())
    hits = [a["label"] == path.parent.name for a, path in zip(run.predict(files), files)]
    assert np.mean(hits) == run.test["accuracy"]


def test_one_range_for_the_whole_data_set_is_said(tmp_path):
    parts = parts_of("mlp", folder(tmp_path, FORMS["16-bit PNG of 12 bits"]))
    card = parts.dataset.card
    (black, white) = card.levels.whole
    assert black == 0 and 4000 < white <= 4095
    notes = english(card.notes)
    assert any("of more than 8 bits" in note and "in every picture" in note for note in notes)
    assert card.model_validate_json(card.model_dump_json()) == card


def test_eight_and_sixteen_bits_of_one_picture_are_the_same(tmp_path):
    for part, count in (("train", 12), ("test", 4)):
        for i in range(count):
            values = np.rint(bars(i + 50 * (part == "test")) * 255)
            path = tmp_path / part / "ab"[i % 2] / f"{i}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.astype(np.uint8)).save(f"{path}-8.png")
            Image.fromarray((values * 257).astype(np.uint16)).save(f"{path}-16.png")
    data = parts_of("mlp", tmp_path).dataset
    by_name = {n: x for s in (data.train, data.val, data.test) for n, x in zip(s.names, s.x)}
    for name, x in by_name.items():
        np.testing.assert_array_equal(x, by_name[name.replace("-8.png", "-16.png")])
    assert data.card.levels == Levels(whole=(0, 65535))


# --- arrays --------------------------------------------------------------------------------------

WHITES = {
    "uint8": 255,
    "uint16": 4095,
    "int64": 255,
    "int32": 10_000,
    "float32": 1,
    "float64": 1,
    "float16": 1,
    "int16": 255,
    "bool": 1,
}


@pytest.mark.parametrize("dtype", WHITES)
@pytest.mark.parametrize("dark", [False, True])
def test_arrays_of_every_type(tmp_path, dtype, dark):
    """Rows of the file; and, where they fit into a picture file, pictures of them."""
    white = WHITES[dtype]
    factor = white if dtype == "bool" else white * (0.2 if dark else 1)
    x = np.stack([bars(i) for i in range(30)]) * factor
    x = (x > 0.5) if dtype == "bool" else x.astype(dtype)
    np.savez(tmp_path / "a.npz", x=x[:, None], y=np.arange(30) % 2)
    parts = parts_of("mlp", tmp_path / "a.npz")
    card = parts.dataset.card
    split = parts.dataset.train
    rows = [int(name.removeprefix("row ")) for name in split.names]
    held = Resident(split, card, CPU).take(np.arange(len(split))).x
    again = Resident(inputs.from_array(x[rows][:, None], card), card, CPU)
    assert torch.equal(again.take(np.arange(len(rows))).x, held)
    for i, row in enumerate(rows):
        if dtype in ("uint8", "int64", "int16"):
            picture = Image.fromarray(x[row].astype(np.uint8))
            picture.save(tmp_path / "one.png")
        elif dtype == "uint16":
            Image.fromarray(x[row]).save(tmp_path / "one.png")
        elif dtype in ("float32", "int32"):
            Image.fromarray(x[row]).save(tmp_path / "one.tif")
        else:
            continue
        (path,) = tmp_path.glob("one.*")
        one = Resident(inputs.read([str(path)], card), card, CPU).take(np.array([0])).x[0]
        assert torch.equal(one, held[i])


def test_bytes_over_255_are_the_picture(tmp_path):
    """What `ToTensor` makes of a picture, trained on as floats, is what its file is read as."""
    pixels = np.stack([np.rint(bars(i) * 255) for i in range(30)]).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=(pixels / 255).astype(np.float32)[:, None], y=np.arange(30) % 2)
    parts = parts_of("mlp", tmp_path / "a.npz")
    split, card = parts.dataset.train, parts.dataset.card
    held = Resident(split, card, CPU).take(np.arange(len(split))).x
    for i, name in enumerate(split.names):
        Image.fromarray(pixels[int(name.removeprefix("row "))]).save(tmp_path / "one.png")
        one = inputs.read([str(tmp_path / "one.png")], card)
        assert torch.equal(Resident(one, card, CPU).take(np.array([0])).x[0], held[i])


def test_new_arrays_in_other_units_are_refused(tmp_path):
    pixels = np.stack([np.rint(bars(i) * 255) for i in range(30)])[:, None]
    for trained, given, says in (
        (pixels.astype(np.uint8), (pixels / 255).astype(np.float32), "multiply by 255"),
        ((pixels / 255).astype(np.float32), pixels.astype(np.uint8), "divide by 255"),
    ):
        np.savez(tmp_path / "a.npz", x=trained, y=np.arange(30) % 2)
        card = parts_of("mlp", tmp_path / "a.npz").dataset.card
        with pytest.raises(etude.errors.DataError) as caught:
            inputs.from_array(given[:3], card)
        assert says in str(caught.value)


def test_embedded_digits_are_read_from_pictures(tmp_path):
    data = parts_of("mlp", "digits").dataset
    assert data.card.pixels == (0, 16)
    held = Resident(data.test, data.card, CPU).take(np.arange(20)).x
    for i, image in enumerate(data.test.x[:20, 0]):
        Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8)).save(tmp_path / f"{i}.png")
        one = inputs.read([str(tmp_path / f"{i}.png")], data.card)
        assert torch.equal(Resident(one, data.card, CPU).take(np.array([0])).x[0], held[i])
