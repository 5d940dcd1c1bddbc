"""Which views fit a run, their pictures, and where these are kept."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from etude import registry
from etude.config import nearest
from etude.errors import UsageError
from etude.inspection.subject import Subject
from etude.inspection.view import Shown, View
from etude.runs.files import replace


def views() -> dict[str, View]:
    """Every view by name, in the order of a report."""
    found = {name: registry.load("view", name) for name in registry.names("view")}
    return dict(sorted(found.items(), key=lambda entry: (entry[1].rank, entry[0])))


def chosen(subject: Subject, names: Sequence[str] | None = None) -> dict[str, View]:
    """The views asked for; all that fit, where none is. Raises UsageError for one that is not
    there, or that does not fit the run, with those that do."""
    every = views()
    fit = {name: view for name, view in every.items() if not view.fits(subject)}
    if names is None:
        return fit
    items = [f"{name}: {view.summary}" for name, view in fit.items()]
    for name in names:
        if name not in every:
            raise UsageError(
                f"There is no view {name!r}.{nearest(name, tuple(every))} These fit this run:",
                items=items,
            )
        if name not in fit:
            raise UsageError(
                f"The view {name!r} does not fit {subject.folder.path}: "
                f"{every[name].fits(subject)}. These do:",
                items=items,
            )
    return {name: every[name] for name in names}


def left_out(subject: Subject) -> dict[str, str]:
    """Why each view that does not fit the run does not."""
    reasons = {name: view.fits(subject) for name, view in views().items()}
    return {name: why for name, why in reasons.items() if why}


def draw(subject: Subject, names: Sequence[str] | None = None) -> list[Shown]:
    """The pictures of the views asked for, or of all that fit."""
    return [each for view in chosen(subject, names).values() for each in view.draw(subject)]


def save(pictures: Sequence[Shown], place: Path) -> dict[str, list[Path]]:
    """NAME.png, NAME-dark.png and NAME.npz of each; their paths by name."""
    found = {}
    for each in pictures:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **each.arrays)  # type: ignore[arg-type]
        files = {
            place / f"{each.name}.png": each.light,
            place / f"{each.name}-dark.png": each.dark,
            place / f"{each.name}.npz": buffer.getvalue(),
        }
        for path, content in files.items():
            replace(path, content)
        found[each.name] = list(files)
    return found
