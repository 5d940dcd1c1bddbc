# role: reparameterization
# verdict: wrong
# fault: noise_shared_over_latent
# object: reparametrization_trick
# about: one random number per sample
import torch


def reparametrization_trick(mean, logvar):
    batch = mean.size(0)
    # 표준정규분포에서 epsilon 샘플링
    epsilon = torch.randn(batch, 1).to(mean)  # <<<
    std = logvar.mul(0.5).exp_()
    return mean + std * epsilon
