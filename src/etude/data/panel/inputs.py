"""Read the latest rows of series for a trained model, and give its answers their dates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etude.data.panel.card import Panel
from etude.data.panel.reading import Rows, read
from etude.data.panel.windows import Run, features, runs_of, unscaled
from etude.data.tabular import files, objects, reader
from etude.data.tabular.dialect import Reading
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Sentence, text


@dataclass(frozen=True)
class Latest:
    """The last window of each series in a file. x [n T Q]; places [n]: of the series in the Panel;
    last [n]: the step of the last row."""

    x: np.ndarray
    places: tuple[int, ...]
    last: tuple[int, ...]
    names: tuple[str, ...]


def latest(paths: Sequence[str], panel: Panel, reading: Reading) -> Latest:
    """The last windows of the series in one file. Raises DataError with each series that has too
    few steps, is unknown, or lacks rows of columns that must be known in advance."""
    if len(paths) != 1:
        raise DataError(text("data.panel.one_file", count=len(paths)))
    path = Path(paths[0])
    return _latest(files.read(path, reading, None), panel, str(path))


def latest_of(data: Any, panel: Panel, reading: Reading) -> Latest:
    """`latest` for a frame or a list of mappings."""
    return _latest(objects.series_of(data, frozenset(reading.missing)), panel, "data")


def _latest(table: reader.Table, panel: Panel, where: str) -> Latest:
    # What is constant in each series is stored with the run.
    layout = panel.layout.model_copy(update={"static": ()})
    every = read(table, layout, where, panel.clock, skip=False)
    if every.utc != panel.clock.utc:
        raise DataError(text("data.panel.utc", path=where, utc="yes" if panel.clock.utc else "no"))
    known = panel.names()
    problems: list[Sentence] = []
    found = []
    for rows in every.series:
        try:
            # One series has one name in the run, whatever its file calls it.
            place = known.get(rows.name)
            if place is None:
                raise InvalidValue(text("data.panel.unknown", series=plain(rows.name)))
            run = _last_run(rows, panel)
            found.append((_window(rows, run, panel, place), place, run.first + len(run) - 1, rows))
        except InvalidValue as error:
            problems.append(error.what)
    if problems:
        raise DataError(
            text("data.panel.latest", path=where),
            items=problems,
            do=text("data.panel.latest.do", length=panel.length, step=panel.clock.words),
        )
    x = np.stack([window for window, *_ in found]).astype(np.float32)
    places, last = tuple(one[1] for one in found), tuple(one[2] for one in found)
    return Latest(x, places, last, tuple(rows.name or where for *_, rows in found))


def _last_run(rows: Rows, panel: Panel) -> Run:
    """The last successive steps of a series, at least as many as the model reads. Raises
    InvalidValue."""
    name = plain(rows.name)
    runs, gaps = runs_of(rows, panel.clock, panel.gaps, panel.fill)
    if not runs:
        raise InvalidValue(text("data.panel.none", series=name))
    run = runs[-1]
    if len(run) < panel.length:
        about = {"series": name, "steps": len(run), "length": panel.length}
        if gaps:
            ends = {"first": panel.clock.at(gaps[-1].first), "last": panel.clock.at(gaps[-1].last)}
            raise InvalidValue(text("data.panel.gap_in_window", **about, **ends))
        raise InvalidValue(text("data.panel.few", **about))
    if panel.log and (run.value[-panel.length :] <= 0).any():
        raise InvalidValue(text("data.panel.positive", series=name))
    return run


def _window(rows: Rows, run: Run, panel: Panel, place: int) -> np.ndarray:
    """The features [T Q] of the last `length` steps of a run, and of the steps to forecast if
    columns are known in advance. Raises InvalidValue for those without rows."""
    length, horizon = panel.length, panel.horizon
    tail = run.part(len(run) - length, len(run))
    past, _ = features(tail, panel, place)
    if not panel.known:
        return past
    end = run.first + len(run)
    numbers = panel.clock.steps(rows.times)
    wanted = np.arange(end, end + horizon)
    at = np.searchsorted(numbers, wanted)
    there = (at < len(numbers)) & (numbers[np.minimum(at, len(numbers) - 1)] == wanted)
    ahead = rows.known[np.where(there, at, 0)]
    lacking = ~there | np.isnan(ahead).any(1)
    if lacking.any():
        missing = panel.clock.at(int(wanted[lacking.argmax()]))
        about = {"series": plain(rows.name), "columns": panel.layout.known, "time": missing}
        raise InvalidValue(text("data.panel.no_future", **about, count=int(lacking.sum())))
    value = np.full(horizon, tail.value[-1])  # is not read
    nothing = np.zeros((horizon, run.seen.shape[1]))
    offsets = rows.offsets[np.where(there, at, 0)]
    filled = np.zeros(horizon, bool)
    _, future = features(Run(end, value, nothing, ahead, offsets, filled), panel, place)
    return np.concatenate([past, future])


def dated(
    found: Latest, panel: Panel, answers: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, object]]:
    """The answers of the model with the time of each step, in the units of each series."""
    for name, place, last, answer in zip(
        found.names, found.places, found.last, answers, strict=True
    ):
        steps = range(last + 1, last + 1 + panel.horizon)
        result: dict[str, object] = {
            "input": name,
            "times": [panel.clock.at(step) for step in steps],
            "value": _own(answer["value"], panel, place),
            "unit": panel.unit,
        }
        if bands := answer.get("quantiles"):
            result["quantiles"] = {
                level: _own(values, panel, place) for level, values in bands.items()
            }
        yield result


def _own(values: Sequence[float], panel: Panel, place: int) -> list[float]:
    """A forecast in the units of its series: several series are standardised."""
    if len(panel.series) == 1:
        return list(values)
    return [float(value) for value in unscaled(np.array(values), panel, place)]


def lines(predictions: Sequence[Mapping[str, Any]], panel: Panel) -> list[list[str]]:
    """The header and the rows of a file with forecasts: series, time, value and quantiles."""
    several = len(panel.series) > 1
    levels = tuple(predictions[0].get("quantiles", {}))
    target = panel.layout.targets[0] if len(panel.layout.targets) == 1 else "value"
    head = ["series"] if several else []
    rows = [[*head, "time", target, *(f"q{level}" for level in levels)]]
    for one in predictions:
        for i, time in enumerate(one["times"]):
            cells = [time, repr(one["value"][i]), *(repr(one["quantiles"][q][i]) for q in levels)]
            rows.append([one["input"], *cells] if several else cells)
    return rows
