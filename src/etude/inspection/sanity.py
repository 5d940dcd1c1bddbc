"""The answers of first aid in words and pictures; the numbers come from training/sanity.py."""

from collections.abc import Mapping
from typing import Any

from etude.inspection.words import digits
from etude.locale.texts import Lang, say
from etude.render.style import Ink, Picture, line, log_scale, picture

Found = Mapping[str, Any]
NAMED = 5
"""Parameters without gradient that are named; `--json` has them all."""


def sentences(kind: str, found: Found, lang: Lang = "en") -> list[str]:
    """What first aid of this kind came to, and what to do next."""
    return {"dry-run": _dry_run, "overfit": _overfit, "lr": _lr}[kind](found, lang)


def drawn(kind: str, found: Found, lang: Lang = "en") -> Picture | None:
    """The picture of an answer; a dry run has none."""
    return {"overfit": _batch, "lr": _rates}[kind](found, lang) if kind != "dry-run" else None


def rate(value: float) -> str:
    """A learning rate with one or two digits: 0.004, 3e-05."""
    return f"{value:.2g}"


def _dry_run(found: Found, lang: Lang) -> list[str]:
    said = [say(lang, "aid.dry.step", seconds=digits(found["seconds"]))]
    for phase, loss in found["losses"].items():
        values = {"loss": digits(loss), "norm": digits(found["gradient_norms"][phase])}
        said.append(say(lang, "aid.dry.phase", phase=phase, **values))
    missed = found["without_gradient"]
    if missed:
        names = ", ".join(missed[:NAMED]) + (", ..." if len(missed) > NAMED else "")
        said += [say(lang, "aid.dry.some", count=len(missed), names=names)]
        said += [say(lang, "aid.dry.mend")]
    else:
        said.append(say(lang, "aid.dry.all"))
    return [*said, say(lang, "aid.dry.next")]


def _ends(found: Found) -> dict[str, Any]:
    """First and last loss of the one batch, and the steps between."""
    first, last = digits(found["first"]), digits(found["last"])
    return {"first": first, "last": last, "steps": found["steps"]}


def _overfit(found: Found, lang: Lang) -> list[str]:
    if found["learned"]:
        return [say(lang, "aid.overfit.yes", **_ends(found)), say(lang, "aid.overfit.next")]
    said = say(lang, "aid.overfit.no", wanted=digits(found["first"] / 10), **_ends(found))
    return [said, say(lang, "aid.overfit.mend")]


def _lr(found: Found, lang: Lang) -> list[str]:
    low, high = map(rate, found["falls_fastest"])
    suggested, lowest = rate(found["suggestion"]), rate(found["lowest"])
    said = [say(lang, "aid.lr", rate=suggested), say(lang, "aid.lr.falls", low=low, high=high)]
    if found["grows_above"] is None:
        said.append(say(lang, "aid.lr.flat", lowest=lowest, top=rate(found["rates"][-1])))
    else:
        grows = rate(found["grows_above"])
        said.append(say(lang, "aid.lr.grows", lowest=lowest, grows=grows))
    return [*said, say(lang, "aid.lr.next", rate=suggested)]


def _batch(found: Found, lang: Lang) -> Picture:
    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        losses = found["losses"]
        axes.plot(range(1, len(losses) + 1), losses, **line(ink, 0), label="loss of the batch")
        goal = found["first"] / 10
        axes.axhline(goal, color=ink.lines[1], linestyle="--", label="learned: a tenth")
        if min(losses) > 0:
            log_scale(axes.yaxis)
        axes.set(
            xlabel="optimizer step", ylabel="training loss", title="One batch, again and again"
        )
        axes.legend()

    alt = say(lang, "aid.overfit.alt", **_ends(found))
    return picture("overfit", say(lang, "aid.overfit.title"), alt, paint, (6.4, 3.6))


def _rates(found: Found, lang: Lang) -> Picture:
    rates, suggested = found["rates"], found["suggestion"]

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.axvspan(*found["falls_fastest"], color=ink.faint, alpha=0.5, label="falls fastest")
        axes.plot(rates, found["losses"], ".", ms=3, color=ink.lines[6], label="loss of a step")
        axes.plot(rates, found["smoothed"], **line(ink, 0), label="smoothed")
        label = f"suggestion: {rate(suggested)}"
        axes.axvline(suggested, color=ink.lines[1], linestyle="--", label=label)
        log_scale(axes.xaxis)
        low, first = min(*found["losses"], *found["smoothed"]), found["smoothed"][0]
        room = max(first - low, 1e-12)
        axes.set_ylim(low - 0.1 * room, first + 0.6 * room)  # what diverges leaves the picture
        axes.set(xlabel="learning rate (log scale)", ylabel="training loss")
        figure.legend(loc="outside lower center", ncols=4)

    ends = {"first": rate(rates[0]), "last": rate(rates[-1]), "steps": len(rates)}
    alt = say(lang, "aid.lr.alt", rate=rate(suggested), **ends)
    return picture("lr", say(lang, "aid.lr.title"), alt, paint, (6.4, 3.8))
