"""Find the data of a recipe: by name, by path, or at a new path if they were moved."""

import os
from collections.abc import Iterable
from glob import glob
from pathlib import Path

from etude import registry
from etude.config import nearest
from etude.data.dataset import Source
from etude.data.tabular.files import is_pattern, word_of
from etude.errors import DataError, UsageError
from etude.locale.texts import text
from etude.recipe import Part


def source_for(path: Path, fields: Iterable[str] = ()) -> str | None:
    """The name of the source that reads a path; None if there is none. fields: those of its Config
    that are given; of several sources, one that takes them all."""
    able = {name: source for name, source in _sources().items() if reads(source, path)}
    # With a field that no source takes, the first one says which fields there are.
    every = [name for name in able if {*fields} <= _fields(able[name])] or list(able)
    sure = [name for name in every if _recognises(able[name], path)]
    return min(sure or every, key=lambda name: able[name].rank) if every else None


def _recognises(source: Source, path: Path) -> bool:
    return source.recognises is not None and source.recognises(path) is True


def _sources() -> dict[str, Source]:
    return {name: registry.load("data", name) for name in registry.names("data")}


def _fields(source: Source) -> set[str]:
    return {*source.config.model_fields}


def reads(source: Source, path: Path) -> bool:
    """Whether a source reads a path, by its suffix and by what is in it."""
    if path.is_dir():
        word = "folder"
    elif path.is_file() or is_pattern(path):
        word = word_of(path)
    else:
        return False
    if word not in source.data_in:
        return False
    # A pattern is only for sources that know what it names.
    known = source.recognises(path) if source.recognises else None
    return known is not False and (known is True or not is_pattern(path))


def _exists(path: Path | str) -> bool:
    """Whether there is a file, a folder, or a file that a pattern names."""
    return os.path.exists(path) or (is_pattern(path) and any(glob(str(path))))


def with_source(data: Part) -> Part:
    """The data, with the name of a source and the path as a field if the name is a path. Of the
    sources that read Python objects, one that takes all fields is chosen.

    Raises UsageError if neither a source nor a file has that name, DataError if no source reads it.
    """
    if data.name in registry.names("data"):
        return _of_objects(data)
    path = Path(os.path.expanduser(data.name))
    if not _exists(path):
        head, colon, rest = data.name.partition(":")
        field = registry.load("data", head).address if head in registry.names("data") else ""
        if colon and field:
            return Part.read({"name": head, field: rest, **data.fields}, "data")
        names = registry.names("data")
        raise UsageError(
            text("data.locate.none", name=data.name, near=nearest(data.name, names)),
            do=text("data.locate.none.do", names=names),
        )
    source = source_for(path, data.fields)
    if source is None:
        raise DataError(
            text("data.locate.no_source", path=path), do=text("data.locate.no_source.do")
        )
    return Part.read({"name": source, "path": str(path), **data.fields}, "data")


def _of_objects(data: Part) -> Part:
    """The data, by another source of objects if this one reads objects and lacks fields that the
    other takes."""
    sources = _sources()
    if sources[data.name].objects is None or {*data.fields} <= _fields(sources[data.name]):
        return data
    others = [name for name, one in sources.items() if one.objects is not None]
    able = [name for name in others if {*data.fields} <= _fields(sources[name])]
    return Part.read({**data.plain(), "name": able[0]}, "data") if able else data


def relocated(data: Part, run: Path, place: str | None) -> Part:
    """The data of a run at `place`; at the path in its recipe if `place` is None.

    Raises DataError if there is nothing at that path, UsageError for a place if the data have none.
    """
    path = data.fields.get("path")
    if place is None:
        if isinstance(path, str) and not _exists(os.path.expanduser(path)):
            raise _moved(run, path)
        return data
    if not isinstance(path, str):
        raise UsageError(
            text("data.locate.no_path", run=run, name=data.name),
            do=text("data.locate.no_path.do"),
        )
    target = Path(os.path.expanduser(place))
    if not _exists(target):
        raise DataError(text("data.locate.missing", place=place))
    if not reads(registry.load("data", data.name), target):
        source = source_for(target)
        values = {"place": place, "run": run, "name": data.name}
        raise DataError(
            text("data.locate.other", **values, other=source)
            if source
            else text("data.locate.unread", **values)
        )
    return Part.read({**data.plain(), "path": str(target)}, "data")


def _moved(run: Path, path: str) -> DataError:
    """The error for data that are not at the path in the recipe, with a path where they may be."""
    full = os.path.abspath(os.path.expanduser(path))
    # A relative path was written from the folder of the command, often a parent of the run folder.
    near = next((p / path for p in run.absolute().parents if os.path.exists(p / path)), None)
    where = os.path.relpath(near) if near else "PATH"
    if os.path.isabs(path):
        return DataError(
            text("data.locate.moved", run=run, path=path),
            do=text("data.locate.moved.do", place=where),
        )
    return DataError(
        text("data.locate.moved.relative", run=run, path=path, full=full),
        do=text("data.locate.moved.relative.do", path=path, place=where),
    )
