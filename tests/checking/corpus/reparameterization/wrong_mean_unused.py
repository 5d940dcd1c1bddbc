# role: reparameterization
# verdict: wrong
# fault: mean_unused
# object: reparameterize
# about: mu is not added
import torch


def reparameterize(mu, log_var):
    """
    :param mu: mean from the encoder's latent space
    :param log_var: log variance from the encoder's latent space
    """
    std = torch.exp(0.5 * log_var)  # standard deviation
    eps = torch.randn_like(std)  # `randn_like` as we need the same size
    sample = eps * std  # <<<
    return sample
