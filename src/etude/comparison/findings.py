"""The findings of a comparison by rules, as sentences and a table.

`found` is what comparison/protocol.py computes.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from etude.comparison import curves
from etude.comparison import pictures as drawn
from etude.comparison.differences import all_worded, table_of
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, counted, say

Found = Mapping[str, Any]


def draw(
    place: Path,
    found: Found,
    runs: Mapping[str, Any],
    spent: Mapping[str, float],
    lang: Lang = "en",
) -> None:
    """Write pictures/ and report.html.

    runs: the finished ones by label. spent: seconds by stage.
    """
    groups = {
        one["label"]: [runs[label] for label in one["tuned"]["members"] if label in runs]
        for one in found["contenders"]
        if one["tuned"]
    }
    groups = {name: members for name, members in groups.items() if members}
    pictures = []
    if found["goal"]:
        pictures = drawn.pictures(found, lang)
        histories = {name: [run.history for run in members] for name, members in groups.items()}
        if histories:
            pictures.append(curves.overlaid(histories, found["goal"], "", lang))
            firsts = {name: members[0] for name, members in groups.items()}
            pictures += curves.fitted(firsts, "", lang)
    sections = [
        Section(say(lang, "results"), sentences(found, spent, lang), rows(found, lang)),
        Section(say(lang, "pictures"), pictures=pictures),
        Section(say(lang, "runs"), table=table_of(groups, lang) if groups else ()),
    ]
    write(place, say(lang, "comparison", name=place.name), sections, pictures, lang)


def sentences(
    found: Found,
    spent: Mapping[str, float],
    lang: Lang = "en",
) -> list[str]:
    """All there is to say of a comparison by rules, the outcome first."""
    said = [*_outcome(found, lang), *_target(found, lang), *_search(found, lang)]
    clock = {stage: spent.get(stage, 0.0) for stage in ("search", "finals")}
    return [*said, say(lang, "duel.clock", **clock)]


def _outcome(found: Found, lang: Lang) -> Iterator[str]:
    """Who wins, and what one rate for all would have said."""
    goal, pairs = found["goal"], found["verdicts"]
    for pair in (leads := pairs.get("tuned", []))[:1]:
        even = [each for each in leads if each["verdict"] != "some"]
        names = ", ".join([pair["first"], *(each["other"] for each in even)])
        if not even:
            yield say(lang, "duel.winner", first=pair["first"])
        elif any(each["verdict"] == "untold" for each in even):
            yield say(lang, "duel.unclear", names=names)
        else:
            yield say(lang, "duel.even", names=names)
    yield from all_worded(leads, goal, lang)
    if not leads:
        for one in found["contenders"]:
            if one["tuned"] and one["tuned"]["mean"] is not None:
                value = number(one["tuned"]["mean"], one["goal"])
                values = {"name": one["label"], "rate": one["chosen"]["rate"], "goal": one["goal"]}
                yield say(lang, "duel.only", value=value, **values)
    rates = {one["default_rate"] for one in found["contenders"]}
    said = " ".join(all_worded(pairs.get("default", []), goal, lang))
    if said and len(rates) == 1:
        yield say(lang, "duel.default.one", rate=rates.pop(), said=said)
    elif said:
        yield say(lang, "duel.default.own", said=said)


def _target(found: Found, lang: Lang) -> Iterator[str]:
    """Time to the target, of each."""
    each = [drawn.reached(one, lang) for one in found["contenders"] if one["to_target"]]
    if each:
        key = "duel.target.given" if found["target_given"] else "duel.target.found"
        target = number(found["target"], found["goal"])
        yield say(lang, key, goal=found["goal"], target=target, each=", ".join(each))


def _search(found: Found, lang: Lang) -> Iterator[str]:
    """How it was searched, what that cost, and where it had to go on or failed."""
    rules, contenders = found["rules"], found["contenders"]
    values = {"low": min(rules["rates"]), "high": max(rules["rates"])}
    nouns = {"rates": "rate", "seeds": "seed", "fresh": "fresh"}
    counts = {key: counted(lang, noun, len(rules[key])) for key, noun in nouns.items()}
    counts["contenders"] = counted(lang, "contender", len(contenders))
    schedules = ", ".join(rules["schedules"])
    yield say(lang, "duel.searched", schedules=schedules, **counts, **values)
    spent = (f"{c['label']} {c['runs']['search']} + {c['runs']['final']}" for c in contenders)
    yield say(lang, "duel.runs", each=", ".join(spent))
    for one in contenders:
        name, runs = one["label"], one["runs"]
        rates = [point["rate"] for point in one["grid"]]
        for side, end in (("down", min(rates)), ("up", max(rates))):
            if one["extended"][side]:
                yield say(lang, f"duel.{side}", name=name, end=end)
        if one["chosen"] is None:
            yield say(lang, "duel.hopeless", name=name)
        elif one["chosen"]["edge"]:
            yield say(lang, "duel.edge", name=name, rate=one["chosen"]["rate"])
        if bad := [point for point in one["grid"] if point["diverged"]]:
            count = sum(point["diverged"] for point in bad)
            at = ", ".join(dict.fromkeys(f"{point['rate']:g}" for point in bad))
            every = counted(lang, "run", runs["search"])
            yield say(lang, "duel.diverging", name=name, count=count, all=every, rates=at)
        for kind in ("tuned", "default"):
            if (group := one[kind]) and group["diverged"]:
                every = counted(lang, "fresh", len(group["members"]))
                values = {"count": group["diverged"], "all": every}
                yield say(lang, "duel.fresh", name=name, rate=group["rate"], **values)


def rows(found: Found, lang: Lang = "en") -> list[list[str]]:
    """A row a contender, the head first."""
    table = [say(lang, "duel.head").split("|")]
    for one in found["contenders"]:
        goal, best, time = one["goal"], one["chosen"], one["to_target"] or {}
        tuned = one["tuned"] or {"mean": None, "interval": None}
        median = f", {number(tuned['median'], goal)}" if tuned["mean"] is not None else ""
        taken = "-"
        if time.get("median_epochs") is not None:
            epochs = counted(lang, "epoch", time["median_epochs"])
            times = {"epochs": epochs, "seconds": time["median_seconds"]}
            taken = say(lang, "duel.short", **times)
        table.append(
            [
                one["label"],
                f"{best['rate']:g} {best['schedule']}" if best else "-",
                shown(best and best["score"], goal),
                f"{shown(tuned['mean'], goal)} ({span(tuned['interval'], goal)}){median}",
                f"{shown(one['default']['mean'], goal)} "
                f"({span(one['default']['interval'], goal)}), {one['default_rate']:g}",
                taken,
                f"{one['runs']['search']} + {one['runs']['final']}",
            ]
        )
    return table


def shown(value: float | None, goal: str) -> str:
    """A goal's value, or a dash."""
    return "-" if value is None else number(value, goal)


def span(ends: Sequence[float] | None, goal: str) -> str:
    """Two ends, or a dash."""
    return " - ".join(number(end, goal) for end in ends) if ends else "-"
