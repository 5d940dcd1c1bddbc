# role: training
# verdict: wrong
# fault: accuracy_divided_by_batch_size
# object: train
# about: the hits of the whole epoch are divided by the size of one batch

import torch


def train(model, train_loader, loss_function, optimizer, epochs=1):
    history = {"loss": [], "accuracy": []}
    for epoch in range(epochs):
        model.train()
        correct, seen, loss_total = 0, 0, 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            y_hat = model(x)
            loss = loss_function(y_hat, y)
            loss.backward()
            optimizer.step()
            loss_total += loss.item() * y.size(0)
            seen += y.size(0)
            _, predicted = torch.max(y_hat.data, 1)
            correct += (predicted == y).sum().item()
        history["loss"].append(loss_total / seen)
        history["accuracy"].append(correct / y.size(0))  # <<<
    return history
