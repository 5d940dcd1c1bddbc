"""Odd tables, one case each: what is decided, and what is said about it in English and Korean."""

import csv
import gzip
import io
import json
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from etude.data import memory, table
from etude.data.card import Card
from etude.data.dataset import split_dataset
from etude.data.inputs import read
from etude.data.preprocess import Preprocess
from etude.data.tabular import encode, inputs
from etude.data.tabular.columns import used
from etude.data.tabular.dialect import Reading
from etude.errors import DataError
from etude.locale.texts import LANGS, render
from etude.tasks.classify import Classify
from etude.tasks.protocol import Setup

MANY = 40


def clean(sentence):
    """Whether a rendered sentence has all of its words: no key, no open value, no open particle."""
    return not re.search(
        r"data\.(note|table|column|target|parquet|parts)\.|[{}]|\([으이를은와]", sentence
    )


def written(folder, content, name="t.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows(line, count=MANY, head="a,y"):
    return f"{head}\n" + "".join(f"{line(i)}\n" for i in range(count))


def load(path, **fields):
    return table.load(table.Config.read({"path": str(path), "target": "y", **fields}))


def split(raw, seed=0):
    return split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=seed)


def kinds(raw):
    return {column.name: column.kind for column in raw.columns}


def said(raw):
    """All notes on the data, a text for each language."""
    found = {lang: "\n".join(render(lang, note) for note in raw.notes) for lang in LANGS}
    assert all(map(clean, found.values()))
    return found


def refused(path, **fields):
    """The error of a table that cannot be used, in each language."""
    with pytest.raises(DataError) as error:
        load(path, **fields)
    assert error.value.exit_code == 3
    found = {lang: error.value.message(lang).replace(str(path), path.name) for lang in LANGS}
    assert all(map(clean, found.values()))
    return found


def says(found, english, korean):
    assert english in found["en"], found["en"]
    assert korean in found["ko"], found["ko"]


def values(raw, name):
    """The raw values of a column in the order of the file."""
    place = [column.name for column in raw.columns if column.used].index(name)
    parts = [raw.train, raw.test] + ([raw.val] if raw.val else [])
    by_line = {int(n): x[place] for p in parts for n, x in zip(p.names, p.x, strict=True)}
    return [by_line[line] for line in sorted(by_line)]


# Reading ------------------------------------------------------------------------------------


def test_01_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 7},{i % 2}"), encoding="utf-8-sig"))
    assert kinds(raw) == {"a": "number"}
    says(said(raw), "40 rows, 2 columns: 1 number", "40행, 2열: 수 1개")


def test_02_semicolons_and_a_decimal_comma(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 7},5;{i % 2}", head="a;y")))
    assert values(raw, "a") == [i % 7 + 0.5 for i in range(MANY)]
    says(
        said(raw), "Read with semicolons between cells and ',' as decimal sign",
        "셀 사이 세미콜론, 소수점 ',' 기준으로 읽음",
    )  # fmt: skip


def test_03_tabs_between_cells_with_commas(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"x, {i % 3}\t{i % 2}", head="a\ty"), "t.tsv"))
    assert kinds(raw) == {"a": "category"} and raw.columns[0].levels[0] == "x, 0"
    says(said(raw), "Read with tabs between cells", "셀 사이 탭")


def test_04_thousands_in_quotes(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f'"{i % 5 + 1},234","{"yn"[i % 2]}"')))
    assert values(raw, "a") == [1000 * (i % 5 + 1) + 234.0 for i in range(MANY)]
    says(said(raw), "Target y: 2 classes (n, y)", "목표 y: 클래스 2개(n, y)")


def test_05_a_decimal_comma_without_quotes_is_a_cell_too_many(tmp_path):
    found = refused(written(tmp_path, "a,y\n1,23,0\n2,34,1\n"))
    says(found, "t.csv:2: has 3 cells, 2 expected", "t.csv:2: 셀이 3개입니다. 2개여야 합니다")


def test_06_na_among_codes_is_a_code(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{('NA', 'DE', 'FR')[i % 3]},{i % 2}", 30)))
    assert raw.columns[0].kind == "category" and raw.columns[0].levels == ("DE", "FR", "NA")
    assert not np.isnan(values(raw, "a")).any()
    says(said(raw), "1 category", "범주 1개")


def test_07_na_among_numbers_is_missing(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{'NA' if i % 33 == 0 else i % 9},{i % 2}", 99)))
    data = split(raw)
    column = data.card.columns[0]
    assert column.kind == "number" and int(np.isnan(values(raw, "a")).sum()) == 3
    train = data.train.x[:, 0]
    assert column.empty == np.isnan(train).sum() and column.middle == np.nanmedian(train)
    says(said(raw), "1 number", "수 1개")


def test_08_a_gap_that_training_lacks_gives_no_feature_and_is_counted(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i % 9},{i % 2}", 99))
    data = split(load(path))
    x, _ = inputs.read(
        written(tmp_path, "a\nNA\n3\n", "new.csv"), used(data.card.columns), Reading()
    )
    filled = Preprocess(data.card)(torch.from_numpy(x))
    assert filled.shape[1] == data.card.model_spec.size == 1 and filled[0, 0] == 0
    [warning] = inputs.warnings(inputs.doubts(used(data.card.columns), x))
    assert "the median of training is taken" in render("en", warning)
    assert "1행(50%)에 값이 없어 학습 중앙값으로 읽음" in render("ko", warning)


def test_09_codes_with_leading_zeros_are_categories(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{(1234, 2345, 99999)[i % 3]:05},{i % 2}")))
    assert raw.columns[0].levels == ("01234", "02345", "99999")
    assert render("en", raw.columns[0].why) == "numbers with leading zeros, so codes"
    assert render("ko", raw.columns[0].why) == "0으로 시작하는 숫자이므로 코드임"


def test_10_row_numbers_are_left_out_and_can_be_brought_back(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i + 1},{i % 7},{i % 2}", head="id,a,y"))
    raw = load(path)
    assert kinds(raw) == {"id": "id", "a": "number"}
    says(
        said(raw), "id is left out: it differs in every row, like a row number. Keep it with "
        "data.types.id=number", "id 열을 뺌: 행 번호처럼 모든 행에서 다름",
    )  # fmt: skip
    assert kinds(load(path, types={"id": "number"}))["id"] == "number"


def test_11_large_identifiers_keep_their_digits(tmp_path):
    first = 9007199254740993
    path = written(
        tmp_path,
        rows(lambda i: f"{'' if i == 7 else first + 2 * i},{i % 7},{i % 2}", head="k,a,y"),
    )
    raw = load(path)
    assert kinds(raw)["k"] == "id"
    says(
        said(raw),
        "whole numbers too large for exact arithmetic",
        "정확히 계산하기에는 너무 큰 정수",
    )
    out = inputs.annotated(path, Reading(), ("p",), {str(i + 2): ["1"] for i in range(MANY)})
    assert [row["k"] for row in csv.DictReader(io.StringIO(out))] == [
        "" if i == 7 else str(first + 2 * i) for i in range(MANY)
    ]


def test_12_a_constant_column_is_left_out(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"3,{i % 7},{i % 2}", head="c,a,y")))
    assert kinds(raw) == {"c": "constant", "a": "number"}
    says(said(raw), "c is left out: it has one value only ('3')", "c 열을 뺌: 값이 하나뿐임('3')")


def test_13_a_name_that_stands_twice_is_refused(tmp_path):
    found = refused(written(tmp_path, "a,a,y\n1,2,3\n"))
    says(found, "columns 1 and 2 have the same name, a", "1 및 2번째 열의 이름이 같음: a")


def test_14_a_column_without_a_name_is_called_by_its_place(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 7},{i % 2},{i % 3}", head="a,y,")))
    assert kinds(raw) == {"a": "number", "column3": "number"}
    says(said(raw), "Column 3 has no name; it is called column3", "3번째 열에 이름이 없어")


def test_15_a_separator_at_the_end_of_each_line(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 7},{i % 2},", head="a,y,")))
    assert kinds(raw) == {"a": "number"}
    says(
        said(raw), "Column 3 has neither a name nor cells", "3번째 열은 이름도 값도 없어 읽지 않음"
    )


def test_16_short_and_long_lines_are_named_and_can_be_left_out(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i % 7},{i % 2}") + "1\n1,2,3\n")
    found = refused(path)
    says(found, "t.csv:42: has 1 cell, 2 expected", "t.csv:42: 셀이 1개입니다")
    says(found, "t.csv:43: has 3 cells, 2 expected", "t.csv:43: 셀이 3개입니다")
    raw = load(path, skip_bad=True)
    assert len(raw.left_out) == 2 and len(raw.train) + len(raw.test) == MANY


def test_17_one_word_among_numbers_is_a_mistake(tmp_path):
    found = refused(written(tmp_path, rows(lambda i: f"{i % 31},{i % 2}", 200) + "x,1\n"))
    says(found, "t.csv:202: a='x' is not a number", "t.csv:202: a='x': 수가 아닙니다")


def test_18_one_day_beyond_12_proves_the_order(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 12 + 2:02}/01/2024,{i % 2}")))
    assert np.diff(values(raw, "a"))[:11].tolist() == [86400.0] * 11
    says(
        said(raw), "a: 02/01/2024 was read as day, month, year, because 13/01/2024",
        "a: 02/01/2024: 일, 월, 년 순서로 읽음. 13/01/2024 때문에",
    )  # fmt: skip


def test_19_days_that_fit_both_orders_are_asked_for(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i % 9 + 2:02}/0{i % 5 + 1}/2024,{i % 2}"))
    says(refused(path), "data.dates=dmy or data.dates=mdy", "data.dates=dmy 또는 data.dates=mdy")
    assert kinds(load(path, dates="mdy")) == {"a": "date"}


def test_20_days_of_eight_digits_lie_a_day_apart(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{('20240131', '20240201')[i % 2]},{i % 3 % 2}")))
    first, second = values(raw, "a")[:2]
    assert second - first == 86400
    says(said(raw), "1 date", "날짜 1개")


def test_21_a_time_that_does_not_exist_is_named(tmp_path):
    path = written(
        tmp_path, rows(lambda i: f"2024-01-{i % 28 + 1:02}T{i % 24:02}:30,{i % 2}")
        + "2024-03-31T02:30,1\n2024-10-27T02:30,1\n",
    )  # fmt: skip
    found = refused(path, zone="Europe/Berlin")
    says(found, "t.csv:42: a=2024-03-31 02:30:00: this time does not exist in Europe/Berlin",
         "a=2024-03-31 02:30:00: Europe/Berlin 시간대에 없는 시각입니다")  # fmt: skip
    says(found, "t.csv:43: a=2024-10-27 02:30:00: this time occurs twice", "두 번 있는 시각입니다")
    assert kinds(load(path)) == {"a": "date"}  # as it is written


# Targets ------------------------------------------------------------------------------------


def test_22_no_comes_before_yes(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 7},{('yes', 'no')[i % 2]}")))
    assert raw.classes == ("no", "yes")
    says(said(raw), "Target y: 2 classes (no, yes)", "목표 y: 클래스 2개(no, yes)")


@pytest.mark.parametrize("form", ["{}", "{}.0"])
def test_23_two_numbers_are_classes(tmp_path, form):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 7},{form.format(i % 2)}")))
    assert raw.target == "class" and raw.classes == ("0", "1")
    says(said(raw), "Target y: 2 classes (0, 1)", "목표 y: 클래스 2개(0, 1)")


def test_24_five_stars_are_classes_unless_told_otherwise(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i % 31},{i % 5 + 1}", 500))
    raw = load(path)
    assert raw.classes == ("1", "2", "3", "4", "5")
    says(said(raw), "As values: data.task=value", "값으로 읽으려면 data.task=value")
    assert load(path, task="value").target == "value"


def test_25_many_whole_numbers_are_values(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 31},{i * 13 % 300}", 900)))
    assert raw.target == "value"
    says(said(raw), "Target y: values, 0 to 299", "목표 y: 값, 0–299")


def test_26_labels_that_occur_once_are_refused(tmp_path):
    found = refused(written(tmp_path, rows(lambda i: f"{i % 7},c{i}")))
    says(
        found,
        "each of the 40 classes of y occurs only once",
        "클래스 40개가 모두 한 번씩만 나옵니다",
    )


# New rows -----------------------------------------------------------------------------------


def test_27_a_level_that_only_the_test_has_is_other(tmp_path):
    part = ("train", "train", "train", "test")
    town = lambda i: "Ulm" if i % 8 == 7 else ("Hof", "Jena")[i // 4 % 2]  # noqa: E731
    path = written(tmp_path, rows(lambda i: f"{town(i)},{part[i % 4]},{i % 5 % 2}", 80, "a,p,y"))
    raw = load(path, test="p")
    says(
        said(raw),
        'a: 1 level of test does not occur in training (Ulm in 10 rows); read as "other"',
        'a: 테스트에만 있는 범주 1개(Ulm 10행). "기타"로 읽음',
    )  # fmt: skip
    data = split(raw)
    names = encode.feature_names(data.card.columns)
    test = Preprocess(data.card)(torch.from_numpy(data.test.x))
    assert "a=Ulm" not in names and test[:, names.index("a=*")].sum() == 10


def trained(folder):
    path = written(
        folder, rows(lambda i: f"{i % 7},{'uv'[i % 2]},{i % 5},{i % 3 % 2}", head="a,b,c,y")
    )
    return path, split(load(path)).card


def test_28_columns_of_new_rows_in_another_order(tmp_path):
    path, card = trained(tmp_path)
    new = pd.read_csv(path)
    new = new.assign(more=1, x=2)[["x", "c", "more", "b", "a", "y"]]
    new.to_csv(tmp_path / "new.csv", index=False)
    one, two = (read([str(p)], card).x for p in (path, tmp_path / "new.csv"))
    assert np.array_equal(one, two)


def test_29_new_rows_without_a_column_are_refused(tmp_path):
    _, card = trained(tmp_path)
    with pytest.raises(DataError) as error:
        read([str(written(tmp_path, "a,b\n1,u\n", "new.csv"))], card)
    found = {lang: error.value.message(lang) for lang in LANGS}
    says(found, "has no column c", "c 열이 없습니다")
    says(found, "The model was trained on the columns a, b, c.", "이 열들로 학습했습니다: a, b, c")


def test_30_new_rows_need_no_target(tmp_path):
    _, card = trained(tmp_path)
    assert len(read([str(written(tmp_path, "a,b,c\n1,u,2\n", "new.csv"))], card)) == 1


def test_31_infinity_is_a_mistake_and_nan_is_missing(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i % 7}.5,{i % 2}") + "1e400,1\ninf,0\nnan,1\n")
    found = refused(path)
    says(
        found, "t.csv:42: a='1e400' is infinite or too large", "a='1e400': 무한대이거나 너무 큽니다"
    )
    says(found, "t.csv:43: a='inf'", "t.csv:43: a='inf'")
    assert ":44" not in found["en"]
    assert np.isnan(values(load(path, skip_bad=True), "a")[-1])


def test_32_a_table_in_latin_1(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i % 7},{i % 2}", head="Größe,y"), encoding="latin-1")
    raw = load(path)
    assert kinds(raw) == {"Größe": "number"}
    says(said(raw), "as Windows-1252 (line 1 is not UTF-8)", "1번째 줄이 UTF-8이 아님")


@pytest.mark.parametrize("mark", ["utf-16", "utf-16-be"])
def test_33_a_table_in_utf_16(tmp_path, mark):
    content = rows(lambda i: f"{i % 7},{i % 2}", head="Größe,y")
    start = b"" if mark == "utf-16" else b"\xfe\xff"
    raw = load(written(tmp_path, start + content.encode(mark)))
    assert kinds(raw) == {"Größe": "number"}
    says(said(raw), "40 rows", "40행")


def test_34_a_line_end_in_quotes_where_a_block_ends(tmp_path):
    pad = "x" * 1000
    lines = "".join(f'"{pad}\n{i % 3}",{i % 2}\n' for i in range(2200))
    raw = load(written(tmp_path, "a,y\n" + lines))
    assert raw.columns[0].levels == tuple(f"{pad}\n{i}" for i in range(3))
    assert len(raw.train) + len(raw.test) == 2200
    assert raw.train.names[-1] in {"4398", "4400", "4396"}


def test_35_features_are_the_same_from_stored_text(tmp_path):
    random = np.random.default_rng(0)
    body = rows(lambda i: f"{random.lognormal(3, 2)!r},{random.normal()!r}", 300)
    data = split(load(written(tmp_path, body)))
    again = Card.read(json.loads(json.dumps(data.card.plain())), "card")
    x = torch.from_numpy(data.test.x)
    assert torch.equal(Preprocess(data.card)(x), Preprocess(again)(x))


def test_36_rows_in_another_order_give_the_same_columns(tmp_path):
    random = np.random.default_rng(0)
    lines = [f"{random.normal():.3f},{random.choice(['u', 'v'])},{i % 2}\n" for i in range(200)]
    one = load(written(tmp_path, "a,b,y\n" + "".join(lines)))
    random.shuffle(lines)
    two = load(written(tmp_path, "a,b,y\n" + "".join(lines)))
    assert one.columns == two.columns
    assert split(one).card.fingerprint != split(two).card.fingerprint


# Warnings -----------------------------------------------------------------------------------


def test_38_rows_of_one_subject_are_noticed(tmp_path):
    random = np.random.default_rng(0)
    lines = [f"s{s},{s + random.normal() / 9:.4f},{s % 2}" for s in range(60) for _ in range(20)]
    raw = load(written(tmp_path, "who,a,y\n" + "\n".join(lines) + "\n"))
    says(
        said(raw), "WARNING: who repeats (60 values in 960 rows)",
        "경고: who 값이 반복되고(960행에 60개)",
    )  # fmt: skip
    says(said(raw), "data.group=who", "data.group=who")


def test_39_a_column_that_knows_the_answer_is_noticed_and_kept(tmp_path):
    random = np.random.default_rng(0)
    lines = [f"{v + random.normal() / 100:.4f},{v}" for v in random.integers(0, 2, 400)]
    raw = load(written(tmp_path, "a,y\n" + "\n".join(lines) + "\n"))
    assert kinds(raw) == {"a": "number"}
    says(said(raw), "WARNING: a alone predicts the target", "경고: a 열만으로 목표를 맞힘")


# Formats ------------------------------------------------------------------------------------


def test_49_frames_and_the_file_of_a_table_are_the_same(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({
        "a": random.normal(size=200), "n": random.integers(0, 50, 200),
        "b": random.choice(["u", "v", "w"], 200), "t": random.random(200) < 0.5,
        "y": random.normal(size=200),
    })  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    one = split(load(tmp_path / "t.csv"))
    config = memory.Config.read({"target": "y"})
    others = [split(load(tmp_path / "t.parquet"))]
    for data in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        others.append(split(memory.raw_from(data, config)))
    for two in others:
        assert one.card.columns == two.card.columns
        for a, b in zip((one.train, one.test), (two.train, two.test), strict=True):
            x, z = (Preprocess(one.card)(torch.from_numpy(s.x)) for s in (a, b))
            assert torch.equal(x, z) and np.array_equal(a.y, b.y)


def test_50_the_levels_of_a_dictionary_are_those_that_occur(tmp_path):
    random = np.random.default_rng(0)
    levels = [f"l{i}" for i in range(9)]
    columns = {
        f"c{i:02}": pd.Categorical(random.choice(levels[: i % 5 + 2], 100), levels)
        for i in range(30)
    }
    pd.DataFrame({**columns, "y": random.normal(size=100)}).to_parquet(tmp_path / "t.parquet")
    raw = load(tmp_path / "t.parquet")
    assert [column.levels for column in raw.columns] == [
        tuple(levels[: i % 5 + 2]) for i in range(30)
    ]
    says(said(raw), "30 categories", "범주 30개")


def test_50b_exact_numbers_stay_exact(tmp_path):
    numbers = [Decimal(i) + Decimal("0.1") for i in range(MANY)]
    columns = {"a": pa.array(numbers), "y": [i % 7 / 3 for i in range(MANY)]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert values(load(tmp_path / "t.parquet"), "a") == [float(n) for n in numbers]


# Hostile ------------------------------------------------------------------------------------


def test_52_a_line_of_a_million_commas(tmp_path):
    body = rows(lambda i: f"{i % 7},{i % 2}")
    found = refused(written(tmp_path, body + "1" + ",1" * 1_000_000 + "\n"))
    says(found, "t.csv:42: has 1,000,001 cells, 2 expected", "t.csv:42: 셀이 1,000,001개입니다")
    found = refused(written(tmp_path, "a" + ",a" * 1_000_000 + "\n1\n"))
    says(found, "has 1,000,001 columns; at most 10,000 are read", "열이 1,000,001개입니다")


def test_52_a_bomb_of_gzip(tmp_path):
    found = refused(written(tmp_path, gzip.compress(b" " * (40 << 20)), "t.csv.gz"))
    says(found, "line 1: is longer than 16,777,216 characters", "16,777,216자보다 깁니다")


def test_52_cells_beyond_a_million_characters(tmp_path):
    body = rows(lambda i: f"{'uv'[i % 2]},{i % 3 % 2}")
    found = refused(written(tmp_path, body + "x" * (1 << 20) + "x,1\n"))
    says(
        found, "t.csv:42: has a cell of more than 1,048,576 characters",
        "t.csv:42: 1,048,576자보다 긴 셀이 있습니다",
    )  # fmt: skip
    found = refused(
        written(tmp_path, rows(lambda i: f"{i % 31},{i % 2}") + "x" * (1 << 20) + ",1\n")
    )
    assert "xxx..." in found["en"] and len(found["en"]) < 1000


def test_52_names_with_control_characters_do_not_reach_the_terminal(tmp_path):
    found = refused(written(tmp_path, "a\x1b[31m,a\x1b[31m,y\n1,2,3\n"))
    says(found, r"the same name, a\x1b[31m", r"이름이 같음: a\x1b[31m")
    raw = load(written(tmp_path, rows(lambda i: f"3,{i % 7},{i % 2}", head="a\x1b[31m,b,y")))
    assert "\x1b" not in said(raw)["en"] and r"a\x1b[31m is left out" in said(raw)["en"]


def test_52_a_quote_that_is_not_closed_is_named_where_it_begins(tmp_path):
    path = written(tmp_path, 'a,y\n1,0\n1,"0\n' + rows(lambda i: f"{i % 7},{i % 2}", head="2,1"))
    found = refused(path)
    says(found, "t.csv:3: has a quote that is not closed", "t.csv:3: 닫히지 않은 따옴표가 있어")
    body = rows(
        lambda i: f'"{"uvw"[i % 3]}\nz",{i % 2}'
    )  # quotes that are closed, on several lines
    assert kinds(load(written(tmp_path, body + '"u\n2",0\n'))) == {"a": "category"}


def test_53_a_linear_model_and_boosting_stand_beside_a_table(tmp_path):
    random = np.random.default_rng(0)
    body = rows(lambda i: f"{random.normal():.3f},{'uvw'[i % 3]},{i % 2}", 200, "a,b,y")
    data = split(load(written(tmp_path, body)))
    task = Classify.build(Setup(data.card, None))
    baseline = task.baseline(data.arrays(data.train), data.arrays(data.test))
    assert {one.kind for one in baseline.all} == {"majority", "logistic", "boosting"}


def test_a_sentence_with_a_gap_is_found():
    assert not clean("{name} is left out") and not clean("값(으)로 읽음")
    assert not clean("data.note.table.out (name: a)") and clean("값으로 읽음: data.types.a=number")
