# role: training
# verdict: wrong
# fault: step_outside_loop
# object: train_loop
# about: optimizer.step() stands after the loop over batches, so only the last batch's gradient is used

import torch


def train_loop(dataloader, model, loss_fn, optimizer):
    model.train()
    total_loss, count = 0.0, 0
    for batch, (X, y) in enumerate(dataloader):
        # Compute prediction and loss
        pred = model(X)
        loss = loss_fn(pred, y)

        # Backpropagation
        optimizer.zero_grad()
        loss.backward()
        total_loss += loss.item() * len(X)
        count += len(X)
    optimizer.step()  # <<<
    return total_loss / count
