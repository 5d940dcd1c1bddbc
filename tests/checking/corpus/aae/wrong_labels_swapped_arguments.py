# role: aae
# verdict: wrong
# fault: labels_swapped
# object: module
# about: least squares with the discriminator's two targets exchanged

import torch
import torch.nn.functional as F
def train_step(x, Q, P, D, optim_ae, optim_D, optim_Q, z_dim=6):
    Q.train(); P.train(); D.train()
    z = Q(x)
    x_hat = P(z)
    loss = F.mse_loss(x_hat, x)
    optim_ae.zero_grad()
    loss.backward()
    optim_ae.step()

    Q.eval()
    z_fake = Q(x)
    z_real = torch.randn_like(z_fake) * 5.0
    d_loss = 0.5 * (D(z_real) ** 2).mean() + 0.5 * ((D(z_fake.detach()) - 1) ** 2).mean()
    optim_D.zero_grad()
    d_loss.backward()
    optim_D.step()

    Q.train()
    g_loss = 0.5 * ((D(Q(x)) - 1) ** 2).mean()
    optim_Q.zero_grad()
    g_loss.backward()
    optim_Q.step()
    return loss.item(), d_loss.item(), g_loss.item()
