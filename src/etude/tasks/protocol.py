"""`Task` and `Phase`: the interface between the training loop and what it trains.

A Task lists phases. In each step of the loop every phase, in order, computes its loss on the same
batch, backpropagates it, and steps the optimizers of its own parameters. A classifier has one
phase; the adversarial autoencoder has three.

A task is a class in a file of its own, which declares it as TASK. The rest of the package knows a
task only by what the class says about itself: what it fits, what it predicts, what it is measured
by.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

import numpy as np
import torch
from torch import nn

from etude.config import Config
from etude.layers.gaussian import Noise
from etude.locale.texts import Sentence
from etude.results import Baseline, Baselines, Thinned
from etude.shapes import Batch, Float, Target, Tensor
from etude.stats import Metric

Metrics = dict[str, Any]


class TaskConfig(Config):
    """The Config of a task without fields of its own."""


NO_OPTIONS = TaskConfig()


def ranked(
    baselines: Sequence[Baseline], metric: Metric, thinned: tuple[Thinned, ...] = ()
) -> Baselines:
    """The baselines with the best first and the others in their order; of equal ones the first is
    the best."""
    pick = min if metric.lower_is_better else max
    best = pick(baselines, key=lambda each: each.score)
    return Baselines(all=(best, *(each for each in baselines if each is not best)), thinned=thinned)


Prediction = Literal["classes", "values", "forecast", "other"]
"""What the outputs of a task mean.

classes: logits [N D] of `classes`. values: [N D] in normalised units; the task has `in_units`.
forecast: values that continue the sample. other: anything else; views that need to know the meaning
leave such a task out.
"""


class PhaseSettings(TypedDict, total=False):
    """Deviations of a phase from the recipe's optimizer."""

    lr_factor: float
    betas: tuple[float, float]


@dataclass(frozen=True)
class Tuning:
    """How a module is trained that starts from trained weights; it has one as `tuning`.

    All by prefixes of parameter names. first: trained alone in the fraction `share` of all steps,
    with FIRST_RATE times the learning rate. frozen: never trained. factors: of the learning rate; 1
    for parameters without a prefix here.
    """

    first: tuple[str, ...] = ()
    share: float = 0.0
    frozen: tuple[str, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)

    def steps(self, total: int) -> int:
        """The number of steps that train `first` alone, of `total`."""
        return round(self.share * total)

    def factor(self, name: str) -> float:
        """The factor of the learning rate of a parameter."""
        return next((f for prefix, f in self.factors.items() if name.startswith(prefix)), 1.0)


FIRST_RATE = 10.0
"""A new head alone is a convex problem, which takes a higher learning rate than trained layers."""
PLAIN_TUNING = Tuning()


@dataclass(frozen=True)
class Phase:
    """One update within a training step.

    owns: prefixes of the parameter names that this phase trains; the others get no gradient.
    loss: a function of model, batch and noise that returns a scalar. It draws from `noise` alone.
    optimizer: deviations from the recipe: "lr_factor", which multiplies the learning rate, and
    "betas" of Adam. twice: whether the loss contains a gradient, and so is differentiated twice.
    mass: the total weight of a batch's samples, if the loss is their weighted mean; None, or a
    function that returns None, if all count alike. Processes that share a batch need it.
    """

    name: str
    loss: Callable[[nn.Module, Batch, Noise], Float[Tensor, ""]]
    owns: tuple[str, ...] = ("",)
    optimizer: PhaseSettings = field(default_factory=PhaseSettings)
    twice: bool = False
    mass: Callable[[Batch], Tensor | None] | None = None

    def parameters(self, model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
        """(name, parameter) of the parameters that this phase trains."""
        for name, parameter in model.named_parameters():
            if name.startswith(self.owns):
                yield name, parameter


@runtime_checkable
class Arrays(Protocol):
    """A split as a baseline reads it: raw x and y [n ...], arrays or objects that index alike."""

    @property
    def x(self) -> Any:
        """Samples [n ...]."""

    @property
    def y(self) -> np.ndarray:
        """Targets [n ...]."""


def weights_of(split: Arrays) -> np.ndarray | None:
    """The weights of a split's samples [n]; None if all count alike."""
    weights: np.ndarray | None = getattr(split, "weights", None)
    return weights


@runtime_checkable
class Scaled(Protocol):
    """What a task may know about one of several series; see data.panel.card.Scale."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def mean(self) -> float:
        """Of its training part, of logarithms if they are modelled."""

    @property
    def std(self) -> float:
        """As `mean`."""

    @property
    def naive(self) -> float:
        """The mean absolute error of its naive forecast in training, in its own units."""


@runtime_checkable
class Panel(Protocol):
    """What a task may know about series of the user's own; data.panel.card.Panel is one."""

    @property
    def length(self) -> int:
        """Steps of a sample whose values are known."""

    @property
    def steps(self) -> int:
        """All steps of a sample."""

    @property
    def channels(self) -> int:
        """Features of a step; the first is the value."""

    @property
    def log(self) -> bool:
        """Whether logarithms are modelled."""

    @property
    def series(self) -> Sequence[Scaled]:
        """The series, in the order of the samples."""

    @property
    def windows(self) -> Mapping[str, Sequence[int]]:
        """The number of samples of each series, by split."""


@runtime_checkable
class Description(Protocol):
    """What a task may know about the data; data.dataset.Card is one, and says what each means.

    mean, std: of the inputs. y_mean, y_std, unit: of values to predict; targets: their names, if
    there are several. log, season: of a series.
    """

    target: Target
    outputs: int
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    y_mean: tuple[float, ...]
    y_std: tuple[float, ...]
    unit: str
    log: bool
    season: int
    targets: tuple[str, ...]

    @property
    def panel(self) -> Panel | None:
        """Of series of the user's own."""


@dataclass(frozen=True)
class Setup:
    """What a task is built from.

    data: the description of the data. config: the Config of the architecture. phases: those that
    the architecture declares; () if it leaves them to the task. options: the task's own Config.
    """

    data: Description
    config: Any
    phases: tuple[Phase, ...] = ()
    options: Config = NO_OPTIONS


@runtime_checkable
class Codes(Protocol):
    """A module that encodes images into codes and decodes them, as `needs = "codes"` asks for."""

    prior_scale: float
    """Standard deviation of the prior, an isotropic Gaussian around 0."""

    def encode(self, img: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D"]:
        """Codes as in training, perhaps with noise."""

    def embed(self, img: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D"]:
        """Codes without noise."""

    def decode(self, z: Float[Tensor, "N D"]) -> Float[Tensor, "N C H W"]:
        """Images in [-1, 1]."""

    def prior(self, count: int, device: torch.device) -> Float[Tensor, "N D"]:
        """Samples of the prior."""


@runtime_checkable
class Task(Protocol):
    """What a model is trained for: losses, metrics, baselines and predictions.

    summary: one line for lists. targets: the kinds of target that it fits. needs: what the module
    must compute: "outputs", a tensor [N outputs]; "codes", see `Codes`; or a word that a task and
    its architectures share. predicts: what `outputs` mean. metric: what runs are compared by.
    """

    name: str
    summary: Sentence
    targets: tuple[Target, ...]
    needs: str
    predicts: Prediction
    metric: Metric

    @classmethod
    def build(cls, setup: Setup) -> "Task":
        """The task for one data set and one architecture. Raises UsageError if they do not fit."""

    def phases(self) -> tuple[Phase, ...]:
        """The phases of one step, in order."""

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        """The model's raw predictions for a batch; expects eval mode."""

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """Scalar metrics by name over all batches; expects eval mode."""

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, and metrics for the final result: intervals, values by class."""

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether the validation metrics `new` are better than `old`."""

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Whether validation cannot distinguish `new` from the best metrics `top`; then the later
        checkpoint is used, because its learning rate was lower."""

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """The results of naive and linear baselines on the test split, the best first: `ranked`."""

    def answers(self, outputs: Tensor) -> list[dict[str, object]]:
        """One prediction per sample as plain Python values, from `outputs`."""

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """Arrays for later pictures that can be computed only during training; {} for most tasks.
        batch: the first samples of the validation split."""


@runtime_checkable
class Publishing(Protocol):
    """A task whose answers can be computed outside étude: by a graph of tensor operations."""

    def published(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The outputs for a batch by name, in the data's own units; see exporters.graph.Deployed.

        Expects eval mode. Made of tensor operations alone, so that it can be traced.
        """


@runtime_checkable
class Replying(Protocol):
    """A task whose published outputs can be read without its network."""

    @classmethod
    def replies(
        cls, data: Description, published: Mapping[str, np.ndarray]
    ) -> list[dict[str, object]]:
        """One prediction per sample, as `Task.answers` returns it, from `Publishing.published`."""


@runtime_checkable
class Decoding(Protocol):
    """A task whose model decodes codes into images."""

    def decoded(self, model: nn.Module, codes: Float[Tensor, "N D"]) -> Float[Tensor, "N C H W"]:
        """Images in raw values, made of tensor operations alone; expects eval mode."""


@runtime_checkable
class Configurable(Protocol):
    """A task with fields in the recipe, `task.FIELD`. config: their Config."""

    config: type[Config]

    @classmethod
    def completed(cls, options: Any, data: Description, train: Arrays) -> Config:
        """The Config with every choice that training data decide made. Raises UsageError."""


def config_of(kind: type) -> type[Config]:
    """The Config of a task; one without fields if the task declares none."""
    config: type[Config] = getattr(kind, "config", TaskConfig)
    return config


def uses_weights(kind: type) -> bool:
    """Whether the loss, the metrics and the baselines of a task use the weights of samples, which
    a task declares by `weighs = True`."""
    return bool(getattr(kind, "weighs", False))


@runtime_checkable
class Values(Protocol):
    """A task that predicts values or a forecast."""

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """Convert normalised values to the data's own units, float64 [N D]."""


@runtime_checkable
class Forecaster(Protocol):
    """A task that forecasts, with the naive forecasts that it is compared with."""

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """As `Values.in_units`."""

    def middle(self, outputs: Tensor) -> Tensor:
        """The forecast itself [N D], of outputs that may hold more."""

    def guesses(self, train: Arrays, x: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
        """Naive and linear forecasts [N D] of samples x by kind."""


@runtime_checkable
class Generator(Protocol):
    """A task whose model generates images."""

    def generate(
        self, model: nn.Module, count: int, device: torch.device
    ) -> Float[Tensor, "N C H W"]:
        """New images in [-1, 1]; expects eval mode."""


def as_bytes(x: Float[Tensor, "N C H W"]) -> np.ndarray:
    """Convert images from [-1, 1] to uint8 in 0..255."""
    # Rounded, because the conversion to uint8 truncates, which would darken images by half a level.
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
