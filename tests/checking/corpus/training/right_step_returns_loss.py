# role: training
# verdict: right
# object: train_batch
# about: one step, whose loss and output go back to the caller with their graph
def train_batch(net, images, labels, opt, loss_fn):
    net.train()
    opt.zero_grad()
    logits = net(images)
    loss = loss_fn(logits, labels)
    loss.backward()
    opt.step()
    return loss, logits
