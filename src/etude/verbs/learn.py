"""One run: train it, resume it, check it before training."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etude import registry
from etude.config import nearest
from etude.errors import NumericsError, StorageError, UsageError
from etude.locale.texts import Lang
from etude.recipe import TrainDraft, draft, read_recipe
from etude.runs.files import replace, storage
from etude.runs.folder import ROOT, RunFolder, begun, named
from etude.system.caller import undisturbed
from etude.training.distributed import World
from etude.verbs.asked import data_name, model_name, run_path, what_is
from etude.verbs.use import load

if TYPE_CHECKING:
    from etude.inference.run import Run

WHAT = {"data": "a data set", "file": "a file or folder", "run": "a run"}


@undisturbed()
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
    run = None
    if world.first:
        run = RunFolder.create(place) if place else RunFolder.fresh(default, root)
    from etude import assembly, pipeline

    try:
        draft = assembly.read_draft(mapping)
        run, parts = pipeline.begin(run, draft, quiet or not world.first)
    except BaseException:
        if run:
            run.abandon()
        raise
    try:
        return pipeline.play(run, parts, quiet or not world.first, lang)
    except (NumericsError, StorageError) as error:
        if world.first and run.discard():
            what = f"{error.what} Nothing had been saved, so {run.path} is not kept."
            raise type(error)(what, do=error.do, items=error.items) from None
        raise
    except (MemoryError, RuntimeError):  # torch reports that memory is out by a RuntimeError
        if world.first:
            run.discard()
        raise


@undisturbed()
def resume_run(
    path: Path | str, *, data: str | None = None, quiet: bool = False, lang: Lang = "en"
) -> "Run":
    """Go on with one run. data: where its data are now, if they were moved."""
    world = World.here()
    run = RunFolder.open(run_path(path))
    if world.first:
        run.lock()
    from etude import pipeline

    try:
        if run.result and run.report.exists():
            run.best()  # which says so if it is damaged
            return load(run.path)
        parts = pipeline.again(run, quiet or not world.first, data_name(data))
        return pipeline.play(run, parts, quiet or not world.first, lang)
    finally:
        run.release()


@undisturbed()
def first_aid(
    kind: str,
    model: str | None = None,
    data: str | None = None,
    *,
    out: Path | None = None,
    lang: Lang = "en",
    **fields: Any,
) -> dict[str, Any]:
    """Before hours are spent; no run is kept. kind: "dry-run" (one step), "overfit" (can it learn
    one batch?) or "lr" (which learning rate?).

    The numbers in full, and `said`: what they mean and what to do next, in sentences. out: a folder
    for the picture of the answer, light and dark, whose paths are in `pictures`; a dry run has
    none.
    """
    known = ("dry-run", "overfit", "lr")
    if kind not in known:
        raise UsageError(f"There is no first aid {kind!r}.{nearest(kind, known)}")
    from etude import assembly, pipeline
    from etude.inspection import sanity

    mapping = drafted(model, data, None, fields)
    found = pipeline.check_before(kind, assembly.read_draft(mapping))
    found["said"] = sanity.sentences(kind, found, lang)
    picture = sanity.picture_of(kind, found, lang) if out else None
    if out and picture:
        name = slug(f"{kind}-{mapping['model']['name']}-{Path(mapping['data']['name']).stem}")
        with storage(out):
            out.mkdir(parents=True, exist_ok=True)
        files = {out / f"{name}.png": picture.light, out / f"{name}-dark.png": picture.dark}
        for path, content in files.items():
            replace(path, content)
        found["pictures"] = [str(path) for path in files]
    return found


def drafted(
    model: str | None, data: str | None, base: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """A recipe's mapping; a model that ends in .json is the path of the recipe it starts from."""
    model, data = model_name(model), data_name(data)
    if model is not None and model.endswith(".json"):
        base, model = read_recipe(Path(model)), None
    known = registry.names("model")
    if model is not None and model not in known and what_is(model) in ("data", "file", "run"):
        raise UsageError(
            f"{model!r} is {WHAT[what_is(model)]}, not a model.",
            do=f"etude train {data if data in known else 'MODEL'} --data {model}; "
            f"models: {', '.join(known)}.",
        )
    return draft(model, data, base=base, fields=paths(fields))


def paths(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their path in the recipe: `epochs` is `train.epochs`; None is not given."""
    full = {f"train.{k}" if k in TrainDraft.model_fields else k: v for k, v in fields.items()}
    return {key: value for key, value in full.items() if value is not None}


def slug(text: str) -> str:
    """A text as the name of a run."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:90] or "run"


def alone(what: str) -> None:
    """Several runs are not shared by the processes of a job: each would take the others' names."""
    if World.here().size > 1:
        raise UsageError(
            f"{what} runs in one process.", do="Start it without torchrun, or share one run: train."
        )
