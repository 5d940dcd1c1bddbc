# role: reparameterization
# verdict: wrong
# fault: sigma_inverted
# object: reparametrize
# about: a minus sign in the exponent
import torch


def reparametrize(mu, logvar):
    half = -0.5 * logvar  # <<<
    z = torch.randn_like(mu)
    return torch.addcmul(mu, half.exp(), z)
