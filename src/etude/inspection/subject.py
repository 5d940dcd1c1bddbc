"""Subject: a trained run as the views read it: model, data, predictions and recorded passes.

The model is in eval mode on the CPU. The data are loaded when a view first needs them. If that
fails, `data_problem` says why, and views that need no data still work.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from einops import rearrange
from torch import nn

from etude.data.card import Card
from etude.data.dataset import Dataset, Split
from etude.data.inputs import read
from etude.data.resident import Resident
from etude.errors import EtudeError, UsageError
from etude.inspection.trace import Trace, record
from etude.locale.texts import Lang, Sentence, sample_name, say, text
from etude.recipe import Recipe
from etude.render import fonts
from etude.results import EpochRow, RunResult
from etude.runs.recorder import Recorder, epochs_of
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Codes, Task

BATCH = 500
STATISTICS_SAMPLES = 128
"""Number of samples over which activation statistics are computed."""


@dataclass(frozen=True)
class Sample:
    """One sample to show.

    batch: the prepared sample as the model reads it [1 ...]. raw: the sample as stored in the data.
    true: its class or values, None if unknown. name: its name in figures, in their language;
    caption: its name in captions, in the language of the output.
    """

    batch: Batch
    raw: np.ndarray
    true: np.ndarray | None
    name: str
    caption: str


def steps_of(sample: Sample, total: int) -> int:
    """Number of valid steps of a sequence, without padding. total: its length with padding."""
    lengths = sample.batch.lengths
    return total if lengths is None else int(lengths[0])


class Subject:
    """A trained run to inspect.

    load: returns the data or raises an EtudeError. sample: an index into the test split, or a file;
    without it each view chooses its samples.
    """

    def __init__(
        self,
        folder: Recorder,
        recipe: Recipe,
        result: RunResult,
        card: Card,
        live: tuple[nn.Module, Task],
        load: Callable[[], Dataset],
        sample: int | str | None = None,
        lang: Lang = "en",
    ) -> None:
        self.folder, self.recipe, self.result, self.card = folder, recipe, result, card
        self.model, self.task = live
        self._load, self.request, self.lang = load, sample, lang
        # Results that several views share; they live as long as the subject.
        self.memo: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def say(self, key: str, **values: object) -> str:
        """The sentence of this key in the language of the output."""
        return say(self.lang, key, **values)

    @property
    def has_codes(self) -> bool:
        """Whether the model encodes images into codes and decodes them."""
        return isinstance(self.model, Codes)

    @property
    def autoencoder(self) -> Codes:
        """The model, if it `has_codes`."""
        assert isinstance(self.model, Codes)
        return self.model

    @property
    def figure_lang(self) -> Lang:
        """The language of the texts inside figures: English if no font can write `lang`."""
        return fonts.language(self.lang)

    @cached_property
    def history(self) -> list[EpochRow]:
        """The metrics rows of the epochs."""
        return epochs_of(self.folder)

    @cached_property
    def _data(self) -> tuple[Dataset | None, Sentence]:
        try:
            dataset = self._load()
        except EtudeError as error:
            return None, error.what
        # Data that changed since training would give predictions that no result describes.
        if dataset.card.fingerprint != self.card.fingerprint:
            return None, text("inspection.data.changed")
        return dataset, ""

    @property
    def data(self) -> Dataset:
        """The splits. Raises UsageError if they cannot be loaded."""
        dataset, why = self._data
        if dataset is None:
            raise UsageError(text("inspection.data.of", where=self.folder.where, why=why))
        return dataset

    @property
    def data_problem(self) -> Sentence:
        """A sentence on why the data are not available; "" if they are."""
        why = self._data[1]
        return text("inspection.data", why=why) if why else ""

    @cached_property
    def test(self) -> Resident:
        """The test split on the CPU, prepared as in training."""
        return Resident(self.data.test, self.card, torch.device("cpu"))

    @cached_property
    def outputs(self) -> np.ndarray:
        """The task's outputs [n ...] for the test split."""
        return self.outputs_of(self.test)

    def outputs_of(self, held: Resident) -> np.ndarray:
        """The task's outputs [n ...] for the samples of `held`."""
        parts = []
        with torch.no_grad():
            for start in range(0, len(held), BATCH):
                batch = held.take(np.arange(start, min(start + BATCH, len(held))))
                parts.append(self.task.outputs(self.model, batch))
        return torch.cat(parts).numpy()

    def spread(self, count: int) -> np.ndarray:
        """Indices of at most `count` test samples, spread evenly over the split."""
        size = len(self.test)
        # Not the first `count`: a split may be sorted by class. unique removes rounded duplicates.
        return np.unique(np.linspace(0, size - 1, min(count, size)).round().astype(int))

    @cached_property
    def mistakes(self) -> np.ndarray:
        """Indices of misclassified test samples, the most confident mistake first."""
        probability, predicted = self.predictions
        wrong = np.flatnonzero(predicted != self.data.test.y)
        # A stable sort: equal confidences keep the order of the split on every platform.
        return wrong[np.argsort(-probability[wrong], kind="stable")]

    @cached_property
    def predictions(self) -> tuple[np.ndarray, np.ndarray]:
        """For each test sample, the probability of the predicted class, and that class."""
        # In double precision: in float32 many confident predictions round to exactly 1 and tie.
        probabilities = torch.from_numpy(self.outputs).double().softmax(1)
        probability, predicted = probabilities.max(1)
        return probability.numpy(), predicted.numpy()

    @cached_property
    def samples(self) -> list[Sample]:
        """The requested sample; by default the first test sample and the most confident mistake.

        Raises UsageError or DataError if the requested sample does not exist.
        """
        if self.request is not None:
            return [self._requested(self.request)]
        worst = self.mistakes[:1].tolist() if self.task.predicts == "classes" else []
        # If sample 0 is itself the most confident mistake, it appears once.
        first = [self.at(0)] if worst != [0] else []
        return first + [self.at(index, "sample.worst") for index in worst]

    @property
    def sample(self) -> Sample:
        """The sample that views of a single sample show: the most confident mistake if there is
        one."""
        return self.samples[-1]

    @property
    def sample_problem(self) -> Sentence:
        """A sentence on why no sample can be shown; "" if one can."""
        why = self._data[1] if self.request is None else ""
        return text("inspection.sample", why=why) if why else ""

    def _requested(self, request: int | str) -> Sample:
        word = str(request)
        # The command line passes an index as text.
        if isinstance(request, int) or word.isdecimal():
            return self.at(int(word))
        split = read([word], self.card)
        if len(split) > 1:
            raise UsageError(
                text("inspection.sample.several", sample=word, count=len(split)),
                do=text("inspection.sample.several.do"),
            )
        held = Resident(split, self.card, torch.device("cpu"))
        name = split.names[0] if split.names else word
        names = (sample_name(lang, name) for lang in (self.figure_lang, self.lang))
        return Sample(held.take(np.array([0])), np.asarray(split.x[0]), None, *names)

    def at(self, index: int, key: str = "sample.test") -> Sample:
        """The test sample at an index; key: the text for its name. Raises UsageError if the index
        is out of range."""
        if not 0 <= index < len(self.test):
            last = len(self.test) - 1
            raise UsageError(text("inspection.sample.range", index=index, last=last))
        where = np.array([index])
        split: Split = self.data.test
        origin = split.names[index] if split.names else ""
        names = (
            say(lang, key, index=index) + (f" ({sample_name(lang, origin)})" if origin else "")
            for lang in (self.figure_lang, self.lang)
        )
        return Sample(self.test.take(where), np.asarray(split.x[where])[0], split.y[index], *names)

    @cached_property
    def trace(self) -> Trace:
        """The forward pass of `sample`."""
        # A Gaussian encoder draws noise in eval mode too.
        with seeded():
            return record(
                self.model, self.sample.batch, self._with_discriminator(self.sample.batch)
            )

    @cached_property
    def batch_trace(self) -> tuple[Trace, int]:
        """The forward pass of many test samples (statistics only), and their number; of `sample`
        alone if the data are not available."""
        if self.data_problem:
            batch = self.sample.batch
        else:
            batch = self.test.take(self.spread(STATISTICS_SAMPLES))
        with seeded():
            return record(self.model, batch, self._with_discriminator(batch), keep=False), len(
                batch.x
            )

    def _with_discriminator(self, batch: Batch) -> Callable[[], Tensor] | None:
        """A function that calls all networks of an adversarial autoencoder once; None for other
        models.

        The forward pass of an autoencoder does not call its discriminator, which a trace must show.
        Each network is called once, so the sum over the calls is the cost of one sample.
        """
        if not self.has_codes or not hasattr(self.model, "discriminator"):
            return None
        model, discriminator = self.autoencoder, self.model.get_submodule("discriminator")

        def run() -> Tensor:
            code = model.encode(batch.x)
            discriminator(code)
            return model.decode(code)

        return run


def in_data_axes(x: np.ndarray, card: Card) -> np.ndarray:
    """An array in the shape of model inputs [n ...], in the axes of the raw data: images that the
    model reads as rows or as vectors become [n C H W] again."""
    if card.view == "rows":
        return rearrange(x, "n h (w c) -> n c h w", c=card.shape[0])
    if card.view == "vector":
        # Of a table of steps, the features of its columns.
        return x.reshape(len(x), *card.shape[:-1], card.width if card.columns else card.shape[-1])
    return x


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """A context in which torch draws the same noise every time. The global generator is restored
    afterwards."""
    # devices=[]: only the CPU generator is saved; forking every GPU generator would start CUDA.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
