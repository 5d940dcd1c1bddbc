"""Select the views that fit a run, draw their pictures and save them."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from etude import registry
from etude.config import nearest
from etude.errors import UsageError
from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture
from etude.locale.texts import render, text
from etude.runs.files import replace


def views() -> dict[str, View]:
    """Every view by name, in the order of a report."""
    # The registry lists files; equal ranks are sorted by name, so the order is always the same.
    by_name = {name: registry.load("view", name) for name in registry.names("view")}
    return dict(sorted(by_name.items(), key=lambda entry: (entry[1].rank, entry[0])))


def chosen(subject: Subject, names: Sequence[str] | None = None) -> dict[str, View]:
    """The requested views; without names, every view that fits the run.

    Raises UsageError, with a list of the views that fit, for a name that does not exist or a view
    that does not fit.
    """
    every = views()
    reasons = {name: view.fits(subject) for name, view in every.items()}
    fit = {name: view for name, view in every.items() if not reasons[name]}
    if names is None:
        return fit
    for name in names:
        if name in fit:
            continue
        what = (
            text("inspection.view.unfit", name=name, where=subject.folder.where, why=reasons[name])
            if name in every
            else text("inspection.view.none", name=name, near=nearest(name, every))
        )
        items = [text("inspection.view", name=n, summary=view.summary) for n, view in fit.items()]
        raise UsageError(what, items=items, do=text("inspection.view.do"))
    return {name: every[name] for name in names}


def left_out(subject: Subject) -> dict[str, str]:
    """The reason for each view that does not fit the run, by name, in the subject's language."""
    reasons = {name: view.fits(subject) for name, view in views().items()}
    return {name: render(subject.lang, why) for name, why in reasons.items() if why}


def draw(subject: Subject, names: Sequence[str] | None = None) -> list[ViewPicture]:
    """The pictures of the requested views, or of every view that fits the run."""
    return [each for view in chosen(subject, names).values() for each in view.draw(subject)]


def save(pictures: Sequence[ViewPicture], place: Path) -> dict[str, list[Path]]:
    """Write NAME.png, NAME-dark.png and NAME.npz of each picture; return the paths by name."""
    paths = {}
    for each in pictures:
        # In memory first, so that `replace` can swap the whole file in one step.
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **each.arrays)  # type: ignore[arg-type]
        files = {
            place / f"{each.name}.png": each.light,
            place / f"{each.name}-dark.png": each.dark,
            place / f"{each.name}.npz": buffer.getvalue(),
        }
        for path, content in files.items():
            replace(path, content)
        paths[each.name] = list(files)
    return paths
