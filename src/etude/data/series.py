"""series: monthly airline passengers, 1949 to 1960, to forecast a year ahead. Embedded.

Source: G. Box, G. Jenkins, "Time Series Analysis: Forecasting and Control", 1976, series G; the
file is as distributed with aeon (BSD 3-Clause). 144 months, in thousands of passengers.

Splits follow time. The test split has every year-long forecast whose months all lie in the last two
years (1959 and 1960), the validation split those of the two years before, the training split all
earlier ones. The numbers grow by a factor per year, not by a constant amount, so they are modelled
as logarithms, as in the book.
"""

import csv
from importlib.resources import files

import numpy as np
from pydantic import Field

from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.errors import UsageError
from etude.locale.texts import text

TESTED = 24
"""Months in the validation split, and in the test split."""
SEASON = 12


class Config(DataConfig):
    """The size of the windows. Splits follow time, so val_fraction has no effect."""

    length: int = Field(default=24, ge=SEASON, description="config.series.length")
    horizon: int = Field(default=12, ge=1, le=TESTED, description="config.series.horizon")


def load(config: Config) -> Raw:
    """Windows [n L 1] and the months that follow them [n horizon], float32."""
    table = files("etude.data").joinpath("files/airline.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    values = np.array([float(row["Passengers"]) for row in rows], np.float32)
    months = [row["Date"] for row in rows]

    def windows(first: int, last: int) -> Split:
        """Every window whose forecast lies in first <= month < last; its input may lie earlier."""
        # Before the first target there must be a whole input window.
        targets = range(max(first, config.length), last - config.horizon + 1)
        x = np.array([values[t - config.length : t] for t in targets], np.float32)
        y = np.array([values[t : t + config.horizon] for t in targets], np.float32)
        names = tuple(f"{months[t]} to {months[t + config.horizon - 1]}" for t in targets)
        return Split(x[..., None], y, names=names)

    end = len(values)
    if config.length + config.horizon > end - 2 * TESTED:
        room = end - 2 * TESTED - config.horizon
        raise UsageError(
            text(
                "data.series.short",
                length=config.length,
                months=end - 2 * TESTED,
                horizon=config.horizon,
            ),
            do=text("data.series.short.do", least=SEASON, most=room),
        )
    return Raw(
        name="series",
        kind="sequence",
        target="forecast",
        train=windows(0, end - 2 * TESTED),
        val=windows(end - 2 * TESTED, end - TESTED),
        test=windows(end - TESTED, end),
        unit="thousand passengers",
        log=True,
        season=SEASON,
        notes=(text("data.note.months", first=months[end - TESTED], last=months[-1]),),
    )


SOURCE = Source(Config, load, text("source.series.summary"))
