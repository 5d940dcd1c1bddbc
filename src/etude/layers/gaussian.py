"""Gaussian codes: drawing them so that gradients pass, and how far two clouds are apart.

N batch · D code width · mu, logvar [N D], sigma = exp(logvar / 2)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from etude.shapes import Float, Tensor


@dataclass
class Draws:
    """The noise of one training step, from a stream of its own: drawn for the whole batch, `total`
    samples, of which a process takes every `size`-th row from `rank` on. So what is drawn does not
    depend on how many processes share the batch."""

    key: int
    rank: int
    size: int
    total: int
    generator: torch.Generator | None = None

    def rows(self, width: int, device: torch.device) -> Float[Tensor, "N D"]:
        """This process's rows of the next draw."""
        if self.generator is None:
            self.generator = torch.Generator(device).manual_seed(self.key)
        whole = torch.randn(self.total, width, device=device, generator=self.generator)
        return whole[self.rank :: self.size]


_draws: Draws | None = None


@contextmanager
def drawing(draws: Draws) -> Iterator[None]:
    """Inside, `noise` comes from these draws."""
    global _draws
    before, _draws = _draws, draws
    try:
        yield
    finally:
        _draws = before


def _drawn(count: int, width: int, device: torch.device) -> Float[Tensor, "N D"]:
    if _draws is None:
        return torch.randn(count, width, device=device)
    return _draws.rows(width, device)


def noise(count: int, width: int, device: torch.device) -> Float[Tensor, "N D"]:
    """Draws from N(0, 1): from torch's generator, or the step's own where one is under way."""
    return _drawn(count, width, device)


def keep_out_of_compilation() -> None:
    """To be called before a step is compiled: what draws read changes with each step, and would be
    compiled in. Not a decorator, which would import torch's compiler (1 s) in every process."""
    global _drawn
    _drawn = torch.compiler.disable(_drawn)  # type: ignore[no-untyped-call]


def reparameterize(
    mu: Float[Tensor, "N D"], logvar: Float[Tensor, "N D"], deterministic: bool = False
) -> Float[Tensor, "N D"]:
    """z = mu + sigma * noise, with noise from N(0, 1); or mu itself.

    Source: D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014, section 2.4.
    """
    if deterministic:
        return mu
    epsilon = noise(len(mu), mu.shape[1], mu.device).to(mu.dtype)
    return mu + torch.exp(0.5 * logvar) * epsilon


def energy_distance(a: Float[Tensor, "N D"], b: Float[Tensor, "M D"]) -> Float[Tensor, ""]:
    """2 mean|a-b| - mean|a-a'| - mean|b-b'|: zero or more, and smaller the more alike.

    The means run over all pairs, a point with itself included, so that two samples of one
    distribution are apart by about 2 mean|a-a'| / N and never by less than zero.
    Source: G. Székely, M. Rizzo, "Energy statistics", J. Stat. Plan. Inference 143, 2013, eq. 6.1.
    """

    def apart(x: Tensor, y: Tensor) -> Tensor:
        return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").mean()

    return 2 * apart(a, b) - apart(a, a) - apart(b, b)
