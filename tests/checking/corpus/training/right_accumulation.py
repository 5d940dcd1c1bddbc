# role: training
# verdict: right
# object: train_epoch
# about: gradient accumulation, each group (also a shorter last one) weighs by its samples
# round: held-out

from itertools import islice

import torch
from torch import Tensor, nn


def groups(iterable, size):
    it = iter(iterable)
    while chunk := list(islice(it, size)):
        yield chunk


def train_epoch(model: nn.Module, loader, criterion, optimizer, accumulation_steps: int = 2) -> dict:
    """criterion averages over its batch. One optimizer step per accumulation_steps batches."""
    model.train()
    loss_sum = torch.zeros((), dtype=torch.float64)
    hits, total = 0, 0
    for group in groups(loader, accumulation_steps):
        n_group = sum(len(target) for _, target in group)
        optimizer.zero_grad()
        for data, target in group:
            logits: Tensor = model(data)
            loss = criterion(logits, target)
            (loss * (len(target) / n_group)).backward()
            loss_sum += loss.detach() * len(target)
            hits += int((logits.detach().max(dim=-1).indices == target).sum())
        optimizer.step()
        total += n_group
    return {"loss": float(loss_sum) / total, "accuracy": hits / total}
