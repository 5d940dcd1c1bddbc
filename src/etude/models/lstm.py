"""LSTM: reads a sequence step by step and predicts from its state after the last valid step.

X [N L Q] -> Y [N L D], hn and cn [K N D] (`model.lstm(X, lengths)`) -> [N outputs]
"""

from pydantic import Field
from torch import nn

from etude.config import DEEPEST, WIDEST
from etude.config import Config as Base
from etude.layers.dropout import Dropout
from etude.layers.lstm import LSTM
from etude.locale.texts import text
from etude.models.architecture import NOTES, SMALL, Architecture, Preset
from etude.models.plain import PlainNetwork, source
from etude.shapes import Float, Int, Spec, Tensor


class Config(Base):
    """Sizes of an LSTM."""

    hidden: int = Field(default=128, ge=1, le=WIDEST, description="config.lstm.hidden")
    layers: int = Field(default=2, ge=1, le=DEEPEST, description="config.lstm.layers")
    bidirectional: bool = Field(default=False, description="config.lstm.bidirectional")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="config.lstm.dropout")


class LSTMNet(nn.Module):
    """LSTM, dropout, Linear on the last hidden state."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        inputs = spec.shape[-1]
        self.lstm = LSTM(
            inputs,
            config.hidden,
            config.layers,
            dropout=config.dropout,
            bidirectional=config.bidirectional,
        )
        self.drop = Dropout(config.dropout)
        self.head = nn.Linear(config.hidden * (1 + config.bidirectional), spec.outputs)
        self.init_param(spec)

    def init_param(self, spec: Spec) -> None:
        """Set the forget gates' bias to 1; for a forecast, set the output layer to zero.

        Source of the bias: R. Jozefowicz et al., "An Empirical Exploration of Recurrent Network
        Architectures", 2015, section 4.
        """
        # With a bias of 0 a forget gate is half open at first, which halves the cell state, and the
        # gradient through it, at each step.
        for name, bias in self.lstm.named_parameters():
            # Gates are stacked in the order i, f, g, o. torch adds two biases per gate, so only one
            # of them is set to 1.
            if name.startswith("bias_ih"):
                nn.init.ones_(bias.data.chunk(4)[1])
        # The task adds the output to the naive forecast, so zero is exactly that forecast.
        if spec.target == "forecast":
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(
        self, x: Float[Tensor, "N L Q"], lengths: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "N outputs"]:
        return self.head(self.drop(self.lstm.last(x, lengths)))  # type: ignore[no-any-return]


def default(spec: Spec) -> Preset:
    """Two layers of 128 units; one layer of 32 for forecasts of short series."""
    if spec.target == "forecast":
        model = {"hidden": 32, "layers": 1, "dropout": 0.0}
        return Preset(model, {**SMALL, "lr": 1e-2, "weight_decay": 1e-3, "batch_size": 16}, 400)
    return Preset(
        {"hidden": 128, "layers": 2, "dropout": 0.2},
        {**SMALL, "lr": 3e-3, "weight_decay": 0.01},
        1500,
    )


def notes(spec: Spec) -> Preset:
    """The notes' LSTM: nn.LSTM(input_size, hidden_size, num_layers), Adam. Sizes are ours."""
    return Preset({"hidden": 128, "layers": 2, "dropout": 0.0}, NOTES, 1500)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """The network as plain PyTorch."""
    sizes = {**dict(config), "features": spec.shape[-1], "outputs": spec.outputs}
    return PlainNetwork("LSTMNet", source("lstm.py.j2", **sizes, masked=padded))


ARCHITECTURE = Architecture(
    Config,
    LSTMNet,
    title="LSTM",
    summary=text("model.lstm.summary"),
    reads=("sequence",),
    presets={"default": default, "notes": notes},
    highlights=("forecast", "gates", "confusion"),
    code=code,
)
