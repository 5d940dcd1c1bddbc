# role: aae
# verdict: wrong
# fault: prior_missing
# object: module
# about: the discriminator's loss has no term for samples of the prior, it sees codes only

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, img_shape=(1, 28, 28), latent_dim=8):
        super().__init__()
        self.fc1 = nn.Linear(img_shape[0] * img_shape[1] * img_shape[2], 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, latent_dim)

    def forward(self, x):
        x = torch.relu(self.fc1(x.flatten(1)))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


class Decoder(nn.Module):
    def __init__(self, img_shape=(1, 28, 28), latent_dim=8):
        super().__init__()
        self.img_shape = img_shape
        self.fc1 = nn.Linear(latent_dim, 128)
        self.fc2 = nn.Linear(128, 256)
        self.fc3 = nn.Linear(256, img_shape[0] * img_shape[1] * img_shape[2])

    def forward(self, z):
        x = torch.relu(self.fc1(z))
        x = torch.relu(self.fc2(x))
        return torch.tanh(self.fc3(x)).view(-1, *self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim=8):
        super().__init__()
        self.fc1 = nn.Linear(latent_dim, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 1)

    def forward(self, z):
        x = torch.relu(self.fc1(z))
        x = torch.relu(self.fc2(x))
        return torch.sigmoid(self.fc3(x))


def train_step(encoder, decoder, discriminator, opt_ae, opt_dis, opt_gen, imgs, latent_dim=8):
    """opt_ae: encoder + decoder, opt_dis: discriminator, opt_gen: encoder"""
    bce = nn.BCELoss()
    real_label = torch.ones(imgs.size(0), 1, device=imgs.device)
    fake_label = torch.zeros(imgs.size(0), 1, device=imgs.device)

    # (1) reconstruction
    opt_ae.zero_grad()
    loss_rec = nn.functional.mse_loss(decoder(encoder(imgs)), imgs)
    loss_rec.backward()
    opt_ae.step()

    # (2) discriminator
    opt_dis.zero_grad()
    z_fake = encoder(imgs).detach()
    loss_dis = bce(discriminator(z_fake), fake_label)  # <<<
    loss_dis.backward()
    opt_dis.step()

    # (3) generator
    opt_gen.zero_grad()
    loss_gen = bce(discriminator(encoder(imgs)), real_label)
    loss_gen.backward()
    opt_gen.step()
    return loss_rec.item(), loss_dis.item(), loss_gen.item()
