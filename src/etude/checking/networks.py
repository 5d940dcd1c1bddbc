"""The players of an adversarial autoencoder in a user's file, made and brought together with its
training step.

    imgs [N C H W] · z [N Z] a code · D(z) [N 1] a score
"""

import inspect
import linecache
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from etude.checking.build import READ, Sizes
from etude.checking.constructions import first as first_of_class
from etude.checking.source import CannotJudge, Thing, things
from etude.checking.subject import first
from etude.shapes import Tensor

N = 12
PARTS = {
    "encoder": r"(?!\w*(auto_?encoder|aae))\w*(enc|encoder|inference_?net)\w*|q(_?net\w*)?",
    "decoder": r"\w*(dec|decoder|generator)\w*|p(_?net\w*)?",
    "discriminator": r"\w*(disc|discriminator|critic)\w*|d(_?net\w*)?",
}  # fmt: skip
HELD = {
    "encoder": r"(net_?|model_?)?(enc|encoder|e|q|q_net)(_?(net|model|gauss\w*))?",
    "decoder": r"(net_?|model_?)?(dec|decoder|p|p_net|generator|g)(_?(net|model))?",
    "discriminator": r"(net_?|model_?)?(disc|discriminator|d|dis|critic|d_net)"
    r"(_?(net|model|gauss\w*|z|code))?",
}
"""Names by which a training step takes them."""
CALLED = {
    "images": r"(real_?)?(imgs?|images?|xs?|xb|batch|data|pictures|inputs?)(_?real)?|real|samples",
    "prior": r"z|noise|z_\w+|prior\w*|real_z|z0",
    "latent": READ["latent"].pattern,
    "batch": r"batch_?size|n|bs",
    "device": r"device|dev",
    "loader": r"(train_?)?(data_?)?(loader|dl|dataloader|iterator|batches)",
    "epochs": r"(n|num)?_?(of_)?epochs?",
    "rate": r"lr|learning_?rate",
    "epoch": r"epoch|it|i|step|iteration|global_step",
    "real": r"valid|real_?labels?|ones|y_?real",
    "fake": r"fake|fake_?labels?|zeros|y_?fake",
    "adversarial": r"adv\w*|bce\w*|(loss|criterion)_(adv|bce|d|gan)\w*|criterion|loss_fn",
    "pixels": r"(recon|pixel|mse|l1|rec)\w*|(loss|criterion)_(rec\w*|pix\w*|ae|mse|l1)",
}  # fmt: skip
OPTIMIZER = r"(?:\w+_)?(?:opt|optim|optimi[sz]er|solver)s?(?:_?\w+)?|\w+_?opt(?:im(?:izer)?)?"


def found_in(module: ModuleType, names: Mapping[str, str] = PARTS) -> dict[str, Thing]:
    """Classes that are the players, by part."""
    found: dict[str, Thing] = {}
    for thing in things(module):
        if not (thing.is_class and issubclass(thing.it, nn.Module)):
            continue
        for part, pattern in names.items():
            if part not in found and re.fullmatch(pattern, thing.name, re.IGNORECASE):
                found[part] = thing
                break
    return found


def players_in(values: Mapping[str, Any]) -> dict[str, nn.Module]:
    """The modules among these that are called as players are, also within one of them."""
    modules = {name: it for name, it in values.items() if isinstance(it, nn.Module)}
    inner = {n: m for it in modules.values() for n, m in it.named_children()}
    modules = {**inner, **modules}
    return {part: it for part, pattern in HELD.items() for name, it in modules.items()
            if re.fullmatch(pattern, name, re.IGNORECASE)}  # fmt: skip


def by_running(values: Mapping[str, Any], images: Tensor) -> dict[str, nn.Module]:
    """The modules among these that work as players do: one makes codes of images, one images of
    codes, one a number of a code."""
    modules = [it for it in values.values() if isinstance(it, nn.Module)]
    modules += [inner for it in modules for inner in it.children()]
    found: dict[str, nn.Module] = {}
    codes = [(it, out) for it in modules if (out := _of(it, images)) is not None]
    for encoder, code in codes:
        if code.ndim != 2 or not 1 < code.shape[1] < images[0].numel():
            continue
        for it in modules:
            out = _of(it, code) if it is not encoder else None
            if out is not None and out.numel() == images.numel():
                found.setdefault("decoder", it)
            elif out is not None and out.numel() == len(images):
                found.setdefault("discriminator", it)
        if "decoder" in found:
            return {**found, "encoder": encoder}
    return {}


def _of(it: nn.Module, x: Tensor) -> Tensor | None:
    """What a module makes of an input; None where it takes no such."""
    kept = {name: value.clone() for name, value in it.state_dict().items()}
    try:
        with torch.no_grad():
            return first(it(x))
    except (Exception, SystemExit):
        return None
    finally:
        it.load_state_dict(kept)


def makings(
    module: ModuleType, classes: Mapping[str, Thing]
) -> Iterator[dict[str, nn.Module] | CannotJudge]:
    """Parts, made in several ways."""
    Z = constant(module, "latent", 6)
    for shape in shapes(module):
        numbers = shape[0] * shape[1] * shape[2]
        for side in (shape[-1], numbers):
            same = {"image_shape": shape, "latent": Z, "channels": shape[0], "hidden": 32}
            sizes = {
                "encoder": {**same, "outputs": Z, "inputs": numbers, "image": side},
                "decoder": {**same, "inputs": Z, "outputs": numbers, "image": side},
                "discriminator": {**same, "outputs": 1, "inputs": Z, "image": side},
            }
            orders = {
                "encoder": ("image_shape", "latent"), "decoder": ("latent", "image_shape"),
                "discriminator": ("latent", "hidden"),
            }  # fmt: skip
            try:
                yield {
                    part: first_of_class(classes[part], Sizes(sizes[part], orders[part]), {}).it.to(
                        torch.get_default_dtype()
                    )
                    for part in PARTS
                }
            except CannotJudge as error:
                yield error


def constants(module: ModuleType) -> dict[str, Any]:
    """What the file names: on its own, or in an object or mapping of settings."""
    found: dict[str, Any] = {}
    for value in vars(module).values():
        plain = isinstance(value, SimpleNamespace | Namespace) or is_dataclass(value)
        if plain or (isinstance(value, dict) and value is not vars(module).get("__builtins__")):
            more = value if isinstance(value, dict) else getattr(value, "__dict__", {})
            found |= {k: v for k, v in more.items() if isinstance(k, str)}
    return {**found, **vars(module)}


BATCH = re.compile(r"(train_?)?(mb|batch)_?size|bs", re.I)


def constant(module: ModuleType, meaning: str, usual: int) -> int:
    """A number of the file by its name, else a class's default, else the usual."""
    pattern = READ.get(meaning, BATCH)
    for name, value in constants(module).items():
        if pattern.fullmatch(name) and type(value) is int:
            return value
    for thing in things(module):
        for name, parameter in inspect.signature(thing.it).parameters.items():
            if pattern.fullmatch(name) and type(parameter.default) is int:
                return parameter.default
    return usual


def shapes(module: ModuleType) -> list[tuple[int, int, int]]:
    """Of an image: the file's own, else those of the notes and of MNIST."""
    signatures = [inspect.signature(thing.it) for thing in things(module)]
    known = [p.default for signature in signatures for p in signature.parameters.values()]
    own = [v for v in (*constants(module).values(), *known)
           if isinstance(v, tuple) and len(v) == 3 and all(type(n) is int for n in v)]  # fmt: skip
    if 0 < (side := constant(module, "image", 0)) <= 256:
        own.append((constant(module, "channels", 1), side, side))
    if re.search(r"\b(784|28)\b", "".join(linecache.getlines(module.__file__ or ""))):
        own.append((1, 28, 28))
    return list(dict.fromkeys([*own, (1, 32, 32), (1, 28, 28)]))


def samples_for(it: nn.Module, rows: int) -> Iterator[Tensor]:
    """Inputs that a network may take: as wide as its first layer says, as pictures and flat."""
    torch.manual_seed(17)
    dtype = torch.get_default_dtype()
    for layer in it.modules():
        if isinstance(layer, nn.Linear):
            wide = layer.in_features
            side = next((s for s in (28, 32, 64, 8, 16) if wide in (s * s, 3 * s * s)), 0)
            if side:
                yield torch.rand(rows, wide // side**2, side, side, dtype=dtype)
            yield torch.rand(rows, wide, dtype=dtype)
            yield torch.rand(rows, 5, wide, dtype=dtype)
            return
        if isinstance(layer, nn.Conv2d):
            for side in (28, 32, 64, 16, 8, 128):
                yield torch.rand(rows, layer.in_channels, side, side, dtype=dtype)
            return
        if isinstance(layer, nn.Embedding):
            yield torch.randint(layer.num_embeddings, (rows, 8))
            return
        if isinstance(layer, nn.LSTM | nn.GRU | nn.RNN):
            yield torch.rand(rows, 8, layer.input_size, dtype=dtype)
            return


def rows(module: ModuleType) -> int:
    """How many images are handed over: as many as the file says where it says so in a constant,
    for its steps may count on it."""
    known = constant(module, "batch", N)
    return known if N <= known <= 128 else N


def pictures(module: ModuleType) -> Iterator[Tensor]:
    """Images in [0, 1], as they are and flat."""
    for shape in shapes(module):
        torch.manual_seed(17)
        images = torch.rand(rows(module), *shape)
        yield images
        yield images.flatten(1)


def judge_of(discriminator: nn.Module, Z: int) -> nn.Module:
    """The loss that fits the discriminator's scores: of probabilities or of logits."""
    with torch.no_grad():
        try:
            score = first(discriminator(50 * torch.randn(64, Z)))
        except RuntimeError:
            return nn.BCEWithLogitsLoss()
    bounded = bool(((score >= 0) & (score <= 1)).all())
    return nn.BCELoss() if bounded else nn.BCEWithLogitsLoss()


def named_owners(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Whose parameters each optimizer has, where its name says so; a generator's may be the
    encoder's, or encoder's and decoder's, so nothing."""
    meant = {
        "D": ("discriminator",), "encoder": ("encoder",), "decoder": ("decoder",),
        "both": ("encoder", "decoder"), "G": (), "": (),
    }  # fmt: skip
    return {name: meant[_mark(name)] for name in names}


def _mark(name: str) -> str:
    word = re.sub(r"(optimi[sz]er|optim|opt|solver)s?", "", name, flags=re.I).strip("_").lower()
    for mark, pattern in (
        ("D", r"d|dis\w*|critic|d_\w+|disc\w*"),
        ("both", r"ae|auto_?encoder|rec\w*|r|enc_?dec|encoder_decoder|ed|pixel"),
        ("encoder", r"e|enc\w*|q|q_enc\w*|enc_?gen|fool\w*|confuse\w*|q_gen\w*"),
        ("decoder", r"dec\w*|p|p_dec\w*"),
    ):
        if re.fullmatch(pattern, word):
            return mark
    return ""


class Settings(SimpleNamespace):
    """A configuration whose attributes, and keys, are understood by their names."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__()
        self.__dict__["_known"] = known

    def __getattr__(self, name: str) -> Any:
        for meaning, pattern in CALLED.items():
            known = self.__dict__["_known"]
            if meaning in known and re.fullmatch(pattern, name, re.IGNORECASE):
                return known[meaning]
        raise AttributeError(name)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)
