"""The networks in plain PyTorch, as a tutorial has them, in the sizes that all programs share.

    mlp    784-256-256-10, ReLU, dropout 0.2
    cnn    conv3x3 32, BN, ReLU, maxpool, Dropout2d 0.1; the same with 64; 3136-512, ReLU, dropout
           0.25; 10
    lstm   28 rows of 28, two layers of 128, the last step to 10
    vit    patches of 4 (49 and a class token), width 64, depth 6, heads 4, mlp ratio 2, dropout 0.1
    aae    the notes': 784-512-512, mu and logvar of 8; 8-512-512 (BN)-784, Tanh; 8-512-256-1;
           dropout 0.2 before each ReLU; three phases (see `game`)

All take images [N 1 28 28]. Parameters are as many as étude's.
"""

import torch
from torch import nn
from torch.nn import functional as F

CODE = 8
LR = 1e-3
GAME_BETAS = (0.5, 0.999)


def mlp() -> nn.Module:
    """269,322 parameters."""
    hidden = [nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2)]
    more = [nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(nn.Flatten(), *hidden, *more, nn.Linear(256, 10))


def cnn() -> nn.Module:
    """1,630,282 parameters."""

    def block(inputs: int, channels: int) -> list[nn.Module]:
        conv = nn.Conv2d(inputs, channels, 3, padding=1)
        return [conv, nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(0.1)]

    head = [nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Dropout(0.25), nn.Linear(512, 10)]
    return nn.Sequential(*block(1, 32), *block(32, 64), *head)


class LSTM(nn.Module):
    """214,282 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(28, 128, num_layers=2, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        Y, _ = self.lstm(x.squeeze(1))
        return self.head(Y[:, -1])


class Block(nn.Module):
    """A pre-norm encoder block on torch's own attention."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        first, second = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.mlp = nn.Sequential(first, nn.GELU(), nn.Dropout(dropout), second, nn.Dropout(dropout))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normed = self.norm1(x)
        attended, _ = self.attention(normed, normed, normed, need_weights=False)
        x = x + self.drop(attended)
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """205,962 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 64, kernel_size=4, stride=4)
        self.token = nn.Parameter(torch.zeros(1, 1, 64))
        self.positions = nn.Parameter(torch.randn(1, 50, 64) * 0.02)
        self.drop = nn.Dropout(0.1)
        self.blocks = nn.Sequential(*(Block(64, 4, 128, 0.1) for _ in range(6)))
        self.norm = nn.LayerNorm(64, eps=1e-6)
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(len(x), -1, -1), x), dim=1)
        x = self.blocks(self.drop(x + self.positions))
        return self.head(self.norm(x)[:, 0])


def layers(*sizes: int) -> list[nn.Module]:
    """Linear, dropout, ReLU for each pair of sizes."""
    found: list[nn.Module] = []
    for a, b in zip(sizes, sizes[1:]):
        found += [nn.Linear(a, b), nn.Dropout(0.2), nn.ReLU()]
    return found


class AAE(nn.Module):
    """1,479,457 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), *layers(784, 512, 512))
        self.mu, self.logvar = nn.Linear(512, CODE), nn.Linear(512, CODE)
        second = [nn.Linear(512, 512), nn.BatchNorm1d(512), nn.Dropout(0.2), nn.ReLU()]
        self.decoder = nn.Sequential(*layers(CODE, 512), *second, nn.Linear(512, 784), nn.Tanh())
        self.critic = nn.Sequential(*layers(CODE, 512, 256), nn.Linear(256, 1))
        nn.init.normal_(self.logvar.weight, std=0.01)
        nn.init.constant_(self.logvar.bias, -6.0)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Codes, drawn around mu."""
        h = self.body(x)
        mu, logvar = self.mu(h), self.logvar(h)
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Of body, mu and logvar."""
        parts = (self.body, self.mu, self.logvar)
        return [p for part in parts for p in part.parameters()]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encode(x)).view_as(x)


class Game:
    """The notes' three phases, each with an Adam of its own: reconstruct (encoder and decoder),
    discriminate (critic), confuse (encoder)."""

    def __init__(self, model: AAE) -> None:
        self.model = model
        encoder = model.encoder_parameters()
        both, critic = [*encoder, *model.decoder.parameters()], model.critic.parameters()
        self.reconstruct = torch.optim.Adam(both, lr=LR)
        self.discriminate = torch.optim.Adam(critic, lr=LR, betas=GAME_BETAS)
        self.confuse = torch.optim.Adam(encoder, lr=LR, betas=GAME_BETAS)

    def step(self, x: torch.Tensor) -> torch.Tensor:
        """One move of each on a batch; the error of reconstruction."""
        model, say = self.model, F.binary_cross_entropy_with_logits
        self.reconstruct.zero_grad()
        error = F.mse_loss(model(x), x)
        error.backward()
        self.reconstruct.step()

        self.discriminate.zero_grad()
        codes = model.encode(x).detach()
        real, fake = model.critic(torch.randn_like(codes)), model.critic(codes)
        loss = (say(real, torch.ones_like(real)) + say(fake, torch.zeros_like(fake))) / 2
        loss.backward()
        self.discriminate.step()

        self.confuse.zero_grad()
        fooled = model.critic(model.encode(x))
        say(fooled, torch.ones_like(fooled)).backward()
        self.confuse.step()
        return error


NETWORKS = {"mlp": mlp, "cnn": cnn, "lstm": LSTM, "vit": ViT, "aae": AAE}


def count(model: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@torch.no_grad()
def quality(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """accuracy on x [n 1 28 28] and y [n]; for the autoencoder, its mean squared error."""
    model.eval()
    if isinstance(model, AAE):
        errors = [F.mse_loss(model(part), part) * len(part) for part in x.split(500)]
        return {"reconstruction": float(sum(errors)) / len(x)}
    hits = [(model(a).argmax(1) == b).sum() for a, b in zip(x.split(500), y.split(500))]
    return {"accuracy": float(sum(hits)) / len(x)}
