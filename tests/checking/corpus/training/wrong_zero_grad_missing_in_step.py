# role: training
# verdict: wrong
# fault: zero_grad_missing
# object: train_step
# about: one step on a batch, gradients are never cleared

import torch.nn.functional as F
def train_step(model, x, y, optimizer):
    model.train()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    acc = (logits.argmax(dim=-1) == y).float().mean()
    return loss.item(), acc.item()
