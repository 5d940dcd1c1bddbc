"""A column of pictures as images, by the rules of folders of pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from etude.data.arrays import ArrayConfig
from etude.data.bad import Bad, leave_out
from etude.data.dataset import Raw, Split
from etude.data.hub.roles import Column
from etude.data.hub.samples import Part, answers, with_test
from etude.data.images import Held, Place
from etude.data.pictures import PictureConfig, read
from etude.locale.texts import text


class PicturesConfig(ArrayConfig, PictureConfig):
    """How targets are read, and pictures converted."""


def pictures_raw(
    parts: dict[str, Part], column: Column, target: Column, config: PicturesConfig,
    where: str, title: str,
) -> Raw:  # fmt: skip
    """The data of pictures. Raises DataError with every picture that cannot be used."""
    y, kind, classes, notes = answers(parts, target, where, config.labels)
    parts, y, drawn = with_test(parts, y, config.split_seed)
    places = [place for part in parts.values() for place in _places(part, column.name)]
    names = [name for part in parts.values() for name in part.labels()]
    labels = np.concatenate([part.y for part in parts.values()]).tolist()
    part_of = np.repeat([*parts], [len(part.rows) for part in parts.values()])
    found = read(places, lambda which: part_of[which].tolist(), config)
    # A class that loses all of its pictures is an error; a value is no class.
    groups = [f"{p}/{label}" if classes else "" for p, label in zip(part_of.tolist(), labels)]
    left_out = leave_out(
        text("data.folder.pictures", path=where),
        [Bad(groups[i], names[i], why) for i, why in found.bad],
        [groups[i] for i in found.good],
        skip=config.skip_bad,
    )
    good = np.array(found.good, np.int64)
    whole = Split(
        found.x,
        np.concatenate(list(y.values()))[good],
        None,
        tuple(names[i] for i in found.good),
        found.digests,
    )
    splits = {name: whole.take(np.flatnonzero(part_of[good] == name)) for name in parts}
    return Raw(
        name=title,
        kind="image",
        target=kind,
        train=splits["train"],
        test=splits["test"],
        val=splits.get("val"),
        classes=classes,
        unit=config.unit,
        notes=(*notes, *found.notes, *drawn),
        left_out=left_out,
        levels=found.levels,
    )


class _Files:
    """The content of the picture files in a column, by row."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __getitem__(self, row: int) -> bytes:
        held = self._column[row].as_py()
        return b"" if held is None else held["bytes"] or b""


def _places(part: Part, name: str) -> list[Place]:
    """Where the picture of each row is: in the column itself, or in a file that it names."""
    import pyarrow.compute as pc

    column = part.data.with_format("arrow")[:][name]
    files, key = _Files(column), f"{part.data._fingerprint} {name}"
    empty = pc.is_null(pc.struct_field(column, "bytes")).to_numpy()
    paths = pc.struct_field(column, "path")
    places: list[Place] = []
    for row in part.rows.tolist():
        path = paths[row].as_py() if empty[row] else None
        places.append(Path(path) if path else Held(files, row, key))
    return places
