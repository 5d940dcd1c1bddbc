"""The life of one run: prepare, train, test once, write the result and the report."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from etude import assembly
from etude.assembly import Assembly
from etude.data.augment import require
from etude.data.checks import checks
from etude.data.dataset import Dataset
from etude.data.resident import Resident
from etude.errors import NumericsError, RunError, UsageError
from etude.inference.run import Run
from etude.inspection import filmstrip, gallery, words
from etude.inspection.card import card
from etude.inspection.report import Section, page, store_pictures
from etude.locale.texts import Lang, say
from etude.recipe import Recipe, Train
from etude.render.progress import TrainingProgress
from etude.runs import folder as files
from etude.runs.files import replace
from etude.runs.folder import RunFolder, begun
from etude.runs.provenance import differences, environment
from etude.training import hardware, sanity
from etude.training.distributed import World
from etude.training.loop import Loop
from etude.training.randomness import order
from etude.training.record import Progress, chosen_by, evaluate, load_weights, must_be_finite


def begin(
    run: RunFolder | None, mapping: dict[str, Any], quiet: bool
) -> tuple[RunFolder, Assembly]:
    """Check and prepare everything that a user's mistake can make fail, then write the recipe.

    run: the locked folder; None on every rank but 0.
    """
    world = World.here()
    recipe = assembly.complete(mapping)
    recipe = recipe.model_copy(update={"train": hardware.resolve(recipe.train)})
    parts = assembly.assemble(recipe)
    _shared_out(parts.recipe.train, world)
    world.join(parts.recipe.train.device)
    train, why = world.agree(choose(parts) if world.first else None)
    recipe = Recipe.read({**parts.recipe.plain(), "train": train})
    parts = Assembly(recipe, parts.dataset, parts.model, parts.task)
    path = world.agree(str(run.path) if run else None)
    run = run or RunFolder(Path(path))
    if not world.first:
        return run, parts
    card = parts.dataset.card
    with TrainingProgress(run.path.name, 1, 1, quiet) as watch:
        watch("note", {"text": f"{card.spec}, seen as {card.model_spec}; {train['device']}, {why}"})
        for note in card.notes:
            watch("note", {"text": note})
    run.begin(recipe.plain(), provenance(parts, why))
    return run, parts


def provenance(parts: Assembly, why: str) -> dict[str, Any]:
    """Environment, data fingerprint and the reason for the chosen precision, for a new run."""
    found: dict[str, Any] = {
        "environment": surroundings(),
        "fingerprint": parts.dataset.card.fingerprint,
        "chosen": why,
    }
    if parts.dataset.left_out:
        found["left_out"] = [str(one) for one in parts.dataset.left_out]
    return found


def _shared_out(train: Train, world: World) -> None:
    """Raise UsageError unless every process gets two samples of each batch, for batch norm."""
    size = train.batch_size or 1
    if world.size > 1 and size // world.size < 2:
        raise UsageError(
            f"train.batch_size={size}, shared by {world.size} processes, leaves fewer than two "
            "samples each.",
            do=f"Choose train.batch_size={2 * world.size} or more, or fewer processes.",
        )


def surroundings() -> dict[str, Any]:
    """Everything outside the recipe that can change the bytes of a result.

    Threads are missing on purpose: they are a field of the recipe.
    """
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    cuda, processes = str(torch.version.cuda), World.here().size
    return {**environment(), "gpus": gpus, "cuda": cuda, "processes": processes}


def again(run: RunFolder, quiet: bool, data: str | None = None) -> Assembly:
    """Data, model and task of an existing run.

    data: the new path of its data, if they were moved. Raises RunError if the data have changed,
    DataError if they are missing.
    """
    world = World.here()
    recipe = assembly.complete(run.read("recipe.json"))
    recipe = recipe.model_copy(update={"train": hardware.resolve(recipe.train)})
    found = assembly.found_again(recipe, run.path, data)
    parts = assembly.assemble(found)
    if data is not None:  # the run's recipe, which its checkpoints are of, stays what it was
        whole = parts.recipe.model_copy(update={"data": recipe.data})
        parts = Assembly(whole, parts.dataset, parts.model, parts.task)
    _shared_out(parts.recipe.train, world)
    world.join(parts.recipe.train.device)
    if parts.recipe.train.precision == "bf16":  # it may have begun on another machine
        _try_bf16(parts)
    then, now = run.read("provenance.json"), parts.dataset.card.fingerprint
    same = then.get("fingerprint") == now
    if not same and then.get("fingerprint") != assembly.old_fingerprint(found):
        raise RunError(
            f"{run.path}: the data are not those it began with "
            f"(fingerprint {str(then.get('fingerprint'))[:12]}, now {now[:12]}).",
            do="Bring the data back, or train anew.",
        )
    with TrainingProgress(run.path.name, 1, 1, quiet) as watch:
        for line in differences(then.get("environment") or {}, surroundings()):
            watch("note", {"text": f"bytes may differ from an unbroken run: {line}"})
    return parts


def learned_from(parts: Assembly) -> tuple[Resident, Resident]:
    """Training and validation data on the model's device; only training data are augmented."""
    device = torch.device(parts.recipe.train.device)
    parts.model.to(device)
    card, data = parts.dataset.card, parts.dataset
    ops = tuple(parts.recipe.data.fields["augment"])
    return Resident(data.train, card, device, ops), Resident(data.val, card, device)


def examined_on(parts: Assembly) -> Resident:
    """The test data on the model's device."""
    device = torch.device(parts.recipe.train.device)
    parts.model.to(device)
    return Resident(parts.dataset.test, parts.dataset.card, device)


def _try_bf16(parts: Assembly) -> None:
    """Two samples through the model in bf16. Raises UsageError where this processor cannot: oneDNN
    has no LSTM in bf16 for a CPU without the instructions."""
    device = torch.device(parts.recipe.train.device)
    few = Resident(parts.dataset.train.take(np.arange(2)), parts.dataset.card, device)
    model = parts.model.to(device).eval()
    try:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            parts.task.outputs(model, few.take(np.arange(2)))
    except RuntimeError as error:
        reason = str(error).split(". ")[0][:200]
        raise UsageError(
            f"train.precision=bf16: {parts.recipe.model.name} cannot be computed in bf16 on "
            f"{device.type} here ({reason}).",
            do="Choose --precision fp32, or leave it out.",
        ) from None


def choose(parts: Assembly) -> tuple[dict[str, Any], str]:
    """The complete training settings as plain values, and the reason for the chosen precision.

    Raises UsageError for an augmentation that does not fit the samples.
    """
    train, recipe, samples = parts.recipe.train, parts.recipe, parts.dataset.train
    ops = tuple(recipe.data.fields["augment"])
    if ops:
        require(samples.x.ndim, ops)
    parameters = sum(p.numel() for p in parts.model.parameters())
    exact = parts.dataset.card.target != "class"
    chosen, why = hardware.select(train, recipe.model.name, parameters, exact)
    if chosen.precision == "bf16":
        _try_bf16(parts)
    layout = "channels last, " if train.memory_format == "channels_last" else ""
    return chosen.plain(), layout + why


def first_aid(kind: str, mapping: dict[str, Any]) -> dict[str, Any]:
    """Run a sanity check ("dry-run", "overfit" or "lr") on the first batches of a run."""
    recipe = assembly.complete(mapping)
    recipe = recipe.model_copy(update={"train": hardware.resolve(recipe.train)})
    parts = assembly.assemble(recipe)
    held, _ = learned_from(parts)
    size, shuffled = parts.recipe.train.batch_size or 1, order(parts.recipe.seed, 0, len(held))
    count = min(len(held) // size, sanity.LR_STEPS if kind == "lr" else 1)
    batches = [held.take(shuffled[i * size : (i + 1) * size]) for i in range(count)]
    live = (parts.model, parts.task, parts.recipe.train)
    if kind == "lr":
        return sanity.find_lr(*live, batches)
    return (sanity.dry_run if kind == "dry-run" else sanity.overfit)(*live, batches[0])


def evaluate_again(run: Run, quiet: bool) -> dict[str, Any]:
    """Compute the test metrics of a finished run again. Raises RunError if its data changed."""
    parts = again(run.folder, quiet, run.data)
    load_weights(parts.model, run.folder.best())
    test = examined_on(parts)
    return evaluate(parts.model, parts.task, test, run.recipe.seed, detail=True)


def play(run: RunFolder, parts: Assembly, quiet: bool, lang: Lang = "en") -> Run:
    """Train to the end, test once with the selected weights, write the report."""
    world = World.here()
    try:
        at = _train(run, parts, quiet, world)
        if world.first:
            conclude(run, parts, at)
            report(run, parts.dataset, lang)
        world.agree("done")
    finally:
        run.release()
    return Run(run.path)


def _train(run: RunFolder, parts: Assembly, quiet: bool, world: World) -> Progress:
    """Train the remaining epochs and return the final position."""
    train, val = learned_from(parts)
    settings = parts.recipe.train
    size, card = settings.batch_size or 1, parts.dataset.card.plain()
    with TrainingProgress(run.path.name, settings.epochs or 1, len(train) // size, quiet) as watch:
        loop = Loop(parts.model, parts.task, parts.recipe, train, val, run, card, watch, world)
        loop.fit()
    return loop.at


def resolve(mapping: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Complete a recipe as `begin` does, for several runs that share these choices.

    Returns the recipe as plain values, the task's goal, and lines about data and settings. Writes
    nothing.
    """
    recipe = assembly.complete(mapping)
    recipe = recipe.model_copy(update={"train": hardware.resolve(recipe.train)})
    parts = assembly.assemble(recipe)
    train, why = choose(parts)
    card = parts.dataset.card
    lines = [f"{card.spec}, seen as {card.model_spec}; {train['device']}, {why}", *card.notes]
    return {**parts.recipe.plain(), "train": train}, parts.task.goal, "\n".join(lines)


def rehearse(place: Path, mapping: dict[str, Any], tested: bool) -> dict[str, Any]:
    """Train one run of a comparison or search in `place`, without output and without a report.

    An interrupted run in `place` is resumed. The test split is used only if `tested`.

    Returns the fields of comparison.run_spec.Outcome but the label: a number that is not finite
    is an outcome too, in words. Raises Interrupted and Stopped after saving, and any other
    EtudeError.
    """
    run, parts = _entered(place, mapping)
    try:
        if parts:
            goal, world = parts.task.goal, World()
            try:
                at = _train(run, parts, True, world)
                if tested:
                    conclude(run, parts, at)
            except NumericsError as error:
                found = {**curves(run, goal), "best": None, "diverged": error.what}
                run.discard()
                return found
            best = (at.best or {})[goal]
        result = run.result
        if result:
            goal = result["goal"]
            best = result["val"][goal]
        test = tested_as(result, goal) if result and tested else {}
        return {**curves(run, goal), "best": float(best), **test}
    finally:
        run.release()


def _entered(place: Path, mapping: dict[str, Any]) -> tuple[RunFolder, Assembly | None]:
    """Create or open and lock the folder of a run; its parts are None if the run is finished."""
    if begun(place):
        run = RunFolder.open(place)
        run.lock()
        try:
            return run, None if run.result else again(run, quiet=True)
        except BaseException:
            run.release()
            raise
    run = RunFolder.create(place)
    try:
        return begin(run, mapping, quiet=True)
    except BaseException:
        run.abandon()
        raise


def tested_as(result: dict[str, Any], goal: str) -> dict[str, Any]:
    """The test result of a finished run, and the number of test samples if it was stored."""
    return {"test": float(result["test"][goal]), "samples": result["test"].get("samples")}


def curves(run: RunFolder, goal: str) -> dict[str, Any]:
    """The validation goal after each epoch, and the training seconds up to that epoch."""
    val = [row["val"][goal] for row in files.lines(run.metrics) if row.get("event") == "epoch"]
    times = files.lines(run.timing)
    spent = [sum(t["seconds"] for t in times if t["epoch"] <= e + 1) for e in range(len(val))]
    return {"val": tuple(val), "seconds": tuple(spent)}


def conclude(run: RunFolder, parts: Assembly, at: Progress) -> None:
    """Test with the selected weights and store the result: the only use of the test split."""
    test, best = examined_on(parts), run.best()
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
        "epochs": at.epoch,
        "best_epoch": progress["epoch"],
        "top_epoch": at.top_epoch,
        "chosen": chosen_by(recipe.train, len(data.val)),
        "notes": list(data.card.notes),
        "sizes": data.card.sizes,
        "checks": checks(data),
    }
    if "latent_dim" in recipe.model.fields:
        result["code"] = recipe.model.fields["latent_dim"]
    files.append(run.metrics, result)
    files.size(run.metrics)  # which waits until it is on the disk


def report(
    run: RunFolder,
    dataset: Dataset | None = None,
    lang: Lang = "en",
    data: str | None = None,
) -> None:
    """Write pictures/ and report.html of a finished run.

    dataset: its data, if already loaded. data: their new path, if they were moved. Raises RunError
    if the data have changed.
    """
    done = Run(run.path, data)
    subject = done.subject(lang=lang, dataset=(lambda: dataset) if dataset else None)
    if data is not None and subject.data_problem:
        raise RunError(f"{run.path}: {subject.data_problem}.")
    pictures = gallery.draw(subject)
    store_pictures(run, pictures)
    sections = [
        Section(say(lang, "findings"), words.sentences(subject.result, subject.history, lang)),
        Section(say(lang, "pictures"), pictures=pictures),
    ]
    if subject.task.name == "autoencode":
        frames = [(step, arrays["samples"]) for step, arrays in run.snapshots_of("samples")]
        if frames:  # none are left where a copy of the run lost its folder of snapshots
            film = filmstrip.animation(frames, lang)
            run.picture("film.png", film)
            sections.append(Section(say(lang, "film.title"), animation=film))
    recipe = json.dumps(subject.recipe.plain(), indent=1)
    sections.append(Section(say(lang, "recipe"), [say(lang, "recipe.again")], plain=recipe))
    top = card(subject.result, subject.history, done.seconds, done.samples_per_second, lang)
    replace(run.report, page(run.path.name, sections, lang, top))
