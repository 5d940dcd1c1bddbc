"""The one listener behind `--log`: it follows a run and passes what the run computes to trackers.

It writes nothing to the run and reads nothing that the training needs, so a run has the same bytes
with and without it. A tracker that fails is left out from then on, with one sentence.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from etude import registry
from etude.errors import Interrupted, Stopped, UsageError
from etude.locale.texts import Sentence, text
from etude.recipe import Recipe
from etude.results import AnyRow, EpochRow, RunResult, TimeRow
from etude.trackers import values
from etude.trackers.channel import DONE, READY, Channel
from etude.trackers.tracker import State, Tracker
from etude.trackers.values import Rates

Note = Callable[[Sentence], None]


class Rows(Protocol):
    """A recorder, as far as trackers read it."""

    @property
    def rows(self) -> list[AnyRow]:
        """The rows of metrics."""

    @property
    def times(self) -> list[TimeRow]:
        """The rows of clock time."""


def _ignore(sentence: Sentence) -> None:
    """Nothing was followed yet, so nothing can have failed that anybody waits for."""


def chosen(log: str | Iterable[str] | None) -> tuple[str, ...]:
    """The trackers of a call: names, one text with commas or several.

    Raises UsageError for a name that there is not, and with the line for pip if a library is
    missing.
    """
    words = log.split(",") if isinstance(log, str) else list(log or ())
    names = tuple(dict.fromkeys(word.strip() for word in words))
    trackers: dict[str, Tracker] = {name: registry.load("tracker", name) for name in names}
    missing = {name: each for name, each in trackers.items() if not is_installed(each)}
    if missing:
        raise UsageError(
            text("trackers.missing", names=tuple(missing)),
            do=text("trackers.missing.do", packages=[each.install for each in missing.values()]),
        )
    return names


def is_installed(tracker: Tracker) -> bool:
    """Whether the library of a tracker is there."""
    package = tracker.package
    # A folder of this name without code, as wandb leaves ./wandb, is a package without a loader.
    spec = find_spec(package) if package else None
    return not package or (spec is not None and spec.origin is not None)


class Tracking:
    """The trackers of one run, as a context manager and as a listener of its training loop.

    names: from `chosen`; none for a run that is not tracked. place: the folder in which logs are
    kept. group: the comparison or search that the run belongs to, or "". Entering raises UsageError
    if a library cannot be imported.
    """

    def __init__(self, names: Sequence[str], place: Path, group: str) -> None:
        self.names, self.place, self.group = names, str(place.absolute()), group
        self.channels: list[Channel] = []
        self.note: Note = _ignore

    def __enter__(self) -> Self:
        self.channels = [Channel(name) for name in self.names]
        for each in self.channels:
            each.wait_until(READY)
        if broken := [each for each in self.channels if each.failure]:
            self._end(self.channels)
            raise UsageError(
                text("trackers.broken", count=len(broken)),
                do=text("trackers.broken.do"),
                items=[text("trackers.reason", name=x.name, why=x.failure) for x in broken],
            )
        return self

    def follow(self, run: Rows, recipe: Recipe, name: str, rates: Rates, note: Note) -> None:
        """Begin the log of a run. note: receives a sentence for each tracker that fails."""
        self.run, self.rates, self.note = run, rates, note
        self._send({"open": values.facts(recipe, name, self.group, self.place).plain()})

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event of the training loop."""
        if not self.channels:
            return
        if event == "start":  # after a resume the rows end at the checkpoint only now
            self.replay()
        elif event == "epoch":
            self._add([EpochRow.read(info)], ())
            self._drop_failed()

    def replay(self) -> None:
        """Send all epochs that the run has."""
        rows = [row for row in self.run.rows if isinstance(row, EpochRow)]
        self._add(rows, self.run.times)

    def _add(self, rows: Sequence[EpochRow], times: Sequence[TimeRow]) -> None:
        moments = values.moments(rows, times, self.rates, time.time())
        self._send({"add": [moment.plain() for moment in moments]})

    def finish(self, result: RunResult, pictures: Path | None = None) -> None:
        """Write the result of the run, with the light pictures in a folder, and end."""
        files = sorted(pictures.glob("*.png")) if pictures else ()
        paths = {f.stem: str(f.absolute()) for f in files if not f.stem.endswith("-dark")}
        self._send({"end": {"summary": values.summary(result), "pictures": paths}})
        self.close("finished")

    def _send(self, message: Mapping[str, object]) -> None:
        for each in self.channels:
            each.send(message)

    def _drop_failed(self) -> None:
        """Leave out the trackers that have failed, with a sentence for each."""
        for each in self.channels:
            each.poll()
        failed = [each for each in self.channels if each.failure]
        self.channels = [each for each in self.channels if not each.failure]
        for each in failed:
            self.note(text("trackers.failed", name=each.name, why=each.failure))
        self._end(failed)

    def close(self, state: State) -> None:
        """Complete the logs and end the processes."""
        self._send({"close": state})
        for each in self.channels:
            each.wait_until(DONE)
        self._drop_failed()
        self._end(self.channels)
        self.channels = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stopped = isinstance(error, Interrupted | Stopped | KeyboardInterrupt)
        self.close("stopped" if stopped else "failed" if error else "finished")

    def _end(self, channels: Iterable[Channel]) -> None:
        for each in channels:
            each.end()


NO_TRACKING = Tracking((), Path(), "")
"""For runs that are not tracked."""
