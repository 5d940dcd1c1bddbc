"""Upload a finished run to a repository of the Hugging Face Hub."""

from pathlib import Path
from typing import TYPE_CHECKING

from etude.locale.texts import Lang, Sentence, render, text
from etude.render.progress import Live
from etude.runs.folder import unused_path
from etude.verbs.load import load

if TYPE_CHECKING:
    from etude.hub.remote import Pushed
    from etude.inference.run import Run

DRY = "export/hub"
"""Where a dry run writes the repository, in the folder of the run."""


def push(
    path: Path | str,
    name: str,
    *,
    private: bool = True,
    license: str | None = None,
    quiet: bool = True,
    lang: Lang = "en",
) -> "Pushed":
    """Upload a finished run to the repository `name`, "owner/name". See `Run.push`.

    lang: the language of the notes on stderr. Raises UsageError, RunError, DataError.
    """
    from etude.hub import layout, remote

    remote.require_access(layout.require_repository(name))
    run = load(path)
    notes = Live(run.label, 1, "", quiet, lang)
    notes.note(text("hub.draws"))
    contents = run.repository(name, license)
    for line in hints(run, license):
        notes.note(line)
    notes.note(text("hub.uploads", count=len(contents), size=sum(map(len, contents.values()))))
    return remote.push(contents, name, run.label, private)


def push_dry(path: Path | str, name: str, *, license: str | None = None) -> Path:
    """Write the repository that `push` would upload to a folder of the run, and return it.

    It needs neither a network nor a token, and replaces nothing: if an earlier folder differs, the
    new one has a number. Raises UsageError, RunError, StorageError.
    """
    from etude.hub import layout, write

    run = load(path)
    contents = run.repository(layout.require_repository(name), license)
    folder = run.path / DRY
    if not write.holds(folder, contents):
        folder = unused_path(folder)
    return write.place(folder, contents)


def hints(run: "Run", license: str | None) -> list[Sentence]:
    """What the owner of a run should know before others see it."""
    from etude.hub import layout

    plain = run.recorder.read("recipe.json")
    shorter = layout.without_paths(plain)["data"]
    names = [f"data.{key}" for key, value in plain["data"].items() if shorter[key] != value]
    lines: list[Sentence] = [text("hub.paths", names=names)] if names else []
    return lines if license else [*lines, text("hub.license.none")]


def pushed_line(pushed: "Pushed", lang: Lang) -> str:
    """What a push did, in one sentence."""
    from etude.hub import remote

    return render(lang, remote.summary(pushed))
