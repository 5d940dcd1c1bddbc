# role: training
# verdict: right
# object: fit
# about: trains and validates in turn, train() is called at the head of each epoch

import torch


@torch.no_grad()
def evaluate(model, loader, loss_fn):
    model.eval()
    loss_sum, n_correct, n = 0.0, 0, 0
    for batch_in, batch_out in loader:
        pred = model(batch_in)
        loss_sum += loss_fn(pred, batch_out).item() * len(batch_out)
        n_correct += (pred.argmax(1) == batch_out).sum().item()
        n += len(batch_out)
    return loss_sum / n, n_correct / n


def fit(model, train_iter, valid_iter, optimizer, loss_fn, num_epochs):
    log = {"train_loss": [], "valid_loss": [], "valid_acc": []}
    for epoch in range(num_epochs):
        model.train()
        loss_val_sum, seen = 0.0, 0
        for batch_in, batch_out in train_iter:
            y_pred = model.forward(batch_in)
            loss_out = loss_fn(y_pred, batch_out)
            # update
            optimizer.zero_grad()     # gradient 초기화
            loss_out.backward()       # backpropagate
            optimizer.step()          # optimizer 업데이트
            loss_val_sum += loss_out.item() * len(batch_out)
            seen += len(batch_out)
        valid_loss, valid_acc = evaluate(model, valid_iter, loss_fn)
        log["train_loss"].append(loss_val_sum / seen)
        log["valid_loss"].append(valid_loss)
        log["valid_acc"].append(valid_acc)
    return log
