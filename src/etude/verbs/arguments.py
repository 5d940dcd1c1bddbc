"""Checks of arguments before any work: their types, output paths, and what a word names.

Nothing has been loaded or written when these run, so a mistake is reported at once.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeGuard

from etude import registry
from etude.errors import UsageError
from etude.locale.texts import Text, text
from etude.runs.folder import is_run as is_run_folder
from etude.runs.workspace import Workspace
from etude.training.distributed import World

if TYPE_CHECKING:
    from torch import nn

WordKind = Literal["model", "data", "run", "view", "file", ""]

WORKSPACE = Workspace(Path("runs"))
"""Where the verbs find runs by their names and create new ones: ./runs of the working folder."""
MODULE = "torch.nn.modules.module.Module"
"""The base class of all networks, by name: comparing names needs no import of torch."""
HOW_TO_NAME = text("verbs.model.do")


def is_module(model: object) -> "TypeGuard[nn.Module]":
    """Whether a model is an instance of torch.nn.Module."""
    return _derives_from_module(type(model))


def _derives_from_module(kind: type) -> bool:
    return any(f"{base.__module__}.{base.__qualname__}" == MODULE for base in kind.__mro__)


def model_name(model: object) -> str | None:
    """The name of a model, or the path of a recipe, as text. Raises UsageError for a module, a
    class or anything else."""
    if model is None or isinstance(model, str):
        return model
    if isinstance(model, os.PathLike):
        return str(os.fspath(model))
    if is_module(model):
        raise UsageError(text("verbs.model.module", kind=type(model).__name__), do=HOW_TO_NAME)
    if isinstance(model, type) and _derives_from_module(model):
        raise UsageError(
            text("verbs.model.class", kind=model.__name__),
            do=text("verbs.model.class.do", kind=model.__name__),
        )
    raise UsageError(_wrong_type("model", model), do=HOW_TO_NAME)


def is_name(data: object) -> bool:
    """Whether data are given by a name or a path, or not at all, and not as objects."""
    return data is None or isinstance(data, str | os.PathLike)


def data_name(data: object) -> str | None:
    """The name of a data set, or the path of own data, as text. Raises UsageError for objects,
    where a verb reads names and paths only."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, os.PathLike):
        return str(os.fspath(data))
    raise UsageError(_wrong_type("data", data), do=text("verbs.data.do"))


def run_path(run: object) -> Path:
    """The path of a run. Raises UsageError for anything else."""
    if isinstance(run, str | os.PathLike):
        return Path(run)
    raise UsageError(_wrong_type("run", run), do=text("verbs.run.do"))


def _wrong_type(argument: str, value: object) -> Text:
    """What a message says of an argument of the wrong type: the class that it is, or its type."""
    if isinstance(value, type):
        return text(f"verbs.{argument}.wrong_class", kind=value.__name__)
    return text(f"verbs.{argument}.wrong_type", kind=type(value).__name__)


def require_writable(
    out: Path | str | None, flag: str, endings: Sequence[str] = (), folder: bool = False
) -> None:
    """Raise UsageError unless a file (or a folder) can be written at `out`, which may be None.

    endings: the endings that the name may have, such as ".png"; none allows any.
    """
    if out is None:
        return
    path = Path(out)
    if folder and path.is_dir():
        parent = path
    elif folder and path.exists():
        raise UsageError(text("verbs.out.file", flag=flag, path=out), do=text("verbs.out.name.do"))
    elif path.is_dir():
        ending = endings[0] if endings else ""
        raise UsageError(
            text("verbs.out.folder", flag=flag, path=out),
            do=text("verbs.out.folder.do", flag=flag, path=path / f"NAME{ending}"),
        )
    else:
        parent = path.parent
        if not parent.is_dir():
            raise UsageError(
                text("verbs.out.parent", flag=flag, path=out, folder=parent),
                do=text("verbs.out.parent.do", folder=parent),
            )
    if endings and path.suffix.lower() not in endings:
        raise UsageError(
            text(
                "verbs.out.ending",
                flag=flag,
                path=out,
                endings=tuple(endings),
                ending=path.suffix or text("verbs.out.no_ending"),
            ),
            do=text("verbs.out.ending.do", path=path.with_suffix(endings[0])),
        )
    if not os.access(parent, os.W_OK) or (path.is_file() and not os.access(path, os.W_OK)):
        raise UsageError(
            text("verbs.out.denied", flag=flag, path=out), do=text("verbs.out.denied.do")
        )


def require_one_process(work: Literal["comparison", "search", "tour", "memory"]) -> None:
    """Raise UsageError in a job of several processes, for work that trains several runs: each
    process would take the names of the others' runs."""
    if World.here().size > 1:
        raise UsageError(text(f"verbs.one_process.{work}"), do=text("verbs.one_process.do"))


def require_no_moved_data(data: object, comparison: Path) -> None:
    """Raise UsageError if new paths of data are passed for a comparison: each of its runs has a
    recipe of its own, and workers on other machines read these recipes."""
    if data is not None:
        raise UsageError(
            text("verbs.moved.comparison", path=comparison), do=text("verbs.moved.comparison.do")
        )


def is_run(word: str) -> bool:
    """Whether a word is a run or a comparison, by its path or by its name below ./runs."""
    try:
        runs = any(is_run_folder(path) for path in WORKSPACE.places(word))
        return runs or WORKSPACE.comparison(word) is not None
    except (OSError, ValueError):  # a word that cannot be a path: too long, or with a zero byte
        return False


def kind_of_word(word: str) -> WordKind:
    """What a word of a command names; "" if nothing."""
    if word in registry.names("model"):
        return "model"
    if word in registry.names("data"):
        return "data"
    if is_run(word):
        return "run"
    if word in registry.names("view"):
        return "view"
    return "file" if os.path.exists(word) else ""


def model_names(word: Path | str) -> list[str]:
    """The models that a word names, one or several with commas; none if it names anything else."""
    names = str(word).split(",")
    return names if set(names) <= set(registry.names("model")) else []
