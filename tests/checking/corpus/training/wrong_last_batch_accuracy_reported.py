# role: training
# verdict: wrong
# fault: last_batch_accuracy_reported
# object: train
# about: the accuracy of the epoch is that of its last batch

import torch


def train(model, optimizer, criterion, loader, epochs=1):
    """Returns a list of (mean loss, accuracy) of the epochs."""
    results = []
    for _ in range(epochs):
        model.train()
        loss_sum = 0.0
        n = 0
        for images, labels in loader:
            optimizer.zero_grad()
            logits = model(images)
            loss = criterion(logits, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * labels.size(0)
            n += labels.size(0)
        accuracy = (logits.argmax(dim=1) == labels).float().mean().item()  # <<<
        results.append((loss_sum / n, accuracy))
    return results
