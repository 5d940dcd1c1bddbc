# role: training
# verdict: wrong
# fault: zero_grad_missing
# object: train_epoch
# about: zero_grad is called once before the loop over the batches

import torch


def train_epoch(model, loader, loss_fn, optm, device="cpu"):
    model.train()
    optm.zero_grad()  # <<<
    loss_sum = 0.0
    n_data = 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        y_pred = model(x)
        loss_out = loss_fn(y_pred, y)
        loss_out.backward()
        optm.step()
        loss_sum += loss_out.item() * len(y)
        n_data += len(y)
    return loss_sum / n_data
