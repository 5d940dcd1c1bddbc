# role: reparameterization
# verdict: wrong
# fault: mean_detached
# object: reparameterize
# about: mu is taken through .data
import torch


def reparameterize(mu, logvar):
    std = logvar.mul(0.5).exp()
    eps = std.new_empty(std.size()).normal_()
    return eps * std + mu.data  # <<<
