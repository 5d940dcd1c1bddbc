"""The verbs: the map of the house. Each is one walk from what is asked to what comes of it.

Rooms that need torch are entered inside: a run's lock is taken, and most mistakes are told, before
torch is loaded, which takes a second or two.
"""

import io
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from etude import registry
from etude.config import nearest
from etude.duel.grid import Duel, members, warning
from etude.errors import NumericsError, RunError, StorageError, UsageError
from etude.look import curves, filmstrip, gallery, words
from etude.look.answers import fitted
from etude.look.report import Section, write
from etude.recipe import Train, draft, read_recipe
from etude.runs import folder as files
from etude.runs.files import replace
from etude.runs.folder import ROOT, RunFolder, free, named
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
    **fields: Any,
) -> "Run":
    """Train a model on data, test it once, and return the run.

    model: a name, or the path of a recipe; base: a recipe's mapping. fields: fields of the recipe,
    `epochs=3` for those of training, others by their path: `**{"model.depth": 2}`. Raises an
    EtudeError.
    """
    mapping = drafted(model, data, base, fields)
    default = slug(f"{mapping['model']['name']}-{Path(mapping['data']['name']).stem}")
    world, place = World.here(), named(name, root) if name else None
    if world.restarted and place and (place / "recipe.json").exists():
        return resume(place, quiet=quiet)
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
        return session.play(run, parts, quiet or not world.first)
    except (NumericsError, StorageError) as error:
        if world.first and run.discard():
            what = f"{error.what} Nothing had been saved, so {run.path} is not kept."
            raise type(error)(what, do=error.do, items=error.items) from None
        raise


def resume(path: Path | str, *, quiet: bool = False) -> "Run":
    """Go on with a run that was stopped or killed, as if it had not been."""
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
        return session.play(run, parts, quiet or not world.first)
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


def summary(run: "Run") -> dict[str, Any]:
    """What `train --json` prints."""
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


def compare(
    *,
    model: str | None = None,
    data: str | None = None,
    optimizer: str | None = None,
    seed: str | int | None = None,
    name: str | None = None,
    quiet: bool = False,
    **fields: Any,
) -> Duel:
    """Train every combination of the comma-separated values, from the same start on the same
    batches (one seed gives both), and draw them side by side."""
    axes = {"model": model, "data": data, "optimizer": optimizer}
    axes["seed"] = None if seed is None else str(seed)
    found = members(axes)
    recipes = {label: _member(chosen, fields) for label, chosen in found.items()}
    for mapping in recipes.values():  # what one member cannot do, none begins with
        registry.assemble(registry.complete(mapping))
    parts = [text.replace(",", "-") for text in (model, Path(data or "").stem) if text]
    place = free(slug("-".join(["compare", *parts]))) if name is None else named(name)
    if place.exists():
        raise RunError(
            f"{place} is already there; nothing is overwritten.", do="Choose another --name."
        )
    runs = [
        train(base=mapping, name=label, quiet=quiet, root=place)
        for label, mapping in recipes.items()
    ]
    duel = Duel(place, list(found), runs)
    _draw_duel(duel, warning(axes, runs[0].recipe.train.lr))
    return duel


def _member(chosen: dict[str, str], fields: dict[str, Any]) -> dict[str, Any]:
    """One member's recipe."""
    own: dict[str, Any] = {k: v for k, v in chosen.items() if k == "optimizer"}
    if "seed" in chosen:
        if not chosen["seed"].isdecimal():
            raise UsageError(f"--seed {chosen['seed']}: a seed is a whole number.")
        own["seed"] = int(chosen["seed"])
    return draft(chosen.get("model"), chosen.get("data"), fields=paths({**fields, **own}))


def _draw_duel(duel: Duel, unfair: str) -> None:
    """pictures/ and report.html of a comparison."""
    runs = dict(zip(duel.labels, duel.runs))
    goals = {run.result["goal"] for run in duel.runs}
    pictures = []
    if len(goals) == 1:
        histories = {label: run.history for label, run in runs.items()}
        pictures.append(curves.overlaid(histories, goals.pop(), unfair))
    first = duel.runs[0]
    if first.card.target == "value" and {run.card.given.size for run in duel.runs} == {1}:
        parts = registry.assemble(registry.complete(first.recipe.plain()))
        test, x = parts.dataset.test, gallery.grid(parts)
        lines = {}
        for label, run in runs.items():
            answers = run.predict(x)
            lines[label] = (x[:, 0], np.array([a["value"] for a in answers]))
        pictures.append(fitted(test.x[:, 0], test.y[:, 0], lines, first.card.unit, unfair))
    table = Section("Results", [unfair] if unfair else [], words.rows(duel.runs, duel.labels))
    sections = [table, Section("Pictures", pictures=pictures)]
    write(duel.path, f"Comparison {duel.path.name}", sections, pictures)


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


def tour(name: str = "tour", *, quiet: bool = False) -> Duel:
    """Train every network of the notes on embedded data; one table, one report."""
    place = free(named(name).name)
    began = time.monotonic()
    runs, sections = [], []
    for label, chosen in TOUR.items():
        run = train(name=f"{chosen['model']}-{chosen['data']}", quiet=quiet, root=place, **chosen)
        runs.append(run)
        film = run.path / "pictures" / "film.png"
        sections.append(
            Section(
                label,
                words.sentences(run.result),
                pictures=gallery.kept(run.folder),
                animation=film.read_bytes() if film.exists() else b"",
            )
        )
    duel = Duel(place, list(TOUR), runs)
    said = [
        f"Every network of the notes, {sum(run.seconds for run in runs):.0f} s of training, "
        f"{time.monotonic() - began:.0f} s in all."
    ]
    table = Section("", said, words.rows(runs, duel.labels))
    write(place, "The tour", [table, *sections], [])
    return duel


def said(run: "Run") -> list[str]:
    """What a run came to, in sentences."""
    return words.sentences(run.result)


def table(duel: Duel) -> list[list[str]]:
    """Runs side by side, a row each, the head first."""
    return words.rows(duel.runs, duel.labels)


def env() -> dict[str, Any]:
    """Versions and machine, for a report of a bug."""
    from etude import session

    return session.surroundings()


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
