"""Files of the UCR and UEA archives, and all that can be wrong in one."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.data.dataset import split_dataset
from etude.data.sequences import content
from etude.data.ts import Config, load, pad, parse
from etude.errors import DataError
from tests.data.notes import english

HEAD = """#A comment: with a colon, and 1,2,3
@problemName Toy
@timeStamps false
@missing false
@univariate {univariate}
@equalLength {equal}
@classLabel true b a
@data
"""


def toy(path, lines, univariate="true", equal="false"):
    path.write_text(HEAD.format(univariate=univariate, equal=equal) + "\n".join(lines) + "\n")
    return path


def samples(count, start=0, length=5, features=2):
    lines = []
    for i in range(start, start + count):
        values = [",".join(str(i + q / 10 + t) for t in range(length)) for q in range(features)]
        lines.append(":".join(values) + f":{'ba'[i % 2]}")
    return lines


def read(path, **more):
    return load(Config(path=str(path), **more))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        read(path, **more)
    return caught.value


def test_a_pair_by_any_of_its_names(tmp_path):
    train = toy(tmp_path / "Toy_TRAIN.ts", samples(6))
    test = toy(tmp_path / "Toy_TEST.ts", samples(4, 6))
    first = read(train)
    assert (first.name, first.kind, first.target, first.classes) == (
        "Toy",
        "sequence",
        "class",
        ("b", "a"),
    )
    assert first.train.x.shape == (6, 5, 2) and first.test.x.shape == (4, 5, 2)
    assert first.train.x.dtype == np.float64 and first.train.lengths is None
    assert first.train.y.tolist() == [0, 1, 0, 1, 0, 1]
    np.testing.assert_allclose(first.test.x[1, :, 1], [7.1, 8.1, 9.1, 10.1, 11.1])
    assert first.train.names[0] == "Toy_TRAIN.ts line 9"
    for other in (read(test), read(tmp_path)):
        np.testing.assert_array_equal(other.train.x, first.train.x)
        np.testing.assert_array_equal(other.test.y, first.test.y)


def test_unequal_lengths_are_padded_across_both_files(tmp_path):
    toy(tmp_path / "Toy_TRAIN.ts", samples(3) + samples(1, 3, length=7))
    toy(tmp_path / "Toy_TEST.ts", samples(3, length=9))
    raw = read(tmp_path)
    assert raw.train.x.shape == (4, 9, 2) and raw.test.x.shape == (3, 9, 2)
    assert raw.train.lengths.tolist() == [5, 5, 5, 7] and raw.test.lengths.tolist() == [9, 9, 9]
    assert (raw.train.x[0, 5:] == 0).all() and "lengths 5 to 9, padded" in english(raw.notes)


def test_normalisation_does_not_count_padding(tmp_path):
    toy(tmp_path / "Toy_TRAIN.ts", ["5,5,5:b", "5:b", "7,7,7:a", "7:a"] * 10)
    toy(tmp_path / "Toy_TEST.ts", ["5:b", "7:a"])
    raw = read(tmp_path)
    dataset = split_dataset(raw, reads=("sequence",), scale="standard", val_fraction=0.3, seed=0)
    steps = np.concatenate(
        [row[:n] for row, n in zip(dataset.train.x, dataset.train.lengths, strict=True)]
    )
    assert dataset.card.padded and set(steps[:, 0]) == {5, 7}
    found = np.add(dataset.card.mean, dataset.card.origin)
    np.testing.assert_allclose(found, steps.mean(0))
    np.testing.assert_allclose(dataset.card.std, steps.std(0))


def test_one_file_is_divided_by_its_seed(tmp_path):
    path = toy(tmp_path / "mine.ts", samples(40))
    raw, other = read(path), read(path, split_seed=1)
    assert len(raw.train) == 32 and np.bincount(raw.test.y).tolist() == [4, 4]
    assert raw.test.names == read(path).test.names != other.test.names
    assert not set(raw.test.names) & set(raw.train.names)
    alone = toy(tmp_path / "Alone_TRAIN.ts", samples(40))
    assert len(read(alone).test) == 8


def test_the_shortest_name_of_a_set_is_read(tmp_path):
    for name, length in (("Toy", 5), ("Toy_eq", 6)):
        toy(tmp_path / f"{name}_TRAIN.ts", samples(4, length=length))
        toy(tmp_path / f"{name}_TEST.ts", samples(4, length=length))
    raw = read(tmp_path)
    assert raw.train.x.shape == (4, 5, 2)
    assert "read Toy_TRAIN.ts, not Toy_eq_TRAIN.ts" in english(raw.notes)
    toy(tmp_path / "Another_TRAIN.ts", samples(4))
    assert "several data sets" in str(refused(tmp_path))


def test_every_bad_line_is_named(tmp_path):
    good = samples(2)
    bad = {
        "1,2,3:1,2:b": "its dimensions have different lengths, 2 to 3",
        "1,2,3:b": "has 1 dimension, 2 expected",
        "1,2:1,2:1,2:b": "has 3 dimensions, 2 expected",
        "1,?,3:1,2,3:a": "dimension 1, step 2: the value is missing",
        "1,2,3:NaN,2,NaN:a": "dimension 2, step 1: the value is missing (2 such values)",
        "1,x,3:1,2,3:a": "dimension 1, step 2: the value 'x' is bad",
        "1,,3:1,2,3:a": "dimension 1, step 2: the value is missing",
        "1,1e400,3:1,2,3:a": "dimension 1, step 2: the value '1e400' is bad",
        "1,1e39,3:1,2,3:a": "dimension 1, step 2: the value '1e39' is bad",
        "1,inf,3:1,2,3:a": "dimension 1, step 2: the value 'inf' is bad",
        "1,\0,3:1,2,3:a": "dimension 1, step 2: the value '\\x00' is bad",
        "1,2,3:1,2,3:c": "class 'c' is not in the header: b, a",
        "1,2,3:1,2,3": "class '1,2,3' is not in the header: b, a",
        "a": "has a class but no values",
        "(0,1),(1,2):(0,1),(1,2):a": "the value '(0' is bad",
    }
    toy(tmp_path / "Toy_TRAIN.ts", good + list(bad))
    toy(tmp_path / "Toy_TEST.ts", [*good, "1:1:z"])
    error = refused(tmp_path)
    expected = [f"Toy_TRAIN.ts line {11 + i}: " for i in range(len(bad))]
    items = english(error.items)
    assert len(items) == len(bad) + 1 and error.exit_code == 3
    for item, where, reason in zip(items, expected, bad.values(), strict=False):
        assert item.startswith(where) and reason in item, item
    assert items[-1].startswith("Toy_TEST.ts line 11: class 'z'")


def test_a_korean_message_is_korean(tmp_path):
    path = toy(tmp_path / "a.ts", ["1,2:b", "1,?,3:1,2,3:a", "1,x,?:1,2,3:a", *samples(5)])
    assert refused(path).message("ko").split("\n")[:-1] == [
        f"{path}: 다음 시퀀스: 사용할 수 없습니다.",
        "  - a.ts 9번째 줄: 차원이 2개여야 하는데 1개입니다",
        "  - a.ts 10번째 줄: 1번째 차원의 2번째 시점: 값이 없습니다",
        "  - a.ts 11번째 줄: 1번째 차원의 2번째 시점: 'x': 사용할 수 없는 값입니다(이런 값이 2개)",
    ]
    path.write_text("# first\n@targetLabel true\n")
    assert "- a.ts 2번째 줄: 예측할 값(@targetLabel)은 지원" in refused(path).message("ko")


def test_many_classes_of_a_header_are_counted(tmp_path):
    names = " ".join(f"c{i}" for i in range(25))
    path = tmp_path / "a.ts"
    path.write_text(f"@classLabel true {names}\n@data\n1,2:c0\n1,2:c1\n1,2:z\n")
    (item,) = english(refused(path).items)
    assert "class 'z' is not in the header: c0, c1," in item
    assert item.endswith("c19 and 5 more")


def test_a_bad_first_line_does_not_make_the_others_bad(tmp_path):
    """Where the header says no sizes, what most lines have is right."""
    path = toy(tmp_path / "a.ts", ["1,2:b", *samples(5)])
    assert english(refused(path).items) == ("a.ts line 9: has 1 dimension, 2 expected",)
    path = toy(tmp_path / "a.ts", samples(1, length=4) + samples(5), equal="true")
    (item,) = english(refused(path).items)
    assert item == "a.ts line 9: has 4 steps, 5 expected (@equalLength true)"


def test_bad_lines_are_left_out_where_that_is_asked(tmp_path):
    toy(tmp_path / "Toy_TRAIN.ts", ["1:b", *samples(6), "1,?:1,2:a", "nothing"])
    toy(tmp_path / "Toy_TEST.ts", [*samples(4, 6), "1,2:1,2:z"])
    assert len(refused(tmp_path).items) == 4 and "--skip-bad" in str(refused(tmp_path))
    raw = read(tmp_path, skip_bad=True)
    assert len(raw.train) == 6 and len(raw.test) == 4
    assert raw.train.names == tuple(f"Toy_TRAIN.ts line {10 + i}" for i in range(6))
    assert [one.name for one in raw.left_out] == [
        "Toy_TRAIN.ts line 9",
        "Toy_TRAIN.ts line 16",
        "Toy_TRAIN.ts line 17",
        "Toy_TEST.ts line 13",
    ]
    card = split_dataset(raw, reads=("sequence",), scale="standard", val_fraction=0.3, seed=0).card
    note = english(card.notes)[0]
    assert note.startswith("left out 4 of 14: Toy_TRAIN.ts line 9 (has 1 dimension,")


def test_what_is_not_safe_to_leave_out(tmp_path):
    lines = [line if line[-1] == "b" else "?" + line for line in samples(20)]
    error = refused(toy(tmp_path / "a.ts", lines), skip_bad=True)
    items = english(error.items)
    assert items[0] == "a.ts @classLabel a: none of its 10 can be used" and len(items) == 11
    error = refused(toy(tmp_path / "a.ts", [*lines, "bad"]), skip_bad=True)
    assert "more than half (11 of 21) are bad" in str(error) and len(error.items) == 11
    (tmp_path / "a.ts").write_text("@timeStamps true\n@data\n1,2:a\n")
    assert "line 1: time stamps" in str(refused(tmp_path / "a.ts", skip_bad=True))


def test_equal_length_is_held_to(tmp_path):
    path = toy(tmp_path / "Toy_TRAIN.ts", samples(3) + samples(1, length=4), equal="true")
    assert english(refused(path).items) == (
        "Toy_TRAIN.ts line 12: has 4 steps, 5 expected (@equalLength true)",
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("@timeStamps true", "time stamps are not supported"),
        ("@TIMESTAMPS TRUE", "time stamps are not supported"),
        ("@classLabel true", "and the class names"),
        ("@classLabel maybe a", "and the class names"),
        ("@classLabel true a a", "names a class twice"),
        ("@targetLabel true", "use .npz for regression"),
        ("@dimensions 0", "a whole number above 0"),
        ("@dimensions many", "a whole number above 0"),
        ("@seriesLength -3", "a whole number above 0"),
        ("1,2,3:a", "expected an @tag"),
    ],
)
def test_a_bad_header_is_named_by_its_line(tmp_path, line, says):
    path = tmp_path / "Toy_TRAIN.ts"
    path.write_text(f"# first\n{line}\n@data\n1,2:a\n1,2:b\n")
    (item,) = english(refused(path).items)
    assert item.startswith("Toy_TRAIN.ts line 2: ") and says in item


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "has no line @data"),
        ("hello", "expected an @tag"),
        ("@classLabel true a b\n@data\n", "has no samples"),
        ("@classLabel false\n@data\n1,2,3\n", "has no class labels"),
        ("@data\n1,2,3\n", "has no class labels"),
        ("@dimensions 3\n@classLabel true a b\n@data\n1,2:1,2:a\n", "has 2 dimensions, 3 expected"),
        ("@equalLength true\n@seriesLength 9\n@classLabel true a b\n@data\n1,2:a\n", "9 expected"),
    ],
)
def test_what_is_no_labelled_ts_file(tmp_path, content, says):
    path = tmp_path / "a.ts"
    path.write_text(content)
    assert says in str(refused(path))


def test_files_that_do_not_go_together(tmp_path):
    train = toy(tmp_path / "Toy_TRAIN.ts", samples(4))
    test = toy(tmp_path / "Toy_TEST.ts", samples(4, features=3))
    assert "has 3 dimensions, 2 in Toy_TRAIN.ts" in str(refused(train))
    test.write_text(test.read_text().replace("true b a", "true a b"))
    assert "names other classes" in str(refused(train))
    train.unlink()
    assert "there is no Toy_TRAIN.ts beside it" in str(refused(test))
    assert "there is no such file" in str(refused(train))
    test.unlink()
    assert "has no file NAME_TRAIN.ts" in str(refused(tmp_path))


def test_a_class_of_the_header_without_samples_is_no_error(tmp_path):
    lines = [line.replace(":a", ":b") for line in samples(4)]
    toy(tmp_path / "Toy_TRAIN.ts", samples(4))
    toy(tmp_path / "Toy_TEST.ts", lines)
    assert read(tmp_path).test.y.tolist() == [0] * 4


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    path = toy(tmp_path / "a.ts", samples(10))
    expected = read(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    np.testing.assert_array_equal(read(path).train.x, expected.train.x)
    path.write_bytes(b"#caf\xe9 in latin-1\n" + path.read_bytes()[3:])
    np.testing.assert_array_equal(read(path).train.x, expected.train.x)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "LINE", 1000)
    path = toy(tmp_path / "a.ts", [*samples(3), "1," * 5000 + "1:a", *samples(3)])
    (item,) = english(refused(path).items)
    assert item == "a.ts line 12: is longer than 1,000 bytes"


def test_a_pipe_does_not_block(tmp_path):
    import os

    os.mkfifo(tmp_path / "a.ts")
    began = time.perf_counter()
    assert "is not a file" in str(refused(tmp_path / "a.ts"))
    assert english(parse(tmp_path / "a.ts")[1]) == (f"{tmp_path / 'a.ts'}: is not a file",)
    assert time.perf_counter() - began < 1


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.data())
def test_what_was_written_is_read(tmp_path_factory, data):
    features = data.draw(st.integers(1, 4))
    number = st.floats(-(2.0**99), 2.0**99, width=32)
    rows = []
    for _ in range(data.draw(st.integers(1, 6))):
        length = data.draw(st.integers(1, 6))
        cell = st.lists(number, min_size=length, max_size=length)
        rows.append(np.float32([data.draw(cell) for _ in range(features)]).T)
    lines = [":".join(",".join(map(repr, map(float, c))) for c in row.T) + ":a" for row in rows]
    path = toy(tmp_path_factory.mktemp("ts") / "a.ts", lines)
    found, problems = parse(path)
    assert not problems and found.labels == ["a"] * len(rows)
    for row, back in zip(rows, found.rows, strict=True):
        np.testing.assert_array_equal(row, back)
    x, lengths = pad(found.rows)
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(x[i, : len(row)], row)
        assert not x[i, len(row) :].any()
    assert (lengths is None) == (len({len(row) for row in rows}) == 1)
