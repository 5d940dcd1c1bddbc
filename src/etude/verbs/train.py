"""Train one run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etude.errors import NumericsError, StorageError, UsageError
from etude.locale.texts import Lang, text
from etude.runs.folder import RunFolder, is_run
from etude.runs.workspace import Workspace
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.trackers.listener import Tracking, chosen
from etude.training.distributed import World
from etude.verbs.arguments import WORKSPACE, is_module, is_name, require_one_process
from etude.verbs.drafts import draft_recipe, folder_name, model_and_data, with_names
from etude.verbs.objects import parted
from etude.verbs.resume import resume_run
from etude.verbs.tracking import tracking

if TYPE_CHECKING:
    from torch import nn

    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.inference.run import Run


@preserve_caller_state()
def train(
    model: "str | nn.Module | None" = None,
    data: object = None,
    *,
    name: str | None = None,
    base: Mapping[str, object] | None = None,
    quiet: bool = False,
    root: Path = WORKSPACE.root,
    save: bool = True,
    log: str | Sequence[str] | None = None,
    lang: Lang = "en",
    **fields: object,
) -> "Run":
    """Train a model on data, test it once, and return the run.

    model: a name, the path of a recipe, or a module of your own, which is trained itself and not a
    copy (see models/own.py). data: a name, a path, or objects in memory: (x, y), a mapping of
    arrays, a torch Dataset, a frame (see data/memory.py). base: the mapping of a recipe to start
    from. fields: fields of the recipe, `epochs=3` for those of training, `weights=FILE` for weights
    to start from, others by their path: `**{"model.depth": 2}`. save: whether the run gets a
    folder; without one it is in memory, has no report, and `run.save(path)` writes it. log:
    trackers that show the run too, by name (see docs/verbs/train.md); they change nothing in it.
    lang: the language of the progress and the report. Raises an EtudeError.
    """
    named_model, named_data, named_fields = with_names(model, data, fields)
    mapping = draft_recipe(named_model, named_data, base, named_fields)
    trackers = chosen(log)
    if not save:
        require_one_process("memory")
        if name is not None:
            raise UsageError(
                text("verbs.train.name_in_memory", name=name),
                do=text("verbs.train.name_in_memory.do"),
            )
        from etude import assembly, pipeline

        objects = parted(data, model)[1]
        draft = assembly.read_draft(mapping, objects)
        with tracking(trackers, WORKSPACE.root) as followers:
            return pipeline.in_memory(draft, quiet, lang, objects, followers)
    return _train_in_folder(mapping, data, model, name, Workspace(root), quiet, lang, trackers)


def _train_in_folder(
    mapping: Plain,
    data: object,
    model: object,
    name: str | None,
    workspace: Workspace,
    quiet: bool,
    lang: Lang,
    log: Sequence[str],
) -> "Run":
    """Train a run that has a folder: `name` in the workspace, or the first free name there."""
    default = folder_name(*model_and_data(mapping))
    world, path = World.here(), workspace.path(name) if name else None
    # torchrun restarts a job with the same command, which must then continue the run.
    if world.restarted and path and is_run(path):
        # Names are in the run's recipe; objects are not.
        data, model = None if is_name(data) else data, model if is_module(model) else None
        stopped = RunFolder.open(path)
        return resume_run(stopped, data=data, model=model, quiet=quiet, log=log, lang=lang)
    if world.size > 1 and not path:
        raise UsageError(
            text("verbs.train.job_name"), do=text("verbs.train.job_name.do", name=default)
        )
    with tracking(log, workspace.root) as followers:
        run = None
        if world.first:
            run = RunFolder.create(path) if path else workspace.create(default)
        return _train_new(run, mapping, data, model, quiet or not world.first, lang, followers)


def _train_new(
    run: RunFolder | None,
    mapping: Plain,
    data: object,
    model: object,
    quiet: bool,
    lang: Lang,
    followers: Tracking,
) -> "Run":
    """Train in a new folder, which is removed if the run cannot begin or be resumed. run: the
    locked folder; None on every rank but 0."""
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude import assembly, pipeline

    world = World.here()
    try:
        objects = parted(data, model)[1]
        draft = assembly.read_draft(mapping, objects)
        run, parts = pipeline.begin(run, draft, quiet, lang, objects)
    except BaseException:
        if run:
            run.abandon()
        raise
    try:
        return pipeline.play(run, parts, quiet, lang, objects, followers)
    except (NumericsError, StorageError) as error:
        if world.first and run.discard():
            what = text("verbs.train.discarded", what=error.what, path=run.path)
            raise type(error)(what, do=error.do, items=error.items) from None
        raise
    except (MemoryError, RuntimeError):  # torch reports a lack of memory as a RuntimeError
        if world.first:
            run.discard()
        raise
