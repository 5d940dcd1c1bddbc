"""ResNet: residual networks for small images; a block adds its output to its input.

    x [N C H W] -> [N outputs]; each stage halves H and W

    stage   Conv2d, MaxPool2d, BatchNorm2d, ReLU, then its blocks
    block   relu(x + BatchNorm2d(Conv2d(relu(BatchNorm2d(Conv2d(x))))))

Only the first layers of a stage change the shape, so every skip path is the identity. The first
stage is the stem.
"""

from pydantic import Field
from torch import nn

from etude.config import DEEPEST, Width
from etude.config import Config as Base
from etude.errors import InvalidValue
from etude.layers.dropout import Dropout
from etude.layers.init import init_param
from etude.locale.texts import text
from etude.models.architecture import SMALL, Architecture, Preset
from etude.models.plain import PlainNetwork, source
from etude.shapes import Float, Spec, Tensor


class Config(Base):
    """Sizes of a ResNet."""

    channels: tuple[Width, ...] = Field(
        default=(16, 32, 64), min_length=1, max_length=DEEPEST, description="config.resnet.channels"
    )
    blocks: int = Field(default=1, ge=0, le=DEEPEST, description="config.resnet.blocks")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="config.resnet.dropout")
    mirrored: bool = Field(default=False, description="config.resnet.mirrored")


def conv(inputs: int, channels: int) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps the image's size."""
    # No bias: the batch norm after it subtracts the mean, and any bias with it.
    return nn.Conv2d(inputs, channels, kernel_size=3, padding=1, bias=False)


class Block(nn.Module):
    """The basic residual block [N C H W] -> [N C H W] with an identity skip path.

    Source: K. He et al., "Deep Residual Learning for Image Recognition", 2016, section 3.1, figure
    2.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(channels, channels), nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = conv(channels, channels), nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        change = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(x + change)  # type: ignore[no-any-return]


def stage(inputs: int, channels: int, blocks: int) -> nn.Sequential:
    """One stage: [N inputs H W] -> [N channels H/2 W/2]."""
    # Pooling comes before norm and ReLU, which then process a quarter of the values: D. Page, "How
    # to Train Your ResNet 8: Bag of Tricks", 2019.
    head = [conv(inputs, channels), nn.MaxPool2d(2), nn.BatchNorm2d(channels), nn.ReLU(True)]
    return nn.Sequential(*head, *(Block(channels) for _ in range(blocks)))


class ResNet(nn.Module):
    """ResNet for images. Raises ValueError if the stages would reduce the image to nothing.

    mirrored: in eval mode the output is the mean of the outputs for x and for its mirror image;
    training does not change. Source: A. Krizhevsky et al., "ImageNet Classification with Deep
    Convolutional Neural Networks", 2012, section 4.1, who average over patches and reflections.
    """

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        channels, height, width = spec.shape
        # The whole part of log2 of the shorter side: so many halvings leave at least one pixel.
        most = min(height, width).bit_length() - 1
        if len(config.channels) > most:
            count = len(config.channels)
            sides = {"height": height, "width": width, "side": 2**count}
            raise InvalidValue(text("model.resnet.halved", stages=count, most=most, **sides))
        sizes = [channels, *config.channels]
        # The first stage is the stem, which has no residual blocks.
        blocks = [0] + [config.blocks] * len(config.channels[1:])
        self.stages = nn.Sequential(*map(stage, sizes, sizes[1:], blocks))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Sequential(
            nn.Flatten(), Dropout(config.dropout), nn.Linear(sizes[-1], spec.outputs)
        )
        self.mirrored = config.mirrored
        self.init_param()

    def init_param(self) -> None:
        """Initialise with He normal, and every residual block as the identity.

        Source: P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1.
        """
        init_param(self)
        # A zero weight in the last norm makes the residual branch output zeros at first.
        for part in self.modules():
            if isinstance(part, Block):
                nn.init.zeros_(part.bn2.weight)

    def outputs(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N outputs"]:
        """The outputs for x itself, without its mirror image."""
        return self.head(self.pool(self.stages(x)))  # type: ignore[no-any-return]

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N outputs"]:
        if self.mirrored and not self.training:
            return (self.outputs(x) + self.outputs(x.flip(-1))) / 2
        return self.outputs(x)


def default(spec: Spec) -> Preset:
    """Three stages; fewer and wider ones if the image is too small for three."""
    # One stage less than would fit, so that the last feature map has at least 2 x 2 pixels.
    fits = max(1, min(spec.shape[1:]).bit_length() - 2)
    channels = [16, 32, 64] if fits > 2 else [32, 64][:fits]
    train = {**SMALL, "lr": 0.01, "weight_decay": 0.02}
    return Preset({"channels": channels, "blocks": 1}, train, 1500)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """The network as plain PyTorch."""
    sizes = [spec.shape[0], *config.channels]
    page = source(
        "resnet.py.j2", stages=list(zip(sizes, sizes[1:])), last=sizes[-1],
        blocks=config.blocks if len(config.channels) > 1 else 0, dropout=config.dropout,
        mirrored=config.mirrored, outputs=spec.outputs,
    )  # fmt: skip
    # The last layer has no Sequential around it.
    return PlainNetwork("ResNet", page, renamed={"head.1.": "head.", "head.2.": "head."})


ARCHITECTURE = Architecture(
    Config,
    ResNet,
    title="ResNet",
    summary=text("model.resnet.summary"),
    reads=("image",),
    presets={"default": default},
    targets=("class", "value"),
    code=code,
)
