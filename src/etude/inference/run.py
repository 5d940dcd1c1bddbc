"""Run: a finished run loaded from its folder, with its metrics and its trained model."""

import io
import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from etude import assembly, registry
from etude.data.card import Card
from etude.data.dataset import Dataset, Split
from etude.data.locate import relocated
from etude.data.old import with_bytes
from etude.data.resident import Resident
from etude.data.validate import validate_card
from etude.errors import DataError, NumericsError, RunError, TakenError, UsageError, cause
from etude.exporters.exporter import Exported, Exporter, Trained
from etude.inference.predictions import predictions
from etude.inspection import gallery, words
from etude.inspection.subject import Subject
from etude.inspection.view import ViewPicture
from etude.loading import NO_OBJECTS, Objects, dataset_of
from etude.locale.texts import Lang, render, say, text
from etude.recipe import Recipe
from etude.render.page import fragment
from etude.results import Baseline, Baselines, EpochRow
from etude.runs.checkpoint import Checkpoint
from etude.runs.files import ensure_folder
from etude.runs.folder import RunFolder
from etude.runs.recorder import Recorder, copy, epochs_of, result_of
from etude.system.caller import preserve_caller_state
from etude.system.language import language_of
from etude.system.limits import Plain
from etude.tasks.protocol import Generator, Task, as_bytes


class Run:
    """A finished run: metrics, predictions, generated images, pictures.

    Raises RunError if the run is unfinished or damaged.
    """

    def __init__(
        self, run: Path | str | Recorder, data: str | None = None, objects: Objects = NO_OBJECTS
    ) -> None:
        """Open a run by its path, or take one that is in memory.

        data: the new path of its data, if someone moved them. objects: what it was trained with, if
        that was passed as Python objects.
        """
        self.recorder = RunFolder.open(Path(run)) if isinstance(run, str | Path) else run
        self.data, self.objects = data, objects
        result = result_of(self.recorder)
        if result is None:
            done, where = len(epochs_of(self.recorder)), self.recorder.where
            raise RunError(
                text("inference.unfinished", where=where, epochs=done),
                do=self.recorder.how_to_continue,
            )
        self.result = result

    @property
    def folder(self) -> RunFolder:
        """The folder of the run. Raises RunError if it is in memory."""
        if not isinstance(self.recorder, RunFolder):
            raise RunError(text("inference.memory"), do=text("inference.memory.do"))
        return self.recorder

    @property
    def path(self) -> Path:
        """The path of its folder. Raises RunError if it is in memory."""
        return self.folder.path

    @property
    def label(self) -> str:
        """A short name: that of its folder, or of its model and data."""
        if isinstance(self.recorder, RunFolder):
            return self.recorder.path.name
        return f"{self.result.title}-{self.result.data}"

    def __repr__(self) -> str:
        value = f"{self.result.goal} {self.result.score:.4g}"
        return f"Run({render('en', self.recorder.where)!r}, test {value})"

    def save(self, path: Path | str) -> "Run":
        """Write a run that is in memory to a new folder, and return it opened from there.

        Raises TakenError if the folder is in use, StorageError if it cannot be written. The report
        is drawn by `etude report PATH`.
        """
        folder = RunFolder.create(Path(path))
        try:
            copy(self.recorder, folder)
        # Also after an interrupt: half a copy is no run.
        except BaseException:
            folder.discard()
            raise
        finally:
            folder.release()
        return Run(folder.path, self.data, self.objects)

    def _repr_html_(self) -> str:
        """A table for notebooks: the test result beside its baseline; where the report is."""
        # A notebook calls this without arguments, so the environment names the language.
        lang = language_of(())
        head, row = words.rows([self], [self.label], lang)
        report = self.recorder.report if isinstance(self.recorder, RunFolder) else None
        verdict = words.verdict(self.result, lang)
        values = {"row": row, "verdict": verdict, "report": report, "say": partial(say, lang)}
        return fragment("run.html.j2", head=head, **values)

    @property
    def test(self) -> Plain:
        """Metrics on the test split, by name."""
        return self.result.test.plain()

    @property
    def baseline(self) -> Baseline:
        """The best of the naive and linear baselines: its `kind` and its `score`."""
        return self.result.baseline.best

    @property
    def baselines(self) -> Baselines:
        """All baselines, the best first; `scores` by their kinds."""
        return self.result.baseline

    @property
    def history(self) -> list[Plain]:
        """One mapping per epoch: training losses by phase, and validation metrics."""
        return [row.plain() for row in self.epochs]

    @property
    def epochs(self) -> list[EpochRow]:
        """The rows of `history` as objects."""
        return epochs_of(self.recorder)

    @property
    def seconds(self) -> float:
        """Seconds spent in training steps."""
        # An epoch that was interrupted and resumed can have several rows, so all rows are summed.
        return float(sum(row.seconds for row in self.recorder.times))

    @property
    def samples_per_second(self) -> float:
        """Training throughput: samples divided by the seconds of training steps."""
        samples = sum(row.samples for row in self.recorder.times)
        # A coarse clock may measure 0 s for a tiny run.
        return float(samples / max(self.seconds, 1e-9))

    @cached_property
    def recipe(self) -> Recipe:
        """The complete recipe of the run."""
        return Recipe.read(self.recorder.read("recipe.json"))

    @cached_property
    def _best(self) -> Checkpoint:
        return self.recorder.best()

    @cached_property
    def card(self) -> Card:
        """The dataset description that the checkpoint holds. Raises RunError if it is damaged."""
        card = self._best.state.get("card")
        if not isinstance(card, dict):
            raise RunError(text("inference.card", where=self.recorder.where))
        try:
            description = validate_card(Card.read(card, "card"))
            pictures = "folder" in registry.load("data", self.recipe.data.name).data_in
            # Version 0.1.0 did not store that pixels of pictures are 0..255.
            return with_bytes(description) if pictures else description
        except (UsageError, DataError) as error:
            what = text("inference.damaged", where=self.recorder.where, why=cause(error))
            raise RunError(what, do=error.do, items=error.items) from None

    @cached_property
    def _live(self) -> tuple[nn.Module, Task]:
        with preserve_caller_state():
            model, task = assembly.rebuild(self.recipe, self.card, self.objects)
        # Copied, because arrays of a file are read-only, and torch warns of those.
        weights = {name: torch.from_numpy(x.copy()) for name, x in self._best.model.items()}
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            reason = str(error)[:1000]  # torch lists every key of a large model
            where = self.recorder.where
            raise RunError(text("inference.weights", where=where, why=reason)) from None
        # A module of the user's own may have been trained on a GPU, and inputs are on the CPU.
        return model.cpu().eval(), task

    @property
    def model(self) -> nn.Module:
        """The trained module, in eval mode, on the CPU."""
        return self._live[0]

    def outputs(self, samples: Split) -> np.ndarray:
        """The task's outputs [n ...] for raw samples, computed on the CPU.

        Raises NumericsError if an output is not finite.
        """
        model, task = self._live
        # The same preparation as in training: the card holds its mean, scale and view.
        held = Resident(samples, self.card, torch.device("cpu"))
        with torch.inference_mode():
            outputs = torch.cat([task.outputs(model, piece) for piece in held.pieces()]).numpy()
        if not np.isfinite(outputs).all():
            raise NumericsError(
                text("inference.output", where=self.recorder.where),
                do=text("inference.output.do"),
            )
        return outputs

    @preserve_caller_state()
    def predict(self, inputs: object) -> list[Plain]:
        """One prediction per sample: input, label, probability and probabilities of a classifier,
        or the predicted value and its unit; for rows of a table also the columns whose values
        training knows little about (see `data.tabular.inputs.doubts`). Of series, one prediction
        for each: the next steps with their times, and the quantiles of a probabilistic forecast.

        inputs: raw samples as an array, a tensor or a list of them; rows of a table as a frame or a
        list of mappings; or files (folders, numbers) as
        on the command line. Raises DataError, which names every input that cannot be read.
        """
        task = self._live[1]
        return predictions(
            inputs,
            self.card,
            lambda samples: task.answers(torch.from_numpy(self.outputs(samples))),
        )

    def subject(
        self,
        sample: int | str | Path | None = None,
        lang: Lang = "en",
        dataset: Callable[[], Dataset] | None = None,
    ) -> Subject:
        """The run as the views read it. dataset: returns the data if the caller has them loaded."""
        request = str(sample) if isinstance(sample, Path) else sample
        load = dataset or self._dataset
        live = (self.recipe, self.result, self.card, self._live)
        return Subject(self.recorder, *live, load, request, lang)

    def _dataset(self) -> Dataset:
        """The data of the recipe, read from disk again. Raises DataError."""
        place = Path(render("en", self.recorder.where))
        data = relocated(self.recipe.data, place, self.data)
        recipe = self.recipe.model_copy(update={"data": data})
        return dataset_of(recipe, self.objects)[0]

    @preserve_caller_state()
    def look(
        self,
        view: str | Sequence[str] | None = None,
        sample: int | str | Path | None = None,
        lang: Lang = "en",
    ) -> list[ViewPicture]:
        """Pictures of the trained network, each with the arrays that it shows.

        view: one name or several; the default is every view that fits the run. sample: an index
        into the test split, or a file; the default is the most confident mistake, or else the first
        test sample. Raises UsageError, DataError.
        """
        names = [view] if isinstance(view, str) else view
        return gallery.draw(self.subject(sample, lang), names)

    @preserve_caller_state()
    def export(self, to: str, out: Path | str | None = None, **options: object) -> Exported:
        """Write the trained network in a form that other programs read, and compare its answers
        with ours on the test split.

        to: the form, such as "onnx"; `etude list` shows all. out: the new file or folder; the
        default is in the folder `export` of the run. options: those of the form. Raises UsageError
        for a path that exists and for options that do not fit, DataError if the test split cannot
        be read, NumericsError if the answers differ; then nothing is left at the path.
        """
        exporter: Exporter = registry.load("exporter", to)
        config = exporter.config.read(options, to)
        exporter.require()
        path = Path(out) if out else self._export_path(f"{self.label}{exporter.suffix}")
        if os.path.lexists(path):
            raise TakenError(text("export.taken", path=path), do=text("export.taken.do"))
        return exporter.write(self.trained, path, config)

    @property
    def trained(self) -> Trained:
        """The run as exporters read it."""
        parts = (self.label, self.recipe, self.card, self.result, *self._live)
        return Trained(*parts, lambda: self._unchanged.test, lambda: self._unchanged)

    def _export_path(self, name: str) -> Path:
        """A path in the folder `export` of the run. Raises RunError if the run is in memory."""
        return ensure_folder(self.path / "export") / name

    @cached_property
    def _unchanged(self) -> Dataset:
        """The data of the run. Raises DataError if they are no longer those of its training."""
        dataset = self._dataset()
        if dataset.card.fingerprint != self.card.fingerprint:
            raise DataError(text("inspection.data.changed"), do=text("export.data.do"))
        return dataset

    @preserve_caller_state()
    def generate(self, count: int = 64, seed: int = 0) -> np.ndarray:
        """Images [count C H W] uint8 decoded from samples of the prior, in eval mode.

        The same seed gives the same images. Raises UsageError if the model generates none.
        """
        model, task = self._live
        if not isinstance(task, Generator):
            where, title = self.recorder.where, words.title(self.result)
            raise UsageError(
                text("inference.generate", where=where, model=title),
                do=text("inference.generate.do"),
            )
        # Global, because layers that draw noise use torch's default generator.
        torch.manual_seed(seed)
        with torch.inference_mode():
            return as_bytes(task.generate(model, count, torch.device("cpu")))


def as_png(image: np.ndarray) -> bytes:
    """An image [H W C] uint8, encoded as PNG."""
    buffer = io.BytesIO()
    # Pillow wants a grey image as [H W], without its channel axis.
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, format="PNG")
    return buffer.getvalue()
