"""Run folders as a stranger might make them. Each is made of a copy of a good run."""

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


RESUME, EVALUATE, LIST = ("resume", "runs/evil"), ("evaluate", "runs/evil"), ("list",)
DEEP, NESTED = "[" * 100_000, '{"a":' * 900 + "1" + "}" * 900
ALL = (PREDICT, EVALUATE, RESUME, LIST)

RUNS = [
    *(Thing(f"{n} is a link", linked(n), ALL) for n in (
        "recipe.json", "best.json", "metrics.jsonl", "timing.jsonl", "provenance.json", "LOCK",
        "report.html", "checkpoints", "snapshots", "pictures",
    )),
    *(Thing(f"{n} is a link", linked(n)) for n in (
        "@/", "@/MANIFEST.json", "@/model.safetensors", "@/optimizer.safetensors", "@/state.json",
    )),
    *(Thing(f"{n} is a pipe", piped(n), (PREDICT, RESUME, LIST)) for n in (
        "recipe.json", "best.json", "metrics.jsonl", "timing.jsonl", "LOCK",
    )),
    *(Thing(f"{n} is a pipe", piped(n)) for n in ("@/MANIFEST.json", "@/model.safetensors")),
    *(Thing(f"{n} is /dev/zero", linked(n, "/dev/zero"), (PREDICT, LIST)) for n in (
        "recipe.json", "metrics.jsonl", "@/state.json", "@/model.safetensors",
    )),
    *(Thing(f"{n} has ten gigabytes of nothing", sparse(n), (PREDICT, LIST)) for n in (
        "recipe.json", "best.json", "metrics.jsonl", "@/MANIFEST.json", "@/state.json",
        "@/model.safetensors",
    )),
    *(Thing(f"{n} nests deep", written(n, text), (PREDICT, LIST))
      for n in ("recipe.json", "best.json", "metrics.jsonl") for text in (DEEP + "\n", NESTED + "\n")),
    Thing("provenance nests deep", written("provenance.json", NESTED), (EVALUATE,)),
    Thing("best names a step of 4,000 digits", written("best.json", f'{{"step": {"9" * 4000}}}')),
    Thing("best names a step of 5,000 digits", written("best.json", f'{{"step": {"9" * 5000}}}')),
    Thing("best names a path", written("best.json", '{"step": "../../outside"}')),
    Thing("half a character", written("recipe.json", '{"model": {"name": "\\ud800"}}')),
    Thing("a recipe of a terabyte", recipe("model.hidden", [1 << 20, 1 << 20])),
    Thing("a recipe wider than any", recipe("model.hidden", [10**30])),
    Thing("a recipe with a million layers", recipe("model.hidden", [1] * 200_000)),
    Thing("a recipe with a seed of 4,000 digits", recipe("seed", 10**4000)),
    Thing("a model that is a path", recipe("model.name", "../../outside/evil")),
    Thing("a model that is a module", recipe("model.name", "architecture")),
    Thing("a model with a zero byte", recipe("model.name", "mlp\0")),
    Thing("data with a zero byte", recipe("data.name", "x\0y"), (EVALUATE,)),
    Thing("data of nobody's home", recipe("data.name", "~nobody-here/x"), (EVALUATE,)),
    Thing("data that are another file", recipe("data.name", "outside"), (EVALUATE,)),
    Thing("a model of another kind", recipe("model", {"name": "lstm", "preset": "default"})),
    Thing("a task of another kind", recipe("task.name", "forecast")),
    Thing("a device that is none", recipe("train.device", "cuda:99999999999999999999"), (EVALUATE,)),
    *(Thing(f"a card with {json.dumps(f)[:60]}", card(**f)) for f in (
        {"classes": ["a"]}, {"classes": [], "outputs": 0}, {"outputs": 2**62}, {"outputs": -1},
        {"std": [0.0]}, {"std": [-1.0]}, {"std": []}, {"mean": [0.0] * 7}, {"y_mean": [1.0]},
        {"shape": []}, {"shape": [1, -8, 8]}, {"shape": [1, 0, 8]}, {"shape": [1, 2**20, 2**20]},
        {"shape": [1, 8, 10**4000]}, {"shape": [1] * 100_000}, {"shape": [64]}, {"shape": [1, 9, 8]},
        {"kind": "sequence"}, {"kind": "sound"}, {"target": "value"}, {"target": "forecast"},
        {"season": -5}, {"season": 10**9}, {"view": "rows"}, {"name": 3}, {"extra": 1},
        {"padded": True}, {"classes": ["a"] * 10},
    )),
    Thing("a card of NaN", replaced("state.json", lambda raw: raw.replace(b'"top"', b'"top": NaN, "x"'))),
    Thing("no card", replaced("state.json", lambda raw: b"{}")),
    Thing("a state that is a list", replaced("state.json", lambda raw: b"[1]")),
    Thing("metrics of garbage", written("metrics.jsonl", b"\xff\xfe\0garbage\n" * 99), (PREDICT, LIST)),
    Thing("metrics without a result", written("metrics.jsonl", '{"event": "end"}\n'), (PREDICT, LIST)),
    Thing("a result without its goal", row(lambda r: r.update(goal="beauty")), (PREDICT, LIST)),
    Thing("a goal that is a list", row(lambda r: r.update(goal=[1])), (PREDICT, LIST)),
    Thing("a test that is text", row(lambda r: r.update(test="good")), (PREDICT, LIST)),
    Thing("an accuracy that is text", row(lambda r: r["test"].update(accuracy="1")), (PREDICT, LIST)),
    Thing("notes that are numbers", row(lambda r: r.update(notes=[1])), (PREDICT, LIST)),
    Thing("a header of 2^63 bytes", replaced("model.safetensors", lambda _: b"\xff" * 8 + b"{}")),
    Thing("a hundred thousand tensors", header({f"w{i}": {**tensor()["w"], "shape": [0],
          "data_offsets": [0, 0]} for i in range(100_000)})),
    Thing("a tensor beyond the file", header(tensor(data_offsets=[0, 2**60]), b"abcd")),
    Thing("a shape beyond 64 bits", header(tensor(shape=[2**62, 2**62, 0]), b"abcd")),
    Thing("a type that is not read", header(tensor(dtype="F8_E4M3", shape=[4]), b"abcd")),
    Thing("a header that nests deep", header(b'{"a":' * 50_000, b"abcd")),
    Thing("weights of another shape", weights(lambda w: w.update(next(iter({k: x[..., :1] for k, x in w.items()}.items())) and {k: np.ascontiguousarray(x[..., :1]) for k, x in w.items()}))),
    Thing("weights of another type", weights(lambda w: w.update({k: x.astype(np.complex64) for k, x in w.items()}))),
    Thing("weights that are NaN", weights(lambda w: [x.fill(np.nan) for x in w.values()])),
    Thing("weights that overflow", weights(lambda w: [x.fill(3e38) for x in w.values()])),
    Thing("weights with strangers", weights(lambda w: w.update({f"x{i}": np.zeros(1) for i in range(9999)}))),
    Thing("a manifest that leads out", promised(lambda m: m["files"].update({"../../../outside": {}})), answers=True),
    Thing("a manifest of negative sizes", promised(lambda m: m["files"]["state.json"].update(bytes=-1))),
    Thing("a manifest of 10^30 bytes", promised(lambda m: m["files"]["state.json"].update(bytes=10**30)), answers=True),
    Thing("a manifest of infinite size", promised(lambda m: m["files"]["state.json"].update(bytes=1e999))),
    Thing("a manifest that is a list", lambda p: (point(p) / "MANIFEST.json").write_text("[]") and None),
    Thing("what is swept leads out", swept, (RESUME,), answers=True),
]  # fmt: skip

AAE_RESUME = (RESUME,)
SNAPSHOTS = [
    Thing("a snapshot that is pickled", snapshot(lambda: packed(samples=pickled(Marker()))), AAE_RESUME),
    Thing("a snapshot that unpacks to 300 MB", snapshot(lambda: packed(samples=bytes(300 << 20))), AAE_RESUME),
    Thing("a snapshot of 10^12 images", snapshot(lambda: packed(samples=shaped((10**12, 1, 8, 8)))), AAE_RESUME),
    Thing("a snapshot in LZMA", snapshot(lambda: packed(zipfile.ZIP_LZMA, samples=b"x" * 99)), AAE_RESUME),
    Thing("a snapshot with other arrays", snapshot(lambda: packed(**{"../../x": shaped((1, 1, 2, 2), data=b"abcd")})), AAE_RESUME),
    Thing("a snapshot of garbage", snapshot(lambda: b"PK\x05\x06" + bytes(18)), AAE_RESUME),
]  # fmt: skip
