"""Start a Vision Transformer from the weights of a file: `complete` reads the sizes before the data
are loaded, `load` puts the weights into the network and proves that it computes the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from torch import nn

from etude.errors import UsageError
from etude.locale.texts import Text, text
from etude.models.architecture import Completed, Numbers
from etude.models.weights.detect import signs
from etude.models.weights.files import stored
from etude.models.weights.fit import grey_kernel, grey_scale, kept_head, resample_positions
from etude.models.weights.foreign import Foreign, foreign
from etude.models.weights.parity import prove
from etude.shapes import Spec
from etude.system.limits import Plain

FEW = 10
"""Images of a class: with fewer, only the head is trained."""


@runtime_checkable
class Configured(Protocol):
    """The fields of the network's Config that loading reads."""

    weights: str
    weights_sha256: str
    patch: int
    heads: int
    eps: float
    gelu: str
    grid: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    head: str
    freeze: int
    probe: float


def complete(fields: Plain) -> Completed:
    """The fields of a network that starts from `fields["weights"]`, with all that the file decides.

    Raises UsageError for a file that cannot be used, and for fields that contradict it.
    """
    grid = fields.get("grid")
    pair = (int(grid[0]), int(grid[1])) if isinstance(grid, list) and len(grid) == 2 else None
    source = foreign(stored(str(fields["weights"])), int(fields.get("heads") or 0), pair)
    sizes, about = source.sizes, source.about
    decided: Plain = {
        "patch": sizes.patch,
        "width": sizes.width,
        "depth": sizes.depth,
        "heads": sizes.heads,
        "mlp_ratio": sizes.hidden / sizes.width,
        "grid": list(sizes.grid),
    }
    stated: Plain = {"eps": source.eps, "gelu": source.gelu}
    if about.eps is None:  # the convention of the form, which the user may know better
        stated = {key: fields.get(key, value) for key, value in stated.items()}
    if about.preparation:
        stated |= {"mean": list(about.preparation.mean), "std": list(about.preparation.std)}
    decided |= stated
    contradictions = [
        text(f"weights.field.{'patch' if key == 'patch' else 'other'}", name=key,
             asked=fields[key], own=value)
        for key, value in decided.items()
        if key in fields and key not in ("mean", "std") and fields[key] != value
    ]  # fmt: skip
    if contradictions:
        raise UsageError(
            text("weights.fields", path=source.stored.path),
            items=contradictions,
            do=text("weights.fields.do"),
        )
    side = sizes.grid[0] * sizes.patch if sizes.grid[0] == sizes.grid[1] else None
    rest = {"weights_sha256": source.stored.digest}
    return Completed({**decided, **fields, **rest}, side)


def load(
    model: nn.Module, config: Configured, spec: Spec, classes: Sequence[str], rarest: int | None
) -> tuple[Text, ...]:
    """Put the weights of `config.weights` into the model and return what to say about them.

    spec: of the data. classes: their names; () if they have none. rarest: the number of images of
    the rarest class; None if there are no classes. Raises UsageError for a file that
    has changed since the recipe was written, and for numbers that do not agree.
    """
    read = stored(config.weights)
    if config.weights_sha256 and read.digest != config.weights_sha256:
        digests = {"now": read.digest[:12], "then": config.weights_sha256[:12]}
        raise UsageError(text("weights.changed", path=read.path, **digests))
    rows, columns = config.grid
    source = foreign(read, config.heads, (rows, columns))
    source = replace(source, eps=config.eps, gelu=config.gelu)
    if odd := tuple(signs(source)):
        raise UsageError(
            text("weights.signs", path=read.path), items=odd, do=text("weights.signs.do")
        )
    notes = list(_fill(model, source, config, spec, classes))
    proof = prove(source, model)
    form = text(f"weights.form.{source.form}")
    loaded = text("weights.loaded", path=read.path, form=form, digest=read.digest[:12])
    return (loaded, *source.notes, *proof.sentences(), *notes, *_training(config, rarest))


def _fill(
    model: nn.Module, source: Foreign, config: Configured, spec: Spec, classes: Sequence[str]
) -> list[Text]:
    """Fit the weights to the data and put them into the model. Returns what was changed."""
    notes, own = [], source.ours()
    channels, height, width = spec.shape
    if channels != source.sizes.channels:
        if channels != 1:
            counts = {"own": source.sizes.channels, "count": channels}
            raise UsageError(text("weights.channels", **counts), do=text("weights.channels.do"))
        own["patch_embed.proj.weight"], own["patch_embed.proj.bias"] = grey_kernel(
            own["patch_embed.proj.weight"], own["patch_embed.proj.bias"], config.mean, config.std
        )
        notes.append(text("weights.grey", channels=source.sizes.channels))
    new = (height // config.patch, width // config.patch)
    if new != source.sizes.grid:
        own["pos_embed"] = resample_positions(own["pos_embed"], source.sizes.grid, new)
        notes.append(text("weights.positions", old=source.sizes.grid, new=new))
    head = {name: own.pop(name, None) for name in ("head.weight", "head.bias")}
    if config.head == "keep":
        whole = {name: x for name, x in head.items() if x is not None}
        kept, said = kept_head(source, whole, classes, spec.outputs)
        own |= kept
        notes.append(said)  # type: ignore[arg-type]  # a Text whenever it returns
    else:
        notes.append(text("weights.head.new", count=spec.outputs))
    missing = model.load_state_dict(own, strict=False)
    assert not missing.unexpected_keys and set(missing.missing_keys) <= set(head)
    return notes


def _training(config: Configured, rarest: int | None) -> list[Text]:
    """How the network is trained."""
    notes = []
    if config.freeze:
        notes.append(text("weights.frozen", count=config.freeze))
    if config.probe == 1 and rarest is not None and rarest < FEW:
        notes.append(text("weights.few", count=rarest, least=FEW))
    elif config.probe == 1:
        notes.append(text("weights.probe.only"))
    elif config.probe:
        notes.append(text("weights.probe", percent=round(100 * config.probe)))
    return notes


def scaling(fields: Plain, channels: int) -> tuple[Numbers, Numbers] | None:
    """(mean, std) of pixels from 0 to 1 by channel for data of so many channels, if the fields
    state them. Raises UsageError for another number of values."""
    mean, std = (tuple(map(float, fields.get(key) or ())) for key in ("mean", "std"))
    if not mean and not std:
        return None
    if len(mean) == len(std) == channels:
        return mean, std
    if channels == 1 and len(mean) == len(std):
        return grey_scale(mean, std)
    if len(mean) == len(std) == 1:
        return mean * channels, std * channels
    counts = {"means": len(mean), "stds": len(std), "channels": channels}
    raise UsageError(text("weights.scaling", **counts))
