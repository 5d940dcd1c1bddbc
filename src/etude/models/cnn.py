"""CNN: blocks of Conv2d, BatchNorm2d, ReLU, MaxPool2d, Dropout2d; then Linear.

x [N C H W] -> [N outputs]; each block halves H and W
"""

from pydantic import Field
from torch import nn

from etude.config import DEEPEST, Width
from etude.config import Config as Base
from etude.layers.dropout import Dropout, Dropout2d
from etude.layers.init import init_param
from etude.models.architecture import NOTES, SMALL, Architecture, Preset
from etude.shapes import Float, Spec, Tensor


class Config(Base):
    """Sizes of a CNN."""

    channels: tuple[Width, ...] = Field(
        default=(32, 64), max_length=DEEPEST, description="channels of each block"
    )
    convs: int = Field(default=1, ge=1, le=DEEPEST, description="convolutions in each block")
    kernel: int = Field(default=3, ge=1, le=1023, description="side of the kernel, odd")
    dropout2d: float = Field(default=0.0, ge=0, lt=1, description="share of channels left out")
    hidden: tuple[Width, ...] = Field(
        default=(128,), max_length=DEEPEST, description="units of the layers after"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="share of these units left out")


def block(inputs: int, channels: int, config: Config) -> nn.Sequential:
    """[N C H W] -> [N channels H/2 W/2]."""
    layers: list[nn.Module] = []
    for conv in range(config.convs):
        layers += [
            nn.Conv2d(
                channels if conv else inputs, channels, config.kernel, padding=config.kernel // 2
            ),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
    layers += [nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)), Dropout2d(config.dropout2d)]
    return nn.Sequential(*layers)


class CNN(nn.Module):
    """Raises ValueError if pooling would leave nothing of the image, or the kernel is even."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        channels, height, width = spec.shape
        if config.kernel % 2 == 0:
            raise ValueError(f"kernel={config.kernel}: only an odd kernel keeps an image's size")
        most = min(height, width).bit_length() - 1
        if len(config.channels) > most:
            raise ValueError(
                f"{len(config.channels)} blocks halve an image of {height}x{width} to nothing: "
                f"use at most {most} (channels has one number a block), "
                f"or images of at least {2 ** len(config.channels)} pixels a side"
            )
        sizes = [channels, *config.channels]
        self.blocks = nn.Sequential(*(block(a, b, config) for a, b in zip(sizes, sizes[1:])))
        shrink = 2 ** len(config.channels)
        inputs = sizes[-1] * (height // shrink) * (width // shrink)
        layers: list[nn.Module] = [nn.Flatten()]
        for hdim in config.hidden:
            layers += [
                nn.Linear(inputs, hdim),
                nn.ReLU(inplace=True),
                Dropout(config.dropout),
            ]
            inputs = hdim
        self.head = nn.Sequential(*layers, nn.Linear(inputs, spec.outputs))
        self.init_param()

    def init_param(self) -> None:
        """Start anew."""
        init_param(self)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N outputs"]:
        return self.head(self.blocks(x))  # type: ignore[no-any-return]


def default(spec: Spec) -> Preset:
    """Three blocks and a small head, below 100,000 parameters at 28x28; where an image bears fewer,
    two convolutions a block instead."""
    train = {**SMALL, "lr": 6e-3, "weight_decay": 0.02}
    head = {"hidden": [64], "dropout2d": 0.1, "dropout": 0.25}
    fits = min(spec.shape[1:]).bit_length() - 1
    if fits > 3:
        return Preset({"channels": [32, 64, 64], "convs": 1, **head}, train, 1500)
    return Preset({"channels": [32, 64][:fits], "convs": 2, **head}, train, 1000)


def notes(spec: Spec) -> Preset:
    """The notes' CNN: blocks in their order, Dropout2d of a half, Adam. Sizes are ours."""
    fits = min(spec.shape[1:]).bit_length() - 1
    model = {"channels": [32, 64][:fits], "hidden": [128], "dropout2d": 0.5, "dropout": 0.5}
    return Preset(model, NOTES, 1500)


ARCHITECTURE = Architecture(
    Config,
    CNN,
    "small filters slid over an image, and pooling",
    reads=("image",),
    presets={"default": default, "notes": notes},
    tasks=("classify", "regress"),
)
