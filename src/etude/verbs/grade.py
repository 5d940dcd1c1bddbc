"""Grade a file or a folder of submissions, each in a sandbox (verb: check)."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from etude.checking import grade_report, grading, rendering
from etude.checking.grading import Marks
from etude.checking.sandbox.limits import Caps
from etude.checking.sandbox.pool import Submission
from etude.errors import UsageError
from etude.locale.texts import Lang, text
from etude.render.progress import Tally
from etude.runs.files import replace
from etude.system.limits import Plain

LONGEST = 3600
"""Largest time limit of a submission, in seconds."""


def role_name(role: str | None) -> str:
    """The name of a role as its file has it; "" for None. Raises UsageError for an unknown role."""
    name = (role or "").strip().lower().replace("-", "_").replace(" ", "_")
    names = grading.role_names()
    if name and name not in names:
        near = get_close_matches(name, names, 1)
        raise UsageError(
            text("verbs.check.role_near", role=role, near=near[0])
            if near
            else text("verbs.check.role", role=role),
            do=text("verbs.check.role.do", names=names),
        )
    return name


def grade(
    what: Path | str,
    role: str | None = None,
    arguments: Mapping[str, object] | None = None,
    adapter: Path | str | None = None,
    *,
    seconds: float = Caps.seconds,
    quiet: bool = False,
    lang: Lang = "en",
) -> Marks:
    """Check a file (or `FILE:Name`), or every submission in a folder, each in a sandbox.

    role, arguments, adapter: as for `etude.check`, the same for all submissions. seconds: time
    limit for each. lang: the language of the progress. Raises UsageError for a path or a limit that
    cannot be used.
    """
    if not 0 < seconds <= LONGEST:
        raise UsageError(text("verbs.check.seconds", seconds=seconds, most=LONGEST))
    path, name = _split_name(str(what))
    adapter = Path(adapter) if adapter else None
    options: Plain = {
        "role": role_name(role),
        "given": dict(arguments or {}),
        "adapter": adapter,
    }
    for each in filter(None, (path, adapter)):
        if not each.exists():
            raise UsageError(text("verbs.check.no_file", path=each))
    if path.is_dir():
        submissions = list(grading.submissions(path, **options))
        if not submissions:
            raise UsageError(text("marks_none", what=path))
    elif path.suffix == ".py":
        submissions = [Submission(path.name, [path], path.parent, name, **options)]
    else:
        raise UsageError(
            text("verbs.check.not_python", path=path), do=text("verbs.check.not_python.do")
        )
    with Tally("check", quiet or len(submissions) == 1, lang) as tally:
        tally.begins(text("progress.checks"), 0, len(submissions))
        caps = Caps(seconds=seconds)
        return grading.mark(
            str(what), submissions, caps, lambda row: tally.one(row.submission.label)
        )


def _split_name(what: str) -> tuple[Path, str]:
    """A path, and the name after its colon or ""."""
    path, colon, name = what.rpartition(":")
    if colon and name.isidentifier() and path.endswith(".py"):
        return Path(path), name
    return Path(what), ""


def grade_lines(marks: Marks, lang: Lang = "en") -> list[str]:
    """All verdicts as lines, parts before wholes, an empty line between two verdicts."""
    return [
        line
        for row in marks.rows
        for verdict in row.verdicts
        for line in (*rendering.lines(verdict, lang), "")
    ][:-1]


def grade_table(marks: Marks, lang: Lang = "en") -> list[list[str]]:
    """One row per submission, the head first."""
    return grade_report.table(marks, lang)


def write_grades(
    marks: Marks, report: Path | None = None, values: Path | None = None, lang: Lang = "en"
) -> None:
    """Write the report (HTML) and the grades as JSON values, each if it has a path."""
    if report:
        replace(report, grade_report.page(marks, lang))
    if values:
        replace(values, json.dumps(marks.plain(), ensure_ascii=False, indent=1).encode())
