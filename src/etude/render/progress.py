"""Progress on stderr: a live bar on a terminal, elsewhere at most one line per second."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from etude.locale.texts import Lang, Sentence, metric, render, say

Event = Mapping[str, Any]
"""The values of an event of the training loop, by name."""
EVERY = 0.1
"""Seconds between two updates of the bar: drawing at each step would slow training down."""


def console() -> Console:
    """A console on stderr. Results go to stdout, so that a pipe gets nothing else."""
    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def scalars(metrics: Mapping[str, object], lang: Lang) -> str:
    """The metrics of a mapping on one line, by their names in words, without integer counts."""
    return "  ".join(
        f"{metric(name, lang)} {value:.4g}"
        for name, value in metrics.items()
        if isinstance(value, float)
    )


class Live:
    """A progress bar that is visible inside a `with` block, on a terminal only.

    counts: a rich template for the text right of the bar. lang: the language of all it prints.
    """

    def __init__(self, title: str, total: int, counts: str, quiet: bool, lang: Lang) -> None:
        self.title, self.quiet, self.lang = title, quiet, lang
        self.console = console()
        self.live = self.console.is_terminal and not quiet
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn(counts + "{task.fields[message]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            auto_refresh=False,  # no thread of rich beside the training loop
        )
        self.task = self.bar.add_task(title, total=total, message="")
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

    def note(self, sentence: Sentence) -> None:
        """Print a line above the bar."""
        if not self.quiet:
            self.console.print(f"{self.title}: {render(self.lang, sentence)}", style="dim")


class TrainingProgress(Live):
    """Progress of one training run; the training loop calls it as its listener."""

    def __init__(self, title: str, epochs: int, batches: int, quiet: bool, lang: Lang) -> None:
        super().__init__(title, epochs * batches, "", quiet, lang)
        self.epochs, self.drawn = epochs, 0.0

    def __call__(self, event: str, info: Event) -> None:
        if self.quiet:
            return
        if event == "step":
            self._draw(info["step"])
        elif event == "epoch":
            self._epoch(info)
        elif event == "note":
            self.note(info["text"])

    def _draw(self, step: int) -> None:
        # Monotonic: if someone set the wall clock back, the bar would stand still for that long.
        now = time.monotonic()
        if self.live and now - self.drawn > EVERY:
            self.drawn = now
            self.bar.update(self.task, completed=step)
            self.bar.refresh()

    def _epoch(self, row: Event) -> None:
        metrics = scalars(row["val"], self.lang)
        message = say(
            self.lang, "progress.epoch", epoch=row["epoch"], epochs=self.epochs, metrics=metrics
        )
        now = time.monotonic()
        if self.live:
            self.bar.update(self.task, completed=row["step"], message=message)
        # Short epochs would flood a log file, but the last epoch must always have its line.
        elif now - self.last_line > 1 or row["epoch"] == self.epochs:
            self.last_line = now
            print(f"{self.title}  {message}", file=sys.stderr, flush=True)


class Tally(Live):
    """Progress of many runs: one bar on a terminal, elsewhere at most one line per second."""

    def __init__(self, title: str, quiet: bool, lang: Lang) -> None:
        super().__init__(title, 1, "{task.completed}/{task.total}  ", quiet, lang)
        self.stage, self.done, self.total = "", 0, 0

    def begins(self, stage: Sentence, done: int, total: int) -> None:
        """Start a stage of `total` runs, of which `done` are complete."""
        self.stage, self.done, self.total = render(self.lang, stage), done, total
        if self.live:
            self.bar.reset(
                self.task, total=total, completed=done, description=self.stage, message=""
            )
            self.bar.refresh()

    def one(self, result: Sentence) -> None:
        """Count one run that ended, with its result."""
        self.done += 1
        message = render(self.lang, result)
        if self.live:
            self.bar.update(self.task, completed=self.done, message=message)
            self.bar.refresh()
            return
        now = time.monotonic()
        if not self.quiet and (now - self.last_line > 1 or self.done == self.total):
            self.last_line = now
            print(f"{self.stage} {self.done}/{self.total}  {message}", file=sys.stderr, flush=True)
