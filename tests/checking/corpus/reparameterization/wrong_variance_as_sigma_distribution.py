# role: reparameterization
# verdict: wrong
# fault: variance_as_sigma
# object: rsample
# about: Normal takes the standard deviation and gets exp(logvar)
# round: held-out
from torch import Tensor
from torch.distributions import Independent, Normal


def rsample(mu: Tensor, logvar: Tensor) -> Tensor:
    """Differentiable sample of the diagonal Gaussian q(z|x) given by mean and log-variance."""
    q = Independent(Normal(loc=mu, scale=logvar.exp()), 1)  # <<<
    return q.rsample()
