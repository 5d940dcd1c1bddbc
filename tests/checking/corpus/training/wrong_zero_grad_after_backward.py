# role: training
# verdict: wrong
# fault: zero_grad_after_backward
# object: train
# about: zero_grad stands between backward and step, so nothing is learnt

import torch
import torch.nn.functional as F


def train(model, loader, optimizer, loss_fn=F.cross_entropy, num_epochs=1):
    model.train()
    history = []
    for epoch in range(num_epochs):
        epoch_loss = 0
        for data, target in loader:
            output = model(data)
            loss = loss_fn(output, target)
            loss.backward()
            optimizer.zero_grad()  # <<<
            optimizer.step()
            epoch_loss += loss.item()
        history.append(epoch_loss / len(loader))
    return history
