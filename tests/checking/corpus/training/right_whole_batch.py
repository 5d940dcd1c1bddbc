# role: training
# verdict: right
# object: training_loop
# about: all samples at once, parameters in an order of their own

import torch
def training_loop(n_epochs, optimizer, model, loss_fn, t_u, t_c):
    for epoch in range(1, n_epochs + 1):
        t_p = model(t_u)
        loss = loss_fn(t_p, t_c)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 500 == 0: print(epoch, float(loss))
    return model
