"""The progress of a fit."""

from typing import Any, Self

from etude.render.progress import Event, TrainingProgress
from etude.system.language import language_of


class Watch:
    """The progress of a fit on stderr, with the training loss where nothing is validated; nothing
    at all if it is quiet."""

    def __init__(self, title: str, quiet: bool) -> None:
        self.title, self.quiet = title, quiet
        self.shown: TrainingProgress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        if self.shown:
            self.shown.__exit__(*error)

    def begins(self, epochs: int, batches: int) -> None:
        """Show a bar for this many epochs and batches."""
        if not self.quiet:
            self.shown = TrainingProgress(self.title, epochs, batches, False, language_of(()))
            self.shown.__enter__()

    def __call__(self, event: str, info: Event) -> None:
        if self.shown is None or event == "note":
            return
        if event == "epoch" and not info["val"]:
            losses = {name: phase["loss"] for name, phase in info["train"].items()}
            info = {**info, "val": {"loss": next(iter(losses.values()))}}
        self.shown(event, info)
