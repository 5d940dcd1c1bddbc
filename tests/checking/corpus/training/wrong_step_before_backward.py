# role: training
# verdict: wrong
# fault: step_before_backward
# object: train_model
# about: the step is taken when the gradients are still empty

import torch


def train_model(model, dataloader, criterion, optimizer, n_epochs):
    model.train()
    for epoch in range(n_epochs):
        losses = []
        for inputs, targets in dataloader:
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, targets)
            optimizer.step()  # <<<
            loss.backward()
            losses.append(loss.item())
    return sum(losses) / len(losses)
