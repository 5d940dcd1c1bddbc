"""The summary card of a run: what a reader must know first."""

from collections.abc import Mapping
from typing import Any

from etude.inspection import words
from etude.inspection.report import Summary
from etude.inspection.words import Rows, baseline_name, number
from etude.locale.texts import Lang, metric, say


def card(
    result: Mapping[str, Any], history: Rows, seconds: float, speed: float, lang: Lang = "en"
) -> Summary:
    """Model, data, test result with its interval, best baseline, verdict, next step and time.

    seconds: time of the training steps; speed: training samples per second.
    """
    goal, test, baseline = result["goal"], result["test"], result["baseline"]
    unit = test.get("unit", "")
    value = f"{metric(goal, lang)} {number(test[goal], goal, unit)}"
    if "accuracy_95" in test:
        low, high = (number(end, goal) for end in test["accuracy_95"])
        value = say(lang, "card.result.interval", result=value, low=low, high=high)
    model = {"model": words.title(result), **{key: result[key] for key in ("parameters", "epochs")}}
    shown = {"model": say(lang, "card.model.value", **model), "data": result["data"]}
    if result.get("sizes"):
        shown["data"] = say(lang, "card.data.value", data=result["data"], **result["sizes"])
    shown["result"] = value
    shown["baseline"] = (
        f"{baseline_name(baseline['what'], lang)}: {number(baseline[goal], goal, unit)}"
    )
    shown["verdict"] = words.verdict(result, lang)
    shown["next"] = words.next_step(result, history, lang)
    shown["time"] = say(lang, "card.time.value", seconds=seconds, speed=speed)
    facts = [(say(lang, f"card.{name}"), value) for name, value in shown.items()]
    return Summary(facts, notes(result, history, lang))


def notes(result: Mapping[str, Any], history: Rows, lang: Lang = "en") -> list[str]:
    """The limits of the result: leaks, small splits, weights selected without validation, training
    that was too long or too short; then the notes of the dataset."""
    return [*words.warnings(result, history, lang), *words.data_notes(result, lang)]
