"""Networks of ours for an adversarial step that takes its networks as arguments, in the forms that
such a step may expect.

    images [N C H W] or [N Q] · z [N Z] a code · D(z) [N 1] or [N] a score
"""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from etude.shapes import Tensor

HIDDEN, Z = 16, 6


class Encoder(nn.Module):
    """images -> z, or (mean, logvar), or (z, mean, logvar), by `gives`: 1, 2 or 3 tensors."""

    def __init__(self, numbers: int, gives: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(numbers, HIDDEN), nn.Tanh())
        self.heads = nn.ModuleList(nn.Linear(HIDDEN, Z) for _ in range(min(gives, 2)))
        self.gives = gives

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """As `gives` says."""
        h = self.body(x)
        out: tuple[Tensor, ...] = tuple(head(h) for head in self.heads)
        if self.gives < 3:
            return out if self.gives == 2 else out[0]
        return (out[0] + torch.randn_like(out[0]) * (out[1] / 2).exp(), *out)


class Decoder(nn.Module):
    """z -> images of one shape, in [0, 1]."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        numbers = int(torch.Size(shape).numel())
        self.shape = shape
        self.body = nn.Sequential(
            nn.Linear(Z, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, numbers), nn.Sigmoid()
        )

    def forward(self, z: Tensor) -> Tensor:
        """Images."""
        out: Tensor = self.body(z)
        return out.view(len(z), *self.shape)


class Discriminator(nn.Module):
    """z -> a score. bounded: a probability, else a logit; flat: [N], else [N 1]."""

    def __init__(self, bounded: bool, flat: bool) -> None:
        super().__init__()
        ends = (nn.Sigmoid(),) if bounded else ()
        self.body = nn.Sequential(nn.Linear(Z, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1), *ends)
        self.flat = flat
        with torch.no_grad():  # scores of both signs, so that a probability is seen to be none
            for p, factor in zip(list(self.body.parameters())[2:], (10, 0)):
                p.mul_(factor)

    def forward(self, z: Tensor) -> Tensor:
        """Scores."""
        out: Tensor = self.body(z)
        return out.squeeze(1) if self.flat else out


class Pair(nn.Module):
    """Encoder and decoder in one. gives: the images alone, with the code behind or before them."""

    def __init__(self, parts: Mapping[str, nn.Module], gives: int) -> None:
        super().__init__()
        self.encoder, self.decoder = parts["encoder"], parts["decoder"]
        self.enc, self.dec, self.gives = self.encoder, self.decoder, gives
        self.encode, self.decode = self.encoder.forward, self.decoder.forward

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """As `gives` says."""
        z = self.encoder(x)
        out: Tensor = self.decoder(z)
        return (out, (out, z), (z, out))[self.gives - 1]


def toys(images: Tensor) -> Iterator[Mapping[str, nn.Module]]:
    """Players for these images, the plainest first."""
    for gives in (1, 2, 3):
        for flat in (False, True):
            for bounded in (False, True):
                torch.manual_seed(23)
                parts = {
                    "encoder": Encoder(images[0].numel(), gives),
                    "decoder": Decoder(tuple(images.shape[1:])),
                    "discriminator": Discriminator(bounded, flat),
                }
                dtype = torch.get_default_dtype()
                yield {part: module.to(dtype) for part, module in parts.items()}
