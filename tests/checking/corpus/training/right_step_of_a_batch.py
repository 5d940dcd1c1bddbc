# role: training
# verdict: right
# object: train_step
# about: one step on a batch that is handed over

import torch.nn.functional as F
def train_step(model, x, y, optimizer):
    model.train()
    optimizer.zero_grad()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    acc = (logits.argmax(dim=-1) == y).float().mean()
    return loss.item(), acc.item()
