"""Series in frames: the values and answers of the CSV file that the library of the frame writes."""

import csv
import subprocess
import sys
from datetime import datetime, timedelta

import numpy as np
import pytest

import etude
from etude import verbs
from etude.data import forecast, memory_forecast
from etude.data.locate import with_source
from etude.errors import DataError, UsageError
from etude.recipe import Part
from tests.test_objects import Arrow, Frame

COUNT = 300
FIELDS = {"target": ("kw",), "series": ("meter",), "seen": ("open",), "horizon": 6, "length": 24}
FEW = {"epochs": 1, "quiet": True, "threads": 1, "precision": "fp32", "save": False}


def columns():
    """Two series in a long table, as plain lists."""
    random, start = np.random.default_rng(0), datetime(2024, 1, 1)
    wave = 5 + np.sin(np.arange(COUNT) * 2 * np.pi / 24)
    return {
        "when": [(start + timedelta(hours=k)).isoformat() for k in range(COUNT)] * 2,
        "meter": ["north"] * COUNT + ["south"] * COUNT,
        "kw": (np.tile(wave, 2) + random.normal(0, 0.3, 2 * COUNT)).tolist(),
        "open": random.integers(0, 2, 2 * COUNT).tolist(),
    }


def as_csv(path, columns):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values()))
    return path


def read(frame, **fields):
    return memory_forecast.raw_from(frame, memory_forecast.Config(**{**FIELDS, **fields}))


def from_file(path, **fields):
    return forecast.load(forecast.Config(path=str(path), **{**FIELDS, **fields}))


def same(one, other):
    """Whether two readings are equal in all that a run depends on."""
    parts = [(getattr(one, part), getattr(other, part)) for part in ("train", "val", "test")]
    return (
        all(a.x.tobytes() == b.x.tobytes() and a.y.tobytes() == b.y.tobytes() for a, b in parts)
        and all(a.names == b.names for a, b in parts)
        and (one.panel, one.reading, one.notes) == (other.panel, other.reading, other.notes)
    )


FORMS = {
    "columns by name": Frame,
    "an arrow table": Arrow,
    "a list of mappings": lambda c: [dict(zip(c, row)) for row in zip(*c.values())],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_frame_gives_the_windows_of_its_file(form, tmp_path):
    expected = from_file(as_csv(tmp_path / "load.csv", columns()))
    raw = read(FORMS[form](columns()))
    assert same(raw, expected) and raw.name == "memory"
    assert [one.name for one in raw.panel.series] == ["north", "south"]
    other = columns()
    other["kw"][40] += 1e-6
    assert not same(read(FORMS[form](other)), expected), "the comparison sees a difference"


def test_a_frame_trains_the_run_that_its_file_trains_and_answers_alike(tmp_path):
    fields = {f"data.{key}": value for key, value in FIELDS.items()}
    path = as_csv(tmp_path / "load.csv", columns())
    file = etude.train("mlp", data=str(path), **fields, **FEW)
    run = etude.train("mlp", data=Frame(columns()), **fields, **FEW)
    assert run.recipe.data.name == "memory-forecast" and "path" not in run.recipe.data.fields
    assert run.card.fingerprint == file.card.fingerprint and run.test == file.test
    late = {name: values[-50:] for name, values in columns().items()}
    answers = run.predict(Frame(late)), file.predict([str(as_csv(tmp_path / "new.csv", late))])
    assert answers[0] == answers[1] and answers[0][0]["times"][0] == "2024-01-13 12:00"
    survey = verbs.data(Frame(columns()), **fields)
    assert survey.card.fingerprint == run.card.fingerprint


def test_the_fields_of_series_choose_the_source_of_objects():
    for fields, name in (
        ({"target": "kw"}, "memory"),
        ({"target": "kw", "horizon": 6}, "memory-forecast"),
        ({"calendar": "day"}, "memory-forecast"),
        ({"group": "meter"}, "memory"),
        ({"horizon": 6, "group": "meter"}, "memory"),
    ):
        assert with_source(Part.read({"name": "memory", **fields}, "data")).name == name
    with pytest.raises(UsageError, match="horizon"):
        etude.train("mlp", data=Frame(columns()), **{"data.horizon": 6, "data.group": "meter"})


def test_what_cannot_be_read_is_named():
    values = np.zeros((50, 3)), np.zeros(50)
    with pytest.raises(DataError, match="tuple") as error:
        etude.train("mlp", data=values, **{"data.horizon": 6}, **FEW)
    assert "데이터프레임" in error.value.message("ko")
    with pytest.raises(DataError, match="no column kwh"):
        read(Frame(columns()), target=("kwh",))
    bad = columns()
    bad["kw"][7] = "broken"
    with pytest.raises(DataError, match="data:7"):
        read(Frame(bad))
    with pytest.raises(DataError, match="Python objects"):
        memory_forecast.load(memory_forecast.Config())


def zoned():
    """A wide pandas frame: a column of times in a zone with a change of clocks, numbers of every
    width, whole numbers beside missing ones, categories, truth values."""
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "when": pd.date_range("2024-03-25", periods=COUNT, freq="h", tz="Europe/Berlin"),
            "kw": random.normal(5, 1, COUNT),
            "narrow": random.normal(5, 1, COUNT).astype(np.float32),
            "whole": pd.array([None if k % 50 == 7 else k % 9 for k in range(COUNT)], "Int64"),
            "kind": pd.Categorical.from_codes(random.integers(0, 2, COUNT), ["b", "a"]),
            "holiday": random.random(COUNT) > 0.5,
        }
    )


WIDE = {"target": ("kw", "narrow", "whole"), "series": (), "known": ("kind", "holiday")}


def test_real_frames_equal_the_files_that_they_write(tmp_path):
    pl = pytest.importorskip("polars")
    frame = zoned()
    more = {**WIDE, "seen": (), "calendar": "all"}
    frame.to_csv(tmp_path / "load.csv", index=False)
    expected = from_file(tmp_path / "load.csv", **more)
    assert expected.panel.clock.written and len(expected.panel.series) == 3
    polars = pl.from_pandas(frame)
    polars.write_csv(tmp_path / "polars.csv")
    assert same(from_file(tmp_path / "polars.csv", **more), expected)
    frames = {"pandas": frame, "polars": polars, "arrow": polars.to_arrow()}
    for name, one in frames.items():
        assert same(read(one, **more), expected), name
    assert not same(read(frame.assign(kw=frame["kw"] * 1.001), **more), expected)


def test_numbers_of_two_bytes_equal_those_that_pandas_writes(tmp_path):
    frame = zoned()
    frame = frame[["when"]].assign(kw=frame["kw"].astype(np.float16))
    frame.to_csv(tmp_path / "load.csv", index=False)
    more = {"target": ("kw",), "series": (), "seen": ()}
    assert same(read(frame, **more), from_file(tmp_path / "load.csv", **more))


def test_an_index_of_dates_is_the_time(tmp_path):
    frame = zoned()
    more = {**WIDE, "seen": (), "known": ()}
    expected = read(frame[["when", *WIDE["target"]]], **more)
    assert same(read(frame.set_index("when")[[*WIDE["target"]]], **more), expected)
    nameless = frame.set_index("when").rename_axis(None)[[*WIDE["target"]]]
    raw = read(nameless, **more)
    assert raw.panel.layout.time == "time" and raw.train.x.tobytes() == expected.train.x.tobytes()
    months = (
        zoned()[["kw"]]
        .iloc[:120]
        .set_index(pytest.importorskip("pandas").period_range("2010-01", periods=120, freq="M"))
    )
    raw = read(months, target=("kw",), series=(), seen=(), horizon=3, length=12)
    assert raw.panel.clock.kind == "months" and raw.panel.clock.at(0) == "2010-01-01"


def test_no_library_of_frames_is_imported():
    code = (
        "import sys\n"
        "from etude.data import memory_forecast as m\n"
        "rows = [{'time': k, 'y': float(k % 7)} for k in range(200)]\n"
        "m.raw_from(rows, m.Config(target=('y',), horizon=3, length=7))\n"
        "print({'pandas', 'polars', 'pyarrow'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
