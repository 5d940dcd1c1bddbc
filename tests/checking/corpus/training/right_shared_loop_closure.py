# role: training
# verdict: right
# object: fit
# about: one run_epoch for both modes (optimizer=None evaluates) that hands the optimizer a closure, averages in a meter class
# round: held-out

from contextlib import nullcontext

import torch


class AverageMeter:
    """Computes and stores the average value"""

    def __init__(self):
        self.sum, self.count = 0.0, 0

    def update(self, val, n=1):
        self.sum += float(val) * n
        self.count += n

    @property
    def avg(self):
        return self.sum / max(self.count, 1)


def run_epoch(net, batches, objective, optimizer=None):
    learning = optimizer is not None
    net.train(learning)
    losses, top1 = AverageMeter(), AverageMeter()
    with nullcontext() if learning else torch.no_grad():
        for features, labels in batches:
            seen = {}

            def closure():
                if learning:
                    optimizer.zero_grad()
                seen["out"] = net(features)
                seen["loss"] = objective(seen["out"], labels)
                if learning:
                    seen["loss"].backward()
                return seen["loss"]

            optimizer.step(closure) if learning else closure()
            losses.update(seen["loss"].item(), labels.shape[0])
            top1.update((seen["out"].argmax(-1) == labels).double().mean().item(), labels.shape[0])
    return losses.avg, top1.avg


def fit(net, train_batches, valid_batches, objective, optimizer, max_epochs=2):
    history = []
    for epoch in range(1, max_epochs + 1):
        train_loss, train_acc = run_epoch(net, train_batches, objective, optimizer)
        valid_loss, valid_acc = run_epoch(net, valid_batches, objective)
        history.append(dict(epoch=epoch, loss=train_loss, acc=train_acc, val_loss=valid_loss, val_acc=valid_acc))
    return history
