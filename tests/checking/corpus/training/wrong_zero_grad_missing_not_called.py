# role: training
# verdict: wrong
# fault: zero_grad_missing
# object: Trainer
# about: optimizer.zero_grad is named but not called, the parentheses are missing
# round: held-out

import torch


class Trainer:
    def __init__(self, model, optimizer, criterion, device="cpu"):
        self.model = model.to(device)
        self.optimizer = optimizer
        self.criterion = criterion
        self.device = device
        self.history = []

    def _step(self, batch):
        x, y = (t.to(self.device) for t in batch)
        loss = self.criterion(self.model(x), y)
        self.optimizer.zero_grad  # <<<
        loss.backward()
        self.optimizer.step()
        return loss.item(), y.size(0)

    def train(self, loader, epochs=1):
        for _ in range(epochs):
            self.model.train()
            total, count = 0.0, 0
            for batch in loader:
                loss, n = self._step(batch)
                total += loss * n
                count += n
            self.history.append(total / count)
        return self.history
