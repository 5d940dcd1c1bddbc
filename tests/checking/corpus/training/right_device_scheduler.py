# role: training
# verdict: right
# object: train_one_epoch
# about: one epoch with device, gradient clipping and an optional scheduler stepped after the epoch

import torch
import torch.nn as nn


def train_one_epoch(model, dataloader, criterion, optimizer, scheduler=None, device="cpu", max_norm=5.0):
    model.to(device)
    model.train()
    running_loss = 0.0
    correct = 0
    total = 0
    for inputs, labels in dataloader:
        inputs, labels = inputs.to(device), labels.to(device)
        outputs = model(inputs)
        loss = criterion(outputs, labels)

        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()

        running_loss += loss.item() * inputs.size(0)
        correct += (outputs.argmax(dim=1) == labels).sum().item()
        total += labels.size(0)
    if scheduler is not None:
        scheduler.step()
    return running_loss / total, correct / total
