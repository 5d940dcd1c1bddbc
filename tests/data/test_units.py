"""Numbers with a unit in each cell; comments before the names; objects inside JSON objects."""

import json

import numpy as np
import pytest

from etude.data.card import Card
from etude.data.inputs import read
from etude.data.tabular.units import Unit, unit_of
from etude.errors import DataError
from tests.data.test_table_cases import kinds, load, refused, rows, said, says, split, written


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("12 %", ("", "%")), ("12%", ("", "%")), ("534,22 €", ("", "€")), ("$1,200.50", ("$", "")),
        ("-$3", ("$", "")), ("US$ 3", ("US$", "")), ("EUR 3.20", ("EUR", "")),
        ("40.1cm", ("", "cm")), ("21 °C", ("", "°C")), ("80 km/h", ("", "km/h")),
        ("12m²", ("", "m²")), ("35세", ("", "세")),
        ("-0.5‰", ("", "‰")), ("12", ("", "")), ("A12", ("", "")), ("3 rooms", ("", "")),
        ("12 a 3", ("", "")), ("cm", ("", "")), ("", ("", "")),
    ],
)  # fmt: skip
def test_the_unit_of_a_cell(cell, unit):
    assert unit_of(cell) == Unit(*unit)


@pytest.mark.parametrize(
    ("form", "after"),
    [
        ("{:.2f} €", "€"),
        ("{:.2f}%", "%"),
        ("${:,.2f}", "$"),
        ("{:.2f}cm", "cm"),
        ("{:.2f}세", "세"),
    ],
)
def test_a_column_with_one_unit_is_of_numbers(tmp_path, form, after):
    path = written(
        tmp_path,
        "a;y\n" + "".join(f"{form.format(900.25 + 7.5 * i)};{i % 2}\n" for i in range(40)),
    )
    raw = load(path)
    assert kinds(raw)["a"] == "number"
    values = np.concatenate([raw.train.x[:, 0], raw.test.x[:, 0]])
    assert sorted(values) == [900.25 + 7.5 * i for i in range(40)]
    (column,) = (one for one in raw.columns if one.name == "a")
    assert after in column.unit


def test_a_decimal_comma_before_a_unit_is_one(tmp_path):
    raw = load(written(tmp_path, "a;y\n" + "".join(f"{i},5 kg;{i % 2}\n" for i in range(40))))
    assert sorted(np.concatenate([raw.train.x, raw.test.x])[:, 0]) == [i + 0.5 for i in range(40)]


def test_two_units_are_text(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i % 5} {'kg' if i % 2 else 'g'},{i % 2}")))
    assert kinds(raw)["a"] == "category"


def test_a_few_cells_without_the_unit_are_mistakes(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i if i == 7 else f'{i} kg'},{i % 2}"))
    message = refused(path)["en"]
    assert "t.csv:9" in message
    assert "'7'" in message


def test_parts_with_other_units_are_no_numbers(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    written(folder, rows(lambda i: f"{i % 5} kg,{i % 2}"), "p1.csv")
    written(folder, rows(lambda i: f"{i % 5} g,{i % 2}"), "p2.csv")
    assert kinds(load(folder))["a"] == "category"


def test_the_target_says_its_unit(tmp_path):
    path = written(tmp_path, rows(lambda i: f"{i * 1.5},{i * 2.25} kWh"))
    raw = load(path)
    assert (raw.target, raw.unit) == ("value", "kWh")
    assert load(path, unit="MWh").unit == "MWh"


def test_new_rows_have_the_unit_of_training(tmp_path):
    raw = load(written(tmp_path, rows(lambda i: f"{i * 1.5} cm,{i % 2}")))
    card = Card.read(split(raw).card.plain())
    assert read([str(written(tmp_path, "a\n3 cm\n-\n", "new.csv"))], card).x[0, 0] == 3
    for cell in ("3", "3 m"):
        with pytest.raises(DataError, match="is not a number with cm"):
            read([str(written(tmp_path, f"a\n{cell}\n", "other.csv"))], card)


def test_comments_before_the_names_are_left_out(tmp_path):
    body = rows(lambda i: f"{i},{i % 2}" if i != 3 else "3,1,9")
    path = written(tmp_path, "# logger 2\n#\n\n# units: m, s\n" + body)
    assert "t.csv:9: has 3 cells" in refused(path)["en"]  # lines keep their numbers
    raw = load(path, skip_bad=True)
    assert kinds(raw)["a"] in ("number", "id")
    says(said(raw), "Left out 4 comment lines", "주석 4줄")


def test_names_in_the_last_comment_are_names(tmp_path):
    path = tmp_path / "t.csv"
    table = np.stack([np.arange(40) * 1.5, np.arange(40) % 2], 1)
    np.savetxt(path, table, delimiter=",", header="made by NumPy\na,y", fmt="%g")
    raw = load(path)
    assert [column.name for column in raw.columns] == ["a"]
    says(said(raw), "Left out 1 comment line ", "주석 1줄")


def test_objects_inside_objects_are_columns(tmp_path):
    objects = [
        {"y": i % 2, "who": {"age": i, "at": {"city": "ab"[i % 2]}}, "tags": ["t", i % 3]}
        for i in range(40)
    ]
    lines = "".join(f"{json.dumps(one)}\n" for one in objects)
    raw = load(written(tmp_path, lines, "t.jsonl"))
    assert kinds(raw) == {"who.age": "id", "who.at.city": "category", "tags": "category"}
    (tags,) = (one for one in split(raw).card.columns if one.name == "tags")
    assert tags.levels == ('["t", "0"]', '["t", "1"]', '["t", "2"]')
