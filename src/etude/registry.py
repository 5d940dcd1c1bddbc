"""A name is a file: `vit` is models/vit.py, `fashion-mnist` is data/fashion_mnist.py."""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

from etude.config import nearest
from etude.errors import UsageError

Kind = Literal["model", "data", "view"]

DECLARES = {
    "model": ("models", "ARCHITECTURE"),
    "data": ("data", "SOURCE"),
    "view": ("inspection.views", "VIEW"),
}


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """All names of a kind: the files that declare one, found by their text: imports are slow."""
    room, word = DECLARES[kind]
    declares = re.compile(rf"^{word} = ", re.MULTILINE)
    files = Path(__file__).parent.joinpath(*room.split(".")).glob("*.py")
    found = (f.stem for f in files if declares.search(f.read_text(encoding="utf-8")))
    return tuple(sorted(stem.replace("_", "-") for stem in found))


def load(kind: Kind, name: str) -> Any:
    """The ARCHITECTURE, SOURCE or VIEW of that name. Raises UsageError, with the nearest name."""
    if name not in names(kind):
        raise UsageError(f"There is no {kind} {name!r}.{nearest(name, names(kind))}")
    room, word = DECLARES[kind]
    return getattr(importlib.import_module(f"etude.{room}.{name.replace('-', '_')}"), word)
