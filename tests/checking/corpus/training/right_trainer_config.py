# role: training
# verdict: right
# object: Trainer
# about: a class with a configuration dataclass, a method for one epoch

import torch
from dataclasses import dataclass
@dataclass
class TrainConfig:
    epochs: int = 2
    lr: float = 1e-2
    weight_decay: float = 0.0
    device: str = "cpu"
class Trainer:
    def __init__(self, model, config: TrainConfig, train_loader, val_loader=None):
        self.cfg = config
        self.model = model.to(config.device)
        self.train_loader, self.val_loader = train_loader, val_loader
        self.optim = torch.optim.SGD(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
        self.loss_fn = torch.nn.CrossEntropyLoss()
    def run_epoch(self):
        self.model.train()
        s = 0.0
        for x, y in self.train_loader:
            x, y = x.to(self.cfg.device), y.to(self.cfg.device)
            loss = self.loss_fn(self.model(x), y)
            self.optim.zero_grad()
            loss.backward()
            self.optim.step()
            s += loss.item()
        return s / len(self.train_loader)
    def run(self):
        return [self.run_epoch() for _ in range(self.cfg.epochs)]
