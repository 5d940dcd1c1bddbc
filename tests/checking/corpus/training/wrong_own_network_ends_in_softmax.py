# role: training
# verdict: wrong
# fault: softmax_before_cross_entropy
# object: train
# about: the file's own network ends in a softmax, the loss is a global

import torch, torch.nn as nn
import torch.nn.functional as F
class Network(nn.Module):
    def __init__(self, n_in=20, n_out=5):
        super().__init__()
        self.f1, self.f2 = nn.Linear(n_in, 32), nn.Linear(32, n_out)
    def forward(self, x):
        return F.softmax(self.f2(F.relu(self.f1(x))), dim=1)
criterion = nn.CrossEntropyLoss()
def train(model, loader, optimizer, epochs=1):
    for e in range(epochs):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
