# role: vit
# verdict: wrong
# fault: only_last_layer_used
# object: ViT
# about: every layer is fed the embedded patches, so only the last one's output counts
import torch
import torch.nn as nn


class EncoderLayer(nn.Module):
    def __init__(self, emb_dim, num_heads, hidden_dim, p):
        super().__init__()
        self.norm1 = nn.LayerNorm(emb_dim)
        self.norm2 = nn.LayerNorm(emb_dim)
        self.attn = nn.MultiheadAttention(emb_dim, num_heads, dropout=p, batch_first=True)
        self.linear_1 = nn.Linear(emb_dim, hidden_dim)
        self.linear_2 = nn.Linear(hidden_dim, emb_dim)
        self.dropout = nn.Dropout(p)

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.dropout(self.attn(h, h, h)[0])
        h = nn.functional.gelu(self.linear_1(self.norm2(x)))
        return x + self.dropout(self.linear_2(self.dropout(h)))


class ViT(nn.Module):
    def __init__(self, num_classes=10, img_size=(32, 32), patch_size=8, channels=3, emb_dim=64,
                 num_layers=3, num_heads=4, hidden_dim=128, dropout_p=0.0):
        super().__init__()
        n = (img_size[0] // patch_size) * (img_size[1] // patch_size)
        self.patch = nn.Conv2d(channels, emb_dim, patch_size, patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, emb_dim))
        self.pos = nn.Parameter(torch.randn(1, n + 1, emb_dim) * 0.02)
        self.layers = nn.ModuleList(
            [EncoderLayer(emb_dim, num_heads, hidden_dim, dropout_p) for _ in range(num_layers)])
        self.norm = nn.LayerNorm(emb_dim)
        self.fc = nn.Linear(emb_dim, num_classes)

    def forward(self, img):
        x = self.patch(img).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.repeat(x.size(0), 1, 1), x], dim=1)
        x = x + self.pos
        # encoder
        for layer in self.layers:
            out = layer(x)  # <<<
        out = self.norm(out)
        return self.fc(out[:, 0])
