"""The formats of labelled sequences beside .ts: UCR's .tsv, and ARFF. Real sets are converted from
.ts by a writer of our own, and every format must give the same arrays to the bit."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from etude.data import table, ts
from etude.data.locate import source_for
from etude.data.sequences import arff, ucr
from etude.errors import DataError
from tests.data.notes import english

MADE = np.random.default_rng(0)


def series(count, length=24, features=1, uneven=False):
    """Made sequences [L Q] with whole and odd digits."""
    return [
        MADE.normal(size=(length - (i % 5 if uneven else 0), features)) * 10.0 ** (i % 7 - 3)
        for i in range(count)
    ]


def write_ts(path, rows, labels, classes):
    lines = ["@classLabel true " + " ".join(classes), "@data"]
    for row, label in zip(rows, labels, strict=True):
        lines.append(":".join([*(",".join(map(repr, part)) for part in row.T.tolist()), label]))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_tsv(path, rows, labels, between="\t", form=str):
    longest = max(map(len, rows))
    lines = [
        between.join([
            form(label), *map(repr, row[:, 0].tolist()), *["NaN"] * (longest - len(row))
        ])
        for row, label in zip(rows, labels, strict=True)
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


def write_arff(path, rows, labels, classes):
    longest, features = max(map(len, rows)), rows[0].shape[1]
    steps = [f"  @attribute att{i + 1} numeric" for i in range(longest)]
    if features > 1:
        steps = ["@attribute relationalAtt relational", *steps, "@end relationalAtt"]
    head = ["% a comment", "@Relation 'made up'", "", *steps]
    lines = [*head, "@ATTRIBUTE target {" + ",".join(classes) + "}", "", "@data", "% another"]
    for row, label in zip(rows, labels, strict=True):
        parts = [
            ",".join([*map(repr, part), *["?"] * (longest - len(row))]) for part in row.T.tolist()
        ]
        lines.append(f"{_cell(parts)},{label}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _cell(parts):
    return parts[0] if len(parts) == 1 else "'" + "\\n".join(parts) + "'"


def read(path, **more):
    return ts.load(ts.Config(path=str(path), **more))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        read(path, **more)
    return caught.value


def same(one, other):
    """Fail unless two data sets have equal splits, to the bit."""
    assert one.classes == other.classes
    for part in ("train", "test"):
        a, b = getattr(one, part), getattr(other, part)
        assert a.x.dtype == b.x.dtype and a.x.tobytes() == b.x.tobytes()
        np.testing.assert_array_equal(a.y, b.y)
        assert (a.lengths is None) == (b.lengths is None)
        if a.lengths is not None:
            np.testing.assert_array_equal(a.lengths, b.lengths)


def pairs(folder, writer, rows, labels, suffix, *more):
    half = len(rows) // 2
    folder.mkdir(exist_ok=True)
    writer(folder / f"Toy_TRAIN{suffix}", rows[:half], labels[:half], *more)
    writer(folder / f"Toy_TEST{suffix}", rows[half:], labels[half:], *more)
    return folder


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("features", [1, 3])
def test_every_format_gives_the_same_arrays(tmp_path, uneven, features):
    rows, labels = series(24, 24, features, uneven), ["-1", "1"] * 12
    # The longest sequence in both files, so that all formats pad to the same length.
    rows[0] = rows[12] = MADE.normal(size=(24, features))
    classes = ("-1", "1")
    expected = read(pairs(tmp_path / "ts", write_ts, rows, labels, ".ts", classes))
    same(read(pairs(tmp_path / "arff", write_arff, rows, labels, ".arff", classes)), expected)
    if features == 1:
        for i, between in enumerate(("\t", ",", "  ")):
            found = read(pairs(tmp_path / f"t{i}", write_tsv, rows, labels, ".tsv", between))
            same(found, expected)
    rows[3] = np.nextafter(rows[3], np.inf)  # the comparison sees one bit
    odd = read(pairs(tmp_path / "odd", write_ts, rows, labels, ".ts", classes))
    with pytest.raises(AssertionError):
        same(odd, expected)


def test_classes_of_a_tsv_are_whole_numbers_of_both_files(tmp_path):
    rows = series(12)
    write_tsv(tmp_path / "a_TRAIN.tsv", rows, [10, 2, -1] * 4, form=lambda v: f"{v:.7e}")
    write_tsv(tmp_path / "a_TEST.tsv", rows, [10, 2, 2] * 4, form=lambda v: f"{v:.1f}")
    raw = read(tmp_path / "a_TEST.tsv")
    assert raw.classes == ("-1", "2", "10") and raw.name == "a"
    assert raw.train.y.tolist() == [2, 1, 0] * 4 and raw.test.y.tolist() == [2, 1, 1] * 4
    assert raw.train.names[0] == "a_TRAIN.tsv line 1"


def test_every_bad_line_of_a_tsv_is_named(tmp_path):
    path = tmp_path / "a_TRAIN.tsv"
    path.write_text("1\t2\t3\n0.5\t2\t3\nx\t2\t3\n1\tNaN\t3\n1\t2\ty\n2\tNaN\tNaN\n2\t1\t2\n")
    items = english(refused(path).items)
    assert [item.partition(":")[0][-6:] for item in items] == [f"line {i}" for i in range(2, 7)]
    assert "a whole number" in items[0] and "step 1: the value is missing" in items[2]
    assert "'y'" in items[3] and "no values" in items[4]


def test_a_table_with_names_is_no_series(tmp_path):
    rows, labels = series(30), [1, 2] * 15
    write_tsv(tmp_path / "a_TRAIN.tsv", rows, labels)
    write_tsv(tmp_path / "plain.tsv", rows, labels)
    (tmp_path / "b_TRAIN.tsv").write_text("x\ty\n" + "1\t2\n" * 30)
    (tmp_path / "c_TRAIN.txt").write_bytes(gzip.compress(b"1 2 3\n2 3 4\n"))
    found = {p.name: source_for(p) for p in tmp_path.iterdir()}
    assert found == {
        "a_TRAIN.tsv": "ts", "plain.tsv": "table", "b_TRAIN.tsv": "table", "c_TRAIN.txt": "ts",
    }  # fmt: skip
    assert source_for(tmp_path) == "ts"


def test_packed_files_and_folders(tmp_path):
    rows, labels = series(20), [1, 2] * 10
    pairs(tmp_path, write_tsv, rows, labels, ".tsv")
    expected = read(tmp_path)
    for path in list(tmp_path.iterdir()):
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    same(read(tmp_path), expected)
    same(read(tmp_path / "Toy_TEST.tsv.gz"), expected)


TABLE = """@relation weather
@attribute outlook {sunny, 'partly cloudy', rainy}
@attribute temperature real
@attribute "wind speed" numeric
@attribute play {yes, no}
@data
"""


def weather(folder, count=40):
    lines = [
        f"{('sunny', chr(39) + 'partly cloudy' + chr(39), '?')[i % 3]}, {i}.5, {i % 7}, "
        f"{('yes', 'no')[i % 2]}"
        for i in range(count)
    ]
    path = folder / "weather.arff"
    path.write_text(TABLE + "\n".join(lines) + "\n")
    return path


def test_an_arff_of_named_attributes_is_a_table(tmp_path):
    path = weather(tmp_path)
    assert source_for(path) == "table"
    raw = table.load(table.Config(path=str(path), target="play"))
    by_name = {column.name: column for column in raw.columns}
    assert by_name["outlook"].levels == ("partly cloudy", "sunny")
    assert by_name["wind speed"].kind == "number" and raw.classes == ("no", "yes")
    assert "--data ts data.path=" in " ".join(english(raw.notes))
    values = np.concatenate([raw.train.x, raw.test.x])
    assert len(values) == 40 and np.isnan(values).sum() == 13


def test_numbered_attributes_are_steps(tmp_path):
    path = write_arff(tmp_path / "one.arff", series(20), ["a", "b"] * 10, ("a", "b"))
    assert source_for(path) == "ts"
    raw = read(path)
    assert raw.train.x.shape == (16, 24, 1)
    assert "--data table data.path=" in " ".join(english(raw.notes))
    few = write_arff(tmp_path / "few.arff", series(20, 5), ["a", "b"] * 10, ("a", "b"))
    assert source_for(few) == "table" and read(few).train.x.shape == (16, 5, 1)


def test_the_header_decides_the_order_of_classes(tmp_path):
    path = tmp_path / "q.arff"
    write_arff(path, series(20), ["'it\\'s'", "b"] * 10, ("b", "'it\\'s'"))
    raw = read(path)
    assert raw.classes == ("b", "it's") and np.bincount(raw.train.y).tolist() == [8, 8]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["{0 1, 2 a}"], "sparse"),
        (["1,2", "1,2,3,a"], "has 2 cells, 4 expected"),
        (["1,2,3,c"], "class 'c' is not in the header: a, b"),
        (["1,2,3,?"], "the class is missing"),
        (["1,?,3,a"], "dimension 1, step 2: the value is missing"),
        (["1,2,'3,a"], "a quotation mark has no end"),
    ],
)
def test_bad_lines_of_an_arff_are_named(tmp_path, lines, said):
    path = tmp_path / "q.arff"
    head = [f"@attribute t{i} numeric" for i in range(3)] + ["@attribute c {a,b}", "@data"]
    path.write_text("\n".join(head + lines))
    assert said in " ".join(english(refused(path).items)) and "line 6" in str(refused(path))


def test_what_is_wrong_with_a_header_is_said(tmp_path):
    path = tmp_path / "q.arff"
    for words, said in (
        ("@attribute a {x,x}\n@data\n", "occurs twice"),
        ("@attribute a\n@data\n", "@attribute NAME TYPE"),
        ("@data\n", "no @attribute"),
        ("hello\n", "expected @relation"),
        ("@attribute a numeric\n", "no line @data"),
    ):
        path.write_text(words)
        assert said in " ".join(english(arff.parse(path)[1]))
        assert arff.is_series(path)


def test_a_weight_after_the_values_is_no_value(tmp_path):
    path = tmp_path / "q.arff"
    path.write_text("@attribute t1 numeric\n@attribute c {a,b}\n@data\n1,a,{5}\n2,b\n")
    content, problems = arff.parse(path)
    assert not problems and [row.tolist() for row in content.rows] == [[[1.0]], [[2.0]]]


def test_the_classes_of_a_tsv_are_sorted_by_value():
    assert ucr.ordered(["10", "2", "-1", "2"]) == ("-1", "2", "10")
