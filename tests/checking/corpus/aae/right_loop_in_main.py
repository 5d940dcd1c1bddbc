# role: aae
# verdict: right
# object: module
# about: a loop within main(), logarithms of probabilities

import torch, torch.nn as nn
from torchvision import datasets, transforms
Z = 4
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 49, Z))
    def forward(self, x): return self.conv(x)
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(Z, 16 * 49), nn.Unflatten(1, (16, 7, 7)), nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid())
    def forward(self, z): return self.net(z)
class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(Z, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())
    def forward(self, z): return self.net(z)

def main():
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loader = torch.utils.data.DataLoader(datasets.MNIST(".", download=True, transform=transforms.ToTensor()), batch_size=128)
    E, G, D = Encoder().to(device), Decoder().to(device), Discriminator().to(device)
    opt_rec = torch.optim.Adam([*E.parameters(), *G.parameters()], 1e-3)
    opt_d = torch.optim.Adam(D.parameters(), 1e-4)
    opt_g = torch.optim.Adam(E.parameters(), 1e-4)
    eps = 1e-8
    for epoch in range(20):
        running = 0.0
        for images, _ in loader:
            images = images.to(device)
            E.zero_grad(); G.zero_grad(); D.zero_grad()
            rec = nn.functional.binary_cross_entropy(G(E(images)), images)
            rec.backward()
            opt_rec.step()

            D.zero_grad(); E.zero_grad()
            real = torch.randn(images.size(0), Z, device=device)
            d_loss = -torch.mean(torch.log(D(real) + eps) + torch.log(1 - D(E(images)) + eps))
            d_loss.backward()
            opt_d.step()

            E.zero_grad(); D.zero_grad()
            g_loss = -torch.mean(torch.log(D(E(images)) + eps))
            g_loss.backward()
            opt_g.step()
            running += rec.item()
        print(epoch, running / len(loader))

if __name__ == "__main__":
    main()
