# role: training
# verdict: wrong
# fault: loss_divided_by_samples
# object: train_one_epoch
# about: a sum of batch means is divided by the size of the dataset

import torch


def train_one_epoch(net, trainloader, criterion, optimizer, device="cpu"):
    net.train()
    running_loss = 0.0
    for inputs, labels in trainloader:
        inputs = inputs.to(device)
        labels = labels.to(device)
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    epoch_loss = running_loss / len(trainloader.dataset)  # <<<
    return epoch_loss
