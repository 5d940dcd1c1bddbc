"""Gaussian codes: differentiable sampling, the noise of a training step, and the energy distance.

N batch · D code width · mu, logvar [N D], sigma = exp(logvar / 2)
"""

from collections.abc import Callable
from functools import cache

import torch

from etude.shapes import Float, Tensor

Noise = Callable[[int, int, torch.device], Tensor]
"""noise(N, D, device) is N samples of N(0, 1) in D dimensions, float32 [N D]."""


def torch_noise(count: int, width: int, device: torch.device) -> Float[Tensor, "N D"]:
    """Noise from torch's own generator, as that of dropout."""
    return torch.randn(count, width, device=device)


class BatchNoise:
    """The noise of one training step, from its own random stream seeded with `key`.

    It is generated for the whole batch of `total` samples, of which a process takes every `size`-th
    row starting at `rank`. So the noise does not depend on how many processes share the batch.
    """

    def __init__(self, key: int, rank: int, size: int, total: int) -> None:
        self.key, self.rank, self.size, self.total = key, rank, size, total
        self.generator: torch.Generator | None = None

    def __call__(self, count: int, width: int, device: torch.device) -> Float[Tensor, "N D"]:
        """This process's rows of the next noise matrix; `count` is their number."""
        # Created on first use, because only then the device is known. It is kept, so that several
        # calls in one step get different noise.
        if self.generator is None:
            self.generator = torch.Generator(device).manual_seed(self.key)
        # All rows are generated and most discarded: skipping rows would change the others.
        whole = torch.randn(self.total, width, device=device, generator=self.generator)
        return whole[self.rank :: self.size]


@cache
def keep_out_of_compilation() -> None:
    """Exclude the noise of a batch from compilation; call it before a step is compiled."""
    # The key differs in each step, and the compiler would specialise on its value. Not a decorator,
    # because that would import torch's compiler (1 s) in every process.
    disabled = torch.compiler.disable(BatchNoise.__call__)  # type: ignore[no-untyped-call]
    BatchNoise.__call__ = disabled  # type: ignore[method-assign]


def reparameterize(
    mu: Float[Tensor, "N D"],
    logvar: Float[Tensor, "N D"],
    deterministic: bool = False,
    noise: Noise = torch_noise,
) -> Float[Tensor, "N D"]:
    """Sample z = mu + sigma * noise with noise from N(0, 1); with `deterministic`, return mu.

    Source: D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014, section 2.4.
    """
    if deterministic:
        return mu
    # Generated in fp32 and cast: the stream is then the same in every precision.
    epsilon = noise(len(mu), mu.shape[1], mu.device).to(mu.dtype)
    # The network outputs the logarithm, so sigma is positive for any output; exp(logvar / 2) avoids
    # the gradient of a square root, which is infinite at 0.
    return mu + torch.exp(0.5 * logvar) * epsilon


def energy_distance(a: Float[Tensor, "N D"], b: Float[Tensor, "M D"]) -> Float[Tensor, ""]:
    """Energy distance 2 mean|a-b| - mean|a-a'| - mean|b-b'| of two samples; never negative.

    The means run over all pairs, including each point with itself, so the distance between two
    samples of the same distribution is about 2 mean|a-a'| / N.
    Source: G. Székely, M. Rizzo, "Energy statistics", J. Stat. Plan. Inference 143, 2013, eq. 6.1.
    """

    def mean_distance(x: Tensor, y: Tensor) -> Tensor:
        # cdist's matrix product loses digits by cancellation for points that are close together;
        # the distance of a point to itself would not be 0.
        return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").mean()

    # With each point's pair with itself the value cannot be negative; without (the unbiased
    # estimate) it can, and a ratio of two distances would lose its meaning.
    return 2 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)
