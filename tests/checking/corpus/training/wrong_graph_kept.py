# role: training
# verdict: wrong
# fault: graph_kept
# object: train
# about: the loss tensor is summed with its graph, which grows through the epoch

import torch


def train(model, loader, optimizer, criterion):
    """One epoch, returns the average loss."""
    model.train()
    total_loss = 0
    for batch_idx, (data, target) in enumerate(loader):
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        total_loss += loss  # <<<
    return total_loss / len(loader)
