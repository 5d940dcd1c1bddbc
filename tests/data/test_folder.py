"""Folders of pictures: layouts, what is said, and everything that is refused, in one report."""

import os

import numpy as np
import pytest
from PIL import Image

from etude.data import pictures
from etude.data.dataset import split_dataset
from etude.data.folder import Config, load
from etude.data.locate import source_for
from etude.data.tree import shown
from etude.errors import DataError
from tests.data.notes import english


def picture(seed, size=(12, 12), mode="L"):
    """Unlike all others with another seed. size: (width, height)."""
    random = np.random.Generator(np.random.Philox(seed))
    pixels = random.integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def put(path, seed, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(seed, **more).save(path)
    return path


def classes(root, labels=("cat", "dog"), count=10, first=0, **more):
    for i, label in enumerate(labels):
        for j in range(count):
            put(root / label / f"{j:03}.png", first + i * 1000 + j, **more)
    return root


def read(root, **more):
    return load(Config(path=str(root), **more))


def notes_of(raw):
    dataset = split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.2, seed=0)
    return english(dataset.card.notes)


def refused(root, **more):
    with pytest.raises(DataError) as caught:
        read(root, **more)
    return caught.value


# --- layouts -------------------------------------------------------------------------------------


def test_one_folder_of_classes_is_divided_by_its_seed(tmp_path):
    raw = read(classes(tmp_path))
    assert (raw.kind, raw.target, raw.classes) == ("image", "class", ("cat", "dog"))
    assert raw.train.x.shape == (16, 1, 12, 12) and raw.test.x.shape == (4, 1, 12, 12)
    assert np.bincount(raw.test.y).tolist() == [2, 2] and raw.val is None
    assert "4 of 20 pictures drawn for test, by class" in english(raw.notes)
    assert not set(raw.train.names) & set(raw.test.names)
    again, other = read(tmp_path), read(tmp_path, split_seed=1)
    assert again.test.names == raw.test.names != other.test.names
    for split in (raw.train, raw.test):
        for name, y, x in zip(split.names, split.y, split.x, strict=True):
            assert name.startswith(raw.classes[y] + "/")
            np.testing.assert_array_equal(x[0], np.asarray(Image.open(tmp_path / name)))


def test_train_val_test(tmp_path):
    for part, count in (("train", 6), ("val", 3), ("test", 2)):
        classes(tmp_path / part, count=count, first=count * 10_000)
    raw = read(tmp_path)
    assert (len(raw.train), len(raw.val), len(raw.test)) == (12, 6, 4)
    assert all(name.startswith("val/") for name in raw.val.names)
    dataset = split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.1, seed=5)
    assert len(dataset.train) == 12 and dataset.val.names == raw.val.names


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_train_and_val_alone(tmp_path, name):
    classes(tmp_path / "train")
    classes(tmp_path / name, count=2, first=50_000)
    raw = read(tmp_path)
    assert raw.val is None and len(raw.test) == 4
    assert f"no test folder: the pictures in {name} are the test" in english(raw.notes)


def test_class_order_is_sorted_and_the_same_in_all_splits(tmp_path):
    classes(tmp_path / "train", ("b", "a", "C"))
    classes(tmp_path / "test", ("a", "b"), count=2, first=50_000)
    raw = read(tmp_path)
    assert raw.classes == ("C", "a", "b") and "not in test: C" in notes_of(raw)
    assert {(name.split("/")[1], int(y)) for name, y in zip(raw.test.names, raw.test.y)} == {
        ("a", 1),
        ("b", 2),
    }


def test_classes_of_digits_are_in_the_order_of_their_text(tmp_path):
    classes(tmp_path, tuple(map(str, range(1, 12))), count=3)
    raw = read(tmp_path)
    assert raw.classes == ("1", "10", "11", *"23456789")
    said = "classes are in the order of their names as text (1, 10, 11, 2, 3 and 6 more)"
    assert any(note.startswith(said) for note in english(raw.notes))
    classes(tmp_path / "few", ("1", "2", "9"), count=3)
    assert not any("as text" in note for note in english(read(tmp_path / "few").notes))


def test_deeper_folders_and_upper_case_suffixes(tmp_path):
    classes(tmp_path)
    put(tmp_path / "cat" / "more" / "deep" / "A.PNG", 77)
    put(tmp_path / "cat" / "B.JPG", 78)
    raw = read(tmp_path)
    names = raw.train.names + raw.test.names
    assert "cat/more/deep/A.PNG" in names and "cat/B.JPG" in names
    assert "pictures in deeper folders belong to the class at the top" in english(raw.notes)


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    classes(tmp_path)
    before = read(tmp_path)
    for name in (".DS_Store", "._a.png", "Thumbs.db", "desktop.ini", ".hidden.jpg"):
        (tmp_path / "cat" / name).write_text("no picture")
        (tmp_path / name).write_text("no picture")
    classes(tmp_path, (".ipynb_checkpoints", "__MACOSX", "cat/.ipynb_checkpoints"))
    after = read(tmp_path)
    assert after.train.names == before.train.names
    said = "left out, made by a system and not by you: Thumbs.db, __MACOSX, desktop.ini"
    assert english(after.notes)[0].startswith(said) and after.notes[1:] == before.notes


def test_other_files_are_left_out_and_named(tmp_path):
    classes(tmp_path)
    (tmp_path / "cat" / "notes.txt").write_text("hello")
    put(tmp_path / "loose.png", 5)
    raw = read(tmp_path)
    assert len(raw.train) + len(raw.test) == 20
    assert "left out, in no class: loose.png" in english(raw.notes)
    assert "left out, no pictures: cat/notes.txt" in english(raw.notes)


def test_names_of_every_kind(tmp_path):
    labels = ("고양이", "a b", "new\nline", "x" * 255)
    classes(tmp_path, labels, count=3)
    odd = os.fsencode(tmp_path / "a b") + b"/\xff.png"
    os.rename(tmp_path / "a b" / "000.png", odd)
    raw = read(tmp_path)
    assert set(raw.classes) == {"고양이", "a b", "new\\nline", "x" * 255}
    names = raw.train.names + raw.test.names
    assert "a b/\\udcff.png" in names and all(name.isprintable() for name in names)
    assert shown("a\tb") == "a\\tb"


# --- what is done and said -----------------------------------------------------------------------


def test_sizes_modes_and_turns_are_said(tmp_path):
    classes(tmp_path, size=(20, 30), mode="RGB")
    put(tmp_path / "cat" / "large.png", 70, size=(400, 300), mode="RGB")
    put(tmp_path / "dog" / "palette.png", 71, size=(20, 30), mode="P")
    put(tmp_path / "dog" / "clear.png", 72, size=(20, 30), mode="RGBA")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(73, (30, 20), "RGB").save(tmp_path / "dog" / "turned.jpg", exif=exif)
    frames = [picture(74, (20, 30)), picture(75, (20, 30))]
    frames[0].save(tmp_path / "dog" / "film.gif", save_all=True, append_images=frames[1:])
    raw = read(tmp_path)
    assert raw.train.x.shape[1:] == (3, 24, 24)  # the median of 20 rounded to eights
    assert (
        "sizes 20x30 to 400x300 brought to 24x24 (shorter side resized, then cropped)"
        in english(raw.notes)
    )
    assert "1 of 25 pictures turned by EXIF" in english(raw.notes)
    assert "converted to RGB: 2 P, 1 RGBA" in english(raw.notes)
    assert "transparent pictures laid on white: 1" in english(raw.notes)
    assert "animations, their first frame taken: 1" in english(raw.notes)


@pytest.mark.parametrize(
    ("size", "side"),
    [((28, 28), 28), ((100, 100), 64), ((30, 45), 32), ((5, 5), 8), ((64, 64), 64)],
)
def test_the_side_that_is_chosen(tmp_path, size, side):
    raw = read(classes(tmp_path, size=size))
    assert raw.train.x.shape[2:] == (side, side)
    assert any("brought to" in note for note in english(raw.notes)) == (size != (side, side))


def test_grey_if_all_are_grey(tmp_path):
    classes(tmp_path, mode="L")
    picture(5).convert("RGB").save(tmp_path / "cat" / "grey-as-rgb.png")
    raw = read(tmp_path)
    assert raw.train.x.shape[1] == 1 and "converted to L: 1 RGB" in english(raw.notes)
    assert read(tmp_path, mode="RGB").train.x.shape[1] == 3
    put(tmp_path / "dog" / "colour.png", 6, mode="RGB")
    colour = read(tmp_path)
    assert colour.train.x.shape[1] == 3 and "converted to RGB: 20 L" in english(colour.notes)
    assert read(tmp_path, mode="L").train.x.shape[1] == 1


def said(root, seed=0, **more):
    """What the Card says."""
    raw = read(root, **more)
    dataset = split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.1, seed=seed)
    return english(dataset.card.notes)


def test_the_same_picture_in_two_places_is_told(tmp_path):
    for part, count in (("train", 6), ("val", 3), ("test", 3)):
        classes(tmp_path / part, count=count, first=len(part) * 10_000 + count)
    assert not [note for note in said(tmp_path) if "WARNING" in note]
    first = Image.open(tmp_path / "train" / "cat" / "000.png")
    first.save(tmp_path / "test" / "cat" / "leak.bmp")
    Image.open(tmp_path / "train" / "cat" / "001.png").save(tmp_path / "train/dog/clash.png")
    assert [note for note in said(tmp_path) if "WARNING" in note] == [
        "WARNING: the same picture in more than one split (1): "
        "train/cat/000.png (train) = test/cat/leak.bmp (test)",
        "WARNING: the same picture under two classes (1): "
        "train/cat/001.png (train) = train/dog/clash.png (train)",
    ]


def test_pictures_are_compared_before_they_are_resized(tmp_path):
    """Two that differ, but not once they are small, are no twins; one stored twice is."""
    classes(tmp_path, size=(30, 30))
    one, other = np.zeros((300, 300), np.uint8), np.zeros((300, 300), np.uint8)
    other[0, 0] = 1
    Image.fromarray(one).save(tmp_path / "cat" / "black.png")
    Image.fromarray(other).save(tmp_path / "dog" / "black.png")
    assert not [note for note in said(tmp_path) if "WARNING" in note]
    Image.fromarray(one).save(tmp_path / "dog" / "same.tiff")
    (note,) = [note for note in said(tmp_path) if "under two classes" in note]
    assert "cat/black.png" in note and "dog/same.tiff" in note


def test_twins_that_the_seed_divides_are_told(tmp_path):
    """Validation is carved from training: a picture that is there twice may stand on both sides."""
    classes(tmp_path / "train")
    classes(tmp_path / "test", count=3, first=50_000)
    Image.open(tmp_path / "train" / "cat" / "000.png").save(tmp_path / "train" / "cat" / "z.png")
    notes = [" ".join(said(tmp_path, seed)) for seed in range(40)]
    divided = [text for text in notes if "in more than one split" in text]
    assert 0 < len(divided) < 40
    assert all("000.png" in text and "(val)" in text and "(train)" in text for text in divided)


# --- links ---------------------------------------------------------------------------------------


def test_links_are_followed_inside_only(tmp_path):
    root = classes(tmp_path / "data")
    os.symlink(root / "cat" / "000.png", root / "dog" / "good.png")
    assert "dog/good.png" in read(root).train.names + read(root).test.names
    outside = put(tmp_path / "outside.png", 4)
    os.symlink(outside, root / "cat" / "out.png")
    os.symlink("loop.png", root / "cat" / "loop.png")
    os.symlink("gone.png", root / "dog" / "gone.png")
    os.symlink(tmp_path, root / "dog" / "folder")
    os.symlink("/dev/zero", root / "dog" / "zero.png")
    items = english(refused(root).items)
    assert [item for item in items if "cat/out.png: is a link that leads out" in item]
    assert [item for item in items if "cat/loop.png: is a link that leads nowhere" in item]
    assert [item for item in items if "dog/gone.png: is a link that leads nowhere" in item]
    assert [item for item in items if "dog/folder: is a link" in item]
    assert [item for item in items if "dog/zero.png: is a link" in item]
    assert len(items) == 5


# --- what is refused -----------------------------------------------------------------------------


def test_sixty_bad_among_twelve_hundred_are_all_named(tmp_path):
    classes(tmp_path, count=570, size=(6, 6))
    bad = set()
    good = (tmp_path / "cat" / "000.png").read_bytes()
    for i in range(60):
        path = tmp_path / ("cat", "dog")[i % 2] / f"bad{i:02}.png"
        kind = i % 4
        if kind == 0:
            path.write_bytes(b"")
        elif kind == 1:
            path.write_text("I am a text")
        elif kind == 2:
            path.write_bytes(good[:-40])
        else:
            os.mkfifo(path)
        bad.add(f"{path.parent.name}/{path.name}")
    error = refused(tmp_path)
    items = english(error.items)
    assert {item.split(": ")[0] for item in items} == bad and len(items) == 60
    assert error.exit_code == 3 and "... and 40 more" in str(error) and error.do
    for reason in ("is empty (0 bytes)", "is not a picture", "is damaged", "is a pipe, not a file"):
        assert sum(reason in item for item in items) == 15


def test_bad_pictures_and_links_are_left_out_where_that_is_asked(tmp_path):
    classes(tmp_path)
    before = read(tmp_path)
    put(tmp_path / "cat" / "odd.png", 5).write_bytes(b"odd")
    put(tmp_path / "dog" / "empty.png", 5).write_bytes(b"")
    os.symlink("gone.png", tmp_path / "dog" / "gone.png")
    os.symlink("/dev/zero", tmp_path / "loose.png")
    assert len(refused(tmp_path).items) == 4 and "--skip-bad" in str(refused(tmp_path))
    after = read(tmp_path, skip_bad=True)
    for one, other in ((before.train, after.train), (before.test, after.test)):
        np.testing.assert_array_equal(one.x, other.x)
        assert one.names == other.names and (one.y == other.y).all()
    assert english(after.notes) == english(before.notes)
    assert [one.name for one in after.left_out] == [
        "loose.png",
        "dog/gone.png",
        "cat/odd.png",
        "dog/empty.png",
    ]
    (note,) = [note for note in said(tmp_path, skip_bad=True) if "left out" in note]
    assert note.startswith(
        "left out 4 of 24: loose.png (is a link that leads out of the folder), dog/gone.png"
    )


def test_a_korean_message_is_korean(tmp_path):
    classes(tmp_path)
    (tmp_path / "cat" / "odd.png").write_bytes(b"odd")
    os.symlink("gone.png", tmp_path / "dog" / "gone.png")
    lines = refused(tmp_path).message("ko").split("\n")
    assert lines[0] == f"{tmp_path}: 다음 이미지: 사용할 수 없습니다."
    assert lines[1].startswith("  - dog/gone.png: 대상이 없는 링크입니다(")
    assert lines[2] == "  - cat/odd.png: 읽을 수 있는 이미지가 아닙니다(첫 바이트: 6f 64 64)"


def test_what_is_not_safe_to_leave_out(tmp_path):
    classes(tmp_path, ("cat", "dog", "owl"), count=6)
    for i in range(6):
        (tmp_path / "owl" / f"{i:03}.png").write_text("bad")
    items = english(refused(tmp_path, skip_bad=True).items)
    assert items[0] == "owl: none of its 6 can be used" and len(items) == 7
    for i in range(5):
        (tmp_path / "cat" / f"{i:03}.png").write_text("bad")
    error = refused(tmp_path, skip_bad=True)
    assert "more than half (11 of 18) are bad" in str(error) and len(error.items) == 11
    (tmp_path / "empty").mkdir()
    assert english(refused(tmp_path, skip_bad=True).items) == ("empty: has no pictures",)


def test_everything_wrong_comes_in_one_report(tmp_path):
    classes(tmp_path / "train")
    classes(tmp_path / "test", ("cat", "cow"), count=2, first=50_000)
    (tmp_path / "train" / "empty").mkdir()
    (tmp_path / "train" / "cat" / "bad.png").write_text("bad")
    items = english(refused(tmp_path).items)
    assert len(items) == 3
    assert "train/empty: has no pictures" in items
    assert "test/cow: there is no such class in train" in items
    assert any(item.startswith("train/cat/bad.png: is not a picture") for item in items)


def test_a_class_in_val_only(tmp_path):
    for part in ("train", "val", "test"):
        classes(tmp_path / part, count=3, first=len(part) * 10_000)
    classes(tmp_path / "val", ("cow",), first=70_000)
    assert english(refused(tmp_path).items) == ("val/cow: there is no such class in train",)


def test_one_class_no_class_no_folder(tmp_path):
    classes(tmp_path / "one", ("cat",))
    assert "has one class only (cat); two are needed" in str(refused(tmp_path / "one"))
    (tmp_path / "none").mkdir()
    assert "has no class folders; two are needed" in str(refused(tmp_path / "none"))
    assert "cannot be read" in str(refused(tmp_path / "missing"))
    put(tmp_path / "file.png", 1)
    assert "cannot be read" in str(refused(tmp_path / "file.png"))


def test_a_class_of_one_stays_in_training(tmp_path):
    classes(tmp_path)
    put(tmp_path / "owl" / "a.png", 5)
    raw = read(tmp_path)
    assert "owl/a.png" in raw.train.names and "not in test: owl" in notes_of(raw)


def test_an_unreadable_folder_is_named(tmp_path, monkeypatch):
    classes(tmp_path)
    real = os.scandir

    def scandir(path):
        if os.fspath(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert "dog: cannot be read (Permission denied)" in english(refused(tmp_path).items)


def test_a_file_that_goes_between_scan_and_read(tmp_path, monkeypatch):
    classes(tmp_path)
    real = pictures._headers

    def headers(places):
        found = real(places)
        (tmp_path / "cat" / "003.png").unlink()
        (tmp_path / "cat" / "004.png").write_text("changed")
        return found

    monkeypatch.setattr(pictures, "_headers", headers)
    items = english(refused(tmp_path).items)
    assert [item.split(":")[0] for item in items] == ["cat/003.png", "cat/004.png"]


def test_which_source_reads_a_path(tmp_path):
    for name in ("a.npz", "b.NPY", "c.ts", "d.csv", "e.png"):
        (tmp_path / name).write_text("")
    expected = {"a.npz": "arrays", "b.NPY": "arrays", "c.ts": "ts", "d.csv": "table", "e.png": None}
    assert {name: source_for(tmp_path / name) for name in expected} == expected
    assert source_for(tmp_path / "none") is None
    assert source_for(tmp_path) == "ts"
    (tmp_path / "pictures" / "cat").mkdir(parents=True)
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "x.npy").write_text("")
    assert source_for(tmp_path / "pictures") == "folder"
    assert source_for(tmp_path / "numbers") == "arrays"
