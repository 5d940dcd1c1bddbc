"""Compares finished runs: which is best, by how much, and how their recipes differ.

A leaderboard holds runs with the same data, task and metric. Runs whose recipes differ only in the
seed, or in how they were computed, form one group of it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from etude.comparison import curves
from etude.comparison.differences import (
    Finding,
    Groups,
    finding_sentence,
    footnotes,
    gap_text,
    gap_unit,
    goal_values,
    group_differences,
    sample_count,
)
from etude.errors import UsageError
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, Sentence, counted, metric, render, say, text
from etude.stats import mean_interval, metric_of

if TYPE_CHECKING:
    from etude.inference.run import Run

NOT_THE_METHOD = (
    "seed",
    "train.threads",
    "train.compile",
    "train.memory_format",
    "train.save_seconds",
)
"""Fields in which runs of one method may differ."""
FEW_RUNS = 6
"""Largest number of runs for which the table of recipes has a column per run, not a row."""
MAX_CURVES = 8
"""Largest number of groups whose curves can be told apart in one picture."""


@dataclass(frozen=True)
class Leaderboard:
    """Runs that can be ranked.

    groups: runs by the name of their group, the best group first. fingerprints: of the data;
    several with --different-data, and then there is no verdict. labels: run by label.
    """

    data: str
    task: str
    goal: str
    fingerprints: tuple[str, ...]
    groups: Groups
    labels: Mapping[str, "Run"]

    @cached_property
    def verdicts(self) -> list[Finding]:
        """The best group against every other one (differences.best_against_others)."""
        return group_differences(self.groups) if len(self.fingerprints) == 1 else []

    @cached_property
    def differs(self) -> dict[str, dict[str, object]]:
        """Field of the recipe -> label -> value, for the fields in which runs differ."""
        flat = {label: flatten(run.recipe.plain()) for label, run in self.labels.items()}
        fields = sorted({key for recipe in flat.values() for key in recipe})
        rows = {key: {label: recipe.get(key) for label, recipe in flat.items()} for key in fields}
        # As JSON, because lists are not hashable and a set would take 1, 1.0 and True as one.
        return {
            key: row for key, row in rows.items() if len(set(map(json.dumps, row.values()))) > 1
        }


@dataclass(frozen=True)
class SideBySide:
    """Finished runs that were compared.

    path: folder of the report. boards: one leaderboard per data set, task and metric. left_out:
    path -> reason, for runs in the compared folders that cannot be ranked.
    """

    path: Path
    boards: Sequence[Leaderboard]
    left_out: Mapping[str, Sentence] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The labels of all runs, leaderboard by leaderboard."""
        return [label for board in self.boards for label in board.labels]

    @property
    def runs(self) -> list["Run"]:
        """All runs, in the order of their labels."""
        return [run for board in self.boards for run in board.labels.values()]


def flatten(tree: Mapping[str, object], path: str = "") -> dict[str, object]:
    """The fields of a recipe by their paths, such as train.lr."""
    flat: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{path}{key}.")
        else:
            flat[f"{path}{key}"] = value
    return flat


def by_short_path(runs: Sequence["Run"]) -> dict[str, "Run"]:
    """Runs by their path below their common folder: the name alone if they share a folder."""
    # abspath and not resolve(): links keep the names that the user gave them.
    places = [Path(os.path.abspath(run.path)) for run in runs]
    home = os.path.commonpath([place.parent for place in places])
    return {os.path.relpath(place, home): run for place, run in zip(places, runs)}


def boards(runs: Sequence["Run"], together: bool = False) -> list[Leaderboard]:
    """Leaderboards of finished runs (inference.run.Run), the largest first.

    together: runs with the same task and metric share a leaderboard even if their data differ.
    """
    by_key: dict[tuple[str, ...], dict[str, "Run"]] = {}
    for label, run in by_short_path(runs).items():
        key = (run.result.task, run.result.goal, "" if together else fingerprint(run))
        by_key.setdefault(key, {})[label] = run
    result = [_leaderboard(key[0], key[1], labels) for key, labels in by_key.items()]
    return sorted(result, key=lambda board: -len(board.labels))


def fingerprint(run: "Run") -> str:
    """The fingerprint of the data of a run, from its provenance."""
    return str(run.folder.read("provenance.json").get("fingerprint"))


def _leaderboard(task: str, goal: str, labels: Mapping[str, "Run"]) -> Leaderboard:
    by_recipe: dict[str, list[str]] = {}
    for label, run in labels.items():
        flat = {k: v for k, v in flatten(run.recipe.plain()).items() if k not in NOT_THE_METHOD}
        by_recipe.setdefault(json.dumps([fingerprint(run), flat], sort_keys=True), []).append(label)
    groups: dict[str, list["Run"]] = {}
    # A group is named after what its labels share without the seed, unless that name is taken.
    for members in by_recipe.values():
        bare_names = [curves.SEED.sub("", label) for label in members]
        common = os.path.commonprefix(bare_names)  # noqa: RUF071  letters, not parts of paths
        bare = common.rstrip("-_./ ") or members[0]
        name = bare if len(members) > 1 and bare not in (*labels, *groups) else members[0]
        groups[name] = [labels[label] for label in members]
    sign = 1 if metric_of(goal).lower_is_better else -1  # sorted ascending, the best first
    order = sorted(groups, key=lambda name: sign * float(goal_values(groups[name]).mean()))
    prints = tuple(dict.fromkeys(fingerprint(run) for run in labels.values()))
    data = ", ".join(dict.fromkeys(run.result.data for run in labels.values()))
    return Leaderboard(data, task, goal, prints, {name: groups[name] for name in order}, labels)


def require_comparable(runs: Sequence["Run"], different_data: bool) -> None:
    """Raise UsageError unless these runs have one task and metric, and the same data.

    different_data: allow different data.
    """
    labels = by_short_path(runs)
    tasks = {label: (run.result.task, run.result.goal) for label, run in labels.items()}
    if len(set(tasks.values())) > 1:
        items = [
            text("comparison.side.task", label=label, task=task, goal=goal)
            for label, (task, goal) in tasks.items()
        ]
        raise UsageError(
            text("comparison.side.tasks"), do=text("comparison.side.tasks.do"), items=items
        )
    data = {label: (run.result.data, fingerprint(run)[:12]) for label, run in labels.items()}
    if len(set(data.values())) > 1 and not different_data:
        items = [
            text("comparison.side.dataset", label=label, data=name, fingerprint=digits)
            for label, (name, digits) in data.items()
        ]
        raise UsageError(
            text("comparison.side.data"), do=text("comparison.side.data.do"), items=items
        )


# Words and tables ---------------------------------------------------------------------------------


def sentences(board: Leaderboard, lang: Lang = "en") -> list[str]:
    """The verdicts of a leaderboard as sentences."""
    if len(board.fingerprints) > 1:
        return [say(lang, "board.data")]
    pairs = board.verdicts
    if len(pairs) < FEW_RUNS:
        lines = [finding_sentence(pair, lang) for pair in pairs]
    else:
        by_verdict: dict[str, list[str]] = {}
        for pair in pairs:
            by_verdict.setdefault(pair.verdict, []).append(pair.other)
        values = {"first": pairs[0].first, "goal": board.goal}
        lines = [
            say(lang, f"board.{verdict}", names=", ".join(names), **values)
            for verdict, names in by_verdict.items()
        ]
    return [*lines, *footnotes(pairs, lang), *_alone(board, lang)]


def _alone(board: Leaderboard, lang: Lang) -> list[str]:
    """The result of the only group; empty if there are several."""
    if len(board.groups) > 1:
        return []
    return curves.single_group(board.groups, lang)


def ranking(board: Leaderboard, lang: Lang = "en") -> list[list[str]]:
    """Table with one row per group, the best first, after the head."""
    table = [say(lang, "board.head").split("|")]
    goal = metric(board.goal, lang)
    beside = {pair.other: pair for pair in board.verdicts}
    for rank, (name, runs) in enumerate(board.groups.items(), 1):
        values, unit = goal_values(runs), runs[0].result.test.unit
        ends = mean_interval(values, board.goal, sample_count(runs))
        table.append(
            [
                board.data if len(board.fingerprints) == 1 else runs[0].result.data,
                str(rank),
                name,
                str(len(runs)),
                f"{goal} {number(float(values.mean()), board.goal, unit)}",
                " - ".join(number(end, board.goal) for end in ends) if ends else "-",
                _against_first(beside.get(name), lang),
                f"{runs[0].result.parameters:,}",
                f"{sum(run.seconds for run in runs) / len(runs):.1f}",
            ]
        )
    return table


def _against_first(finding: Finding | None, lang: Lang) -> str:
    """The difference of a group to the best one, as text."""
    if finding is None:
        return "-"
    if finding.interval is None or finding.verdict != "some":
        return say(lang, f"board.beside.{finding.verdict}")
    low, high = (gap_text(end, finding.goal) for end in sorted(map(abs, finding.interval)))
    unit = gap_unit(finding.goal, lang)
    return say(lang, "board.beside.some", low=low, high=high, unit=unit)


def recipes(board: Leaderboard, lang: Lang = "en") -> list[list[str]]:
    """Table of the fields in which recipes differ, the head first: one line per field for few runs,
    one line per run for many. Empty if nothing differs."""
    fields, labels = board.differs, list(board.labels)
    if not fields:
        return []
    rows = [[name, *(field_text(row[label]) for label in labels)] for name, row in fields.items()]
    table = [[say(lang, "board.field"), *labels], *rows]
    # Transposed for many runs: a page can be long, but not wide.
    return table if len(labels) <= FEW_RUNS else [list(column) for column in zip(*table)]


def field_text(value: object) -> str:
    """The value of a field as in the recipe; a dash if the recipe has no such field."""
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def plain(board: Leaderboard) -> dict[str, object]:
    """A leaderboard as plain JSON values."""
    rows = []
    for rank, (name, runs) in enumerate(board.groups.items(), 1):
        values = goal_values(runs)
        ends = mean_interval(values, board.goal, sample_count(runs))
        rows.append(
            {
                "rank": rank, "name": name, "runs": [str(run.path) for run in runs],
                "test": values.tolist(), "mean": float(values.mean()),
                "interval": list(ends) if ends else None,
                "parameters": runs[0].result.parameters,
                "seconds": [run.seconds for run in runs],
            }
        )  # fmt: skip
    return {
        "data": board.data, "fingerprints": list(board.fingerprints), "task": board.task,
        "goal": board.goal, "rows": rows, "verdicts": [each.plain() for each in board.verdicts],
        "differs": board.differs,
    }  # fmt: skip


def all_sentences(comparison: SideBySide, lang: Lang = "en") -> list[str]:
    """Sentences on every leaderboard, the recipes, and the runs that were left out."""
    result = []
    for board in comparison.boards:
        lines = [*sentences(board, lang), *_fields(board, lang)]
        head = f"{board.data}, {board.task}: " if len(comparison.boards) > 1 else ""
        result += [f"{head}{line}" for line in lines]
    if comparison.left_out:
        count = counted(lang, "run", len(comparison.left_out))
        names = ", ".join(comparison.left_out)
        result.append(say(lang, "board.unfinished", count=count, names=names))
    return result


def _fields(board: Leaderboard, lang: Lang) -> list[str]:
    """One sentence per field in which a few groups differ.

    Fields that only some of the models have are left out; the table in the report shows them.
    """
    if len(board.labels) < 2 or len(board.groups) > FEW_RUNS:
        return []
    lines, firsts = [], {name: runs[0] for name, runs in board.groups.items()}
    flat = {name: flatten(run.recipe.plain()) for name, run in firsts.items()}
    for key in board.differs:
        if key not in NOT_THE_METHOD and all(key in recipe for recipe in flat.values()):
            each = ", ".join(f"{name} {field_text(recipe[key])}" for name, recipe in flat.items())
            lines.append(say(lang, "board.differ", field=key, each=each))
    return lines or [say(lang, "board.same")]


def all_rankings(comparison: SideBySide, lang: Lang = "en") -> list[list[str]]:
    """The rankings of all leaderboards in one table with one head."""
    tables = [ranking(board, lang) for board in comparison.boards]
    return [tables[0][0], *(row for each in tables for row in each[1:])]


def summary(comparison: SideBySide) -> dict[str, object]:
    """The JSON values that `compare RUN RUN --json` prints; their sentences are in English."""
    every = [plain(board) for board in comparison.boards]
    left_out = {path: render("en", why) for path, why in comparison.left_out.items()}
    return {"run": str(comparison.path), "boards": every, "left_out": left_out}


def write_report(
    place: Path,
    leaderboards: Sequence[Leaderboard],
    left_out: Mapping[str, Sentence],
    lang: Lang = "en",
) -> None:
    """Write pictures/ and report.html: ranking, curves and differing fields of each leaderboard."""
    sections, pictures = [], []
    for index, board in enumerate(leaderboards, 1):
        warning = text("board.data") if len(board.fingerprints) > 1 else ""
        some = list(board.groups.items())[:MAX_CURVES]
        histories = {name: [run.epochs for run in runs] for name, runs in some}
        name = "curves" if len(leaderboards) == 1 else f"curves-{index}"
        board_pictures = [curves.overlay(histories, board.goal, warning, lang, name)]
        # With several leaderboards the pictures of fitted functions would share one file name.
        if len(leaderboards) == 1:
            board_pictures += curves.fitted_functions(
                {label: runs[0] for label, runs in some}, warning, lang
            )
        pictures += board_pictures
        title = f"{board.data}: {board.task}"
        sections.append(Section(title, sentences(board, lang), ranking(board, lang)))
        sections.append(Section("", pictures=board_pictures))
        if table := recipes(board, lang):
            sections.append(Section(say(lang, "board.differs"), table=table))
    if left_out:
        lines = [
            render(lang, text("comparison.reason", name=name, why=why))
            for name, why in left_out.items()
        ]
        sections.append(Section(say(lang, "board.left_out"), lines))
    write(place, say(lang, "comparison", name=place.name), sections, pictures, lang)
