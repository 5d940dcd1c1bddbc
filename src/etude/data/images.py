"""Pictures from files to arrays: opened within bounds, upright, brought to one mode and size.

    file -> open_image -> upright (EXIF) -> 8 bits, L or RGB -> shorter side resized, centre cropped

Choices, the same for training and prediction:
- transparent parts (RGBA, LA, P or any mode with a transparent colour) are laid on white;
- greys of more than 8 bits (I;16, I, F) are scaled by one range for the whole data set (`Levels`),
  which training decides and the Card keeps: what one picture holds never decides how it is read;
- a TIFF that says that white is zero is inverted, whatever its depth;
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

from etude.config import Config
from etude.data.duplicates import digest
from etude.system import portable

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
NARROWED = "etude: narrowed"
WHITE_IS_ZERO = "etude: white is zero"
PHOTOMETRIC = 262
# What Pillow's readers are known to raise for damaged files.
DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError,
    EOFError, MemoryError, NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
Made = TypeVar("Made")


class Levels(Config):
    """The values that stand for black and for white in greys of more than 8 bits, for a whole data
    set; what lies outside becomes black or white. None: decided by the type alone, whole numbers of
    16 bits 0..65535, others 0..255.
    """

    whole: tuple[float, float] | None = None
    real: tuple[float, float] | None = None

    def of(self, mode: str) -> tuple[float, float]:
        """(black, white) of a picture of this Pillow mode."""
        if mode == "F":
            return self.real or (0.0, 255.0)
        return self.whole or ((0.0, 65535.0) if mode.startswith("I;16") else (0.0, 255.0))


BY_TYPE = Levels()


def is_deep(mode: str) -> bool:
    """Whether pictures of this Pillow mode are greys of more than 8 bits."""
    return mode == "F" or mode.startswith("I")


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
        # Pillow keeps the higher half of a colour's 16 bits; only before decoding does it say so.
        narrowed = not is_deep(picture.mode) and any("16" in str(t.args) for t in picture.tile)
        picture.load()
        picture.info[NARROWED] = narrowed
        picture.info[TURNED] = turned or orientation(picture) != 1
        # Pillow inverts such a TIFF by itself only where it has 8 bits or fewer.
        tags = getattr(picture, "tag_v2", {})
        picture.info[WHITE_IS_ZERO] = is_deep(picture.mode) and tags.get(PHOTOMETRIC) == 0
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


class Header(NamedTuple):
    """What a picture's header says. size: (height, width), upright; mode: Pillow's."""

    size: tuple[int, int]
    mode: str


def header(path: Path) -> Header:
    """Size and mode of a picture, from its header alone. Raises PictureError."""
    content = _content(path, most=1 << 16)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _bounded(picture)
            return Header(_upright_size(picture), picture.mode)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"has more than {PIXELS:,} pixels") from None
    except DAMAGE:
        # The header may be longer than what was read of it: let the whole file decide.
        with open_image(path) as picture:
            return Header(_upright_size(picture), picture.mode)


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


def flat(picture: Image.Image, mode: Mode, levels: Levels = BY_TYPE) -> Image.Image:
    """Upright, 8 bits, without transparency. Raises PictureError for values that are not finite."""
    inverted = bool(picture.info.get(WHITE_IS_ZERO))
    if orientation(picture) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == mode and "transparency" not in picture.info:
        return picture
    if is_deep(picture.mode):
        low, high = levels.of(picture.mode)
        picture = Image.fromarray(eight_bits(deep_values(picture), low, high, inverted))
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    if picture.mode not in ("1", "L", "RGB"):
        picture = picture.convert("RGB")
    return picture.convert(mode)


def deep_values(picture: Image.Image) -> np.ndarray:
    """The values [H W] float64 of a grey of more than 8 bits, as stored. Raises PictureError."""
    values = np.asarray(picture).astype(np.float64)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise PictureError(f"has {bad} pixels that are NaN or infinite")
    return values


def eight_bits(values: np.ndarray, low: float, high: float, inverted: bool) -> np.ndarray:
    """[H W] uint8: low becomes 0 and high 255 (inverted: the other way round)."""
    scaled = (values - low) * (255 / (high - low))
    return np.clip(np.rint(255 - scaled if inverted else scaled), 0, 255).astype(np.uint8)


def extremes(path: Path) -> tuple[float, float]:
    """The smallest and the largest value of a grey of more than 8 bits. Raises PictureError."""
    with open_image(path) as picture:
        values = deep_values(picture)
    return float(values.min()), float(values.max())


def fit(
    picture: Image.Image, size: tuple[int, int], mode: Mode, levels: Levels = BY_TYPE
) -> np.ndarray:
    """[C H W] uint8: flat, its shorter side resized to (H, W) and the rest cropped evenly."""
    pixels = np.asarray(_cropped(flat(picture, mode, levels), size))
    return pixels[None] if mode == "L" else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def fit_deep(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """[1 H W] float64: a grey of more than 8 bits as `fit`, its values as they are stored, for
    data that were arrays of such values."""
    if orientation(picture) != 1:
        picture = ImageOps.exif_transpose(picture)
    values = deep_values(picture)
    if values.shape == size:
        return values[None]
    real = Image.fromarray(values.astype(np.float32))
    return np.asarray(_cropped(real, size), np.float64)[None]


def _cropped(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The shorter side resized to (H, W) and the rest cropped evenly."""
    (height, width), (w, h) = size, picture.size
    if (w, h) == (width, height):
        return picture
    across = min(w, h * width / height)
    down = min(h, w * height / width)
    left, top = (w - across) / 2, (h - down) / 2
    box = (left, top, left + across, top + down)
    return picture.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _is_grey(picture: Image.Image) -> bool:
    """Whether an RGB picture has three equal channels, before any resizing: then a grey reading of
    it gives the same numbers."""
    red, green, blue = (np.asarray(channel) for channel in picture.split())
    return bool((red == green).all() and (green == blue).all())


class Seen(NamedTuple):
    """What was found about one picture on its way in. digest: of its upright 8-bit pixels."""

    digest: bytes
    mode: str
    grey: bool
    turned: bool
    narrowed: bool
    transparent: bool
    moving: bool


def see(
    path: Path, size: tuple[int, int], mode: Mode, levels: Levels = BY_TYPE
) -> tuple[np.ndarray, Seen]:
    """(what `fit` makes of a file, what was found about it). Raises PictureError."""
    with open_image(path) as picture:
        upright = flat(picture, mode, levels)
        pixels = fit(upright, size, mode)
        shape = repr((upright.mode, upright.size)).encode()
        return pixels, Seen(
            digest=digest(shape + upright.tobytes()),
            mode=picture.mode,
            grey=mode == "L" or _is_grey(upright),
            turned=picture.info[TURNED],
            narrowed=picture.info[NARROWED],
            transparent=picture.has_transparency_data,
            moving=picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1,
        )
