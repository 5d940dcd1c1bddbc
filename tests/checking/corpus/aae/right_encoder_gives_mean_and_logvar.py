# role: aae
# verdict: right
# object: module
# about: the step draws the code from what the encoder gives

import torch
def update(x, encoder, decoder, discriminator, ae_optimizer, disc_optimizer, enc_optimizer, recon_loss_fn, adv_loss_fn):
    mu, logvar = encoder(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    loss_r = recon_loss_fn(decoder(z), x)
    ae_optimizer.zero_grad(); loss_r.backward(); ae_optimizer.step()
    mu, logvar = encoder(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    real = torch.randn_like(z)
    y_real, y_fake = discriminator(real), discriminator(z.detach())
    loss_d = (adv_loss_fn(y_real, torch.ones_like(y_real)) + adv_loss_fn(y_fake, torch.zeros_like(y_fake))) / 2
    disc_optimizer.zero_grad(); loss_d.backward(); disc_optimizer.step()
    mu, logvar = encoder(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    y = discriminator(z)
    loss_g = adv_loss_fn(y, torch.ones_like(y))
    enc_optimizer.zero_grad(); loss_g.backward(); enc_optimizer.step()
