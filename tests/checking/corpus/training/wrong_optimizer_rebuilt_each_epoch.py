# role: training
# verdict: wrong
# fault: optimizer_rebuilt
# object: train_model
# about: Adam is built anew in every epoch, so its moments and step count start from nothing each time
# round: held-out

import torch
import torch.nn as nn
import torch.optim as optim

LEARNING_RATE = 1e-3


def train_model(model, train_iter, EPOCHS=3, lr=LEARNING_RATE):
    """Adam 으로 학습"""
    loss = nn.CrossEntropyLoss()
    print_losses = []
    for epoch in range(EPOCHS):
        model.train()
        optm = optim.Adam(model.parameters(), lr=lr)  # <<<
        loss_val_sum, n_data = 0.0, 0
        for batch_in, batch_out in train_iter:
            y_pred = model.forward(batch_in)
            loss_out = loss(y_pred, batch_out)
            optm.zero_grad()
            loss_out.backward()
            optm.step()
            loss_val_sum += loss_out.item() * len(batch_in)
            n_data += len(batch_in)
        print_losses.append(loss_val_sum / n_data)
    return print_losses
