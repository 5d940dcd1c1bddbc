"""How parameters start: He's normal for weights, zero for biases, as the notes' init_param."""

from torch import nn


def init_param(module: nn.Module) -> None:
    """Start every Linear and convolution in `module` from N(0, 2/inputs) with zero bias, every
    batch norm from one and zero.

    Source: K. He et al., "Delving Deep into Rectifiers", 2015, section 2.2, equation 10.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.reset_parameters()
