"""Progress for who waits: a live bar on a terminal, a line an epoch elsewhere. All on stderr."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

EVERY = 0.1


def console() -> Console:
    """Where all that is not a result goes."""
    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def scalars(metrics: Mapping[str, Any]) -> str:
    """The measures of a metrics mapping on one line; counts are left out."""
    return "  ".join(f"{k} {v:.4g}" for k, v in metrics.items() if isinstance(v, float))


class Live:
    """A bar on a terminal that `with` puts up and takes down. counts: shown beside it."""

    def __init__(self, title: str, total: int, counts: str, quiet: bool) -> None:
        self.title, self.quiet = title, quiet
        self.console = console()
        self.live = self.console.is_terminal and not quiet
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn(counts + "{task.fields[said]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            auto_refresh=False,
        )
        self.task = self.bar.add_task(title, total=total, said="")
        self.last_line = 0.0

    def __enter__(self) -> Self:
        if self.live:
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live:
            self.bar.stop()

    def note(self, text: str) -> None:
        """Something worth a line of its own."""
        if not self.quiet:
            self.console.print(f"{self.title}: {text}", style="dim")


class Watch(Live):
    """Called as a loop's listener."""

    def __init__(self, title: str, epochs: int, batches: int, quiet: bool = False) -> None:
        super().__init__(title, epochs * batches, "", quiet)
        self.epochs, self.drawn = epochs, 0.0

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if self.quiet:
            return
        if event == "step":
            self._draw(info["step"])
        elif event == "epoch":
            self._epoch(info)
        elif event == "note":
            self.note(info["text"])

    def _draw(self, step: int) -> None:
        now = time.monotonic()
        if self.live and now - self.drawn > EVERY:
            self.drawn = now
            self.bar.update(self.task, completed=step)
            self.bar.refresh()

    def _epoch(self, row: Mapping[str, Any]) -> None:
        said = f"epoch {row['epoch']}/{self.epochs}  {scalars(row['val'])}"
        now = time.monotonic()
        if self.live:
            self.bar.update(self.task, completed=row["step"], said=said)
        elif now - self.last_line > 1 or row["epoch"] == self.epochs:
            self.last_line = now
            print(f"{self.title}  {said}", file=sys.stderr, flush=True)


class Tally(Live):
    """Progress of many runs: one bar on a terminal, elsewhere a line a second at most."""

    def __init__(self, title: str, quiet: bool = False) -> None:
        super().__init__(title, 1, "{task.completed}/{task.total}  ", quiet)
        self.stage, self.done, self.total = "", 0, 0

    def begins(self, stage: str, done: int, total: int) -> None:
        """A stage of so many runs, of which some are done."""
        self.stage, self.done, self.total = stage, done, total
        if self.live:
            self.bar.reset(self.task, total=total, completed=done, description=stage, said="")
            self.bar.refresh()

    def one(self, said: str) -> None:
        """One more has ended."""
        self.done += 1
        if self.live:
            self.bar.update(self.task, completed=self.done, said=said)
            self.bar.refresh()
            return
        now = time.monotonic()
        if not self.quiet and (now - self.last_line > 1 or self.done == self.total):
            self.last_line = now
            print(f"{self.stage} {self.done}/{self.total}  {said}", file=sys.stderr, flush=True)
