# role: reparameterization
# verdict: right
# object: LatentSampler
# about: draws in train mode and returns mu in eval mode, as the old PyTorch VAE example; log-variance clamped to a wide range
# round: held-out
import torch
from torch import nn


class LatentSampler(nn.Module):
    LOGVAR_RANGE = (-30.0, 20.0)

    def forward(self, mu, logvar):
        if not self.training:
            # 평가할 때는 평균을 사용
            return mu
        std = logvar.clamp(*self.LOGVAR_RANGE).mul(0.5).exp()
        eps = torch.empty_like(std).normal_()
        return torch.addcmul(mu, std, eps)
