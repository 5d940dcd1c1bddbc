# role: aae
# verdict: wrong
# fault: labels_equal
# object: module
# about: copied line: the discriminator is taught 'valid' for the codes as well

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, img_dim=1024, latent_dim=10):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(img_dim, 512), nn.Dropout(p=0.2), nn.ReLU(),
            nn.Linear(512, 512), nn.Dropout(p=0.2), nn.ReLU(),
        )
        self.z = nn.Linear(512, latent_dim)

    def forward(self, img):
        img_flat = img.view(img.shape[0], -1)
        return self.z(self.model(img_flat))


class Decoder(nn.Module):
    def __init__(self, img_shape=(1, 32, 32), latent_dim=10):
        super().__init__()
        self.img_shape = img_shape
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 512), nn.Dropout(p=0.2), nn.ReLU(),
            nn.Linear(512, 512), nn.BatchNorm1d(512), nn.Dropout(p=0.2), nn.ReLU(),
            nn.Linear(512, 1024), nn.Tanh(),
        )

    def forward(self, z):
        q = self.model(z)
        return q.view(q.shape[0], *self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim=10):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 512), nn.Dropout(p=0.2), nn.ReLU(),
            nn.Linear(512, 256), nn.Dropout(p=0.2), nn.ReLU(),
            nn.Linear(256, 1), nn.Sigmoid(),
        )

    def forward(self, z):
        return self.model(z)


adversarial_loss = nn.BCELoss()
pixelwise_loss = nn.L1Loss()


def train_step(encoder, decoder, discriminator, optimizer_G, optimizer_D, imgs, latent_dim):
    valid = torch.ones((imgs.shape[0], 1), device=imgs.device)

    # Generator 학습
    optimizer_G.zero_grad()
    encoded = encoder(imgs)
    decoded = decoder(encoded)
    g_loss = 0.01 * adversarial_loss(discriminator(encoded), valid) + 0.99 * pixelwise_loss(decoded, imgs)
    g_loss.backward()
    optimizer_G.step()

    # Discriminator 학습
    optimizer_D.zero_grad()
    z = torch.randn(imgs.shape[0], latent_dim, device=imgs.device)
    real_loss = adversarial_loss(discriminator(z), valid)
    fake_loss = adversarial_loss(discriminator(encoded.detach()), valid)  # <<<
    d_loss = 0.5 * (real_loss + fake_loss)
    d_loss.backward()
    optimizer_D.step()
    return g_loss.item(), d_loss.item()
