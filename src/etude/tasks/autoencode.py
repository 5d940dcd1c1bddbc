"""autoencode: encode images and decode them, with codes distributed like a prior.

    image [N C H W] in [-1, 1] · code z [N D]

Adversarial losses do not measure quality, so they do not select a checkpoint. The best checkpoint
has the lowest reconstruction error among those whose codes match the prior: their energy distance
to it is at most MATCH times that between two samples of the prior. As long as none matches, the
best is the one with the lowest distance.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import numpy as np
import torch
from torch import nn

from etude.errors import UsageError
from etude.layers.gaussian import energy_distance
from etude.locale.texts import Sentence, say, text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Target, Tensor
from etude.stats import Metric
from etude.tasks.plain import Names, PlainAnswers
from etude.tasks.protocol import (
    Arrays,
    Description,
    Metrics,
    Phase,
    Prediction,
    Setup,
    as_bytes,
    ranked,
)

CODES = 2000
"""Maximum number of codes for the distance to the prior, whose cost grows with its square."""
MATCH = 2.0
GRID = 64


class Autoencode:
    """Task of an autoencoder with a prior.

    phases: the architecture's training phases. middle, half: centre and half the range of the raw
    values, to convert them to [-1, 1]. width: dimensions D of a code, also for the PCA baseline.
    """

    name = "autoencode"
    summary: Sentence = text("task.autoencode.summary")
    targets: tuple[Target, ...] = get_args(Target)
    needs = "codes"
    predicts: Prediction = "other"
    metric = Metric("reconstruction", lower_is_better=True)

    def __init__(self, phases: tuple[Phase, ...], half: float, middle: float, width: int) -> None:
        self._phases, self.half, self.middle, self.width = phases, half, middle, width

    @classmethod
    def build(cls, setup: Setup) -> "Autoencode":
        """By the phases of the architecture, whose Config has latent_dim, the width of a code.

        Raises UsageError if the architecture declares no phases.
        """
        if not setup.phases:
            raise UsageError(text("task.autoencode.phases"))
        return cls(setup.phases, setup.data.std[0], setup.data.mean[0], setup.config.latent_dim)

    def phases(self) -> tuple[Phase, ...]:
        """The phases that the architecture declares."""
        return self._phases

    def outputs(self, model: Any, batch: Batch) -> Float[Tensor, "N E"]:
        """[N E] with E = 1+D: each image's mean squared error in [-1, 1] units, then its code."""
        codes = model.embed(batch.x).float()
        error = (model.decode(codes).float() - batch.x).square().flatten(1).mean(1)
        return torch.cat((error[:, None], codes), dim=1)

    def evaluate(self, model: Any, batches: Iterable[Batch]) -> Metrics:
        """reconstruction: mean squared error in [-1, 1] units, with codes as in training.

        prior_distance: energy distance between codes and the prior. prior_ratio: that distance
        divided by the distance between two samples of the prior.
        """
        error, count = 0.0, 0
        parts: list[Tensor] = []
        for batch in batches:
            # encode, not embed: a Gaussian encoder's noise is part of the code's distribution.
            codes = model.encode(batch.x).float()
            decoded = model.decode(codes).float()
            # Weighted by the batch's size, because the last batch may be smaller.
            error += float((decoded - batch.x).square().mean()) * len(batch.x)
            count += len(batch.x)
            if sum(len(part) for part in parts) < CODES:
                parts.append(codes)
        codes = torch.cat(parts)[:CODES]
        distance, reference = self.prior_match(model, codes)
        return {
            "reconstruction": error / count,
            "prior_distance": distance,
            "prior_ratio": distance / reference,
        }

    def prior_match(self, model: Any, codes: Float[Tensor, "N D"]) -> tuple[float, float]:
        """Energy distance from the codes to the prior, and from the prior to itself: means over
        four samples of the prior, each with as many points as there are codes."""
        samples = [model.prior(len(codes), codes.device) for _ in range(5)]
        # Both are compared with the same four samples, so their chance deviations are shared.
        to_prior = [float(energy_distance(codes, sample)) for sample in samples[1:]]
        to_self = [float(energy_distance(samples[0], sample)) for sample in samples[1:]]
        return float(np.mean(to_prior)), float(np.mean(to_self))

    def detail(self, model: Any, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, whether the codes match the prior, and the quality of generated images.

        generated_distance: energy distance between new images and real ones. real_distance: that
        between two halves of the real ones, for comparison. Both in [-1, 1] units.
        """
        images: list[Tensor] = []

        def collect() -> Iterable[Batch]:
            # Keeps some images while `evaluate` reads the batches, which can be read only once.
            for batch in batches:
                if sum(len(x) for x in images) < CODES:
                    images.append(batch.x.flatten(1))
                yield batch

        metrics = self.evaluate(model, collect())
        real = torch.cat(images)[:CODES].float()
        # Interleaved, so that each of the two halves below has samples from the whole split, whose
        # order may follow the classes.
        real = real[torch.arange(len(real) // 2 * 2).view(2, -1).T.flatten()]
        one, two = real.chunk(2)
        new = self.generate(model, len(one), real.device).flatten(1)
        return {
            **metrics,
            "matches_prior": metrics["prior_ratio"] <= MATCH,
            "generated_distance": float(energy_distance(new, one)),
            "real_distance": float(energy_distance(two, one)),
        }

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether `new` is better, by the rule at the head of this file."""
        new_fits, old_fits = new["prior_ratio"] <= MATCH, old["prior_ratio"] <= MATCH
        if new_fits and old_fits:
            return bool(new["reconstruction"] < old["reconstruction"])
        # The order of False and True: a match beats a mismatch whatever the distances.
        return new_fits > old_fits or bool(
            not old_fits and new["prior_distance"] < old["prior_distance"]
        )

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Always False: the metric is continuous, so differences of it decide."""
        return False

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """Two baselines: PCA with as many components as a code has dimensions, fitted
        to at most 10,000 training images, and the mean training image."""
        from sklearn.decomposition import PCA

        def flat(x: np.ndarray) -> np.ndarray:
            plain = np.asarray(x, np.float32).reshape(len(x), -1)
            return np.asarray((plain - self.middle) / self.half)

        fit, unseen = flat(train.x[:10_000]), flat(test.x)
        # PCA cannot have more components than samples or values.
        # An exact decomposition would compute all components to use only a few. The seed makes the
        # score of the randomised one repeatable.
        pca = PCA(min(self.width, *fit.shape), svd_solver="randomized", random_state=0).fit(fit)
        decoded = pca.inverse_transform(pca.transform(unseen))
        every = [
            Baseline(
                kind="pca",
                score=float(((decoded - unseen) ** 2).mean()),
                about={"numbers": self.width},
            ),
            Baseline(kind="mean-image", score=float(((fit.mean(0) - unseen) ** 2).mean())),
        ]
        return ranked(every, self.metric)

    def answers(self, outputs: Float[Tensor, "N E"]) -> list[dict[str, object]]:
        """One dict per image: its reconstruction error with unit, and its code."""
        return encoded(outputs[:, 0].tolist(), outputs[:, 1:].tolist())

    @classmethod
    def replies(
        cls, data: Description, published: Mapping[str, np.ndarray]
    ) -> list[dict[str, object]]:
        """As `answers`, from the errors and the codes."""
        return encoded(published["error"].tolist(), published["code"].tolist())

    def published(self, model: Any, batch: Batch) -> dict[str, Tensor]:
        """Decoded images [N C H W] in raw values, codes [N D] and the reconstruction errors [N]."""
        codes = model.embed(batch.x).float()
        decoded = model.decode(codes).float()
        error = (decoded - batch.x).square().flatten(1).mean(1)
        return {"image": self._raw(decoded), "code": codes, "error": error}

    def decoded(self, model: Any, codes: Float[Tensor, "N D"]) -> Float[Tensor, "N C H W"]:
        """Images of codes in raw values, of tensor operations alone."""
        return self._raw(model.decode(codes).float())

    def _raw(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """Images in raw values, from [-1, 1]."""
        return images.clamp(-1, 1) * self.half + self.middle

    def code(self, names: Names) -> PlainAnswers:
        """`published` as lines of plain PyTorch."""
        return PlainAnswers(
            f"Codes [N, {self.width}], decoded images in raw values, and their errors [N]",
            (
                "code = model.encode(x)",
                "decoded = model.decode(code)",
                "image = decoded.clamp(-1, 1) * STD + MEAN",
                "error = (decoded - x).square().flatten(1).mean(1)",
                'return {"image": image, "code": code, "error": error}',
            ),
            (
                'for code, error in zip(found["code"].tolist(), found["error"]):',
                '    numbers = ", ".join(f"{z:.3f}" for z in code)',
                '    print(f"{name}: code {numbers}; error {error:.4f}")',
            ),
        )

    def generate(self, model: Any, count: int, device: torch.device) -> Float[Tensor, "N C H W"]:
        """New images in [-1, 1], decoded from samples of the prior; expects eval mode."""
        return model.decode(model.prior(count, device)).float()  # type: ignore[no-any-return]

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """samples [64 C H W]: decoded noise; originals and reconstructions [8 C H W]; all uint8.

        The caller seeds the noise identically each time, so snapshots show the same codes.
        """
        some = batch.x[:8]
        images = {
            "samples": self.generate(model, GRID, batch.x.device),
            "originals": some,
            "reconstructions": model(some).float(),
        }
        return {name: as_bytes(x) for name, x in images.items()}


def encoded(errors: list[float], codes: list[list[float]]) -> list[dict[str, object]]:
    """One dict per image: see `Autoencode.answers`."""
    unit = say("en", "unit.pixels")
    return [{"value": error, "unit": unit, "code": code} for error, code in zip(errors, codes)]


TASK = Autoencode
