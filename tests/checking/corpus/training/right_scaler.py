# role: training
# verdict: right
# object: train_one_epoch
# about: autocast, a gradient scaler, clipping, an optional logger

import torch
def train_one_epoch(net, dl, opt, crit, scaler, device, epoch, clip=1.0, logger=None):
    net.train()
    total = 0.
    for step, batch in enumerate(dl):
        x, y = batch[0].to(device), batch[1].to(device)
        opt.zero_grad(set_to_none=True)
        with torch.autocast(device_type="cpu", enabled=False):
            loss = crit(net(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        scaler.step(opt)
        scaler.update()
        total += loss.item()
        if logger: logger.log({"loss": loss.item()})
    return total / len(dl)
