"""Examining: whether a learner's own code is right, and whether ours is."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from etude.checking import grade_report, grading, rendering
from etude.checking.grading import Marks
from etude.checking.sandbox.limits import Caps
from etude.checking.sandbox.pool import Submission
from etude.checking.verdict import Verdict
from etude.errors import UsageError
from etude.locale.texts import Lang, say
from etude.render.progress import Tally
from etude.runs.files import replace as write
from etude.system.caller import undisturbed

if TYPE_CHECKING:
    from etude.checking.verify import Proof

Given = Mapping[str, Any]


@undisturbed()
def check(
    what: Any,
    role: str | None = None,
    *,
    given: Given | None = None,
    adapter: ModuleType | Path | str | None = None,
    lang: Lang = "en",
) -> Verdict | list[Verdict]:
    """Whether your own class, function, made module or file is right, and if not, why.

    what: a class or function; a made nn.Module, which stays as it is; an imported module, or the
    path of a file (`"layers.py"`, `"layers.py:Block"`), of which all that has a role is judged; or
    the path of a folder, of which each submission is. Paths are judged in a process of their own.
    role: what it should be, guessed if left out. given: values of parameters by name, where they
    cannot be guessed. adapter: a file or module with `build()` and `call(it, *inputs)`.

    A Verdict: `status`, `sentence()`, `finding`, `plain()`. A list of them for an imported module,
    a folder, and a file with several things.
    """
    asked = known(role)
    if isinstance(what, str | Path):
        if isinstance(adapter, ModuleType):
            raise UsageError("A file is judged with an adapter that is a file too.")
        found = marked(what, asked, given, adapter, quiet=True)
        alone = len(found.rows) == 1 and not Path(what).is_dir()
        verdicts = found.rows[0].verdicts if alone else [row.verdict for row in found.rows]
    else:
        from etude.checking import judge, source

        helper = source.load(Path(adapter)) if isinstance(adapter, str | Path) else adapter
        if isinstance(what, ModuleType):
            verdicts = judge.judge_module(what, "", asked, given, helper)
        else:
            verdicts = [judge.judge(source.thing(what), asked, given, helper)]
    shown = [replace(verdict, lang=lang) for verdict in verdicts]
    return shown[0] if len(shown) == 1 else shown


def known(role: str | None) -> str:
    """A role's name; '' for none. Raises UsageError for one that is not there."""
    name = (role or "").strip().lower().replace("-", "_").replace(" ", "_")
    names = grading.role_names()
    if name and name not in names:
        near = get_close_matches(name, names, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"No role {role!r}.{hint}", do=f"One of: {', '.join(names)}")
    return name


def marked(
    what: Path | str,
    role: str | None = None,
    given: Given | None = None,
    adapter: Path | str | None = None,
    *,
    seconds: float = Caps.seconds,
    quiet: bool = False,
) -> Marks:
    """Judge a file (or `FILE:Name`), or every submission of a folder, each in a cage."""
    if not 0 < seconds <= 3600:
        raise UsageError(f"{seconds:g} seconds: more than 0, and at most 3600.")
    asked: dict[str, Any] = {"role": known(role), "given": dict(given or {})}
    path, name = split(str(what))
    helper = Path(adapter) if adapter else None
    for each in filter(None, (path, helper)):
        if not each.exists():
            raise UsageError(f"{each}: there is no such file.")
    asked["adapter"] = helper
    if path.is_dir():
        chosen = list(grading.submissions(path, **asked))
        if not chosen:
            raise UsageError(say("en", "marks_none", what=path))
    elif path.suffix == ".py":
        chosen = [Submission(path.name, [path], path.parent, name, **asked)]
    else:
        raise UsageError(f"{path}: not a Python file.", do="Give a .py file, or a folder of them.")
    with Tally("check", quiet or len(chosen) == 1) as tally:
        tally.begins("check", 0, len(chosen))
        caps = Caps(seconds=seconds)
        return grading.mark(str(what), chosen, caps, lambda row: tally.one(row.submission.label))


def split(what: str) -> tuple[Path, str]:
    """A path, and the name after its colon."""
    path, colon, name = what.rpartition(":")
    if colon and name.isidentifier() and path.endswith(".py"):
        return Path(path), name
    return Path(what), ""


def marks_said(found: Marks, lang: Lang = "en") -> list[str]:
    """All verdicts in lines, parts before wholes."""
    return [
        line
        for row in found.rows
        for verdict in row.verdicts
        for line in (*rendering.lines(verdict, lang), "")
    ][:-1]


def marks_table(found: Marks, lang: Lang = "en") -> list[list[str]]:
    """A row a submission, head first."""
    return grade_report.table(found, lang)


def marks_kept(
    found: Marks, report: Path | None = None, table: Path | None = None, lang: Lang = "en"
) -> None:
    """Write the report (HTML) and the table (JSON)."""
    if report:
        write(report, grade_report.page(found, lang))
    if table:
        write(table, json.dumps(found.plain(), ensure_ascii=False, indent=1).encode())


@undisturbed()
def verify(told: Callable[["Proof"], None] = lambda proof: None) -> list["Proof"]:
    """Compare our own layers with independent references on this machine: values and gradients,
    every type and device that is here. told: called with each proof."""
    from etude.checking import verify as proofs

    found = []
    for proof in proofs.proofs():
        told(proof)
        found.append(proof)
    return found
