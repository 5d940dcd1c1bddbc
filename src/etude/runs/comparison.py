"""DuelFolder: many runs in one folder, and what is known of them together.

runs/<name>/duel.json       what is asked of whom, resolved; written once
            outcomes.jsonl  a line for each run that ended, as it ended
            LOCK            held while a process works on the duel
            <member>/       runs whose test split is used
            search/         runs whose is not
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
"""What a start that was killed can leave."""


class DuelFolder:
    """Reads a duel; writes to it while it holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.search = path / SEARCH
        self.report = path / "report.html"
        self._outcomes = path / OUTCOMES
        self._lock: Lock | None = None

    @classmethod
    def create(cls, path: Path, plan: Mapping[str, Any]) -> "DuelFolder":
        """A new folder, locked, with its plan. Raises RunError if it is taken."""
        content = canonical(plan)
        if len(content) > limits.JSON:
            raise UsageError(
                f"{path}: what is to be done takes {len(content):,} bytes to write down; "
                f"{limits.JSON:,} is the most.",
                do="Compare fewer at a time.",
            )
        taken = TakenError(
            f"{path} is already there; nothing is overwritten.",
            do=f"Choose another --name, or go on with it: etude resume {path}",
        )
        if is_taken(path):
            raise taken
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        folder.lock()
        if is_duel(path):  # another starter was quicker
            folder.release()
            raise taken
        replace(folder._outcomes, b"")
        replace(path / PLAN, content)
        with storage(path):
            sync(path.parent)
        return folder

    @classmethod
    def open(cls, path: Path | str) -> "DuelFolder":
        """An existing duel, to read. Raises RunError if there is none."""
        found = where(path)
        if found is None:
            raise RunError(f"{path}: there is no comparison in this folder.")
        own(found, (SEARCH, "pictures"), (OUTCOMES, "LOCK", "report.html"))
        return cls(found)

    def lock(self) -> None:
        """Take the lock. Raises LockedError if another process has it."""
        self._lock = Lock(self.path / "LOCK")

    def release(self) -> None:
        """Give the lock back."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def plan(self) -> dict[str, Any]:
        """What is asked of whom. Raises RunError if it is damaged."""
        return mapping(self.path, PLAN)

    def mend(self) -> None:
        """Cut off a line that a writer that died has left unfinished. For the lock's holder."""
        whole_lines(self._outcomes)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add one line; when this returns it is on the disk."""
        line = (json.dumps(row, sort_keys=True, allow_nan=False) + "\n").encode()
        with storage(self._outcomes, len(line)), self._outcomes.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def rows(self) -> list[dict[str, Any]]:
        """All lines that are whole. Raises RunError for one that is none of ours."""
        if not os.path.lexists(self._outcomes):
            return []
        text = read(self.path, OUTCOMES, LINES)
        found = []
        for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
            try:
                found.append(limits.parsed(line))
            except ValueError as error:
                why = f"{self._outcomes}, line {number}: {error}; the comparison is damaged."
                raise RunError(why) from None
        return found


def is_taken(path: Path) -> bool:
    """Whether something is there that is not what a start that was killed has left."""
    return path.exists() and (not path.is_dir() or bool({e.name for e in path.iterdir()} - OURS))


def is_duel(path: Path) -> bool:
    """Whether there is a comparison in this folder."""
    try:
        return stat.S_ISREG(os.lstat(path / PLAN).st_mode)
    except (OSError, ValueError):
        return False


def where(path: Path | str) -> Path | None:
    """The comparison that is meant, by its path or by its name under ./runs; None if it is none."""
    places = (Path(path), ROOT / path)
    return next((p for p in places if is_duel(p) and not begun(p)), None)
