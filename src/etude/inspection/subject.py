"""Subject: a trained run as the views see it. It has all that they need, and nothing that trains.

The model is in eval mode on the CPU. Data are loaded when a view first asks for them; where they
are not at hand any more, `absent` says why, and views that need none still draw.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch import nn

from etude.data.dataset import Card, Dataset, Split
from etude.data.inputs import read
from etude.data.resident import Resident
from etude.errors import EtudeError, UsageError
from etude.inspection.trace import Trace, record
from etude.locale.texts import Lang, say
from etude.recipe import Recipe
from etude.runs.folder import RunFolder, lines
from etude.shapes import Batch
from etude.tasks.protocol import Task

BATCH = 500
CROWD = 128
"""Samples that statistics of activations are taken over."""


@dataclass(frozen=True)
class Sample:
    """One sample to look at. batch: as the model reads it [1 ...]. raw: as the data have it. true:
    its class or values, None where they are not known. name: what it is called in pictures, in
    English; called: the same in captions, in the language of the look."""

    batch: Batch
    raw: np.ndarray
    true: np.ndarray | None
    name: str
    called: str


def steps_of(sample: Sample, whole: int) -> int:
    """How many of a sequence's steps are its own, without what pads it."""
    lengths = sample.batch.lengths
    return whole if lengths is None else int(lengths[0])


class Subject:
    """A trained run. load: gives its data, or raises an EtudeError. sample: an index into the test
    split, or a file; without it, views choose."""

    def __init__(
        self,
        folder: RunFolder,
        recipe: Recipe,
        result: dict[str, Any],
        card: Card,
        live: tuple[nn.Module, Task],
        load: Callable[[], Dataset],
        sample: int | str | None = None,
        lang: Lang = "en",
    ) -> None:
        self.folder, self.recipe, self.result, self.card = folder, recipe, result, card
        self.model, self.task = live
        self._load, self.asked, self.lang = load, sample, lang
        self.memo: dict[str, Any] = {}

    def say(self, key: str, **values: Any) -> str:
        """A sentence in the language of this look."""
        return say(self.lang, key, **values)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The rows of the run's epochs."""
        return [row for row in lines(self.folder.metrics) if row.get("event") == "epoch"]

    @cached_property
    def _data(self) -> tuple[Dataset | None, str]:
        try:
            found = self._load()
        except EtudeError as error:
            return None, error.what
        if found.card.fingerprint != self.card.fingerprint:
            return None, "they are not those it was trained on"
        return found, ""

    @property
    def data(self) -> Dataset:
        """The splits. Raises UsageError where they are not at hand."""
        found, why = self._data
        if found is None:
            raise UsageError(f"The data of {self.folder.path} are not at hand: {why}")
        return found

    @property
    def absent(self) -> str:
        """Why the data are not at hand; "" where they are."""
        why = self._data[1]
        return f"the data are not at hand: {why}" if why else ""

    @cached_property
    def test(self) -> Resident:
        """The test split, ready to be read."""
        return Resident(self.data.test, self.card, torch.device("cpu"))

    @cached_property
    def outputs(self) -> np.ndarray:
        """What the model says of the test split: the task's outputs [n ...]."""
        return self.say_of(self.test)

    def say_of(self, held: Resident) -> np.ndarray:
        """The task's outputs [n ...] for samples."""
        parts = []
        with torch.no_grad():
            for start in range(0, len(held), BATCH):
                batch = held.take(np.arange(start, min(start + BATCH, len(held))))
                parts.append(self.task.outputs(self.model, batch))
        return torch.cat(parts).numpy()

    def spread(self, count: int) -> np.ndarray:
        """Indices of at most `count` test samples, evenly over the split (which may be sorted)."""
        size = len(self.test)
        return np.unique(np.linspace(0, size - 1, min(count, size)).round().astype(int))

    @cached_property
    def wrong(self) -> np.ndarray:
        """Test samples that a classifier gets wrong, the surest first."""
        sure, said = self.sureness
        missed = np.flatnonzero(said != self.data.test.y)
        return missed[np.argsort(-sure[missed], kind="stable")]

    @cached_property
    def sureness(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each test sample: the probability of the class said, and that class."""
        probability = torch.from_numpy(self.outputs).double().softmax(1)
        sure, said = probability.max(1)
        return sure.numpy(), said.numpy()

    @cached_property
    def samples(self) -> list[Sample]:
        """The sample asked for; else the first of the test split, and the surest mistake. Raises
        UsageError or DataError for one that is not there."""
        if self.asked is not None:
            return [self._given(self.asked)]
        worst = self.wrong[:1].tolist() if self.task.name == "classify" else []
        found = [self.at(0)] if worst != [0] else []
        return found + [self.at(index, "sample.worst") for index in worst]

    @property
    def sample(self) -> Sample:
        """The one that views of a single sample show."""
        return self.samples[-1]

    @property
    def no_sample(self) -> str:
        """Why there is no sample to look at; "" where there is one."""
        if self.asked is None and self.absent:
            return f"{self.absent}; give a file: --sample FILE"
        return ""

    def _given(self, asked: int | str) -> Sample:
        text = str(asked)
        if isinstance(asked, int) or text.isdecimal():
            return self.at(int(text))
        split = read([text], self.card)
        if len(split) > 1:
            raise UsageError(
                f"--sample {text}: has {len(split)} samples, and one is looked at.",
                do="Give a file with one sample.",
            )
        held = Resident(split, self.card, torch.device("cpu"))
        name = split.names[0] if split.names else text
        return Sample(held.take(np.array([0])), np.asarray(split.x[0]), None, name, name)

    def at(self, index: int, called: str = "sample.test") -> Sample:
        """A test sample. Raises UsageError where there is none of that number."""
        if not 0 <= index < len(self.test):
            raise UsageError(
                f"--sample {index}: the test split has samples 0 to {len(self.test) - 1}."
            )
        where = np.array([index])
        split: Split = self.data.test
        more = f" ({split.names[index]})" if split.names else ""
        names = (say(lang, called, index=index) + more for lang in ("en", self.lang))
        return Sample(self.test.take(where), np.asarray(split.x[where])[0], split.y[index], *names)

    @cached_property
    def trace(self) -> Trace:
        """The forward pass of `sample`."""
        with seeded():
            return record(self.model, self.sample.batch, self._all_players(self.sample.batch))

    @cached_property
    def crowd(self) -> tuple[Trace, int]:
        """The forward pass of many test samples (statistics only), and how many; of `sample` where
        the data are not at hand."""
        if self.absent:
            batch = self.sample.batch
        else:
            batch = self.test.take(self.spread(CROWD))
        with seeded():
            return record(self.model, batch, self._all_players(batch), keep=False), len(batch.x)

    def _all_players(self, batch: Batch) -> Callable[[], Any] | None:
        """An autoencoder's forward pass leaves its discriminator out; a look does not. Each network
        is called once, so that a count over the calls is the cost of one sample."""
        if self.task.name != "autoencode":
            return None
        model: Any = self.model

        def run() -> Any:
            code = model.encode(batch.x)
            model.discriminator(code)
            return model.decode(code)

        return run


def as_given(x: np.ndarray, card: Card) -> np.ndarray:
    """What a model reads [n ...], in the axes that the data have it in: rows and vectors of an
    image as [n C H W] again."""
    if card.view == "rows":
        return rearrange(x, "n h (w c) -> n c h w", c=card.shape[0])
    if card.view == "vector":
        return x.reshape(len(x), *card.shape)
    return x


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """The same noise inside each time; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
