"""autoencode: code images and decode them, with codes that have the shape of a prior.

    image [N C H W] in [-1, 1] · code z [N D]

Game losses tell nothing about quality, so they choose nothing here: the best checkpoint is the one
with the lowest reconstruction error among those whose codes lie within twice the distance that two
draws of the prior have from each other; while there is none, the one with the lowest distance.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn

from etude.layers.gaussian import energy_distance
from etude.shapes import Batch, Float, Tensor
from etude.tasks.protocol import Arrays, Metrics, Phase

CODES = 2000
"""Codes at most that the distance to the prior is measured on: its cost grows with their square."""
MATCH = 2.0
GRID = 64


class Autoencode:
    """phases: the game's. half: half the range of raw values, to say errors in [-1, 1] units."""

    name = "autoencode"
    goal = "reconstruction"

    def __init__(self, phases: tuple[Phase, ...], half: float, middle: float, width: int) -> None:
        self._phases, self.half, self.middle, self.width = phases, half, middle, width

    def phases(self) -> tuple[Phase, ...]:
        """As the architecture declares them."""
        return self._phases

    def outputs(self, model: Any, batch: Batch) -> Float[Tensor, "N E"]:
        """[N E], E = 1+D: each image's error (mean square, in [-1, 1]), and its code."""
        codes = model.embed(batch.x).float()
        error = (model.decode(codes).float() - batch.x).square().flatten(1).mean(1)
        return torch.cat((error[:, None], codes), dim=1)

    def evaluate(self, model: Any, batches: Iterable[Batch]) -> Metrics:
        """reconstruction: mean squared error in [-1, 1] units, of codes as trained. prior_distance:
        energy distance between codes and the prior; prior_ratio: over that of two prior draws."""
        error, count = 0.0, 0
        kept: list[Tensor] = []
        for batch in batches:
            codes = model.encode(batch.x).float()
            decoded = model.decode(codes).float()
            error += float((decoded - batch.x).square().mean()) * len(batch.x)
            count += len(batch.x)
            if sum(len(part) for part in kept) < CODES:
                kept.append(codes)
        codes = torch.cat(kept)[:CODES]
        distance, reference = self.prior_match(model, codes)
        return {
            "reconstruction": error / count,
            "prior_distance": distance,
            "prior_ratio": distance / reference,
        }

    def prior_match(self, model: Any, codes: Float[Tensor, "N D"]) -> tuple[float, float]:
        """Energy distance of the codes to the prior, and of the prior to itself, as means over
        four draws of as many points."""
        draws = [model.prior(len(codes), codes.device) for _ in range(5)]
        to_prior = [float(energy_distance(codes, draw)) for draw in draws[1:]]
        to_self = [float(energy_distance(draws[0], draw)) for draw in draws[1:]]
        return float(np.mean(to_prior)), float(np.mean(to_self))

    def detail(self, model: Any, batches: Iterable[Batch]) -> Metrics:
        """Also whether the codes match the prior, and how far new images are from held-out ones:
        generated_distance, beside real_distance, that of held-out ones from each other (energy
        distance between images, in [-1, 1] units)."""
        kept: list[Tensor] = []

        def noted() -> Iterable[Batch]:
            for batch in batches:
                if sum(len(x) for x in kept) < CODES:
                    kept.append(batch.x.flatten(1))
                yield batch

        found = self.evaluate(model, noted())
        real = torch.cat(kept)[:CODES].float()
        real = real[torch.arange(len(real) // 2 * 2).view(2, -1).T.flatten()]  # halves interleaved
        one, two = real.chunk(2)
        new = self.generate(model, len(one), real.device).flatten(1)
        return {
            **found,
            "matches_prior": found["prior_ratio"] <= MATCH,
            "generated_distance": float(energy_distance(new, one)),
            "real_distance": float(energy_distance(two, one)),
        }

    def better(self, new: Metrics, old: Metrics) -> bool:
        """See the head of this file."""
        fits, did = new["prior_ratio"] <= MATCH, old["prior_ratio"] <= MATCH
        if fits and did:
            return bool(new["reconstruction"] < old["reconstruction"])
        return fits > did or bool(not did and new["prior_distance"] < old["prior_distance"])

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Never: the measure is fine enough to decide."""
        return False

    def baseline(self, train: Arrays, test: Arrays) -> Metrics:
        """PCA with as many numbers a code, fitted to at most 10,000 training images; and always
        drawing the mean image."""
        from sklearn.decomposition import PCA

        def flat(x: Any) -> np.ndarray:
            plain = np.asarray(x, np.float32).reshape(len(x), -1)
            return np.asarray((plain - self.middle) / self.half)

        fit, held = flat(train.x[:10_000]), flat(test.x)
        pca = PCA(min(self.width, *fit.shape), svd_solver="randomized", random_state=0).fit(fit)
        again = pca.inverse_transform(pca.transform(held))
        found = {
            f"PCA, {self.width} numbers": float(((again - held) ** 2).mean()),
            "mean image": float(((fit.mean(0) - held) ** 2).mean()),
        }
        best = min(found, key=lambda name: found[name])
        return {"reconstruction": found[best], "what": best, "all": found}

    def answers(self, outputs: Float[Tensor, "N E"]) -> list[dict[str, Any]]:
        """value: the reconstruction error; code: the numbers the image became."""
        unit = "mean squared error in [-1, 1]"
        return [{"value": row[0], "unit": unit, "code": row[1:]} for row in outputs.tolist()]

    def generate(self, model: Any, count: int, device: torch.device) -> Float[Tensor, "N C H W"]:
        """New images in [-1, 1] from draws of the prior; the model in eval mode."""
        return model.decode(model.prior(count, device)).float()  # type: ignore[no-any-return]

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """samples: the same noise decoded [64 C H W]; originals and reconstructions [8 C H W];
        all uint8. The noise is the same each time because the loop seeds this stream alike."""
        some = batch.x[:8]
        images = {
            "samples": self.generate(model, GRID, batch.x.device),
            "originals": some,
            "reconstructions": model(some).float(),
        }
        return {name: as_bytes(x) for name, x in images.items()}


def as_bytes(x: Float[Tensor, "N C H W"]) -> np.ndarray:
    """Images in [-1, 1] as uint8."""
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
