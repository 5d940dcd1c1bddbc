"""The rows of metrics.jsonl and timing.jsonl, validated when read, so that readers can rely on
them."""

from typing import Any

from pydantic import ConfigDict, Field

from etude.config import Config
from etude.errors import UsageError
from etude.locale.texts import Text


class Row(Config):
    """Base of all rows; fields that are not declared are allowed."""

    model_config = ConfigDict(extra="allow")


class Phase(Row):
    """The means of one training phase in an epoch."""

    loss: float


class Epoch(Row):
    """The metrics of one epoch."""

    epoch: int = Field(ge=0)
    step: int = Field(ge=0)
    train: dict[str, Phase] = Field(min_length=1)
    val: dict[str, float] = Field(min_length=1)


class Goal(Row):
    """A baseline: its name and its metrics."""

    what: str
    all: dict[str, float] = {}


class Sizes(Row):
    """The number of samples in each split."""

    train: int
    val: int
    test: int


class Checks(Row):
    """The result of the check for duplicates between splits."""

    shared: int
    looked_at: int
    first: str = ""
    last: str = ""
    classes: dict[str, int] = {}


class Result(Row):
    """The result of a finished run."""

    model: str
    title: str = ""
    data: str
    task: str
    goal: str
    test: dict[str, Any]
    baseline: Goal
    parameters: int
    epochs: int
    best_epoch: int
    top_epoch: int
    chosen: str = "validation"
    notes: tuple[str | Text, ...]
    sizes: Sizes | None = None
    checks: Checks | None = None
    code: int = 0


class Time(Row):
    """The clock time of an epoch or a part of one."""

    epoch: int
    seconds: float = Field(ge=0)
    samples: int = Field(ge=0)


class Accuracy(Row):
    """Fields that go with an accuracy."""

    accuracy_95: tuple[float, float]
    samples: int


class OneClass(Row):
    """Metrics of one class."""

    recall: float
    samples: int


class Confusion(Row):
    """The confusion matrix and the metrics by class."""

    confusion: tuple[tuple[int, ...], ...] = Field(min_length=1)
    per_class: dict[str, OneClass]
    classes: tuple[str, ...] = ()
    samples: int


class Distances(Row):
    """Energy distances of generated and of real images to real ones."""

    generated_distance: float
    real_distance: float


def checked(row: dict[str, Any]) -> dict[str, Any]:
    """Validate a row and return it. Raises ValueError with the missing or wrong fields."""
    try:
        if row.get("event") == "epoch":
            Epoch.read(row, "epoch")
        elif row.get("event") == "end":
            Result.read(row, "end")
            _measures(row)
        elif "seconds" in row:
            Time.read(row, "time")
    except UsageError as error:
        # Config's errors are about a user's recipe; the caller adds file and line to this one.
        raise ValueError("; ".join(error.items[:3]) or error.what) from None
    return row


def agree(rows: list[dict[str, Any]]) -> None:
    """Raise ValueError unless all epochs have the same metrics and the result's goal is one."""
    epochs = [row for row in rows if row.get("event") == "epoch"]
    # The empty string separates phases from metrics, so that a name cannot count as either.
    if len({(*sorted(row["train"]), "", *sorted(row["val"])) for row in epochs}) > 1:
        raise ValueError("its epochs have different measures")
    for row in rows:
        if row.get("event") == "end" and not (epochs and row["goal"] in epochs[0]["val"]):
            raise ValueError(f"no epoch has the result's goal {row['goal'][:40]!r}")


def _measures(row: dict[str, Any]) -> None:
    """Raise ValueError or UsageError unless the result has its goal and consistent details."""
    goal, test = row["goal"], row["test"]
    for where, metrics in (("test", test), ("baseline", row["baseline"])):
        if not isinstance(metrics.get(goal), int | float):
            raise ValueError(f"{where} has no number {goal[:40]!r}")
    if not isinstance(test.get("unit", ""), str):
        raise ValueError("its unit is not a string")
    if "accuracy_95" in test:
        Accuracy.read(test, "test")
    if "confusion" in test:
        Confusion.read(test, "test")
        # Readers index rows, columns and names by class, so all three counts must agree.
        sides = {len(line) for line in test["confusion"]}
        if sides != {len(test["confusion"])} or sides != {len(test["per_class"])}:
            raise ValueError("its confusion matrix is not square, or of other classes")
        if len(test.get("classes") or test["per_class"]) not in sides:
            raise ValueError("its classes are not those of its confusion matrix")
    if "generated_distance" in test:
        Distances.read(test, "test")
    if "matches_prior" in test and not isinstance(test.get("prior_ratio"), float):
        raise ValueError("test has no number 'prior_ratio'")
