"""Finished runs: metrics, generated images, pictures, summaries."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from etude.comparison import curves, side_by_side
from etude.comparison.request import Comparison
from etude.comparison.side_by_side import SideBySide
from etude.errors import RunError, UsageError
from etude.inspection import filmstrip, words
from etude.locale.texts import Lang, say
from etude.runs.files import ensure_folder, replace, storage
from etude.system.caller import undisturbed
from etude.verbs import asked
from etude.verbs.asked import data_name, run_path

if TYPE_CHECKING:
    from etude.inference.run import Run


def load(path: Path | str, data: str | None = None) -> "Run":
    """Open a finished run. data: the new path of its data, if they were moved."""
    from etude.inference.run import Run

    return Run(run_path(path), data_name(data))


@undisturbed()
def evaluate_again(
    path: Path | str, *, data: str | None = None, quiet: bool = True
) -> dict[str, Any]:
    """Metrics of a finished run on its test split, computed again from the data (verb: evaluate).

    data: where they are now, if they were moved.
    Raises RunError if they are not those it was trained on.
    """
    from etude import pipeline

    return pipeline.evaluate_again(load(path, data), quiet)


def summary(run: "Run | Comparison | SideBySide") -> dict[str, Any]:
    """What `train --json` prints, or `compare --json`."""
    if isinstance(run, SideBySide):
        return side_by_side.summary(run)
    if isinstance(run, Comparison):
        members = [summary(each) for each in run.runs]
        clock = {"seconds": dict(run.seconds), "diverged": dict(run.diverged)}
        found = run.findings or curves.findings(by_label(run), run.warning)
        return {"run": str(run.path), "members": members, **clock, **found}
    result = {k: v for k, v in run.result.items() if k != "event"}
    return {
        "run": str(run.path),
        **result,
        "seconds": run.seconds,
        "samples_per_second": run.samples_per_second,
    }


@undisturbed()
def generate(path: Path | str, count: int, seed: int, out: Path | None = None) -> list[Path]:
    """Save new images of a trained autoencoder: one sheet (.png), and the arrays (.npy) beside it.

    out: the sheet's or the arrays' name; the run's `pictures` without it. An array file without a
    sheet beside it is somebody's own, and is not replaced. Raises UsageError.
    """
    from etude.inference.run import as_png

    run = load(path)
    if out is not None:
        asked.place(out if Path(out).suffix else f"{out}.png", "--out", (".png", ".npy"))
        if Path(out).is_dir():
            asked.place(out, "--out", (".png", ".npy"))
        _not_overwritten(Path(out))
    place = (out or ensure_folder(run.path / "pictures") / f"generated-seed{seed}.png").with_suffix(
        ".png"
    )
    images = run.generate(count, seed)
    columns = min(8, count)
    zoom = max(1, 64 // images.shape[-1])
    replace(place, as_png(filmstrip.tiled(images, columns, zoom)))
    arrays, buffer = place.with_suffix(".npy"), io.BytesIO()
    np.save(buffer, images)
    replace(arrays, buffer.getvalue())
    return [place, arrays]


@undisturbed()
def look(
    path: Path | str,
    views: Sequence[str] | None = None,
    sample: str | None = None,
    out: Path | None = None,
    lang: Lang = "en",
    data: str | None = None,
) -> dict[str, Any]:
    """Draw what is inside a trained run, each picture with the arrays behind it.

    views: names; without them all that fit. sample: an index into the test split, or a file. out:
    the folder they go to, the run's `look` without it. data: where the run's data are now, if they
    were moved.
    """
    from etude.inference.run import Run
    from etude.inspection import gallery

    asked.place(out, "--out", folder=True)
    run = Run(run_path(path), data_name(data))
    subject = run.subject(sample, lang)
    if data is not None and subject.data_problem:
        raise RunError(f"{run.path}: {subject.data_problem}.")
    pictures = gallery.draw(subject, views)
    place = out or run.path / "look"
    with storage(place):
        place.mkdir(exist_ok=True)
    files = gallery.save(pictures, place)
    drawn = [
        {
            "name": each.name,
            "title": each.title,
            "alt": each.alt,
            "files": [str(path) for path in files[each.name]],
            "arrays": {key: list(x.shape) for key, x in each.arrays.items()},
        }
        for each in pictures
    ]
    missing = {} if views else gallery.left_out(subject)
    return {"run": str(run.path), "pictures": drawn, "left_out": missing}


def _not_overwritten(out: Path) -> None:
    """Raise UsageError where images would go over an array file that no sheet belongs to."""
    arrays = out.with_suffix(".npy")
    if arrays.exists() and not out.with_suffix(".png").exists():
        raise UsageError(
            f"--out {out}: the arrays would go to {arrays}, which is there already.",
            do="Choose another name.",
        )


def by_label(comparison: Comparison) -> dict[str, "Run"]:
    """The runs of a comparison by their labels."""
    return dict(zip(comparison.labels, comparison.runs))


def said(run: "Run | Comparison | SideBySide", lang: Lang = "en") -> list[str]:
    """What a run came to, or a comparison, in sentences."""
    if isinstance(run, SideBySide):
        return side_by_side.all_sentences(run, lang)
    if isinstance(run, Comparison):
        from etude.comparison.findings import sentences

        if run.findings:
            return sentences(run.findings, run.seconds, lang)
        lines = curves.sentences(by_label(run), run.warning, lang, run.diverged)
        return [*lines, say(lang, "duel.clock.plain", runs=run.seconds.get("runs", 0.0))]
    return words.sentences(run.result, run.history, lang)


def table(comparison: Comparison | SideBySide, lang: Lang = "en") -> list[list[str]]:
    """Runs side by side, one row per run with the head first; for a comparison by rules, one
    row per contender."""
    if isinstance(comparison, SideBySide):
        return side_by_side.all_rankings(comparison, lang)
    if comparison.findings:
        from etude.comparison.findings import rows

        return rows(comparison.findings, lang)
    return words.rows(comparison.runs, comparison.labels, lang)
