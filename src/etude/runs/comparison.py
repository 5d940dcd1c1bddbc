"""ComparisonFolder: the folder of a comparison or search, with many runs and their outcomes.

runs/<name>/duel.json       the plan: all runs, resolved; written once
            outcomes.jsonl  one line per run that has ended, in order of ending
            LOCK            held while a process works on the comparison
            <label>/        runs that are evaluated on the test split
            search/         runs that are not
            pictures/, report.html
"""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etude.errors import RunError, TakenError, UsageError
from etude.runs.checkpoint import canonical
from etude.runs.files import mapping, read, replace, storage, sync
from etude.runs.folder import LINES, ROOT, begun, own, whole_lines
from etude.runs.lock import Lock
from etude.system import limits

PLAN, OUTCOMES, SEARCH = "duel.json", "outcomes.jsonl", "search"
OURS = {"LOCK", f".tmp-{PLAN}", OUTCOMES}
"""Files that a process may leave if it is killed while it creates the folder."""


class ComparisonFolder:
    """Reads the folder of a comparison, and writes to it while it holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.search = path / SEARCH
        self.report = path / "report.html"
        self._outcomes = path / OUTCOMES
        self._lock: Lock | None = None

    @classmethod
    def create(cls, path: Path, plan: Mapping[str, Any]) -> "ComparisonFolder":
        """A new folder with a plan, locked. Raises TakenError if it is in use, UsageError if the
        plan is too large."""
        content = canonical(plan)
        # Readers refuse larger files, so the comparison could never be resumed.
        if len(content) > limits.JSON:
            raise UsageError(
                f"{path}: the plan of this comparison has {len(content):,} bytes; the maximum is "
                f"{limits.JSON:,}.",
                do="Compare fewer runs at a time.",
            )
        taken = TakenError(
            f"{path} already exists; nothing is overwritten.",
            do=f"Choose another --name, or continue it: etude resume {path}",
        )
        if is_taken(path):
            raise taken
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        folder.lock()
        if is_comparison(path):  # another process created it before we had the lock
            folder.release()
            raise taken
        # The plan comes last: with it the folder counts as a comparison.
        replace(folder._outcomes, b"")
        replace(path / PLAN, content)
        with storage(path):
            sync(path.parent)
        return folder

    @classmethod
    def open(cls, path: Path | str) -> "ComparisonFolder":
        """An existing comparison, for reading. Raises RunError if there is none."""
        place = where(path)
        if place is None:
            raise RunError(f"{path}: there is no comparison in this folder.")
        own(place, (SEARCH, "pictures"), (OUTCOMES, "LOCK", "report.html"))
        return cls(place)

    def lock(self) -> None:
        """Take the lock. Raises LockedError if another process has it."""
        self._lock = Lock(self.path / "LOCK")

    def release(self) -> None:
        """Release the lock."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def plan(self) -> dict[str, Any]:
        """The plan as plain JSON. Raises RunError if it is damaged."""
        return mapping(self.path, PLAN)

    def mend(self) -> None:
        """Cut off an incomplete last line of a writer that died. For the holder of the lock."""
        whole_lines(self._outcomes)

    def add(self, row: Mapping[str, Any]) -> None:
        """Append one outcome. After this returns it is on the disk."""
        line = (json.dumps(row, sort_keys=True, allow_nan=False) + "\n").encode()
        with storage(self._outcomes, len(line)), self._outcomes.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def rows(self) -> list[dict[str, Any]]:
        """All complete lines, parsed. Raises RunError for a damaged one."""
        if not os.path.lexists(self._outcomes):
            return []
        text = read(self.path, OUTCOMES, LINES)
        outcomes = []
        # Up to the last line break: a writer at work may be in the middle of the next line.
        for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
            try:
                outcomes.append(limits.parsed(line))
            except ValueError as error:
                why = f"{self._outcomes}, line {number}: {error}; the comparison is damaged."
                raise RunError(why) from None
        return outcomes


def is_taken(path: Path) -> bool:
    """Whether `path` exists and holds more than the remains of a killed `create`."""
    return path.exists() and (not path.is_dir() or bool({e.name for e in path.iterdir()} - OURS))


def is_comparison(path: Path) -> bool:
    """Whether there is a comparison in this folder."""
    try:
        # lstat: a link could lead out of the folder.
        return stat.S_ISREG(os.lstat(path / PLAN).st_mode)
    except (OSError, ValueError):
        return False


def where(path: Path | str) -> Path | None:
    """The folder of a comparison, found by its path or by its name below ./runs; None if there is
    none."""
    places = (Path(path), ROOT / path)
    return next((p for p in places if is_comparison(p) and not begun(p)), None)
