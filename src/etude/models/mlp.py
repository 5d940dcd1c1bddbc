"""MLP: Linear, (BatchNorm1d,) ReLU, dropout for each hidden size; then Linear.

    x [N D] -> [N outputs]

The notes use Dropout2d here, which on vectors is plain dropout; this module uses Dropout.
"""

from pydantic import Field
from torch import nn

from etude.config import DEEPEST, Width
from etude.config import Config as Base
from etude.layers.dropout import Dropout
from etude.layers.init import init_param
from etude.locale.texts import text
from etude.models.architecture import NOTES, SMALL, Architecture, Preset
from etude.shapes import Float, Spec, Tensor


class Config(Base):
    """Sizes of an MLP."""

    hidden: tuple[Width, ...] = Field(
        default=(256, 256), max_length=DEEPEST, description="units of each hidden layer"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="share of units left out")
    batch_norm: bool = Field(default=False, description="batch norm before each ReLU")


class MLP(nn.Module):
    """Multilayer perceptron with He normal initialisation.

    batch_norm: batch norm before each ReLU, as in S. Ioffe, C. Szegedy, "Batch Normalization",
    2015, section 3.2.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: tuple[int, ...],
        dropout: float,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        prev_hdim = inputs
        for hdim in hidden:
            # Batch norm subtracts the mean, and any bias with it, so the Linear has none.
            layers.append(nn.Linear(prev_hdim, hdim, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm1d(hdim))
            layers += [nn.ReLU(inplace=True), Dropout(dropout)]
            prev_hdim = hdim
        self.net = nn.Sequential(*layers, nn.Linear(prev_hdim, outputs, bias=True))
        self.init_param()

    def init_param(self) -> None:
        """Initialise all parameters with He normal and zero bias."""
        init_param(self)

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N outputs"]:
        return self.net(x)  # type: ignore[no-any-return]


def build(config: Config, spec: Spec) -> MLP:
    """An MLP for vectors of length spec.size."""
    return MLP(spec.size, spec.outputs, config.hidden, config.dropout, config.batch_norm)


def default(spec: Spec) -> Preset:
    """Wide layers with dropout for classes; narrow ones without for values and forecasts."""
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


ARCHITECTURE = Architecture(
    Config,
    build,
    title="MLP",
    summary=text("model.mlp.summary"),
    reads=("vector",),
    presets={"default": default, "notes": notes},
    highlights=("first-layer", "fitted", "mistakes", "curves"),
)
