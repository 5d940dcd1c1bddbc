# role: dropout
# verdict: right
# object: Dropout
# about: a custom autograd Function that keeps the scaled mask for backward
# round: held-out
import torch
from torch import nn
from torch.autograd import Function


class _DropoutFn(Function):
    @staticmethod
    def forward(ctx, inp, p):
        noise = torch.empty_like(inp).bernoulli_(1 - p).div_(1 - p)
        ctx.save_for_backward(noise)
        return inp * noise

    @staticmethod
    def backward(ctx, grad_output):
        noise, = ctx.saved_tensors
        return grad_output * noise, None


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, inp):
        if self.training and self.p > 0:
            return _DropoutFn.apply(inp, self.p)
        return inp

    def extra_repr(self):
        return f"p={self.p}"
