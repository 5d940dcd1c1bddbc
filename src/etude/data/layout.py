"""Find the pictures in a folder, and the split and class of each by the names of its folders."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from etude.data.bad import Bad
from etude.data.names import class_name, nearly, split_called
from etude.data.tree import folders, scan, shown
from etude.locale.texts import Sentence, Text, Value, listed, text

SHOWN = 5


class Sample(NamedTuple):
    """A picture: its split, class and path. group: the folder of its class, for messages."""

    part: str
    label: str
    path: Path
    group: str


@dataclass
class Layout:
    """The content of a folder. links: those that are not followed. problems: of folders, not of
    single pictures."""

    samples: list[Sample] = field(default_factory=list)
    links: list[Bad] = field(default_factory=list)
    problems: list[Sentence] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


def layout(root: Path) -> Layout:
    """The pictures by split and class. Raises DataError for a folder that cannot be read."""
    result = Layout()
    top = folders(root)
    parts = _parts(root, top, result.problems)
    divided = any(folder != root for folder in parts.values())
    left = [name for name in top if divided and root / name not in parts.values()]
    others: list[str] = []
    passed: list[str] = []
    nested = False
    labels = {part: folders(folder) for part, folder in parts.items()}
    # Without a test folder, the validation folder is the test split: a result needs a test, and
    # validation can be drawn from training.
    called = {"val": "test"} if divided and "test" not in parts else {}
    for part, folder in parts.items():
        loose = scan(folder, root, depth=0)
        result.links += [Bad("", *link) for link in loose.links]
        left += [shown(path.relative_to(root)) for path in loose.files]
        others += loose.others
        passed += loose.passed
        for label in labels[part]:
            inside = scan(folder / label, root)
            group = shown((folder / label).relative_to(root))
            split = called.get(part, part)
            name = class_name(label)
            result.samples += [Sample(split, name, path, group) for path in inside.files]
            result.links += [Bad(group, *link) for link in inside.links]
            result.problems += inside.problems
            others += inside.others
            passed += inside.passed
            nested |= inside.nested
            if not (inside.files or inside.links or inside.problems):
                result.problems.append(text("data.layout.empty", folder=group))
    result.problems += _wrong_classes(root, parts, labels)
    if divided and called and "val" in parts:
        result.notes.append(text("data.note.folders.test", folder=shown(parts["val"].name)))
    renamed = [
        text("data.note.folders.split", folder=shown(folder.name), split=text(f"data.split.{part}"))
        for part, folder in parts.items()
        if part != folder.name
    ]
    if divided and renamed:
        result.notes.append(text("data.note.folders.splits", folders=tuple(renamed)))
    for what, names in (("classless", left), ("other", others), ("system", passed)):
        if names:
            result.notes.append(text(f"data.note.files.{what}", names=_some(names)))
    if nested:
        result.notes.append(text("data.note.folders.nested"))
        result.notes += _alike(parts, labels)
    result.notes += _merged(labels)
    return result


def _parts(root: Path, top: list[str], problems: list[Sentence]) -> dict[str, Path]:
    """The folder of each split; if there are no split folders, {"train": root}."""
    named: dict[str, list[str]] = {}
    for name in top:
        named.setdefault(split_called(name), []).append(name)
    named.pop("", None)
    # A lone "train" among other folders is a class of trains, not a split.
    if "train" not in named or (len(named) == 1 and len(top) > len(named["train"])):
        return {"train": root}
    for split, names in named.items():
        if len(names) > 1:
            same = tuple(map(shown, names))
            problems.append(
                text("data.layout.twice", folders=same, split=text(f"data.split.{split}"))
            )
    return {split: root / names[0] for split, names in named.items()}


def _wrong_classes(
    root: Path, parts: dict[str, Path], labels: dict[str, list[str]]
) -> Iterator[Text]:
    """Problems: fewer than two classes, or classes in a split that training does not have."""
    trained = {class_name(label) for label in labels["train"]}
    if len(trained) < 2:
        where = shown(parts["train"].relative_to(root))
        if not trained:
            yield text("data.layout.none", folder=where)
        for one in trained:
            values = {"folder": where, "name": shown(one)}
            # In a folder without splits, the classes may be one level deeper.
            if parts["train"] == root and folders(root / labels["train"][0]):
                yield text("data.layout.one.inside", **values, path=shown(root / one))
            else:
                yield text("data.layout.one", **values)
    for part in sorted(labels):
        for label in sorted({class_name(label) for label in labels[part]} - trained):
            like = nearly(label, sorted(trained))
            folder = f"{part}/{shown(label)}"
            if like:
                yield text("data.layout.untrained.alike", folder=folder, like=shown(like))
            else:
                yield text("data.layout.untrained", folder=folder)


def _merged(labels: dict[str, list[str]]) -> Iterator[Text]:
    """Notes on class folders with the same name in two Unicode forms, which were merged, and
    warnings about names that differ only in case, spaces or punctuation."""
    for part, names in labels.items():
        once = sorted({class_name(name) for name in names})
        if len(once) < len(names):
            yield text("data.note.folders.unicode", split=text(f"data.split.{part}"))
        for i, name in enumerate(once):
            like = nearly(name, once[:i])
            if like:
                split = text(f"data.split.{part}")
                yield text("data.note.alike.split", split=split, one=shown(like), other=shown(name))


def _alike(parts: dict[str, Path], labels: dict[str, list[str]]) -> Iterator[Text]:
    """A warning if all classes contain the same folders: the classes may be splits."""
    inside = {label: folders(parts["train"] / label) for label in labels["train"]}
    first = next(iter(inside.values()), [])
    if len(first) > 1 and all(names == first for names in inside.values()):
        yield text("data.note.folders.alike", classes=_some(sorted(inside)), folders=_some(first))


def _some(names: list[str]) -> Value:
    return listed(tuple(map(shown, names[:SHOWN])), len(names))
