# role: training
# verdict: wrong
# fault: trains_in_eval_mode
# object: train_epoch
# about: the training function was copied from the evaluating one and still puts the model into eval mode

import torch


def evaluate(model, data, criterion):
    model.eval()
    total, n = 0.0, 0
    with torch.no_grad():
        for src, trg in data:
            total += criterion(model(src), trg).item() * src.size(0)
            n += src.size(0)
    return total / n


def train_epoch(model, data, optimizer, criterion, clip=1.0):
    model.eval()  # <<<
    total, n = 0.0, 0
    for src, trg in data:
        optimizer.zero_grad()
        output = model(src)
        loss = criterion(output, trg)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        total += loss.item() * src.size(0)
        n += src.size(0)
    return total / n
