"""Our own parsers, each with valid inputs to begin from and the errors that it declares."""

import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from etude import assembly, flags
from etude.data import idx_file as idx
from etude.data import ts
from etude.data.card import Card
from etude.data.images import PictureError, open_image
from etude.data.numpy_files import open_npy, read_npz
from etude.data.validate import validate_card
from etude.errors import EtudeError
from etude.recipe import read_recipe
from etude.runs import checkpoint
from etude.runs.checkpoint import Checkpoint
from etude.runs.jsonl import lines
from etude.runs.lock import _holder
from etude.runs.snapshot import unpack
from etude.system import limits

Parse = Callable[[bytes], Any]


@dataclass(frozen=True)
class Parser:
    """prepare: given a folder, the function to feed. declared: errors that are an answer."""

    name: str
    seeds: Sequence[bytes]
    prepare: Callable[[Path], Parse]
    declared: tuple[type[BaseException], ...] = (EtudeError,)


def by_file(name: str, parse: Callable[[Path], Any]) -> Callable[[Path], Parse]:
    """A parser of files, fed bytes."""

    def prepare(place: Path) -> Parse:
        path = place / name

        def feed(content: bytes) -> Any:
            path.write_bytes(content)
            return parse(path)

        return feed

    return prepare


def by_bytes(parse: Parse) -> Callable[[Path], Parse]:
    """A parser of bytes needs no folder."""
    return lambda place: parse


def npy(array: np.ndarray) -> bytes:
    """An array as a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npz(compressed: bool = False, **arrays: np.ndarray) -> bytes:
    """Arrays as a .npz file."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def picture(form: str, mode: str = "RGB") -> bytes:
    """A small picture."""
    buffer = io.BytesIO()
    Image.new(mode, (9, 7)).save(buffer, form)
    return buffer.getvalue()


TS = b"""# a comment
@problemName toy
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true a b
@data
1,2,3:4,5,6:a
1.5,-2e3,3:4,5,0:b
1,2,3:4,5,6:a
1,2,3:4,5,6:b
"""
TS_PLAIN = b"@classLabel true x y\n@data\n1,2,3:x\n1,2:y\n3:x\n4,5:y\n"

CARD: dict[str, Any] = {
    "name": "toy",
    "kind": "image",
    "shape": [1, 8, 8],
    "target": "class",
    "outputs": 3,
    "classes": ["a", "b", "c"],
    "unit": "",
    "view": "vector",
    "scale": "standard",
    "mean": [4.0],
    "std": [2.0],
    "y_mean": [],
    "y_std": [],
    "top": 16.0,
    "padded": False,
    "log": False,
    "season": 0,
    "sizes": {"train": 9, "val": 3, "test": 3},
    "fingerprint": "0" * 64,
    "notes": ["small"],
}
SERIES = {
    **CARD,
    "kind": "sequence",
    "shape": [24, 1],
    "target": "forecast",
    "outputs": 12,
    "classes": [],
    "view": "none",
    "y_mean": [1.0],
    "y_std": [2.0],
    "log": True,
    "season": 12,
}
RECIPES: list[dict[str, Any]] = [
    {
        "model": {"name": "mlp", "hidden": [8, 8]},
        "data": {"name": "digits"},
        "train": {"epochs": 2},
    },
    {
        "model": {"name": "vit"},
        "data": {"name": "curve"},
        "seed": 3,
        "train": {"lr": 1e-3, "device": "cpu"},
    },
    {"model": {"name": "aae", "preset": "paper", "betas": [0.5, 0.9]}, "data": {"name": "digits"}},
    {
        "model": {"name": "lstm", "layers": 2},
        "data": {"name": "series", "length": 24},
        "task": None,
    },
]
ROWS: list[dict[str, Any]] = [
    {
        "event": "epoch",
        "epoch": 1,
        "step": 9,
        "train": {"classify": {"loss": 1.0}},
        "val": {"mae": 1},
    },
    {
        "event": "epoch",
        "epoch": 2,
        "step": 18,
        "train": {"classify": {"loss": 1}},
        "val": {"mae": 2},
    },
    {
        "event": "end",
        "model": "mlp",
        "data": "toy",
        "task": "regress",
        "goal": "mae",
        "test": {"mae": 1.0, "unit": "m", "accuracy_95": [0.1, 0.2], "samples": 3},
        "baseline": {"mae": 2.0, "what": "mean"},
        "parameters": 5,
        "epochs": 2,
        "best_epoch": 1,
        "top_epoch": 2,
        "notes": ["small"],
        "seed": 0,
        "preset": "default",
        "val": {"mae": 1.0},
    },
    {"epoch": 1, "seconds": 0.5, "samples": 9},
]


def complete(path: Path) -> Any:
    """A recipe file, as `etude train` reads it."""
    return assembly.read_draft(read_recipe(path))


def card(content: bytes) -> Any:
    """A card, as a run's checkpoint has it."""
    return validate_card(Card.read(limits.parse_json(content), "card")).model_spec


def wanted_all(path: Path) -> Any:
    """Every array of a .npz."""
    return read_npz(path, lambda name: True)


def mapped(path: Path) -> Any:
    """A .npy, and its values."""
    return np.array(open_npy(path)).size


def words(content: bytes) -> Any:
    """A command line, a word a line, as the shell hands it over."""
    arguments = content.decode("utf-8", "surrogateescape").replace("\0", "").split("\n")
    return [flags.value(word) for word in flags.as_flags(arguments)]


def checkpoints(place: Path) -> Parse:
    """One of a checkpoint's files is bad: number in the first byte, its bytes after. But for a bad
    manifest, the manifest vouches for them, as a stranger's would."""
    model = {"a": np.arange(4.0, dtype=np.float32), "b": np.ones((2, 2)), "c": np.arange(3)}
    point = Checkpoint(7, model, {"p/0/a/step": np.array(1.0, np.float32)}, {"card": CARD})
    names = ("MANIFEST.json", *checkpoint.FILES)
    folder = place / "checkpoints"
    whole = checkpoint.commit(folder, point)
    good = {name: (whole / name).read_bytes() for name in names}

    def feed(content: bytes) -> Any:
        bad = names[content[0] % len(names)] if content else names[0]
        for name, what in {**good, bad: content[1:]}.items():
            (whole / name).write_bytes(what)
        if bad != names[0]:
            manifest = json.loads(good["MANIFEST.json"])
            manifest["files"][bad]["bytes"] = len(content[1:])
            manifest["files"][bad]["sha256"] = checkpoint.hashlib.sha256(content[1:]).hexdigest()
            (whole / names[0]).write_text(json.dumps(manifest))
        return checkpoint.load(folder, 7)

    return feed


def _checkpoint_seeds() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        checkpoints(Path(place))
        found = Path(place) / "checkpoints" / "00000007"
        names = ("MANIFEST.json", *checkpoint.FILES)
        return [bytes([i]) + (found / name).read_bytes() for i, name in enumerate(names)]


def _dumped(values: Sequence[Any]) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


def _parsers() -> dict[str, Parser]:
    small, text = np.arange(6, dtype=np.float32).reshape(2, 3), np.array(["a", "b"])
    images = np.zeros((2, 1, 4, 4), np.uint8)
    plain_idx = b"\0\0\x08\x02\0\0\0\2\0\0\0\3abcdef"
    rows = _dumped(ROWS)
    found = [
        Parser("ts", [TS, TS_PLAIN], by_file("toy.ts", lambda p: ts.load(ts.Config(path=str(p))))),
        Parser("npy", [npy(small), npy(text), npy(np.array(3))], by_file("x.npy", mapped)),
        Parser("npz", [npz(x=small, y=text), npz(True, x=small)], by_file("x.npz", wanted_all)),
        Parser("idx", [plain_idx, gzip.compress(plain_idx, mtime=0)], by_file("i", idx.read)),
        Parser("checkpoint", _checkpoint_seeds(), checkpoints),
        Parser("recipe", _dumped(RECIPES), by_file("recipe.json", complete)),
        Parser("card", _dumped([CARD, SERIES]), by_bytes(card), (EtudeError, ValueError)),
        Parser("metrics", [b"\n".join([*rows[:3], b""]), rows[3] + b"\n"], by_file("m", lines)),
        Parser(
            "lock", [b'{"pid": 12, "host": "x"}'], by_bytes(lambda b: _holder(b.decode("latin-1")))
        ),
        Parser(
            "words",
            [b"train\nmlp\n--data\ndigits\nmodel.hidden=8,8\nlr=1e-3\n--seed=1"],
            by_bytes(words),
            (),
        ),
        Parser("snapshot", [npz(True, a=images, b=images)], by_bytes(unpack), (ValueError,)),
        Parser(
            "picture",
            [picture(f) for f in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")],
            by_file("p", open_image),
            (PictureError,),
        ),
    ]
    return {parser.name: parser for parser in found}


PARSERS = _parsers()
