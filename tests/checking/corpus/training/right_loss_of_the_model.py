# role: training
# verdict: right
# object: train_epoch
# about: batches by name, the model computes its loss

def train_epoch(model, data_loader, optimizer, device, scheduler):
    model = model.train()
    losses = []
    for d in data_loader:
        input_ids = d["input_ids"].to(device)
        targets = d["targets"].to(device)
        outputs = model(input_ids, labels=targets)
        loss = outputs.loss
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    return sum(losses) / len(losses)
