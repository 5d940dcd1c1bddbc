"""Tables in files of several formats, in parts, and with a file for each split; times in a zone."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from pyarrow import feather, parquet

from etude.data import table
from etude.data.dataset import split_dataset
from etude.data.inputs import read
from etude.data.locate import source_for, with_source
from etude.data.preprocess import Preprocess
from etude.data.tabular import files, inputs
from etude.data.tabular.columns import used
from etude.data.tabular.dialect import Reading
from etude.data.tabular.moments import utc
from etude.errors import DataError, UsageError
from etude.locale.texts import render
from etude.recipe import Part
from etude.tasks.regress import Regress

ROWS = 400


def frame(rows=ROWS, seed=0):
    """A table with every kind of column; a few cells are empty."""
    random = np.random.default_rng(seed)
    days = pd.to_timedelta(random.integers(0, 900, rows), "D")
    found = pd.DataFrame({
        "size": random.normal(100, 30, rows),
        "rooms": random.integers(1, 7, rows),
        "town": random.choice(["Ulm", "Jena", "Hof", "Köln"], rows),
        "sold": pd.Timestamp("2020-01-01") + days,
        "garden": random.random(rows) < 0.5,
        "id": np.arange(rows),
        "code": random.integers(2**60, 2**60 + 9, rows),
    })  # fmt: skip
    found["price"] = found["size"] * 3 + random.normal(size=rows)
    found.loc[::7, "size"] = np.nan
    return found


def prepared(path, seed=0, **fields):
    raw = table.load(table.Config.read({"path": str(path), "target": "price", **fields}))
    data = split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=seed)
    return raw, data


def features(data):
    return [Preprocess(data.card)(torch.from_numpy(s.x)) for s in (data.train, data.val, data.test)]


def same(one, two):
    """Whether two data sets have equal columns and, to the bit, equal features and targets."""
    equal = all(map(torch.equal, features(one), features(two)))
    ys = zip((one.train, one.val, one.test), (two.train, two.val, two.test), strict=True)
    return (
        equal
        and one.card.columns == two.card.columns
        and all(np.array_equal(a.y, b.y) for a, b in ys)
    )


def said(raw, lang="en"):
    return [render(lang, note) for note in raw.notes]


# Parquet and Arrow --------------------------------------------------------------------------


def as_parquet(frame_, path):
    frame_.to_parquet(path, row_group_size=64)


def as_stream(frame_, path):
    whole = pa.Table.from_pandas(frame_)
    with pa.ipc.new_stream(path, whole.schema) as out:
        out.write_table(whole, 50)


FORMATS = {
    "t.parquet": as_parquet,
    "t.pq": as_parquet,
    "t.feather": lambda f, path: feather.write_feather(f, path, compression="zstd", chunksize=90),
    "t.arrow": as_stream,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("category", [False, True])
def test_a_table_is_the_same_in_every_format(tmp_path, name, category):
    whole = frame()
    whole.to_csv(tmp_path / "t.csv", index=False)
    if category:
        # A dictionary with a level that no row has, and in another order than that of text.
        whole["town"] = pd.Categorical(whole["town"], ["Ulm", "Bonn", "Köln", "Jena", "Hof"])
    FORMATS[name](whole, tmp_path / name)
    (_, one), (_, two) = prepared(tmp_path / "t.csv"), prepared(tmp_path / name)
    assert same(one, two) and one.card.fingerprint == two.card.fingerprint
    assert source_for(tmp_path / name) == "table"


def test_a_table_with_another_number_is_not_the_same(tmp_path):
    whole = frame()
    whole.to_csv(tmp_path / "t.csv", index=False)
    whole.loc[3, "size"] += 0.5
    whole.to_parquet(tmp_path / "t.parquet")
    assert not same(prepared(tmp_path / "t.csv")[1], prepared(tmp_path / "t.parquet")[1])


def kinds(path, **fields):
    raw, _ = prepared(path, **fields)
    return {column.name: column.kind for column in raw.columns}


def stored(path, **columns):
    """A Parquet file of these columns, and values to predict."""
    count = len(next(iter(columns.values())))
    whole = {"n": [i * 37 % 11 / 4 for i in range(count)], **columns}
    parquet.write_table(pa.table({**whole, "price": [i * 7 % 13 / 3 for i in range(count)]}), path)
    return path


def test_the_types_of_a_file_are_believed(tmp_path):
    path = stored(
        tmp_path / "t.parquet",
        digits=["12", "7", "30", "12"] * 10,
        day=[f"2024-01-{i % 9 + 1:02}" for i in range(40)],
        yes=[True, False, None, True] * 10,
        whole=pa.array([2**60 + i % 3 for i in range(40)]),
        exact=pa.array([Decimal(f"{i * 7 % 9}.25") for i in range(40)]),
        half=pa.array(np.arange(40) % 5 / 2, pa.float32()),
        at=pa.array([datetime(2024, 1, 1) + timedelta(hours=i * 7 % 60) for i in range(40)]),
        nothing=pa.nulls(40),
        levels=pa.array(["1", "2", "1", "3"] * 10).dictionary_encode(),
    )
    assert kinds(path) == {
        "n": "number", "digits": "category", "day": "date", "yes": "truth", "whole": "category",
        "exact": "number", "half": "number", "at": "date", "nothing": "constant",
        "levels": "category",
    }  # fmt: skip
    assert kinds(path, types={"digits": "number"})["digits"] == "number"


def test_a_moment_with_a_zone_is_read_in_utc(tmp_path):
    moments = [datetime(2024, 6, 1, i % 24, tzinfo=UTC) + timedelta(days=i) for i in range(40)]
    seoul = pa.array(moments, pa.timestamp("ms", "Asia/Seoul"))
    path = stored(tmp_path / "t.parquet", at=seoul, same=pa.array(moments, pa.timestamp("ns")))
    raw, _ = prepared(path, zone="America/New_York", types={"same": "drop"})
    at = np.concatenate([raw.train.x[:, 1], raw.test.x[:, 1]])
    assert set(at) == {moment.timestamp() for moment in moments}


def test_a_type_that_no_rule_reads_is_named_and_can_be_dropped(tmp_path):
    path = stored(
        tmp_path / "t.parquet",
        parts=[[1, 2]] * 20, about=[{"a": 1}] * 20, raw=[b"x"] * 20,
    )  # fmt: skip
    with pytest.raises(DataError) as error:
        prepared(path)
    assert [item.values["name"] for item in error.value.items] == ["parts", "about", "raw"]
    assert "list<" in str(error.value) and "data.drop=parts" in error.value.message("ko")
    assert prepared(path, drop=["parts", "about", "raw"])[1].card.sizes["test"] == 4


def test_dates_beyond_the_years_that_are_read_are_named(tmp_path):
    days = pa.array([datetime(9999 if i == 7 else 2024, 1, 1 + i % 9) for i in range(40)])
    with pytest.raises(DataError, match="1900 to 2100"):
        prepared(stored(tmp_path / "t.parquet", until=days.cast(pa.timestamp("us"))))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    frame().to_parquet(tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'etude\[tables\]'"):
        prepared(tmp_path / "t.parquet")


def varint(number):
    """A whole number as Thrift's compact protocol writes it."""
    number, out = number << 1, b""
    while number >= 128:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def forged(path, old, new):
    """A Parquet file whose description has one number replaced by another."""
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    body, about = content[: -8 - length], content[-8 - length : -8]
    assert varint(old) in about
    about = about.replace(varint(old), varint(new))
    path.write_bytes(body + about + len(about).to_bytes(4, "little") + b"PAR1")
    return path


@pytest.mark.parametrize("what", ["group", "chunk", "rows"])
def test_a_size_that_cannot_be_is_refused_before_it_is_read(tmp_path, what, monkeypatch):
    path = tmp_path / "t.parquet"
    frame(5000).to_parquet(path)
    about = parquet.ParquetFile(path).metadata
    old = {
        "group": about.row_group(0).total_byte_size,
        "chunk": about.row_group(0).column(0).total_compressed_size,
        "rows": 5000,
    }[what]
    forged(path, old, 1 << 40)

    def no_reading(*_args, **_options):
        raise AssertionError("rows are read")

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", no_reading)
    with pytest.raises(DataError, match="memory"):
        prepared(path)


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.98])
def test_a_file_that_is_cut_off_is_refused(tmp_path, name, share):
    FORMATS[name](frame(), tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match=name):
        prepared(tmp_path / name)


def test_a_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_text("a,price\n1,2\n")
    with pytest.raises(DataError, match=r"not of the format that \.parquet names"):
        prepared(tmp_path / "t.parquet")
    frame().to_parquet(tmp_path / "t.feather")
    with pytest.raises(DataError, match=r"\.feather"):
        prepared(tmp_path / "t.feather")


def test_predictions_are_written_beside_the_rows_of_a_parquet_file(tmp_path):
    whole = frame()
    whole.to_csv(tmp_path / "t.csv", index=False)
    whole.to_parquet(tmp_path / "t.parquet")
    _, data = prepared(tmp_path / "t.csv")
    one, two = (read([str(tmp_path / name)], data.card) for name in ("t.csv", "t.parquet"))
    assert np.array_equal(one.x, two.x, equal_nan=True) and two.names[:2] == ("1", "2")
    answers = {name: [str(i)] for i, name in enumerate(two.names)}
    out = inputs.annotated(tmp_path / "t.parquet", Reading(), ("said",), answers)
    header, first, *rest = out.splitlines()
    assert header == "size,rooms,town,sold,garden,id,code,price,said"
    assert first.endswith(",0") and str(whole["code"][0]) in first and len(rest) == ROWS - 1


# Parts --------------------------------------------------------------------------------------


def in_parts(folder, whole, suffix=".csv"):
    """The rows in four files, written in another order than that of their names; one of them has
    its columns in another order."""
    folder.mkdir(exist_ok=True)
    for i in (2, 0, 3, 1):
        part = whole.iloc[i * len(whole) // 4 : (i + 1) * len(whole) // 4]
        part = part[list(whole.columns)[:: -1 if i == 2 else 1]]
        path = folder / f"part-{i}{suffix}"
        part.to_csv(path, index=False) if suffix == ".csv" else part.to_parquet(path)
    return folder


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_parts_are_one_table(tmp_path, suffix):
    whole = frame()
    whole.to_csv(tmp_path / "t.csv", index=False)
    folder = in_parts(tmp_path / "parts", whole, suffix)
    (folder / "_SUCCESS").touch()
    _, one = prepared(tmp_path / "t.csv")
    for path in (folder, folder / f"part-*{suffix}"):
        raw, data = prepared(path)
        assert same(one, data) and one.card.fingerprint == data.card.fingerprint
        assert source_for(path) == "table"
        assert any("4 files as one table" in line for line in said(raw))
    first = 2 if suffix == ".csv" else 1
    names = {*data.train.names, *data.val.names, *data.test.names}
    assert names >= {f"{folder}/part-{i}{suffix}:{first}" for i in range(4)}


def test_a_pattern_is_data_by_its_name(tmp_path):
    in_parts(tmp_path / "parts", frame())
    pattern = str(tmp_path / "parts" / "part-?.csv")
    part = with_source(Part.read({"name": pattern}, "data"))
    assert (part.name, part.fields["path"]) == ("table", pattern)
    with pytest.raises(UsageError):
        with_source(Part.read({"name": str(tmp_path / "no-*.csv")}, "data"))


def test_parts_with_other_columns_are_named(tmp_path):
    folder = in_parts(tmp_path / "parts", frame())
    for i, change in ((1, {"town": "city"}), (3, {})):
        path = folder / f"part-{i}.csv"
        pd.read_csv(path).rename(columns=change).assign(**({} if change else {"x": 1})).to_csv(
            path, index=False
        )
    with pytest.raises(DataError) as error:
        prepared(folder)
    assert [item.values["names"] for item in error.value.items] == [("city",), ("x",)]
    pd.read_csv(folder / "part-1.csv").drop(columns="city").to_csv(
        folder / "part-1.csv", index=False
    )
    (folder / "part-3.csv").unlink()
    with pytest.raises(DataError, match=r"part-1\.csv: lacks town"):
        prepared(folder)


def test_a_bad_line_of_a_part_is_named_with_its_file(tmp_path):
    folder = in_parts(tmp_path / "parts", frame())
    with (folder / "part-2.csv").open("a") as file:
        file.write("1,2\n")
    with (folder / "part-3.csv").open("a") as file:
        file.write("big,2,Ulm,2020-01-01,True,999,1,5\n")
    with pytest.raises(DataError) as error:
        prepared(folder)
    lines = [render("en", item) for item in error.value.items]
    assert f"{folder}/part-2.csv:102: has 2 cells, 8 expected" in lines
    assert f"{folder}/part-3.csv:102: size='big' is not a number" in lines


def test_a_folder_of_other_files_is_no_table(tmp_path):
    folder = in_parts(tmp_path / "parts", frame())
    assert files.is_table(folder) and not files.is_table(tmp_path)
    (folder / "picture.png").touch()
    assert not files.is_table(folder)
    pair = tmp_path / "pair"
    pair.mkdir()
    (pair / "G_TRAIN.tsv").touch()
    (pair / "G_TEST.tsv").touch()
    assert not files.is_table(pair)


def test_new_rows_may_be_in_parts_too(tmp_path):
    whole = frame()
    whole.to_csv(tmp_path / "t.csv", index=False)
    folder = in_parts(tmp_path / "parts", whole)
    _, data = prepared(tmp_path / "t.csv")
    one, two = (read([str(path)], data.card) for path in (tmp_path / "t.csv", folder))
    assert np.array_equal(one.x, two.x, equal_nan=True)
    answers = {name: ["x"] for name in two.names}
    lines = inputs.annotated(folder, Reading(), ("said",), answers).splitlines()
    plain = inputs.annotated(
        tmp_path / "t.csv", Reading(), ("said",), {name: ["x"] for name in one.names}
    )
    assert lines == plain.splitlines()


# A file for each split ----------------------------------------------------------------------


def halves(folder):
    whole = frame()
    whole.loc[350:, "town"] = "Bonn"
    whole.iloc[:300].to_csv(folder / "one.csv", index=False)
    two = whole.iloc[300:][list(whole.columns)[::-1]].assign(more=1)
    two.to_csv(folder / "two.csv", index=False)
    return whole


def test_a_second_file_is_the_test_split(tmp_path):
    whole = halves(tmp_path)
    raw, data = prepared(tmp_path / "one.csv", test=str(tmp_path / "two.csv"))
    assert data.card.sizes == {"train": 270, "val": 30, "test": 100}
    assert raw.test.y[:, 0].tolist() == whole["price"][300:].tolist()
    lines = said(raw)
    assert any(line.startswith("test: 100 rows of") for line in lines)
    assert any("lacks it" in line and "has more in addition" in line for line in lines)
    [level] = [line for line in lines if "do not occur" in line or "does not occur" in line]
    assert level == (
        'town: 1 level of test does not occur in training (Bonn in 50 rows); read as "other"'
    )
    assert any("Bonn 50행" in line for line in said(raw, "ko"))
    town = next(column for column in data.card.columns if column.name == "town")
    assert "Bonn" not in town.levels


def test_nothing_is_learned_from_the_test_file(tmp_path):
    halves(tmp_path)
    _, one = prepared(tmp_path / "one.csv", test=str(tmp_path / "two.csv"))
    spoiled = pd.read_csv(tmp_path / "two.csv")
    spoiled["size"] = spoiled["size"] * 1000
    spoiled.loc[::2, "rooms"] = np.nan
    spoiled.to_csv(tmp_path / "two.csv", index=False)
    _, two = prepared(tmp_path / "one.csv", test=str(tmp_path / "two.csv"))
    assert one.card.columns == two.card.columns
    assert torch.equal(features(one)[0], features(two)[0])
    assert not np.array_equal(one.test.x, two.test.x, equal_nan=True)


def test_validation_may_be_a_file_too(tmp_path):
    whole = halves(tmp_path)
    whole.iloc[:40].to_parquet(tmp_path / "three.parquet")
    more = {"val": str(tmp_path / "three.parquet")}
    _, data = prepared(tmp_path / "one.csv", test=str(tmp_path / "two.csv"), **more)
    assert data.card.sizes == {"train": 300, "val": 40, "test": 100}
    _, data = prepared(tmp_path / "one.csv", **more)
    assert data.card.sizes == {"train": 240, "val": 40, "test": 60}


def test_columns_that_a_test_file_lacks_are_named(tmp_path):
    halves(tmp_path)
    two = pd.read_csv(tmp_path / "two.csv").drop(columns=["size", "price"])
    two.to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(DataError, match=r"two\.csv: lacks size, price"):
        prepared(tmp_path / "one.csv", test=str(tmp_path / "two.csv"))
    with pytest.raises(DataError, match=r"two\.csv: lacks price"):
        prepared(tmp_path / "one.csv", test=str(tmp_path / "two.csv"), drop=["size"])
    with pytest.raises(DataError, match="neither a column nor a file"):
        prepared(tmp_path / "one.csv", test="tset")


def test_files_that_are_called_as_splits_are_these_splits(tmp_path):
    whole = frame()
    folder = tmp_path / "data"
    folder.mkdir()
    whole.iloc[:300].to_csv(folder / "train.csv", index=False)
    whole.iloc[300:].to_csv(folder / "test.csv", index=False)
    _, data = prepared(folder)
    assert data.card.sizes == {"train": 270, "val": 30, "test": 100}


@pytest.mark.parametrize(("share", "test"), [(0.3, 120), (0.05, 20)])
def test_the_test_split_may_be_a_share(tmp_path, share, test):
    frame().to_csv(tmp_path / "t.csv", index=False)
    assert prepared(tmp_path / "t.csv", test=share)[1].card.sizes["test"] == test


@pytest.mark.parametrize("share", [0.0, 1.0, 2.5])
def test_a_share_that_is_none_is_refused(tmp_path, share):
    frame().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match="between 0 and 1"):
        prepared(tmp_path / "t.csv", test=share)


# Several targets ----------------------------------------------------------------------------


def test_several_values_are_predicted_together(tmp_path):
    whole = frame()
    whole["rent"] = whole["price"] / 200
    whole.loc[5, "rent"] = np.nan
    whole.to_csv(tmp_path / "t.csv", index=False)
    raw, data = prepared(tmp_path / "t.csv", target=["price", "rent"])
    assert raw.targets == data.card.targets == ("price", "rent") and data.card.outputs == 2
    known = whole.drop(index=5)
    y = np.concatenate([raw.train.y, raw.test.y])
    assert sorted(map(tuple, y)) == sorted(zip(known["price"], known["rent"], strict=True))
    assert not {"price", "rent"} & {column.name for column in data.card.columns}
    with pytest.raises(DataError, match="several targets"):
        prepared(tmp_path / "t.csv", target=["price", "rent"], task="class")
    with pytest.raises(DataError, match="the target town is not numbers"):
        prepared(tmp_path / "t.csv", target=["price", "town"])


# Times --------------------------------------------------------------------------------------


def by_python(local, zone):
    """(the moment in UTC or None, whether the local time is skipped, whether it is doubled) of one
    local time, as the standard library sees it."""
    here = ZoneInfo(zone)
    found = set()
    for fold in (0, 1):
        moment = local.replace(tzinfo=here, fold=fold).astimezone(UTC)
        if moment.astimezone(here).replace(tzinfo=None, fold=0) == local:
            found.add(moment.timestamp())
    return (min(found) if len(found) == 1 else None), not found, len(found) > 1


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Asia/Seoul", "Australia/Lord_Howe", "UTC"]
)
def test_local_times_are_brought_to_utc_as_the_standard_library_does(zone):
    start = datetime(1970, 1, 1)
    changes = [datetime(2024, 3, 10), datetime(2024, 3, 31), datetime(2024, 4, 7)]
    changes += [datetime(2024, 10, 6), datetime(2024, 10, 27), datetime(2024, 11, 3)]
    local = [day + timedelta(minutes=15 * i) for day in changes for i in range(96)]
    random = np.random.default_rng(0)
    local += [start + timedelta(seconds=int(s)) for s in random.integers(0, 4e9, 300)]
    seconds = np.array([(moment - start).total_seconds() for moment in local] + [np.nan])
    placed = utc(seconds, zone)
    wanted = [by_python(moment, zone) for moment in local]
    expected = np.array([np.nan if w is None else w for w, _, _ in wanted] + [np.nan])
    assert np.array_equal(placed.seconds, expected, equal_nan=True)
    assert placed.skipped.tolist() == [w[1] for w in wanted] + [False]
    assert placed.doubled.tolist() == [w[2] for w in wanted] + [False]


def test_another_zone_gives_other_moments():
    seconds = np.arange(0, 1e9, 1e7)
    assert not np.array_equal(utc(seconds, "Europe/Berlin").seconds, utc(seconds, "UTC").seconds)


def times(folder, words, name="t.csv", **fields):
    """A table with a column of times; its moments in seconds, row by row."""
    rows = [f"{i * 37 % 11},{word},{i * 7 % 13 / 3:.3f}\n" for i, word in enumerate(words)]
    (folder / name).write_text("n,at,price\n" + "".join(rows))
    raw, data = prepared(folder / name, **fields)
    at = {int(n): x[1] for s in (raw.train, raw.test) for n, x in zip(s.names, s.x, strict=True)}
    return [at[row] for row in sorted(at)], data


HOURS = [f"2024-06-{1 + i // 24:02}T{i % 24:02}:00:00" for i in range(60)]


def test_offsets_and_z_are_one_time(tmp_path):
    plain, _ = times(tmp_path, [f"{hour}Z" for hour in HOURS])
    later = [datetime.fromisoformat(hour) + timedelta(hours=2) for hour in HOURS]
    mixed = [
        f"{h}Z" if i % 2 else f"{at.isoformat()}+02:00"
        for i, (h, at) in enumerate(zip(HOURS, later))
    ]
    assert times(tmp_path, mixed)[0] == plain
    berlin = [moment.isoformat() for moment in later]
    assert times(tmp_path, berlin, zone="Europe/Berlin")[0] == plain
    half = [h if i % 2 else m for i, (h, m) in enumerate(zip(berlin, mixed))]
    assert times(tmp_path, half, zone="Europe/Berlin")[0] == plain
    assert times(tmp_path, berlin)[0] != plain  # without a zone they stay as they are written


def test_times_of_which_only_some_have_an_offset_need_a_zone(tmp_path):
    with pytest.raises(DataError, match=r"at: 30 times have no offset .*data\.zone="):
        times(tmp_path, [f"{h}Z" if i % 2 else h for i, h in enumerate(HOURS)])


def test_a_time_that_does_not_exist_or_occurs_twice_is_named_by_its_line(tmp_path):
    words = [*HOURS, "2024-03-31T02:30:00", "2024-10-27T02:30:00"]
    with pytest.raises(DataError) as error:
        times(tmp_path, words, zone="Europe/Berlin")
    first, second = (render("en", item) for item in error.value.items)
    assert first.startswith(
        f"{tmp_path}/t.csv:62: at=2024-03-31 02:30:00: this time does not exist"
    )
    assert second.startswith(f"{tmp_path}/t.csv:63: at=2024-10-27 02:30:00: this time occurs twice")
    left, _ = times(tmp_path, words, zone="Europe/Berlin", skip_bad=True)
    assert len(left) == 60
    times(tmp_path, words, zone="Asia/Seoul")


def test_days_have_no_zone(tmp_path):
    days = [f"2024-06-{i % 28 + 1:02}" for i in range(60)]
    assert times(tmp_path, days)[0] == times(tmp_path, days, zone="Asia/Seoul")[0]


def test_new_times_are_of_the_zone_of_training(tmp_path):
    _, data = times(tmp_path, HOURS, zone="Europe/Berlin")
    new = tmp_path / "new.csv"
    new.write_text("n,at\n1,2024-06-01T12:00:00\n2,2024-06-01T10:00:00Z\n")
    x, _ = inputs.read(new, used(data.card.columns), data.card.reading)
    assert x[0, 1] == x[1, 1] == datetime(2024, 6, 1, 10, tzinfo=UTC).timestamp()
    new.write_text("n,at\n1,2024-03-31T02:30:00\n")
    with pytest.raises(DataError, match="2: at=2024-03-31 02:30:00: this time does not exist"):
        inputs.read(new, used(data.card.columns), data.card.reading)


@pytest.mark.parametrize("zone", ["Europe/Berln", "../etc/passwd", "x" * 400, "Europe"])
def test_a_zone_that_there_is_not_is_refused(tmp_path, zone):
    with pytest.raises(DataError, match="no such time zone"):
        times(tmp_path, HOURS, zone=zone)


def test_the_answers_of_several_values_are_named():
    task = Regress((10.0, -3.0), (2.0, 5.0), "m", ("price", "rent"))
    [answer] = task.answers(torch.tensor([[1.5, 1.0]]))
    assert answer == {"value": [13.0, 2.0], "unit": "m", "outputs": ["price", "rent"]}
    assert "outputs" not in Regress((10.0,), (2.0,), "m").answers(torch.tensor([[1.5]]))[0]
