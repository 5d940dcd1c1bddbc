"""Read picture files into arrays, with limits on their size: upright, in one mode and one size.

    file -> open_image -> upright (EXIF) -> 8 bits, L or RGB -> shorter side resized, centre cropped

Training and prediction use the same rules:
- transparent pixels (RGBA, LA, P or any mode with a transparent colour) are blended with white;
- grey pictures of more than 8 bits (I;16, I, F) are scaled by one range for the whole data set
  (`Levels`). The training data decide it and the Card stores it; the values of a single picture
  never decide how it is read;
- a TIFF whose header says that zero is white is inverted, whatever its depth;
- only the first frame of an animation is read; colour profiles (ICC) are ignored;
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
from typing import Literal, NamedTuple, Protocol, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from etude.config import Config
from etude.data.duplicates import digest
from etude.data.reasons import unreadable
from etude.errors import InvalidValue
from etude.locale.texts import Text, text
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
# Exceptions that Pillow's readers are known to raise for damaged files.
DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError,
    EOFError, MemoryError, NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
Result = TypeVar("Result")


class Levels(Config):
    """The values of black and white in grey pictures of more than 8 bits, one pair for a whole data
    set; values outside are clipped. whole: of integers; real: of floats. None: by type alone,
    0..65535 for 16-bit integers, 0..255 for others.
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
    """Whether pictures of this Pillow mode are grey with more than 8 bits."""
    return mode == "F" or mode.startswith("I")


class Piece(NamedTuple):
    """A picture inside a larger file, such as an archive: `size` bytes from `start`."""

    path: Path
    start: int
    size: int


class Held(NamedTuple):
    """A picture file in a row of a table. key: of the table, another one for other content."""

    files: "Files"
    row: int
    key: str


class Files(Protocol):
    """The content of picture files, by row."""

    def __getitem__(self, row: int, /) -> bytes: ...


Place = Path | Piece | Held
"""Where the bytes of a picture are."""


class PictureError(InvalidValue):
    """The reason why one picture cannot be used; sources collect these in one DataError."""


def gather(
    places: Sequence[Place], read: Callable[[Place], Result]
) -> Iterator[tuple[int, Result | PictureError]]:
    """(index, read(place) or its PictureError) for every place, in order, on two threads."""

    def one(place: Place) -> Result | PictureError:
        try:
            return read(place)
        except PictureError as broken:
            return broken
        except DAMAGE as error:
            return PictureError(_damaged(error))

    with warnings.catch_warnings(), ThreadPoolExecutor(2) as pool:
        warnings.simplefilter("ignore")  # Pillow warns about odd files; real faults are raised
        # In parts: `map` submits all paths at once, and decoded pictures would fill the memory if
        # the caller is slower than the two threads.
        for start in range(0, len(places), 256):
            yield from enumerate(pool.map(one, places[start : start + 256]), start)


def open_image(place: Place) -> Image.Image:
    """A decoded picture. Raises PictureError for a file that is not a picture or has more than 25
    million pixels.

    Never blocks: pipes, sockets and devices are refused before they are opened. The size in the
    header is checked before anything is decoded.
    """
    content = _content(place)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _bounded(picture)
            if picture.format == "PNG":
                picture.verify()  # the checksums of all chunks; decoding skips those of pixels
            # `verify` leaves the picture unusable, so the content is opened a second time.
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        # Decoding rotates a TIFF upright and drops the tag, so it is read before; a PNG may have
        # its EXIF at the end, so it is read after.
        turned = picture.format == "TIFF" and orientation(picture) != 1
        # Of 16 bits per colour, Pillow keeps the higher 8. Only the tiles say so, and decoding
        # removes them.
        narrowed = not is_deep(picture.mode) and any("16" in str(t.args) for t in picture.tile)
        picture.load()
        picture.info[NARROWED] = narrowed
        picture.info[TURNED] = turned or orientation(picture) != 1
        # Pillow itself inverts such a TIFF only if it has 8 bits or fewer.
        tags = getattr(picture, "tag_v2", {})
        picture.info[WHITE_IS_ZERO] = is_deep(picture.mode) and tags.get(PHOTOMETRIC) == 0
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(text("data.images.pixels", most=PIXELS)) from None
    except UnidentifiedImageError:
        begin = content[:8].hex(" ")
        raise PictureError(text("data.images.other", begin=begin)) from None
    except DAMAGE as error:
        raise PictureError(_damaged(error)) from None
    return picture


class Header(NamedTuple):
    """Size and mode in a picture's header. size: (height, width) once upright; mode: Pillow's."""

    size: tuple[int, int]
    mode: str


def header(place: Place) -> Header:
    """Size and mode of a picture, from its header alone. Raises PictureError."""
    content = _content(place, most=1 << 16)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _bounded(picture)
            return Header(_upright_size(picture), picture.mode)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(text("data.images.pixels", most=PIXELS)) from None
    except DAMAGE:
        # The header may be longer than the 64 KiB that were read, so try again with the whole file.
        with open_image(place) as picture:
            return Header(_upright_size(picture), picture.mode)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    # Pillow reports the upright size of a TIFF already. For a PNG it would decode the whole picture
    # to look for EXIF at its end, which costs too much: sizes only choose `size` and make notes.
    readable = picture.format != "TIFF" and (picture.format != "PNG" or "exif" in picture.info)
    # EXIF orientations 5 to 8 exchange width and height.
    rotated = readable and orientation(picture) >= 5
    return (width, height) if rotated else (height, width)


def _bounded(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > PIXELS:
        raise PictureError(text("data.images.size", width=width, height=height, most=PIXELS))


def _content(place: Place, most: int = BYTES) -> bytes:
    """The bytes of a regular file, or of a piece of it, at most `most`. Raises PictureError."""
    if isinstance(place, Held):
        return _checked(place.files[place.row])
    path = place.path if isinstance(place, Piece) else place
    try:
        _regular(path.stat())
        # Opened without blocking: the file may have become a pipe since the check above, which is
        # why the open file is checked once more.
        handle = portable.open_to_read(path)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            _regular(status)
            size = place.size if isinstance(place, Piece) else status.st_size
            if size > BYTES:
                raise PictureError(text("data.images.bytes", size=size, most=BYTES))
            if isinstance(place, Piece):
                file.seek(place.start)
                most = min(most, size)
            content = file.read(most)
    except OSError as error:
        raise PictureError(unreadable(error)) from None
    return _checked(content)


def _checked(content: bytes) -> bytes:
    if not content:
        raise PictureError(text("data.images.empty"))
    if len(content) > BYTES:
        raise PictureError(text("data.images.bytes", size=len(content), most=BYTES))
    return content


def _regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFDIR: "folder"}
        kind = kinds.get(stat.S_IFMT(status.st_mode), "device")
        raise PictureError(text(f"data.images.no_file.{kind}"))


def _damaged(error: BaseException) -> Text:
    why = (str(error) or type(error).__name__).split("\n")[0][:120]
    return text("data.images.damaged", why=why)


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation of a picture: 1 upright, 2 to 8 rotated or mirrored."""
    try:
        value = picture.getexif().get(ORIENTATION, 1)
    except DAMAGE:
        return 1  # damaged EXIF does not damage the pixels: keep them as stored
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def flat(picture: Image.Image, mode: Mode, levels: Levels = BY_TYPE) -> Image.Image:
    """The picture upright, in 8 bits and without transparency. Raises PictureError for values that
    are not finite."""
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
    # Through RGB, so that grey is computed from the same colours that an RGB reading gives.
    if picture.mode not in ("1", "L", "RGB"):
        picture = picture.convert("RGB")
    return picture.convert(mode)


def deep_values(picture: Image.Image) -> np.ndarray:
    """The stored values [H W] float64 of a grey picture of more than 8 bits.

    Raises PictureError for values that are not finite.
    """
    values = np.asarray(picture).astype(np.float64)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise PictureError(text("data.images.nan", count=bad))
    return values


def eight_bits(values: np.ndarray, low: float, high: float, inverted: bool) -> np.ndarray:
    """[H W] uint8: low becomes 0 and high 255; inverted: low becomes 255 and high 0."""
    scaled = (values - low) * (255 / (high - low))
    return np.clip(np.rint(255 - scaled if inverted else scaled), 0, 255).astype(np.uint8)


def extremes(place: Place) -> tuple[float, float]:
    """(smallest, largest) value of a grey picture of more than 8 bits. Raises PictureError."""
    with open_image(place) as picture:
        values = deep_values(picture)
    return float(values.min()), float(values.max())


def fit(
    picture: Image.Image, size: tuple[int, int], mode: Mode, levels: Levels = BY_TYPE
) -> np.ndarray:
    """[C H W] uint8: the picture after `flat`, resized to cover (H, W) and centre cropped."""
    pixels = np.asarray(_cropped(flat(picture, mode, levels), size))
    return pixels[None] if mode == "L" else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def fit_deep(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """[1 H W] float64: a grey picture of more than 8 bits with its stored values, resized and
    cropped as in `fit`; for models trained on arrays of such values."""
    if orientation(picture) != 1:
        picture = ImageOps.exif_transpose(picture)
    values = deep_values(picture)
    if values.shape == size:
        return values[None]
    # Pillow resizes 32-bit floats, not 64-bit ones.
    real = Image.fromarray(values.astype(np.float32))
    return np.asarray(_cropped(real, size), np.float64)[None]


def _cropped(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture resized to cover (H, W) and centre cropped."""
    (height, width), (w, h) = size, picture.size
    if (w, h) == (width, height):
        return picture
    # The largest centred box with the sides' ratio of the result; `resize` reads only this box.
    across = min(w, h * width / height)
    down = min(h, w * height / width)
    left, top = (w - across) / 2, (h - down) / 2
    box = (left, top, left + across, top + down)
    return picture.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _is_grey(picture: Image.Image) -> bool:
    """Whether an RGB picture has three equal channels before resizing; then mode L gives the same
    numbers."""
    red, green, blue = (np.asarray(channel) for channel in picture.split())
    return bool((red == green).all() and (green == blue).all())


class Seen(NamedTuple):
    """Properties of one picture file. digest: of its upright 8-bit pixels before resizing.
    narrowed: read with 8 of 16 bits per colour. moving: has several frames."""

    digest: bytes
    mode: str
    grey: bool
    turned: bool
    narrowed: bool
    transparent: bool
    moving: bool


def see(
    place: Place, size: tuple[int, int], mode: Mode, levels: Levels = BY_TYPE
) -> tuple[np.ndarray, Seen]:
    """(pixels [C H W] as from `fit`, properties) of a picture file. Raises PictureError."""
    with open_image(place) as picture:
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
            # MPO is a JPEG with further views of the same photograph, not an animation.
            moving=picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1,
        )
