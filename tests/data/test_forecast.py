"""Series of the user's own: times and steps, gaps, windows, splits, columns, and new rows. Windows,
splits and scales are compared with plain loops over the rows."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from etude.data import forecast
from etude.data.card import Card
from etude.data.dataset import fingerprint, split_dataset
from etude.data.locate import source_for
from etude.data.panel import inputs, shape, splits
from etude.data.panel.clock import Clock, clock_of, step_of
from etude.data.panel.windows import Run
from etude.data.panel.zones import EPOCH, to_utc
from etude.data.validate import validate_card
from etude.errors import DataError, InvalidValue, UsageError
from etude.locale.texts import render

START = datetime(2024, 1, 1)
HOUR = timedelta(hours=1)


def noise(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


def hourly(count, seed=0):
    return 50 + 10 * np.sin(2 * np.pi * np.arange(count) / 24) + noise(count, seed)


def times(count, start=START, step=HOUR):
    return [(start + i * step).isoformat(" ") for i in range(count)]


def written(folder, head, rows, name="load.csv"):
    path = folder / name
    lines = [",".join(str(cell) for cell in row) for row in rows]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def one(folder, values, stamps=None, name="load.csv"):
    stamps = stamps or times(len(values))
    return written(folder, "when,kw", zip(stamps, map(float, values), strict=True), name)


def raw(path, **fields):
    return forecast.load(forecast.Config.read({"path": str(path), **fields}))


def card(loaded):
    data = split_dataset(loaded, reads=("sequence",), scale="standard", val_fraction=0.1, seed=0)
    return validate_card(Card.read(data.card.plain()))


def said(loaded):
    return "\n".join(render("en", note) for note in loaded.notes)


def slow_windows(runs, length, horizon, first, end):
    """The windows of [(first step, values)] by a plain loop: (input, target, step)."""
    found = []
    for start, values in runs:
        for t in range(length, len(values) - horizon + 1):
            step = start + t
            if step >= first and step + horizon <= end:
                found.append((values[t - length : t], values[t : t + horizon], step))
    return found


def same_windows(split, expected, mean, std):
    """Whether a split holds exactly these windows, with inputs standardised."""
    if len(split) != len(expected):
        return False
    x = np.array([(np.array(before) - mean) / std for before, _, _ in expected])
    y = np.array([after for _, after, _ in expected])
    return np.allclose(split.x[..., 0], x, atol=1e-5) and np.allclose(split.y, y, rtol=1e-12)


# Steps and gaps -----------------------------------------------------------------------------


def test_windows_splits_and_scales_are_those_of_a_plain_loop(tmp_path):
    values = hourly(400)
    found = raw(one(tmp_path, values), horizon=12, length=24)
    tested = 80  # a fifth of 400 steps
    cuts = {"train": (0, 400 - 2 * tested), "val": (240, 320), "test": (320, 400)}
    mean, std = values[:240].mean(), values[:240].std()
    scale = found.panel.series[0]
    assert scale.mean == pytest.approx(mean) and scale.std == pytest.approx(std)
    for name, (first, end) in cuts.items():
        expected = slow_windows([(0, values)], 24, 12, first, end)
        assert same_windows(getattr(found, name), expected, mean, std)
        assert not same_windows(getattr(found, name), expected[::-1], mean, std)
        assert not same_windows(getattr(found, name), expected[:-1], mean, std)
    assert found.season == 24 and found.panel.season == 24
    assert found.panel.windows == {n: (len(getattr(found, n)),) for n in cuts}


def test_no_window_spans_a_gap(tmp_path):
    """Case 41."""
    values, stamps = hourly(300), times(300)
    keep = [i for i in range(300) if not 100 <= i < 103]
    path = one(tmp_path, values[keep], [stamps[i] for i in keep])
    found = raw(path, horizon=12, length=24, val=40, test=40)
    end, cut = 300, 220
    n1, n2 = 100, cut - 103
    assert len(found.train) == max(0, n1 - 35) + max(0, n2 - 35)
    runs = [(0, values[:100]), (103, values[103:])]
    scale = found.panel.series[0]
    expected = slow_windows(runs, 24, 12, 0, cut)
    assert same_windows(found.train, expected, scale.mean, scale.std)
    assert len(found.test) == len(slow_windows(runs, 24, 12, end - 40, end))
    assert "1 gap, 3 missing steps: 2024-01-05 04:00 to 2024-01-05 06:00" in said(found)


def test_an_empty_cell_is_a_gap_too(tmp_path):
    values = [*map(float, hourly(300))]
    cells = [v if i != 100 else "" for i, v in enumerate(values)]
    path = written(tmp_path, "when,kw", zip(times(300), cells, strict=True))
    assert len(raw(path, horizon=12, length=24, val=40, test=40).train) == 65 + (220 - 101 - 35)


def test_short_gaps_are_filled_by_lines_and_are_no_targets(tmp_path):
    values, stamps = hourly(300), times(300)
    keep = [i for i in range(300) if i not in (100, 101, 150, 151, 152, 153)]
    path = one(tmp_path, values[keep], [stamps[i] for i in keep])
    found = raw(path, horizon=6, length=24, gaps="fill", fill=2, val=40, test=40)
    scale, flags = found.panel.series[0], found.train.x[..., 1]
    assert found.panel.channels == 2 and set(np.unique(flags)) == {0.0, 1.0}
    line = values[99] + (values[102] - values[99]) / 3
    # The window whose last step is 100: its target would hold 101, so the first has both as input.
    at = next(i for i, row in enumerate(flags) if row[-1] and row[-2])
    assert found.train.x[at, -2, 0] * scale.std + scale.mean == pytest.approx(line, rel=1e-4)
    # Runs 0..149 and 154..219; six starts have 100 or 101 among their targets, or one before.
    assert len(found.train) == (150 - 29) - 7 + (220 - 154 - 29)
    assert "2 missing steps" in said(found)


def test_gaps_can_be_refused(tmp_path):
    keep = [i for i in range(300) if i != 100]
    path = one(tmp_path, hourly(300)[keep], [times(300)[i] for i in keep])
    with pytest.raises(DataError, match="2024-01-05 04:00") as error:
        raw(path, horizon=12, gaps="refuse")
    assert error.value.exit_code == 3


def test_irregular_times_are_refused_with_what_occurs(tmp_path):
    minutes = np.cumsum(np.random.default_rng(0).choice([50, 55, 61], 200))
    stamps = [(START + timedelta(minutes=int(m))).isoformat(" ") for m in minutes]
    with pytest.raises(DataError, match=r"55 min \(\d+ times\)"):
        raw(one(tmp_path, hourly(200), stamps), horizon=6)
    found = raw(one(tmp_path, hourly(200), stamps), horizon=6, length=12, step="1h")
    hours = (minutes // 60).tolist()
    means = {h: hourly(200)[[i for i, x in enumerate(hours) if x == h]].mean() for h in set(hours)}
    first = next(h for h in sorted(means) if all(h + k in means for k in range(18)))
    scale = found.panel.series[0]
    expected = [(means[first + k] - scale.mean) / scale.std for k in range(12)]
    np.testing.assert_allclose(found.train.x[0, :, 0], expected, atol=1e-5)


def test_times_that_occur_twice_are_named(tmp_path):
    stamps = times(200)
    stamps[50] = stamps[49]
    with pytest.raises(DataError, match=r"2024-01-03 01:00 occurs twice \(lines 51 and 52\)"):
        raw(one(tmp_path, hourly(200), stamps), horizon=6)


def test_rows_may_be_in_any_order(tmp_path):
    values, stamps = hourly(200), times(200)
    order = np.random.default_rng(1).permutation(200)
    a = raw(one(tmp_path, values, stamps), horizon=6)
    b = raw(one(tmp_path, values[order], [stamps[i] for i in order]), horizon=6)
    assert fingerprint(a) == fingerprint(b)


@pytest.mark.parametrize(
    ("stamps", "kind", "step", "words"),
    [
        ([f"{1949 + i // 12}-{i % 12 + 1:02}" for i in range(60)], "months", 1, "1 month"),
        ([f"{2000 + i // 4}Q{i % 4 + 1}" for i in range(60)], "months", 3, "quarter"),
        ([f"{1950 + i}-12-31" for i in range(60)], "months", 12, "year"),
        ([str(1950 + i) for i in range(60)], "steps", 1, "1"),
        ([str(5 * i) for i in range(60)], "steps", 5, "5"),
        (times(60, step=timedelta(minutes=15)), "time", 900_000_000, "15 min"),
        (times(60, step=timedelta(days=7)), "time", 604_800_000_000, "1 week"),
        (
            [str(d) for d in np.busday_offset("2024-01-01", np.arange(60))],
            "business", 1, "1 business day",
        ),
        (
            [str(np.datetime64("2020-01", "M") + i + 1 - np.timedelta64(0, "M"))
             for i in range(60)],
            "months", 1, "1 month",
        ),
    ],
)  # fmt: skip
def test_steps_are_recognised_and_times_go_there_and_back(tmp_path, stamps, kind, step, words):
    found = raw(one(tmp_path, 5 + noise(60), stamps), horizon=3, length=6)
    clock = found.panel.clock
    assert (clock.kind, clock.step, render("en", clock.words)) == (kind, step, words)
    assert "0 gap" not in said(found) and "gap of" not in said(found)
    numbers = np.arange(-5, 80)
    assert (clock.steps(clock.times(numbers)) == numbers).all()


def test_the_last_days_of_months_are_monthly_steps():
    days = np.arange("2020-02", "2024-02", dtype="M8[M]").astype("M8[D]") - 1
    clock = clock_of([days.astype(np.int64) * 86_400_000_000], dated=True)
    assert (clock.kind, clock.day) == ("months", 0)
    assert [clock.at(i) for i in (0, 1, 48)] == ["2020-01-31", "2020-02-29", "2024-01-31"]


def test_a_time_between_steps_is_no_step():
    clock = Clock(kind="time", step=3_600_000_000, origin=0)
    with pytest.raises(InvalidValue, match="00:30"):
        clock.steps(np.array([1_800_000_000]))
    assert step_of("15min") == (False, 900_000_000) and step_of("q") == (True, 3)
    with pytest.raises(InvalidValue, match="fortnight"):
        step_of("fortnight")


# Time zones ---------------------------------------------------------------------------------


def berlin(count, start):
    """Local times of `count` successive hours in Berlin, without an offset."""
    zone = ZoneInfo("Europe/Berlin")
    aware = [start.replace(tzinfo=ZoneInfo("UTC")) + i * HOUR for i in range(count)]
    return aware, [t.astimezone(zone).replace(tzinfo=None).isoformat(" ") for t in aware]


def test_a_doubled_hour_asks_for_the_zone(tmp_path):
    _, local = berlin(400, datetime(2024, 10, 20))
    path = one(tmp_path, hourly(400), local)
    with pytest.raises(DataError, match="2024-10-27 02:00 occurs twice") as error:
        raw(path, horizon=12)
    assert "data.zone=Europe/Berlin" in str(error.value)
    found = raw(path, horizon=12, zone="Europe/Berlin")
    assert "gap of" not in said(found) and found.panel.clock.utc
    last = found.panel.clock.at(399)
    assert last == "2024-11-05 16:00+01:00"


def test_a_missing_hour_in_spring_is_said_and_the_zone_closes_it(tmp_path):
    _, local = berlin(400, datetime(2024, 3, 20))
    path = one(tmp_path, hourly(400), local)
    assert "one hour is missing at 2024-03-31 02:00" in said(raw(path, horizon=12))
    assert "missing" not in said(raw(path, horizon=12, zone="Europe/Berlin"))


def test_a_time_that_does_not_exist_is_named(tmp_path):
    """Case 21."""
    stamps = times(200, datetime(2024, 3, 29))
    with pytest.raises(DataError, match="2024-03-31 02:00 does not exist in Europe/Berlin"):
        raw(one(tmp_path, hourly(200), stamps), horizon=12, zone="Europe/Berlin")
    with pytest.raises(DataError, match="no such time zone"):
        raw(one(tmp_path, hourly(200), stamps), horizon=12, zone="Europe/Berln")


def test_offsets_are_read_as_utc_whatever_they_are(tmp_path):
    """Case 44."""
    aware, _ = berlin(300, datetime(2024, 3, 25))
    mixed = [
        t.astimezone(ZoneInfo("Europe/Berlin")).isoformat() if i % 2 else
        t.isoformat().replace("+00:00", "Z") for i, t in enumerate(aware)
    ]  # fmt: skip
    plain = [t.isoformat() for t in aware]
    a, b = (raw(one(tmp_path, hourly(300), stamps), horizon=12) for stamps in (mixed, plain))
    assert fingerprint(a) == fingerprint(b) and a.test.names == b.test.names
    assert a.panel.clock.utc and a.panel.clock.at(0) == "2024-03-25 00:00+00:00"
    naive = [t.replace(tzinfo=None).isoformat() for t in aware]
    with pytest.raises(DataError, match="some times have an offset"):
        raw(one(tmp_path, hourly(300), [*mixed[:100], *naive[100:]]), horizon=12)


def test_local_times_become_utc_as_zoneinfo_says():
    zone = ZoneInfo("America/New_York")
    aware = [datetime(2024, 11, 2, tzinfo=ZoneInfo("UTC")) + i * HOUR / 2 for i in range(200)]
    micro = timedelta(microseconds=1)
    local = np.array([(t.astimezone(zone).replace(tzinfo=None) - EPOCH) // micro for t in aware])
    expected = np.array([(t.replace(tzinfo=None) - EPOCH) // micro for t in aware])
    # In order of time, but for the half hours of the doubled hour, which alternate with nothing.
    found, absent = to_utc(local, np.zeros(200, np.int64), "America/New_York")
    assert (found == expected).all() and not absent


# Several series -----------------------------------------------------------------------------


def two(folder, layout, short=0):
    a, b = hourly(400), 3 * hourly(400, 1) + 100
    stamps = times(400)
    if layout == "wide":
        rows = zip(stamps, map(float, a), map(float, b), strict=True)
        return written(folder, "when,A,B", rows, "wide.csv")
    rows = [(t, "A", float(v)) for t, v in zip(stamps, a, strict=True)]
    rows += [(t, "B", float(v)) for t, v in zip(stamps[: 400 - short], b, strict=False)]
    return written(folder, "when,meter,kw", rows, "long.csv")


def test_wide_and_long_are_the_same_series(tmp_path):
    """Case 43."""
    wide = raw(two(tmp_path, "wide"), target=["*"], horizon=12)
    long = raw(two(tmp_path, "long"), series=["meter"], target=["kw"], horizon=12)
    assert fingerprint(wide) == fingerprint(long)
    assert wide.panel.series == long.panel.series and wide.unit == "sd"
    assert [one.name for one in wide.panel.series] == ["A", "B"]
    assert wide.test.names == long.test.names


def test_each_series_is_standardised_by_its_own_training_part(tmp_path):
    found = raw(two(tmp_path, "long"), series=["meter"], target=["kw"], horizon=12, length=24)
    for scale, values in zip(found.panel.series, (hourly(400), 3 * hourly(400, 1) + 100)):
        assert scale.mean == pytest.approx(values[:240].mean())
        assert scale.std == pytest.approx(values[:240].std())
        assert scale.naive == pytest.approx(np.abs(values[24:240] - values[:216]).mean())
    values = (hourly(400) - found.panel.series[0].mean) / found.panel.series[0].std
    np.testing.assert_allclose(found.train.x[0, :, 0], values[:24], atol=1e-6)
    np.testing.assert_allclose(found.train.y[0], values[24:36])
    data = card(found)
    assert (data.y_mean, data.y_std) == ((0.0,), (1.0,))


def test_a_series_that_ends_earlier_is_named_and_splits_are_by_time(tmp_path):
    """Case 42."""
    found = raw(two(tmp_path, "long", short=150), series=["meter"], target=["kw"], horizon=12)
    assert "1 series has no window in the test split: B" in said(found)
    assert found.panel.windows["test"][1] == 0 and found.panel.windows["test"][0] > 0
    first = min(name.split(" to ")[0] for name in found.test.names)
    assert first == times(400)[320][:16]


def test_a_series_that_begins_late_is_left_out(tmp_path):
    stamps = times(400)
    rows = [(t, "A", v) for t, v in zip(stamps, hourly(400), strict=True)]
    rows += [(t, "B", v) for t, v in zip(stamps[250:], hourly(150), strict=True)]
    path = written(tmp_path, "when,meter,kw", rows)
    found = raw(path, series=["meter"], target=["kw"], horizon=12)
    assert [one.name for one in found.panel.series] == ["A"]
    assert "left out because training has no window of them: B: 0 steps" in said(found)
    with pytest.raises(DataError, match="sum of at most 240"):
        raw(path, series=["meter"], target=["kw"], horizon=12, length=300)


def test_splits_by_dates_and_by_steps_agree(tmp_path):
    path = one(tmp_path, hourly(500))
    a = raw(path, horizon=12, length=24, test=48, val=48, until=400)
    b = raw(
        path, horizon=12, length=24, test="2024-01-15T16:00", val="2024-01-13T16:00",
        until="2024-01-17T15:00",
    )  # fmt: skip
    assert fingerprint(a) == fingerprint(b)
    assert len(a.test) == len(a.val) == 48 - 11
    for wrong in ({"test": "soon"}, {"val": 600}, {"until": "2020-01-01"}):
        with pytest.raises(DataError):
            raw(path, horizon=12, length=24, **wrong)


def test_a_date_for_the_end_counts_its_whole_day():
    clock = Clock(kind="time", step=3_600_000_000, origin=0)
    run = Run(0, np.zeros(1000), *[np.zeros((1000, 0))] * 2, np.zeros(1000), np.zeros(1000, bool))
    assert splits.cuts_of([[run]], clock, 1, ("auto", "auto", "1970-01-02")).end == 48


# Columns ------------------------------------------------------------------------------------


def with_columns(folder, known=None, rows=300, ahead=0):
    values = hourly(rows)
    known = noise(rows + ahead, 5) if known is None else known
    lines = [
        (
            t,
            float(values[i]) if i < rows else "",
            float(known[i]),
            float(i % 7),
            "no" if i % 3 else "yes",
        )
        for i, t in enumerate(times(rows + ahead))
    ]
    return written(folder, "when,kw,plan,traffic,holiday", lines)


def test_known_and_seen_columns_reach_the_window(tmp_path):
    path = with_columns(tmp_path)
    found = raw(
        path, target=["kw"], horizon=6, length=24, known=["plan", "holiday"], seen=["traffic"],
        calendar="day",
    )  # fmt: skip
    x, panel = found.train.x, found.panel
    assert x.shape[1:] == (30, panel.channels) == (30, 7)
    value, future, traffic, plan, holiday, sine, cosine = np.moveaxis(x[0], 1, 0)
    plans = noise(300, 5)
    mean, std = plans[:180].mean(), plans[:180].std()
    np.testing.assert_allclose(plan, (plans[:30] - mean) / std, atol=1e-5)
    assert not value[24:].any() and not traffic[24:].any() and value[:24].any()
    assert future.tolist() == [0.0] * 24 + [1.0] * 6
    assert len(np.unique(holiday[24:])) == 2
    hours = 2 * np.pi * np.arange(30) / 24
    np.testing.assert_allclose(sine, np.sin(hours), atol=1e-6)
    np.testing.assert_allclose(cosine, np.cos(hours), atol=1e-6)
    assert card(found).shape == (30, 7)


def test_a_known_column_that_is_the_answer_is_a_warning(tmp_path):
    """Case 45."""
    path = with_columns(tmp_path, known=hourly(300))
    assert "plan correlates 1.00 with the target" in said(
        raw(path, target=["kw"], horizon=6, known=["plan"])
    )
    assert "correlates" not in said(raw(with_columns(tmp_path), target=["kw"], known=["plan"]))


def test_static_columns_must_be_constant_in_each_series(tmp_path):
    rows = [(t, m, float(v), m == "A") for m in "AB" for t, v in zip(times(200), hourly(200))]
    path = written(tmp_path, "when,meter,kw,north", rows)
    fields = {"series": ["meter"], "target": ["kw"], "horizon": 6}
    found = raw(path, **fields, static=["north"], identity=True)
    assert found.panel.static == ((1.0,), (-1.0,)) and found.panel.channels == 4
    rows[3] = (*rows[3][:3], "false")
    with pytest.raises(DataError, match="within series A"):
        raw(written(tmp_path, "when,meter,kw,north", rows), **fields, static=["north"])


def test_wrong_columns_are_named_together(tmp_path):
    path = with_columns(tmp_path)
    with pytest.raises(DataError) as error:
        raw(path, target=["kw"], known=["plan", "nothing"], seen=["plan"])
    assert "nothing" in str(error.value) and "data.seen and in data.known" in str(error.value)
    with pytest.raises(DataError, match=r"data\.target=NAME"):
        raw(path)


def test_a_cell_that_is_no_number_is_named_or_skipped(tmp_path):
    cells = [*map(float, hourly(300))]
    cells[10] = "broken"
    path = written(tmp_path, "when,kw", zip(times(300), cells, strict=True))
    with pytest.raises(DataError, match=r"load.csv:12: .*broken"):
        raw(path, horizon=12)
    found = raw(path, horizon=12, skip_bad=True)
    assert [bad.name.split(":")[-1] for bad in found.left_out] == ["12"]


# What is decided ----------------------------------------------------------------------------


def walk(count, seed):
    return np.cumsum(noise(count, seed))


def test_a_season_is_seen_and_a_random_walk_has_none():
    def run(values):
        none = np.zeros((len(values), 0))
        return Run(0, values, none, none, np.zeros(len(values), int), np.zeros(len(values), bool))

    clock = Clock(kind="time", step=3_600_000_000, origin=0)
    assert shape.season_of([[run(hourly(500) + 0.1 * np.arange(500))]], clock) == 24
    assert not any(shape.season_of([[run(walk(1000, seed))]], clock) for seed in range(20))
    assert not any(shape.season_of([[run(noise(1000, seed))]], clock) for seed in range(20))


def test_values_that_grow_by_factors_are_modelled_as_logarithms(tmp_path):
    months = np.arange(144)
    wave = np.sin(2 * np.pi * months / 12)
    growing = np.exp(0.01 * months + 0.2 * wave + 0.03 * noise(144)) * 100
    even = 500 + months + 20 * wave + 3 * noise(144)
    stamps = [f"{1949 + m // 12}-{m % 12 + 1:02}" for m in months]
    found = raw(one(tmp_path, growing, stamps))
    assert (
        found.log and found.season == 12 and (found.panel.length, found.panel.horizon) == (24, 12)
    )
    scale = found.panel.series[0]
    expected = (np.log(growing[:24]) - scale.mean) / scale.std
    np.testing.assert_allclose(found.train.x[0, :, 0], expected, atol=1e-5)
    assert not raw(one(tmp_path, even, stamps)).log
    with pytest.raises(DataError, match="above 0"):
        raw(one(tmp_path, even - 1000, stamps), log="yes")


def test_a_weekday_that_a_day_does_not_show_becomes_a_feature(tmp_path):
    hours = np.arange(24 * 120)
    weekend = (hours // 24 + 0) % 7 >= 5
    values = hourly(len(hours)) - 15 * weekend
    assert "week" in raw(one(tmp_path, values), horizon=24).panel.calendar
    assert raw(one(tmp_path, hourly(len(hours))), horizon=24).panel.calendar == ()


def test_a_season_longer_than_the_window_is_refused(tmp_path):
    path = one(tmp_path, hourly(300))
    assert raw(path, length=12, horizon=6).season == 0
    with pytest.raises(UsageError, match=r"data\.season=24"):
        raw(path, length=12, horizon=6, season=24)


def test_a_horizon_chooses_the_source_of_a_table(tmp_path):
    path = one(tmp_path, hourly(50))
    assert source_for(path, {"horizon"}) == "forecast"
    assert source_for(path, {"target"}) == "table"


# New rows -----------------------------------------------------------------------------------


def latest(path, loaded):
    return inputs.latest([str(path)], loaded.panel, loaded.reading)


def test_new_rows_give_the_window_of_training(tmp_path):
    values = hourly(400)
    found = raw(one(tmp_path, values), horizon=12, length=24)
    window = latest(one(tmp_path, values[:388], name="new.csv"), found)
    np.testing.assert_array_equal(window.x[0], found.test.x[-1])
    answer = {"value": [1.0] * 12, "unit": ""}
    [forecast_] = inputs.dated(window, found.panel, [answer])
    assert forecast_["times"] == [t[:16] for t in times(400)[388:]]


def test_known_columns_need_their_future_rows(tmp_path):
    found = raw(with_columns(tmp_path), target=["kw"], horizon=6, length=24, known=["plan"])
    whole = with_columns(tmp_path, rows=294, ahead=6)
    np.testing.assert_array_equal(latest(whole, found).x[0], found.test.x[-1])
    with pytest.raises(DataError, match="plan must be known in advance, but 2 steps have no row"):
        latest(with_columns(tmp_path, rows=294, ahead=4), found)


def test_what_new_rows_lack_is_named_for_every_series(tmp_path):
    fields = {"series": ["meter"], "target": ["kw"], "horizon": 12, "length": 24}
    found = raw(two(tmp_path, "long"), **fields)
    rows = [(t, "A", v) for i, (t, v) in enumerate(zip(times(60), hourly(60))) if i != 50]
    rows += [(t, "B", v) for t, v in zip(times(10), hourly(10))]
    rows += [(t, "C", v) for t, v in zip(times(60), hourly(60))]
    with pytest.raises(DataError) as error:
        latest(written(tmp_path, "when,meter,kw", rows, "new.csv"), found)
    text = str(error.value)
    assert "A: 2024-01-03 02:00 to 2024-01-03 02:00 is missing" in text
    assert "B: 10 steps; the model reads 24" in text
    assert "C: not among the series of training" in text


def test_forecasts_of_several_series_are_in_their_own_units(tmp_path):
    fields = {"series": ["meter"], "target": ["kw"], "horizon": 12, "length": 24}
    found = raw(two(tmp_path, "long"), **fields)
    window = latest(two(tmp_path, "long"), found)
    zero = {"value": [0.0] * 12, "unit": "sd", "quantiles": {"0.1": [-1.0] * 12}}
    every = list(inputs.dated(window, found.panel, [zero, zero]))
    for answer, scale in zip(every, found.panel.series, strict=True):
        assert answer["value"] == [pytest.approx(scale.mean)] * 12
        assert answer["quantiles"]["0.1"] == [pytest.approx(scale.mean - scale.std)] * 12
    rows = inputs.lines(every, found.panel)
    assert rows[0] == ["series", "time", "kw", "q0.1"] and len(rows) == 25


def test_a_card_of_series_that_contradicts_itself_is_refused(tmp_path):
    plain = card(raw(one(tmp_path, hourly(400)), horizon=12)).plain()
    for change in ({"length": 7}, {"season": 9999}, {"windows": {"test": [1, 2]}}):
        with pytest.raises(DataError, match="inconsistent"):
            validate_card(Card.read({**plain, "panel": {**plain["panel"], **change}}))


def test_words_for_missing_numbers_are_those_of_tables(tmp_path):
    """So `none` alone stands for no word, and as a cell among numbers is a mistake then."""
    rows = "".join(f"2024-01-{day:02},{'none' if day == 9 else day}\n" for day in range(1, 32))
    (tmp_path / "s.csv").write_text("time,value\n" + rows)
    common = {"path": str(tmp_path / "s.csv"), "horizon": 2, "length": 3}
    assert forecast.load(forecast.Config(**common)).train.x.shape[0]
    with pytest.raises(DataError) as caught:
        forecast.load(forecast.Config(**common, missing=("none",)))
    assert "'none'" in caught.value.message("en") and "s.csv" in caught.value.message("en")
