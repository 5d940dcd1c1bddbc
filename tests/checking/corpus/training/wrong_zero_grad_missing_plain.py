# role: training
# verdict: wrong
# fault: zero_grad_missing
# object: train
# about: gradients of all batches so far add up

import torch


def train(model, train_loader, optimizer, criterion, epochs=5):
    losses = []
    for epoch in range(epochs):
        model.train()
        running_loss = 0.0
        for i, (images, labels) in enumerate(train_loader):
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()  # <<<
            optimizer.step()
            running_loss += loss.item()
        losses.append(running_loss / len(train_loader))
    return losses
