"""Finished runs side by side: who is ahead, by how much, and what differs in their recipes.

A board holds runs of one data set, one task and one measure. Runs whose recipes differ in their
seed alone, or in how they were computed, are one group of it.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from etude.comparison import curves
from etude.comparison.differences import apart, footnotes, judged, samples_of, values_of, worded
from etude.errors import UsageError
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, counted, say
from etude.stats import LOWER_IS_BETTER, SHARES, mean_interval

HOW = ("seed", "train.threads", "train.compile", "train.memory_format", "train.save_seconds")
"""Fields that do not tell one method from another."""
FEW = 6
"""Runs up to which a table of recipes has a column for each; beyond, it has a line for each."""
CURVES = 8
"""Groups whose curves can be told apart in one picture."""


@dataclass(frozen=True)
class Board:
    """Runs that can be ranked. groups: the best first. fingerprints: of their data; several where
    the user asked for it, and then nothing is called better."""

    data: str
    task: str
    goal: str
    fingerprints: tuple[str, ...]
    groups: Mapping[str, Sequence[Any]]
    labels: Mapping[str, Any]

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """The best against each other group: as differences.compared."""
        return judged(self.groups) if len(self.fingerprints) == 1 else []

    @cached_property
    def differs(self) -> dict[str, dict[str, Any]]:
        """Field of the recipe -> label -> value, of fields that are not the same in all runs."""
        flat = {label: flattened(run.recipe.plain()) for label, run in self.labels.items()}
        fields = sorted({key for recipe in flat.values() for key in recipe})
        rows = {key: {label: recipe.get(key) for label, recipe in flat.items()} for key in fields}
        return {
            key: row for key, row in rows.items() if len(set(map(json.dumps, row.values()))) > 1
        }


@dataclass(frozen=True)
class SideBySide:
    """Finished runs that were compared: a board for each data set and task, the folder of the
    report, and what was left out of the folders that were given (path -> why)."""

    path: Path
    boards: Sequence[Board]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Of all runs, board by board."""
        return [label for board in self.boards for label in board.labels]

    @property
    def runs(self) -> list[Any]:
        """All runs, in the order of their labels."""
        return [run for board in self.boards for run in board.labels.values()]


def flattened(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """A recipe's fields by their paths."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        inside = isinstance(value, Mapping)
        flat |= flattened(value, f"{path}{key}.") if inside else {f"{path}{key}": value}
    return flat


def labelled(runs: Sequence[Any]) -> dict[str, Any]:
    """Runs by the shortest path that tells them apart: the name where they share a folder."""
    places = [Path(os.path.abspath(run.path)) for run in runs]
    home = os.path.commonpath([place.parent for place in places])
    return {os.path.relpath(place, home): run for place, run in zip(places, runs)}


def boards(runs: Sequence[Any], together: bool = False) -> list[Board]:
    """Boards of finished runs (ship.Run), the largest first. together: runs of one task and measure
    share a board even where their data differ."""
    by_key: dict[tuple[str, ...], dict[str, Any]] = {}
    for label, run in labelled(runs).items():
        key = (run.result["task"], run.result["goal"], "" if together else fingerprint(run))
        by_key.setdefault(key, {})[label] = run
    found = [_board(key[0], key[1], labels) for key, labels in by_key.items()]
    return sorted(found, key=lambda board: -len(board.labels))


def fingerprint(run: Any) -> str:
    """Of the data of a run, as it began."""
    return str(run.folder.read("provenance.json").get("fingerprint"))


def _board(task: str, goal: str, labels: Mapping[str, Any]) -> Board:
    by_recipe: dict[str, list[str]] = {}
    for label, run in labels.items():
        flat = {k: v for k, v in flattened(run.recipe.plain()).items() if k not in HOW}
        by_recipe.setdefault(json.dumps([fingerprint(run), flat], sort_keys=True), []).append(label)
    groups: dict[str, list[Any]] = {}
    for members in by_recipe.values():
        bare_names = [curves.SEED.sub("", label) for label in members]
        common = os.path.commonprefix(bare_names)  # noqa: RUF071  letter by letter is meant
        bare = common.rstrip("-_./ ") or members[0]
        name = bare if len(members) > 1 and bare not in (*labels, *groups) else members[0]
        groups[name] = [labels[label] for label in members]
    sign = 1 if goal in LOWER_IS_BETTER else -1
    order = sorted(groups, key=lambda name: sign * float(values_of(groups[name]).mean()))
    prints = tuple(dict.fromkeys(fingerprint(run) for run in labels.values()))
    data = ", ".join(dict.fromkeys(run.result["data"] for run in labels.values()))
    return Board(data, task, goal, prints, {name: groups[name] for name in order}, labels)


def must_agree(runs: Sequence[Any], different_data: bool) -> None:
    """Raise UsageError unless runs that were named can be compared with each other."""
    labels = labelled(runs)
    for what, value in (
        ("tasks", lambda run: f"{run.result['task']} ({run.result['goal']})"),
        ("data", lambda run: f"{run.result['data']} (fingerprint {fingerprint(run)[:12]})"),
    ):
        _must_be_one(what, value, labels, different_data)


def _must_be_one(
    what: str, value: Callable[[Any], str], labels: Mapping[str, Any], different_data: bool
) -> None:
    if len({value(run) for run in labels.values()}) == 1 or (what == "data" and different_data):
        return
    advice = {
        "tasks": "Name runs of one task, or give their folder: each task is ranked by itself.",
        "data": "Train them on the same data; or look at them side by side all the same, without "
        "a verdict: --different-data",
    }
    raise UsageError(
        f"These runs have different {what}, so that their results say nothing of each other.",
        do=advice[what],
        items=[f"{label}: {value(run)}" for label, run in labels.items()],
    )


# Words and tables ---------------------------------------------------------------------------------


def sentences(board: Board, lang: Lang = "en") -> list[str]:
    """Who is ahead, and what that is worth."""
    if len(board.fingerprints) > 1:
        return [say(lang, "board.data")]
    pairs = board.verdicts
    if len(pairs) < FEW:
        said = [worded(pair, board.goal, lang) for pair in pairs]
    else:
        by_verdict: dict[str, list[str]] = {}
        for pair in pairs:
            by_verdict.setdefault(pair["verdict"], []).append(pair["other"])
        values = {"first": pairs[0]["first"], "goal": board.goal}
        said = [
            say(lang, f"board.{verdict}", names=", ".join(names), **values)
            for verdict, names in by_verdict.items()
        ]
    return [*said, *footnotes(pairs, lang), *_alone(board, lang)]


def _alone(board: Board, lang: Lang) -> list[str]:
    """Of a board of one group: there is nothing beside it."""
    if len(board.groups) > 1:
        return []
    return curves.only(board.groups, lang)


def ranking(board: Board, lang: Lang = "en") -> list[list[str]]:
    """A row a group, the best first, the head before it."""
    table = [say(lang, "board.head").split("|")]
    beside = {pair["other"]: pair for pair in board.verdicts}
    for rank, (name, runs) in enumerate(board.groups.items(), 1):
        values, unit = values_of(runs), runs[0].test.get("unit", "")
        ends = mean_interval(values, board.goal, samples_of(runs))
        table.append(
            [
                board.data if len(board.fingerprints) == 1 else runs[0].result["data"],
                str(rank),
                name,
                str(len(runs)),
                f"{board.goal} {number(float(values.mean()), board.goal, unit)}",
                " - ".join(number(end, board.goal) for end in ends) if ends else "-",
                _beside(beside.get(name), board.goal, lang),
                f"{runs[0].result['parameters']:,}",
                f"{sum(run.seconds for run in runs) / len(runs):.1f}",
            ]
        )
    return table


def _beside(pair: Mapping[str, Any] | None, goal: str, lang: Lang) -> str:
    """A group beside the first."""
    if pair is None:
        return "-"
    if pair["verdict"] != "some":
        return say(lang, f"board.beside.{pair['verdict']}")
    low, high = sorted(abs(pair[end]) for end in ("low", "high"))
    unit = say(lang, "difference.points") if goal in SHARES else ""
    ends = {"low": apart(low, goal), "high": apart(high, goal)}
    return say(lang, "board.beside.some", unit=unit, **ends)


def recipes(board: Board, lang: Lang = "en") -> list[list[str]]:
    """What differs in the recipes, the head first: a line a field of few runs, a line a run of
    many. Empty where nothing does."""
    fields, labels = board.differs, list(board.labels)
    if not fields:
        return []
    rows = [[name, *(shown(row[label]) for label in labels)] for name, row in fields.items()]
    table = [[say(lang, "board.field"), *labels], *rows]
    return table if len(labels) <= FEW else [list(column) for column in zip(*table)]


def shown(value: Any) -> str:
    """A field's value as a recipe has it; a dash where the recipe has no such field."""
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def plain(board: Board) -> dict[str, Any]:
    """A board as plain JSON values."""
    rows = []
    for rank, (name, runs) in enumerate(board.groups.items(), 1):
        values = values_of(runs)
        ends = mean_interval(values, board.goal, samples_of(runs))
        rows.append(
            {
                "rank": rank, "name": name, "runs": [str(run.path) for run in runs],
                "test": values.tolist(), "mean": float(values.mean()),
                "interval": list(ends) if ends else None,
                "parameters": runs[0].result["parameters"],
                "seconds": [run.seconds for run in runs],
            }
        )  # fmt: skip
    return {
        "data": board.data, "fingerprints": list(board.fingerprints), "task": board.task,
        "goal": board.goal, "rows": rows, "verdicts": board.verdicts, "differs": board.differs,
    }  # fmt: skip


def every_sentence(found: SideBySide, lang: Lang = "en") -> list[str]:
    """What can be said of each board, and of what differs in the recipes of a few runs."""
    said = []
    for board in found.boards:
        lines = [*sentences(board, lang), *_fields(board, lang)]
        head = f"{board.data}, {board.task}: " if len(found.boards) > 1 else ""
        said += [f"{head}{line}" for line in lines]
    if found.left_out:
        count = counted(lang, "run", len(found.left_out))
        names = ", ".join(found.left_out)
        said.append(say(lang, "board.unfinished", count=count, names=names))
    return said


def _fields(board: Board, lang: Lang) -> list[str]:
    """What differs between a few groups, a line a field; fields that not every model has are left
    to the report's table."""
    if len(board.labels) < 2 or len(board.groups) > FEW:
        return []
    said, firsts = [], {name: runs[0] for name, runs in board.groups.items()}
    flat = {name: flattened(run.recipe.plain()) for name, run in firsts.items()}
    for key in board.differs:
        if key not in HOW and all(key in recipe for recipe in flat.values()):
            each = ", ".join(f"{name} {shown(recipe[key])}" for name, recipe in flat.items())
            said.append(say(lang, "board.differ", field=key, each=each))
    return said or [say(lang, "board.same")]


def every_ranking(found: SideBySide, lang: Lang = "en") -> list[list[str]]:
    """All boards below each other, one head."""
    tables = [ranking(board, lang) for board in found.boards]
    return [tables[0][0], *(row for each in tables for row in each[1:])]


def summary(found: SideBySide) -> dict[str, Any]:
    """What `compare RUN RUN --json` prints."""
    every = [plain(board) for board in found.boards]
    return {"run": str(found.path), "boards": every, "left_out": dict(found.left_out)}


def draw(
    place: Path, found: Sequence[Board], left_out: Mapping[str, str], lang: Lang = "en"
) -> None:
    """pictures/ and report.html: of each board its ranking, its curves, and what differs."""
    sections, pictures = [], []
    for index, board in enumerate(found, 1):
        warning = say(lang, "board.data") if len(board.fingerprints) > 1 else ""
        some = list(board.groups.items())[:CURVES]
        histories = {name: [run.history for run in runs] for name, runs in some}
        name = "curves" if len(found) == 1 else f"curves-{index}"
        drawn = [curves.overlaid(histories, board.goal, warning, lang, name)]
        if len(found) == 1:
            drawn += curves.fitted({label: runs[0] for label, runs in some}, warning, lang)
        pictures += drawn
        title = f"{board.data}: {board.task}"
        sections.append(Section(title, sentences(board, lang), ranking(board, lang)))
        sections.append(Section("", pictures=drawn))
        if table := recipes(board, lang):
            sections.append(Section(say(lang, "board.differs"), table=table))
    if left_out:
        lines = [f"{name}: {why}" for name, why in left_out.items()]
        sections.append(Section(say(lang, "board.left_out"), lines))
    write(place, say(lang, "comparison", name=place.name), sections, pictures, lang)
