"""Run: a finished run in the hand. Its numbers, and its model to predict and generate with."""

import io
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from etude import registry
from etude.data.dataset import Card, Dataset, Split
from etude.data.inputs import from_array, read
from etude.data.old import with_bytes
from etude.data.resident import Resident
from etude.data.validate import validate_card
from etude.errors import DataError, NumericsError, RunError, UsageError
from etude.inspection import gallery
from etude.inspection.subject import Subject
from etude.inspection.view import Shown
from etude.locale.texts import Lang, model_name
from etude.recipe import Recipe
from etude.runs.checkpoint import Checkpoint
from etude.runs.folder import RunFolder, lines
from etude.system.surroundings import no_warnings
from etude.tasks.protocol import Task


class Run:
    """A finished run. Raises RunError if it is unfinished or damaged."""

    def __init__(self, path: Path | str, data: str | None = None) -> None:
        """data: where the run's data are now, if they were moved."""
        self.folder = RunFolder.open(path)
        self.data = data
        self.path = self.folder.path
        self.result = self.folder.finished()

    def __repr__(self) -> str:
        goal = self.result["goal"]
        return f"Run({str(self.path)!r}, test {goal} {self.test[goal]:.4g})"

    @property
    def test(self) -> dict[str, Any]:
        """Metrics on the test split, by name."""
        return dict(self.result["test"])

    @property
    def baseline(self) -> dict[str, Any]:
        """The naive baseline's, and what it is."""
        return dict(self.result["baseline"])

    @property
    def history(self) -> list[dict[str, Any]]:
        """One mapping an epoch: training losses by phase, validation metrics."""
        return [row for row in lines(self.folder.metrics) if row.get("event") == "epoch"]

    @property
    def seconds(self) -> float:
        """Time spent in training steps."""
        return float(sum(row.get("seconds", 0) for row in lines(self.folder.timing)))

    @property
    def samples_per_second(self) -> float:
        """Training samples by that time."""
        samples = sum(row.get("samples", 0) for row in lines(self.folder.timing))
        return float(samples / max(self.seconds, 1e-9))

    @cached_property
    def recipe(self) -> Recipe:
        """The complete recipe."""
        return Recipe.read(self.folder.read("recipe.json"))

    @cached_property
    def _best(self) -> Checkpoint:
        return self.folder.best()

    @cached_property
    def card(self) -> Card:
        """What is known of the data."""
        card = self._best.state.get("card")
        if not isinstance(card, dict):
            raise RunError(f"{self.path}: its checkpoint says nothing of the data; it is damaged.")
        try:
            found = validate_card(Card.read(card, "card"))
            pictures = "folder" in registry.load("data", self.recipe.data.name).data_in
            return with_bytes(found) if pictures else found
        except (UsageError, DataError) as error:
            raise RunError(f"{self.path}: is damaged. {error}") from None

    @cached_property
    def _live(self) -> tuple[nn.Module, Task]:
        model, task = registry.rebuild(self.recipe, self.card)
        weights = {name: torch.from_numpy(x.copy()) for name, x in self._best.model.items()}
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            reason = str(error)[:1000]
            raise RunError(f"{self.path}: the weights do not fit the recipe: {reason}") from None
        return model.eval(), task

    @property
    def model(self) -> nn.Module:
        """The trained module, in eval mode, on the CPU."""
        return self._live[0]

    def outputs(self, samples: Split) -> np.ndarray:
        """The task's outputs [n ...] for raw samples."""
        model, task = self._live
        held = Resident(samples, self.card, torch.device("cpu"))
        with torch.inference_mode():
            found = torch.cat([task.outputs(model, piece) for piece in held.pieces()]).numpy()
        if not np.isfinite(found).all():
            raise NumericsError(
                f"{self.path}: what the model says is not finite.",
                do="Look at the largest values of these inputs; or train anew with a lower rate.",
            )
        return found

    @no_warnings()
    def predict(self, inputs: Any) -> list[dict[str, Any]]:
        """One answer a sample: input, label, probability, probabilities; or value and its unit.

        inputs: raw samples as an array, a tensor or a list of them; or files (folders, numbers) as
        the command line takes them. Raises DataError naming every input that cannot be read.
        """
        given = [inputs] if isinstance(inputs, str | Path) else inputs
        if isinstance(given, list | tuple) and all(isinstance(one, str | Path) for one in given):
            samples = read([str(name) for name in given], self.card)
        else:
            samples = from_array(as_array(given), self.card)
        answers = self._live[1].answers(torch.from_numpy(self.outputs(samples)))
        return [{"input": name, **answer} for name, answer in zip(samples.names, answers)]

    def subject(
        self,
        sample: int | str | Path | None = None,
        lang: Lang = "en",
        dataset: Callable[[], Dataset] | None = None,
    ) -> Subject:
        """The run as views see it. dataset: gives its data, where they are at hand already."""
        asked = str(sample) if isinstance(sample, Path) else sample
        load = dataset or self._dataset
        live = (self.recipe, self.result, self.card, self._live)
        return Subject(self.folder, *live, load, asked, lang)

    def _dataset(self) -> Dataset:
        """The data of the recipe, read again. Raises DataError."""
        recipe = registry.found_again(self.recipe, self.path, self.data)
        return registry.dataset_of(recipe)[0]

    @no_warnings()
    def look(
        self,
        view: str | Sequence[str] | None = None,
        sample: int | str | Path | None = None,
        lang: Lang = "en",
    ) -> list[Shown]:
        """Pictures of what is inside, each with the arrays behind it.

        view: a name or several; without it all that fit. sample: an index into the test split, or a
        file; without it the surest mistake, or the first. Raises UsageError, DataError.
        """
        names = [view] if isinstance(view, str) else view
        return gallery.draw(self.subject(sample, lang), names)

    @no_warnings()
    def generate(self, count: int = 64, seed: int = 0) -> np.ndarray:
        """New images from the prior [count C H W] uint8, in eval mode; the same for a seed."""
        from etude.tasks.autoencode import Autoencode, as_bytes

        model, task = self._live
        if not isinstance(task, Autoencode):
            raise UsageError(
                f"{self.path}: {model_name(self.recipe.model.name)} makes no images.",
                do="Train an autoencoder: etude train aae --data digits",
            )
        torch.manual_seed(seed)
        with torch.inference_mode():
            return as_bytes(task.generate(model, count, torch.device("cpu")))


def as_array(inputs: Any) -> np.ndarray:
    """An array, a tensor or a list of them as one array. Raises DataError for anything else."""
    try:
        if isinstance(inputs, list | tuple):
            return np.stack([as_array(one) for one in inputs])
        array = inputs.detach().cpu().numpy() if isinstance(inputs, torch.Tensor) else inputs
        return np.asarray(array)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"These inputs make no array ({error}).",
            do="Give an array or tensor of samples of one shape, or the paths of files.",
        ) from None


def as_png(image: np.ndarray) -> bytes:
    """One picture [H W C] uint8 as PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, format="PNG")
    return buffer.getvalue()
