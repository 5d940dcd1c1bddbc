"""CNN: blocks of convolution, batch norm, ReLU, max-pooling and channel dropout; then Linear.

image     x [N C H W] -> [N outputs]; 2-d layers; each block halves H and W
sequence  x [N L Q] -> [N outputs]; 1-d layers over the steps; each block halves L
"""

from pydantic import Field
from torch import nn

from etude.config import DEEPEST, Width
from etude.config import Config as Base
from etude.errors import InvalidValue
from etude.layers.dropout import Dropout, Dropout2d
from etude.layers.init import init_param
from etude.layers.steps import StepConv, StepNorm, halve, hide, summary, valid_steps
from etude.locale.texts import text
from etude.models.architecture import NOTES, SMALL, Architecture, Preset
from etude.models.plain import PlainNetwork, source
from etude.shapes import Bool, Float, Int, Spec, Tensor

PARTS = 4
"""Number of parts of a sequence that are averaged separately, so that the head has coarse
information about position."""


class Config(Base):
    """Sizes of a CNN."""

    channels: tuple[Width, ...] = Field(
        default=(32, 64), max_length=DEEPEST, description="config.cnn.channels"
    )
    convs: int = Field(default=1, ge=1, le=DEEPEST, description="config.cnn.convs")
    kernel: int = Field(default=3, ge=1, le=1023, description="config.cnn.kernel")
    dropout2d: float = Field(default=0.0, ge=0, lt=1, description="config.cnn.dropout2d")
    hidden: tuple[Width, ...] = Field(
        default=(128,), max_length=DEEPEST, description="config.cnn.hidden"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="config.cnn.dropout")


def block(inputs: int, channels: int, config: Config) -> nn.Sequential:
    """One block for images: [N C H W] -> [N channels H/2 W/2]."""
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


def head(inputs: int, outputs: int, config: Config) -> list[nn.Module]:
    """The classifier or regressor after the blocks: [N inputs] -> [N outputs]."""
    layers: list[nn.Module] = []
    for hdim in config.hidden:
        layers += [nn.Linear(inputs, hdim), nn.ReLU(inplace=True), Dropout(config.dropout)]
        inputs = hdim
    return [*layers, nn.Linear(inputs, outputs)]


class CNN(nn.Module):
    """CNN for images. Raises ValueError if pooling would reduce the image to nothing, or if the
    kernel size is even."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        channels, height, width = spec.shape
        if config.kernel % 2 == 0:
            raise InvalidValue(text("model.cnn.kernel.image", kernel=config.kernel))
        # The whole part of log2 of the shorter side: so many halvings leave at least one pixel.
        most = min(height, width).bit_length() - 1
        if len(config.channels) > most:
            count = len(config.channels)
            sides = {"height": height, "width": width, "side": 2**count}
            raise InvalidValue(text("model.cnn.halved", blocks=count, most=most, **sides))
        sizes = [channels, *config.channels]
        self.blocks = nn.Sequential(*(block(a, b, config) for a, b in zip(sizes, sizes[1:])))
        shrink = 2 ** len(config.channels)
        # Each pooling rounds down, and one division by the product of all rounds to the same
        # number.
        inputs = sizes[-1] * (height // shrink) * (width // shrink)
        self.head = nn.Sequential(nn.Flatten(), *head(inputs, spec.outputs, config))
        self.init_param()

    def init_param(self) -> None:
        """Initialise all parameters with He normal and zero bias."""
        init_param(self)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N outputs"]:
        return self.head(self.blocks(x))  # type: ignore[no-any-return]


class StepBlock(nn.Module):
    """One block for sequences: [N L D] -> [N (L+1)/2 channels], and the halved lengths. Padded
    steps are zero throughout."""

    def __init__(self, inputs: int, channels: int, config: Config) -> None:
        super().__init__()
        sizes = [inputs] + [channels] * config.convs
        self.convs = nn.ModuleList(StepConv(a, b, config.kernel) for a, b in zip(sizes, sizes[1:]))
        self.norms = nn.ModuleList(StepNorm(channels) for _ in self.convs)
        self.relu = nn.ReLU()
        self.drop = Dropout2d(config.dropout2d)

    def forward(
        self,
        x: Float[Tensor, "N L D"],
        lengths: Int[Tensor, " N"] | None,
        valid: Bool[Tensor, "N L"] | None,
    ) -> tuple[Tensor, Tensor | None]:
        for conv, norm in zip(self.convs, self.norms):
            x = self.relu(norm(conv(x), valid))
        # Pooling relies on zeros at padded steps.
        x, lengths = halve(hide(x, valid), lengths)
        # Dropout2d drops channels of [N C H W]; the axis W of length 1 makes it accept a sequence.
        return self.drop(x.mT[..., None])[..., 0].mT, lengths


class SequenceCNN(nn.Module):
    """CNN for sequences: the same blocks over the steps, then for each channel the mean of each
    quarter and the maximum, then the head.

    Source: Z. Wang, W. Yan, T. Oates, "Time Series Classification from Scratch with Deep Neural
    Networks", 2017, section II.B, for convolutions with batch norm and pooling over all steps;
    blocks, quarters and head are ours. Raises ValueError if the kernel size is even or there is no
    block.
    """

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        if config.kernel % 2 == 0:
            raise InvalidValue(text("model.cnn.kernel.sequence", kernel=config.kernel))
        if not config.channels:
            raise InvalidValue(text("model.cnn.channels"))
        sizes = [spec.shape[-1], *config.channels]
        self.blocks = nn.ModuleList(StepBlock(a, b, config) for a, b in zip(sizes, sizes[1:]))
        self.head = nn.Sequential(*head((PARTS + 1) * sizes[-1], spec.outputs, config))
        self.init_param()
        # The task adds the output to the naive forecast. A zero output (biases are zero already)
        # makes the untrained network exactly that forecast.
        if spec.target == "forecast":
            last = self.head[-1]
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)

    def init_param(self) -> None:
        """Initialise all parameters with He normal and zero bias."""
        init_param(self)

    def forward(
        self, x: Float[Tensor, "N L Q"], lengths: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "N outputs"]:
        # The data may hold any value at padded steps, and the first convolution would read it.
        x = hide(x, valid_steps(lengths, x))
        for block in self.blocks:
            x, lengths = block(x, lengths, valid_steps(lengths, x))
        return self.head(summary(x, lengths, PARTS))  # type: ignore[no-any-return]


def build(config: Config, spec: Spec) -> CNN | SequenceCNN:
    """The CNN for the kind of samples in `spec`: images or sequences."""
    return (SequenceCNN if spec.kind == "sequence" else CNN)(config, spec)


def blocks_for(spec: Spec, most: int) -> int:
    """The number of blocks, at most `most`, that leave at least one pixel of an image or, if it is
    long enough, four steps of a sequence; at least one block for a sequence."""
    if spec.kind == "sequence":
        # bit_length() - 1 halvings leave at least one step, so two fewer leave four: one for each
        # part of the summary.
        return max(1, min(most, spec.shape[0].bit_length() - 3))
    return min(most, min(spec.shape[1:]).bit_length() - 1)


def default(spec: Spec) -> Preset:
    """Three blocks and a small head, below 100,000 parameters at 28x28; images too small for three
    blocks get two convolutions per block. Sequences get longer kernels; forecasts of short series
    get few channels and no dropout."""
    train = {**SMALL, "lr": 6e-3, "weight_decay": 0.02}
    head = {"hidden": [64], "dropout2d": 0.1, "dropout": 0.25}
    if spec.target == "forecast":
        model = {"channels": [32] * blocks_for(spec, 2), "kernel": 5, "hidden": [32]}
        train = {**SMALL, "lr": 3e-3, "weight_decay": 1e-3, "batch_size": 16}
        return Preset({**model, "dropout": 0.0}, train, 400)
    if spec.kind == "sequence":
        model = {"channels": [64] * blocks_for(spec, 3), "kernel": 7, **head}
        return Preset(model, {**train, "lr": 3e-3}, 1500)
    fits = blocks_for(spec, 4)
    if fits > 3:
        return Preset({"channels": [32, 64, 64], "convs": 1, **head}, train, 1500)
    return Preset({"channels": [32, 64][:fits], "convs": 2, **head}, train, 1000)


def notes(spec: Spec) -> Preset:
    """The notes' CNN: their order of layers, Dropout2d 0.5, Adam. Sizes are ours."""
    channels = [32, 64][: blocks_for(spec, 2)]
    model = {"channels": channels, "hidden": [128], "dropout2d": 0.5, "dropout": 0.5}
    return Preset(model, NOTES, 1500)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """The network as plain PyTorch."""
    sizes = [spec.shape[0] if spec.kind == "image" else spec.shape[-1], *config.channels]
    shrink = 2 ** len(config.channels)
    inputs = sizes[-1] * (PARTS + 1)
    if spec.kind == "image":
        inputs = sizes[-1] * (spec.shape[1] // shrink) * (spec.shape[2] // shrink)
    layers = []
    for hdim in config.hidden:
        layers += [f"nn.Linear({inputs}, {hdim})", "nn.ReLU()"]
        layers += [f"nn.Dropout({config.dropout})"] if config.dropout else []
        inputs = hdim
    layers.append(f"nn.Linear({inputs}, {spec.outputs})")
    page = source(
        "cnn.py.j2" if spec.kind == "image" else "cnn_sequence.py.j2",
        blocks=list(zip(sizes, sizes[1:])), head=layers, convs=config.convs, kernel=config.kernel,
        dropout2d=config.dropout2d, parts=PARTS, masked=padded,
    )  # fmt: skip
    # A block with one convolution has no list of them.
    single = {".convs.0.": ".conv.", ".norms.0.": ".norm."} if config.convs == 1 else {}
    return PlainNetwork("CNN", page, renamed=single if spec.kind == "sequence" else {})


ARCHITECTURE = Architecture(
    Config,
    build,
    title="CNN",
    summary=text("model.cnn.summary"),
    reads=("image", "sequence"),
    presets={"default": default, "notes": notes},
    highlights=("class-map", "filters"),
    code=code,
)
