"""The findings of a comparison by rules as sentences, a table and a report."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from etude.comparison import curves
from etude.comparison import pictures as comparison_pictures
from etude.comparison.differences import finding_sentences, results_table
from etude.comparison.standings import Findings, FreshResult, Standing, TimeToTarget
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, counted, say

if TYPE_CHECKING:
    from etude.inference.run import Run


def write_report(
    place: Path,
    findings: Findings,
    runs: Mapping[str, "Run"],
    seconds: Mapping[str, float],
    lang: Lang = "en",
) -> None:
    """Write pictures/ and report.html.

    runs: finished runs by label; others may be on other machines. seconds: by stage.
    """
    groups = {
        one.label: [runs[label] for label in one.tuned.members if label in runs]
        for one in findings.contenders
        if one.tuned
    }
    # A group is empty if all of its runs are on other machines: there is no curve to draw.
    groups = {name: members for name, members in groups.items() if members}
    pictures = []
    if findings.goal:  # "" if the contenders have different metrics: no common axis
        pictures = comparison_pictures.pictures(findings, lang)
        histories = {name: [run.epochs for run in members] for name, members in groups.items()}
        if histories:
            pictures.append(curves.overlay(histories, findings.goal, "", lang))
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
    # The first one names the best contender, and the others are compared with it, so a single
    # sentence covers all of them.
    for lead in (leads := findings.verdicts.get("tuned", ()))[:1]:
        # Without a clear lead over every other contender there is no winner.
        even = [each for each in leads if each.verdict != "some"]
        names = ", ".join([lead.first, *(each.other for each in even)])
        if not even:
            yield say(lang, "duel.winner", first=lead.first)
        elif any(each.verdict == "untold" for each in even):
            yield say(lang, "duel.unclear", names=names)
        else:
            yield say(lang, "duel.even", names=names)
    yield from finding_sentences(leads, lang)
    if not leads:
        for one in findings.contenders:
            if one.tuned and one.tuned.mean is not None:
                value = number(one.tuned.mean, one.goal)
                values = {"name": one.label, "rate": one.tuned.rate, "goal": one.goal}
                yield say(lang, "duel.only", value=value, **values)
    rates = {one.default_rate for one in findings.contenders}
    default_verdict = " ".join(finding_sentences(findings.verdicts.get("default", ()), lang))
    if default_verdict and len(rates) == 1:
        yield say(lang, "duel.default.one", rate=rates.pop(), said=default_verdict)
    elif default_verdict:
        yield say(lang, "duel.default.own", said=default_verdict)


def _target(findings: Findings, lang: Lang) -> Iterator[str]:
    """The time that each contender needs to reach the target."""
    each = [
        comparison_pictures.time_sentence(one, one.to_target, lang)
        for one in findings.contenders
        if one.to_target
    ]
    if each and findings.target is not None:
        key = "duel.target.given" if findings.target_given else "duel.target.found"
        target = number(findings.target, findings.goal)
        yield say(lang, key, goal=findings.goal, target=target, each=", ".join(each))


def _search(findings: Findings, lang: Lang) -> Iterator[str]:
    """How the rates were searched, how many runs that took, where rates were extended, and which
    runs diverged."""
    rules, contenders = findings.rules, findings.contenders
    yield say(
        lang,
        "duel.searched",
        contenders=counted(lang, "contender", len(contenders)),
        rates=counted(lang, "rate", len(rules.rates)),
        low=min(rules.rates),
        high=max(rules.rates),
        schedules=", ".join(rules.schedules),
        seeds=counted(lang, "seed", len(rules.seeds)),
        fresh=counted(lang, "fresh", len(rules.fresh)),
    )
    run_counts = (f"{c.label} {c.runs.search} + {c.runs.final}" for c in contenders)
    yield say(lang, "duel.runs", each=", ".join(run_counts))
    for one in contenders:
        yield from _search_of(one, lang)


def _search_of(one: Standing, lang: Lang) -> Iterator[str]:
    """Where the rates of one contender were extended, and which of its runs diverged."""
    name = one.label
    rates = [point.rate for point in one.grid]
    if one.extended.down:
        yield say(lang, "duel.down", name=name, end=min(rates))
    if one.extended.up:
        yield say(lang, "duel.up", name=name, end=max(rates))
    if one.chosen is None:
        yield say(lang, "duel.hopeless", name=name)
    elif one.chosen.edge:
        yield say(lang, "duel.edge", name=name, rate=one.chosen.rate)
    if bad := [point for point in one.grid if point.diverged]:
        count = sum(point.diverged for point in bad)
        at = ", ".join(dict.fromkeys(f"{point.rate:g}" for point in bad))
        every = counted(lang, "run", one.runs.search)
        yield say(lang, "duel.diverging", name=name, count=count, all=every, rates=at)
    for group in (one.tuned, one.default):
        if group and group.diverged:
            every = counted(lang, "fresh", len(group.members))
            values = {"count": group.diverged, "all": every}
            yield say(lang, "duel.fresh", name=name, rate=group.rate, **values)


def rows(findings: Findings, lang: Lang = "en") -> list[list[str]]:
    """Table with one row per contender, the head first."""
    table = [say(lang, "duel.head").split("|")]
    for one in findings.contenders:
        best, tuned = one.chosen, one.tuned
        median = f", {number(tuned.median, one.goal)}" if tuned and tuned.median is not None else ""
        table.append(
            [
                one.label,
                f"{best.rate:g} {best.schedule}" if best else "-",
                number(best.score, one.goal) if best else "-",
                f"{result_text(tuned, one.goal)}{median}",
                f"{result_text(one.default, one.goal)}, {one.default_rate:g}",
                _time_text(one.to_target, lang),
                f"{one.runs.search} + {one.runs.final}",
            ]
        )
    return table


def _time_text(time: TimeToTarget | None, lang: Lang) -> str:
    """The median time to the target; a dash if there is none."""
    if time is None or time.median_epochs is None:
        return "-"
    epochs = comparison_pictures.epochs_text(time.median_epochs, lang)
    return say(lang, "duel.short", epochs=epochs, seconds=time.median_seconds)


def result_text(result: FreshResult | None, goal: str) -> str:
    """Mean and interval of a result on fresh seeds as text, each a dash if there is none."""
    if result is None or result.mean is None:
        return "- (-)"
    ends = " - ".join(number(end, goal) for end in result.interval) if result.interval else "-"
    return f"{number(result.mean, goal)} ({ends})"
