"""Exporter: one form in which a trained network leaves étude, and what it reads and returns."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from etude.config import Config
from etude.data.card import Card
from etude.data.dataset import Dataset, Split
from etude.errors import UsageError
from etude.exporters.parity import Parity
from etude.locale.texts import Sentence, render, text
from etude.recipe import Recipe
from etude.results import RunResult
from etude.system.limits import Plain
from etude.tasks.protocol import Task


class ExportConfig(Config):
    """The options of a form that has none."""


@dataclass(frozen=True)
class Trained:
    """A finished run as an exporter reads it.

    label: a short name. model: the trained module in eval mode, on the CPU. samples: returns the
    test split, and data all splits, or raises the DataError that says why the data of the run
    cannot be read.
    """

    label: str
    recipe: Recipe
    card: Card
    result: RunResult
    model: nn.Module
    task: Task
    samples: Callable[[], Split]
    data: Callable[[], Dataset]

    def weights(self) -> dict[str, np.ndarray]:
        """All parameters and buffers by name."""
        return {name: x.detach().numpy().copy() for name, x in self.model.state_dict().items()}


@dataclass(frozen=True)
class Exported:
    """What an exporter wrote.

    path: the file or the folder. size: bytes in all. parity: the comparison with étude's own
    answers; None if the form computes nothing. notes: sentences for the user.
    """

    path: Path
    size: int
    parity: Parity | None = None
    notes: tuple[Sentence, ...] = ()

    def sentences(self) -> tuple[Sentence, ...]:
        """The result of the comparison, and the notes."""
        return (*((self.parity.sentence,) if self.parity else ()), *self.notes)

    def plain(self) -> Plain:
        """As JSON values."""
        parity = vars(self.parity) if self.parity else None
        notes = [render("en", note) for note in self.notes]
        return {"path": str(self.path), "size": self.size, "parity": parity, "notes": notes}


@dataclass(frozen=True)
class Exporter:
    """A form of trained networks. A file of this package declares one as EXPORTER.

    config: its options. write: writes a network to a path that does not exist yet and compares it
    with étude's answers; it raises an EtudeError, and then leaves nothing at the path. suffix: of
    the file; "" for a folder. requires: the optional packages that it imports; extra: the extra of
    étude that installs them.
    """

    config: type[ExportConfig]
    write: Callable[[Trained, Path, Any], Exported]
    summary: Sentence
    suffix: str
    requires: tuple[str, ...] = ()
    extra: str = ""

    def require(self) -> None:
        """Raise UsageError with the command that installs the packages that are missing."""
        missing = [name for name in self.requires if find_spec(name) is None]
        if missing:
            what = text("export.missing", names=tuple(missing))
            raise UsageError(what, do=text("export.missing.do", extra=self.extra))
