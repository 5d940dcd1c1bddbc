"""The YAML at the head of a model card: what the Hub reads of a model, with its test results."""

import re
from collections.abc import Iterator
from typing import Any

from etude.data.card import Card
from etude.errors import UsageError
from etude.hub import layout
from etude.hub.library import opened
from etude.inspection.subject import Subject
from etude.locale.texts import text
from etude.results import TestMetrics
from etude.tasks.protocol import Generator

LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}", re.ASCII)
UNKNOWN = "other"
"""The license of a model whose author did not say one: it is never guessed."""
PIPELINES = (
    "image-classification", "tabular-classification", "tabular-regression",
    "time-series-forecasting", "unconditional-image-generation",
)  # fmt: skip
"""The tasks here that the Hub has a page of."""
SETTINGS = ("nominal", "prior_distance")
"""Numbers of a test result that measure nothing by themselves."""


def require_license(license_: str | None) -> str:
    """The license, "other" for None. Raises UsageError for what is no identifier of the Hub."""
    if license_ is None:
        return UNKNOWN
    if not LICENSE.fullmatch(license_):
        near = re.sub(r"[^a-z0-9.+]+", "-", license_.lower()).strip("-") or UNKNOWN
        raise UsageError(
            text("hub.license", license=license_[:100]), do=text("hub.license.do", near=near)
        )
    return license_


def task_type(subject: Subject) -> str:
    """The kind of problem in the words of the Hub, by the data and the task."""
    card = subject.card
    if isinstance(subject.task, Generator):
        return "unconditional-image-generation"
    if card.target == "forecast":
        return "time-series-forecasting"
    does = "classification" if card.target == "class" else "regression"
    return f"{_samples(card)}-{does}"


def _samples(card: Card) -> str:
    return {"image": "image", "sequence": "time-series", "vector": "tabular"}[card.kind]


def measured(test: TestMetrics, goal: str) -> Iterator[tuple[str, float]]:
    """(name, value) of the metrics of a test result, the goal first."""
    yield goal, test.value(goal)
    for name, value in test.plain().items():
        if isinstance(value, float) and name != goal and name not in SETTINGS:
            yield name, value


def front_matter(subject: Subject, name: str, license_: str) -> str:
    """The YAML between two lines of dashes, written by the library itself."""
    result, kind = subject.result, task_type(subject)
    repository = subject.recipe.data.fields.get("repo")
    known = isinstance(repository, str) and layout.REPOSITORY.fullmatch(repository)
    metrics = dict(measured(result.test, result.goal))
    with opened() as hub:
        data = hub.ModelCardData(
            library_name="etude",
            license=license_,
            pipeline_tag=kind if kind in PIPELINES else None,
            tags=["etude", result.model, kind],
            datasets=[repository] if known else None,
            metrics=list(metrics),
            model_name=name.rpartition("/")[2],
            eval_results=[
                hub.EvalResult(
                    task_type=kind,
                    dataset_type=repository if known else subject.recipe.data.name,
                    dataset_name=result.data,
                    dataset_split="test",
                    dataset_args={"fingerprint": subject.card.fingerprint},
                    metric_type=metric,
                    metric_value=value,
                    metric_name=metric,
                    metric_args=_arguments(subject, metric),
                )
                for metric, value in metrics.items()
            ],
        )
        return f"---\n{data.to_yaml(line_break=chr(10))}\n---\n"


def _arguments(subject: Subject, metric: str) -> dict[str, Any]:
    """What belongs to the value of a metric: its interval, the baselines, the seed."""
    result = subject.result
    found: dict[str, Any] = {}
    interval = result.test.interval(metric)
    if interval is not None:
        found["interval"] = list(interval)
        found["confidence"] = 0.95
    if metric == result.goal:
        best = result.baseline.best
        found |= {"baseline": best.score, "baseline_kind": best.kind}
    if result.test.samples:
        found["samples"] = result.test.samples
    return {**found, "seed": result.seed}
