"""Parameter initialisation: He normal for weights, zero for biases, as the notes' init_param."""

from torch import nn


def init_param(module: nn.Module) -> None:
    """Initialise every Linear and convolution in `module` with N(0, 2/fan_in) and zero bias, and
    every batch norm with weight 1 and bias 0.

    Source: K. He et al., "Delving Deep into Rectifiers", 2015, section 2.2, equation 10.
    """
    # Variance 2 / fan_in, not 1 / fan_in: a ReLU halves the mean square of its input, and over many
    # layers the signal would vanish. The last Linear has no ReLU, but follows the notes too.
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            # Also resets the running statistics, so that a second call gives a fresh network.
            part.reset_parameters()
