"""Download a run that was pushed (Python: etude.from_pretrained)."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from etude.errors import RunError, TakenError, UsageError, cause
from etude.locale.texts import Lang, metric, say, text
from etude.render.progress import Live
from etude.runs.folder import is_taken
from etude.system.caller import preserve_caller_state
from etude.verbs.arguments import WORKSPACE, run_path

if TYPE_CHECKING:
    from etude.inference.run import Run


@preserve_caller_state()
def from_pretrained(
    name_or_folder: Path | str,
    revision: str | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> "Run":
    """A run in memory from a repository of the Hugging Face Hub, or from a folder with its files.

    name_or_folder: "owner/name", or the path of a folder, which comes first. revision: a commit, a
    branch or a tag; None is the newest commit. token: an access token; None is that of HF_TOKEN or
    of `hf auth login`, False none. local_files_only: read the copy of an earlier download, without
    any request.

    Raises UsageError for a name that is none, RunError for a repository that is not that of a run,
    DataError if it cannot be downloaded. Nothing in a repository is executed.
    """
    place = run_path(name_or_folder)
    from etude.hub import layout, read, remote
    from etude.inference.run import Run

    folder = place
    if not os.path.isdir(place):
        # A path on Windows has backslashes, and no repository has.
        name = str(name_or_folder)
        if not layout.REPOSITORY.fullmatch(name):
            raise UsageError(text("hub.no_folder", name=name[:200]), do=text("hub.name.do"))
        folder = remote.pull(layout.require_repository(name), revision, token, local_files_only)
    try:
        run = Run(read.run_in(folder, str(name_or_folder)))
        _ = run.model  # built now: a repository that cannot be used is refused before it is saved
    except UsageError as error:
        what = error.what
        if not isinstance(error, RunError):  # it speaks of a recipe, as if the user had written it
            what = text("inference.damaged", where=str(name_or_folder), why=cause(error))
        do = error.do or text("hub.incomplete.do")
        raise RunError(what, do=do, items=error.items) from None
    return run


@preserve_caller_state()
def pull(
    address: str, out: Path | str | None = None, *, quiet: bool = True, lang: Lang = "en"
) -> "Run":
    """Download a run from a repository, "owner/name" or "owner/name@revision", into a run folder.

    out: the folder; the default is ./runs/name. lang: the language of the notes on stderr. Raises
    TakenError if the folder is in use, and what `from_pretrained` raises; then nothing is written.
    """
    name, _, revision = address.partition("@")
    place = run_path(out) if out is not None else WORKSPACE.path(Path(name).name or name)
    if is_taken(place):
        raise TakenError(text("runs.taken", path=place), do=text("cli.pull.taken.do"))
    Live(str(place), 1, "", quiet, lang).note(text("hub.downloads", name=name))
    return from_pretrained(name, revision or None).save(place)


def pulled_line(run: "Run", lang: Lang) -> str:
    """What was pulled: network, data and test result."""
    from etude.inspection import words

    result = run.result
    value = words.number(result.score, result.goal, result.test.unit)
    values = {"model": words.title(result), "data": result.data, "value": value}
    goal = metric(result.goal, lang)
    return say(lang, "cli.pull.done", path=run.path, goal=goal, **values)
