"""Checks of arguments before any work: their types, places to write to, kinds of words.

Mistakes found here cost nothing yet, so these checks come first.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etude import registry
from etude.errors import UsageError
from etude.runs import comparison as duels
from etude.runs.folder import ROOT, begun

MODULE = "torch.nn.modules.module.Module"
TODAY = "Names: etude list. A plain nn.Module of ours for your own loop: etude.models.create(name)."


def model_name(model: Any) -> str | None:
    """The name of a model, or the path of a recipe, as text. Raises UsageError for a module, a
    class or anything else."""
    if model is None or isinstance(model, str):
        return model
    if isinstance(model, os.PathLike):
        return str(os.fspath(model))
    kind = model if isinstance(model, type) else type(model)
    if any(f"{base.__module__}.{base.__qualname__}" == MODULE for base in kind.__mro__):
        thing = f"the class {kind.__name__}" if kind is model else f"a {kind.__name__}"
        raise UsageError(
            f"model should be a name, not {thing}: training a module of your own is not possible "
            "in this version.",
            do=f"{TODAY} Whether yours is right: etude.check({kind.__name__}).",
        )
    raise UsageError(f"model should be a name, {_not(model)}.", do=TODAY)


def data_name(data: Any) -> str | None:
    """The name of a data set, or the path of own data, as text. Raises UsageError for an array, a
    DataLoader or anything else."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, os.PathLike):
        return str(os.fspath(data))
    raise UsageError(
        f"data should be a name or a path, {_not(data)}.",
        do="Arrays are trained on from a file: np.savez('mine.npz', x=x, y=y), then "
        "data='mine.npz'.",
    )


def run_path(run: Any) -> Path:
    """The path of a run. Raises UsageError for anything else."""
    if isinstance(run, str | os.PathLike):
        return Path(run)
    raise UsageError(f"A run is given by its path, {_not(run)}.", do="As 'runs/mlp-digits'.")


def _not(thing: Any) -> str:
    if isinstance(thing, type):
        return f"not the class {thing.__name__}"
    return f"not of type {type(thing).__name__}"


def place(
    out: Path | str | None, flag: str, endings: Sequence[str] = (), folder: bool = False
) -> None:
    """Raise UsageError unless a file (or a folder) can be written at `out`, which may be None.

    endings: those the name may have, as ".png"; none allows any.
    """
    if out is None:
        return
    path = Path(out)
    if folder and path.is_dir():
        parent = path
    elif folder and path.exists():
        raise UsageError(f"{flag} {out}: is a file; a folder is expected.", do="Name another.")
    elif path.is_dir():
        ending = endings[0] if endings else ""
        raise UsageError(
            f"{flag} {out}: is a folder; a file is expected.",
            do=f"Name the file too: {flag} {path / f'NAME{ending}'}",
        )
    else:
        parent = path.parent
        if not parent.is_dir():
            raise UsageError(
                f"{flag} {out}: there is no folder {parent}.", do=f"Make it first: mkdir {parent}"
            )
    if endings and path.suffix.lower() not in endings:
        known = " or ".join(endings)
        raise UsageError(
            f"{flag} {out}: the file is written as {known}, not as {path.suffix or 'that'}.",
            do=f"Name it {path.with_suffix(endings[0])}",
        )
    if not os.access(parent, os.W_OK) or (path.is_file() and not os.access(path, os.W_OK)):
        raise UsageError(
            f"{flag} {out}: cannot be written there (permission denied, or a read-only disk).",
            do="Choose another place.",
        )


def is_run(word: str) -> bool:
    """Whether this is a run or a comparison, by its path or by its name below ./runs."""
    try:
        return any(begun(p) for p in (Path(word), ROOT / word)) or duels.where(word) is not None
    except (OSError, ValueError):
        return False


def what_is(word: str) -> str:
    """What a word of a command may be meant as: "model", "data", "run", "view", "file" or ""."""
    if word in registry.names("model"):
        return "model"
    if word in registry.names("data"):
        return "data"
    if is_run(word):
        return "run"
    if word in registry.names("view"):
        return "view"
    return "file" if os.path.exists(word) else ""
