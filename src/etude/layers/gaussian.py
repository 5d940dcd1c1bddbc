"""Gaussian codes: drawing them so that gradients pass, and how far two clouds are apart.

N batch · D code width · mu, logvar [N D], sigma = exp(logvar / 2)
"""

import torch

from etude.shapes import Float, Tensor


def reparameterize(
    mu: Float[Tensor, "N D"], logvar: Float[Tensor, "N D"], deterministic: bool = False
) -> Float[Tensor, "N D"]:
    """z = mu + sigma * noise, with noise from N(0, 1); or mu itself.

    Source: D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014, section 2.4.
    """
    if deterministic:
        return mu
    return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


def energy_distance(a: Float[Tensor, "N D"], b: Float[Tensor, "M D"]) -> Float[Tensor, ""]:
    """2 mean|a-b| - mean|a-a'| - mean|b-b'|: zero or more, and smaller the more alike.

    The means run over all pairs, a point with itself included, so that two samples of one
    distribution are apart by about 2 mean|a-a'| / N and never by less than zero.
    Source: G. Székely, M. Rizzo, "Energy statistics", J. Stat. Plan. Inference 143, 2013, eq. 6.1.
    """

    def apart(x: Tensor, y: Tensor) -> Tensor:
        return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").mean()

    return 2 * apart(a, b) - apart(a, a) - apart(b, b)
