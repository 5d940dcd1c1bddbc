"""Marking a folder: every submission of it, each in a cage, a row each.

A submission is a .py file of the folder, or a folder in it with all its .py files, a student's.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.checking.sandbox.limits import Caps
from etude.checking.sandbox.pool import Marked, Sandbox, Submission
from etude.checking.verdict import EXITS, Status
from etude.system import limits

ORDER: tuple[Status, ...] = ("wrong", "unknown", "right")


@dataclass(frozen=True)
class Marks:
    """A folder marked."""

    what: str
    rows: tuple[Marked, ...]
    caps: Caps

    @property
    def counts(self) -> dict[str, int]:
        """How many are right, wrong, unknown."""
        found = Counter(row.verdict.status for row in self.rows)
        return {status: found[status] for status in ("right", "wrong", "unknown")}

    @property
    def faults(self) -> list[tuple[str, int]]:
        """How many have each fault, the commonest first."""
        found = Counter(row.verdict.finding.code for row in self.rows if row.verdict.finding)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def holds(self) -> list[str]:
        """Protections that held for every one of them."""
        told = [row.holds for row in self.rows if row.holds]
        return [name for name in (told[0] if told else ()) if all(name in each for each in told)]

    @property
    def exit_code(self) -> int:
        """1 if one is wrong, else 7 if one could not be judged, else 0."""
        return next((EXITS[s] for s in ORDER if self.counts[s]), 0)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "what": self.what,
            "counts": self.counts,
            "faults": dict(self.faults),
            "holds": self.holds,
            "submissions": [
                {
                    "submission": row.submission.label,
                    "status": row.verdict.status,
                    "fault": row.verdict.plain()["fault"],
                    "seconds": row.seconds,
                    "verdicts": [each.plain() for each in row.verdicts],
                }
                for row in self.rows
            ],
        }


def role_names() -> list[str]:
    """Roles there are; told without loading torch."""
    place = Path(__file__).parent / "roles"
    return sorted(file.stem for file in place.glob("*.py") if file.stem != "__init__")


def submissions(folder: Path, **asked: Any) -> Iterator[Submission]:
    """What is in a folder, by name. asked: role, given, adapter, of all of them."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir() and (files := python_files(entry)):
            yield Submission(entry.name, files, folder, **asked)
        elif entry.is_file() and entry.suffix == ".py":
            yield Submission(entry.name, [entry], folder, **asked)


def python_files(folder: Path) -> list[Path]:
    """All .py files below a folder but those that nobody wrote; links are not followed."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__")))
        found += [Path(place) / n for n in sorted(names) if n.endswith(".py") and n[0] not in "._"]
    return found


def mark(
    what: str,
    chosen: Sequence[Submission],
    caps: Caps | None = None,
    told: Callable[[Marked], None] = lambda row: None,
) -> Marks:
    """All of them, one a core at a time. told: called with each as it is done."""
    caps = caps or Caps()
    ways = max(1, min(limits.cores(), len(chosen)))
    rows: dict[int, Marked] = {}
    with Sandbox(caps) as sandbox:
        for position, row in sandbox.judge(chosen, ways):
            rows[position] = row
            told(row)
    return Marks(what, tuple(rows[position] for position in sorted(rows)), caps)
