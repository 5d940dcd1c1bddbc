# role: training
# verdict: right
# object: train
# about: the plain loop over epochs, returns the mean loss of each epoch

import torch


def train(model, train_loader, optimizer, loss_fn, epochs=1):
    history = []
    for epoch in range(epochs):
        model.train()
        total, n = 0.0, 0
        for x, y in train_loader:
            optimizer.zero_grad()
            out = model(x)
            loss = loss_fn(out, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * x.size(0)
            n += x.size(0)
        history.append(total / n)
    return history
