# role: training
# verdict: right
# object: train
# about: reports the mean of the batch means (the last, smaller batch weighs as much as the others), a common convention

import torch


def train(model, loader, optimizer, criterion, epochs=1, device="cpu"):
    """Average batch loss of each epoch."""
    avg_losses = []
    for epoch in range(epochs):
        model.train()
        running_loss = 0.0
        for i, data in enumerate(loader):
            inputs, labels = data[0].to(device), data[1].to(device)
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        avg_losses.append(running_loss / (i + 1))
    return avg_losses
