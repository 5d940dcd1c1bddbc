"""Tables: what the reader makes of a file, what the rules make of a column, and that prediction
repeats training to the bit."""

import csv
import gzip
import json

import numpy as np
import pytest
import torch

from etude.data import table
from etude.data.card import Card
from etude.data.dataset import split_dataset
from etude.data.preprocess import Preprocess
from etude.data.tabular import encode, inputs, reader
from etude.data.tabular.columns import decide, used
from etude.data.tabular.dialect import Reading, find
from etude.data.tabular.reader import read
from etude.data.validate import validate_card
from etude.errors import DataError, InvalidValue
from etude.locale.texts import render

MANY = 40


def written(folder, text, name="t.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def cells(path, **options):
    return read(path, Reading(**options), None)


def column(folder, values, name="a", asked="", dates="auto"):
    path = folder / "column.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[name, "z"], *([value, "x"] for value in values)])
    found = cells(path)
    return decide(name, found.cells[0], asked, dates)


def levels(table_, name):
    return list(table_.cells[table_.names.index(name)].levels)


# Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_read_in_its_encoding(tmp_path, encoding):
    path = written(tmp_path, "größe,y\nä,1\nb,2\n", encoding=encoding)
    found = cells(path)
    assert found.names == ("größe", "y") and levels(found, "größe") == ["ä", "b"]
    assert find(path, Reading()).odd == (1 if encoding == "cp1252" else 0)


def test_the_first_line_that_is_not_utf_8_is_named(tmp_path):
    path = written(tmp_path, "a,y\n1,x\n2,ä\n", encoding="cp1252")
    assert find(path, Reading()).odd == 3


@pytest.mark.parametrize(
    ("text", "separator", "decimal", "first"),
    [
        ("a,y\n1.5,x\n2.5,z\n", ",", ".", [1.5, 2.5]),
        ("a;y\n1,5;x\n2,5;z\n", ";", ",", [1.5, 2.5]),
        ("a;y\n1,234;x\n2,345;z\n", ";", ",", [1.234, 2.345]),
        ("a;y\n1.5;x\n2.5;z\n", ";", ".", [1.5, 2.5]),
        ('a,y\n"1,234",x\n"2,345,678.5",z\n', ",", ".", [1234.0, 2345678.5]),
        ('a,y\n"1,5",x\n"2,25",z\n', ",", ",", [1.5, 2.25]),
        ("a;y\n1.234,5;x\n2.345.678,25;z\n", ";", ",", [1234.5, 2345678.25]),
        ("a\ty\n1\tone, two\n2\tthree, four\n", "\t", ".", [1.0, 2.0]),
        ("a|y\n1|x\n2|z\n", "|", ".", [1.0, 2.0]),
        ("a,y\n1e5,x\n1E6,z\n", ",", ".", [1e5, 1e6]),
        ("a, y\n 1 , x\n 2 , z\n", ",", ".", [1.0, 2.0]),
        ("a,y\n1,x\n\n2,z\n\n", ",", ".", [1.0, 2.0]),
        ("a,y\r\n1,x\r\n2,z\r\n", ",", ".", [1.0, 2.0]),
    ],
)
def test_separator_and_decimal_sign_are_found(tmp_path, text, separator, decimal, first):
    path = written(tmp_path, text)
    dialect, found = find(path, Reading()), cells(path)
    assert (dialect.separator, dialect.decimal) == (separator, decimal)
    assert found.names == ("a", "y") and found.cells[0].numbers.tolist() == first


def test_a_line_end_inside_quotes_belongs_to_its_cell(tmp_path):
    found = cells(written(tmp_path, 'a,y\n"one\ntwo",1\nb,2\n'))
    assert levels(found, "a") == ["one\ntwo", "b"] and list(found.lines) == [2, 4]


def test_lines_of_another_width_are_named_by_their_number(tmp_path):
    path = written(tmp_path, "a,y\n1,x\n2\n3,x,4\n5,x\n")
    found = cells(path)
    assert len(found) == 2 and list(found.lines) == [2, 5]
    assert [str(one) for one in found.bad] == [
        f"{path}:3: has 1 cell, 2 expected",
        f"{path}:4: has 3 cells, 2 expected",
    ]


def test_a_separator_at_the_end_of_every_line_makes_no_column(tmp_path):
    found = cells(written(tmp_path, "a,y,\n1,x,\n2,z,\n"))
    assert found.names == ("a", "y")
    assert cells(written(tmp_path, "a,y\n1,x,\n2,z,\n")).names == ("a", "y")


def test_a_column_without_a_name_is_called_by_its_place(tmp_path):
    assert cells(written(tmp_path, "a,,y\n1,2,x\n")).names == ("a", "column2", "y")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,a,y\n1,2,3\n", "columns 1 and 2 have the same name, a"),
        ("", "has no rows"),
        ("a,y\n", "has no rows"),
        ("1,2\n3,4\n", "not names of columns"),
        (f"{'x' * 201},y\n1,2\n", "more than 200 characters"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        cells(written(tmp_path, text))


def test_a_file_without_a_header_takes_the_names_of_the_user(tmp_path):
    found = cells(written(tmp_path, "1,2\n3,4\n"), names=("a", "b"))
    assert found.names == ("a", "b") and found.cells[1].numbers.tolist() == [2, 4]


def test_json_lines_are_read_with_all_their_digits(tmp_path):
    rows = ['{"id": 9007199254740993, "b": true}', '{"b": null, "c": 1.5}', "[1]", '{"d": {}}', "{"]
    found = cells(written(tmp_path, "\n".join(rows), "t.jsonl"))
    assert found.names == ("id", "b", "c") and len(found) == 3  # an empty object has no columns
    assert levels(found, "id") == ["9007199254740993", ""] and levels(found, "b") == ["true", ""]
    assert [one.name.rpartition(":")[2] for one in found.bad] == ["3", "5"]


def test_a_packed_file_is_read_like_a_plain_one(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,y\n1,x\n2,z\n"))
    assert cells(tmp_path / "t.csv.gz").names == ("a", "y")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"a,y\n1,x\n" * 1000)[:-20])
    with pytest.raises(DataError, match="packing is damaged"):
        cells(tmp_path / "d.csv.gz")


# Kinds of columns ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5", "2.5", "1.5"], "number"),
        (["NA", "DE", "FR"] * 10, "category"),
        (["1", "2", "NA"] * 10, "number"),
        (["None", "null", "?"] * 10, "category"),
        (["01234", "02345", "99999"], "category"),
        (["0.5", "0.25", "00.5"], "number"),
        (["x"] * 9, "constant"),
        ([""] * 9, "constant"),
        (["3"] * 9, "constant"),
        (["yes", "no", "Yes"], "truth"),
        (["true", "False", "TRUE"], "truth"),
        (["0", "1", "1"], "truth"),
        (["예", "아니오", "예"], "truth"),
        ([str(i) for i in range(MANY)], "id"),
        ([str(i) for i in range(MANY, 0, -1)], "id"),
        ([f"{i / 4}" for i in range(MANY)], "number"),
        ([str(i * 7919 % 1000) for i in range(MANY)], "number"),
        ([f"k{i}" for i in range(MANY)], "id"),
        ([f"a text of {i}" for i in range(MANY)], "text"),
        (["2024-01-31", "2024-02-01", ""], "date"),
        (["20240131", "20240201"], "date"),
        (["2024-01-31T12:30:00+02:00", "2024-02-01T00:00:00Z"], "date"),
        (["31.12.2024", "01.01.2024"], "date"),
        (["9007199254740993", "9007199254740995"] * 10, "category"),
        ([str(9007199254740993 + i) for i in range(MANY)], "id"),
        (["red", "green", "blue"], "category"),
    ],
)
def test_a_column_is_of_the_kind_that_its_cells_say(tmp_path, values, kind):
    assert column(tmp_path, values).column.kind == kind


def test_the_name_of_a_column_decides_where_its_cells_do_not(tmp_path):
    shuffled = [str(i * 7919 % 1000) for i in range(MANY)]
    assert column(tmp_path, shuffled, "customer_id").column.kind == "id"
    assert column(tmp_path, shuffled, "customerId").column.kind == "id"
    assert column(tmp_path, shuffled, "paid").column.kind == "number"
    assert column(tmp_path, ["12345", "54321"] * 9, "zip").column.kind == "category"
    assert column(tmp_path, ["12345", "54321"] * 9, "price").column.kind != "category"


def test_a_date_is_read_in_the_order_that_one_of_them_proves(tmp_path):
    day = column(tmp_path, ["02/01/2024", "13/01/2024"])
    assert day.column.form == "dmy" and np.diff(day.values) == 11 * 86400
    assert [note.key for note in day.notes] == ["data.note.table.dmy"]
    month = column(tmp_path, ["02/01/2024", "02/13/2024"])
    assert month.column.form == "mdy" and np.diff(month.values) == 12 * 86400
    with pytest.raises(InvalidValue, match=r"data\.dates=dmy"):
        column(tmp_path, ["02/01/2024", "03/01/2024"])
    assert column(tmp_path, ["02/01/2024", "03/01/2024"], dates="dmy").column.form == "dmy"


def test_whole_days_lie_a_day_apart_also_at_the_end_of_a_month(tmp_path):
    assert np.diff(column(tmp_path, ["20240131", "20240201"]).values) == 86400


def test_offsets_are_brought_to_one_time(tmp_path):
    found = column(tmp_path, ["2024-06-01T12:00:00+02:00", "2024-06-01T10:00:00Z"])
    assert found.values[0] == found.values[1]


def test_a_cell_that_is_no_number_is_named_by_its_row(tmp_path):
    found = column(tmp_path, [*map(str, [3, 1] * 100), "x"])
    assert found.column.kind == "number" and [row for row, _ in found.bad] == [200]
    assert [row for row, _ in column(tmp_path, ["1.5", "1e400", "inf", "2.5"] * 1).bad] == [1, 2]


@pytest.mark.parametrize("asked", ["number", "truth", "category", "date", "id", "text", "drop"])
def test_the_user_decides_before_the_rules(tmp_path, asked):
    values = {"date": ["20240131", "20240201"], "truth": ["7", "8"]}.get(asked, ["1", "2"])
    found = column(tmp_path, values * MANY, asked=asked)
    assert found.column.kind == asked and found.column.why.key == "data.column.asked"


# Features -----------------------------------------------------------------------------------


def prepared(path, seed=0, **fields):
    raw = table.load(table.Config(path=str(path), **fields))
    data = split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=seed)
    return raw, data


def mixed(folder, rows=300, seed=0):
    """A table with every kind of column; a few cells are empty."""
    random = np.random.default_rng(seed)
    path = folder / "mixed.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["size", "rooms", "town", "sold", "garden", "id", "price"])
        for i in range(rows):
            size = random.normal(100, 30)
            day = np.datetime64("2020-01-01") + int(random.integers(0, 900))
            out.writerow([
                "" if random.random() < 0.1 else f"{size:.2f}", random.integers(1, 7),
                random.choice(["Ulm", "Jena", "Hof", "Köln"]), day,
                random.choice(["yes", "no"]), i, f"{size * 3 + random.normal():.3f}",
            ])  # fmt: skip
    return path


def test_new_rows_are_prepared_to_the_bit_as_training_saw_them(tmp_path):
    path = mixed(tmp_path)
    _, data = prepared(path, target="price")
    again = Card.read(json.loads(json.dumps(data.card.plain())), "card")
    assert again == data.card
    rows, lines = inputs.read(path, used(again.columns), again.reading)
    whole = dict(zip(lines, Preprocess(again)(torch.from_numpy(rows)), strict=True))
    for split in (data.train, data.val, data.test):
        seen = Preprocess(data.card)(torch.from_numpy(split.x))
        assert all(torch.equal(whole[name], x) for name, x in zip(split.names, seen, strict=True))
    assert len(whole) == 300 and seen.shape[1] == again.model_spec.size


def test_columns_of_new_rows_may_be_in_any_order_and_more(tmp_path):
    path = mixed(tmp_path)
    _, data = prepared(path, target="price")
    with path.open(newline="") as file:
        rows = [{k: row[k] for k in reversed(row)} | {"more": "1"} for row in csv.DictReader(file)]
    other = tmp_path / "other.csv"
    with other.open("w", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    one, two = (
        inputs.read(p, used(data.card.columns), data.card.reading)[0] for p in (path, other)
    )
    assert np.array_equal(one, two, equal_nan=True)


def test_nothing_is_learned_from_rows_outside_training(tmp_path):
    """Other test rows, with other numbers, levels and gaps, change no feature of training."""
    path = mixed(tmp_path)
    raw, data = prepared(path, target="price")
    spoiled = raw.test.x.copy()
    spoiled[:, 0] = 1e9
    spoiled[::2, 1] = np.nan
    changed = split_dataset(
        table.replace(raw, test=table.replace(raw.test, x=spoiled)),
        reads=("vector",), scale="standard", val_fraction=0.1, seed=0,
    )  # fmt: skip
    assert changed.card.columns == data.card.columns
    assert np.array_equal(changed.train.x, data.train.x, equal_nan=True)
    spoiled_train = raw.train.x.copy()
    spoiled_train[:, 0] *= 2
    moved = split_dataset(
        table.replace(raw, train=table.replace(raw.train, x=spoiled_train)),
        reads=("vector",), scale="standard", val_fraction=0.1, seed=0,
    )  # fmt: skip
    assert moved.card.columns != data.card.columns  # the comparison can fail


def test_a_level_that_training_lacks_is_other(tmp_path):
    path = mixed(tmp_path)
    _, data = prepared(path, target="price")
    new = tmp_path / "new.csv"
    new.write_text("size,rooms,town,sold,garden\n-90,2,Bonn,2021-01-01,no\n,3,Ulm,2021-01-01,no\n")
    x, _ = inputs.read(new, used(data.card.columns), data.card.reading)
    names = encode.feature_names(data.card.columns)
    features = Preprocess(data.card)(torch.from_numpy(x))
    assert features[0, names.index("town=*")] == 1 and features[1, names.index("town=Ulm")] == 1
    assert features[:, [names.index(f"town={t}") for t in ("Hof", "Jena", "Köln")]].sum() == 0
    assert torch.isfinite(features).all()
    first, second = inputs.doubts(used(data.card.columns), x)
    assert first == {"unseen": ["town"], "outside": ["size"], "empty": []}
    assert second == {"unseen": [], "outside": [], "empty": []}  # training has empty cells too


def test_a_new_row_that_is_not_of_the_columns_is_refused_with_every_reason(tmp_path):
    path = mixed(tmp_path)
    _, data = prepared(path, target="price")
    new = tmp_path / "new.csv"
    new.write_text("size,rooms,town,garden\n9,2,Ulm,no\n")
    with pytest.raises(DataError, match="has no column sold"):
        inputs.read(new, used(data.card.columns), data.card.reading)
    new.write_text("size,rooms,town,sold,garden\nbig,2,Ulm,1.1.2020,maybe\n")
    with pytest.raises(DataError) as error:
        inputs.read(new, used(data.card.columns), data.card.reading)
    assert len(error.value.items) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'a;b\n1;=SUM(A1)\n\n2;"x\ny"\n'),
        ("t.jsonl", '{"a": 1, "b": "=SUM(A1)"}\n\n{"a": 2, "b": "x\\ny"}\n'),
    ],
)
def test_predictions_are_written_beside_the_rows_of_any_format(tmp_path, name, text):
    path = written(tmp_path, text, name)
    first, second = cells(path).lines
    answers = {str(first): ["u"], str(second): ["-1"]}
    rows = list(csv.reader(inputs.annotated(path, Reading(), ("said",), answers).splitlines(True)))
    assert rows == [["a", "b", "said"], ["1", "'=SUM(A1)", "u"], ["2", "x\ny", "-1"]]


def test_a_category_that_training_never_has_is_other(tmp_path):
    parts = ["test" if i % 4 == 0 else "train" for i in range(400)]
    town = [f"t{i}" if part == "test" else "" for i, part in enumerate(parts)]
    rows = "".join(f"{i / 3},{town[i % 400]},{parts[i]},{i % 2}\n" for i in range(400))
    path = written(tmp_path, "a,town,part,y\n" + rows)
    _, data = prepared(path, target="y", test="part", types={"town": "category"})
    column = used(data.card.columns)[1]
    assert column.levels == () and column.nullable
    assert validate_card(data.card) is data.card


def test_a_number_whose_spread_float64_cannot_hold_is_a_mistake(tmp_path):
    path = written(tmp_path, "a,y\n" + "".join(f"{i}.5,{i % 2}\n" for i in range(60)) + "1e305,1\n")
    with pytest.raises(DataError, match="infinite or too large"):
        prepared(path, target="y")


def test_a_file_of_lines_that_are_no_rows_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MOST_BAD", 100)
    path = written(tmp_path, "a,y\n" + "1,2,3\n" * 20_000)
    with pytest.raises(DataError, match="are not rows of the table") as error:
        cells(path)
    assert len(error.value.items) == 20 and "data.separator" in str(error.value)


def test_a_far_value_is_drawn_in_and_order_is_kept(tmp_path):
    path = written(tmp_path, "a,y\n" + "".join(f"{i / 3},{i % 2}\n" for i in range(200)))
    _, data = prepared(path, target="y")
    x = torch.tensor([[0.0], [30.0], [1e3], [1e6], [1e300]], dtype=torch.float64)
    features = Preprocess(data.card)(x)[:, 0]
    assert (features.diff() >= 0).all() and features[-1] <= encode.BEND + 1e-6


def test_the_features_of_a_date_repeat_with_the_week_and_the_year(tmp_path):
    days = np.datetime64("2020-01-01") + np.arange(0, 900)
    path = written(tmp_path, "when,y\n" + "".join(f"{d},{i % 2}\n" for i, d in enumerate(days)))
    _, data = prepared(path, target="y")
    names = encode.feature_names(data.card.columns)
    x = torch.tensor([[0.0], [7 * 86400.0], [365.2425 * 86400]], dtype=torch.float64)
    features = Preprocess(data.card)(x)
    thursday = names.index("when: 4")  # 1 January 1970
    assert features[0, thursday] == features[1, thursday] == 1
    year = [names.index(name) for name in names if " 1 y" in name]
    assert torch.allclose(features[0, year], features[2, year], atol=1e-6)


def test_new_rows_are_read_as_the_user_said_of_training(tmp_path):
    """No line of names, an encoding and missing words of one's own: said once, for training."""
    lines = [f"{i / 4},{'가' if i % 3 else '나'},{i % 2}\n" for i in range(60)]
    lines[::5] = ["leer,가,1\n"] * 12
    path = written(tmp_path, "".join(lines), encoding="euc-kr")
    said = {"names": ("a", "b", "y"), "encoding": "euc-kr", "missing": ("leer",)}
    _, data = prepared(path, target="y", **said)
    columns = used(data.card.columns)
    assert [column.levels for column in columns] == [(), ("가", "나")] and columns[0].empty > 0
    new = tmp_path / "new.csv"
    new.write_bytes("0.5,나\nleer,가\n".encode("euc-kr"))  # without the target
    x, _ = inputs.read(new, columns, data.card.reading)
    assert x[0].tolist() == [0.5, 1.0] and np.isnan(x[1, 0])


def test_thousands_mean_in_new_rows_what_they_meant_in_training(tmp_path):
    path = written(tmp_path, "a;y\n" + "".join(f"{i}.500,5;{i % 2}\n" for i in range(1, 40)))
    _, data = prepared(path, target="y")
    new = written(tmp_path, "a;z\n3.500;1\n", "new.csv")
    x, _ = inputs.read(new, used(data.card.columns), data.card.reading)
    assert x[0, 0] == 3500.0, "1,234.5 or 1.234,5: one row alone cannot say which"


def test_more_slips_than_are_shown_are_all_left_out(tmp_path):
    rows = [f"{i / 7:.4f},{i % 2}\n" for i in range(1000)] + [f"x{i},1\n" for i in range(40)]
    path = written(tmp_path, "a,y\n" + "".join(rows))
    with pytest.raises(DataError) as error:
        prepared(path, target="y")
    assert len(error.value.items) == 40
    raw, _ = prepared(path, target="y", skip_bad=True)
    assert len(raw.train) + len(raw.test) == 1000 and len(raw.left_out) == 40


# Splits and warnings ------------------------------------------------------------------------


def test_rows_of_one_group_stay_in_one_split(tmp_path):
    random = np.random.default_rng(0)
    lines = [f"{random.normal():.4f},{g},{g % 2}\n" for g in range(60) for _ in range(20)]
    path = written(tmp_path, "a,customer,y\n" + "".join(lines))
    raw, data = prepared(path, target="y", group="customer")
    groups = [
        {(int(name) - 2) // 20 for name in split.names}
        for split in (data.train, data.val, data.test)
    ]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert sum(map(len, groups)) == 60 and 200 <= len(data.test) <= 280
    plain, _ = prepared(path, target="y")
    assert "data.note.table.groups" in [note.key for note in plain.notes]
    assert "data.note.table.groups" not in [note.key for note in raw.notes]


def test_the_last_fifth_in_time_is_the_test(tmp_path):
    days = np.datetime64("2020-01-01") + np.random.default_rng(0).permutation(500)
    path = written(tmp_path, "when,y\n" + "".join(f"{d},{i % 2}\n" for i, d in enumerate(days)))
    _, data = prepared(path, target="y", time="when")
    assert data.train.x.max() < data.val.x.min() <= data.val.x.max() < data.test.x.min()
    assert len(data.test) == 100


def test_a_column_can_say_which_rows_are_which_split(tmp_path):
    rows = "".join(
        f"{i % 7},{i % 2},{('train', 'test', 'valid', 'Train')[i % 4]}\n" for i in range(80)
    )
    _, data = prepared(written(tmp_path, "a,y,part\n" + rows), target="y", test="part")
    assert (len(data.train), len(data.val), len(data.test)) == (40, 20, 20)
    odd = rows.replace("valid", "perhaps")
    with pytest.raises(DataError, match="'perhaps' is not the name of a split"):
        prepared(written(tmp_path, "a,y,part\n" + odd), target="y", test="part")


@pytest.mark.parametrize("target", ["class", "value"])
def test_a_column_that_knows_the_answer_is_named_and_kept(tmp_path, target):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 600) if target == "class" else random.normal(size=600)
    lines = [f"{random.normal():.4f},{v + 0.001 * random.normal():.5f},{v}\n" for v in y]
    raw, _ = prepared(written(tmp_path, "a,b,y\n" + "".join(lines)), target="y")
    leaks = [note.values["name"] for note in raw.notes if ".leak." in note.key]
    assert leaks == ["b"] and [column.name for column in raw.columns] == ["a", "b"]


def test_a_category_of_500_levels_says_nothing_about_a_coin(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(0)
    lines = [f"c{random.integers(500)},{random.integers(2)}\n" for _ in range(2000)]
    _, data = prepared(written(tmp_path, "a,y\n" + "".join(lines)), target="y")
    train, test = (data.arrays(split) for split in (data.train, data.test))
    model = LogisticRegression(max_iter=200).fit(train.x, train.y)
    auc = roc_auc_score(test.y, model.predict_proba(test.x)[:, 1])
    assert 0.44 < auc < 0.56 and train.x.shape[1] == encode.KEPT + 1


def grouped(folder, name, groups, seed=0, word=str):
    """A table of 5 rows for each group, whose answer is that of its group."""
    random = np.random.default_rng(seed)
    lines = [f"{random.normal():.4f},{word(g)},{g % 2}\n" for g in groups for _ in range(5)]
    return written(folder, "a,customer,y\n" + "".join(lines), name)


def warned(raw, lang="en"):
    """The warnings about groups that splits share."""
    return [render(lang, note) for note in raw.notes if note.key == "data.note.table.groups.shared"]


def test_a_group_in_the_table_and_in_its_test_file_is_a_warning(tmp_path):
    path = grouped(tmp_path, "t.csv", range(60))
    test = grouped(tmp_path, "later.csv", [*range(50, 70), 52], seed=1)
    raw, _ = prepared(path, target="y", group="customer", test=str(test))
    own, later = (
        [line.split(",")[1] for line in file.read_text().splitlines()[1:]] for file in (path, test)
    )
    both = [name for name in later if name in set(own)]
    [note] = warned(raw)
    assert (len(set(both)), len(both), len(later)) == (10, 55, 105)
    assert note.startswith(
        "WARNING: 10 values of customer are in training and in test, 55 rows of 105 (52 in 10 rows"
    )
    assert (
        "학습과 테스트에 함께" in warned(raw, "ko")[0] and "105행 중 55행" in warned(raw, "ko")[0]
    )
    apart = grouped(tmp_path, "apart.csv", range(100, 120))
    assert not warned(prepared(path, target="y", group="customer", test=str(apart))[0])
    assert not warned(prepared(path, target="y", group="customer")[0])


def test_groups_of_a_validation_file_and_of_a_column_of_splits(tmp_path):
    path = grouped(tmp_path, "t.csv", range(60))
    val, test = grouped(tmp_path, "v.csv", [59, 80]), grouped(tmp_path, "w.csv", [90, 91])
    raw, _ = prepared(path, target="y", group="customer", test=str(test), val=str(val))
    [note] = warned(raw)
    assert "1 value of customer is in training and in val, 5 rows of 10 (59 in 5 rows)" in note
    rows = path.read_text().splitlines()[1:]
    marked = "".join(f"{row},{'test' if i % 7 == 0 else 'train'}\n" for i, row in enumerate(rows))
    path = written(tmp_path, "a,customer,y,part\n" + marked, "marked.csv")
    raw, _ = prepared(path, target="y", group="customer", test="part")
    shared = {row.split(",")[1] for i, row in enumerate(rows) if i % 7 == 0}
    assert f"WARNING: {len(shared)} values of customer are in training" in warned(raw)[0]


@pytest.mark.parametrize(
    ("word", "count"),
    [(lambda g: f"{g}.0", 10), (lambda g: f" {g} ", 10), (lambda g: f"c{g}", 0), (lambda g: "", 0)],
)
def test_groups_are_compared_by_value(word, count, tmp_path):
    path = grouped(tmp_path, "t.csv", range(60))
    test = grouped(tmp_path, "later.csv", range(50, 70), word=word)
    raw, _ = prepared(path, target="y", group="customer", test=str(test))
    assert [note.split()[1] for note in warned(raw)] == [str(count)] * bool(count)


def test_zeros_before_a_group_are_part_of_its_name(tmp_path):
    path = grouped(tmp_path, "t.csv", range(60), word=lambda g: f"0{g}")
    test = grouped(tmp_path, "later.csv", range(50, 70))
    assert not warned(prepared(path, target="y", group="customer", test=str(test))[0])


def test_a_column_of_groups_that_nobody_named_is_a_warning_if_files_share_it(tmp_path):
    path = grouped(tmp_path, "t.csv", range(60))
    test = grouped(tmp_path, "later.csv", range(50, 70), seed=1)
    assert "10 values of customer" in warned(prepared(path, target="y", test=str(test))[0])[0]
    apart = grouped(tmp_path, "apart.csv", range(100, 120))
    raw, _ = prepared(path, target="y", test=str(apart))
    assert not [note for note in raw.notes if "groups" in note.key]
    raw, _ = prepared(path, target="y", test=0.3)
    assert "data.note.table.groups" in [note.key for note in raw.notes]


def test_groups_with_too_many_texts_are_said_to_be_unchecked(tmp_path, monkeypatch):
    path = grouped(tmp_path, "t.csv", range(60), word=lambda g: f"c{g}")
    test = grouped(tmp_path, "later.csv", range(50, 70), word=lambda g: f"c{g}")
    monkeypatch.setattr("etude.data.tabular.cells.MOST_LEVELS", 20)
    raw, _ = prepared(path, target="y", group="customer", test=str(test), types={"a": "number"})
    assert "data.note.table.groups.unknown" in [note.key for note in raw.notes]
