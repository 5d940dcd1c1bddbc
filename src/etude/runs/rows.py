"""The rows of metrics.jsonl and timing.jsonl, checked when read: their readers trust them."""

from typing import Any

from pydantic import ConfigDict, Field

from etude.config import Config
from etude.errors import UsageError


class Row(Config):
    """A row may say more than its readers need."""

    model_config = ConfigDict(extra="allow")


class Phase(Row):
    """What a phase of training came to in an epoch."""

    loss: float


class Epoch(Row):
    """What an epoch came to."""

    epoch: int = Field(ge=0)
    step: int = Field(ge=0)
    train: dict[str, Phase] = Field(min_length=1)
    val: dict[str, float] = Field(min_length=1)


class Goal(Row):
    """A naive baseline: its measures, and what it is."""

    what: str
    all: dict[str, float] = {}


class Sizes(Row):
    """Samples by split."""

    train: int
    val: int
    test: int


class Checks(Row):
    """What was looked at for leaks."""

    shared: int
    looked_at: int
    first: str = ""
    last: str = ""
    classes: dict[str, int] = {}


class Result(Row):
    """What a finished run came to."""

    model: str
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
    notes: tuple[str, ...]
    sizes: Sizes | None = None
    checks: Checks | None = None
    code: int = 0


class Time(Row):
    """What an epoch, or a part of one, took."""

    epoch: int
    seconds: float = Field(ge=0)
    samples: int = Field(ge=0)


class Accuracy(Row):
    """What is said of an accuracy."""

    accuracy_95: tuple[float, float]
    samples: int


class OneClass(Row):
    """What is said of a class."""

    recall: float
    samples: int


class Confusion(Row):
    """What is said of classes."""

    confusion: tuple[tuple[int, ...], ...] = Field(min_length=1)
    per_class: dict[str, OneClass]
    classes: tuple[str, ...] = ()
    samples: int


class Distances(Row):
    """How far new images are from real ones."""

    generated_distance: float
    real_distance: float


def checked(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose readers can rely on it. Raises ValueError saying what is missing or wrong."""
    try:
        if row.get("event") == "epoch":
            Epoch.read(row, "epoch")
        elif row.get("event") == "end":
            Result.read(row, "end")
            _measures(row)
        elif "seconds" in row:
            Time.read(row, "time")
    except UsageError as error:
        raise ValueError("; ".join(error.items[:3]) or error.what) from None
    return row


def agree(rows: list[dict[str, Any]]) -> None:
    """Raise ValueError unless all epochs have the same measures, a result's goal among them."""
    epochs = [row for row in rows if row.get("event") == "epoch"]
    if len({(*sorted(row["train"]), "", *sorted(row["val"])) for row in epochs}) > 1:
        raise ValueError("its epochs have different measures")
    for row in rows:
        if row.get("event") == "end" and not (epochs and row["goal"] in epochs[0]["val"]):
            raise ValueError(f"no epoch has the result's goal {row['goal'][:40]!r}")


def _measures(row: dict[str, Any]) -> None:
    """Raise ValueError or UsageError unless the result has its goal, and what goes with it."""
    goal, test = row["goal"], row["test"]
    for where, found in (("test", test), ("baseline", row["baseline"])):
        if not isinstance(found.get(goal), int | float):
            raise ValueError(f"{where} has no number {goal[:40]!r}")
    if not isinstance(test.get("unit", ""), str):
        raise ValueError("its unit is no text")
    if "accuracy_95" in test:
        Accuracy.read(test, "test")
    if "confusion" in test:
        Confusion.read(test, "test")
        sides = {len(line) for line in test["confusion"]}
        if sides != {len(test["confusion"])} or sides != {len(test["per_class"])}:
            raise ValueError("its confusion matrix is not square, or of other classes")
        if len(test.get("classes") or test["per_class"]) not in sides:
            raise ValueError("its classes are not those of its confusion matrix")
    if "generated_distance" in test:
        Distances.read(test, "test")
    if "matches_prior" in test and not isinstance(test.get("prior_ratio"), float):
        raise ValueError("test has no number 'prior_ratio'")
