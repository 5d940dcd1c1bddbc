# role: training
# verdict: wrong
# fault: backward_missing
# object: train_model
# about: loss.backward() is never called

import torch


def train_model(model, loader, criterion, optimizer, num_epochs=3):
    train_losses = []
    for epoch in range(num_epochs):
        model.train()
        epoch_loss, n_samples = 0.0, 0
        for inputs, targets in loader:
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, targets)
            optimizer.step()  # <<<
            epoch_loss += loss.item() * inputs.size(0)
            n_samples += inputs.size(0)
        train_losses.append(epoch_loss / n_samples)
    return train_losses
