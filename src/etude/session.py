"""The life of one run: from a mapping to live parts, through training, to its result and report."""

import json
from typing import Any

import numpy as np
import torch

from etude import registry
from etude.data.resident import Resident
from etude.draw.progress import Watch
from etude.draw.texts import Lang
from etude.errors import RunError
from etude.look import filmstrip, gallery, words
from etude.look.report import Section, page
from etude.recipe import Recipe, Train
from etude.registry import Assembly
from etude.runs import folder as files
from etude.runs.files import replace
from etude.runs.folder import RunFolder
from etude.runs.provenance import differences, environment
from etude.ship.run import Run
from etude.training import machine
from etude.training.loop import Loop, evaluate, load_weights, must_be_finite


def begin(run: RunFolder, mapping: dict[str, Any], quiet: bool) -> Assembly:
    """Everything that can fail for a user's mistake; then the run folder becomes a run."""
    recipe = registry.complete(mapping)
    recipe = recipe.model_copy(update={"train": machine.settle(recipe.train)})
    parts = registry.assemble(recipe)
    train, why = _choose(parts)
    recipe = Recipe.read({**parts.recipe.plain(), "train": train.plain()})
    parts = Assembly(recipe, parts.dataset, parts.model, parts.task)
    card = parts.dataset.card
    with Watch(run.path.name, 1, 1, quiet) as watch:
        watch("note", {"text": f"{card.given}, seen as {card.seen}; {train.device}, {why}"})
        for note in card.notes:
            watch("note", {"text": note})
    provenance = {"environment": surroundings(), "fingerprint": card.fingerprint, "chosen": why}
    run.begin(recipe.plain(), provenance)
    return parts


def surroundings() -> dict[str, Any]:
    """The environment, and the GPUs: where any of it differs, bytes may."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {**environment(), "gpus": gpus, "cuda": str(torch.version.cuda)}


def again(run: RunFolder, quiet: bool) -> Assembly:
    """The live parts of a run that was begun before. Raises RunError if its data have changed."""
    recipe = registry.complete(run.read("recipe.json"))
    recipe = recipe.model_copy(update={"train": machine.settle(recipe.train)})
    parts = registry.assemble(recipe)
    then, now = run.read("provenance.json"), parts.dataset.card.fingerprint
    if then.get("fingerprint") != now:
        raise RunError(
            f"{run.path}: the data are not those it began with "
            f"(fingerprint {str(then.get('fingerprint'))[:12]}, now {now[:12]}).",
            do="Bring the data back, or train anew.",
        )
    with Watch(run.path.name, 1, 1, quiet) as watch:
        for line in differences(then.get("environment") or {}, surroundings()):
            watch("note", {"text": f"bytes may differ from an unbroken run: {line}"})
    return parts


def residents(parts: Assembly) -> tuple[Resident, Resident, Resident]:
    """Train, validation and test data where the model is; only training data are augmented."""
    device = torch.device(parts.recipe.train.device)
    parts.model.to(device)
    card, data = parts.dataset.card, parts.dataset
    ops = tuple(parts.recipe.data.fields["augment"])
    train = Resident(data.train, card, device, ops)
    return train, Resident(data.val, card, device), Resident(data.test, card, device)


def _choose(parts: Assembly) -> tuple[Train, str]:
    train = parts.recipe.train
    held, _, _ = residents(parts)
    size = train.batch_size or 1
    steps = len(held) // size * (train.epochs or 1)
    batch = held.take(np.arange(size), key=0)  # with augmentation, so that a mistake in it is met
    return machine.choose(train, parts.model, parts.task.phases(), batch, steps)


def play(run: RunFolder, parts: Assembly, quiet: bool) -> Run:
    """Train to the end, test once with the best weights, draw."""
    epochs, size = parts.recipe.train.epochs or 1, parts.recipe.train.batch_size or 1
    try:
        train, val, test = residents(parts)
        with Watch(run.path.name, epochs, len(train) // size, quiet) as watch:
            card = parts.dataset.card.plain()
            loop = Loop(parts.model, parts.task, parts.recipe, train, val, run, card, watch)
            loop.fit()
        _conclude(run, parts, test, loop.at.epoch, loop.at.top_epoch)
        report(run, parts)
    finally:
        run.release()
    return Run(run.path)


def _conclude(run: RunFolder, parts: Assembly, test: Resident, epochs: int, top_epoch: int) -> None:
    """The best weights, and the test split: the one time it is used."""
    best = run.best()
    load_weights(parts.model, best)
    progress = best.state["progress"]
    recipe, data = parts.recipe, parts.dataset
    metrics = evaluate(parts.model, parts.task, test, recipe.seed, detail=True)
    must_be_finite(metrics, f"{run.path}, the test split")
    result = {
        "event": "end",
        "model": recipe.model.name,
        "preset": recipe.model.fields["preset"],
        "data": data.card.name,
        "seed": recipe.seed,
        "task": parts.task.name,
        "goal": parts.task.goal,
        "test": metrics,
        "val": progress["best"],
        "baseline": parts.task.baseline(data.train, data.test),
        "parameters": sum(p.numel() for p in parts.model.parameters()),
        "epochs": epochs,
        "best_epoch": progress["epoch"],
        "top_epoch": top_epoch,
        "notes": list(data.card.notes),
    }
    files.append(run.metrics, result)


def report(run: RunFolder, parts: Assembly, lang: Lang = "en") -> None:
    """Draw a finished run: pictures/, and report.html."""
    subject = Run(run.path).subject(lang=lang, dataset=lambda: parts.dataset)
    pictures = gallery.draw(subject)
    gallery.keep(run, pictures)
    film = b""
    if parts.task.name == "autoencode":
        frames = [(step, arrays["samples"]) for step, arrays in run.snapshots_of("samples")]
        film = filmstrip.animation(frames)
        run.picture("film.png", film)
    recipe = json.dumps(parts.recipe.plain(), indent=1)
    sections = [
        Section("", words.sentences(subject.result), pictures=pictures, animation=film),
        Section("Recipe", ["Play it again: etude train recipe.json"], plain=recipe),
    ]
    replace(run.report, page(run.path.name, sections))
