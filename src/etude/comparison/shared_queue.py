"""A queue of runs shared by many machines, stored as an Optuna study.

The storage is a local SQLite file or a PostgreSQL database that many machines reach. A worker on
any machine takes one trial after another: a run of a comparison that was posted or, if the study
has a space, a recipe that Optuna proposes (J. Bergstra et al., "Algorithms for Hyper-Parameter
Optimization", 2011). A trial whose worker died is posted again.
"""

import os
import random
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen

from etude.comparison import search_space
from etude.comparison.run_spec import Outcome, RunSpec, plain_sentence, read_sentence
from etude.comparison.worker import outcome
from etude.comparison.workers import Note
from etude.errors import EtudeError, Interrupted, LockedError, RunError, Stopped, UsageError
from etude.locale.texts import text
from etude.recipe import draft
from etude.runs.workspace import Workspace
from etude.system import portable
from etude.system.limits import Plain
from etude.training.signals import Signals
from etude.workers.process import start_module

try:
    import optuna
    from alembic.util import CommandError
    from optuna import Study, Trial, TrialPruned
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage, fail_stale_trials
    from optuna.trial import FrozenTrial, TrialState
    from sqlalchemy.exc import SQLAlchemyError
except ImportError:
    # An extra, etude[search]: whoever imports this module without it learns what to install.
    raise UsageError(
        text("comparison.storage.optuna"), do=text("comparison.storage.optuna.do")
    ) from None

# Six missed heartbeats: a worker that is only slow must not lose its trial to another.
HEARTBEAT, GRACE_PERIOD = 10, 60
"""Seconds between two heartbeats of a worker, and without one until the worker counts as dead."""
IDLE_TIMEOUT = 60.0
"""Seconds without work after which a worker exits."""
POLL = 0.3
"""Seconds between two looks at the study."""
STORAGE_ATTEMPTS = 20
"""Attempts to open a storage while another process creates its tables: about six seconds."""
SETUP_MESSAGES = (
    "already exists", "duplicate key", "unique constraint", "database is locked",
    "could not serialize", "deadlock detected", "tuple concurrently updated", "no such table",
)  # fmt: skip
"""Parts of messages of SQLite and PostgreSQL if another process creates the same table or row."""
SEARCH = "search"
"""Folder of the trials below the folder of their search."""
MAX_FAILURES = 3
"""Number of our own workers that may fail before the comparison stops."""


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turn errors of the storage into UsageError."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # heartbeats
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0][:200]
        raise UsageError(
            text("comparison.storage.unusable", url=without_password(url), why=reason),
            do=text("comparison.storage.unusable.do"),
        ) from None


def without_password(url: str) -> str:
    """The URL without its password, for messages."""
    # From the right: the password itself may contain an "@".
    head, at, tail = url.rpartition("@")
    # The first colon follows the scheme; only a second one separates user and password.
    user = head.rpartition(":")[0] if head.count(":") > 1 else head
    return f"{user}@{tail}" if at else url


def open_study(url: str, name: str, new: Plain | None = None) -> Study:
    """Open the study of this name. new: attributes; create the study if it does not exist.

    Raises RunError for an unknown study, UsageError for a storage that cannot be used.
    """
    with storage_errors(url):
        storage = _storage(url)
        if new is None:
            try:
                return optuna.load_study(
                    study_name=name, storage=storage, sampler=optuna.samplers.TPESampler()
                )
            except KeyError:
                names = optuna.get_all_study_names(storage)
                raise RunError(
                    text(
                        "comparison.study.unknown",
                        url=without_password(url),
                        name=name,
                        names=names or text("comparison.study.none"),
                    )
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


def _storage(url: str) -> RDBStorage:
    """Open the storage and create its tables if there are none.

    Several processes can find it empty at once. The first creates the tables; the others get an
    error from the database, wait, and try again.
    """
    # SQLite locks the whole file per write; its default of 5 s is short for many workers.
    options = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
    for attempts_left in reversed(range(STORAGE_ATTEMPTS)):
        try:
            return RDBStorage(
                url,
                engine_kwargs={**options, "pool_pre_ping": True},
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE_PERIOD,
                heartbeat_stale_trial_callback=repost,
            )
        except (SQLAlchemyError, StorageInternalError, CommandError) as error:
            expected = isinstance(error, CommandError) or is_set_up_elsewhere(error)
            if not attempts_left or not expected:
                raise
            # A random wait: processes that failed together must not retry together.
            time.sleep(random.uniform(0.5, 1.5) * POLL)
    raise AssertionError


def is_set_up_elsewhere(error: BaseException) -> bool:
    """Whether this error means that another process is creating the same tables."""
    message = f"{error} {error.__cause__ or ''}".lower()
    return any(words in message for words in SETUP_MESSAGES)


def repost(study: Study, trial: FrozenTrial) -> None:
    """Post a trial again whose worker died. Called by Optuna."""
    # With its parameters and attributes, so that the next worker resumes the same run.
    study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)


def run_trial(study: Study, trial: Trial, place: Workspace) -> float:
    """Train the run of a trial and return its validation metric, the objective of Optuna.

    The outcome, or the error of a recipe that cannot be run, becomes an attribute of the trial.
    """
    plain_spec = trial.user_attrs.get("member")
    if plain_spec is None and "space" not in study.user_attrs:
        raise TrialPruned  # two workers saw the same waiting trial, and the other one took it
    try:
        if plain_spec is None:
            plain_spec = propose(study, trial).plain()
            trial.set_user_attr("member", plain_spec)
            trial.set_user_attr("folder", SEARCH)
        inner, spec = trial.user_attrs.get("folder"), parse_run_spec(plain_spec, place)
        result = outcome(spec, place.path(inner) if inner else place.root)
    except (Interrupted, Stopped):  # saved; another worker can resume it
        study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)
        raise
    except LockedError:  # it was posted again, but its worker was only slow and still has the run
        time.sleep(HEARTBEAT)
        study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)
        raise TrialPruned from None
    except EtudeError as error:
        trial.set_user_attr("error", plain_sentence(error.what))
        raise TrialPruned from None
    trial.set_user_attr("outcome", result.plain())
    if result.best is None:
        raise TrialPruned  # it diverged: there is no value to report to Optuna
    return result.best


def parse_run_spec(plain_spec: Plain, place: Workspace) -> RunSpec:
    """The specification of a run from the storage, which anyone may have written.

    Raises RunError, UsageError.
    """
    try:
        spec = RunSpec(**plain_spec)
    except TypeError as error:
        raise RunError(text("comparison.spec.damaged", why=error)) from None
    if not isinstance(spec.mapping, dict):
        raise RunError(text("comparison.spec.recipe", label=str(spec.label)[:100]))
    place.path(str(spec.label))  # the label becomes a folder: it must not lead out of this one
    return spec


def propose(study: Study, trial: Trial) -> RunSpec:
    """A recipe with values that Optuna proposes. Raises UsageError if they do not fit together."""
    fields = {
        path: search_space.Axis.read(axis, path).suggest(trial, path)
        for path, axis in study.user_attrs["space"].items()
    }
    return RunSpec(f"trial-{trial.number}", draft(base=study.user_attrs["base"], fields=fields))


def work(url: str, name: str, workspace: Workspace, note: Note) -> int:
    """Run trials until there are none for a minute or the study is closed; return their number.

    Raises Interrupted or Stopped after the current run is saved and posted again.
    """
    study, done, since = _wait_for_study(url, name, note), 0, time.monotonic()
    place = Workspace(workspace.root / name)
    with storage_errors(url), Signals() as signals:
        while not study.user_attrs.get("closed") and time.monotonic() - since < IDLE_TIMEOUT:
            if signals.caught:
                raise signals.error(text("comparison.work.stopped", name=name))
            if not has_work(study):
                # While others work, one of them may die and its trial be posted again: stay.
                since = time.monotonic() if others_work(study) else since
                time.sleep(POLL)
                continue
            study.optimize(lambda trial: run_trial(study, trial, place), n_trials=1)
            done, since = done + 1, time.monotonic()
            last = study.get_trials(deepcopy=False)[-1]
            note(text("comparison.work.done", done=done, started=last.number + 1))
    return done


def _wait_for_study(url: str, name: str, note: Note) -> Study:
    """Open the study, waiting up to a minute until it is created. Raises RunError after that."""
    since, announced = time.monotonic(), False
    while True:
        try:
            return open_study(url, name)
        except RunError:
            if time.monotonic() - since > IDLE_TIMEOUT:
                raise
        if not announced:
            note(text("comparison.work.waiting", name=name))
        announced = True
        time.sleep(POLL)


def others_work(study: Study) -> bool:
    """Whether a trial is running, after trials of dead workers have been posted again."""
    fail_stale_trials(study)
    return any(t.state == TrialState.RUNNING for t in study.get_trials(deepcopy=False))


def has_work(study: Study) -> bool:
    """Whether there is a trial to run: a waiting one, or one more from the space of a search."""
    trials = study.get_trials(deepcopy=False)
    if any(trial.state == TrialState.WAITING for trial in trials):
        return True
    # Failed trials do not count: they were posted again or interrupted.
    count = sum(trial.state != TrialState.FAIL for trial in trials)
    return count < int(study.user_attrs.get("trials", 0))


def start_worker(url: str, name: str) -> Popen[bytes]:
    """Start a worker on this machine, with one thread."""
    return start_module(
        "etude", "work", url, name,
        environment=os.environ, stdout=DEVNULL, stderr=DEVNULL, **portable.own_group(),
    )  # fmt: skip


@dataclass
class SharedQueue:
    """An engine that posts runs to a study and yields the outcomes as workers store them.

    It also starts workers on this machine, so that it finishes without help from others.
    """

    url: str
    name: str
    note: Note
    workers: list[Popen[bytes]] = field(default_factory=list)
    failed: int = 0

    def __call__(self, specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
        study = open_study(self.url, self.name, {"closed": False})
        inner = "" if place.name == self.name else place.name
        with storage_errors(self.url):
            # A resumed comparison must not post again what is waiting, running or finished.
            labels = {label for label in map(label_of, study.get_trials(deepcopy=False)) if label}
            for spec in specs:
                if spec.label not in labels:
                    attributes = {"member": spec.plain(), "folder": inner}
                    study.enqueue_trial({}, user_attrs=attributes)
        self.note(text("comparison.posted", url=without_password(self.url), name=self.name))
        waiting = {spec.label for spec in specs}
        try:
            with storage_errors(self.url), Signals() as signals:
                while waiting:
                    self.keep_workers(workers)
                    yield from take_outcomes(study, waiting)
                    if signals.caught:
                        raise signals.error(text("comparison.stopped", path=place))
                    time.sleep(POLL)
        finally:
            self.stop_workers()

    def keep_workers(self, workers: int) -> None:
        """Keep `workers` processes running here. Raises RunError if they keep failing."""
        # poll() is None while a worker runs and 0 after a normal exit: neither is a failure.
        self.failed += sum(bool(one.poll()) for one in self.workers)
        if self.failed >= MAX_FAILURES:
            raise RunError(
                text("comparison.workers.failed", name=self.name, count=self.failed),
                do=text(
                    "comparison.workers.failed.do",
                    url=without_password(self.url),
                    name=self.name,
                ),
            )
        self.workers = [one for one in self.workers if one.poll() is None]
        while len(self.workers) < workers:
            self.workers.append(start_worker(self.url, self.name))

    def stop_workers(self) -> None:
        """Ask the workers on this machine to save and exit, and wait for them."""
        # All are asked before the first wait, so that they save at the same time.
        for one in self.workers:
            portable.ask_to_stop(one)
        for one in self.workers:
            one.wait()
        self.workers = []


def label_of(trial: FrozenTrial) -> str:
    """The label of the run of a trial; '' if the trial failed or belongs to no run."""
    if trial.state == TrialState.FAIL:
        return ""
    return str(trial.user_attrs.get("member", {}).get("label", ""))


def take_outcomes(study: Study, waiting: set[str]) -> Iterator[Outcome]:
    """Yield the outcomes of finished trials whose labels are in `waiting`, and remove these labels.

    Raises RunError for a run that could not be trained.
    """
    for trial in study.get_trials(deepcopy=False):
        label = label_of(trial)
        if label not in waiting or not trial.state.is_finished():
            continue
        if "error" in trial.user_attrs:
            why = read_sentence(trial.user_attrs["error"])
            raise RunError(text("comparison.run.failed", label=label, why=why))
        if "outcome" in trial.user_attrs:
            waiting.remove(label)
            yield Outcome.read(trial.user_attrs["outcome"])
