"""What a run stores of its series, so that new files are read and answered alike."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from etude.config import Config
from etude.data.panel.clock import Clock
from etude.data.panel.reading import Gaps, Layout

Part = Literal["day", "week", "year"]
PARTS: dict[Part, int] = {"day": 2, "week": 2, "year": 2}


class Scale(Config):
    """One series: mean and std of its training part, of logarithms if they are modelled. naive: the
    mean absolute error of the naive forecast within it, in its own units, by which MASE divides.
    start, end: its first and last step in the data."""

    name: str
    mean: float
    std: float = Field(gt=0)
    naive: float = Field(gt=0)


class Panel(Config):
    """How series are read, scaled and cut into windows.

    length, horizon: steps of input and of forecast. gaps, fill: what becomes of missing steps.
    calendar: the parts of time that are features. log: whether logarithms are modelled. relative:
    whether each window is centred and scaled by itself. seen, known: (mean, std) of the features of
    these columns. windows: of each split, how many each series has; samples are in this order.
    """

    layout: Layout
    clock: Clock
    length: int = Field(ge=1)
    horizon: int = Field(ge=1)
    season: int = Field(default=0, ge=0)
    gaps: Gaps = "break"
    fill: int = Field(default=0, ge=0)
    calendar: tuple[Part, ...] = ()
    identity: bool = False
    log: bool = False
    relative: bool = True
    unit: str = ""
    series: tuple[Scale, ...] = Field(min_length=1)
    seen: tuple[tuple[float, float], ...] = ()
    known: tuple[tuple[float, float], ...] = ()
    static: tuple[tuple[float, ...], ...] = ()
    windows: dict[str, tuple[int, ...]] = {}

    @property
    def steps(self) -> int:
        """Steps of a sample: with columns that are known in advance also those of the forecast."""
        return self.length + (self.horizon if self.known else 0)

    @property
    def channels(self) -> int:
        """Features of each step: the value; a flag where it is unknown or filled; columns."""
        fixed = len(self.static[0]) if self.static else 0
        flags = bool(self.known) + (self.gaps == "fill")
        parts = sum(PARTS[part] for part in self.calendar)
        own = len(self.series) if self.identity else 0
        return 1 + flags + len(self.seen) + len(self.known) + parts + fixed + own

    @property
    def of_targets(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(mean, std) of targets: of a single series in its units; several are standardised."""
        if len(self.series) > 1:
            return (0.0,), (1.0,)
        return (self.series[0].mean,), (self.series[0].std,)

    def names(self) -> Mapping[str, int]:
        """The place of each series by its name."""
        return {one.name: place for place, one in enumerate(self.series)}
