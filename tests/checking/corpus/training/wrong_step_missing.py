# role: training
# verdict: wrong
# fault: step_missing
# object: train
# about: optimizer.step() is never called

import torch


def train(model, loader, optimizer, loss_fn, epochs=1, device=torch.device("cpu")):
    model = model.to(device)
    for epoch in range(epochs):
        model.train()
        total_loss = 0.0
        for X, y in loader:
            X = X.to(device)
            y = y.to(device)
            optimizer.zero_grad()
            y_hat = model(X)
            loss = loss_fn(y_hat, y)
            loss.backward()
            total_loss += loss.item()  # <<<
        mean_loss = total_loss / len(loader)
    return mean_loss
