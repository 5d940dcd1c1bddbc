# role: training
# verdict: wrong
# fault: train_mode_not_restored
# object: train
# about: validation calls eval(), and from the second epoch on training runs in evaluation mode

import torch


def evaluate(model, loader, loss_fn):
    # 평가모드로 변경
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += loss_fn(model(x), y).item()
    return total / len(loader)


def train(model, train_loader, valid_loader, optimizer, loss_fn, epochs):
    train_losses, valid_losses = [], []
    model.train()
    for epoch in range(epochs):
        total = 0.0  # <<<
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        train_losses.append(total / len(train_loader))
        valid_losses.append(evaluate(model, valid_loader, loss_fn))
    return train_losses, valid_losses
