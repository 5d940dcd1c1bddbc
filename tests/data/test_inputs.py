"""New inputs for a trained model are prepared as its training data were; all bad ones are named."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from etude.data.dataset import Raw, Split, split_dataset
from etude.data.folder import Config as FolderConfig
from etude.data.folder import load as load_folder
from etude.data.images import fit
from etude.data.inputs import from_array, read
from etude.data.resident import Resident
from etude.data.ts import Config as TsConfig
from etude.data.ts import load as load_ts
from etude.errors import DataError
from tests.data.notes import english
from tests.data.whole import prepare

RANDOM = np.random.Generator(np.random.Philox(21))
CPU = torch.device("cpu")


def card(
    x, y=None, *, kind="image", target="class", view=None, lengths=None, log=False, white=None
):
    y = np.arange(len(x)) % 2 if y is None else y
    classes = ("a", "b") if target == "class" else ()
    half = len(x) // 2
    cut = [None, None] if lengths is None else [lengths[:half], lengths[half:]]
    raw = Raw(
        name="toy",
        kind=kind,
        target=target,
        train=Split(x[:half], y[:half], cut[0]),
        test=Split(x[half:], y[half:], cut[1]),
        classes=classes,
        log=log,
        white=white,
    )
    reads = (kind,) if view is None else (view,)
    return split_dataset(raw, reads=reads, scale="standard", val_fraction=0.2, seed=0).card


def images(shape=(1, 8, 10), top=255, dtype=np.uint8):
    x = RANDOM.integers(0, top + 1, (40, *shape)).astype(dtype)
    x[:20, 0, 0, 0] = top
    return x


def refused(paths, given):
    with pytest.raises(DataError) as caught:
        read([str(path) for path in paths], given)
    assert caught.value.exit_code == 3 and "trained on" in str(caught.value)
    return english(caught.value.items)


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_fitted_as_in_training(tmp_path, channels):
    given = card(images((channels, 8, 10)))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(RANDOM.integers(0, 256, (50, 40, 3)).astype(np.uint8))
    picture.save(tmp_path / "a.png", exif=exif)
    found = read([str(tmp_path / "a.png")], given)
    expected = fit(Image.open(tmp_path / "a.png"), (8, 10), "L" if channels == 1 else "RGB")
    np.testing.assert_array_equal(found.x[0], expected)
    assert found.x.dtype == np.uint8 and found.names == (str(tmp_path / "a.png"),)
    assert found.y.tolist() == [0] and found.y.dtype == np.int64 and found.lengths is None


def test_the_training_pictures_come_back_the_same(tmp_path):
    """One road: a folder's own pictures, given as new ones, make the same batch."""
    for i in range(20):
        path = tmp_path / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = i % 8 + 1
        mode = ("RGB", "P", "RGBA", "L", "CMYK")[i % 5]
        pixels = RANDOM.integers(0, 256, (30 + i, 40, 3)).astype(np.uint8)
        path = path.with_suffix(".tif") if mode == "CMYK" else path
        Image.fromarray(pixels).convert(mode).save(path, exif=exif)
    raw = load_folder(FolderConfig(path=str(tmp_path)))
    dataset = split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.2, seed=0)
    for split in (dataset.train, dataset.val, dataset.test):
        again = read([str(tmp_path / name) for name in split.names], dataset.card)
        np.testing.assert_array_equal(again.x, split.x)
        a, b = (prepare(one, dataset.card, CPU) for one in (again, split))
        assert torch.equal(a.x, b.x)


@pytest.mark.parametrize(
    ("top", "dtype", "factor"),
    [(255, np.uint8, 1), (60, np.uint8, 1), (16, np.uint8, 16 / 255), (1, np.float32, 1 / 255)],
)
def test_pictures_are_brought_to_the_range_of_the_data(tmp_path, top, dtype, factor):
    """By type, or what the source says of white; never by the largest value that happens to be."""
    white = (0.0, 16.0) if top == 16 else None
    given = card(images(top=top, dtype=dtype), white=white)
    assert given.top == top
    Image.fromarray(np.full((8, 10), 255, np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.full((8, 10), 51, np.uint8)).save(tmp_path / "b.png")
    found = read([str(tmp_path / "a.png"), str(tmp_path / "b.png")], given)
    np.testing.assert_allclose(found.x[0], 255 * factor, rtol=1e-6)
    expected = np.rint(51 * factor) if dtype == np.uint8 else 51 * factor
    np.testing.assert_allclose(found.x[1], expected, rtol=1e-6)


def test_folders_of_pictures(tmp_path):
    names = [tmp_path / "b.png", tmp_path / "in" / "a.PNG", tmp_path / "in" / "deep" / "c.jpg"]
    for i, path in enumerate(names):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 10), i * 50, np.uint8)).save(path)
    (tmp_path / ".hidden.png").write_text("")
    (tmp_path / "notes.txt").write_text("")
    found = read([str(tmp_path), str(names[0])], card(images()))
    assert found.names == (*map(str, names), str(names[0]))
    np.testing.assert_allclose(found.x.mean((1, 2, 3)), [0, 50, 100, 0], atol=2)


def test_all_bad_pictures_in_one_report(tmp_path):
    good = tmp_path / "good.png"
    Image.fromarray(images()[0, 0]).save(good)
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:-30])
    (tmp_path / "empty.jpg").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "wrong.npy", np.zeros((3, 4, 5)))
    names = [
        "text.png",
        "cut.png",
        "good.png",
        "empty.jpg",
        "pipe.png",
        "none.png",
        "folder",
        "wrong.npy",
    ]
    items = refused([tmp_path / name for name in names], card(images()))
    expected = {
        "text.png": "is not a picture",
        "cut.png": "is damaged",
        "empty.jpg": "is empty (0 bytes)",
        "pipe.png": "is a pipe",
        "none.png": "No such file",
        "folder": "has no pictures",
        "wrong.npy": "has shape (3, 4, 5); [1 8 10] or [n 1 8 10] expected",
    }
    assert len(items) == len(expected)
    for name, reason in expected.items():
        assert sum(name in item and reason in item for item in items) == 1, (name, items)


def test_a_korean_message_is_korean():
    vector = card(RANDOM.normal(size=(40, 3)).astype(np.float32), kind="vector")
    with pytest.raises(DataError) as caught:
        read(["1,2", "a,b,c"], vector)
    assert caught.value.message("ko") == (
        "이 입력은 사용할 수 없습니다.\n"
        "  - 1,2: 수가 3개여야 하는데 2개입니다\n"
        "  - a,b,c: 파일도 아니고 0.5나 1,2,3 같은 수도 아닙니다\n"
        "-> 모델이 학습한 샘플의 종류와 형태: vector [D] = [3]. 이런 샘플을 입력하세요."
    )


def test_pictures_do_not_fit_other_data(tmp_path):
    Image.fromarray(images()[0, 0]).save(tmp_path / "a.png")
    vector = card(RANDOM.normal(size=(40, 3)).astype(np.float32), kind="vector")
    sequence = card(RANDOM.normal(size=(40, 5, 2)).astype(np.float32), kind="sequence")
    assert "is not .npy, .npz or numbers" in refused([tmp_path / "a.png"], vector)[0]
    assert "is not .npy, .npz, .ts, .tsv or .arff" in refused([tmp_path / "a.png"], sequence)[0]
    four = card(images((4, 8, 10)))
    assert (
        "a picture has 1 or 3 channels, the data have 4" in refused([tmp_path / "a.png"], four)[0]
    )


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_shape", "count"),
    [
        ((1, 8, 10), 1),
        ((8, 10), 1),
        ((8, 10, 1), 1),
        ((5, 1, 8, 10), 5),
        ((5, 8, 10), 5),
        ((5, 8, 10, 1), 5),
    ],
)
def test_arrays_of_images(tmp_path, given_shape, count):
    x = RANDOM.integers(0, 256, given_shape).astype(np.uint8)
    given = card(images())
    np.save(tmp_path / "a.npy", x)
    np.savez(tmp_path / "b.npz", X=x)
    for name in ("a.npy", "b.npz"):
        found = read([str(tmp_path / name)], given)
        np.testing.assert_array_equal(found.x, x.reshape(count, 1, 8, 10))
        names = (
            [f"{tmp_path / name}[{i}]" for i in range(count)]
            if count > 1
            else [str(tmp_path / name)]
        )
        assert list(found.names) == names
    np.testing.assert_array_equal(from_array(x, given).x, found.x)


def test_colour_arrays_in_both_orders():
    given = card(images((3, 8, 10)))
    x = images((3, 8, 10))
    np.testing.assert_array_equal(from_array(x, given).x, x)
    np.testing.assert_array_equal(from_array(x.transpose(0, 2, 3, 1), given).x, x)
    np.testing.assert_array_equal(from_array(x[0].transpose(1, 2, 0), given).x, x[:1])


def test_arrays_and_pictures_together(tmp_path):
    given = card(images(top=16), white=(0.0, 16.0))
    Image.fromarray(np.full((8, 10), 255, np.uint8)).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", np.full((2, 8, 10), 16, np.uint8))
    found = read([str(tmp_path / "b.npy"), str(tmp_path / "a.png")], given)
    assert found.x.shape == (3, 1, 8, 10) and (found.x == 16).all()


def test_vectors_and_numbers(tmp_path):
    given = card(RANDOM.normal(size=(40, 3)).astype(np.float32), kind="vector")
    found = read(["1,2,3", "-1.5, 0 ,1e3"], given)
    assert found.x.tolist() == [[1, 2, 3], [-1.5, 0, 1000]] and found.x.dtype == np.float32
    assert found.names == ("1,2,3", "-1.5, 0 ,1e3")
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(read([str(tmp_path / "a.npy")], given).x, [[0, 1, 2], [3, 4, 5]])
    assert from_array(np.array([1, 2, 3]), given).x.shape == (1, 3)
    items = refused(["1,2", "a,b,c", "1,2,nan", "1e39,1,1", "1,2,3", ""], given)
    expected = [
        "1,2: has 2 numbers, 3 expected",
        "a,b,c: is neither a file nor numbers",
        "1e39,1,1: has numbers that are too large",
        ": is neither a file nor numbers",
        "1,2,nan: has 1 value that is NaN",
    ]
    assert len(items) == 5 and all(any(e in item for item in items) for e in expected), items


def test_one_number_is_a_sample_where_samples_are_numbers():
    y = RANDOM.normal(size=(40, 2)).astype(np.float32)
    given = card(RANDOM.normal(size=(40, 1)).astype(np.float32), y, kind="vector", target="value")
    found = read(["0.5", "-2"], given)
    assert found.x.tolist() == [[0.5], [-2]]
    assert found.y.shape == (2, 2) and found.y.dtype == np.float32 and not found.y.any()
    assert from_array(np.array([1.0, 2, 3]), given).x.tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(
    "bad",
    [
        np.array(["a"]),
        np.array([1j]),
        np.array([{}], object),
        np.array([np.nan, 1, 2]),
        np.zeros((0, 3)),
    ],
)
def test_arrays_that_are_no_samples(bad):
    given = card(RANDOM.normal(size=(40, 3)).astype(np.float32), kind="vector")
    with pytest.raises(DataError, match="cannot be used"):
        from_array(bad, given)


def test_float64_beyond_float32_is_refused():
    given = card(RANDOM.normal(size=(40, 3)).astype(np.float32), kind="vector")
    with pytest.raises(DataError, match="too large for float32"):
        from_array(np.array([1e39, 1, 1]), given)


def test_nothing_is_refused():
    with pytest.raises(DataError, match="there are no inputs"):
        read([], card(images()))


# --- sequences -----------------------------------------------------------------------------------


def sequences(**more):
    return card(RANDOM.normal(size=(40, 6, 2)).astype(np.float32), kind="sequence", **more)


def test_sequences_of_any_length_for_a_model_of_sequences(tmp_path):
    given = sequences()
    for name, shape in (("a", (6, 2)), ("b", (3, 2)), ("c", (2, 9, 2))):
        np.save(tmp_path / f"{name}.npy", np.ones(shape))
    one = read([str(tmp_path / "c.npy")], given)
    assert one.x.shape == (2, 9, 2) and one.lengths is None
    found = read([str(tmp_path / f"{name}.npy") for name in "abc"], given)
    assert found.x.shape == (4, 9, 2) and found.lengths.tolist() == [6, 3, 9, 9]
    assert (found.x[1, 3:] == 0).all() and (found.x[1, :3] == 1).all()
    np.savez(tmp_path / "d.npz", x=np.ones((2, 6, 2)), lengths=np.array([2, 5]))
    assert read([str(tmp_path / "d.npz")], given).lengths.tolist() == [2, 5]
    np.savez(tmp_path / "e.npz", x=np.ones((2, 6, 2)), lengths=np.array([0, 5]))
    np.save(tmp_path / "f.npy", np.ones((6, 3)))
    items = refused([tmp_path / "e.npz", tmp_path / "f.npy"], given)
    assert "lengths should be 2 whole numbers from 1 to 6" in items[0]
    assert "has shape (6, 3); [L 2] or [n L 2] expected" in items[1]


def test_a_model_of_vectors_needs_the_length_it_was_trained_on():
    given = sequences(view="vector")
    assert from_array(np.ones((6, 2)), given).x.shape == (1, 6, 2)
    for steps in (5, 7):
        with pytest.raises(DataError, match=f"has {steps} steps; this model reads 6"):
            from_array(np.ones((steps, 2)), given)
    padded = sequences(view="vector", lengths=np.arange(40) % 6 + 1)
    found = from_array(np.ones((4, 2)), padded)
    assert found.x.shape == (1, 6, 2) and found.lengths.tolist() == [4]
    assert prepare(found, padded, CPU).x.shape == (1, 12)
    with pytest.raises(DataError, match="has 7 steps; this model reads at most 6"):
        from_array(np.ones((7, 2)), padded)


def test_one_feature_may_be_left_unsaid():
    given = card(RANDOM.normal(size=(40, 6, 1)).astype(np.float32), kind="sequence")
    assert from_array(np.ones(6), given).x.shape == (1, 6, 1)
    assert from_array(np.ones((3, 6)), given).x.shape == (3, 6, 1)
    assert from_array(np.ones((6, 1)), given).x.shape == (1, 6, 1)


def test_ts_files_come_back_as_they_were_trained_on(tmp_path):
    lines = ["@classLabel true a b", "@data"]
    for i in range(30):
        length = 3 + i % 4
        lines.append(":".join(",".join(str(i + t + q) for t in range(length)) for q in range(2)))
        lines[-1] += f":{'ab'[i % 2]}"
    (tmp_path / "Toy_TRAIN.ts").write_text("\n".join(lines))
    (tmp_path / "Toy_TEST.ts").write_text("\n".join(lines[:12]))
    raw = load_ts(TsConfig(path=str(tmp_path)))
    dataset = split_dataset(raw, reads=("sequence",), scale="standard", val_fraction=0.2, seed=0)
    found = read([str(tmp_path / "Toy_TEST.ts")], dataset.card)
    np.testing.assert_array_equal(found.x, raw.test.x)
    assert found.lengths.tolist() == raw.test.lengths.tolist()
    assert found.names[0] == "Toy_TEST.ts line 3"
    (tmp_path / "plain.ts").write_text("@classLabel false\n@data\n1,2,3:4,5,6\n1,2\n")
    (item,) = refused([tmp_path / "plain.ts"], dataset.card)
    assert item == "plain.ts line 4: has 1 dimension, 2 expected"


def test_logarithms_need_positive_values():
    x = RANDOM.uniform(1, 9, (40, 6, 1)).astype(np.float32)
    y = RANDOM.uniform(1, 9, (40, 3)).astype(np.float32)
    given = card(x, y, kind="sequence", target="forecast", log=True)
    found = from_array(np.ones(6), given)
    assert found.y.shape == (1, 3)
    batch = Resident(found, given, CPU).take(np.arange(1))
    assert batch.x.isfinite().all() and batch.y.isfinite().all()
    with pytest.raises(DataError, match="0 or below"):
        from_array(np.array([1.0, 2, 0, 4, 5, 6]), given)
