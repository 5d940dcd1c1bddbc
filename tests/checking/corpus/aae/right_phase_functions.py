# role: aae
# verdict: right
# object: module
# about: each phase a function of its own

import torch
import torch.nn as nn
bce = nn.BCEWithLogitsLoss()
def reconstruction_step(encoder, decoder, x, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(decoder(encoder(x)), x)
    loss.backward()
    optimizer.step()
    return loss.item()
def discriminator_step(encoder, discriminator, x, prior_sample, optimizer):
    optimizer.zero_grad()
    with torch.no_grad():
        fake = encoder(x)
    out_r, out_f = discriminator(prior_sample), discriminator(fake)
    loss = bce(out_r, torch.ones_like(out_r)) + bce(out_f, torch.zeros_like(out_f))
    loss.backward()
    optimizer.step()
    return loss.item()
def generator_step(encoder, discriminator, x, optimizer):
    optimizer.zero_grad()
    out = discriminator(encoder(x))
    loss = bce(out, torch.ones_like(out))
    loss.backward()
    optimizer.step()
    return loss.item()
