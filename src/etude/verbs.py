"""The verbs: the map of the house. Each is one walk from what is asked to what comes of it."""

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from etude import registry, session
from etude.config import nearest
from etude.draw.texts import Lang
from etude.duel.grid import Duel, members, warning
from etude.errors import RunError, UsageError
from etude.look import compare as side_by_side
from etude.look import filmstrip, gallery, words
from etude.look.report import Section, write
from etude.look.views.fitted import grid
from etude.recipe import Train, draft, read_recipe
from etude.runs import folder as files
from etude.runs.files import replace
from etude.runs.folder import ROOT, RunFolder, free, named
from etude.ship.run import Run, as_png
from etude.training import firstaid, machine
from etude.training.loop import evaluate, load_weights
from etude.training.randomness import order


def train(
    model: str | None = None,
    data: str | None = None,
    *,
    name: str | None = None,
    base: Mapping[str, Any] | None = None,
    quiet: bool = False,
    root: Path = ROOT,
    **fields: Any,
) -> Run:
    """Train a model on data, test it once, and return the run.

    model: a name, or the path of a recipe; base: a recipe's mapping. fields: fields of the recipe,
    `epochs=3` for those of training, others by their path: `**{"model.depth": 2}`. Raises an
    EtudeError.
    """
    mapping = drafted(model, data, base, fields)
    default = slug(f"{mapping['model']['name']}-{Path(mapping['data']['name']).stem}")
    run = RunFolder.create(free(default, root) if name is None else named(name, root))
    try:
        parts = session.begin(run, mapping, quiet)
    except BaseException:
        run.abandon()
        raise
    return session.play(run, parts, quiet)


def resume(path: Path | str, *, quiet: bool = False) -> Run:
    """Go on with a run that was stopped or killed, as if it had not been."""
    run = RunFolder.open(path)
    run.lock()
    try:
        if run.result and run.report.exists():
            return Run(run.path)
        return session.play(run, session.again(run, quiet), quiet)
    finally:
        run.release()


def load(path: Path | str) -> Run:
    """A finished run."""
    return Run(path)


def slug(text: str) -> str:
    """A text as the name of a run."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:90] or "run"


def first_aid(
    kind: str, model: str | None = None, data: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Before hours are spent; no run is kept. kind: "dry-run" (one step), "overfit" (can it learn
    one batch?) or "lr" (which learning rate?)."""
    recipe = registry.complete(drafted(model, data, None, fields))
    recipe = recipe.model_copy(update={"train": machine.settle(recipe.train)})
    parts = registry.assemble(recipe)
    held, _, _ = session.residents(parts)
    size, shuffled = parts.recipe.train.batch_size or 1, order(parts.recipe.seed, 0, len(held))
    count = min(len(held) // size, firstaid.LR_STEPS if kind == "lr" else 1)
    batches = [held.take(shuffled[i * size : (i + 1) * size]) for i in range(count)]
    live = (parts.model, parts.task, parts.recipe.train)
    match kind:
        case "dry-run":
            return firstaid.dry_run(*live, batches[0])
        case "overfit":
            return firstaid.overfit(*live, batches[0])
        case "lr":
            return firstaid.find_lr(*live, batches)
    raise UsageError(
        f"There is no first aid {kind!r}.{nearest(kind, ('dry-run', 'overfit', 'lr'))}"
    )


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
    run = Run(path)
    parts = session.again(run.folder, quiet)
    load_weights(parts.model, run.folder.best())
    _, _, test = session.residents(parts)
    return evaluate(parts.model, parts.task, test, run.recipe.seed, detail=True)


def summary(run: Run) -> dict[str, Any]:
    """What `train --json` prints."""
    result = {k: v for k, v in run.result.items() if k not in ("event", "notes")}
    return {
        "run": str(run.path),
        **result,
        "seconds": run.seconds,
        "samples_per_second": run.samples_per_second,
    }


def generate(path: Path | str, count: int, seed: int, out: Path | None = None) -> list[Path]:
    """Save new images of a trained autoencoder: one sheet, and the arrays."""
    run = Run(path)
    place = (out or run.path / "pictures" / f"generated-seed{seed}.png").with_suffix(".png")
    if not place.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {place.parent}.")
    images = run.generate(count, seed)
    columns = min(8, count)
    zoom = max(1, 64 // images.shape[-1])
    replace(place, as_png(filmstrip.tiled(images, columns, zoom)))
    arrays = place.with_suffix(".npy")
    np.save(arrays, images)
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
    run = Run(path)
    subject = run.subject(sample, lang)
    pictures = gallery.draw(subject, views)
    place = out or run.path / "look"
    if not place.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {place.parent}.")
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
        pictures.append(side_by_side.overlaid(histories, goals.pop(), unfair))
    first = duel.runs[0]
    if first.card.target == "value" and {run.card.given.size for run in duel.runs} == {1}:
        test = registry.assemble(registry.complete(first.recipe.plain())).dataset.test
        x = grid(np.asarray(test.x))
        lines = {}
        for label, run in runs.items():
            answers = run.predict(x)
            lines[label] = (x[:, 0], np.array([a["value"] for a in answers]))
        pictures.append(
            side_by_side.functions(test.x[:, 0], test.y[:, 0], lines, first.card.unit, unfair)
        )
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


def said(run: Run) -> list[str]:
    """What a run came to, in sentences."""
    return words.sentences(run.result)


def table(duel: Duel) -> list[list[str]]:
    """Runs side by side, a row each, the head first."""
    return words.rows(duel.runs, duel.labels)


def env() -> dict[str, Any]:
    """Versions and machine, for a report of a bug."""
    return {**session.surroundings(), "threads": machine.default_threads()}


def listing() -> dict[str, dict[str, str]]:
    """Models, data and runs, each with a line on what it is."""
    models = {}
    for each in registry.names("model"):
        architecture = registry.load("model", each)
        models[each] = f"{architecture.summary} (presets: {', '.join(architecture.presets)})"
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
