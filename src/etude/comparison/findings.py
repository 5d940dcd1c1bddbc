"""The findings of a comparison by rules as sentences, a table and a report.

`findings` is the mapping that protocol.findings computes, also printed by `compare --json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from etude.comparison import curves
from etude.comparison import pictures as comparison_pictures
from etude.comparison.differences import pair_sentences, results_table
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, counted, say

Findings = Mapping[str, Any]


def write_report(
    place: Path,
    findings: Findings,
    runs: Mapping[str, Any],
    seconds: Mapping[str, float],
    lang: Lang = "en",
) -> None:
    """Write pictures/ and report.html.

    runs: finished runs by label; others may be on other machines. seconds: by stage.
    """
    groups = {
        one["label"]: [runs[label] for label in one["tuned"]["members"] if label in runs]
        for one in findings["contenders"]
        if one["tuned"]
    }
    # A group is empty if all of its runs are on other machines: there is no curve to draw.
    groups = {name: members for name, members in groups.items() if members}
    pictures = []
    if findings["goal"]:  # "" if the contenders have different metrics: no common axis
        pictures = comparison_pictures.pictures(findings, lang)
        histories = {name: [run.epochs for run in members] for name, members in groups.items()}
        if histories:
            pictures.append(curves.overlay(histories, findings["goal"], "", lang))
            # One function per contender: five fresh seeds each would hide one another.
            firsts = {name: members[0] for name, members in groups.items()}
            pictures += curves.fitted_functions(firsts, "", lang)
    sections = [
        Section(say(lang, "results"), sentences(findings, seconds, lang), rows(findings, lang)),
        Section(say(lang, "pictures"), pictures=pictures),
        Section(say(lang, "runs"), table=results_table(groups, lang) if groups else ()),
    ]
    write(place, say(lang, "comparison", name=place.name), sections, pictures, lang)


def sentences(
    findings: Findings,
    seconds: Mapping[str, float],
    lang: Lang = "en",
) -> list[str]:
    """All sentences on a comparison by rules, the outcome first."""
    lines = [*_outcome(findings, lang), *_target(findings, lang), *_search(findings, lang)]
    clock = {stage: seconds.get(stage, 0.0) for stage in ("search", "finals")}
    return [*lines, say(lang, "duel.clock", **clock)]


def _outcome(findings: Findings, lang: Lang) -> Iterator[str]:
    """Who wins, and what a single learning rate for all contenders would have shown."""
    goal, pairs = findings["goal"], findings["verdicts"]
    # The first pair names the best contender, and the others are compared with it, so a single
    # sentence covers all of them.
    for pair in (leads := pairs.get("tuned", []))[:1]:
        # Without a clear lead over every other contender there is no winner.
        even = [each for each in leads if each["verdict"] != "some"]
        names = ", ".join([pair["first"], *(each["other"] for each in even)])
        if not even:
            yield say(lang, "duel.winner", first=pair["first"])
        elif any(each["verdict"] == "untold" for each in even):
            yield say(lang, "duel.unclear", names=names)
        else:
            yield say(lang, "duel.even", names=names)
    yield from pair_sentences(leads, goal, lang)
    if not leads:
        for one in findings["contenders"]:
            if one["tuned"] and one["tuned"]["mean"] is not None:
                value = number(one["tuned"]["mean"], one["goal"])
                values = {"name": one["label"], "rate": one["chosen"]["rate"], "goal": one["goal"]}
                yield say(lang, "duel.only", value=value, **values)
    rates = {one["default_rate"] for one in findings["contenders"]}
    default_verdict = " ".join(pair_sentences(pairs.get("default", []), goal, lang))
    if default_verdict and len(rates) == 1:
        yield say(lang, "duel.default.one", rate=rates.pop(), said=default_verdict)
    elif default_verdict:
        yield say(lang, "duel.default.own", said=default_verdict)


def _target(findings: Findings, lang: Lang) -> Iterator[str]:
    """The time that each contender needs to reach the target."""
    each = [
        comparison_pictures.time_sentence(one, lang)
        for one in findings["contenders"]
        if one["to_target"]
    ]
    if each:
        key = "duel.target.given" if findings["target_given"] else "duel.target.found"
        target = number(findings["target"], findings["goal"])
        yield say(lang, key, goal=findings["goal"], target=target, each=", ".join(each))


def _search(findings: Findings, lang: Lang) -> Iterator[str]:
    """How the rates were searched, how many runs that took, where rates were extended, and which
    runs diverged."""
    rules, contenders = findings["rules"], findings["contenders"]
    values = {"low": min(rules["rates"]), "high": max(rules["rates"])}
    nouns = {"rates": "rate", "seeds": "seed", "fresh": "fresh"}
    counts = {key: counted(lang, noun, len(rules[key])) for key, noun in nouns.items()}
    counts["contenders"] = counted(lang, "contender", len(contenders))
    schedules = ", ".join(rules["schedules"])
    yield say(lang, "duel.searched", schedules=schedules, **counts, **values)
    run_counts = (f"{c['label']} {c['runs']['search']} + {c['runs']['final']}" for c in contenders)
    yield say(lang, "duel.runs", each=", ".join(run_counts))
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


def rows(findings: Findings, lang: Lang = "en") -> list[list[str]]:
    """Table with one row per contender, the head first."""
    table = [say(lang, "duel.head").split("|")]
    for one in findings["contenders"]:
        goal, best, time = one["goal"], one["chosen"], one["to_target"] or {}
        tuned = one["tuned"] or {"mean": None, "interval": None}
        median = f", {number(tuned['median'], goal)}" if tuned["mean"] is not None else ""
        time_text = "-"
        if time.get("median_epochs") is not None:
            epochs = counted(lang, "epoch", time["median_epochs"])
            times = {"epochs": epochs, "seconds": time["median_seconds"]}
            time_text = say(lang, "duel.short", **times)
        table.append(
            [
                one["label"],
                f"{best['rate']:g} {best['schedule']}" if best else "-",
                value_text(best and best["score"], goal),
                f"{value_text(tuned['mean'], goal)} "
                f"({interval_text(tuned['interval'], goal)}){median}",
                f"{value_text(one['default']['mean'], goal)} "
                f"({interval_text(one['default']['interval'], goal)}), {one['default_rate']:g}",
                time_text,
                f"{one['runs']['search']} + {one['runs']['final']}",
            ]
        )
    return table


def value_text(value: float | None, goal: str) -> str:
    """A value of the metric as text; a dash for None."""
    return "-" if value is None else number(value, goal)


def interval_text(ends: Sequence[float] | None, goal: str) -> str:
    """An interval as text; a dash for None."""
    return " - ".join(number(end, goal) for end in ends) if ends else "-"
