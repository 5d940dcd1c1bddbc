"""The players of an adversarial autoencoder in a user's file, made and brought together with its
training step.

    imgs [N C H W] · z [N Z] a code · D(z) [N 1] a score
"""

import inspect
import re
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from etude.checking.build import READ, Sizes, construct, needed, takes
from etude.checking.source import CannotJudge, Thing, theirs, things
from etude.checking.subject import first
from etude.shapes import Tensor

N = 12
PARTS = {
    "encoder": r"(?!\w*(auto_?encoder|aae))\w*(enc|encoder|inference_?net)\w*",
    "decoder": r"\w*(dec|decoder|generator)\w*",
    "discriminator": r"\w*(disc|discriminator|critic)\w*",
}  # fmt: skip
HELD = {
    "encoder": r"(net_?|model_?)?(enc|encoder|e|q|q_net)(_?(net|model))?",
    "decoder": r"(net_?|model_?)?(dec|decoder|p|p_net|generator|g)(_?(net|model))?",
    "discriminator": r"(net_?|model_?)?(disc|discriminator|d|dis|critic|d_net)(_?(net|model))?",
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
    "adversarial": r"adv\w*|bce\w*|(loss|criterion)_(adv|bce|d|gan)\w*|criterion|loss_fn",
    "pixels": r"(recon|pixel|mse|l1|rec)\w*|(loss|criterion)_(rec\w*|pix\w*|ae|mse|l1)",
}  # fmt: skip
OPTIMIZER = r"(?:\w+_)?(?:opt|optim|optimi[sz]er|solver)s?(?:_?\w+)?|\w+_?opt(?:im(?:izer)?)?"
STEP = r"(\w*_)?(train|step|update|fit)(ing)?(_\w*)?|\w*train_?step\w*"


@dataclass(frozen=True)
class Players:
    """Made parts, and images that the encoder takes. Z: width of a code."""

    parts: Mapping[str, nn.Module]
    images: Tensor
    Z: int
    step: Callable[..., Any]
    module: ModuleType


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


def step_in(module: ModuleType) -> Thing:
    """The function that trains: of those so named, the one that takes or calls most."""
    best, most = None, 0
    for thing in things(module):
        if thing.is_class:
            continue
        found = set(meanings(thing.it).values())
        named = bool(re.fullmatch(STEP, thing.name, re.IGNORECASE))
        count = 4 * len(found & set(HELD)) + len(found) + 4 * named
        if count >= most and (named or len(found & set(HELD)) == 3):
            best, most = thing, count
    if best is None:
        raise CannotJudge("check_aae_no_step")
    return best


def holder_in(module: ModuleType) -> tuple[Thing, str] | None:
    """A class that holds the players and has the training step as its method, and its name."""
    for thing in things(module):
        for name, it in vars(thing.it).items() if thing.is_class else ():
            if inspect.isfunction(it) and re.fullmatch(STEP, name) and name not in ("train", "fit"):
                return thing, name
    return None


def meanings(call: Callable[..., Any]) -> dict[str, str]:
    """What each parameter of a training step means, by its name; an optimizer is "opt"."""
    found = {}
    for name in takes(call):
        if re.fullmatch(OPTIMIZER, name, re.IGNORECASE):
            found[name] = "opt"
            continue
        for meaning, pattern in {**HELD, **CALLED}.items():
            if re.fullmatch(pattern, name, re.IGNORECASE) and meaning not in found.values():
                found[name] = meaning
                break
    return found


def owners(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Whose parameters each optimizer has, by its name. A generator's is the encoder's where
    another one reconstructs, else encoder's and decoder's."""
    marks = {name: _mark(name) for name in names}
    both = ("encoder", "decoder")
    rest = "encoder" if set(marks.values()) & {"both", "decoder"} else "both"
    meant = {
        "D": ("discriminator",), "encoder": ("encoder",), "decoder": ("decoder",), "both": both,
        "G": both if rest == "both" else ("encoder",), "": both,
    }  # fmt: skip
    return {name: meant[mark] for name, mark in marks.items()}


def _mark(name: str) -> str:
    word = (
        re.sub(r"optimi[sz]ers?|optims?|opts?|solver", "", name, flags=re.IGNORECASE)
        .strip("_")
        .lower()
    )
    for mark, pattern in (
        ("D", r"d|dis\w*|critic|d_\w+|disc\w*"),
        ("both", r"ae|auto_?encoder|rec\w*|r|enc_?dec|encoder_decoder|ed|pixel"),
        ("encoder", r"e|enc\w*|q|enc_?gen|fool\w*|confuse\w*|reg\w*"),
        ("decoder", r"dec\w*|p"),
        ("G", r"g|gen\w*|adv\w*"),
    ):
        if re.fullmatch(pattern, word):
            return mark
    return ""


def assemble(module: ModuleType, file: str) -> Players:
    """Make the players so that they fit each other. Raises CannotJudge where none fits."""
    classes, holder = found_in(module), holder_in(module)
    step = None if holder else step_in(module).it
    ready = players_in(vars(module))
    made: Iterator[dict[str, nn.Module] | CannotJudge] = iter([ready])
    if len(ready) < len(HELD) or holder or set(meanings(step_in(module).it).values()) & set(HELD):
        missing = [part for part in PARTS if part not in classes]
        if missing and not holder:
            raise CannotJudge("check_aae_part", part=missing[0])
        made = iter([{}]) if missing else makings(module, classes)  # a holder may make its own
    trouble: CannotJudge | None = None
    for parts in made:
        if isinstance(parts, CannotJudge):
            trouble = trouble or parts
            continue
        if holder:
            parts, step = held_by(*holder, parts, constant(module, "latent", 6))
        for images in pictures(module):
            try:
                with theirs(file, "check_crashed", shapes=f"{list(images.shape)}"), torch.no_grad():
                    code = first(parts["encoder"](images))
                    parts["decoder"](torch.randn_like(code))
            except CannotJudge as error:
                trouble = trouble or error
                continue
            assert step
            return Players(parts, images, code.shape[-1], step, module)
    assert trouble
    raise trouble


def players_in(values: Mapping[str, Any]) -> dict[str, nn.Module]:
    """The modules among these that are called as players are."""
    modules = {name: it for name, it in values.items() if isinstance(it, nn.Module)}
    return {part: it for part, pattern in HELD.items() for name, it in modules.items()
            if re.fullmatch(pattern, name, re.IGNORECASE)}  # fmt: skip


def held_by(
    thing: Thing, name: str, parts: Mapping[str, nn.Module], Z: int
) -> tuple[dict[str, nn.Module], Callable[..., Any]]:
    """The players that an object made of this class holds, and its training step."""
    given = {n: parts[m] for n, m in meanings(thing.it).items() if m in parts}
    numbers = {"image_shape": (1, 32, 32), "latent": Z, "hidden": 32, "rate": 1e-3}
    it = construct(thing, Sizes(numbers, ("image_shape", "latent")), given).it
    own = dict(it.named_children()) if isinstance(it, nn.Module) else vars(it)
    found = players_in(own)
    if missing := [part for part in HELD if part not in found]:
        raise CannotJudge("check_aae_part", part=missing[0])
    return found, getattr(it, name)


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
                    part: construct(classes[part], Sizes(sizes[part], orders[part]), {}).it.to(
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


def constant(module: ModuleType, meaning: str, usual: int) -> int:
    """A number of the file by its name, else a class's default, else the usual."""
    for name, value in constants(module).items():
        if READ[meaning].fullmatch(name) and type(value) is int:
            return value
    for thing in things(module):
        for name, parameter in inspect.signature(thing.it).parameters.items():
            if READ[meaning].fullmatch(name) and type(parameter.default) is int:
                return parameter.default
    return usual


def shapes(module: ModuleType) -> list[tuple[int, int, int]]:
    """Of an image: the file's own, else those of the notes and of MNIST."""
    signatures = [inspect.signature(thing.it) for thing in things(module)]
    known = [p.default for signature in signatures for p in signature.parameters.values()]
    own = [v for v in (*constants(module).values(), *known)
           if isinstance(v, tuple) and len(v) == 3 and all(type(n) is int for n in v)]  # fmt: skip
    if side := constant(module, "image", 0):
        own.append((constant(module, "channels", 1), side, side))
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


def pictures(module: ModuleType) -> Iterator[Tensor]:
    """Images in [0, 1], as they are and flat."""
    for shape in shapes(module):
        torch.manual_seed(17)
        images = torch.rand(N, *shape)
        yield images
        yield images.flatten(1)


def arguments(players: Players) -> dict[str, Any]:
    """What the training step is given, by name. Raises CannotJudge where one is not known."""
    found = meanings(players.step)
    unknown = [n for n in needed(players.step) if n not in found]
    if unknown:
        call = f"{players.step.__name__}{inspect.signature(players.step)}"
        raise CannotJudge("check_ask", parameter=unknown[0], call=call)
    ready = made_by(players.step)
    whose = owners([n for n, m in found.items() if m == "opt"])
    torch.manual_seed(19)
    values: dict[str, Any] = {
        **players.parts, "images": players.images, "latent": players.Z, "batch": N, "epochs": 1,
        "prior": torch.randn(N, players.Z), "device": torch.device("cpu"), "rate": 1e-3,
        "loader": [(players.images, torch.zeros(N, dtype=torch.long))],
        "adversarial": judge_of(players), "pixels": nn.MSELoss(),
    }  # fmt: skip
    given = {}
    for name, meaning in found.items():
        if meaning == "opt" and ready is not None:
            given[name] = ready
        elif meaning == "opt":
            parameters = [p for part in whose[name] for p in players.parts[part].parameters()]
            given[name] = torch.optim.SGD(parameters, lr=1e-3)
        elif meaning in (*HELD, "images") or name in needed(players.step):
            given[name] = values[meaning]
    return given


def made_by(step: Callable[..., Any]) -> Any:
    """The optimizers that the object of a training step makes for it, as it makes them; None where
    it makes none, or the step takes several."""
    owner = getattr(step, "__self__", None)
    if sum(meaning == "opt" for meaning in meanings(step).values()) != 1:
        return None
    for name in dir(owner):
        if re.fullmatch(r"(configure|make|build|create|get)_optim\w*", name):
            maker = getattr(owner, name)
            return maker() if callable(maker) and not needed(maker) else None
    return None


def judge_of(players: Players) -> nn.Module:
    """The loss that fits the discriminator's scores: of probabilities or of logits."""
    with torch.no_grad():
        wide = 50 * torch.randn(64, players.Z)
        try:
            score = first(players.parts["discriminator"](wide))
        except RuntimeError:
            return nn.BCEWithLogitsLoss()
    bounded = bool(((score >= 0) & (score <= 1)).all())
    return nn.BCELoss() if bounded else nn.BCEWithLogitsLoss()
