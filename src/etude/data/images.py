"""Pictures from files to arrays: opened within bounds, upright, brought to one mode and size.

    file -> open_image -> upright (EXIF) -> 8 bits, L or RGB -> shorter side resized, centre cropped

Choices, the same for training and prediction:
- transparent parts (RGBA, LA, P or any mode with a transparent colour) are laid on white;
- 16-bit greys (I;16, I) are divided by 257; floats (F) are taken as 0..1 or, failing that, 0..255;
- of an animation the first frame is taken; colour profiles (ICC) are not applied;
- resizing is bilinear with antialiasing.
"""

import io
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from etude import portable
from etude.data.twins import digest

Mode = Literal["L", "RGB"]
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
SUFFIXES = frozenset(
    f".{ending}"
    for names in ("png apng", "jpg jpeg jfif", "gif", "bmp", "tif tiff", "webp", "ppm pgm pbm")
    for ending in names.split()
)
PIXELS = 25_000_000
BYTES = 256 << 20
ORIENTATION = 0x0112
TURNED = "etude: turned"
# What Pillow's readers are known to raise for damaged files.
DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError,
    EOFError, MemoryError, NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
Made = TypeVar("Made")


class PictureError(ValueError):
    """Why one picture cannot be used, in a few words; sources gather these into one DataError."""


def gather(
    paths: Sequence[Path], look: Callable[[Path], Made]
) -> Iterator[tuple[int, Made | PictureError]]:
    """(number, look(path) or why not) for every path, in order, looked at on two threads."""

    def one(path: Path) -> Made | PictureError:
        try:
            return look(path)
        except PictureError as broken:
            return broken
        except DAMAGE as error:
            return PictureError(f"is damaged ({_short(error)})")

    with warnings.catch_warnings(), ThreadPoolExecutor(2) as pool:
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files; what matters is raised
        # In parts, so that results do not pile up ahead of a slower reader.
        for start in range(0, len(paths), 256):
            yield from enumerate(pool.map(one, paths[start : start + 256]), start)


def open_image(path: Path) -> Image.Image:
    """A decoded picture. Raises PictureError for whatever is not one of at most 25 million pixels.

    Never waits: pipes, sockets and devices are refused unopened. Its size is read from the header,
    and judged, before anything is decoded.
    """
    content = _content(path)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _bounded(picture)
            if picture.format == "PNG":
                picture.verify()  # the checksums of all chunks
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        # Decoding turns a TIFF upright and forgets that it did; a PNG says it only when decoded.
        turned = picture.format == "TIFF" and orientation(picture) != 1
        picture.load()
        picture.info[TURNED] = turned or orientation(picture) != 1
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"has more than {PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        begin = content[:8].hex(" ")
        raise PictureError(f"is no picture that can be read (it begins with {begin})") from None
    except DAMAGE as error:
        raise PictureError(f"is damaged ({_short(error)})") from None
    return picture


def header(path: Path) -> tuple[int, int]:
    """(height, width) of the upright picture, from its header alone. Raises PictureError."""
    content = _content(path, most=1 << 16)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _bounded(picture)
            return _upright_size(picture)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"has more than {PIXELS:,} pixels") from None
    except DAMAGE:
        # The header may be longer than what was read of it: let the whole file decide.
        with open_image(path) as picture:
            return _upright_size(picture)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    # Pillow tells the size of a TIFF as it will be once turned, and decodes a PNG to look for EXIF
    # at its end, which is not worth it: sizes are for choosing one and for the notes.
    known = picture.format != "TIFF" and (picture.format != "PNG" or "exif" in picture.info)
    lying = known and orientation(picture) >= 5
    return (width, height) if lying else (height, width)


def _bounded(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > PIXELS:
        raise PictureError(f"is {width} x {height}: more than {PIXELS:,} pixels")


def _content(path: Path, most: int = BYTES) -> bytes:
    """The bytes of a regular file, at most `most`. Raises PictureError."""
    try:
        _regular(path.stat())
        # Not waiting, should it have become a pipe in between.
        handle = portable.open_to_read(path)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            _regular(status)
            if status.st_size > BYTES:
                raise PictureError(f"is {status.st_size:,} bytes long; {BYTES:,} is the most read")
            content = file.read(most)
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror or error})") from None
    if not content:
        raise PictureError("is empty (0 bytes)")
    return content


def _regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
        kind = kinds.get(stat.S_IFMT(status.st_mode), "a device")
        raise PictureError(f"is {kind}, not a file")


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__).split("\n")[0][:120]


def orientation(picture: Image.Image) -> int:
    """How EXIF says the picture lies: 1 upright, 2 to 8 turned or mirrored."""
    try:
        value = picture.getexif().get(ORIENTATION, 1)
    except DAMAGE:
        return 1  # damaged EXIF beside sound pixels: the picture stands as it is stored
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def flat(picture: Image.Image, mode: Mode) -> Image.Image:
    """Upright, 8 bits, without transparency. Raises PictureError for floats of an unknown range."""
    if orientation(picture) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == mode and "transparency" not in picture.info:
        return picture
    if picture.mode == "F" or picture.mode.startswith("I"):
        picture = Image.fromarray(_eight_bits(picture))
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    if picture.mode not in ("1", "L", "RGB"):
        picture = picture.convert("RGB")
    return picture.convert(mode)


def _eight_bits(picture: Image.Image) -> np.ndarray:
    """16-bit or float greys as [H W] uint8."""
    values = np.asarray(picture).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if picture.mode != "F":
        values = values / 257
    elif not (low >= 0 and high <= 255):  # NaN comes here too
        raise PictureError(
            f"has values from {low:g} to {high:g}; floats must lie in 0..1 or 0..255"
        )
    elif high <= 1:
        values = values * 255
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def fit(picture: Image.Image, size: tuple[int, int], mode: Mode) -> np.ndarray:
    """[C H W] uint8: flat, its shorter side resized to (H, W) and the rest cropped evenly."""
    picture = flat(picture, mode)
    (height, width), (w, h) = size, picture.size
    if (w, h) != (width, height):
        across = min(w, h * width / height)
        down = min(h, w * height / width)
        left, top = (w - across) / 2, (h - down) / 2
        box = (left, top, left + across, top + down)
        picture = picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
    pixels = np.asarray(picture)
    return pixels[None] if mode == "L" else np.ascontiguousarray(pixels.transpose(2, 0, 1))


class Seen(NamedTuple):
    """What was found about one picture on its way in. digest: of its upright 8-bit pixels."""

    digest: bytes
    mode: str
    grey: bool
    turned: bool
    transparent: bool
    moving: bool


def see(path: Path, size: tuple[int, int], mode: Mode) -> tuple[np.ndarray, Seen]:
    """(what `fit` makes of a file, what was found about it). Raises PictureError."""
    with open_image(path) as picture:
        upright = flat(picture, mode)
        pixels = fit(upright, size, mode)
        shape = repr((upright.mode, upright.size)).encode()
        return pixels, Seen(
            digest=digest(shape + upright.tobytes()),
            mode=picture.mode,
            grey=bool((pixels == pixels[:1]).all()),
            turned=picture.info[TURNED],
            transparent=picture.has_transparency_data,
            moving=picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1,
        )
