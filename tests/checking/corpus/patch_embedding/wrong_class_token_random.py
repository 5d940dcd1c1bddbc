# role: patch_embedding
# verdict: wrong
# fault: class_token_random
# object: PatchEmbeddings
# about: a fresh random class token is drawn in every forward pass
import torch
import torch.nn as nn


class PatchEmbeddings(nn.Module):
    def __init__(self, image_size=32, patch_size=8, num_channels=3, hidden_size=48):
        super().__init__()
        num_patches = (image_size // patch_size) ** 2
        self.hidden_size = hidden_size
        self.projection = nn.Conv2d(num_channels, hidden_size, kernel_size=patch_size, stride=patch_size)
        self.position_embeddings = nn.Parameter(torch.randn(1, num_patches + 1, hidden_size))

    def forward(self, x):
        batch_size = x.shape[0]
        x = self.projection(x).flatten(2).transpose(1, 2)
        cls_token = torch.randn(1, 1, self.hidden_size, device=x.device, dtype=x.dtype)  # <<<
        cls_token = cls_token.expand(batch_size, -1, -1)
        x = torch.cat((cls_token, x), dim=1)
        x = x + self.position_embeddings
        return x
