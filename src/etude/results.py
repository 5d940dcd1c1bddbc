"""What a run came to, as typed values: rows of epochs and of time, baselines, the test result.

They are parsed once, when the file of a run is read, and passed as these objects. Words are made of
them at the edge, in either language.
"""

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from etude.config import Config
from etude.errors import InvalidValue, UsageError
from etude.locale.texts import Text, text


class Row(Config):
    """Base of all rows; fields that are not declared are allowed, so that later versions may add
    some."""

    model_config = ConfigDict(extra="allow")

    def plain(self) -> dict[str, object]:
        """The fields that were set, as plain JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


class PhaseRow(Row):
    """The means of one training phase in an epoch."""

    loss: float
    gradient_norm: float | None = None


class EpochRow(Row):
    """The metrics of one epoch: training losses by phase, and validation metrics."""

    event: Literal["epoch"] = "epoch"
    epoch: int = Field(ge=0)
    step: int = Field(ge=0)
    train: dict[str, PhaseRow] = Field(min_length=1)
    val: dict[str, int | float] = Field(min_length=1)


class TimeRow(Row):
    """The clock time of an epoch or a part of one."""

    epoch: int
    seconds: float = Field(ge=0)
    samples: int = Field(ge=0)


class Baseline(Row):
    """One baseline on the test split.

    kind: what it does, a key of its name (`baseline.KIND`); about: the values in that name. score:
    in the metric of the task.
    """

    kind: str
    score: float
    about: Mapping[str, str | int] = {}


class Thinned(Row):
    """A baseline of this kind was fitted to `used` of `samples` training samples only."""

    kind: str
    used: int
    samples: int


OLD_NAMES = {
    "logistic regression": "logistic",
    "ridge regression": "ridge",
    "ridge on random convolutions": "rocket",
    "always say the training mean": "mean",
    "persistence": "persistence",
    "seasonal naive": "seasonal",
    "linear map": "linear",
    "linear map of changes": "changes",
    "mean image": "mean-image",
}
"""The names that version 0.1.0 wrote, and their kinds."""


class Baselines(Row):
    """The baselines of a task on one data set, the best first. thinned: those that were fitted to a
    part of the training samples."""

    all: tuple[Baseline, ...] = Field(min_length=1)
    thinned: tuple[Thinned, ...] = ()
    note: str = ""
    """A sentence of version 0.1.0, which wrote `thinned` as prose."""

    @property
    def best(self) -> Baseline:
        """The best of them, with which the result is compared."""
        return self.all[0]

    @property
    def scores(self) -> dict[str, float]:
        """The score of each baseline by its kind."""
        return {each.kind: each.score for each in self.all}


def _with_typed_baselines(row: Mapping[str, object]) -> Mapping[str, object]:
    """The result of a run with its baselines as version 0.2.0 writes them.

    Version 0.1.0 wrote {"what": name, goal: score, "all": {name: score}, "note": sentence}.
    """
    old = row.get("baseline")
    if not isinstance(old, dict) or "what" not in old:
        return row
    best, every = str(old["what"]), old.get("all") or {}
    if not isinstance(every, dict):
        raise InvalidValue(text("results.baselines"))
    every = {best: old.get(str(row.get("goal"))), **every}
    scores = [{**_old_name(str(name)), "score": score} for name, score in every.items()]
    return {**row, "baseline": {"all": scores, "note": old.get("note", "")}}


def _old_name(name: str) -> dict[str, object]:
    """Kind and values of a baseline by the name that version 0.1.0 gave it."""
    # DOTALL: a class name from the data may contain a line break.
    if match := re.fullmatch("always say '?(.*?)'?, the commonest class", name, re.DOTALL):
        return {"kind": "majority", "about": {"name": match[1]}}
    if match := re.fullmatch(r"PCA, (\d+) numbers", name):
        return {"kind": "pca", "about": {"numbers": int(match[1])}}
    return {"kind": OLD_NAMES.get(name, name)}


class Sizes(Row):
    """The number of samples in each split."""

    train: int
    val: int
    test: int


class Checks(Row):
    """Duplicates between splits, times of a series, and the samples of each class."""

    shared: int
    looked_at: int
    first: str = ""
    last: str = ""
    classes: dict[str, int] = {}


class ClassRow(Row):
    """Metrics of one class."""

    recall: float
    samples: int


class Versus(Row):
    """A forecast against the better naive one, `kind`, whose mean absolute error is `score`: the
    mean difference of the errors, positive in favour of the network, with the ends of its 95 %
    interval over `blocks` stretches of the test split."""

    kind: str
    score: float
    difference: float
    low: float
    high: float
    blocks: int


class SeriesRow(Row):
    """Errors of one of several series, in its own units."""

    mae: float
    mase: float


class TestMetrics(Row):
    """Metrics on the test split; which of them there are depends on the task.

    Metrics that are not declared here, those of plugins included, are read by `value`.
    effective_samples: the number of samples of equal weight that make the goal as certain as it is;
    0 if that is `samples`.
    """

    samples: int = 0
    effective_samples: int = 0
    unit: str = ""
    versus: Versus | None = None
    mase: float | None = None
    by_series: dict[str, SeriesRow] = {}
    coverage: float | None = None
    nominal: float = 0.0
    accuracy_95: tuple[float, float] | None = None
    balanced_accuracy: float | None = None
    balanced_accuracy_95: tuple[float, float] | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    per_class: dict[str, ClassRow] = {}
    classes: tuple[str, ...] = ()
    matches_prior: bool | None = None
    prior_ratio: float = 0.0
    prior_distance: float = 0.0
    generated_distance: float | None = None
    real_distance: float | None = None
    outputs: tuple[str, ...] = ()
    by_output: dict[str, tuple[float, ...]] = {}

    @property
    def certainty(self) -> int:
        """The number of samples that decides how certain the goal is; 0 if it is not known."""
        return self.effective_samples or self.samples

    def interval(self, goal: str) -> tuple[float, float] | None:
        """The 95 % interval of the metric of this name from this run, if it has one."""
        by_goal = {
            "accuracy": self.accuracy_95,
            "balanced_accuracy": self.balanced_accuracy_95,
        }
        return by_goal.get(goal)

    def value(self, goal: str) -> float:
        """The metric of this name. Raises InvalidValue if there is no such number."""
        value = getattr(self, goal, None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidValue(text("results.number", name=goal[:40]))
        return float(value)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Readers index rows, columns and names by class, so all three counts must agree."""
        intervals = (self.accuracy_95, self.balanced_accuracy_95)
        if any(each is not None for each in intervals) and self.samples < 1:
            raise InvalidValue(text("results.interval"))
        sides = {len(line) for line in self.confusion}
        if self.confusion and sides != {len(self.confusion)}:
            raise InvalidValue(text("results.confusion.square"))
        if self.confusion and sides != {len(self.per_class)}:
            raise InvalidValue(text("results.confusion.rows"))
        if self.confusion and len(self.classes or self.per_class) not in sides:
            raise InvalidValue(text("results.confusion.classes"))
        if (self.generated_distance is None) != (self.real_distance is None):
            raise InvalidValue(text("results.distances"))
        if self.matches_prior is not None and "prior_ratio" not in self.model_fields_set:
            raise InvalidValue(text("results.number", name="prior_ratio"))
        return self


class RunResult(Row):
    """The result of a finished run.

    title: the name of the model in sentences. goal: the metric that runs are compared by. val: the
    validation metrics of the selected weights, of `best_epoch`; `top_epoch` is the best epoch by
    validation. chosen: the rule that selected them. code: the width of an autoencoder's codes.
    """

    event: Literal["end"] = "end"
    model: str
    title: str = ""
    preset: str = ""
    seed: int = 0
    data: str
    task: str
    goal: str
    test: TestMetrics
    val: dict[str, int | float] = {}
    baseline: Baselines
    parameters: int
    epochs: int
    best_epoch: int
    top_epoch: int
    chosen: str = "validation"
    notes: tuple[str | Text, ...] = ()
    sizes: Sizes | None = None
    checks: Checks | None = None
    code: int = 0

    @property
    def score(self) -> float:
        """The goal on the test split."""
        return self.test.value(self.goal)

    @model_validator(mode="after")
    def _has_its_goal(self) -> Self:
        self.test.value(self.goal)
        return self


AnyRow = EpochRow | RunResult | TimeRow | Row
KINDS: dict[str, type[Row]] = {"epoch": EpochRow, "end": RunResult}


def parse(row: Mapping[str, object]) -> AnyRow:
    """A row of a run by its kind. Raises InvalidValue with the missing or wrong fields."""
    kind = KINDS.get(str(row.get("event")), TimeRow if "seconds" in row else Row)
    try:
        return kind.read(_with_typed_baselines(row), str(row.get("event", "time")))
    except UsageError as error:
        # Config's errors are about a user's recipe; the caller adds file and line to this one.
        faults = error.items[:3] or (error.what,)
        raise InvalidValue(text("results.faults", faults=faults)) from None


def require_agreement(rows: list[AnyRow]) -> None:
    """Raise InvalidValue unless all epochs have the same metrics and the result's goal is one."""
    epochs = [row for row in rows if isinstance(row, EpochRow)]
    # The empty string separates phases from metrics, so that a name cannot count as either.
    if len({(*sorted(row.train), "", *sorted(row.val)) for row in epochs}) > 1:
        raise InvalidValue(text("results.metrics"))
    for row in rows:
        if isinstance(row, RunResult) and not (epochs and row.goal in epochs[0].val):
            raise InvalidValue(text("results.goal", name=row.goal[:40]))
