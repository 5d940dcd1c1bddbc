# role: vit
# verdict: wrong
# fault: softmax_in_output
# object: MyViT
# about: the head ends in a softmax although the result goes to CrossEntropyLoss as logits
import torch
import torch.nn as nn


class MyViTBlock(nn.Module):
    def __init__(self, hidden_d, n_heads, mlp_ratio=2):
        super(MyViTBlock, self).__init__()
        self.norm1 = nn.LayerNorm(hidden_d)
        self.mhsa = nn.MultiheadAttention(hidden_d, n_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(hidden_d)
        self.mlp = nn.Sequential(
            nn.Linear(hidden_d, mlp_ratio * hidden_d),
            nn.GELU(),
            nn.Linear(mlp_ratio * hidden_d, hidden_d)
        )

    def forward(self, x):
        y = self.norm1(x)
        out = x + self.mhsa(y, y, y)[0]
        out = out + self.mlp(self.norm2(out))
        return out


class MyViT(nn.Module):
    """Returns class logits; train with nn.CrossEntropyLoss."""

    def __init__(self, chw=(1, 28, 28), patch=7, n_blocks=2, hidden_d=16, n_heads=2, out_d=10):
        super(MyViT, self).__init__()
        self.linear_mapper = nn.Conv2d(chw[0], hidden_d, patch, patch)
        n = (chw[1] // patch) * (chw[2] // patch)
        self.class_token = nn.Parameter(torch.rand(1, hidden_d))
        self.positional_embeddings = nn.Parameter(torch.randn(n + 1, hidden_d) * 0.02)
        self.blocks = nn.ModuleList([MyViTBlock(hidden_d, n_heads) for _ in range(n_blocks)])
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden_d),
            nn.Linear(hidden_d, out_d),
            nn.Softmax(dim=-1)  # <<<
        )

    def forward(self, images):
        tokens = self.linear_mapper(images).flatten(2).transpose(1, 2)
        tokens = torch.cat((self.class_token.expand(images.shape[0], 1, -1), tokens), dim=1)
        out = tokens + self.positional_embeddings
        for block in self.blocks:
            out = block(out)
        # getting the classification token only
        return self.mlp(out[:, 0])
