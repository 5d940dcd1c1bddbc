# role: training
# verdict: wrong
# fault: trains_on_test
# object: train
# about: the copied test loop still calls backward and step

import torch


def train(model, train_loader, test_loader, optimizer, loss_fn, num_epochs=2):
    results = {"train_loss": [], "test_loss": []}
    for epoch in range(num_epochs):
        model.train()
        train_loss = 0.0
        for x, y in train_loader:
            pred = model(x)
            loss = loss_fn(pred, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train_loss += loss.item()

        model.eval()
        test_loss = 0.0
        for x, y in test_loader:
            pred = model(x)
            loss = loss_fn(pred, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()  # <<<
            test_loss += loss.item()
        results["train_loss"].append(train_loss / len(train_loader))
        results["test_loss"].append(test_loss / len(test_loader))
    return results
