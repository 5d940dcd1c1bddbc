"""Write a Vision Transformer with the names of another library, read it back, and compare the
network that the file means with the trained one, block by block."""

import io
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from etude.errors import UsageError
from etude.exporters.exporter import Exported, Trained
from etude.locale.texts import text
from etude.models.vit import Config, ViT
from etude.models.weights.files import REFERENCE, stored
from etude.models.weights.foreign import foreign
from etude.models.weights.names import Form
from etude.models.weights.parity import prove
from etude.models.weights.written import Description, metadata, written
from etude.runs.files import storage, sync, write
from etude.system.limits import Plain

IMAGES = 4


def description(trained: Trained) -> Description:
    """What the files say of a trained network. Raises UsageError if it is no Vision Transformer."""
    if not isinstance(trained.model, ViT):
        raise UsageError(text("export.vit", model=trained.result.title), do=text("export.vit.do"))
    card, fields = trained.card, trained.recipe.model.fields
    fields.pop("preset", None)
    black, white = card.pixels or (0.0, 255.0)
    starts = [float(number) for number in card.origin] or [0.0] * len(card.mean)
    mean = tuple((m + o - black) / (white - black) for m, o in zip(card.mean, starts))
    std = tuple(s / (white - black) for s in card.std)
    return Description(Config.read(fields, "model"), card.model_spec, card.classes, mean, std)


def write_folder(
    trained: Trained, out: Path, form: Form, about: Description, texts: Mapping[str, Plain]
) -> Exported:
    """Write a folder of model.safetensors, descriptions and outputs to compare with, and read it
    back. texts: the descriptions by their file names. Raises UsageError, StorageError."""
    tensors = written(trained.model, form, about.config)
    contents = {
        "model.safetensors": save(tensors, metadata={"format": "pt"}),
        **{name: (json.dumps(text_, indent=2) + "\n").encode() for name, text_ in texts.items()},
        REFERENCE: _reference(trained, about),
    }
    return _placed(trained, out, contents, folder=True, about=about)


def write_file(trained: Trained, out: Path, form: Form, about: Description) -> Exported:
    """Write one file of weights, .npz or .safetensors by the ending of `out`, and read it back.
    Raises UsageError, StorageError."""
    tensors = written(trained.model, form, about.config)
    content = (
        _packed({name: x.numpy() for name, x in tensors.items()})
        if out.suffix == ".npz"
        else save(tensors, metadata=metadata(about))
    )
    return _placed(trained, out, {out.name: content}, folder=False, about=about)


def _placed(
    trained: Trained, out: Path, contents: Mapping[str, bytes], folder: bool, about: Description
) -> Exported:
    """Write the files to a hidden folder, prove them, and move them into place."""
    hidden = out.with_name(f".tmp-{out.name}")
    try:
        with storage(hidden):
            hidden.mkdir(parents=True)
        for name, content in contents.items():
            write(hidden / name, content)
        place = hidden if folder else hidden / out.name
        config, (_, height, width) = about.config, about.spec.shape
        grid = (height // config.patch, width // config.patch)
        source = foreign(stored(str(place)), config.heads, grid)
        proof = prove(source, trained.model)
        with storage(out):
            os.rename(place, out)
            sync(out.parent)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return Exported(out, sum(map(len, contents.values())), None, tuple(proof.sentences()))


def _reference(trained: Trained, about: Description) -> bytes:
    """Images as the network reads them and its logits for them, so that readers can compare."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((IMAGES, *about.spec.shape), generator=generator)
    with torch.inference_mode():
        return _packed({"x": x.numpy(), "logits": trained.model(x).numpy()})


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The arrays as a .npz file without pickles."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
