# role: training
# verdict: wrong
# fault: softmax_before_cross_entropy
# object: train
# about: cross entropy is fed probabilities

import torch
import torch.nn as nn


def train(model, data_loader, optimizer, loss_fn=None, epochs=1):
    loss_fn = loss_fn or nn.CrossEntropyLoss()
    losses = []
    for epoch in range(epochs):
        model.train()
        for img, label in data_loader:
            logits = model(img)
            prob = torch.softmax(logits, dim=1)
            loss = loss_fn(prob, label)  # <<<
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses
