"""Where the data of a recipe are: names, paths, and paths that have changed since."""

import os
from pathlib import Path

from etude import registry
from etude.config import nearest
from etude.data.images import SUFFIXES
from etude.errors import DataError, UsageError
from etude.recipe import Part


def source_for(path: Path) -> str | None:
    """ "arrays", "ts" or "folder" (of pictures); None for a path that no source reads."""
    if path.is_dir():
        try:
            entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        except OSError:
            return "folder"  # which says why it cannot be read
        suffixes = {entry.suffix.lower() for entry in entries if entry.is_file()}
        if ".ts" in suffixes:
            return "ts"
        if ".npy" in suffixes and not suffixes & SUFFIXES:
            return "arrays"
        return "folder"
    if not path.is_file():
        return None
    return {".npz": "arrays", ".npy": "arrays", ".ts": "ts"}.get(path.suffix.lower())


def with_source(data: Part) -> Part:
    """Replace a path that was given as the data name by its source's name and the path.

    Raises UsageError if there is nothing of that name, DataError if no source reads it.
    """
    if data.name in registry.names("data"):
        return data
    path = Path(os.path.expanduser(data.name))
    if not os.path.exists(path):
        known = ", ".join(registry.names("data"))
        raise UsageError(
            f"There is no data set {data.name!r}, nor a file or folder of that name."
            f"{nearest(data.name, registry.names('data'))}",
            do=f"Give one of {known}, or the path of a folder of images, .npz, .npy or .ts.",
        )
    source = source_for(path)
    if source is None:
        raise DataError(
            f"{path}: no source reads this kind of file.",
            do="Give a folder of images (one folder per class), an .npz, an .npy or a .ts file.",
        )
    return Part.read({"name": source, "path": str(path), **data.fields}, "data")


def relocated(data: Part, run: Path, place: str | None) -> Part:
    """The data of a run at `place`, or where its recipe says if that is None.

    Raises DataError, with that path and a way to correct it, if there is nothing.
    """
    path = data.fields.get("path")
    if place is None:
        if isinstance(path, str) and not os.path.exists(os.path.expanduser(path)):
            raise _moved(run, path)
        return data
    if not isinstance(path, str):
        raise UsageError(
            f"{run}: was trained on {data.name!r}, which is found by its name.",
            do="Leave --data out.",
        )
    there = Path(os.path.expanduser(place))
    if not os.path.exists(there):
        raise DataError(f"{place}: there is no such file or folder.")
    if (source := source_for(there)) != data.name:
        kind = f"it is read as {source!r}" if source else "no source reads it"
        raise DataError(f"{place}: the data of {run} are read as {data.name!r}; {kind}.")
    return Part.read({**data.plain(), "path": str(there)}, "data")


def _moved(run: Path, path: str) -> DataError:
    """The error for data that are not at the path in the recipe, with a path where they may be."""
    full = os.path.abspath(os.path.expanduser(path))
    seen = "" if os.path.isabs(path) else f", which from the current folder is {full}"
    near = next((p / path for p in run.absolute().parents if os.path.exists(p / path)), None)
    start = "" if os.path.isabs(path) else f"Start from the folder in which {path} lies, or name"
    where = os.path.relpath(near) if near else "PATH"
    return DataError(
        f"{run}: its recipe looks for its data at {path}{seen}: there is nothing.",
        do=f"{start or 'Name'} the new place: --data {where} (in Python data={where!r}).",
    )
