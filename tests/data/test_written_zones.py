"""The calendar of times that were written with an offset: by the local clock that wrote them. The
expected hours are read off the cells by the standard library."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from etude.data.panel import inputs
from etude.data.tabular import cells
from etude.errors import DataError
from tests.data.test_forecast import hourly, one, raw, written

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = datetime(2024, 3, 20, tzinfo=UTC), datetime(2024, 10, 20, tzinfo=UTC)
FIELDS = {"length": 24, "horizon": 6, "calendar": "day"}


def stamps(count, zone, start, step=timedelta(hours=1)):
    """The local times of a zone with their offsets, one step of real time apart."""
    return [(start + i * step).astimezone(zone).isoformat(" ") for i in range(count)]


def angles(words):
    """The sine and cosine of the hour on the clock, from the text alone."""
    moments = [datetime.fromisoformat(word) for word in words]
    share = np.array([m.hour + m.minute / 60 for m in moments]) / 24 * 2 * np.pi
    return np.stack([np.sin(share), np.cos(share)], axis=1)


def holds(loaded, words, sine=1):
    """Whether the windows of training have these times: window i begins at row i. sine: the feature
    with the sine, after which comes the cosine."""
    x = loaded.train.x
    every = np.lib.stride_tricks.sliding_window_view(angles(words), x.shape[1], axis=0)
    expected = every.transpose(0, 2, 1)[: len(x)]
    return np.abs(x[..., sine : sine + 2] - expected).max() < 1e-6


ZONES = {
    "summer time begins": (BERLIN, SPRING),
    "summer time ends": (BERLIN, AUTUMN),
    "a fixed offset": (ZoneInfo("Asia/Seoul"), SPRING),
    "half an hour": (ZoneInfo("Asia/Kolkata"), SPRING),
    "west of Greenwich": (ZoneInfo("America/New_York"), AUTUMN),
    "utc": (UTC, SPRING),
}


@pytest.mark.parametrize("case", ZONES)
def test_hours_are_those_on_the_clock_that_wrote_them(case, tmp_path):
    zone, start = ZONES[case]
    words = stamps(500, zone, start)
    loaded = raw(one(tmp_path, hourly(500), words), **FIELDS)
    assert loaded.panel.calendar == ("day",) and holds(loaded, words)
    in_utc = stamps(500, UTC, start)
    assert holds(loaded, in_utc) == (case == "utc"), "the comparison sees another hour"
    if zone is BERLIN:
        assert len({word[-6:] for word in words[: len(loaded.train.x)]}) == 2
        named = raw(one(tmp_path, hourly(500), words), zone="Europe/Berlin", **FIELDS)
        assert (named.train.x == loaded.train.x).all() and (named.test.x == loaded.test.x).all()


def test_columns_with_too_many_times_to_keep_and_parts_of_a_table(tmp_path, monkeypatch):
    words, values = stamps(500, BERLIN, SPRING), hourly(500)
    whole = raw(one(tmp_path, values, words), **FIELDS)
    parts = tmp_path / "parts"
    parts.mkdir()
    one(parts, values[:200], words[:200], "a.csv")
    one(parts, values[200:], words[200:], "b.csv")
    joined = raw(parts, **FIELDS)
    monkeypatch.setattr(cells, "MOST_LEVELS", 50)
    many = raw(tmp_path / "load.csv", **FIELDS)
    for loaded in (joined, many):
        assert (loaded.train.x == whole.train.x).all() and loaded.panel == whole.panel
    mixed = [*words[:-1], words[-1][:-6]]
    with pytest.raises(DataError, match="2024"):
        raw(one(tmp_path, values, mixed), **FIELDS)


def test_new_rows_are_read_by_their_own_clock(tmp_path):
    # Training sees winter alone; the new rows are of summer.
    winter = stamps(400, BERLIN, datetime(2024, 1, 5, tzinfo=UTC))
    loaded = raw(one(tmp_path, hourly(400), winter), **FIELDS)
    summer = stamps(40, BERLIN, datetime(2024, 6, 1, tzinfo=UTC))
    new = one(tmp_path, hourly(40), summer, "new.csv")
    found = inputs.latest([str(new)], loaded.panel, loaded.reading)
    np.testing.assert_allclose(found.x[0, :, 1:3], angles(summer[-24:]), atol=1e-6)


def test_the_steps_to_forecast_have_the_hours_of_their_own_rows(tmp_path):
    words, values = stamps(500, BERLIN, SPRING), hourly(500)
    rows = [(w, v, i % 3) for i, (w, v) in enumerate(zip(words, values, strict=True))]
    loaded = raw(written(tmp_path, "when,kw,open", rows), known=["open"], target=["kw"], **FIELDS)
    # Value, flag and column come before the sine.
    assert loaded.train.x.shape[1:] == (30, 5) and holds(loaded, words, 3)
    # The clocks change between the last row with a value and the last row of the forecast.
    change = next(i for i, w in enumerate(words) if w[-6:] == "+02:00")
    rows = [(w, v if w < words[change - 2] else "", o) for w, v, o in rows[: change + 4]]
    new = written(tmp_path, "when,kw,open", rows, "new.csv")
    found = inputs.latest([str(new)], loaded.panel, loaded.reading)
    expected = angles(words[change - 2 - 24 : change + 4])
    np.testing.assert_allclose(found.x[0, :, 3:5], expected, atol=1e-6)


def test_filled_steps_have_the_clock_of_the_row_before(tmp_path):
    words, values = stamps(500, BERLIN, SPRING), hourly(500)
    kept = [i for i in range(500) if i % 50 != 49]
    path = one(tmp_path, values[kept], [words[i] for i in kept])
    loaded = raw(path, gaps="fill", **FIELDS)
    change = next(i for i, w in enumerate(words) if w[-6:] == "+02:00")
    assert change % 50 != 49
    assert np.abs(loaded.train.x[0, :, 2:4] - angles(words[:24])).max() < 1e-6


def test_days_of_a_zone_are_days_though_they_have_23_or_25_hours(tmp_path):
    days = [datetime(2024, 2, 1, tzinfo=BERLIN) + timedelta(days=i) for i in range(100)]
    words = [day.isoformat(" ") for day in days]
    assert len({word[-6:] for word in words}) == 2
    loaded = raw(one(tmp_path, hourly(100), words), horizon=3, length=7, calendar="week")
    clock = loaded.panel.clock
    assert clock.at(0) == "2024-02-01" and not clock.utc and not clock.written
    week = np.array([day.weekday() for day in days]) / 7 * 2 * np.pi
    np.testing.assert_allclose(loaded.train.x[0, :, 1], np.sin(week[:7]), atol=1e-6)
    new = one(tmp_path, hourly(20), words[:20], "new.csv")  # of one offset
    found = inputs.latest([str(new)], loaded.panel, loaded.reading)
    assert clock.at(found.last[0] + 1) == "2024-02-21"


def test_a_run_of_before_keeps_its_hours_of_utc(tmp_path):
    words = stamps(400, BERLIN, SPRING)
    path = one(tmp_path, hourly(400), words)
    loaded = raw(path, **FIELDS)
    plain = loaded.panel.plain()
    assert plain["clock"].pop("written") is True
    old = type(loaded.panel).read(plain)
    found = inputs.latest([str(path)], old, loaded.reading)
    expected = angles(stamps(400, UTC, SPRING)[-24:])
    np.testing.assert_allclose(found.x[0, :, 1:3], expected, atol=1e-6)
