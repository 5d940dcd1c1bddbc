"""Inputs, data and recipes as a stranger might send them."""

import gzip
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.makers import Marker, Thing, npy, packed, pickled, shaped
from tests.faults.parsers import picture


def file(name: str, content: Callable[[], bytes]) -> Callable[[Path], None]:
    """A file in the working folder."""
    return lambda place: (place / name).write_bytes(content()) and None


def link(name: str, target: str) -> Callable[[Path], None]:
    """A link in the working folder."""
    return lambda place: (place / name).symlink_to(target)


def pipe(name: str) -> Callable[[Path], None]:
    """A FIFO in the working folder."""
    return lambda place: os.mkfifo(place / name)


def given(what: str, name: str, content: Callable[[], bytes], answers: bool = False) -> Thing:
    """To be predicted."""
    return Thing(what, file(name, content), (("predict", "runs/evil", name),), answers)


def trained(what: str, name: str, content: Callable[[], bytes], model: str = "mlp") -> Thing:
    """To be trained on."""
    words = ("train", model, "--data", name, "--first-aid", "dry-run")
    return Thing(what, file(name, content), (words,))


def replayed(what: str, content: Callable[[], bytes], answers: bool = False) -> Thing:
    """A recipe to be played."""
    words = ("train", "r.json", "--first-aid", "dry-run")
    return Thing(what, file("r.json", content), (words,), answers)


def recipe(**fields: Any) -> Callable[[], bytes]:
    """A recipe on digits, with these fields of its model."""
    name = fields.pop("model", "mlp")
    tree = {"model": {"name": name, **fields}, "data": {"name": "digits"}}
    return lambda: json.dumps(tree).encode()


def whole(**fields: Any) -> Callable[[], bytes]:
    """A recipe with these parts."""
    tree = {"model": {"name": "mlp"}, "data": {"name": "digits"}, **fields}
    return lambda: json.dumps(tree).encode()


def member(size: int, packed_size: int, flags: int = 0) -> bytes:
    """A zip whose one member says sizes that it does not have."""
    raw = bytearray(packed(x=shaped((1,), data=b"a")))
    at = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<H", raw, at + 8, flags)
    struct.pack_into("<II", raw, at + 20, packed_size, size)
    return bytes(raw)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, data: bytes = b"") -> bytes:
    """A PNG that says this size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + body + chunk(b"IEND", b"")


def bmp(width: int, height: int) -> bytes:
    """A BMP that says this size."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF of these tags (tag, type, count, value)."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)


def zeros(size: int) -> bytes:
    """A gzip of nothing, `size` bytes of it."""
    return gzip.compress(bytes(size), 1, mtime=0)


HEAD = "@classLabel true a b\n@data\n"

FILES = [
    given("pickled npy", "e.npy", lambda: pickled(Marker())),
    given("pickled npz", "e.npz", lambda: packed(x=pickled(Marker()))),
    given(
        "npy that runs code in its header",
        "e.npy",
        lambda: npy("__import__('os').system('touch MARKER')\n"),
    ),
    given("npy header of 4 GB", "e.npy", lambda: b"\x93NUMPY\2\0" + b"\xff" * 4 + b"{" * 99),
    given("npy header that nests", "e.npy", lambda: npy("(" * 9000 + "\n")),
    given("npy of 10^12 values", "e.npy", lambda: shaped((10**12, 64), "<f4")),
    given("npy of a shape beyond 64 bits", "e.npy", lambda: shaped((2**62, 2**62), "<f4")),
    given("npy of a negative shape", "e.npy", lambda: shaped((-1, 64), "<f4", bytes(256))),
    given("npy of a hundred axes", "e.npy", lambda: shaped((1,) * 100, "|u1", b"a")),
    given("npy of records", "e.npy", lambda: shaped((1,), "[('a', '<f4')]", bytes(4))),
    given("npy of true shape", "e.npy", lambda: shaped("(True, 64)", "|u1", bytes(64))),
    given("npy that is cut", "e.npy", lambda: shaped((9, 1, 8, 8))),
    given("npz bomb", "e.npz", lambda: packed(x=shaped((300 << 20,), data=bytes(300 << 20)))),
    given("npz with a header bomb", "e.npz", lambda: packed(x=shaped((10**12,)))),
    given("npz that says 8 GB", "e.npz", lambda: member(2**32 - 2, 99)),
    given("npz that is encrypted", "e.npz", lambda: member(129, 129, 1)),
    given(
        "npz in LZMA",
        "e.npz",
        lambda: packed(zipfile.ZIP_LZMA, x=shaped((1, 1, 8, 8), data=bytes(64))),
    ),
    given(
        "npz in BZIP2",
        "e.npz",
        lambda: packed(zipfile.ZIP_BZIP2, x=shaped((1, 1, 8, 8), data=bytes(64))),
    ),
    given(
        "npz that leads out",
        "e.npz",
        lambda: packed(**{"../../outside": b"x", "/etc/passwd": b"y"}),
    ),
    given("npz that is a text", "e.npz", lambda: b"PK\3\4" + b"hello" * 99),
    given("png of 400 million pixels", "e.png", lambda: png(20000, 20000)),
    given("png of 2^62 pixels", "e.png", lambda: png(2**31 - 1, 2**31 - 1)),
    given(
        "png that unpacks to 300 MB",
        "e.png",
        lambda: png(4999, 4999, data=bytes(300 << 20)),
        answers=True,
    ),
    given(
        "png with a text bomb",
        "e.png",
        lambda: png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(99 << 20)))),
    ),
    given(
        "png with an iTXt bomb",
        "e.png",
        lambda: png(8, 8, chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(99 << 20)))),
    ),
    given("png of zero pixels", "e.png", lambda: png(0, 0)),
    given(
        "gif of 4 billion pixels",
        "e.gif",
        lambda: b"GIF89a" + b"\xff" * 4 + bytes(3) + b",\0\0\0\0" + b"\xff" * 4 + b"\0\x08\0;",
    ),
    given("bmp of 2^60 pixels", "e.bmp", lambda: bmp(2**31 - 1, -(2**31))),
    given("bmp of a billion pixels", "e.bmp", lambda: bmp(30000, 30000)),
    given(
        "tiff of a billion pixels",
        "e.tif",
        lambda: tiff(
            (256, 4, 1, 30000),
            (257, 4, 1, 30000),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, 8),
            (279, 4, 1, 8),
        ),
    ),
    given(
        "tiff that counts 2^32 values",
        "e.tif",
        lambda: tiff((256, 4, 2**32 - 1, 8), (273, 4, 2**32 - 1, 8)),
    ),
    given(
        "tiff that is its own next page", "e.tif", lambda: b"II*\0" + struct.pack("<IHI", 8, 0, 8)
    ),
    given("ppm of 10^18 pixels", "e.ppm", lambda: b"P6 999999999 999999999 255\n"),
    given("ppm of a long number", "e.ppm", lambda: b"P6 " + b"9" * 9_000_000),
    given("webp that is cut", "e.webp", lambda: picture("WEBP")[:20]),
    given("jpeg that is cut", "e.jpg", lambda: picture("JPEG")[:-200]),
    given(
        "jpeg of 4 billion pixels",
        "e.jpg",
        lambda: picture("JPEG").replace(struct.pack(">HH", 7, 9), b"\xff" * 4),
    ),
    given(
        "postscript named png",
        "e.png",
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(touch MARKER) (w) file\n",
    ),
    given(
        "svg named png",
        "e.png",
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    ),
    Thing("png that is a pipe", pipe("e.png"), (("predict", "runs/evil", "e.png"),)),
    Thing("npy that is a pipe", pipe("e.npy"), (("predict", "runs/evil", "e.npy"),)),
    Thing("npz that is a pipe", pipe("e.npz"), (("predict", "runs/evil", "e.npz"),)),
    Thing(
        "png that is /dev/zero", link("e.png", "/dev/zero"), (("predict", "runs/evil", "e.png"),)
    ),
    Thing(
        "npy that is /dev/zero", link("e.npy", "/dev/zero"), (("predict", "runs/evil", "e.npy"),)
    ),
    trained("ts with a line of 20 MB", "e.ts", lambda: HEAD.encode() + b"1," * (10 << 20)),
    trained(
        "ts of a billion dimensions",
        "e.ts",
        lambda: b"@dimensions 999999999\n" + HEAD.encode() + b"1:a\n",
    ),
    trained("ts of 5,000 digits", "e.ts", lambda: b"@dimensions " + b"9" * 5000 + b"\n"),
    trained("ts of Arabic digits", "e.ts", lambda: "@dimensions ٣\n@data\n1:a\n".encode()),
    trained(
        "ts of a million classes",
        "e.ts",
        lambda: (
            b"@classLabel true "
            + b" ".join(b"%d" % i for i in range(10**6))
            + b"\n@data\n"
            + b"1:z\n" * 3000
        ),
    ),
    trained("ts of a million colons", "e.ts", lambda: HEAD.encode() + b":" * 10**6 + b"a\n"),
    trained(
        "ts of one long and many short",
        "e.ts",
        lambda: HEAD.encode() + b"1," * 99_999 + b"1:a\n" + b"1:b\n" * 100_000,
    ),
    trained("ts that is binary", "e.ts", lambda: os.urandom(1 << 16)),
    trained("ts without an end", "e.ts", lambda: HEAD.encode() + b"1:a\n" * 300_000 + b"x"),
    Thing(
        "ts that is /dev/zero", link("e.ts", "/dev/zero"), (("train", "lstm", "--data", "e.ts"),)
    ),
    Thing("ts that is a pipe", pipe("e.ts"), (("train", "lstm", "--data", "e.ts"),)),
    trained(
        "npz of pickles to train on",
        "e.npz",
        lambda: packed(x=pickled(Marker()), y=pickled(Marker())),
    ),
    trained(
        "npz of a thousand axes' names",
        "e.npz",
        lambda: packed(**{f"x{i}": b"" for i in range(9999)}),
    ),
    trained("npz with no samples", "e.npz", lambda: packed(x=shaped((0, 8)), y=shaped((0,)))),
]

RECIPES = [
    replayed("a recipe that nests deep", lambda: b"[" * 100_000),
    replayed("a recipe that nests 900 deep", lambda: b'{"a":' * 900 + b"1" + b"}" * 900),
    replayed("a recipe of 5,000 digits", lambda: b'{"seed": ' + b"9" * 5000 + b"}"),
    replayed("a recipe of 2 MB", lambda: b'{"about": "' + b"x" * (2 << 20) + b'"}'),
    replayed("a recipe that is a list", lambda: b"[1, 2]"),
    replayed("a recipe of half a character", lambda: b'{"model": "\\ud800", "data": "digits"}'),
    replayed("a recipe of Latin-1", lambda: '{"model": "é"}'.encode("latin-1")),
    Thing("a recipe that is a pipe", pipe("r.json"), (("train", "r.json"),)),
    Thing("a recipe that is /dev/zero", link("r.json", "/dev/zero"), (("train", "r.json"),)),
    Thing("a recipe that is a folder", lambda p: (p / "r.json").mkdir(), (("train", "r.json"),)),
    replayed("an mlp of a terabyte", recipe(hidden=[1 << 20, 1 << 20])),
    replayed("an mlp of 1,000 wide layers", recipe(hidden=[1 << 16] * 1000)),
    replayed("an mlp of 10^6 layers", recipe(hidden=[1] * 10**5)),
    replayed("a cnn of wide blocks", recipe(model="cnn", channels=[1 << 20, 1 << 20])),
    replayed("a cnn of 10^9 convolutions", recipe(model="cnn", convs=10**9)),
    replayed(
        "a cnn of 1,000 convolutions of a wide block",
        recipe(model="cnn", channels=[1 << 14], convs=1000),
    ),
    replayed("a cnn of a wide kernel", recipe(model="cnn", kernel=10**9 + 1)),
    replayed("a vit of 10^9 blocks", recipe(model="vit", depth=10**9)),
    replayed("a vit of a thousand wide blocks", recipe(model="vit", depth=1000, width=1 << 16)),
    replayed("a vit of endless hidden units", recipe(model="vit", mlp_ratio=1e300)),
    replayed("a vit of huge patches", recipe(model="vit", patch=10**30)),
    replayed("a transformer of 10^18 heads", recipe(model="transformer", heads=10**18)),
    replayed("a transformer of 2^19 heads", recipe(model="transformer", width=1 << 20, heads=7)),
    replayed(
        "a transformer of long tokens", recipe(model="transformer", patch=1 << 20, width=1 << 20)
    ),
    replayed("an lstm of 10^9 layers", recipe(model="lstm", layers=10**9)),
    replayed("an lstm of a wide state", recipe(model="lstm", hidden=1 << 20)),
    replayed(
        "an autoencoder of wide codes",
        recipe(model="aae", latent_dim=1 << 20, hidden=[1 << 20, 1 << 20]),
    ),
    replayed("an autoencoder of odd betas", recipe(model="aae", betas=[2.0, -1.0])),
    replayed("a part that is not there", whole(model={"name": "os"})),
    replayed("a part that is a module path", whole(model={"name": "..data.digits"})),
    replayed("a data source that is a module", whole(data={"name": "download"})),
    replayed("a data path with a zero byte", whole(data={"name": "arrays", "path": "x\0.npz"})),
    replayed("a data path that is a device", whole(data={"name": "ts", "path": "/dev/zero"})),
    replayed("a data path of 10^5 letters", whole(data={"name": "folder", "path": "x/" * 50_000})),
    replayed("a home of nobody's", whole(data={"name": "~nobody-here"})),
    replayed("batches of 10^18", whole(train={"batch_size": 10**18})),
    replayed("epochs of 4,000 digits", whole(train={"epochs": 10**4000})),
    replayed("10^9 threads", whole(train={"threads": 10**9})),
    replayed("a device of a long number", whole(train={"device": "cuda:" + "9" * 99})),
    replayed("a device with a zero byte", whole(train={"device": "cpu\0"})),
    replayed("a rate beyond numbers", whole(train={"lr": 1e308}), answers=True),
    replayed(
        "a rate of infinity", lambda: b'{"model": "mlp", "data": "digits", "train": {"lr": 1e999}}'
    ),
    replayed(
        "months of 10^12", whole(model={"name": "lstm"}, data={"name": "series", "length": 10**12})
    ),
    replayed("words of 10^5 letters", whole(about={"x": "y" * 10**5}), answers=True),
]
