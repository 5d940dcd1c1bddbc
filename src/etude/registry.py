"""A name is a file: `vit` is models/vit.py, `fashion-mnist` is data/fashion_mnist.py.

Names are looked for in this package, then in the plugin folders that the environment variable
ETUDE_PLUGINS lists; each may hold models/, tasks/, data/, views/, exporters/ and trackers/ with
files of the same form.
Worker processes inherit the variable and so find the same names. See docs/plugins.md.
"""

import importlib
import importlib.util
import os
import re
import sys
import traceback
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from etude.config import nearest
from etude.errors import UsageError, cause
from etude.locale.texts import Text, text

Kind = Literal["model", "task", "data", "view", "exporter", "tracker"]

PLUGINS = "ETUDE_PLUGINS"
"""The environment variable with the plugin folders, separated as in PATH."""
HINT = text("registry.hint", variable=PLUGINS)
HOME = Path(__file__).parent

DECLARES = {
    "model": ("models", "ARCHITECTURE"),
    "task": ("tasks", "TASK"),
    "data": ("data", "SOURCE"),
    "view": ("inspection.views", "VIEW"),
    "exporter": ("exporters", "EXPORTER"),
    "tracker": ("trackers", "TRACKER"),
}


def names(kind: Kind) -> tuple[str, ...]:
    """All names of a kind: those of the package, then those of each plugin folder, sorted.

    Raises UsageError if a plugin folder cannot be used or a name is declared twice.
    """
    return tuple(_files(kind, os.environ.get(PLUGINS, "")))


def is_built_in(kind: Kind, name: str) -> bool:
    """Whether a name is one of this package, and not of a plugin."""
    return name in _files(kind, "")


def load(kind: Kind, name: str) -> Any:
    """The ARCHITECTURE, TASK, SOURCE, VIEW, EXPORTER or TRACKER of that name.

    Raises UsageError: with the nearest name if there is none, or with the path and line if the file
    of a plugin cannot be imported.
    """
    files = _files(kind, os.environ.get(PLUGINS, ""))
    if name not in files:
        raise UsageError(
            text("registry.none", kind=_in_words(kind), name=name, near=nearest(name, files)),
            do=HINT,
        )
    room, word = DECLARES[kind]
    path = files[name]
    if path.is_relative_to(HOME):
        return getattr(importlib.import_module(f"etude.{room}.{path.stem}"), word)
    return getattr(_plugin(path), word)


def _in_words(kind: Kind) -> Text:
    return text(f"registry.kind.{kind}")


@cache
def _files(kind: Kind, plugins: str) -> dict[str, Path]:
    """The file of each name. plugins: the value of ETUDE_PLUGINS."""
    room, word = DECLARES[kind]
    declares = re.compile(rf"^{word} = ", re.MULTILINE)
    inner = room.rpartition(".")[2]
    places = [HOME.joinpath(*room.split(".")), *(f / inner for f in _folders(plugins))]
    files: dict[str, Path] = {}
    for place in places:
        # Found by their text, because imports are slow.
        by_name = {file.stem.replace("_", "-"): file for file in place.glob("*.py")}
        for name, file in sorted(by_name.items()):
            if not declares.search(_content(file)):
                continue
            if name in files:
                raise UsageError(
                    text(
                        "registry.twice",
                        file=file,
                        kind=_in_words(kind),
                        name=name,
                        other=files[name],
                    ),
                    do=text("registry.twice.do"),
                )
            files[name] = file
    return files


def _folders(plugins: str) -> list[Path]:
    """The plugin folders. Raises UsageError for one that has no folder of plugins."""
    rooms = [room.rpartition(".")[2] for room, _ in DECLARES.values()]
    places = [Path(p).expanduser().absolute() for p in plugins.split(os.pathsep) if p]
    for place in places:
        if not any((place / room).is_dir() for room in rooms):
            raise UsageError(
                text("registry.folder", variable=PLUGINS, folder=place, names=rooms),
                do=text("registry.folder.do", variable=PLUGINS, folder=place / "models"),
            )
    return places


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(text("registry.unreadable", file=file, why=error)) from None


@cache
def _plugin(path: Path) -> ModuleType:
    """Import the file of a plugin, once. Raises UsageError with its path and the line."""
    # The whole path is in the module's name, so that files of equal names do not share a module.
    name = "etude_plugin_" + re.sub(r"\W", "_", str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # always so for a path that ends in .py
    module = importlib.util.module_from_spec(spec)
    # Before the code runs: pydantic and dataclasses look up a class's module while it is defined.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        inside = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)
        ]
        line = error.lineno if isinstance(error, SyntaxError) else inside[-1]
        why = error.msg if isinstance(error, SyntaxError) else cause(error)
        kind = type(error).__name__
        raise UsageError(
            text("registry.plugin", file=path, line=line, kind=kind, why=why),
            do=text("registry.plugin.do", variable=PLUGINS),
        ) from error
    return module
