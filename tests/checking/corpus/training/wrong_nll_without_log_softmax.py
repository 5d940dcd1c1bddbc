# role: training
# verdict: wrong
# fault: nll_without_log_softmax
# object: train
# about: nll_loss gets probabilities from softmax instead of log-probabilities

import torch
import torch.nn.functional as F


def train(args, model, device, train_loader, optimizer):
    """args.epochs passes over train_loader; model returns logits. Returns every batch loss."""
    losses = []
    for epoch in range(getattr(args, "epochs", 1)):
        model.train()
        for batch_idx, (data, target) in enumerate(train_loader):
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            output = F.softmax(model(data), dim=1)
            loss = F.nll_loss(output, target)  # <<<
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses
