"""Which pictures a folder holds, and the split and class of each, by the names of its folders."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from etude.data.bad import Bad
from etude.data.names import class_name, nearly, split_called
from etude.data.tree import folders, scan, shown

SHOWN = 5


class Sample(NamedTuple):
    """A picture: its split, its class, where it is, and the folder of its class as told."""

    part: str
    label: str
    path: Path
    group: str


@dataclass
class Layout:
    """What the folders hold. problems: what is wrong and is no single picture."""

    samples: list[Sample] = field(default_factory=list)
    links: list[Bad] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def layout(root: Path) -> Layout:
    """The pictures by split and class. Raises DataError for a folder that cannot be read."""
    found = Layout()
    top = folders(root)
    parts = _parts(root, top, found.problems)
    divided = any(folder != root for folder in parts.values())
    left = [name for name in top if divided and root / name not in parts.values()]
    others: list[str] = []
    passed: list[str] = []
    nested = False
    labels = {part: folders(folder) for part, folder in parts.items()}
    # Without a test folder, that of validation is the test.
    called = {"val": "test"} if divided and "test" not in parts else {}
    for part, folder in parts.items():
        loose = scan(folder, root, depth=0)
        found.links += [Bad("", *link) for link in loose.links]
        left += [shown(path.relative_to(root)) for path in loose.files]
        others += loose.others
        passed += loose.passed
        for label in labels[part]:
            inside = scan(folder / label, root)
            group = shown((folder / label).relative_to(root))
            split = called.get(part, part)
            name = class_name(label)
            found.samples += [Sample(split, name, path, group) for path in inside.files]
            found.links += [Bad(group, *link) for link in inside.links]
            found.problems += inside.problems
            others += inside.others
            passed += inside.passed
            nested |= inside.nested
            if not (inside.files or inside.links or inside.problems):
                found.problems.append(f"{group}: has no pictures")
    found.problems += _wrong_classes(root, parts, labels)
    if divided and called and "val" in parts:
        found.notes.append(f"no test folder: the pictures in {parts['val'].name} are the test")
    renamed = [f"{folder.name} is {part}" for part, folder in parts.items() if part != folder.name]
    if divided and renamed:
        found.notes.append(f"folders read as splits: {', '.join(renamed)}")
    for what, names in (
        ("left out, in no class", left),
        ("left out, no pictures", others),
        ("left out, made by a system and not by you", passed),
    ):
        if names:
            found.notes.append(f"{what}: {_some(names)}")
    if nested:
        found.notes.append("pictures in deeper folders belong to the class at the top")
        found.notes += _alike(parts, labels)
    found.notes += _merged(labels)
    return found


def _parts(root: Path, top: list[str], problems: list[str]) -> dict[str, Path]:
    """The folder of each split; where the folder is not divided, all of it is training."""
    named: dict[str, list[str]] = {}
    for name in top:
        named.setdefault(split_called(name), []).append(name)
    named.pop("", None)
    if "train" not in named or (len(named) == 1 and len(top) > len(named["train"])):
        return {"train": root}
    for split, names in named.items():
        if len(names) > 1:
            problems.append(f"{', '.join(map(shown, names))}: all are called {split}; keep one")
    return {split: root / names[0] for split, names in named.items()}


def _wrong_classes(
    root: Path, parts: dict[str, Path], labels: dict[str, list[str]]
) -> Iterator[str]:
    """Too few classes, or some that training has not."""
    known = {class_name(label) for label in labels["train"]}
    if len(known) < 2:
        where = shown(parts["train"].relative_to(root))
        what, hint = "no class folders", ""
        if known:
            (one,) = known
            what = f"one class only ({shown(one)})"
            inside = [] if parts["train"] != root else folders(root / labels["train"][0])
            hint = f"; if its folders are the classes, give {shown(root / one)}" if inside else ""
        yield f"{where}: has {what}; two are needed{hint}"
    for part in sorted(labels):
        for label in sorted({class_name(label) for label in labels[part]} - known):
            like = nearly(label, sorted(known))
            hint = f" (train has {shown(like)!r}: are they one class?)" if like else ""
            yield f"{part}/{shown(label)}: there is no such class in train{hint}"


def _merged(labels: dict[str, list[str]]) -> Iterator[str]:
    """Classes whose folders differ only in the form of their letters, which were joined or look
    like one."""
    for part, names in labels.items():
        once = sorted({class_name(name) for name in names})
        if len(once) < len(names):
            yield f"{part}: folders of one name in two Unicode forms were joined into one class"
        for i, name in enumerate(once):
            like = nearly(name, once[:i])
            if like:
                yield f"WARNING: {part}: {shown(like)!r} and {shown(name)!r} are two classes"


def _alike(parts: dict[str, Path], labels: dict[str, list[str]]) -> Iterator[str]:
    """A word of doubt where every class has the same folders inside: they may be splits."""
    inside = {label: folders(parts["train"] / label) for label in labels["train"]}
    first = next(iter(inside.values()), [])
    if len(first) > 1 and all(names == first for names in inside.values()):
        yield (
            f"WARNING: {_some(sorted(inside))} were taken for classes, and each has the folders "
            f"{_some(first)}; if they are splits, call them train and test"
        )


def _some(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(map(shown, words[:SHOWN])) + more
