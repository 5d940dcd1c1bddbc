"""Finished runs side by side (verb: compare RUN RUN ...)."""

from collections.abc import Sequence
from pathlib import Path

from etude import registry
from etude.comparison import side_by_side
from etude.comparison.side_by_side import SideBySide
from etude.errors import EtudeError, RunError, UsageError
from etude.locale.texts import Lang
from etude.runs import comparison as duels
from etude.runs import folder as files
from etude.runs.files import storage
from etude.runs.folder import ROOT, begun, free, named
from etude.verbs.learn import slug


def beside(
    given: Sequence[Path | str], different_data: bool, name: str | None, lang: Lang = "en"
) -> SideBySide:
    """Compare finished runs and draw a report. given: runs, which must have the same task, measure
    and, unless different_data, data; or folders of runs, of which every task and data set is
    ranked by itself and unfinished runs are left out. Raises UsageError, RunError."""
    from etude.inference.run import Run

    single, folders = _sorted_out(given)
    runs = {str(path): Run(path) for path in single}
    left_out = {}
    for path in (run.path for folder in folders for run in files.runs(folder)):
        try:
            runs.setdefault(str(path), Run(path))
            _ = runs[str(path)].recipe
        except EtudeError as error:
            runs.pop(str(path), None)
            left_out[str(path)] = error.what
    if len(runs) < 2:
        raise UsageError(
            f"There {'is one finished run' if runs else 'are no finished runs'} here; a comparison "
            "needs two.",
            do="Name more runs (etude list shows them), or train several: "
            "etude compare --model mlp,cnn --data digits",
            items=[f"{path}: {why}" for path, why in left_out.items()],
        )
    if not folders:
        side_by_side.require_comparable(list(runs.values()), different_data)
    found = side_by_side.boards(list(runs.values()), together=different_data)
    place = _place(given, name)
    side_by_side.write_report(place, found, left_out, lang)
    return SideBySide(place, found, left_out)


def _sorted_out(given: Sequence[Path | str]) -> tuple[list[Path], list[Path]]:
    """Runs, and folders of runs, each by its path or its name under ./runs. Raises RunError."""
    runs, folders = [], []
    for word in given:
        places = (Path(word), ROOT / word)
        if place := next((place for place in places if begun(place)), None):
            runs.append(place)
        elif place := next((place for place in places if place.is_dir()), None):
            folders.append(place)
        elif models := _models(word):
            others = [name for other in given for name in _models(other) if name not in models]
            raise UsageError(
                f"{word} names no run, but a model.",
                do="Did you mean to train and compare models? etude compare --model "
                f"{','.join([*models, *others])} --data digits",
            )
        else:
            files.RunFolder.open(word)  # which says that there is none, and what is near
    seen = [str(place.absolute()) for place in runs]
    if twice := [str(place) for place, key in zip(runs, seen) if seen.count(key) > 1]:
        raise UsageError(f"{twice[0]} is named twice.")
    return runs, folders


def _models(word: Path | str) -> list[str]:
    """The models that a word names, one or several with commas; none if it names anything else."""
    names = str(word).split(",")
    return names if set(names) <= set(registry.names("model")) else []


def _place(given: Sequence[Path | str], name: str | None) -> Path:
    """A new folder for the report. Raises RunError if it is taken."""
    words = [Path(word).name for word in given[:3]]
    place = free(slug("-".join(["compare", *words]))) if name is None else named(name)
    if duels.is_taken(place):
        raise RunError(
            f"{place} is already there; nothing is overwritten.", do="Choose another --name"
        )
    with storage(place):
        place.mkdir(parents=True, exist_ok=True)
    return place
