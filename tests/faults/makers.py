"""How a good run is spoilt, and files as no program of ours writes them."""

import hashlib
import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

SECRET = "the stranger wants this line"
PREDICT = ("predict", "runs/evil", "good.npy")


@dataclass(frozen=True)
class Thing:
    """make: given the place (the working folder, with runs/evil in it). use: commands, one at
    least of which must refuse, but where `answers` says that the thing is harmless."""

    name: str
    make: Callable[[Path], None]
    use: tuple[tuple[str, ...], ...] = (PREDICT,)
    answers: bool = False


class Marker:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self) -> Any:
        return os.system, ("touch MARKER",)


def evil(place: Path) -> Path:
    """The run to spoil."""
    return place / "runs" / "evil"


def point(place: Path) -> Path:
    """Its best checkpoint."""
    step = json.loads((evil(place) / "best.json").read_text())["step"]
    return evil(place) / "checkpoints" / f"{step:08d}"


def linked(name: str, target: str = "") -> Callable[[Path], None]:
    """`name` is a link: to the secret, to `target`, or (a folder) to its own content elsewhere."""

    def make(place: Path) -> None:
        path = point(place) / name[2:] if name.startswith("@/") else evil(place) / name
        outside = place / "outside"
        outside.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.move(path, outside / path.name)
            target_path = outside / path.name
        elif target:
            path.unlink(missing_ok=True)
            target_path = Path(target)
        else:  # a good file, but not in this folder: only the link is wrong
            if path.exists():
                shutil.move(path, outside / path.name)
            else:
                (outside / path.name).write_text(SECRET)
            target_path = outside / path.name
        path.symlink_to(target_path)

    return make


def piped(name: str) -> Callable[[Path], None]:
    """`name` is a FIFO that nobody writes to."""

    def make(place: Path) -> None:
        path = point(place) / name[2:] if name.startswith("@/") else evil(place) / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return make


def sparse(name: str, size: int = 10 << 30) -> Callable[[Path], None]:
    """`name` has `size` bytes and takes none on the disk."""

    def make(place: Path) -> None:
        path = point(place) / name[2:] if name.startswith("@/") else evil(place) / name
        path.touch()
        os.truncate(path, size)
        if name.startswith("@/") and name != "@/MANIFEST.json":
            manifest(place, lambda m: m["files"][name[2:]].update(bytes=size))

    return make


def written(name: str, content: str | bytes) -> Callable[[Path], None]:
    """`name` has this content."""

    def make(place: Path) -> None:
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        (evil(place) / name).write_bytes(raw)

    return make


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """A JSON file of the run is changed."""

    def make(place: Path) -> None:
        path = evil(place) / name
        tree = json.loads(path.read_text())
        change(tree)
        path.write_text(json.dumps(tree))

    return make


def recipe(path: str, value: Any) -> Callable[[Path], None]:
    """One field of the recipe is changed."""
    *keys, last = path.split(".")

    def change(tree: Any) -> None:
        for key in keys:
            tree = tree[key]
        tree[last] = value

    return changed("recipe.json", change)


def manifest(place: Path, change: Callable[[Any], Any]) -> None:
    """The best checkpoint's manifest is changed."""
    path = point(place) / "MANIFEST.json"
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))


def promised(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """As `manifest`, as a thing."""
    return lambda place: manifest(place, change)


def replaced(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A checkpoint's file is replaced, and the manifest vouches for it."""

    def make(place: Path) -> None:
        path = point(place) / name
        raw = content(path.read_bytes())
        path.write_bytes(raw)
        entry = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
        manifest(place, lambda m: m["files"].update({name: entry}))

    return make


def card(**fields: Any) -> Callable[[Path], None]:
    """The card says something else."""

    def change(raw: bytes) -> bytes:
        tree = json.loads(raw)
        tree["card"].update(fields)
        return json.dumps(tree).encode()

    return replaced("state.json", change)


def weights(change: Callable[[dict[str, np.ndarray]], Any]) -> Callable[[Path], None]:
    """The weights are others."""

    def make(raw: bytes) -> bytes:
        arrays = {name: x.copy() for name, x in load(raw).items()}
        change(arrays)
        return save(arrays)

    return replaced("model.safetensors", make)


def header(tree: Any, data: bytes = b"") -> Callable[[Path], None]:
    """A safetensors file of this header."""
    raw = json.dumps(tree).encode() if not isinstance(tree, bytes) else tree
    return replaced("model.safetensors", lambda _: struct.pack("<Q", len(raw)) + raw + data)


def tensor(**fields: Any) -> dict[str, Any]:
    """One entry of such a header."""
    return {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **fields}}


def row(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """The result's line is changed."""

    def make(place: Path) -> None:
        path = evil(place) / "metrics.jsonl"
        *others, last = path.read_text().splitlines()
        tree = json.loads(last)
        change(tree)
        path.write_text("\n".join([*others, json.dumps(tree), ""]))

    return make


def packed(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    """A zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def snapshot(content: Callable[[], bytes]) -> Callable[[Path], None]:
    """A snapshot of an unfinished run, that resuming would draw."""

    def make(place: Path) -> None:
        first = sorted((evil(place) / "snapshots").iterdir())[0]
        first.write_bytes(content())
        (evil(place) / "report.html").unlink()

    return make


def moments(kind: str, content: Callable[[], bytes]) -> Callable[[Path], None]:
    """All snapshots of a kind are alike, and none of ours."""

    def make(place: Path) -> None:
        found = sorted((evil(place) / "snapshots").glob(f"*-{kind}.npz"))
        assert found
        for path in found:
            path.write_bytes(content())

    return make


def both(*makers: Callable[[Path], None]) -> Callable[[Path], None]:
    """Several at once."""

    def make(place: Path) -> None:
        for each in makers:
            each(place)

    return make


def gone(name: str) -> Callable[[Path], None]:
    """A file is missing."""
    return lambda place: (evil(place) / name).unlink()


def swept(place: Path) -> None:
    """What a resume sweeps or prunes leads out of the folder."""
    outside = place / "outside"
    outside.mkdir()
    (outside / "precious").write_text(SECRET)
    (evil(place) / "checkpoints" / ".tmp-00000001-1").symlink_to(outside)


def pickled(array: Any) -> bytes:
    """A .npy file of Python objects."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([array], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def npy(text: str, data: bytes = b"", version: int = 1) -> bytes:
    """A .npy file with this header."""
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data


def shaped(shape: Any, descr: str = "|u1", data: bytes = b"") -> bytes:
    """A .npy file that says this shape."""
    return npy(f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n", data)
