"""The summary card of a run: what a reader must know first."""

from etude.inspection import words
from etude.inspection.report import Summary
from etude.inspection.words import Rows, baseline_name, number
from etude.locale.texts import Lang, metric, say
from etude.results import RunResult


def card(
    result: RunResult, history: Rows, seconds: float, speed: float, lang: Lang = "en"
) -> Summary:
    """Model, data, test result with its interval, best baseline, verdict, next step and time.

    seconds: time of the training steps; speed: training samples per second.
    """
    goal, unit, best = result.goal, result.test.unit, result.baseline.best
    value = f"{metric(goal, lang)} {number(result.score, goal, unit)}"
    if (interval := result.test.interval(goal)) is not None:
        low, high = (number(end, goal) for end in interval)
        value = say(lang, "card.result.interval", result=value, low=low, high=high)
    model = {"parameters": result.parameters, "epochs": result.epochs}
    shown = {
        "model": say(lang, "card.model.value", model=words.title(result), **model),
        "data": result.data,
    }
    if result.sizes:
        shown["data"] = say(lang, "card.data.value", data=result.data, **dict(result.sizes))
    shown["result"] = value
    shown["baseline"] = f"{baseline_name(best, lang)}: {number(best.score, goal, unit)}"
    shown["verdict"] = words.verdict(result, lang)
    shown["next"] = words.next_step(result, history, lang)
    shown["time"] = say(lang, "card.time.value", seconds=seconds, speed=speed)
    facts = [(say(lang, f"card.{name}"), value) for name, value in shown.items()]
    return Summary(facts, notes(result, history, lang))


def notes(result: RunResult, history: Rows, lang: Lang = "en") -> list[str]:
    """The limits of the result: leaks, small splits, weights selected without validation, training
    that was too long or too short; then the notes of the dataset."""
    return [*words.warnings(result, history, lang), *words.data_notes(result, lang)]
