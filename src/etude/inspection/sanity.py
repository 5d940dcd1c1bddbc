"""Sentences and pictures of the sanity checks, whose numbers training/sanity.py computes."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from etude.inspection.words import digits
from etude.locale.texts import Lang, say
from etude.render.style import Ink, Picture, Style, line, picture
from etude.render.ticks import log_scale

Result = Mapping[str, Any]
NAMED = 5
"""Largest number of parameters without gradient in a sentence; `--json` lists all."""


def sentences(kind: str, result: Result, lang: Lang = "en") -> list[str]:
    """The result of a sanity check ("dry-run", "overfit" or "lr") in sentences, and a next step."""
    return {"dry-run": _dry_run, "overfit": _overfit, "lr": _lr}[kind](result, lang)


def picture_of(kind: str, result: Result, lang: Lang = "en") -> Picture | None:
    """The picture of a sanity check; None for a dry run, which has none."""
    return {"overfit": _batch, "lr": _rates}[kind](result, lang) if kind != "dry-run" else None


def rate(value: float) -> str:
    """A learning rate with one or two digits: 0.004, 3e-05."""
    return f"{value:.2g}"


def _dry_run(result: Result, lang: Lang) -> list[str]:
    lines = [say(lang, "aid.dry.step", seconds=digits(result["seconds"]))]
    for phase, loss in result["losses"].items():
        values = {"loss": digits(loss), "norm": digits(result["gradient_norms"][phase])}
        lines.append(say(lang, "aid.dry.phase", phase=phase, **values))
    unused = result["without_gradient"]
    if unused:
        names = ", ".join(unused[:NAMED]) + (", ..." if len(unused) > NAMED else "")
        lines += [say(lang, "aid.dry.some", count=len(unused), names=names)]
        lines += [say(lang, "aid.dry.mend")]
    else:
        lines.append(say(lang, "aid.dry.all"))
    return [*lines, say(lang, "aid.dry.next")]


def _ends(result: Result) -> dict[str, str | int]:
    """First and last loss of the single batch, and the number of steps."""
    first, last = digits(result["first"]), digits(result["last"])
    return {"first": first, "last": last, "steps": result["steps"]}


def _overfit(result: Result, lang: Lang) -> list[str]:
    if result["learned"]:
        return [say(lang, "aid.overfit.yes", **_ends(result)), say(lang, "aid.overfit.next")]
    failure = say(lang, "aid.overfit.no", wanted=digits(result["wanted"]), **_ends(result))
    return [failure, say(lang, "aid.overfit.mend")]


def _lr(result: Result, lang: Lang) -> list[str]:
    low, high = map(rate, result["falls_fastest"])
    suggested, lowest = rate(result["suggestion"]), rate(result["lowest"])
    lines = [say(lang, "aid.lr", rate=suggested), say(lang, "aid.lr.falls", low=low, high=high)]
    if result["grows_above"] is None:
        lines.append(say(lang, "aid.lr.flat", lowest=lowest, top=rate(result["rates"][-1])))
    else:
        grows = rate(result["grows_above"])
        lines.append(say(lang, "aid.lr.grows", lowest=lowest, grows=grows))
    return [*lines, say(lang, "aid.lr.next", rate=suggested)]


def _batch(result: Result, lang: Lang) -> Picture:
    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        losses = result["losses"]
        axes.plot(
            range(1, len(losses) + 1), losses, **line(ink, 0), label=ink.say("aid.overfit.loss")
        )
        dashed: Style = {"color": ink.lines[1], "linestyle": "--"}
        axes.axhline(result["wanted"], label=ink.say("aid.overfit.goal"), **dashed)
        if min(losses) > 0:  # a regression loss can reach exactly 0, which has no logarithm
            log_scale(axes.yaxis)
        axes.set(xlabel=ink.say("aid.overfit.step"), ylabel=ink.say("axis.training_loss"))
        axes.set_title(ink.say("aid.overfit.title"))
        axes.legend()

    alt = say(lang, "aid.overfit.alt", **_ends(result))
    return picture("overfit", say(lang, "aid.overfit.title"), alt, paint, (6.4, 3.6), lang)


def _rates(result: Result, lang: Lang) -> Picture:
    rates, suggested = result["rates"], result["suggestion"]

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        band: Style = {"color": ink.faint, "alpha": 0.5, "label": ink.say("aid.lr.fastest")}
        axes.axvspan(*result["falls_fastest"], **band)
        dots: Style = {"ms": 3, "color": ink.lines[6], "label": ink.say("aid.lr.loss")}
        axes.plot(rates, result["losses"], ".", **dots)
        axes.plot(rates, result["smoothed"], **line(ink, 0), label=ink.say("aid.lr.smoothed"))
        label = ink.say("aid.lr.suggestion", rate=rate(suggested))
        axes.axvline(suggested, color=ink.lines[1], linestyle="--", label=label)
        log_scale(axes.xaxis)
        low, first = min(*result["losses"], *result["smoothed"]), result["smoothed"][0]
        room = max(first - low, 1e-12)  # a loss that never falls still needs a positive range
        # Above the range where the loss falls it diverges by orders of magnitude. A scale that
        # showed this would flatten the part that matters.
        axes.set_ylim(low - 0.1 * room, first + 0.6 * room)
        axes.set(xlabel=ink.say("aid.lr.axis"), ylabel=ink.say("axis.training_loss"))
        figure.legend(loc="outside lower center", ncols=4)

    ends = {"first": rate(rates[0]), "last": rate(rates[-1]), "steps": len(rates)}
    alt = say(lang, "aid.lr.alt", rate=rate(suggested), **ends)
    return picture("lr", say(lang, "aid.lr.title"), alt, paint, (6.4, 3.8), lang)
