# role: training
# verdict: right
# object: fit
# about: an epoch, a step and an evaluation in functions of their own; early stopping, a schedule

import torch
from torch import nn
def step(model, x, y, opt, crit):
    loss = crit(model(x), y)
    loss.backward()
    opt.step()
    return loss.item()
def train_epoch(model, loader, opt, crit):
    model.train()
    tot = 0
    for x, y in loader:
        opt.zero_grad()
        tot += step(model, x, y, opt, crit)
    return tot / len(loader)
@torch.no_grad()
def evaluate(model, loader, crit):
    model.eval()
    tot = correct = n = 0
    for x, y in loader:
        out = model(x)
        tot += crit(out, y).item() * len(y)
        correct += (out.argmax(1) == y).sum().item()
        n += len(y)
    return tot / n, correct / n
def fit(model, train_loader, val_loader, epochs=3, lr=1e-3, patience=3):
    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
    crit = nn.CrossEntropyLoss()
    best, wait = float("inf"), 0
    hist = []
    for ep in range(epochs):
        tr = train_epoch(model, train_loader, opt, crit)
        va, acc = evaluate(model, val_loader, crit)
        sched.step()
        hist.append((tr, va, acc))
        if va < best:
            best, wait = va, 0
            torch.save(model.state_dict(), "best.pt")
        else:
            wait += 1
            if wait >= patience: break
    return hist
def plot_history(h): pass
def count_parameters(model): return sum(p.numel() for p in model.parameters())
