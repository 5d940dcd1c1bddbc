# role: training
# verdict: wrong
# fault: never_eval
# object: fit
# about: validation runs with dropout on and moves the batch-norm statistics

import torch


def fit(net, train_dl, val_dl, opt, loss_func, epochs=3):
    metrics = []
    for epoch in range(epochs):
        net.train()
        for xb, yb in train_dl:
            loss = loss_func(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()

        val_loss, count = 0.0, 0
        with torch.no_grad():  # <<<
            for xb, yb in val_dl:
                val_loss += loss_func(net(xb), yb).item() * len(xb)
                count += len(xb)
        metrics.append(val_loss / count)
    return metrics
