# role: conv_block
# verdict: right
# object: conv_block
# about: the well-known factory function that returns a Sequential, pool by flag
# round: held-out
import torch.nn as nn


def conv_block(in_channels, out_channels, pool=False):
    """conv, batch norm, relu and, if pool, a 2x2 max pool"""
    layers = [nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
              nn.BatchNorm2d(out_channels),
              nn.ReLU(inplace=True)]
    if pool:
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)
