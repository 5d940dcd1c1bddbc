"""ComparisonFolder: the folder that holds the runs of a comparison, its plan and its outcomes.

runs/<name>/duel.json       the plan: which runs to train, with complete recipes; written once
            outcomes.jsonl  one line per finished run, in the order in which they finished
            LOCK            held while a process works on the comparison
            <label>/        runs that are evaluated on the test split
            search/         runs of a search, which are not
            pictures/, report.html
"""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from etude.errors import RunError, TakenError, UsageError, cause
from etude.locale.texts import text
from etude.runs.checkpoint import canonical
from etude.runs.files import mapping, read, replace, storage, sync
from etude.runs.folder import is_run, require_regular
from etude.runs.jsonl import LINES, cut_damaged_lines
from etude.runs.lock import Lock
from etude.system import limits
from etude.system.limits import Plain

PLAN, OUTCOMES, SEARCH = "duel.json", "outcomes.jsonl", "search"
LEFTOVERS = {"LOCK", f".tmp-{PLAN}", OUTCOMES}
"""Files that a process killed while creating the folder can leave in it."""


class ComparisonFolder:
    """Reads the folder of a comparison. Writing requires the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.search = path / SEARCH
        self.report = path / "report.html"
        self._outcomes = path / OUTCOMES
        self._lock: Lock | None = None

    @classmethod
    def create(cls, path: Path, plan: Mapping[str, object]) -> "ComparisonFolder":
        """Create and lock a folder with this plan.

        Raises TakenError if the folder is taken, UsageError if the plan is too large.
        """
        content = canonical(plan)
        # Checked here, because `plan()` refuses to read a larger file: the comparison would be
        # written and could never be resumed.
        if len(content) > limits.JSON:
            raise UsageError(
                text("runs.plan.large", path=path, size=len(content), most=limits.JSON),
                do=text("runs.plan.large.do"),
            )
        taken = TakenError(
            text("runs.comparison.taken", path=path),
            do=text("runs.comparison.taken.do", path=path),
        )
        if is_taken(path):
            raise taken
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        folder.lock()
        # Between the check above and the lock, another process can have created a comparison here.
        if is_comparison(path):
            folder.release()
            raise taken
        # The plan comes last: it is what makes the folder a comparison, so a process killed before
        # this point leaves a folder that the next one may take.
        replace(folder._outcomes, b"")
        replace(path / PLAN, content)
        with storage(path):
            sync(path.parent)
        return folder

    @classmethod
    def open(cls, path: Path) -> "ComparisonFolder":
        """Open an existing comparison for reading. Raises RunError if there is none."""
        if not is_comparison(path) or is_run(path):
            raise RunError(text("runs.comparison.none", path=path))
        require_regular(path, (SEARCH, "pictures"), (OUTCOMES, "LOCK", "report.html"))
        return cls(path)

    def lock(self) -> None:
        """Take the lock. Raises LockedError if another process has it."""
        self._lock = Lock(self.path / "LOCK")

    def release(self) -> None:
        """Release the lock, if this process holds it."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def plan(self) -> Plain:
        """The plan. Raises RunError if the file is damaged."""
        return mapping(self.path, PLAN)

    def repair(self) -> None:
        """Cut off the incomplete last line of a killed writer. Requires the lock."""
        # Otherwise the next outcome would be appended to the half line and both would be lost.
        cut_damaged_lines(self._outcomes)

    def add(self, row: Mapping[str, object]) -> None:
        """Append one outcome; it is on disk when this returns."""
        line = (json.dumps(row, sort_keys=True, allow_nan=False) + "\n").encode()
        # Synced for each line: an outcome may have taken hours, so a power cut must not cost it.
        with storage(self._outcomes, len(line)), self._outcomes.open("ab") as file:
            file.write(line)
            file.flush()  # fsync writes what the kernel has; Python's own buffer goes there first
            os.fsync(file.fileno())

    def rows(self) -> list[Plain]:
        """All complete lines, parsed. Raises RunError for a damaged line."""
        if not os.path.lexists(self._outcomes):
            return []
        content = read(self.path, OUTCOMES, LINES)
        rows = []
        # A writer may be in the middle of its last line, so everything after the last newline is
        # left out.
        for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), 1):
            try:
                rows.append(limits.parse_json(line))
            except ValueError as error:
                raise RunError(
                    text(
                        "runs.comparison.damaged",
                        path=self._outcomes,
                        line=number,
                        why=cause(error),
                    )
                ) from None
        return rows


def is_taken(path: Path) -> bool:
    """Whether this path holds anything but the leftovers of a process killed while creating it."""
    return path.exists() and (
        not path.is_dir() or bool({e.name for e in path.iterdir()} - LEFTOVERS)
    )


def is_comparison(path: Path) -> bool:
    """Whether this folder holds a comparison; a plan that is a symbolic link does not count."""
    try:
        return stat.S_ISREG(os.lstat(path / PLAN).st_mode)
    except (OSError, ValueError):
        return False
