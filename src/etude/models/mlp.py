"""MLP: Linear, (BatchNorm1d,) activation, dropout for each hidden size; then Linear.

    x [N D] -> (scale) -> (periodic embedding of each feature) -> hidden layers -> [N outputs]

The notes use Dropout2d here, which on vectors is plain dropout; this module uses Dropout.
"""

from typing import Literal

from pydantic import Field
from torch import nn

from etude.config import DEEPEST, Width
from etude.config import Config as Base
from etude.layers.dropout import Dropout
from etude.layers.init import init_param
from etude.layers.periodic import Periodic, Scale
from etude.locale.texts import text
from etude.models.architecture import NOTES, SMALL, Architecture, Preset
from etude.models.plain import PlainNetwork, source
from etude.shapes import Float, Spec, Tensor

WAVES, FREQUENCY = 16, 0.3
"""Waves of a periodic embedding, and the spread of their frequencies at the start, in waves for
each unit of a standardised feature."""
ACTIVATIONS: dict[str, type[nn.ReLU] | type[nn.SiLU]] = {"relu": nn.ReLU, "silu": nn.SiLU}


class Config(Base):
    """Sizes of an MLP."""

    hidden: tuple[Width, ...] = Field(
        default=(256, 256), max_length=DEEPEST, description="config.mlp.hidden"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="config.mlp.dropout")
    batch_norm: bool = Field(default=False, description="config.mlp.batch_norm")
    activation: Literal["relu", "silu"] = Field(default="relu", description="config.mlp.activation")
    embed: int = Field(default=0, ge=0, le=64, description="config.mlp.embed")
    scale: bool = Field(default=False, description="config.mlp.scale")


class MLP(nn.Module):
    """Multilayer perceptron with He normal initialisation.

    batch_norm: batch norm before each activation, as in S. Ioffe, C. Szegedy, "Batch
    Normalization", 2015, section 3.2. embed: see `layers.periodic.Periodic`, whose width it is; 0:
    none. scale: see `layers.periodic.Scale`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: tuple[int, ...],
        dropout: float,
        batch_norm: bool = False,
        activation: Literal["relu", "silu"] = "relu",
        embed: int = 0,
        scale: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [Scale(inputs)] if scale else []
        if embed:
            layers.append(Periodic(inputs, WAVES, embed, FREQUENCY))
        prev_hdim = inputs * (embed + 1)
        for hdim in hidden:
            # Batch norm subtracts the mean, and any bias with it, so the Linear has none.
            layers.append(nn.Linear(prev_hdim, hdim, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm1d(hdim))
            layers += [ACTIVATIONS[activation](inplace=True), Dropout(dropout)]
            prev_hdim = hdim
        self.net = nn.Sequential(*layers, nn.Linear(prev_hdim, outputs, bias=True))
        self.init_param()

    def init_param(self) -> None:
        """Initialise all parameters with He normal and zero bias; embeddings in their own way."""
        init_param(self)
        for part in self.net:
            if isinstance(part, Periodic | Scale):
                part.init_param()

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N outputs"]:
        return self.net(x)  # type: ignore[no-any-return]


def build(config: Config, spec: Spec) -> MLP:
    """An MLP for vectors of length spec.size; of windows of series its output is 0 at first, which
    is the naive forecast."""
    model = MLP(spec.size, spec.outputs, **dict(config))
    if spec.panel:
        last = model.net[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
    return model


def default(spec: Spec) -> Preset:
    """Wide layers with dropout for classes; narrow ones without for values and forecasts; periodic
    embeddings for the columns of a table, and no hidden layer for windows of series (docs/LOG.md
    has the evidence)."""
    if spec.panel:
        model = {"hidden": [], "dropout": 0.0}
        return Preset(model, {**SMALL, "lr": 1e-2, "weight_decay": 1e-2, "batch_size": 512}, 1000)
    if spec.table:
        model = {"hidden": [256, 256], "dropout": 0.1, "activation": "silu", "embed": 4}
        return Preset({**model, "scale": True}, {**SMALL, "lr": 2e-3, "weight_decay": 0.02}, 2000)
    if spec.target != "class":
        model = {"hidden": [64, 64, 64], "dropout": 0.0}
        return Preset(model, {**SMALL, "lr": 1e-2, "weight_decay": 1e-4}, 1400)
    return Preset(
        {"hidden": [512, 256], "dropout": 0.25},
        {**SMALL, "lr": 1.5e-3, "weight_decay": 0.02},
        1500,
    )


def notes(spec: Spec) -> Preset:
    """The notes' MLP: dropout 0.5, Adam. The notes give no sizes; 256 and 256 are ours."""
    return Preset({"hidden": [256, 256], "dropout": 0.5}, NOTES, 1500)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """The network as plain PyTorch."""
    layers = ["Scale()"] if config.scale else []
    layers += ["Periodic()"] if config.embed else []
    inputs = spec.size * (config.embed + 1)
    for hdim in config.hidden:
        layers.append(f"nn.Linear({inputs}, {hdim}{', bias=False' if config.batch_norm else ''})")
        if config.batch_norm:
            layers.append(f"nn.BatchNorm1d({hdim})")
        layers.append(f"nn.{ACTIVATIONS[config.activation].__name__}()")
        if config.dropout:
            layers.append(f"nn.Dropout({config.dropout})")
        inputs = hdim
    layers.append(f"nn.Linear({inputs}, {spec.outputs})")
    page = source(
        "mlp.py.j2", layers=layers, inputs=spec.size, embed=config.embed, scale=config.scale,
        waves=WAVES, frequency=FREQUENCY,
        batch_norm=config.batch_norm, hidden=config.hidden,
    )  # fmt: skip
    return PlainNetwork("MLP", page)


ARCHITECTURE = Architecture(
    Config,
    build,
    title="MLP",
    summary=text("model.mlp.summary"),
    reads=("vector",),
    presets={"default": default, "notes": notes},
    highlights=("first-layer", "fitted", "mistakes", "curves"),
    code=code,
)
