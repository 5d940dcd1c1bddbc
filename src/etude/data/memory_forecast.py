"""memory-forecast: series in a frame instead of a file, to forecast their next steps.

    etude.train("mlp", data=frame, **{"data.target": "kw", "data.horizon": 24})   # pandas, polars
    etude.train("mlp", data=frame, **{"data.target": "*", "data.horizon": 24})    # wide

Columns are read as those of a file are (see `forecast`); an index of dates is the time. `memory` is
the source of all other objects, and `data.horizon` or any other field of series leads here.
"""

from etude.data import forecast
from etude.data.dataset import Raw, Source
from etude.data.tabular.objects import is_frame, series_of
from etude.errors import DataError
from etude.locale.texts import text
from etude.recipe import MEMORY

WHERE = "data"


class Config(forecast.SeriesConfig):
    """How the columns of a frame are read as series."""


def load(config: Config) -> Raw:
    """Always raises DataError: objects cannot be found again by a name."""
    raise DataError(text("data.memory.gone"), do=text("data.memory.gone.do"))


def raw_from(data: object, config: Config) -> Raw:
    """The windows of the series in a frame. Raises DataError for any other object, and as
    `forecast.load`."""
    if not is_frame(data):
        raise DataError(
            text("data.memory.no_series", type=type(data).__name__),
            do=text("data.memory.no_series.do"),
        )
    table = series_of(data, config.missing_words)
    return forecast.of_table(table, config, WHERE, MEMORY)


SOURCE = Source(Config, load, text("source.memory-forecast.summary"), objects=raw_from)
