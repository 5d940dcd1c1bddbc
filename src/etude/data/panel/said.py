"""What is said about series: their steps, gaps, season, splits, and what looks like a leak."""

from collections.abc import Iterator

import numpy as np

from etude.data.panel.build import Found, gap_text
from etude.data.panel.card import Panel
from etude.data.panel.clock import HOUR
from etude.data.panel.zones import is_change
from etude.errors import plain
from etude.locale.texts import Text, listed, text

SHOWN = 5
LEAK = 0.98
"""Correlation with the target, above which a column known in advance may be the answer itself."""


def notes(found: Found, panel: Panel) -> Iterator[Text]:
    """Everything that was decided about series, for the user."""
    clock, cuts = found.clock, found.cuts
    yield text(
        "data.note.panel.summary",
        series=len(found.rows),
        first=clock.at(cuts.first),
        last=clock.at(cuts.end - 1),
        step=clock.words,
        length=panel.length,
        horizon=panel.horizon,
    )
    yield from _gaps(found, panel)
    if panel.season:
        yield text("data.note.panel.season", season=panel.season)
    elif clock.seasons:
        yield text("data.note.panel.no_season", season=clock.seasons[0])
    if panel.log:
        yield text("data.note.panel.log")
    if panel.calendar:
        parts = tuple(text(f"data.panel.part.{part}") for part in panel.calendar)
        yield text("data.note.panel.calendar", parts=parts)
    yield text(
        "data.note.panel.splits",
        train=clock.at(cuts.val - 1),
        val=clock.at(cuts.val),
        test=clock.at(cuts.test),
        last=clock.at(cuts.end - 1),
    )
    if len(found.rows) > 1:
        yield text("data.note.panel.several", series=len(found.rows))
    if found.out:
        yield text("data.note.panel.out", series=listed(found.out[:SHOWN], len(found.out)))
    counts = panel.windows.get("test", ())
    early = [one.name for one, count in zip(found.rows, counts, strict=False) if not count]
    if early:
        names = listed([plain(name) for name in early[:SHOWN]], len(early))
        yield text("data.note.panel.no_test", series=names, count=len(early))
    yield from _leaks(found)


def _gaps(found: Found, panel: Panel) -> Iterator[Text]:
    clock = found.clock
    every = [
        (one.name if len(found.rows) > 1 else "", gap)
        for one, gaps in zip(found.rows, found.gaps, strict=True)
        for gap in gaps
    ]
    filled = sum(int(run.filled.sum()) for runs in found.runs for run in runs)
    if filled:
        yield text("data.note.panel.filled", steps=filled, most=panel.fill)
    if every:
        named = [gap_text(clock, name, gap) for name, gap in every[:SHOWN]]
        steps = sum(gap.steps for _, gap in every)
        values = {"count": len(every), "steps": steps, "gaps": listed(named, len(every))}
        yield text("data.note.panel.gaps", **values)
    if clock.kind == "time" and not clock.utc and clock.step <= HOUR:
        for _, gap in every:
            time = int(clock.times(np.array([gap.first]))[0])
            if gap.steps * clock.step == HOUR and is_change(time):
                yield text("data.note.panel.clock_change", time=clock.at(gap.first))
                return


def _leaks(found: Found) -> Iterator[Text]:
    """A warning for each column known in advance that nearly is the target of the same step."""
    runs = [run for of_series in found.training for run in of_series]
    names = [name for name in found.layout.known for _ in range(found.layout.width(name))]
    value = np.concatenate([run.value - run.value.mean() for run in runs])
    for column, name in enumerate(names):
        other = np.concatenate([run.known[:, column] - run.known[:, column].mean() for run in runs])
        both = float(np.sqrt((value**2).sum() * (other**2).sum()))
        share = float((value * other).sum()) / both if both else 0.0
        if abs(share) > LEAK:
            yield text("data.note.panel.leak", name=plain(name), value=share)
