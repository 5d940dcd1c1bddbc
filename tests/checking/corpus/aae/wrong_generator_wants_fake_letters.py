# role: aae
# verdict: wrong
# fault: generator_wants_fake
# object: module
# about: the same with the sign of the generator's loss changed

import torch, torch.nn.functional as F
def go(a, b, c, s1, s2, s3, data):
    """encoder a, decoder b, discriminator c"""
    r = F.mse_loss(b(a(data)), data)
    s1.zero_grad(); r.backward(); s1.step()
    n = torch.randn_like(a(data))
    d = -(torch.log(c(n)) + torch.log(1 - c(a(data).detach()))).mean()
    s2.zero_grad(); d.backward(); s2.step()
    g = torch.log(c(a(data))).mean()
    s3.zero_grad(); g.backward(); s3.step()
