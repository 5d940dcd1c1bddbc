"""torch's own optimizers, by name, on the parameters of a phase."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from etude.recipe import Train

Named = list[tuple[str, nn.Parameter]]

SPARED = ("pos_embed", "cls_token")


def decays(name: str, parameter: nn.Parameter) -> bool:
    """Whether weight decay pulls at it: matrices and kernels; not biases, norms, positions or the
    class token."""
    return parameter.ndim > 1 and not name.endswith(SPARED)


def build(named: Iterable[tuple[str, nn.Parameter]], train: Train, **other: Any) -> list[Optimizer]:
    """The optimizers of a phase; one, or two for muon (matrices, and the rest by AdamW).

    other: what a phase sets for itself: "lr_factor" (on the recipe's rate), "betas".

    Sources: I. Sutskever et al., 2013 (momentum, nesterov); D. Kingma, J. Ba, 2015 (adam);
    I. Loshchilov, F. Hutter, 2019 (adamw); T. Tieleman, G. Hinton, 2012 (rmsprop); K. Jordan et
    al., 2024 (muon).
    """
    pairs = list(named)
    lr = (train.lr or 0.0) * other.get("lr_factor", 1.0)
    decay = train.weight_decay or 0.0
    device = pairs[0][1].device.type
    fused = device in ("cpu", "cuda")
    adam = {"lr": lr, "betas": other.get("betas", (0.9, 0.999)), "fused": fused}
    match train.optimizer:
        case "sgd":
            return [torch.optim.SGD(groups(pairs, decay), lr=lr, fused=fused)]
        case "momentum" | "nesterov":
            nesterov = train.optimizer == "nesterov"
            params = groups(pairs, decay)
            return [torch.optim.SGD(params, lr=lr, momentum=0.9, nesterov=nesterov, fused=fused)]
        case "adam":
            return [torch.optim.Adam(groups(pairs, decay), **adam)]
        case "adamw":
            return [torch.optim.AdamW(groups(pairs, decay), **adam)]
        case "rmsprop":
            return [torch.optim.RMSprop(groups(pairs, decay), lr=lr, alpha=0.99)]
        case "muon":
            matrices = [pair for pair in pairs if pair[1].ndim == 2 and decays(*pair)]
            rest = [pair for pair in pairs if pair[1].ndim != 2 or not decays(*pair)]
            found: list[Optimizer] = []
            if matrices:
                # The adjusted rate makes Muon's steps as large as AdamW's, so one lr serves both.
                found.append(
                    torch.optim.Muon(groups(matrices, decay), lr=lr, adjust_lr_fn="match_rms_adamw")
                )
            if rest:
                found.append(torch.optim.AdamW(groups(rest, decay), **adam))
            return found
    raise ValueError(f"no optimizer {train.optimizer!r}")


def groups(pairs: Named, decay: float) -> list[dict[str, Any]]:
    """Two groups: what decays and what is spared."""
    kept = [p for name, p in pairs if decays(name, p)]
    spared = [p for name, p in pairs if not decays(name, p)]
    found = [{"params": kept, "weight_decay": decay}, {"params": spared, "weight_decay": 0.0}]
    return [group for group in found if group["params"]]


def tensors(optimizers: list[Optimizer], named: Named, phase: str) -> dict[str, torch.Tensor]:
    """Every state tensor, keyed phase/i/parameter/slot."""
    names = {id(p): name for name, p in named}
    return {
        f"{phase}/{i}/{names[id(p)]}/{slot}": value
        for i, optimizer in enumerate(optimizers)
        for p, state in optimizer.state.items()
        for slot, value in state.items()
        if isinstance(value, torch.Tensor)
    }


def restore(
    optimizers: list[Optimizer], named: Named, phase: str, saved: dict[str, torch.Tensor]
) -> None:
    """Put back what `tensors` gave: each slot beside its parameter, step counts where they were."""
    parameters = dict(named)
    for path, value in saved.items():
        owner, index, name, slot = path.split("/")
        if owner == phase:
            optimizer, parameter = optimizers[int(index)], parameters[name]
            fused = any(group.get("fused") for group in optimizer.param_groups)
            place = parameter.device if slot != "step" or fused else torch.device("cpu")
            optimizer.state[parameter][slot] = value.to(place)
