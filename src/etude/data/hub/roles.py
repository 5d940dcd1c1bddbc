"""What the columns and the splits of a Hugging Face data set are for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from etude.data.names import split_called
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

TARGETS = ("label", "target", "class", "y", "labels")
"""Names of the column to predict, if there are several that could be."""
NUMBERS = ("int", "uint", "float", "bool")
Role = Literal["picture", "label", "numbers", "cell", "other"]


@dataclass(frozen=True)
class Column:
    """A column. picture: one each; label: a class, with its `names`; numbers: a list of them, of
    any depth; cell: a single value; other: nothing that a model here reads."""

    name: str
    role: Role
    names: tuple[str, ...] = ()


def columns_of(features: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of a split, by the features that its file declares."""
    return tuple(_column(name, feature) for name, feature in features.items())


def _column(name: str, feature: Any) -> Column:
    # By the names of the classes: they are those of the library, which this file does not import.
    kind = type(feature).__name__
    if kind == "Image":
        return Column(name, "picture")
    if kind == "ClassLabel":
        return Column(name, "label", tuple(map(str, feature.names)))
    if kind == "Value":
        return Column(name, "other" if "binary" in feature.dtype else "cell")
    inner = feature
    while type(inner).__name__ in ("List", "LargeList", "Sequence") or isinstance(inner, list):
        inner = inner[0] if isinstance(inner, list) else inner.feature
    array = kind.startswith("Array") and kind.endswith("D")
    listed = inner is not feature and type(inner).__name__ == "Value"
    if (array or listed) and str(inner.dtype).startswith(NUMBERS):
        return Column(name, "numbers")
    return Column(name, "other")


@dataclass(frozen=True)
class Roles:
    """The column that is read as a sample, None if each row is one; and the column to predict, None
    if the rules of tables choose it."""

    sample: Column | None
    target: Column | None


def roles_of(
    columns: Sequence[Column], asked: Mapping[str, str], target: str, rows: bool, where: str
) -> Roles:
    """Which columns are read. asked: the sample column that the user names, by its role. target:
    the column to predict, "" if the user names none. rows: the user chooses columns of a table.
    Raises DataError with the names that there are."""
    _require(columns, (*asked.values(), target), where)
    if rows and not any(asked.values()):
        return Roles(None, None)
    for role, word in (("picture", "picture"), ("numbers", "list")):
        able = [one for one in columns if one.role == role and one.name != target]
        name = asked.get(role, "")
        if name and name not in [one.name for one in able]:
            raise DataError(
                text(f"data.hub.no_{word}", path=where, name=plain(name)),
                do=text("data.hub.columns.do", names=_shown(columns)),
            )
        if any(asked.values()) and not name:
            continue
        able = [one for one in able if name in ("", one.name)]
        if len(able) > 1:
            raise DataError(
                text(f"data.hub.several_{role}", path=where, names=_shown(able)),
                do=text(f"data.hub.several_{role}.do", name=plain(able[0].name)),
            )
        if able:
            return Roles(able[0], _target(columns, able[0], target, where))
    return Roles(None, None)


def _require(columns: Sequence[Column], names: Sequence[str], where: str) -> None:
    have = {one.name for one in columns}
    if missing := [name for name in names if name and name not in have]:
        raise DataError(
            text("data.hub.no_column", path=where, name=plain(missing[0])),
            do=text("data.hub.columns.do", names=_shown(columns)),
        )


def _target(columns: Sequence[Column], sample: Column, target: str, where: str) -> Column:
    """The column to predict for pictures or lists of numbers."""
    able = [one for one in columns if one.role in ("label", "cell") and one != sample]
    if target:
        able = [one for one in columns if one.name == target]
    labels = [one for one in able if one.role == "label"]
    by_word = {one.name.lower(): one for one in able}
    named = [by_word[word] for word in TARGETS if word in by_word]
    # One column of labels alone; else one by its name; else the only column there is.
    best = labels if len(labels) == 1 else named[:1] or (able if len(able) == 1 else [])
    if not best:
        raise DataError(
            text("data.hub.no_target", path=where, column=plain(sample.name)),
            do=text("data.hub.no_target.do", names=_shown(able or columns)),
        )
    return best[0]


def _shown(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(plain(one.name) for one in columns[:50])


def parts_of(names: Sequence[str], where: str) -> tuple[dict[str, str], list[Text]]:
    """({name of a split: "train", "val", "test", or "" for data that are not divided}, notes).
    Raises DataError if two splits mean one."""
    if len(names) == 1:
        return {names[0]: ""}, []
    parts = {name: split_called(name) for name in names}
    by_part: dict[str, list[str]] = {}
    for name, part in parts.items():
        by_part.setdefault(part, []).append(name)
    twice = [names for part, names in by_part.items() if part and len(names) > 1]
    if twice or "train" not in by_part:
        raise DataError(
            text("data.hub.splits", path=where, names=tuple(map(plain, names))),
            do=text("data.hub.splits.do"),
        )
    return {name: part for name, part in parts.items() if part}, list(_notes(parts))


def _notes(parts: Mapping[str, str]) -> Iterator[Text]:
    for part in ("val", "test"):
        for name in (name for name, meant in parts.items() if meant == part and name != part):
            yield text(f"data.note.hub.{part}", name=plain(name))
    if others := tuple(plain(name) for name, part in parts.items() if not part):
        yield text("data.note.hub.splits", names=others)
