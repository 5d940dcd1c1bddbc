# role: training
# verdict: wrong
# fault: last_batch_loss_reported
# object: train
# about: the loss said to be the epoch's mean is that of its last batch

import torch


def train(model, loader, optimizer, loss_fn, epochs=10):
    """Returns the mean training loss of every epoch."""
    epoch_losses = []
    for epoch in range(epochs):
        model.train()
        for x_batch, y_batch in loader:
            y_pred = model(x_batch)
            loss = loss_fn(y_pred, y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        epoch_losses.append(loss.item())  # <<<
    return epoch_losses
