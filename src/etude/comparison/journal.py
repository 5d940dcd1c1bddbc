"""What a duel has to do, and what came of it so far, on the disk: so that one that was killed goes
on where it was."""

import time
from pathlib import Path
from typing import Any

from pydantic import Field

from etude.comparison.protocol import Contender, Label, Rules
from etude.comparison.run_spec import Member, Outcome
from etude.config import Config
from etude.errors import RunError, UsageError
from etude.recipe import Recipe
from etude.runs.comparison import ComparisonFolder


class Named(Config):
    """A member of a comparison without rules: its folder's name and its recipe."""

    label: Label
    mapping: dict[str, Any]


class Plan(Config):
    """What is asked of whom.

    By rules: contenders. Without: members, each run once as it is. warning: stands on the pictures.
    workers: side by side, None for as many as fit. storage: where members are posted for other
    machines. environment: what it began with.
    """

    rules: Rules | None = None
    contenders: tuple[Contender, ...] = ()
    members: tuple[Named, ...] = ()
    warning: str = ""
    workers: int | None = Field(default=None, ge=0)
    storage: str = ""
    environment: dict[str, Any] = {}

    def mappings(self) -> list[dict[str, Any]]:
        """All recipes in it."""
        contenders = [each.mapping for each in self.contenders]
        return contenders + [each.mapping for each in self.members]

    def whole(self) -> list[Member]:
        """The members of a comparison without rules."""
        return [Member(each.label, each.mapping, tested=True) for each in self.members]


class Ledger:
    """The plan and the outcomes of a duel. Writes while it holds the folder's lock."""

    def __init__(self, folder: ComparisonFolder) -> None:
        self.folder, self.path = folder, folder.path
        try:
            self.plan = Plan.read(folder.plan(), "plan")
            for mapping in self.plan.mappings():
                Recipe.read(mapping)
        except UsageError as error:
            why = error.items[0] if error.items else error.what
            raise RunError(f"{self.path}: its plan is damaged ({why})") from None
        self.known: dict[str, Outcome] = {}
        self.spent: dict[str, float] = {}
        for row in folder.rows():
            self._read(row)
        self._last = time.monotonic()

    @classmethod
    def create(cls, path: Path, plan: Plan) -> "Ledger":
        """Begin a duel: its folder, locked. Raises RunError if it is taken."""
        return cls(ComparisonFolder.create(path, plan.plain()))

    @classmethod
    def again(cls, path: Path | str) -> "Ledger":
        """Go on with a duel: its folder, locked. Raises RunError, LockedError."""
        folder = ComparisonFolder.open(path)
        folder.lock()
        try:
            folder.mend()
            return cls(folder)
        except BaseException:
            folder.release()
            raise

    def _read(self, row: dict[str, Any]) -> None:
        try:
            outcome, stage, took = Outcome.read(row["outcome"]), str(row["stage"]), row["took"]
            self.spent[stage] = self.spent.get(stage, 0.0) + float(took)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{self.path}: its outcomes are damaged ({error}).") from None
        self.known[outcome.label] = outcome

    def starts(self) -> None:
        """Time is counted from here on."""
        self._last = time.monotonic()

    def add(self, stage: str, outcome: Outcome) -> None:
        """Keep an outcome; when this returns it is on the disk."""
        now = time.monotonic()
        row = {"stage": stage, "took": now - self._last, "outcome": outcome.plain()}
        self._last = now
        self.folder.add(row)
        self._read(row)

    def lacks(self, members: list[Member]) -> list[Member]:
        """Those whose outcome is not known yet."""
        return [member for member in members if member.label not in self.known]
