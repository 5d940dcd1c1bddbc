# role: training
# verdict: wrong
# fault: return_inside_loop
# object: train
# about: the return is indented too far, so only the first batch is ever trained on

import torch


def train(model, loader, loss_fn, optimizer):
    """Train for one epoch and return the mean loss."""
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
        return total / count  # <<<
