"""Write the files of a model repository from a finished run: equal runs give equal bytes."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.numpy import save as dump_tensors

from etude.errors import RunError
from etude.hub import card, layout
from etude.inspection import gallery
from etude.inspection.subject import Subject
from etude.inspection.view import ViewPicture
from etude.locale.texts import text
from etude.runs import files
from etude.runs.checkpoint import Arrays, canonical, flat
from etude.runs.folder import RunFolder
from etude.runs.jsonl import as_line
from etude.runs.recorder import Recorder
from etude.system import limits
from etude.system.limits import Plain

VIEWS = ("curves", "confusion", "calibration", "forecast", "fitted", "reconstructions", "prior")
"""The views whose pictures a card shows, where they fit the run."""
EXPORTS = "export"


def contents(subject: Subject, name: str, license_: str) -> dict[str, bytes]:
    """The files of the repository of a run, by their paths in it.

    subject: the run, in English, because its pictures and its card are. name: of the repository,
    "owner/name", or of a folder. license_: an identifier of the Hub.

    Raises RunError for a run that only plugins or a module of the user's own can open.
    """
    run = subject.folder
    layout.require_portable(subject.recipe, run.where)
    point = run.best()
    shown = pictures(subject)
    found = {
        layout.WEIGHTS: weights(point.model, version(run)),
        layout.CONFIG: canonical(config(subject, point.step, point.state)),
        layout.RECIPE: canonical(layout.without_paths(run.read("recipe.json"))),
        layout.METRICS: b"".join(as_line(row.plain()) for row in run.rows),
        layout.TIMING: b"".join(as_line(row.plain()) for row in run.times),
        **{f"{layout.PICTURES}/{each.name}.png": each.light for each in shown},
    }
    onnx = exported(run)
    if onnx is not None:
        found[layout.ONNX] = onnx
    about = card.About(subject, name, license_, tuple(shown), tuple(found), version(run))
    found[layout.CARD] = card.readme(about).encode()
    return dict(sorted(found.items()))


def weights(arrays: Arrays, version: str) -> bytes:
    """The weights as a safetensors file, with the metadata that other libraries look for."""
    content = dump_tensors(flat(arrays))
    end = 8 + int.from_bytes(content[:8], "little")
    # Inserted here: the library writes several metadata in an order that changes by process.
    header = {"__metadata__": {"etude": version, "format": "pt"}, **json.loads(content[8:end])}
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # the tensors begin at a multiple of 8 bytes
    return len(head).to_bytes(8, "little") + head + content[end:]


def config(subject: Subject, step: int, state: Plain) -> Plain:
    """All that rebuilds the model beside its weights and its recipe. step, state: of the best
    checkpoint."""
    provenance = dict(subject.folder.read("provenance.json"))
    # Names of bad samples may be private, so only their number leaves.
    provenance["left_out"] = card.left_out(subject.folder)
    return {
        "model_type": f"etude-{subject.recipe.model.name}",
        "etude": {
            "format": layout.FORMAT,
            "model": subject.recipe.model.name,
            "task": subject.recipe.task.name,
            "card": subject.card.plain(),
            "provenance": provenance,
            "step": step,
            "progress": state.get("progress", {}),
        },
    }


def version(run: Recorder) -> str:
    """The version of étude that trained a run."""
    environment = run.read("provenance.json").get("environment") or {}
    return str((environment.get("packages") or {}).get("etude", ""))


def pictures(subject: Subject) -> list[ViewPicture]:
    """The pictures of the card; those that need the data are missing if the data are."""
    fit = gallery.chosen(subject)
    names = [name for name in VIEWS if name in fit]
    return gallery.draw(subject, names) if names else []


def exported(run: Recorder) -> bytes | None:
    """The ONNX file that was exported from a run; None if there is none, or more than one."""
    if not isinstance(run, RunFolder) or not (run.path / EXPORTS).is_dir():
        return None
    names = sorted(path.name for path in (run.path / EXPORTS).glob("*.onnx"))
    one = layout.ONNX if layout.ONNX in names else names[0] if len(names) == 1 else None
    most = limits.memory() // 4
    return None if one is None else files.read(run.path, f"{EXPORTS}/{one}", most)


def place(folder: Path, contents: Mapping[str, bytes]) -> Path:
    """Write the files to a new folder, whole or not at all, and return it.

    A folder that holds exactly these files already is left as it is. Raises RunError if something
    else is there, StorageError if it cannot be written.
    """
    if holds(folder, contents):
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(text("hub.taken", path=folder), do=text("hub.taken.do"))
    files.new_folder(folder, contents)
    return folder


def holds(folder: Path, contents: Mapping[str, bytes]) -> bool:
    """Whether a folder holds these files with these contents, and no others."""
    if not folder.is_dir():
        return False
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if not p.is_dir()}
    return there.keys() == contents.keys() and all(
        there[name].stat().st_size == len(content) and there[name].read_bytes() == content
        for name, content in contents.items()
    )
