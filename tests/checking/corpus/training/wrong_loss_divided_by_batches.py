# role: training
# verdict: wrong
# fault: loss_divided_by_batches
# object: fit
# about: losses weighed with the batch size are divided by the number of batches

import torch


def fit(epochs, model, loss_func, opt, train_dl):
    epoch_losses = []
    for epoch in range(epochs):
        model.train()
        train_loss = 0.0
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            train_loss += loss.item() * xb.size(0)
        train_loss = train_loss / len(train_dl)  # <<<
        epoch_losses.append(train_loss)
    return epoch_losses
