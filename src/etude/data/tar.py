"""tar: pictures in WebDataset shards: one .tar, a folder of them, or a pattern such as "d/*.tar".
Each may be gzipped (.tar.gz, .tgz).

    0001.jpg 0001.cls 0002.jpg 0002.cls ...        members of one name are one sample

The label is in NAME.cls (a class), NAME.txt, or NAME.json under the key `label` (data.target).
Shards called train-000.tar, val-000.tar and test-000.tar are the splits; other names: a fifth is
the test split. Nothing is unpacked: pictures are read where they are in the shard. A shard with
links, with paths that lead outside, or with sizes beyond its end is refused as a whole.
"""

import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from glob import glob
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import numpy as np
from pydantic import Field

from etude.data import labelled
from etude.data.dataset import Raw, Source
from etude.data.gunzip import Gunzip, Gunzipped, is_gzip
from etude.data.images import SUFFIXES, Held, PictureError, Piece
from etude.data.labelled import Labelled, LabelledConfig, Row
from etude.data.names import left_by_systems, split_called
from etude.data.reasons import unreadable
from etude.data.splits import stratified
from etude.data.tree import shown
from etude.data.waiting import Waiting
from etude.errors import DataError, InvalidValue, cause
from etude.locale.texts import Text, text
from etude.system import limits

TEST = 0.2
LABEL, HEADER = 1 << 16, 1 << 20
"""Largest size in bytes of a label, and of what the header of a member holds."""
BLOCK = 512
"""Headers and contents of an archive begin at multiples of it."""
ENDINGS = (".tar", ".tar.gz", ".tgz")
LABELS = ("cls", "txt", "json")
"""The endings of labels; the first that any sample has is read."""


class Config(LabelledConfig):
    """The shards, and where the labels are."""

    path: str = Field(description="config.tar.path")
    target: str = Field(default="label", min_length=1, description="config.tar.target")


class Member(NamedTuple):
    """A member of a shard. key: the shard and the name up to the first dot; ending: the rest, in
    lower case. size: in bytes. read: bytes of the shard that are read so far."""

    key: tuple[Path, str]
    ending: str
    place: Piece | Held
    size: int
    read: int


Parts = dict[str, Member]
"""The members of a sample by ending."""


class _Bounded:
    """An open archive as `tarfile` reads it: never more than a header at once, so that a header
    that declares gigabytes takes no memory."""

    def __init__(self, file: IO[bytes] | Gunzip) -> None:
        self.file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self.file.read(size)


def shards(path: str) -> list[Path]:
    """The archives of a path, sorted. Raises DataError if there are none, or one twice."""
    place = Path(path)
    if place.is_dir():
        found = _inside(place)
    elif place.exists():
        found = [place]
    else:
        found = [Path(one) for one in glob(path)]
    if not found:
        raise DataError(text("data.tar.none", path=shown(path)), do=text("data.tar.none.do"))
    # Whoever unpacks a shard often keeps the packed one, and each sample would be there twice.
    count = Counter(one.with_name(_stem(one)) for one in found)
    twice = [shown(one.name) for one in sorted(found) if count[one.with_name(_stem(one))] > 1]
    if twice:
        raise DataError(
            text("data.tar.both", path=shown(path)), items=twice, do=text("data.tar.both.do")
        )
    return sorted(found)


def _inside(folder: Path) -> list[Path]:
    """The archives in a folder."""
    return [
        one
        for one in folder.iterdir()
        if one.name.lower().endswith(ENDINGS) and not left_by_systems(one.name)
    ]


def _stem(shard: Path) -> str:
    """The name of an archive without what says that it is one, and packed."""
    ending = next((one for one in ENDINGS if shard.name.lower().endswith(one)), "")
    return shard.name[: len(shard.name) - len(ending)] or shard.name


def members(shard: Path, gunzipped: Gunzipped) -> Iterator[Member | Text]:
    """The files of a shard in order; for one that is not read, what is wrong with it. gunzipped:
    takes those of a gzipped shard. Raises DataError if it is no archive, or damaged."""
    try:
        status = shard.stat()
        key = f"{shard.absolute()} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
        packed = gunzipped.opened(shard) if is_gzip(shard) else None
        size = packed.most if packed else status.st_size
        with nullcontext(packed) if packed else shard.open("rb") as file:
            archive = tarfile.TarFile(fileobj=_Bounded(file))  # type: ignore[arg-type]
            end = 0
            while (info := archive.next()) is not None:
                # It keeps all headers, of which there may be millions.
                archive.members.clear()  # type: ignore[attr-defined]
                name = PurePosixPath(info.name.replace("\\", "/"))
                said = shown(f"{shard.name}/{info.name[:200]}")
                if info.size < 0 or info.offset_data + info.size > size:
                    raise tarfile.ReadError(f"{said}: {info.size} bytes")
                if name.is_absolute() or ".." in name.parts or ":" in info.name[:2]:
                    yield text("data.at", where=said, what=text("data.tar.outside"))
                elif info.isdir() or left_by_systems(name.name):
                    continue
                elif not info.isreg() or info.issparse():
                    yield text("data.at", where=said, what=text("data.tar.no_file"))
                else:
                    stem, _, ending = name.name.partition(".")
                    piece = Piece(shard, info.offset_data, info.size)
                    place = Held(gunzipped, gunzipped.add(piece), key) if packed else piece
                    read = packed.packed if packed else info.offset_data
                    sample = shard, str(name.parent / stem)
                    yield Member(sample, ending.lower(), place, info.size, read)
                end = info.offset_data + -(-info.size // BLOCK) * BLOCK if info.isreg() else 0
            # The library takes a damaged header for the end of the archive.
            file.seek(end)
            if end and any(file.read(BLOCK)):
                raise tarfile.ReadError(f"no header at byte {end}")
            if packed:
                packed.finish()
    except OSError as error:
        raise DataError(text("data.fault", where=shard, what=unreadable(error))) from None
    # What the standard library is known to raise for damaged headers.
    except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError) as error:
        raise DataError(
            text("data.tar.damaged", path=shard, why=str(error) or type(error).__name__),
            do=text("data.tar.damaged.do"),
        ) from None


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError with everything that cannot be used."""
    samples, fatal = _samples(shards(config.path), _title(config.path))
    pictures = {key: _pictures(parts) for key, parts in samples.items()}
    samples = {key: parts for key, parts in samples.items() if pictures[key] or _label(parts)}
    if fatal or not samples:
        where = shown(config.path)
        raise DataError(text("data.tar.unusable", path=where), items=fatal or [_no_samples()])
    kind = next((e for e in LABELS if any(e in parts for parts in samples.values())), "")
    rows, labels = [], []
    for key, parts in samples.items():
        label: str | Text = text("data.tar.no_label", ending=kind or LABELS[0])
        if kind in parts:
            label = _read_label(parts[kind], config.target)
        place = _one(pictures[key]) if isinstance(label, str) else label
        ending = min(pictures[key], default="")
        name = _name(key, ending)
        rows.append(Row(name, place, name))
        labels.append(label if isinstance(label, str) else "")
    try:
        asked = "class" if kind == "cls" and config.task == "auto" else config.task
        goal = labelled.goal(config.target, labelled.cells_of(labels), asked)
    except InvalidValue as error:
        raise DataError(
            text("data.tar.unusable", path=shown(config.path)), items=[error.what, *_bad(rows)]
        ) from None
    division, notes = _divided([key[0] for key in samples], goal.values, goal.known, config)
    what = text("data.tar.pictures", path=shown(config.path))
    return labelled.raw_of(Labelled(_title(config.path), what, rows, goal, division, notes), config)


def _samples(paths: Sequence[Path], title: str) -> tuple[dict[tuple[Path, str], Parts], list[Text]]:
    """(the members of each sample by ending, what is wrong with the shards). Raises DataError."""
    samples: dict[tuple[Path, str], Parts] = {}
    fatal: list[Text] = []
    gunzipped = Gunzipped()
    sizes = [_size(path) for path in paths]
    done, size = 0, sum(sizes)
    with Waiting(title) as show:
        for path, own in zip(paths, sizes, strict=True):
            for member in members(path, gunzipped):
                if isinstance(member, Text):
                    fatal.append(member)
                    continue
                show(done + member.read, size)
                if member.ending in samples.setdefault(member.key, {}):
                    what = text("data.tar.twice", ending=member.ending)
                    fatal.append(text("data.at", where=_name(member.key, ""), what=what))
                else:
                    samples[member.key][member.ending] = member
            done += own
    return samples, fatal


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # `members` says why
        return 0


def _bad(rows: Sequence[Row]) -> Iterator[Text]:
    """The samples that cannot be read."""
    return (
        text("data.at", where=row.where, what=row.place)
        for row in rows
        if isinstance(row.place, Text)
    )


def _no_samples() -> Text:
    return text("data.tar.no_samples")


def _title(path: str) -> str:
    """The name of the data: that of the archive, or of its folder."""
    place = Path(path)
    if place.is_dir() or not place.exists():
        place = (place if place.is_dir() else place.parent).resolve()
    return shown(place.name.split(".")[0]) or "tar"


def _name(key: tuple[Path, str], ending: str) -> str:
    shard, stem = key
    return shown(f"{shard.name}/{stem}" + (f".{ending}" if ending else ""))


def _pictures(parts: Parts) -> Parts:
    """The pictures of a sample by ending: those without a further name, else all."""
    every = {e: p for e, p in parts.items() if f".{e.rpartition('.')[2]}" in SUFFIXES}
    return {e: p for e, p in every.items() if "." not in e} or every


def _label(parts: Parts) -> bool:
    return any(ending in parts for ending in LABELS)


def _one(pictures: Parts) -> Piece | Held | Text:
    """The picture of a sample; what is wrong if there is none, or several."""
    if len(pictures) == 1:
        return next(iter(pictures.values())).place
    return text("data.tar.several", endings=sorted(pictures)) if pictures else _no_picture()


def _no_picture() -> Text:
    return text("data.tar.no_picture")


def _content(place: Piece | Held) -> bytes:
    if isinstance(place, Held):
        return place.files[place.row]
    with place.path.open("rb") as file:
        file.seek(place.start)
        return file.read(place.size)


def _read_label(member: Member, key: str) -> str | Text:
    """The text of a label; what is wrong with it if there is none."""
    ending = member.ending
    if member.size > LABEL:
        return text("data.tar.label.large", ending=ending, size=member.size)
    try:
        content = _content(member.place)
        if ending != "json":
            return content.decode("utf-8-sig").strip() or text("data.tar.no_label", ending=ending)
        value = limits.parse_json(content).get(key)
    except PictureError as error:  # the shard cannot be read any more
        return error.what
    except UnicodeDecodeError:
        return text("data.tar.label.text", ending=ending)
    except ValueError as error:
        return text("data.tar.label.json", why=cause(error))
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return text("data.tar.label.key", name=key)


def _divided(
    places: Sequence[Path], values: np.ndarray, known: np.ndarray, config: Config
) -> tuple[np.ndarray, list[Text]]:
    """(the split of each sample [n], notes): by the names of the shards, or drawn by seed."""
    called = {path: _split(_stem(path)) for path in dict.fromkeys(places)}
    part = np.array([called[path] or "train" for path in places], "U5")
    splits = set(called.values())
    if "train" in splits and {"val", "test"} & splits:
        unclear = [shown(path.name) for path, split in called.items() if not split]
        if unclear:
            raise DataError(
                text("data.tar.unclear", names=unclear[:8]), do=text("data.tar.unclear.do")
            )
        notes = [text("data.note.tar.shards")]
        if "test" not in splits:
            part[part == "val"] = "test"
            notes.append(text("data.note.tar.val_is_test"))
        return part, notes
    part[:] = "train"
    rows = np.flatnonzero(known)
    drawn = rows[stratified(values[rows], TEST, config.split_seed)[1]]
    part[drawn] = "test"
    return part, [text("data.note.drawn.pictures", count=len(drawn), total=len(rows))]


def _split(stem: str) -> str:
    """The split that the name of a shard says: train-000, imagenet_val_12, test; "" if none."""
    words = [word for word in "".join(c if c.isalpha() else " " for c in stem).split() if word]
    found = {split for split in map(split_called, words) if split}
    return split_called(stem) or (found.pop() if len(found) == 1 else "")


def recognises(path: Path) -> bool:
    """Whether a path is an archive, a pattern of archives, or a folder of them."""
    try:
        return not path.is_dir() or bool(_inside(path))
    except OSError:
        return False


SOURCE = Source(
    Config,
    load,
    text("source.tar.summary"),
    data_in=(".tar", ".tgz", "folder"),
    recognises=recognises,
)
