"""Lists of pictures: columns, paths, targets, splits, and everything that is refused by its row."""

import json
import os

import numpy as np
import pytest
from PIL import Image

import etude
from etude.data import picture_rows
from etude.data.dataset import split_dataset
from etude.data.inputs import read as read_inputs
from etude.data.list import Config, load
from etude.data.locate import source_for
from etude.errors import DataError
from tests.data.notes import english
from tests.data.test_folder import put


@pytest.fixture
def root(tmp_path):
    for i in range(60):
        put(tmp_path / "img" / f"{i:02}.png", i)
    return tmp_path


def write(root, rows, header="file,label", name="names.csv"):
    path = root / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def rows(label, count=60, split=None):
    return [f"img/{i:02}.png,{label(i)}" + (f",{split(i)}" if split else "") for i in range(count)]


def read(path, **more):
    return load(Config(path=str(path), **more))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        read(path, **more)
    return caught.value


def pixels(root, name):
    return np.asarray(Image.open(root / name))


# --- what is read --------------------------------------------------------------------------------


def test_classes_by_name_with_the_pixels_of_each_file(root):
    path = write(root, rows(lambda i: "odd" if i % 2 else "even"))
    raw = read(path)
    assert (raw.kind, raw.target, raw.classes) == ("image", "class", ("even", "odd"))
    assert (len(raw.train), len(raw.test), raw.val) == (48, 12, None)
    for split in (raw.train, raw.test):
        for name, y, x in zip(split.names, split.y, split.x, strict=True):
            np.testing.assert_array_equal(x[0], pixels(root, name))
            assert y == int(name[4:6]) % 2


def test_a_number_with_a_fraction_is_a_value(root):
    raw = read(write(root, rows(lambda i: i + 0.25), "file,age"), unit="years")
    assert (raw.target, raw.classes, raw.unit) == ("value", (), "years")
    assert {name: y.tolist() for name, y in zip(raw.test.names, raw.test.y, strict=True)} == {
        name: [int(name[4:6]) + 0.25] for name in raw.test.names
    }


@pytest.mark.parametrize(
    ("column", "label", "task", "target"),
    [
        ("label", lambda i: i // 2, "auto", "class"),  # thirty classes of two
        ("age", lambda i: i // 2, "auto", "value"),
        ("age", lambda i: i // 2, "class", "class"),
        ("label", lambda i: i // 2, "value", "value"),
        ("label", lambda i: i, "auto", "value"),  # each occurs once
        ("score", lambda i: i % 2, "auto", "class"),
    ],
)
def test_whole_numbers(root, column, label, task, target):
    raw = read(write(root, rows(label), f"file,{column}"), task=task)
    assert raw.target == target
    if target == "class":
        assert raw.classes == tuple(map(str, sorted({label(i) for i in range(60)})))


def test_classes_are_numbered_over_all_splits_in_the_order_of_numbers(root):
    def split(i):
        return "test" if i % 12 in (1, 2) and i < 24 else "train"

    path = write(root, rows(lambda i: i % 12 + 1, split=split), "file,label,split")
    raw = read(path)
    assert raw.classes == tuple(map(str, range(1, 13)))
    assert set(raw.test.y.tolist()) == {1, 2} and len(raw.test) == 4
    assert all(y == int(name[4:6]) % 12 for name, y in zip(raw.test.names, raw.test.y))
    assert all(y == int(name[4:6]) % 12 for name, y in zip(raw.train.names, raw.train.y))
    dataset = split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.2, seed=0)
    assert any(note.startswith("not in test: 1, 4, 5") for note in english(dataset.card.notes))


def test_splits_by_a_column_by_groups_or_drawn(root):
    named = ["train", "val", "test"]
    by_column = rows(lambda i: "ab"[i // 3 % 2], split=lambda i: named[i % 3])
    raw = read(write(root, by_column, "file,label,Split"))
    assert (len(raw.train), len(raw.val), len(raw.test)) == (20, 20, 20)
    path = write(root, by_column, "file,label,part")
    assert "columns that are not read: part" in english(read(path).notes)
    assert len(read(path, test="part").val) == 20
    groups = write(root, rows(lambda i: "ab"[i % 2], split=lambda i: i // 6), "file,label,who")
    raw = read(groups, group="who")
    parts = [{int(n[4:6]) // 6 for n in s.names} for s in (raw.train, raw.val, raw.test)]
    assert sum(map(len, parts)) == 10 and not parts[0] & parts[2]
    assert read(groups, split_seed=1).test.names != read(groups).test.names
    assert "field" not in str(error := refused(groups, group="whom")) and "whom" in str(error)


def test_a_split_column_of_other_words_is_not_used(root):
    path = write(root, rows(lambda i: "ab"[i % 2], split=lambda i: i % 5), "file,label,split")
    assert "columns that are not read: split" in english(read(path).notes)
    assert "split" in str(refused(path, test="split"))


def test_without_test_rows_the_validation_rows_are_the_test(root):
    path = write(
        root,
        rows(lambda i: "ab"[i % 2], split=lambda i: "val" if i < 10 else "train"),
        "file,label,split",
    )
    raw = read(path)
    assert (len(raw.train), len(raw.test), raw.val) == (50, 10, None)
    assert any("validation" in note and "test" in note for note in english(raw.notes))


@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.csv.gz", "a.txt"])
def test_every_form_of_table(root, name):
    import gzip

    expected = read(write(root, rows(lambda i: "ab"[i % 2])))
    cells = [line.split(",") for line in rows(lambda i: "ab"[i % 2])]
    content = {
        "a.tsv": "file\tlabel\n" + "\n".join(map("\t".join, cells)),
        "a.jsonl": "\n".join(json.dumps({"label": b, "file": a}) for a, b in cells),
        "a.csv.gz": "file,label\n" + "\n".join(map(",".join, cells)),
        "a.txt": "file;label\n" + "\n".join(map(";".join, cells)),
    }[name].encode()
    (root / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert source_for(root / name) == "list"
    raw = read(root / name)
    assert raw.train.names == expected.train.names
    np.testing.assert_array_equal(raw.train.x, expected.train.x)
    np.testing.assert_array_equal(raw.train.y, expected.train.y)


def test_windows_paths_blanks_and_both_forms_of_hangul(root):
    import unicodedata

    put(root / "그림" / "가.png", 501)
    put(root / "with blank" / "a b.png", 502)
    lines = rows(lambda i: "ab"[i % 2])
    lines += [f"{unicodedata.normalize('NFD', '그림/가.png')},a", "with blank/a b.png,b"]
    lines = [line.replace("img/", "img\\") if i < 5 else line for i, line in enumerate(lines)]
    raw = read(write(root, lines))
    assert len(raw.train) + len(raw.test) == 62


# --- which source reads it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "source"),
    [
        ("file,label", "a.png,1", "list"),
        ("label,image_path", "1,x/a.JPG", "list"),
        ("id,imageFile,y", "1,a.webp,2", "list"),
        ("이미지,분류", "a.png,고양이", "list"),
        ("file,label", "a.txt,1", "table"),
        ("file,label", ",1", "table"),
        ("thumbnail,price", "a.png,1", "table"),
        ("a,b", "1,2", "table"),
        ("1,2", "1,2", "table"),
        ("", "", "table"),
    ],
)
def test_a_list_is_recognised_by_its_header_and_its_cells(tmp_path, header, row, source):
    assert source_for(write(tmp_path, [row], header)) == source


def test_the_column_of_the_pictures(root):
    lines = [f"x{i},{i}.5,img/{i:02}.png" for i in range(60)]
    path = write(root, lines, "image,weight,file")
    assert read(path, target="weight").train.names[0].startswith("img/")
    path = write(root, rows(lambda i: i + 0.5), "thing,weight")
    assert not picture_rows.recognises(path)
    assert "columns are: thing, weight" in str(refused(path))
    assert read(path, image="thing").target == "value"  # the one column that is left
    assert "image" in str(refused(path, image="none"))


# --- what is refused -----------------------------------------------------------------------------


HOSTILE = {
    "../outside.png": "leads out of the folder",
    "img/../../outside.png": "leads out of the folder",
    "..\\outside.png": "leads out of the folder",
    "/outside.png": "absolute",
    "C:\\outside.png": "absolute",
    "file:///outside.png": "an address",
    "link.png": "a link that leads out",
    "folder/outside.png": "a link that leads out",
    "img/none.png": "no such file",
    "img/": "is a folder",
    "": "no path",
    "note.png": "not a picture",
}


@pytest.fixture
def hostile(root):
    inside = root / "set"
    (root / "img").rename(root / "pictures")
    inside.mkdir()
    (root / "pictures").rename(inside / "img")
    put(root / "outside.png", 900)
    (inside / "link.png").symlink_to(root / "outside.png")
    (inside / "folder").symlink_to(root)
    (inside / "note.png").write_text("hello")
    return inside


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_every_bad_row_is_named_by_its_line(hostile):
    (hostile / "/".join(["img", "dir.png"])).mkdir()
    names = [name if name != "img/" else "img/dir.png" for name in HOSTILE]
    lines = [f"{name},a" for name in names] + rows(lambda i: "ab"[i % 2])
    path = write(hostile, lines)
    items = english(refused(path).items)
    assert len(items) == len(HOSTILE)
    for number, (item, why) in enumerate(zip(items, HOSTILE.values(), strict=True), 2):
        assert f"names.csv:{number} " in item or f"names.csv:{number}:" in item
        assert why in item or "picture" in item
    raw = read(path, skip_bad=True)
    assert len(raw.left_out) == len(HOSTILE) and len(raw.train) + len(raw.test) == 60
    assert not any("outside" in name for name in raw.train.names + raw.test.names)


def test_rows_of_another_width_and_without_a_label(root):
    lines = rows(lambda i: "ab"[i % 2])
    lines[3] += ",more"
    lines[5] = "img/05.png,"
    path = write(root, lines)
    assert english(refused(path).items)[0].startswith(f"{path}:5: ")
    raw = read(path, skip_bad=True)
    assert len(raw.train) + len(raw.test) == 58
    assert "1 row without a value of label is left out" in english(raw.notes)
    assert "img/05.png" not in raw.train.names + raw.test.names


def test_a_class_whose_pictures_are_all_bad_is_an_error(root):
    lines = [*rows(lambda i: "ab"[i % 2]), "none1.png,c", "none2.png,c"]
    error = refused(write(root, lines), skip_bad=True)
    assert "c: none of its 2 can be used" in english(error.items)


def test_a_file_in_two_rows_is_named(root):
    lines = [*rows(lambda i: "ab"[i % 2]), "img/07.png,a", "./img/07.png,b"]
    notes = english(read(write(root, lines)).notes)
    assert any("1 file is in several rows: 07.png (lines 9, 62, 63)" in note for note in notes)


# --- end to end ----------------------------------------------------------------------------------


@pytest.fixture
def bright(tmp_path):
    """Pictures whose mean is their value."""
    random = np.random.Generator(np.random.Philox(5))
    lines = []
    (tmp_path / "img").mkdir()
    for i in range(80):
        mean = random.uniform(40, 200)
        image = np.clip(random.normal(mean, 10, (8, 8)), 0, 255).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / "img" / f"{i:02}.png")
        lines.append(f"img/{i:02}.png,{mean / 100:.4f}")
    return write(tmp_path, lines, "file,brightness")


@pytest.mark.parametrize("model", ["mlp", "cnn", "vit"])
def test_networks_regress_on_pictures(bright, model):
    run = etude.train(model, data=str(bright), epochs=15, quiet=True, save=False, seed=1)
    assert run.card.target == "value" and run.recipe.task.name == "regress"
    assert run.test["r2"] > 0.5
    predicted = run.predict([str(bright)])
    truth = [float(line.split(",")[1]) for line in bright.read_text().splitlines()[1:]]
    assert len(predicted) == 80
    assert np.corrcoef([one["value"] for one in predicted], truth)[0, 1] > 0.7


def test_predictions_of_a_list_beside_its_rows(bright, tmp_path):
    run = etude.train("mlp", data=str(bright), epochs=1, quiet=True, root=tmp_path / "runs")
    new = tmp_path / "new.csv"
    new.write_text("id,file\n7,img/03.png\n8,img/05.png\n")
    predictions = etude.verbs.predict(run.path, [str(new)])
    single = run.predict([str(tmp_path / "img" / "03.png"), str(tmp_path / "img" / "05.png")])
    assert [one["value"] for one in predictions] == [one["value"] for one in single]
    etude.verbs.write_predictions(run.path, predictions, [str(new)], tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "id,file,predicted" and lines[1] == f"7,img/03.png,{single[0]['value']!r}"
    new.write_text("id,file\n7,img/03.png\n8,../05.png\n9,img/none.png\n")
    with pytest.raises(DataError) as caught:
        read_inputs([str(new)], run.card)
    assert [item.split(": ")[0] for item in english(caught.value.items)] == [
        f"{new}:3 ../05.png",
        f"{new}:4 img/none.png",
    ]
