# role: vit
# verdict: wrong
# fault: patches_scrambled
# object: ViT
# about: after unfold twice the axes are [B C h w p p] and the reshape to patches lacks the permute
# round: held-out
import torch
import torch.nn as nn


class ViT(nn.Module):
    def __init__(self, image_size=32, channels=3, patch=8, width=48, depth=2, heads=4, classes=10):
        super().__init__()
        self.patch = patch
        self.n = (image_size // patch) ** 2
        self.embed = nn.Linear(channels * patch ** 2, width)
        self.token = nn.Parameter(torch.zeros(width))
        self.position = nn.Embedding(self.n + 1, width)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=0.0, activation="gelu",
                                       batch_first=True, norm_first=True),
            num_layers=depth, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, classes)
        self.register_buffer("index", torch.arange(self.n + 1), persistent=False)

    def patchify(self, img):
        p = self.patch
        x = img.unfold(2, p, p).unfold(3, p, p)
        return x.reshape(img.shape[0], self.n, -1)  # <<<

    def forward(self, img):
        x = self.embed(self.patchify(img))
        token = self.token.expand(x.shape[0], 1, -1)
        x = torch.cat((token, x), dim=1) + self.position(self.index)
        return self.head(self.encoder(x)[:, 0])
