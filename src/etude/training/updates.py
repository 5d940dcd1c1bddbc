"""torch's optimizers written out for members side by side: a row each, with a rate and a decay of
its own.

    M members · P numbers a member, those that weight decay pulls at first

Each is held equal to torch's own by tests/training/test_stacked.py. Sources: see `optimizer`.
"""

import torch

from etude.shapes import Float, Tensor

SLOTS: dict[str, tuple[str, ...]] = {
    "sgd": (),
    "momentum": ("momentum_buffer",),
    "nesterov": ("momentum_buffer",),
    "adam": ("exp_avg", "exp_avg_sq"),
    "adamw": ("exp_avg", "exp_avg_sq"),
    "rmsprop": ("square_avg",),
}
"""What each keeps of a parameter, as torch names it; those of two axes count steps besides."""
COUNTS = ("adam", "adamw", "rmsprop")
MOMENTUM, ALPHA, EPSILON = 0.9, 0.99, 1e-8


class Update:
    """`update(gradients, rates, decays)` moves `rows` [M P] in place, which may change gradients.

    decaying: how many numbers of a row, from the first, weight decay pulls at. A row whose
    gradient, rate and decay are all zero stays bit for bit as it is.
    """

    def __init__(
        self,
        name: str,
        rows: Float[Tensor, "M P"],
        decaying: int,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self.name, self.rows, self.decaying, self.betas = name, rows, decaying, betas
        self.slots = {slot: torch.zeros_like(rows) for slot in SLOTS[name]}
        self.steps = 0
        # On a CPU a row at a time, which stays in its cache; on a GPU all by one kernel.
        size = 1 if rows.device.type == "cpu" else len(rows)
        self.parts = [slice(i, i + size) for i in range(0, len(rows), size)]

    @torch.no_grad()
    def __call__(
        self,
        gradients: Float[Tensor, "M P"],
        rates: Float[Tensor, "M 1"],
        decays: Float[Tensor, "M 1"],
    ) -> None:
        self.steps += 1
        for part in self.parts:
            p, g, rate, decay = (x[part] for x in (self.rows, gradients, rates, decays))
            pulled = p[:, : self.decaying]
            if self.name == "adamw":  # decoupled: I. Loshchilov, F. Hutter, 2019, algorithm 2
                pulled.mul_(1 - rate * decay)
            else:
                g[:, : self.decaying].addcmul_(pulled, decay)
            p.sub_(self._change(g, [slot[part] for slot in self.slots.values()], rate))

    def _change(self, g: Tensor, slots: list[Tensor], rate: Tensor) -> Tensor:
        """What is taken from the rows [m P] for gradients g [m P]."""
        if self.name in ("adam", "adamw"):
            mean, square = slots
            mean.lerp_(g, 1 - self.betas[0])
            square.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
            first, second = (1 - beta**self.steps for beta in self.betas)
            below = square.sqrt().div_(second**0.5).add_(EPSILON)
            return torch.div(mean, below, out=below).mul_(rate / first)
        if self.name == "rmsprop":
            (square,) = slots
            square.mul_(ALPHA).addcmul_(g, g, value=1 - ALPHA)
            below = square.sqrt().add_(EPSILON)
            return torch.div(g, below, out=below).mul_(rate)
        if self.name == "sgd":
            return g * rate
        (velocity,) = slots
        velocity.mul_(MOMENTUM).add_(g)
        step = g.add(velocity, alpha=MOMENTUM) if self.name == "nesterov" else velocity
        return step * rate
