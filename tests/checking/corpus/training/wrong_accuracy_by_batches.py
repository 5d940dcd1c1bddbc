# role: training
# verdict: wrong
# fault: accuracy_by_batches
# object: train
# about: the number of right answers is divided by the number of batches

import torch


def train(model, train_loader, optimizer, criterion, device="cpu"):
    """Trains for one epoch; returns (mean loss, accuracy in [0, 1])."""
    model.train()
    loss_sum, correct = 0.0, 0
    for imgs, labels in train_loader:
        imgs, labels = imgs.to(device), labels.to(device)
        optimizer.zero_grad()
        outputs = model(imgs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        _, predicted = torch.max(outputs, 1)
        correct += (predicted == labels).sum().item()
    mean_loss = loss_sum / len(train_loader)
    accuracy = correct / len(train_loader)  # <<<
    return mean_loss, accuracy
