# role: training
# verdict: wrong
# fault: accuracy_broadcast
# object: train
# about: predictions [N, 1] are compared with labels [N], which broadcasts to [N, N] and counts far too many hits
# round: held-out

import torch


def train(model, device, train_loader, optimizer, criterion):
    model.train()
    train_loss = 0
    correct = 0
    seen = 0
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()

        train_loss += loss.item() * data.size(0)
        pred = output.argmax(dim=1, keepdim=True)  # get the index of the max log-probability
        correct += (pred == target).sum().item()  # <<<
        seen += data.size(0)
    return train_loss / seen, correct / seen
