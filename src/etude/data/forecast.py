"""forecast: the next steps of series of your own, from a CSV, TSV or JSON-lines file.

    etude train lstm --data load.csv data.target=kw data.time=when data.series=meter data.horizon=24
    etude train mlp --data wide.csv data.target=* data.horizon=96 data.length=336
    etude predict runs/lstm-load latest.csv --out next.csv

Rows are series, long or wide (see `panel.reading`). The step is found; a window never spans a gap;
the splits follow time and are common to all series. Several series share one network: each is
standardised by its own training part, and errors are in these standard deviations.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from etude.data.bad import Bad
from etude.data.dataset import Raw, Source, Split
from etude.data.panel import build, said
from etude.data.panel.card import Panel
from etude.data.panel.reading import ROWS, Gaps, Layout, bad_lines, read
from etude.data.panel.windows import Windows, names_of
from etude.data.tabular import files, reader
from etude.data.tabular.columns import Dates
from etude.data.tabular.dialect import Reading
from etude.data.tabular.text import MissingConfig, TextConfig
from etude.data.tree import shown
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

NAMED = 100_000
"""With more windows, a name for each would take too much memory for its use."""
TARGETS = ("target", "value", "y")
TIMES = ("time", "date", "datetime", "timestamp", "when", "ds", "month", "day", "year", "hour")
"""Names of the columns to forecast and of time, if the user names none."""
SHOWN = 50


class SeriesConfig(MissingConfig):
    """Which columns are what, how windows are cut, and where splits begin. val_fraction has no
    effect, because the splits follow time."""

    target: tuple[str, ...] = Field(default=(), description="config.forecast.target")
    time: str = Field(default="", description="config.forecast.time")
    series: tuple[str, ...] = Field(default=(), description="config.forecast.series")
    horizon: int | None = Field(
        default=None, ge=1, le=10_000, description="config.forecast.horizon"
    )
    length: int | None = Field(default=None, ge=1, le=100_000, description="config.forecast.length")
    season: int | None = Field(default=None, ge=0, description="config.forecast.season")
    seen: tuple[str, ...] = Field(default=(), description="config.forecast.seen")
    known: tuple[str, ...] = Field(default=(), description="config.forecast.known")
    static: tuple[str, ...] = Field(default=(), description="config.forecast.static")
    calendar: Literal["auto", "none", "day", "week", "year", "all"] = Field(
        default="auto", description="config.forecast.calendar"
    )
    identity: bool = Field(default=False, description="config.forecast.identity")
    relative: Literal["auto", "yes", "no"] = Field(
        default="auto", description="config.forecast.relative"
    )
    log: Literal["auto", "yes", "no"] = Field(default="auto", description="config.forecast.log")
    gaps: Gaps = Field(default="break", description="config.forecast.gaps")
    fill: int = Field(default=3, ge=1, description="config.forecast.fill")
    step: str = Field(default="", description="config.forecast.step")
    zone: str = Field(default="", description="config.table.zone")
    test: int | str = Field(default="auto", description="config.forecast.test")
    val: int | str = Field(default="auto", description="config.forecast.val")
    until: int | str = Field(default="auto", description="config.forecast.until")
    stride: int = Field(default=1, ge=1, description="config.forecast.stride")
    unit: str = Field(default="", max_length=100, description="config.table.unit")
    dates: Dates = Field(default="auto", description="config.table.dates")


class Config(SeriesConfig, TextConfig):
    """The file and how its text is read."""

    path: str = Field(description="config.table.path")
    rows: int | None = Field(default=None, ge=1, description="config.table.rows")


def load(config: Config) -> Raw:
    """Windows of all series [n T Q] and the steps that follow them [n H]. Raises DataError with all
    that cannot be used, UsageError for windows that are longer than the series."""
    path = Path(config.path)
    table = files.read(path, _reading(config), config.rows)
    return of_table(table, config, shown(path), _title(path))


def _title(path: Path) -> str:
    return path.name.split(".")[0] or "series"


def of_table(table: reader.Table, config: SeriesConfig, where: str, title: str) -> Raw:
    """The windows of the series in a table. where: what messages call it; title: its name in
    reports. Raises as `load`."""
    every = read(table, _layout(table, config, where), where, None, skip=config.skip_bad)
    asked = build.Asked(**{name: getattr(config, name) for name in build.Asked.model_fields})
    found = build.found(every, asked, where)
    panel = build.panel(found, asked, config.unit)
    splits = {
        part: build.cut(found, panel, part, config.stride if part == "train" else 1)
        for part in ("train", "val", "test")
    }
    counts = {part: one.count for part, one in splits.items()}
    panel = panel.model_copy(update={"windows": counts})
    left_out = bad_lines(table) + every.left_out if config.skip_bad else ()
    return _raw(title, splits, panel, found, left_out, (*table.notes, *said.notes(found, panel)))


def whole(table: reader.Table, config: SeriesConfig, where: str) -> Raw:
    """Windows of all steps of all series, for training alone: nothing is held back for validation
    or for the test, and everything is learned from all steps. Raises as `load`."""
    every = read(table, _layout(table, config, where), where, None, skip=config.skip_bad)
    asked = build.Asked(**{name: getattr(config, name) for name in build.Asked.model_fields})
    found = build.found(every, asked, where)
    end = found.cuts.end
    found = replace(found, cuts=replace(found.cuts, val=end, test=end))
    panel = build.panel(found, asked, config.unit)
    train = build.cut(found, panel, "train", config.stride)
    panel = panel.model_copy(update={"windows": {"train": train.count}})
    none = Windows(train.x[:0], train.y[:0], train.begins[:0], ())
    return _raw(
        _title(Path(where)), {"train": train, "val": none, "test": none}, panel, found, (), ()
    )


def _raw(
    title: str,
    splits: dict[str, Windows],
    panel: Panel,
    found: build.Found,
    left_out: tuple[Bad, ...],
    notes: tuple[Text, ...],
) -> Raw:
    train, val, test = (_split(splits[part], panel) for part in ("train", "val", "test"))
    single = len(panel.series) == 1
    return Raw(
        name=title,
        kind="sequence",
        target="forecast",
        train=train,
        val=val,
        test=test,
        unit=panel.unit if single else "sd",
        log=panel.log and single,
        season=panel.season,
        notes=notes,
        left_out=left_out,
        reading=found.reading,
        panel=panel,
    )


def _split(found: Windows, panel: Panel) -> Split:
    names = tuple(names_of(found, panel)) if len(found.x) <= NAMED else ()
    return Split(found.x, found.y, names=names)


def _reading(config: Config) -> Reading:
    return config.reading.model_copy(update={"missing": tuple(sorted(config.missing_words))})


def _layout(table: reader.Table, config: SeriesConfig, where: str) -> Layout:
    """The columns of a table by what the user says, and by their names. Raises DataError for
    columns that do not exist or have two purposes."""
    problems: list[Text] = []
    purposes: dict[str, str] = {}
    every = {
        "target": config.target if config.target != ("*",) else (),
        "time": (config.time,) if config.time not in ("", ROWS) else (),
        **{key: getattr(config, key) for key in ("series", "seen", "known", "static")},
    }
    for key, names in every.items():
        for name in names:
            if name not in table.names:
                problems.append(text("data.table.no_column", field=key, name=plain(name)))
            elif name in purposes and purposes[name] != key:
                both = {"name": plain(name), "one": purposes[name], "other": key}
                problems.append(text("data.panel.purposes", **both))
            purposes[name] = key
    if problems:
        raise DataError(
            text("data.table.no_columns", path=where),
            items=problems,
            do=text("data.table.no_columns.do", names=tuple(map(plain, table.names[:SHOWN]))),
        )
    time = config.time or _by_name(table, TIMES, purposes) or _first_date(table, purposes)
    if not time:
        raise DataError(
            text("data.panel.time", path=where),
            do=text("data.panel.time.which", names=tuple(map(plain, table.names[:SHOWN]))),
        )
    rest = tuple(name for name in table.names if name not in purposes and name != time)
    targets = config.target
    if targets == ("*",):
        targets = rest
    elif not targets:
        name = _by_name(table, TARGETS, purposes)
        targets = (name,) if name else rest if len(rest) == 1 else ()
    if not targets:
        raise DataError(
            text("data.table.no_target", path=where),
            do=text("data.panel.target.do", names=tuple(map(plain, rest[:SHOWN]))),
        )
    return Layout(
        time=time,
        series=config.series,
        targets=targets,
        seen=config.seen,
        known=config.known,
        static=config.static,
        dates=config.dates,
        zone=config.zone,
        resample=config.step,
    )


def _by_name(table: reader.Table, words: tuple[str, ...], taken: dict[str, str]) -> str:
    """The first column with one of these names, in any case; "" if there is none."""
    by_word = {name.lower(): name for name in reversed(table.names) if name not in taken}
    return next((by_word[word] for word in words if word in by_word), "")


def _first_date(table: reader.Table, taken: dict[str, str]) -> str:
    """The first column of dates; "" if there is none."""
    for name, cells in zip(table.names, table.cells, strict=True):
        if name not in taken and cells.moments and any(cells.filled()):
            return name
    return ""


SOURCE = Source(
    Config,
    load,
    text("source.forecast.summary"),
    data_in=(*files.SUFFIXES, "folder"),
    recognises=files.is_table,
    rank=2,
)
