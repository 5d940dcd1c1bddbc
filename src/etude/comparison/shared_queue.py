"""Runs on many machines: an Optuna study is the board on which they are posted and answered.

Its storage is an SQLite file here, or a PostgreSQL that many machines reach. A worker anywhere
takes one trial after the other: a member of a duel that was posted, or, where the study has a
space, a recipe that Optuna proposes (J. Bergstra et al., "Algorithms for Hyper-Parameter
Optimization", 2011). A trial whose worker has died is posted anew.
"""

import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING, Any

from etude.comparison import search_space
from etude.comparison.run_spec import Member, Outcome
from etude.comparison.workers import process
from etude.errors import EtudeError, Interrupted, LockedError, RunError, Stopped, UsageError
from etude.recipe import draft
from etude.runs.folder import named
from etude.system import portable
from etude.training.signals import Signals

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

BEAT, GRACE = 10, 60
"""Seconds between two signs of life of a worker, and until it is taken for dead."""
IDLE = 60.0
"""Seconds without anything to do after which a worker leaves."""
POLL = 0.3
TRIES = 20
"""How often a storage is looked at again while others make its tables: some six seconds."""
MEANWHILE = (
    "already exists", "duplicate key", "unique constraint", "database is locked",
    "could not serialize", "deadlock detected", "tuple concurrently updated", "no such table",
)  # fmt: skip
"""How SQLite and PostgreSQL say that another process has just made, or makes, the same thing."""
SEARCH = "search"
"""Where trials lie in the folder of their search."""
FAILURES = 3
"""How many workers of our own may end badly."""


@contextmanager
def spoken(url: str) -> Iterator[None]:
    """What goes wrong with a storage, in words."""
    try:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise UsageError(
            "Searching, and working for others, needs Optuna, which is not installed.",
            do="pip install 'etude[search]'",
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # signs of life
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, ImportError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0][:200]
        raise UsageError(
            f"{hidden(url)}: this storage cannot be used ({reason}).",
            do="Give sqlite:///FILE.db, or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE "
            "(pip install 'psycopg[binary]').",
        ) from None


def hidden(url: str) -> str:
    """A URL without its password."""
    head, found, tail = url.rpartition("@")
    user = head.rpartition(":")[0] if head.count(":") > 1 else head
    return f"{user}@{tail}" if found else url


def opened(url: str, name: str, new: Mapping[str, Any] | None = None) -> "Study":
    """The study of that name. new: make it, with these attributes. Raises UsageError, RunError."""
    with spoken(url):
        import optuna

        storage = _storage(url)
        if new is None:
            try:
                return optuna.load_study(
                    study_name=name, storage=storage, sampler=optuna.samplers.TPESampler()
                )
            except KeyError:
                known = ", ".join(optuna.get_all_study_names(storage)) or "none"
                raise RunError(
                    f"{hidden(url)}: there is no study {name!r} (there is: {known})."
                ) from None
        study = optuna.create_study(
            study_name=name,
            storage=storage,
            load_if_exists=True,
            direction=new.get("direction", "maximize"),
        )
        for key, value in new.items():
            study.set_user_attr(key, value)
        return study


def _storage(url: str) -> "RDBStorage":
    """The storage, its tables made. Of several processes that find it empty the first makes them;
    the others are refused by the database in the midst of it, wait and look again."""
    from alembic.util import CommandError
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    options = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
    for left in reversed(range(TRIES)):
        try:
            return RDBStorage(
                url,
                engine_kwargs={**options, "pool_pre_ping": True},
                heartbeat_interval=BEAT,
                grace_period=GRACE,
                heartbeat_stale_trial_callback=post_again,
            )
        except (SQLAlchemyError, StorageInternalError, CommandError) as error:
            if not left or (not isinstance(error, CommandError) and not being_made(error)):
                raise
            time.sleep(random.uniform(0.5, 1.5) * POLL)
    raise AssertionError("not reached")


def being_made(error: BaseException) -> bool:
    """Whether a database says that another process makes the same tables just now."""
    said = f"{error} {error.__cause__ or ''}".lower()
    return any(words in said for words in MEANWHILE)


def post_again(study: "Study", trial: "FrozenTrial") -> None:
    """Put a trial that nobody works on any more back on the board."""
    study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)


def attempt(study: "Study", trial: "Trial", place: Path) -> float:
    """Make the run that a trial asks for. What cannot be run is told in its attribute `error`."""
    from optuna import TrialPruned

    from etude.comparison.worker import outcome

    asked = trial.user_attrs.get("member")
    if asked is None and "space" not in study.user_attrs:
        raise TrialPruned  # two workers saw the same last member, and the other has it
    try:
        if asked is None:
            asked = proposed(study, trial).plain()
            trial.set_user_attr("member", asked)
            trial.set_user_attr("folder", SEARCH)
        inner, member = trial.user_attrs.get("folder"), posted(asked)
        found = outcome(member, named(inner, place) if inner else place)
    except (Interrupted, Stopped):
        study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)
        raise
    except LockedError:  # it was posted anew while its worker only slept: let that one end it
        time.sleep(BEAT)
        study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)
        raise TrialPruned from None
    except EtudeError as error:
        trial.set_user_attr("error", error.what)
        raise TrialPruned from None
    trial.set_user_attr("outcome", found.plain())
    if found.best is None:
        raise TrialPruned  # it diverged, and says so in its outcome
    return found.best


def posted(asked: Any) -> Member:
    """A member as it stands on the board, whoever wrote it there. Raises RunError, UsageError."""
    try:
        member = Member(**asked)
    except TypeError as error:
        raise RunError(f"This is no member ({error}).") from None
    if not isinstance(member.mapping, dict):
        raise RunError(f"{str(member.label)[:100]!r}: its recipe is no mapping.")
    named(str(member.label))  # it leads nowhere else
    return member


def proposed(study: "Study", trial: "Trial") -> Member:
    """A recipe from the study's space. Raises UsageError where its parts do not fit together."""
    fields = {
        path: search_space.Axis.read(axis, path).suggested(trial, path)
        for path, axis in study.user_attrs["space"].items()
    }
    return Member(f"trial-{trial.number}", draft(base=study.user_attrs["base"], fields=fields))


def work(url: str, name: str, root: Path, note: Callable[[str], None]) -> int:
    """Take trials until there are none for a while, or the study is closed; how many it was.

    Raises Interrupted or Stopped after saving what was under way and posting it again.
    """
    study, done, since = _found(url, name, note), 0, time.monotonic()
    with spoken(url), Signals() as signals:
        while not study.user_attrs.get("closed") and time.monotonic() - since < IDLE:
            if signals.caught:
                raise signals.error(f"{name}: stopped.")
            if not wanted(study):
                since = time.monotonic() if others_work(study) else since
                time.sleep(POLL)
                continue
            study.optimize(lambda trial: attempt(study, trial, root / name), n_trials=1)
            done, since = done + 1, time.monotonic()
            last = study.get_trials(deepcopy=False)[-1]
            note(f"{done} done (of {last.number + 1} begun by all)")
    return done


def _found(url: str, name: str, note: Callable[[str], None]) -> "Study":
    """The study, which may be about to be made. Raises RunError if it is not within a minute."""
    since, said = time.monotonic(), False
    while True:
        try:
            return opened(url, name)
        except RunError:
            if time.monotonic() - since > IDLE:
                raise
        if not said:
            note(f"no study {name} yet; waiting for it")
        said = True
        time.sleep(POLL)


def others_work(study: "Study") -> bool:
    """Whether a trial is in work, once those whose worker has died are posted anew."""
    from optuna.storages import fail_stale_trials
    from optuna.trial import TrialState

    fail_stale_trials(study)
    return any(t.state == TrialState.RUNNING for t in study.get_trials(deepcopy=False))


def wanted(study: "Study") -> bool:
    """Whether there is a trial to take: one that waits, or one more of the space."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    if any(trial.state == TrialState.WAITING for trial in trials):
        return True
    begun = sum(trial.state != TrialState.FAIL for trial in trials)
    return begun < int(study.user_attrs.get("trials", 0))


def worker(url: str, name: str) -> Popen[bytes]:
    """A worker of our own, of one thread."""
    return process("etude", "work", url, name, stdout=DEVNULL, stderr=DEVNULL)


@dataclass
class Board:
    """An engine: members are posted, and whoever works on the study answers. `workers` of our own
    help, so that it ends even if nobody else does."""

    url: str
    name: str
    note: Callable[[str], None]
    own: list[Popen[bytes]] = field(default_factory=list)
    failed: int = 0

    def __call__(self, members: Sequence[Member], place: Path, workers: int) -> Iterator[Outcome]:
        study = opened(self.url, self.name, {"closed": False})
        inner = "" if place.name == self.name else place.name
        with spoken(self.url):
            there = {label for label in map(label_of, study.get_trials(deepcopy=False)) if label}
            for member in members:
                if member.label not in there:
                    attributes = {"member": member.plain(), "folder": inner}
                    study.enqueue_trial({}, user_attrs=attributes)
        self.note(f"posted; on another machine: etude work {hidden(self.url)} {self.name}")
        waiting = {member.label for member in members}
        try:
            with spoken(self.url), Signals() as signals:
                while waiting:
                    self.help(workers)
                    yield from answered(study, waiting)
                    if signals.caught:
                        raise signals.error(f"{place}: stopped")
                    time.sleep(POLL)
        finally:
            self.leave()

    def help(self, workers: int) -> None:
        """Keep our own workers at work. Raises RunError where they end badly again and again."""
        self.failed += sum(bool(one.poll()) for one in self.own)
        if self.failed >= FAILURES:
            raise RunError(
                f"{self.name}: its workers end badly, {self.failed} so far.",
                do=f"To see why: etude work {hidden(self.url)} {self.name}",
            )
        self.own = [one for one in self.own if one.poll() is None]
        while len(self.own) < workers:
            self.own.append(worker(self.url, self.name))

    def leave(self) -> None:
        """Tell our own workers to save and go, and wait for them."""
        for one in self.own:
            portable.ask_to_stop(one)
        for one in self.own:
            one.wait()
        self.own = []


def label_of(trial: "FrozenTrial") -> str:
    """The member a trial is of; '' where it failed or is of none."""
    from optuna.trial import TrialState

    if trial.state == TrialState.FAIL:
        return ""
    return str(trial.user_attrs.get("member", {}).get("label", ""))


def answered(study: "Study", waiting: set[str]) -> Iterator[Outcome]:
    """Outcomes of those waited for, which then are so no more. Raises RunError for one that cannot
    be run."""
    for trial in study.get_trials(deepcopy=False):
        label = label_of(trial)
        if label not in waiting or not trial.state.is_finished():
            continue
        if "error" in trial.user_attrs:
            raise RunError(f"{label}: {trial.user_attrs['error']}")
        if "outcome" in trial.user_attrs:
            waiting.remove(label)
            yield Outcome.read(trial.user_attrs["outcome"])
