"""Every kind of bad or odd picture and folder that must be refused by name, or taken and told."""

import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

from etude.assembly import Prepared
from etude.data import pictures as reader
from tests.faults.kinds import Kind, error, samples, taken
from tests.faults.rights import laid_aside

SIDE = 12
ODD = "cat/odd.png"
Write = Callable[[Path], None]


def noise(seed: int, side: int = SIDE, mode: str = "RGB") -> Image.Image:
    """A picture unlike all others with another seed."""
    pixels = np.random.Generator(np.random.Philox(seed)).integers(0, 256, (side, side, 3))
    return Image.fromarray(pixels.astype(np.uint8)).convert(mode)


def good(root: Path, labels: tuple[str, ...] = ("cat", "dog"), count: int = 8, seed: int = 0):
    """A folder of classes with which nothing is wrong."""
    for i, label in enumerate(labels):
        (root / label).mkdir(parents=True, exist_ok=True)
        for j in range(count):
            noise(seed + 1000 * i + j).save(root / label / f"{j:04}.png")
    return root


def among(write: Write, name: str = ODD) -> Callable[[Path], Path]:
    """One file of a kind, among good ones."""

    def make(root: Path) -> Path:
        good(root)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write(root / name)
        return root

    return make


# --- files that are no pictures ------------------------------------------------------------------


def cut(share: float, form: str) -> Write:
    """The first part of a picture's file."""

    def write(path: Path) -> None:
        noise(99, 64).save(path, form)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return write


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes) -> bytes:
    """A PNG that says these sides, whatever its pixels are."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = zlib.compress(b"\0" * min(height * (width + 1), 1000))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bad_checksum(path: Path) -> None:
    noise(99).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 10] ^= 1
    path.write_bytes(content)


def long_text(path: Path) -> None:
    """A compressed text of 64 MB in a small picture."""
    packed = zlib.compress(bytes(64 << 20), 9)
    path.write_bytes(png(8, 8, chunk(b"iTXt", b"Comment\0\1\0\0\0" + packed)))


def wild_floats(path: Path) -> None:
    values = np.full((12, 12), 0.5, np.float32)
    values[3, 4] = np.nan
    Image.fromarray(values).save(path, "TIFF")


def closed(path: Path) -> None:
    noise(99).save(path)
    path.chmod(0)


def link(target: str) -> Write:
    """A link, from the folder of the class it stands in."""
    return lambda path: os.symlink(target, path)


def outside(path: Path) -> None:
    place = path.parent.parent.parent / "outside.png"
    noise(99).save(place)
    os.symlink(place, path)


BROKEN: dict[str, tuple[Write, str]] = {
    "zero bytes": (lambda p: p.write_bytes(b""), "is empty (0 bytes)"),
    **{
        f"{form} cut at {share:.0%}": (cut(share, form), "is damaged")
        for form in ("PNG", "JPEG")
        for share in (0.1, 0.5, 0.99)
    },
    "text as a picture": (lambda p: p.write_text("I am a text"), "is not a picture"),
    "wrong checksum": (bad_checksum, "is damaged"),
    "bomb of 20000x20000": (lambda p: p.write_bytes(png(20_000, 20_000)), "pixels"),
    "text that unpacks to 64 MB": (long_text, "is damaged"),
    "floats that are no numbers": (wild_floats, "has 1 pixel that is NaN or infinite"),
    "unreadable": (closed, "Permission denied"),
    "pipe": (os.mkfifo, "is a pipe"),
    "socket": (lambda p: os.mknod(p, stat.S_IFSOCK | 0o600), "is a socket"),
    "link to itself": (lambda p: os.symlink(p.name, p), "is a link that leads nowhere"),
    "link to nothing": (link("gone.png"), "is a link that leads nowhere"),
    "link out of the folder": (outside, "is a link that leads out"),
    "link to a folder": (link("../dog"), "is a link to something that is not a file"),
    "folder named as a picture's link": (link("."), "is a link to something that is not a file"),
}
"""A file that cannot be used: how it is written, and what is said of it. Also hidden in 1,200."""


def broken() -> Iterator[Kind]:
    for name, (write, told) in BROKEN.items():
        around = (lambda root: laid_aside(root / ODD)) if name == "unreadable" else None
        more = {"around": around} if around else {}
        yield error(f"picture: {name}", among(write), ODD, told, left_out=ODD, **more)


# --- pictures of every form, taken ------------------------------------------------------------


def is_(*colour: int, close: int = 1) -> Callable[[Prepared], bool]:
    """Whether the odd picture has this colour everywhere."""

    def holds(parts: Prepared) -> bool:
        name = next(name for name in samples(parts) if name.startswith("cat/odd"))
        x = samples(parts)[name][0].astype(int)
        wanted = np.array(colour).reshape(-1, 1, 1)
        return bool(np.abs(x - wanted).max() <= close)

    return holds


def plain(mode: str, colour, form: str = "PNG", **more) -> Write:
    """A picture of one colour."""
    return lambda path: Image.new(mode, (SIDE, SIDE), colour).save(path, form, **more)


def floats(path: Path) -> None:
    Image.fromarray(np.full((SIDE, SIDE), 0.4, np.float32)).save(path, "TIFF")


def palette(**more) -> Write:
    """A picture of one colour, by its number."""
    picture = Image.new("P", (SIDE, SIDE), 0)
    picture.putpalette([9, 8, 7])
    return lambda path: picture.save(path, "PNG", **more)


FORMS: list[tuple[str, Write, tuple[str, ...], Callable[[Prepared], bool]]] = [
    ("1", plain("1", 1), ("converted to RGB", "1 1"), is_(255)),
    ("L", plain("L", 90), ("converted to RGB", "1 L"), is_(90)),
    ("LA", plain("LA", (0, 0)), ("laid on white: 1",), is_(255)),
    ("P", palette(), ("1 P",), is_(9, 8, 7)),
    ("P with a transparent colour", palette(transparency=0), ("white: 1",), is_(255)),
    ("RGBA", plain("RGBA", (255, 0, 0, 128)), ("white: 1",), is_(255, 127, 127)),
    ("CMYK", plain("CMYK", (0, 255, 255, 0), "TIFF"), ("1 CMYK",), is_(255, 0, 0)),
    ("YCbCr", plain("YCbCr", (128, 128, 128), "TIFF"), ("1 YCbCr",), is_(128, close=2)),
    ("JPEG", plain("RGB", (200, 100, 50), "JPEG"), (), is_(200, 100, 50, close=3)),
    ("I;16", plain("I;16", 25_700), ("1 I;16",), is_(100)),
    ("F", floats, ("1 F",), is_(102)),
    ("with a colour profile", plain("RGB", (9, 8, 7), icc_profile=b"x" * 200), (), is_(9, 8, 7)),
    ("1x1", lambda p: Image.new("RGB", (1, 1), (4, 5, 6)).save(p), ("sizes 1x1",), is_(4, 5, 6)),
    ("1x20000", lambda p: Image.new("RGB", (1, 20_000), 7).save(p), ("1x20000",), is_(7, 0, 0)),
]

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}
"""How stored pixels [H W C] are turned, by the eight EXIF orientations, written out by hand."""


def turned(how: int, form: str = "PNG") -> Write:
    """A picture that lies as EXIF says."""

    def write(path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = how
        noise(99).save(path, form, exif=exif)

    return write


def upright(how: int) -> Callable[[Prepared], bool]:
    def holds(parts: Prepared) -> bool:
        wanted = UPRIGHT[how](np.asarray(noise(99))).transpose(2, 0, 1)
        return bool((samples(parts)[ODD][0] == wanted).all())

    return holds


def film(form: str) -> Write:
    """Two frames, of which the second is not looked at."""
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    return lambda path: frames[0].save(path, form, save_all=True, append_images=frames[1:])


def has(name: str) -> Callable[[Prepared], bool]:
    return lambda parts: name in samples(parts)


def forms() -> Iterator[Kind]:
    for name, write, told, holds in FORMS:
        yield taken(f"picture: {name}", among(write), *told, holds=holds)
    for how in UPRIGHT:
        told = ("1 of 17 pictures turned by EXIF",) if how > 1 else ()
        yield taken(f"picture: EXIF {how}", among(turned(how)), *told, holds=upright(how))
    exif_told = "1 of 17 pictures turned by EXIF"
    yield taken("picture: EXIF 6, TIFF", among(turned(6, "TIFF")), exif_told, holds=upright(6))
    for form in ("GIF", "PNG"):
        told = "animations, their first frame taken: 1"
        yield taken(f"picture: moving {form}", among(film(form)), told, holds=is_(255, 0, 0))
    long = "cat/" + "n" * 251 + ".png"
    for name, path, shown in (
        ("unicode name", "cat/고양이 ä.png", "cat/고양이 ä.png"),
        ("newline in its name", "cat/a\nb.png", "cat/a\\nb.png"),
        ("name of 255 bytes", long, long),
        ("suffix in capitals", "cat/odd.PNG", "cat/odd.PNG"),
        ("link inside the folder", "cat/link.png", "cat/link.png"),
    ):
        write = link("../dog/0000.png") if "link" in name else lambda p: noise(99).save(p, "PNG")
        yield taken(f"picture: {name}", among(write, path), holds=has(shown))


# --- folders ------------------------------------------------------------------------------------


def parts_of(root: Path, **labels: tuple[str, ...]) -> Path:
    """Folders of splits, each with its classes."""
    for i, (part, names) in enumerate(labels.items()):
        good(root / part, names, seed=100_000 * (i + 1))
    return root


def of_one_picture(root: Path) -> Path:
    good(root)
    good(root, ("owl",), 1, seed=70_000)
    return root


def empty_class(root: Path) -> Path:
    good(root)
    (root / "owl").mkdir()
    return root


def copied(root: Path, here: str, there: str) -> Path:
    """A folder in which one picture stands twice."""
    parts_of(root, train=("cat", "dog"), val=("cat", "dog"), test=("cat", "dog"))
    Image.open(root / here).save((root / there).with_suffix(".bmp"))
    return root


def leftovers(root: Path) -> Path:
    good(root)
    for name in ("Thumbs.db", ".DS_Store", "._0001.png", "desktop.ini"):
        (root / "cat" / name).write_text("no picture")
    good(root / "cat" / ".ipynb_checkpoints")
    good(root, (".ipynb_checkpoints", "__MACOSX"))
    return root


def count_is(number: int) -> Callable[[Prepared], bool]:
    return lambda parts: sum(parts.dataset.card.sizes.values()) == number


@contextmanager
def after_the_scan(change: Write, root: Path) -> Iterator[None]:
    """A file changes once its header has been read, before it is read whole."""
    looked = reader._headers

    def sizes(places: list[Path]):
        found = looked(places)
        change(root / "cat" / "0003.png")
        return found

    with patch.object(reader, "_headers", sizes):
        yield


def replaced_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def trees() -> Iterator[Kind]:
    one, both, three = ("cat",), ("cat", "dog"), ("cat", "dog", "owl")
    yield error("folder: empty class", empty_class, "owl: has no pictures")
    yield error("folder: one class", partial(good, labels=one), "has one class only (cat)")
    yield error("folder: no class", lambda root: root, "has no class folders")
    yield error(
        "folder: class in val only",
        lambda root: parts_of(root, train=both, val=three, test=both),
        "val/owl: there is no such class in train",
    )
    yield taken(
        "folder: class in train only",
        lambda root: parts_of(root, train=three, val=both, test=both),
        "not in test: owl",
    )
    yield taken(
        "folder: class missing in val",
        lambda root: parts_of(root, train=three, val=both, test=three),
        "not in validation: owl",
    )
    yield taken("folder: class of one picture", of_one_picture, "not in test: owl")
    yield taken(
        "folder: nested classes",
        among(lambda p: noise(99).save(p), "cat/small/kitten/odd.png"),
        "pictures in deeper folders belong to the class at the top",
        holds=has("cat/small/kitten/odd.png"),
    )
    yield taken("folder: what systems leave behind", leftovers, holds=count_is(16))
    yield taken(
        "folder: same picture in train and val",
        partial(copied, here="train/cat/0000.png", there="val/cat/copy"),
        "WARNING: the same picture in more than one split (1)",
        "train/cat/0000.png (train) = val/cat/copy.bmp (val)",
    )
    yield taken(
        "folder: same picture in train and test",
        partial(copied, here="train/cat/0000.png", there="test/cat/copy"),
        "WARNING: the same picture in more than one split (1)",
        "train/cat/0000.png (train) = test/cat/copy.bmp (test)",
    )
    yield taken(
        "folder: same picture under two classes",
        partial(copied, here="train/cat/0000.png", there="train/dog/copy"),
        "WARNING: the same picture under two classes (1)",
        "train/cat/0000.png (train) = train/dog/copy.bmp (train)",
    )
    for name, change, told in (
        ("removed", Path.unlink, "No such file"),
        ("changed", lambda path: path.write_text("text"), "is not a picture"),
        ("replaced by a pipe", replaced_by_a_pipe, "is a pipe"),
    ):
        yield error(
            f"folder: file {name} between scan and read",
            good,
            "cat/0003.png",
            told,
            left_out="cat/0003.png",
            around=partial(after_the_scan, change),
        )


KINDS = [*broken(), *forms(), *trees()]
