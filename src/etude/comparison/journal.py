"""The plan and the outcomes of a comparison on disk, from which a killed comparison is resumed."""

import time
from pathlib import Path

from pydantic import Field

from etude.comparison.protocol import Contender, Label, Rules
from etude.comparison.run_spec import Outcome, PlainRecipe, RunSpec
from etude.config import Config
from etude.errors import RunError, UsageError, cause
from etude.locale.texts import Sentence, text
from etude.recipe import RecipeDraft
from etude.runs.comparison import ComparisonFolder
from etude.system.limits import Plain


class NamedRecipe(Config):
    """One run of a comparison without rules: the name of its folder and its recipe."""

    label: Label
    mapping: PlainRecipe  # a draft: what it leaves open is completed where the run is trained


class Plan(Config):
    """What a comparison has to train. The fields are the keys of duel.json.

    A comparison by rules has contenders; one without rules has members, each trained once as it is.
    warning: printed on the pictures. workers: number of parallel workers, None for one per core.
    storage: database URL of the shared queue, or "". environment: provenance at the start.
    """

    rules: Rules | None = None
    contenders: tuple[Contender, ...] = ()
    members: tuple[NamedRecipe, ...] = ()
    warning: Sentence = ""
    workers: int | None = Field(default=None, ge=0)
    storage: str = ""
    environment: dict[str, object] = {}

    def recipes(self) -> list[PlainRecipe]:
        """The recipes of all contenders and members."""
        contenders = [each.mapping for each in self.contenders]
        return contenders + [each.mapping for each in self.members]

    def run_specs(self) -> list[RunSpec]:
        """The runs of a comparison without rules."""
        return [RunSpec(each.label, each.mapping, tested=True) for each in self.members]


class Journal:
    """The plan and the outcomes of a comparison. Writing requires the lock of the folder.

    outcomes: by label. seconds: wall-clock seconds by stage, summed over all starts.
    """

    def __init__(self, folder: ComparisonFolder) -> None:
        self.folder, self.path = folder, folder.path
        try:
            self.plan = Plan.read(folder.plan(), "plan")
            for mapping in self.plan.recipes():
                RecipeDraft.read(mapping)  # a damaged recipe must fail here, not in a worker
        except UsageError as error:
            why = error.items[0] if error.items else error.what
            raise RunError(text("comparison.plan.damaged", path=self.path, why=why)) from None
        self.outcomes: dict[str, Outcome] = {}
        self.seconds: dict[str, float] = {}
        for row in folder.rows():
            self._apply(row)
        self._last = time.monotonic()

    @classmethod
    def create(cls, path: Path, plan: Plan) -> "Journal":
        """Create the locked folder of a new comparison. Raises RunError if the folder is taken."""
        return cls(ComparisonFolder.create(path, plan.plain()))

    @classmethod
    def reopen(cls, path: Path) -> "Journal":
        """Open and lock an existing comparison. Raises RunError, LockedError."""
        folder = ComparisonFolder.open(path)
        folder.lock()
        try:
            folder.repair()
            return cls(folder)
        except BaseException:  # Ctrl-C included: the lock must not outlive a failed start
            folder.release()
            raise

    def _apply(self, row: Plain) -> None:
        try:
            outcome, stage, took = Outcome.read(row["outcome"]), str(row["stage"]), row["took"]
            self.seconds[stage] = self.seconds.get(stage, 0.0) + float(took)
        except (KeyError, TypeError, ValueError) as error:
            why = cause(error)
            raise RunError(text("comparison.outcomes.damaged", path=self.path, why=why)) from None
        self.outcomes[outcome.label] = outcome

    def start_clock(self) -> None:
        """Start measuring the time that the next outcome took."""
        self._last = time.monotonic()

    def add(self, stage: str, outcome: Outcome) -> None:
        """Record an outcome; it is on disk when this returns."""
        now = time.monotonic()
        # Time since the previous outcome: with parallel workers these add up to wall-clock time.
        row = {"stage": stage, "took": now - self._last, "outcome": outcome.plain()}
        self._last = now
        self.folder.add(row)  # first to disk: what is not written must not count as done
        self._apply(row)

    def missing(self, specs: list[RunSpec]) -> list[RunSpec]:
        """The runs that have no outcome yet."""
        return [spec for spec in specs if spec.label not in self.outcomes]
