"""The verbs: the map of the house. Each is one walk from what is asked to what comes of it.

Rooms that need torch are entered inside: a run's lock is taken, and most mistakes are told, before
torch is loaded, which takes a second or two.
"""

import io
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from etude import registry
from etude.config import nearest
from etude.draw.texts import Lang, say
from etude.duel import grid
from etude.duel.grid import Duel
from etude.errors import NumericsError, RunError, StorageError, UsageError
from etude.look import filmstrip, words
from etude.look.report import Section, kept, write
from etude.recipe import Train, draft, read_recipe
from etude.runs import duel as duels
from etude.runs import folder as files
from etude.runs.files import replace, storage
from etude.runs.folder import ROOT, RunFolder, begun, free, named
from etude.training.distributed import World

if TYPE_CHECKING:
    from etude.ship.run import Run


def train(
    model: str | None = None,
    data: str | None = None,
    *,
    name: str | None = None,
    base: Mapping[str, Any] | None = None,
    quiet: bool = False,
    root: Path = ROOT,
    lang: Lang = "en",
    **fields: Any,
) -> "Run":
    """Train a model on data, test it once, and return the run.

    model: a name, or the path of a recipe; base: a recipe's mapping. fields: fields of the recipe,
    `epochs=3` for those of training, others by their path: `**{"model.depth": 2}`. lang: of the
    report. Raises an EtudeError.
    """
    mapping = drafted(model, data, base, fields)
    default = slug(f"{mapping['model']['name']}-{Path(mapping['data']['name']).stem}")
    world, place = World.here(), named(name, root) if name else None
    if world.restarted and place and begun(place):
        return resume_run(place, quiet=quiet, lang=lang)
    if world.size > 1 and not place:
        raise UsageError(
            "A job of several processes needs a name, so that a restart finds its run.",
            do=f"Give one: --name {default}",
        )
    run = RunFolder.create(place or free(default, root)) if world.first else None
    from etude import session

    try:
        run, parts = session.begin(run, mapping, quiet or not world.first)
    except BaseException:
        if run:
            run.abandon()
        raise
    try:
        return session.play(run, parts, quiet or not world.first, lang)
    except (NumericsError, StorageError) as error:
        if world.first and run.discard():
            what = f"{error.what} Nothing had been saved, so {run.path} is not kept."
            raise type(error)(what, do=error.do, items=error.items) from None
        raise


def resume(path: Path | str, *, quiet: bool = False, lang: Lang = "en") -> "Run | Duel":
    """Go on with a run, or a comparison, that was stopped or killed, as if it had not been."""
    if duel := duels.where(path):
        _alone("A comparison")
        from etude.duel import play

        return play.again(duel, quiet, lang)
    return resume_run(path, quiet=quiet, lang=lang)


def resume_run(path: Path | str, *, quiet: bool = False, lang: Lang = "en") -> "Run":
    """Go on with one run."""
    world = World.here()
    run = RunFolder.open(path)
    if world.first:
        run.lock()
    from etude import session

    try:
        if run.result and run.report.exists():
            run.best()  # which says so if it is damaged
            return load(run.path)
        parts = session.again(run, quiet or not world.first)
        return session.play(run, parts, quiet or not world.first, lang)
    finally:
        run.release()


def load(path: Path | str) -> "Run":
    """A finished run."""
    from etude.ship.run import Run

    return Run(path)


def slug(text: str) -> str:
    """A text as the name of a run."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:90] or "run"


def first_aid(
    kind: str, model: str | None = None, data: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Before hours are spent; no run is kept. kind: "dry-run" (one step), "overfit" (can it learn
    one batch?) or "lr" (which learning rate?)."""
    known = ("dry-run", "overfit", "lr")
    if kind not in known:
        raise UsageError(f"There is no first aid {kind!r}.{nearest(kind, known)}")
    from etude import session

    return session.first_aid(kind, drafted(model, data, None, fields))


def drafted(
    model: str | None, data: str | None, base: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """A recipe's mapping; a model that ends in .json is the path of the recipe it starts from."""
    if model is not None and model.endswith(".json"):
        base, model = read_recipe(Path(model)), None
    return draft(model, data, base=base, fields=paths(fields))


def paths(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their path in the recipe: `epochs` is `train.epochs`; None is not given."""
    full = {f"train.{k}" if k in Train.model_fields else k: v for k, v in fields.items()}
    return {key: value for key, value in full.items() if value is not None}


def evaluate_again(path: Path | str, *, quiet: bool = True) -> dict[str, Any]:
    """Metrics of a finished run on its test split, computed anew from the data (verb: evaluate).

    Raises RunError if the data are not those it was trained on.
    """
    from etude import session

    return session.evaluate_again(load(path), quiet)


def summary(run: "Run | Duel") -> dict[str, Any]:
    """What `train --json` prints, or `compare --json`."""
    if isinstance(run, Duel):
        members = [summary(each) for each in run.runs]
        clock = {"seconds": dict(run.seconds), "diverged": dict(run.diverged)}
        return {"run": str(run.path), "members": members, **clock, **run.found}
    result = {k: v for k, v in run.result.items() if k != "event"}
    return {
        "run": str(run.path),
        **result,
        "seconds": run.seconds,
        "samples_per_second": run.samples_per_second,
    }


def generate(path: Path | str, count: int, seed: int, out: Path | None = None) -> list[Path]:
    """Save new images of a trained autoencoder: one sheet, and the arrays."""
    from etude.ship.run import as_png

    run = load(path)
    place = (out or run.path / "pictures" / f"generated-seed{seed}.png").with_suffix(".png")
    if not place.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {place.parent}.")
    images = run.generate(count, seed)
    columns = min(8, count)
    zoom = max(1, 64 // images.shape[-1])
    replace(place, as_png(filmstrip.tiled(images, columns, zoom)))
    arrays, buffer = place.with_suffix(".npy"), io.BytesIO()
    np.save(buffer, images)
    replace(arrays, buffer.getvalue())
    return [place, arrays]


def look(
    path: Path | str,
    views: Sequence[str] | None = None,
    sample: str | None = None,
    out: Path | None = None,
    lang: Lang = "en",
) -> dict[str, Any]:
    """Draw what is inside a trained run, each picture with the arrays behind it.

    views: names; without them all that fit. sample: an index into the test split, or a file. out:
    the folder they go to, the run's `look` without it.
    """
    from etude.look import gallery
    from etude.ship.run import Run

    run = Run(path)
    subject = run.subject(sample, lang)
    pictures = gallery.draw(subject, views)
    place = out or run.path / "look"
    if not place.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {place.parent}.")
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


def compare(
    *,
    model: str | None = None,
    data: str | None = None,
    optimizer: str | None = None,
    seed: str | int | None = None,
    lr: str | float | None = None,
    schedule: str | None = None,
    target: float | None = None,
    workers: int | None = None,
    name: str | None = None,
    quiet: bool = False,
    lang: Lang = "en",
    **fields: Any,
) -> Duel:
    """Train every combination of the comma-separated values, from the same start on the same
    batches (one seed gives both), and draw them side by side.

    By rules (see duel/course.py), each with its own learning rate, where several optimizers are
    compared and no rate is given, or several rates ("1e-4..1", "0.01,0.1") or schedules are.
    workers: processes side by side; without it one a core. Raises an EtudeError.
    """
    _alone("A comparison")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: at least 1.")
    axes = {"model": model, "data": data, "optimizer": optimizer, "seed": seed}
    asked = grid.ask(axes, lr, schedule, target, paths(fields))
    parts = [text.replace(",", "-") for text in (model, Path(data or "").stem) if text]
    place = free(slug("-".join(["compare", *parts]))) if name is None else named(name)
    if duels.is_taken(place):
        raise RunError(
            f"{place} is already there; nothing is overwritten.",
            do=f"Choose another --name, or go on with it: etude resume {place}",
        )
    from etude.draw.progress import Tally
    from etude.duel import play

    with Tally(place.name, quiet) as tally:
        plan = play.plan(asked, workers, tally.note)
    return play.play(play.begin(place, plan), quiet, lang)


def _alone(what: str) -> None:
    """Several runs are not shared by the processes of a job: each would take the others' names."""
    if World.here().size > 1:
        raise UsageError(
            f"{what} runs in one process.", do="Start it without torchrun, or share one run: train."
        )


TOUR: dict[str, dict[str, Any]] = {
    "MLP": {"model": "mlp", "data": "digits"},
    "MLP, a function": {"model": "mlp", "data": "curve"},
    "CNN": {"model": "cnn", "data": "digits"},
    "LSTM": {"model": "lstm", "data": "digits"},
    "LSTM, a forecast": {"model": "lstm", "data": "series"},
    "Transformer": {"model": "transformer", "data": "digits"},
    "Transformer, a forecast": {"model": "transformer", "data": "series"},
    "Vision Transformer": {"model": "vit", "data": "digits"},
    "adversarial autoencoder": {"model": "aae", "data": "digits"},
}


def tour(name: str = "tour", *, quiet: bool = False, lang: Lang = "en") -> Duel:
    """Train every network of the notes on embedded data; one table, one report."""
    _alone("The tour")
    place = free(named(name).name)
    began = time.monotonic()
    runs, sections = [], []
    for label, chosen in TOUR.items():
        called = f"{chosen['model']}-{chosen['data']}"
        run = train(name=called, quiet=quiet, root=place, lang=lang, **chosen)
        runs.append(run)
        film = run.path / "pictures" / "film.png"
        moving = film.read_bytes() if film.exists() else b""
        sections.append(
            Section(label, said(run, lang), pictures=kept(run.folder), animation=moving)
        )
    duel = Duel(place, list(TOUR), runs)
    seconds = {"training": sum(run.seconds for run in runs), "all": time.monotonic() - began}
    head = Section("", [say(lang, "tour.said", **seconds)], table(duel, lang))
    write(place, say(lang, "tour"), [head, *sections], [], lang)
    return duel


def report(path: Path | str, lang: Lang = "en") -> Path:
    """Draw a finished run's pictures and report anew, or a comparison's, in either language."""
    if duel := duels.where(path):
        from etude.duel import play

        return play.redrawn(duel, lang)
    run = RunFolder.open(path)
    run.finished()
    run.lock()
    from etude import session

    try:
        session.report(run, lang=lang)
    finally:
        run.release()
    return run.report


def said(run: "Run | Duel", lang: Lang = "en") -> list[str]:
    """What a run came to, or a comparison, in sentences."""
    if isinstance(run, Duel):
        from etude.look.duel import sentences

        return sentences(run.found, run.seconds, run.diverged, lang)
    return words.sentences(run.result, run.history, lang)


def table(duel: Duel, lang: Lang = "en") -> list[list[str]]:
    """Runs side by side, a row each, the head first; of a duel by rules a row a contender."""
    if duel.found:
        from etude.look.duel import rows

        return rows(duel.found, lang)
    return words.rows(duel.runs, duel.labels, lang)


def env() -> dict[str, Any]:
    """Versions and machine, for a report of a bug."""
    from etude import session
    from etude.training import machine

    return {**session.surroundings(), "threads": machine.default_threads()}


def listing() -> dict[str, dict[str, str]]:
    """Models, data and runs, each with a line on what it is."""
    models = {}
    for each in registry.names("model"):
        architecture = registry.load("model", each)
        models[each] = (
            f"{architecture.summary} (reads {', '.join(architecture.reads)}; does "
            f"{', '.join(architecture.tasks)}; presets {', '.join(architecture.presets)})"
        )
    data = {each: registry.load("data", each).summary for each in registry.names("data")}
    runs = {}
    for run in files.runs():
        try:
            result = run.result
        except RunError:
            runs[str(run.path)] = "damaged"
            continue
        goal = result["goal"] if result else ""
        runs[str(run.path)] = (
            f"{goal} {words.number(result['test'][goal], goal)}" if result else "unfinished"
        )
    return {"models": models, "data": data, "runs": runs}
