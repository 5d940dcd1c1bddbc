"""Read the tensors of a file, or of a folder with its descriptions, and run no code of theirs.

model.safetensors · weights.npz · model.pth, model.bin (only what `weights_only` admits)
a folder: config.json, preprocessor_config.json and one of these files, perhaps in pieces
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse_safetensors
from torch import Tensor

from etude.errors import InvalidValue, UsageError, cause, reason
from etude.locale.texts import Sentence, Text, text
from etude.system import limits, portable
from etude.system.limits import Plain

SAFETENSORS, NPZ, TORCH = (".safetensors",), (".npz",), (".pth", ".pt", ".bin", ".ckpt")
ENDINGS = SAFETENSORS + NPZ + TORCH
PREFERRED = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
"""The weights of a folder, the first that it has."""
DESCRIPTIONS = ("config.json", "preprocessor_config.json")
REFERENCE = "logits.npz"
"""Inputs and outputs of the network that the weights come from, beside them."""
COPIES = 4
"""Copies of the weights in memory: bytes, tensors, network, comparison."""
HEADER, DESCRIPTION = 8 << 20, 16 << 20
BOXES = (
    "state_dict", "model_state_dict", "model", "model_ema", "state_dict_ema", "teacher", "net",
    "module", "weights", "params",
)  # fmt: skip
"""Keys under which training code stores the weights of a checkpoint, the first that it has."""
DAMAGE = (
    SafetensorError, UnpicklingError, zipfile.BadZipFile, OSError, ValueError, KeyError, EOFError,
    RuntimeError, TypeError, AttributeError, IndexError, OverflowError, NotImplementedError,
)  # fmt: skip
"""What the readers of damaged files raise."""


@dataclass(frozen=True)
class Stored:
    """What a file or a folder holds.

    path: as the user named it. tensors: by the file's own names, float32 or wider. config,
    preparation: the descriptions of a folder. metadata: of a .safetensors file. digest: SHA-256 of
    a file, or of the names and digests of the files of a folder. reference: the file with inputs
    and outputs, if there is one.
    """

    path: str
    tensors: dict[str, Tensor]
    config: Plain
    preparation: Plain
    metadata: dict[str, str]
    digest: str
    reference: Path | None
    notes: tuple[Text, ...] = ()


@dataclass
class _Reading:
    """What has been read so far: tensors, the digest of each file, notes."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[Text] = field(default_factory=list)


def stored(path: str) -> Stored:
    """The weights at a path. Raises UsageError for a file that cannot be read or holds no weights,
    and for a pickle with code, of which nothing is run."""
    place, found = Path(path).expanduser(), _Reading()
    if not place.exists():
        raise UsageError(text("weights.none", path=path), do=text("weights.none.do"))
    folder = place if place.is_dir() else place.parent
    config: Plain = {}
    preparation: Plain = {}
    if place.is_dir():
        config, preparation = (_description(place / name, found) for name in DESCRIPTIONS)
        files = _files_in(place, found)
    else:
        files = [place]
    for file in files:
        _add(file, found)
    if not found.tensors:
        raise UsageError(text("weights.empty", path=path))
    whole = "\n".join(f"{name} {digest}" for name, digest in sorted(found.digests.items()))
    digest = hashlib.sha256(whole.encode()).hexdigest()
    if place.is_file():
        digest = found.digests[place.name]
    return Stored(
        path, _wide(path, found), config, preparation, found.metadata, digest,
        _reference(place, folder), tuple(found.notes),
    )  # fmt: skip


def _reference(place: Path, folder: Path) -> Path | None:
    """The file of inputs and outputs that belongs to these weights."""
    if place.is_file():
        own = place.with_suffix(f".{REFERENCE}")
        if own.is_file():
            return own
        # In a folder with weights of several networks it may belong to any of them.
        if sum(one.suffix in ENDINGS and one.name != REFERENCE for one in folder.iterdir()) > 1:
            return None
    return folder / REFERENCE if (folder / REFERENCE).is_file() else None


def _files_in(folder: Path, found: _Reading) -> list[Path]:
    """The files of a folder that hold its weights."""
    for name in PREFERRED:
        if not (folder / name).is_file():
            continue
        if not name.endswith(".index.json"):
            return [folder / name]
        pieces = _description(folder / name, found).get("weight_map", {})
        files = {str(piece) for piece in pieces.values()} if isinstance(pieces, dict) else set()
        outside = sorted(n for n in files if Path(n).name != n or not n.endswith(SAFETENSORS))
        if outside or not files:
            raise UsageError(text("weights.pieces", path=folder / name, names=outside[:5]))
        return [folder / each for each in sorted(files)]
    every = sorted(
        one for one in folder.iterdir() if one.suffix in ENDINGS and one.name != REFERENCE
    )
    if len(every) == 1:
        return every
    if (folder / "recipe.json").exists():
        raise UsageError(text("weights.run", path=folder), do=text("weights.run.do", path=folder))
    key = "weights.folder.several" if every else "weights.folder.none"
    names = tuple(one.name for one in every[:5])
    raise UsageError(text(key, path=folder, names=names), do=text("weights.none.do"))


def _content(file: Path, found: _Reading, most: int) -> bytes:
    """The bytes of a regular file; its digest is recorded."""
    try:
        content = limits.content(portable.open_to_read(file), most)
    except OSError as error:
        raise UsageError(text("weights.unreadable", path=file, why=reason(error)[0])) from None
    except ValueError as error:
        raise UsageError(text("weights.unreadable", path=file, why=cause(error))) from None
    found.digests[file.name] = hashlib.sha256(content).hexdigest()
    return content


def _description(file: Path, found: _Reading) -> Plain:
    """The JSON object in a file; {} if there is no file."""
    if not file.exists():
        return {}
    content = _content(file, found, DESCRIPTION)
    try:
        return limits.parse_json(content)  # type: ignore[no-any-return]
    except ValueError as error:
        raise UsageError(text("weights.unreadable", path=file, why=cause(error))) from None


def _add(file: Path, found: _Reading) -> None:
    """The tensors of one file. Raises UsageError."""
    if file.suffix not in ENDINGS:
        raise UsageError(
            text("weights.ending", path=file, endings=ENDINGS), do=text("weights.none.do")
        )
    content = _content(file, found, limits.memory() // COPIES)
    try:
        if file.suffix in SAFETENSORS:
            found.metadata |= _safetensors_metadata(content)
            found.tensors |= parse_safetensors(content)
        elif file.suffix in NPZ:
            found.tensors |= arrays(content)
        else:
            found.tensors |= _torch_file(file, content, found)
    except DAMAGE as error:
        why = cause(error)
        if isinstance(why, str):
            why = why.split("\n")[0][:200] or type(error).__name__
        raise UsageError(text("weights.damaged", path=file, why=why)) from None


def _safetensors_metadata(content: bytes) -> dict[str, str]:
    """The metadata of a header, whose length is checked before it is parsed."""
    size = int.from_bytes(content[:8], "little")
    if size > min(HEADER, len(content)):
        raise InvalidValue(text("weights.header", size=size))
    metadata = limits.parse_json(content[8 : 8 + size]).get("__metadata__", {})
    return {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}


def arrays(content: bytes) -> dict[str, Tensor]:
    """The arrays of a .npz file. Raises one of DAMAGE, also for arrays of Python objects."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        # Compressed zeros may be a thousand times as large as the file.
        if sum(member.file_size for member in packed.infolist()) > limits.memory() // COPIES:
            raise InvalidValue(text("weights.large"))
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {
            name: torch.from_numpy(np.array(file[name]))
            for name in file.files
            if file[name].dtype.kind in "fiu"
        }


def _torch_file(file: Path, content: bytes, found: _Reading) -> dict[str, Tensor]:
    """The tensors of a file that torch.save wrote. Raises UsageError for anything that would have
    to run code."""
    try:
        # weights_only: an unpickler that knows tensors and containers, and refuses all else.
        whole = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        why = str(error).split("\n")[0][:120]
        raise UsageError(
            text("weights.code", path=file, why=why), do=text("weights.code.do", path=file)
        ) from None
    box = next((b for b in BOXES if isinstance(whole, dict) and _holds(whole.get(b))), "")
    if box:
        found.notes.append(text("weights.box", name=box))
        whole = whole[box]
    if not _holds(whole):
        raise UsageError(text("weights.empty", path=file))
    return {str(name): x.detach() for name, x in whole.items() if isinstance(x, Tensor)}


def _holds(value: object) -> bool:
    """Whether a value is a mapping with tensors."""
    return isinstance(value, Mapping) and any(isinstance(x, Tensor) for x in value.values())


def _wide(path: str, found: _Reading) -> dict[str, Tensor]:
    """The tensors in float32 or float64. Raises UsageError with every tensor of another type or
    with values that are not finite."""
    problems: list[Sentence] = []
    narrow: set[str] = set()
    result = {}
    for name, x in found.tensors.items():
        kind = str(x.dtype).removeprefix("torch.")
        if x.dtype in (torch.float16, torch.bfloat16):
            narrow.add(kind)
            x = x.float()
        if x.is_floating_point() and x.dtype not in (torch.float32, torch.float64):
            problems.append(text("weights.type", name=name, type=kind))
        elif x.is_floating_point() and not torch.isfinite(x).all():
            count = int((~torch.isfinite(x)).sum())
            problems.append(text("weights.not_finite", name=name, count=count))
        else:
            result[name] = x
    if problems:
        raise UsageError(text("weights.values", path=path), items=problems)
    if narrow:
        found.notes.append(text("weights.widened", types=tuple(sorted(narrow))))
    return result
