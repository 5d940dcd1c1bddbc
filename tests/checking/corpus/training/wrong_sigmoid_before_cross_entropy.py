# role: training
# verdict: wrong
# fault: sigmoid_before_cross_entropy
# object: train
# about: cross entropy is handed sigmoids of the outputs

import torch
import torch.nn.functional as F


def train(model, train_iter, optm, EPOCHS=5):
    """분류 모델 학습, epoch 별 평균 loss 반환"""
    model.train()
    loss_list = []
    for epoch in range(EPOCHS):
        loss_val_sum, n = 0, 0
        for batch_in, batch_out in train_iter:
            # Forward path
            y_pred = torch.sigmoid(model.forward(batch_in))
            loss_out = F.cross_entropy(y_pred, batch_out)  # <<<
            # Update
            optm.zero_grad()
            loss_out.backward()
            optm.step()
            loss_val_sum += loss_out.item() * batch_in.shape[0]
            n += batch_in.shape[0]
        loss_list.append(loss_val_sum / n)
    return loss_list
