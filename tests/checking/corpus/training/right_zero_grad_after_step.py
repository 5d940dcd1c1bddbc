# role: training
# verdict: right
# object: train
# about: clears the gradients after the step and not before, which comes to the same thing

import torch
from torch import nn


def train(model: nn.Module, loader, optimizer: torch.optim.Optimizer, loss_fn, epochs: int = 1) -> list[float]:
    losses = []
    optimizer.zero_grad()
    for _ in range(epochs):
        model.train(True)
        for xb, yb in loader:
            loss = loss_fn(model(xb), yb)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach().item())
    return losses
