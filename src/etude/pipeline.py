"""The life of one run: prepare, train, test once, write the result and the report."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from etude import assembly
from etude.assembly import Prepared
from etude.data.checks import checks
from etude.data.dataset import Dataset
from etude.data.locate import relocated
from etude.data.resident import Resident
from etude.errors import NumericsError, RunError
from etude.inference.run import Run
from etude.inspection import filmstrip, gallery, words
from etude.inspection.card import card
from etude.inspection.report import Section, page, store_pictures
from etude.loading import NO_OBJECTS, Objects, old_fingerprint
from etude.locale.texts import Lang, Sentence, Text, say, text
from etude.recipe import Recipe, RecipeDraft, Train
from etude.render.progress import TrainingProgress
from etude.results import Checks, RunResult, Sizes, TestMetrics
from etude.runs.files import replace
from etude.runs.folder import RunFolder, is_run
from etude.runs.provenance import differences
from etude.runs.recorder import MemoryRun, Recorder, curves
from etude.sharing import shares
from etude.system.limits import Plain
from etude.tasks.protocol import Generator
from etude.trackers.listener import NO_TRACKING, Tracking
from etude.training import hardware, sanity, schedule
from etude.training.distributed import ALONE, World
from etude.training.loop import Loop
from etude.training.randomness import order
from etude.training.record import Progress, chosen_by, evaluate, load_weights, must_be_finite


def begin(
    run: RunFolder | None,
    draft: RecipeDraft,
    quiet: bool,
    lang: Lang,
    objects: Objects = NO_OBJECTS,
) -> tuple[RunFolder, Prepared]:
    """Check and prepare everything that a user's mistake can make fail, then write the recipe.

    run: the locked folder; None on every rank but 0. lang: the language of the notes on stderr.
    """
    world = World.here()
    label = run.path.name if run else ""
    _show(_waiting(world, objects), label, quiet, lang)
    parts = assembly.prepare(draft, world, objects)
    # Machines of one job may differ in what they would choose, so all follow rank 0.
    train = Train.read(world.agree(parts.recipe.train.plain()))
    parts = replaced(parts, parts.recipe.model_copy(update={"train": train}))
    # Only rank 0 has created a folder, perhaps under the first free name.
    path = world.agree(str(run.path) if run else None)
    run = run or RunFolder(Path(path))
    if world.first:
        _show(messages(parts), label, quiet, lang)
        run.begin(parts.recipe.plain(), provenance(parts))
    return run, parts


def in_memory(
    draft: RecipeDraft, quiet: bool, lang: Lang, objects: Objects, tracking: Tracking
) -> Run:
    """Train and test a run that has no folder, and return it."""
    parts, run = assembly.prepare(draft, ALONE, objects), MemoryRun()
    label = f"{draft.model.fields.get('module', draft.model.name)}-{draft.data.name}"
    _show(messages(parts), label, quiet, lang)
    run.begin(parts.recipe.plain(), provenance(parts))
    at = _train(run, label, parts, quiet, lang, ALONE, tracking)
    conclude(run, parts, at)
    done = Run(run, objects=objects)
    tracking.finish(done.result)
    return done


def _show(lines: Iterable[Sentence], label: str, quiet: bool, lang: Lang) -> None:
    """Print notes beside the label of a run."""
    with TrainingProgress(label, 1, 1, quiet, lang) as progress:
        for line in lines:
            progress("note", {"text": line})


def _waiting(world: World, objects: Objects) -> Iterator[Text]:
    """A line for the user if processes wait until the first of their machine has read the data."""
    if shares(world, objects):
        yield text("distributed.waits", count=world.beside - 1)


def replaced(parts: Prepared, recipe: Recipe) -> Prepared:
    """The same parts with another recipe."""
    return dataclasses.replace(parts, recipe=recipe)


def messages(parts: Prepared) -> Iterator[Sentence]:
    """Lines for the user about the data and the automatic choices."""
    card = parts.dataset.card
    yield text(
        "pipeline.choices",
        data=card.spec.words,
        model=card.model_spec.words,
        device=parts.recipe.train.device,
        reason=parts.reason,
    )
    yield from card.notes
    yield from _task_notes(parts)
    yield from parts.warnings


def _task_notes(parts: Prepared) -> tuple[Text, ...]:
    """What the task says of its fields, if anything."""
    notes: tuple[Text, ...] = getattr(parts.task, "notes", ())
    return notes


def provenance(parts: Prepared) -> dict[str, object]:
    """Environment, data fingerprint and the reason for the chosen precision, for a new run."""
    result: dict[str, object] = {
        "environment": hardware.surroundings(),
        "fingerprint": parts.dataset.card.fingerprint,
        "chosen": parts.reason.model_dump(mode="json"),
    }
    if parts.dataset.left_out:
        result["left_out"] = [str(one) for one in parts.dataset.left_out]
    return result


def again(
    run: RunFolder,
    quiet: bool,
    lang: Lang,
    data: str | None = None,
    objects: Objects = NO_OBJECTS,
) -> Prepared:
    """Data, model and task of an existing run.

    lang: the language of the notes on stderr. data: the new path of its data, if they were moved.
    Raises RunError if the data have changed, DataError if they are missing.
    """
    recipe = Recipe.read(run.read("recipe.json"))
    # Checked as a draft too: a run of an earlier version may lack a field of its model.
    draft = assembly.read_draft(recipe.plain(), objects)
    draft = draft.model_copy(update={"data": relocated(draft.data, run.path, data)})
    # A run that started from a file of weights needs it again only if nothing was saved.
    started = bool(draft.model.fields.get("weights")) and run.newest()[0] is not None
    world = World.here()
    _show(_waiting(world, objects), run.path.name, quiet, lang)
    parts = assembly.prepare(draft, world, objects, started=started)
    # The run's checkpoints belong to its recipe, so that keeps the path it was trained with.
    parts = replaced(parts, parts.recipe.model_copy(update={"data": recipe.data}))
    then, now = run.read("provenance.json"), parts.dataset.card.fingerprint
    same = then.get("fingerprint") == now
    # Version 0.1.0 could not train on objects, so they need no second look.
    if not same and (objects.data is not None or then.get("fingerprint") != old_fingerprint(draft)):
        before = str(then.get("fingerprint"))[:12]
        raise RunError(
            text("pipeline.data.changed", path=run.path, before=before, now=now[:12]),
            do=text("pipeline.data.changed.do"),
        )
    changes = differences(then.get("environment") or {}, hardware.surroundings())
    lines = (text("pipeline.surroundings", difference=each) for each in changes)
    _show(lines, run.path.name, quiet, lang)
    return parts


def training_data(parts: Prepared) -> tuple[Resident, Resident]:
    """Training and validation data on the model's device; only training data are augmented."""
    device = torch.device(parts.recipe.train.device)
    parts.model.to(device)
    card, data = parts.dataset.card, parts.dataset
    ops = tuple(parts.recipe.data.fields["augment"])
    return Resident(data.train, card, device, ops), Resident(data.val, card, device)


def test_data(parts: Prepared) -> Resident:
    """The test data on the model's device."""
    device = torch.device(parts.recipe.train.device)
    parts.model.to(device)
    return Resident(parts.dataset.test, parts.dataset.card, device)


def check_before(kind: str, draft: RecipeDraft) -> Plain:
    """Run a sanity check ("dry-run", "overfit" or "lr") on the first batches of a run."""
    parts = assembly.prepare(draft, ALONE)
    train, _ = training_data(parts)
    size, shuffled = parts.recipe.train.batch_size, order(parts.recipe.seed, 0, len(train))
    count = min(len(train) // size, sanity.LR_STEPS if kind == "lr" else 1)
    batches = [train.take(shuffled[i * size : (i + 1) * size]) for i in range(count)]
    live = (parts.model, parts.task, parts.recipe.train)
    if kind == "lr":
        return sanity.find_lr(*live, batches)
    return (sanity.dry_run if kind == "dry-run" else sanity.overfit)(*live, batches[0])


def evaluate_again(run: Run, quiet: bool, lang: Lang) -> dict[str, object]:
    """Compute the test metrics of a finished run again. Raises RunError if its data changed."""
    parts = again(run.folder, quiet, lang, run.data, run.objects)
    load_weights(parts.model, run.recorder.best())
    return evaluate(parts.model, parts.task, test_data(parts), run.recipe.seed, detail=True)


def play(
    run: RunFolder,
    parts: Prepared,
    quiet: bool,
    lang: Lang,
    objects: Objects = NO_OBJECTS,
    tracking: Tracking = NO_TRACKING,
) -> Run:
    """Train to the end, test once with the selected weights, write the report.

    lang: the language of the progress on stderr and of the report.
    """
    world = World.here()
    try:
        at = _train(run, run.path.name, parts, quiet, lang, world, tracking)
        if world.first:
            conclude(run, parts, at)
            done = Run(run.path, objects=objects)
            report(done, lang, parts.dataset)
            tracking.finish(done.result, run.pictures)
        # The other ranks wait here, because the end of this function reads the result that rank 0
        # writes.
        world.agree("done")
    finally:
        run.release()
    return Run(run.path, objects=objects)


def _train(
    run: Recorder,
    label: str,
    parts: Prepared,
    quiet: bool,
    lang: Lang,
    world: World,
    tracking: Tracking,
) -> Progress:
    """Train the remaining epochs and return the final position."""
    train, val = training_data(parts)
    settings = parts.recipe.train
    size, card = settings.batch_size, parts.dataset.card.plain()
    with TrainingProgress(label, settings.epochs, len(train) // size, quiet, lang) as watch:

        def listen(event: str, info: dict[str, object]) -> None:
            watch(event, info)
            tracking(event, info)

        rates = schedule.rates(settings, parts.task.phases(), len(train) // size)
        tracking.follow(run, parts.recipe, label, rates, watch.note)
        loop = Loop(parts.model, parts.task, parts.recipe, train, val, run, card, listen, world)
        loop.fit()
    return loop.at


def log_again(done: Run, quiet: bool, lang: Lang, tracking: Tracking) -> None:
    """Write the log of a finished run from its files."""
    last, train = done.epochs[-1], done.recipe.train
    rates = schedule.rates(train, done.subject().task.phases(), last.step // last.epoch)
    with TrainingProgress(done.label, 1, 1, quiet, lang) as watch:
        tracking.follow(done.recorder, done.recipe, done.label, rates, watch.note)
        tracking.replay()
        tracking.finish(done.result, done.folder.pictures)


def rehearse(place: Path, mapping: Plain, tested: bool) -> Plain:
    """Train one run of a comparison or search in `place`, without output and without a report.

    An interrupted run in `place` is resumed. The test split is used only if `tested`.

    Returns the fields of comparison.run_spec.Outcome but the label: a number that is not finite
    is an outcome too, with its sentence. Raises Interrupted and Stopped after saving, and any other
    EtudeError.
    """
    run, parts = _entered(place, mapping)
    try:
        if parts:
            goal = parts.task.metric.name
            try:
                at = _train(
                    run, place.name, parts, quiet=True, lang="en", world=ALONE, tracking=NO_TRACKING
                )
                if tested:
                    conclude(run, parts, at)
            except NumericsError as error:
                # The curves are read first: `discard` may remove the files that they come from.
                found = {**curves(run, goal), "best": None, "diverged": error.what}
                run.discard()
                return found
            best = (at.best or {})[goal]
        result = run.result
        if result:
            goal = result.goal
            best = result.val[goal]
        test = tested_as(result) if result and tested else {}
        return {**curves(run, goal), "best": float(best), **test}
    finally:
        run.release()


def _entered(place: Path, mapping: Plain) -> tuple[RunFolder, Prepared | None]:
    """Create or open and lock the folder of a run; its parts are None if the run is finished."""
    if is_run(place):
        run = RunFolder.open(place)
        run.lock()
        try:
            return run, None if run.result else again(run, quiet=True, lang="en")
        # An interrupt, too, must not leave the run locked for the rest of this process.
        except BaseException:
            run.release()
            raise
    run = RunFolder.create(place)
    try:
        return begin(run, assembly.read_draft(mapping), quiet=True, lang="en")
    # Also after an interrupt: a folder without a recipe is no run that could be resumed.
    except BaseException:
        run.abandon()
        raise


def tested_as(result: RunResult) -> dict[str, object]:
    """The test result of a finished run, and the number of test samples that decides how
    certain it is, if it was stored."""
    return {"test": result.score, "samples": result.test.certainty or None}


def conclude(run: Recorder, parts: Prepared, at: Progress) -> None:
    """Test with the selected weights and store the result: the only use of the test split."""
    test, best = test_data(parts), run.best()
    load_weights(parts.model, best)
    progress = best.state["progress"]
    recipe, data = parts.recipe, parts.dataset
    metrics = evaluate(parts.model, parts.task, test, recipe.seed, detail=True)
    must_be_finite(metrics, text("pipeline.test_split", where=run.where))
    code = recipe.model.fields.get("latent_dim", 0)
    run.add(
        RunResult(
            event="end",
            model=recipe.model.name,
            title=parts.title,
            preset=recipe.model.fields["preset"],
            data=data.card.name,
            seed=recipe.seed,
            task=parts.task.name,
            goal=parts.task.metric.name,
            test=TestMetrics.read(metrics, "test"),
            val=progress["best"],
            baseline=parts.task.baseline(data.arrays(data.train), data.arrays(data.test)),
            parameters=sum(p.numel() for p in parts.model.parameters()),
            epochs=at.epoch,
            best_epoch=progress["epoch"],
            top_epoch=at.top_epoch,
            chosen=chosen_by(recipe.train, len(data.val)),
            notes=(*data.card.notes, *_task_notes(parts)),
            sizes=Sizes(**data.card.sizes),
            checks=Checks(**checks(data)),
            **({"code": code} if code else {}),
        )
    )
    run.flush()


def report(done: Run, lang: Lang, dataset: Dataset | None = None) -> None:
    """Write pictures/ and report.html of a finished run.

    dataset: its data, if already loaded. Raises RunError if the caller said where the data are and
    they have changed.
    """
    run = done.folder
    subject = done.subject(lang=lang, dataset=(lambda: dataset) if dataset else None)
    if done.data is not None and subject.data_problem:
        raise RunError(text("pipeline.data.missing", path=run.path, why=subject.data_problem))
    pictures = gallery.draw(subject)
    store_pictures(run, pictures)
    sections = [
        Section(say(lang, "findings"), words.sentences(subject.result, subject.history, lang)),
        Section(say(lang, "pictures"), pictures=pictures),
    ]
    if isinstance(subject.task, Generator):
        frames = [(step, arrays["samples"]) for step, arrays in run.snapshots_of("samples")]
        if frames:  # none are left where a copy of the run lost its folder of snapshots
            film = filmstrip.animation(frames, lang)
            run.picture("film.png", film)
            sections.append(Section(say(lang, "film.title"), animation=film))
    recipe = json.dumps(subject.recipe.plain(), indent=1)
    sections.append(Section(say(lang, "recipe"), [say(lang, "recipe.again")], plain=recipe))
    top = card(subject.result, subject.history, done.seconds, done.samples_per_second, lang)
    replace(run.report, page(run.path.name, sections, lang, top))
