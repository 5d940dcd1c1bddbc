"""Adversarial autoencoder: an autoencoder whose codes a discriminator pushes towards a prior.

    image [N C H W] -> encoder -> mu, logvar [N D] -> z [N D] -> decoder -> image [N C H W]
    discriminator: z [N D] -> logit [N 1], high for samples of the prior (real), low for codes

Source: A. Makhzani et al., "Adversarial Autoencoders", 2015, section 2. There is no KL term; the
adversarial loss takes its place. Images lie in [-1, 1], the range of the decoder's Tanh. The
discriminator returns logits; the Sigmoid of the notes is inside the loss, which is then stable for
large logits.
"""

from functools import partial
from math import prod
from typing import Annotated, Literal

import torch
from einops import rearrange
from pydantic import Field
from torch import nn
from torch.nn import functional as F

from etude.config import WIDEST, Width
from etude.config import Config as Base
from etude.layers.dropout import Dropout
from etude.layers.gaussian import Noise, reparameterize, torch_noise
from etude.layers.init import init_param
from etude.locale.texts import text
from etude.models.architecture import NOTES, Architecture, Preset
from etude.models.plain import PlainNetwork, source
from etude.shapes import Batch, Float, Spec, Tensor, wide
from etude.tasks.protocol import Phase, PhaseSettings

Beta = Annotated[float, Field(ge=0, lt=1)]


class Config(Base):
    """Sizes of an adversarial autoencoder, its prior, and its adversarial training."""

    latent_dim: int = Field(default=8, ge=1, le=WIDEST, description="config.aae.latent_dim")
    hidden: tuple[Width, Width] = Field(default=(512, 512), description="config.aae.hidden")
    critic: tuple[Width, Width] = Field(default=(512, 256), description="config.aae.critic")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="config.aae.dropout")
    slope: float = Field(default=0.0, ge=0, lt=1, description="config.aae.slope")
    batch_norm: bool = Field(default=True, description="config.aae.batch_norm")
    code_norm: bool = Field(default=False, description="config.aae.code_norm")
    encoder: Literal["deterministic", "gaussian"] = Field(
        default="deterministic", description="config.aae.encoder"
    )
    prior_scale: float = Field(default=1.0, gt=0, description="config.aae.prior_scale")
    critic_lr: float = Field(default=1.0, gt=0, description="config.aae.critic_lr")
    confuse_lr: float = Field(default=1.0, gt=0, description="config.aae.confuse_lr")
    betas: tuple[Beta, Beta] = Field(default=(0.5, 0.999), description="config.aae.betas")
    penalty: float = Field(default=0.0, ge=0, description="config.aae.penalty")
    game: Literal["paper", "weighted"] = Field(
        default="paper",
        description="config.aae.game",
    )


def activation(config: Config) -> list[nn.Module]:
    """Dropout, then ReLU or leaky ReLU, in the notes' order."""
    # With the same mask the reverse order gives the same values: both only scale by factors >= 0.
    act = nn.LeakyReLU(config.slope) if config.slope else nn.ReLU()
    return [Dropout(p=config.dropout), act]


class CodeNorm(nn.BatchNorm1d):
    """Batch norm to the prior's mean and standard deviation, without learned parameters.

    It fixes mean and scale of the codes, which otherwise oscillate, so the adversarial training
    only has to match the shape of the distribution.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config.latent_dim, affine=False)
        self.scale = config.prior_scale

    def forward(self, mu: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        return self.scale * super().forward(mu)


class Encoder(nn.Module):
    """Encodes an image into mu and logvar, each [N D]."""

    def __init__(self, config: Config, img_shape: tuple[int, ...]) -> None:
        super().__init__()
        a, b = config.hidden
        self.model = nn.Sequential(
            nn.Linear(prod(img_shape), a),
            *activation(config),
            nn.Linear(a, b),
            *activation(config),
        )
        self.mu = nn.Linear(b, config.latent_dim)
        self.norm = CodeNorm(config) if config.code_norm else None
        self.logvar = nn.Linear(b, config.latent_dim)

    def forward(
        self, img: Float[Tensor, "N C H W"]
    ) -> tuple[Float[Tensor, "N D"], Float[Tensor, "N D"]]:
        x = self.model(rearrange(img, "n c h w -> n (c h w)"))
        mu = self.mu(x)
        return mu if self.norm is None else self.norm(mu), self.logvar(x)


class Decoder(nn.Module):
    """Decodes a code into an image in [-1, 1]."""

    def __init__(self, config: Config, img_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.img_shape = img_shape
        b, a = config.hidden
        self.model = nn.Sequential(
            nn.Linear(config.latent_dim, a),
            *activation(config),
            nn.Linear(a, b),
            *([nn.BatchNorm1d(b)] if config.batch_norm else []),
            *activation(config),
            nn.Linear(b, prod(img_shape)),
            nn.Tanh(),
        )

    def forward(self, z: Float[Tensor, "N D"]) -> Float[Tensor, "N C H W"]:
        c, h, w = self.img_shape
        x: Tensor = rearrange(self.model(z), "n (c h w) -> n c h w", c=c, h=h, w=w)
        return x


class Discriminator(nn.Module):
    """Maps a code to the logit of the probability that it is a sample of the prior."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        a, b = config.critic
        self.model = nn.Sequential(
            nn.Linear(config.latent_dim, a),
            *activation(config),
            nn.Linear(a, b),
            *activation(config),
            nn.Linear(b, 1),
        )

    def forward(self, z: Float[Tensor, "N D"]) -> Float[Tensor, "N 1"]:
        return self.model(z)  # type: ignore[no-any-return]


class AAE(nn.Module):
    """Encoder, decoder and discriminator in one module; `prior` samples codes."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        self.deterministic = config.encoder == "deterministic"
        # Prefixes of parameters that no loss depends on; tests/test_contract.py trains the rest.
        self.unused = ("encoder.logvar.",) if self.deterministic else ()
        self.prior_scale, self.latent_dim = config.prior_scale, config.latent_dim
        self.encoder = Encoder(config, spec.shape)
        self.decoder = Decoder(config, spec.shape)
        self.discriminator = Discriminator(config)
        self.init_param()

    def init_param(self) -> None:
        """Initialise all parameters: He normal, and logvar so that sigma is about 0.05."""
        init_param(self)
        # exp(-6 / 2) is about 0.05. With sigma near 1 the noise would hide the image in the codes
        # during the first steps.
        nn.init.normal_(self.encoder.logvar.weight, std=0.01)
        nn.init.constant_(self.encoder.logvar.bias, -6.0)

    def encode(
        self, img: Float[Tensor, "N C H W"], noise: Noise = torch_noise
    ) -> Float[Tensor, "N D"]:
        """Codes as in training: with noise if the encoder is Gaussian."""
        mu, logvar = self.encoder(img)
        return reparameterize(mu, logvar, self.deterministic, noise)

    def embed(self, img: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D"]:
        """Codes without noise: mu."""
        return self.encoder(img)[0]  # type: ignore[no-any-return]

    def prior(
        self, count: int, device: torch.device, noise: Noise = torch_noise
    ) -> Float[Tensor, "N D"]:
        """`count` samples of the prior N(0, prior_scale^2)."""
        return self.prior_scale * noise(count, self.latent_dim, device)

    def decode(self, z: Float[Tensor, "N D"]) -> Float[Tensor, "N C H W"]:
        """Decode codes into images in [-1, 1]."""
        return self.decoder(z)  # type: ignore[no-any-return]

    def forward(
        self, img: Float[Tensor, "N C H W"], noise: Noise = torch_noise
    ) -> Float[Tensor, "N C H W"]:
        return self.decode(self.encode(img, noise))


def reconstruct(model: AAE, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
    """Mean squared error between images and reconstructions, in fp32 or wider."""
    return F.mse_loss(wide(model(batch.x, noise)), batch.x)


def adversarial_loss(logits: Float[Tensor, "N 1"], real: bool) -> Float[Tensor, ""]:
    """Binary cross-entropy of the discriminator's logits against "real" (1) or "fake" (0)."""
    logits = wide(logits)
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def discriminate(model: AAE, batch: Batch, noise: Noise, penalty: float) -> Float[Tensor, ""]:
    """The discriminator's loss: classify samples of the prior as real and codes as fake.

    penalty: factor of the R1 gradient penalty, penalty/2 times the squared gradient of the logit at
    the samples of the prior. It makes the adversarial training converge instead of oscillating:
    L. Mescheder et al., "Which Training Methods for GANs Do Actually Converge?", 2018, equation 9.
    """
    # The discriminator must not train the encoder here, so its codes carry no graph.
    with torch.no_grad():
        codes = model.encode(batch.x, noise)
    # No autocast: the penalty needs the gradient of a gradient, for which bf16 is too coarse.
    with torch.autocast(codes.device.type, enabled=False):
        codes = wide(codes)
        prior = model.prior(len(codes), codes.device, noise).to(codes.dtype)
        prior.requires_grad_(penalty > 0)
        real, fake = model.discriminator(prior), model.discriminator(codes)
        loss = (adversarial_loss(real, True) + adversarial_loss(fake, False)) / 2
        if penalty:
            # The gradient of the sum gives each sample's own gradient, since a logit depends on its
            # own code only: the discriminator has no batch norm.
            (slope,) = torch.autograd.grad(real.sum(), prior, create_graph=True)
            loss = loss + penalty / 2 * slope.square().sum(1).mean()
    return loss


def confuse(model: AAE, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
    """The encoder's adversarial loss: the discriminator should classify its codes as real."""
    # The non-saturating form: minimising log(1 - p) instead would give a vanishing gradient while
    # the discriminator is right.
    return adversarial_loss(model.discriminator(model.encode(batch.x, noise)), True)


def generate(model: AAE, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
    """The single generator loss of common code: 0.001 adversarial loss + 0.999 L1."""
    codes = model.encode(batch.x, noise)
    adversarial = adversarial_loss(model.discriminator(codes), True)
    return 0.001 * adversarial + 0.999 * F.l1_loss(wide(model.decode(codes)), batch.x)


def phases(config: Config) -> tuple[Phase, ...]:
    """The phases of one training step.

    paper: Makhzani et al., 2015, section 2, three separate updates on the same batch.
    weighted: E. Linder-Norén's PyTorch-GAN, aae.py.
    The adversarial phases have their own betas of Adam: a first beta of 0.5 is from A. Radford et
    al., 2016, section 3; 0 and 0.99 go with the penalty (Mescheder et al., 2018, section 5).
    """
    adversarial: PhaseSettings = {"betas": config.betas}
    critic: PhaseSettings = {**adversarial, "lr_factor": config.critic_lr}
    confusion: PhaseSettings = {**adversarial, "lr_factor": config.confuse_lr}
    both = ("encoder.", "decoder.")
    critic_loss = partial(discriminate, penalty=config.penalty)
    if config.game == "weighted":
        return (
            Phase("generate", generate, both, adversarial),  # type: ignore[arg-type]
            Phase("discriminate", critic_loss, ("discriminator.",), critic, config.penalty > 0),
        )
    # The paper's order: the encoder is updated last, against the discriminator of this step.
    return (
        Phase("reconstruct", reconstruct, both),  # type: ignore[arg-type]
        Phase("discriminate", critic_loss, ("discriminator.",), critic, config.penalty > 0),
        Phase("confuse", confuse, ("encoder.",), confusion),  # type: ignore[arg-type]
    )


TRAIN = {**NOTES, "lr": 5e-4, "schedule": "cosine"}


def default(spec: Spec) -> Preset:
    """The paper's three phases with the notes' sizes, leaky ReLU and no dropout.

    For stable adversarial training it adds a gradient penalty and a higher learning rate for the
    discriminator (M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017).
    """
    # Images of up to 256 values, such as 8x8 digits, need a smaller code.
    latent = 8 if spec.size > 256 else 4
    model = {
        "latent_dim": latent,
        "slope": 0.2,
        "code_norm": True,
        "critic_lr": 4.0,
        "confuse_lr": 0.5,
        "penalty": 1.0,
        "betas": [0.0, 0.99],
    }
    return Preset(model, TRAIN, 1200)


def notes(spec: Spec) -> Preset:
    """The notes' networks exactly: dropout 0.2 before ReLU, mu and logvar, BatchNorm1d."""
    return Preset({"dropout": 0.2, "encoder": "gaussian"}, NOTES, 4000)


def paper(spec: Spec) -> Preset:
    """Makhzani et al., 2015, as reproductions quote it: 1000-1000 ReLU, no norm or dropout, a
    deterministic encoder, the prior N(0, 5^2) in 8 dimensions; but Adam instead of its SGD."""
    model = {
        "hidden": [1000, 1000],
        "critic": [1000, 1000],
        "batch_norm": False,
        "prior_scale": 5.0,
    }
    return Preset(model, {**TRAIN, "lr": 2e-4}, 4000)


def weighted(spec: Spec) -> Preset:
    """Common code: one Adam on the weighted loss, leaky ReLU, a Gaussian encoder, codes of 10."""
    model = {"latent_dim": 10, "slope": 0.2, "encoder": "gaussian", "game": "weighted"}
    return Preset(model, {**NOTES, "lr": 2e-4}, 4000)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """Encoder and decoder as plain PyTorch; the discriminator serves training alone."""
    (a, b), size = config.hidden, spec.size
    act = [f"nn.Dropout({config.dropout})"] if config.dropout else []
    act.append(f"nn.LeakyReLU({config.slope})" if config.slope else "nn.ReLU()")
    norm = [f"nn.BatchNorm1d({a})"] if config.batch_norm else []
    gaussian = config.encoder == "gaussian"
    page = source(
        "aae.py.j2", latent=config.latent_dim, hidden=config.hidden, gaussian=gaussian,
        code_norm=config.code_norm, prior=config.prior_scale,
        shape=", ".join(map(str, spec.shape)),
        encoder=[f"nn.Linear({size}, {a})", *act, f"nn.Linear({a}, {b})", *act],
        decoder=[
            f"nn.Linear({config.latent_dim}, {b})", *act, f"nn.Linear({b}, {a})", *norm, *act,
            f"nn.Linear({a}, {size})", "nn.Tanh()",
        ],
    )  # fmt: skip
    unused = ("discriminator.",) if gaussian else ("discriminator.", "encoder.logvar.")
    return PlainNetwork("AAE", page, without=unused)


ARCHITECTURE = Architecture(
    Config,
    AAE,
    title="AAE",
    summary=text("model.aae.summary"),
    reads=("image",),
    presets={"default": default, "notes": notes, "paper": paper, "weighted": weighted},
    highlights=("filmstrip", "decoded-grid"),
    provides="codes",
    scale="tanh",
    phases=phases,
    code=code,
)
