"""Snapshots: reads the arrays of a .npz file without trusting it.

Images [n C H W] uint8 by name. Pickled objects are never read, and the sizes in the file's own list
of contents are checked before memory is allocated.
"""

import io
import math
import struct
import tokenize
import zipfile
import zlib

import numpy as np
from numpy.lib import format as npy

from etude.errors import InvalidValue, RunError
from etude.locale.texts import text

MAX_PACKED, MAX_UNPACKED = 64 << 20, 256 << 20
"""Bytes of a file, and of all of its arrays together: a small file can unpack to any size."""
MAX_SIDE = 1 << 14  # a thin strip, drawn, would be as high as it is wide
# zipfile and NumPy's header parser let errors of many types through for a damaged file.
READ_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error,
    EOFError, OSError, NotImplementedError, RuntimeError,
    SyntaxError, TypeError, OverflowError, RecursionError, tokenize.TokenError,
)  # fmt: skip


class Arrays(dict[str, np.ndarray]):
    """Arrays by name. Raises RunError for a missing name, because then the run is damaged."""

    def __missing__(self, name: str) -> np.ndarray:
        raise RunError(text("runs.snapshot.missing", name=name))


def unpack(content: bytes) -> Arrays:
    """The arrays [n C H W] uint8 of a .npz file, by name. Raises ValueError for anything that
    `RunFolder.snapshot` would not write."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if total > MAX_UNPACKED:
                raise InvalidValue(text("runs.snapshot.large", size=total, most=MAX_UNPACKED))
            arrays = ((m.filename.removesuffix(".npy"), _decompress(archive, m)) for m in members)
            return Arrays({name: _array(data) for name, data in arrays})
    except READ_ERRORS as error:
        raise ValueError(str(error) or type(error).__name__) from None


def _decompress(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of one member. Raises ValueError if they are more than its header states."""
    # LZMA, for one, would allocate a dictionary of the size that the file states.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidValue(text("runs.snapshot.method", method=member.compress_type))
    with archive.open(member) as file:
        # read() without a size would unpack more than the size that was checked, and then cut it.
        data = file.read(member.file_size)
        if file.read(1):
            raise InvalidValue(text("runs.snapshot.more"))
    return data


def _array(data: bytes) -> np.ndarray:
    """Parse the .npy file `data`. Raises ValueError unless it is images in bytes."""
    file = io.BytesIO(data)
    # Versions 2 and 3 exist for long headers and names in Unicode, which no snapshot has.
    if npy.read_magic(file) != (1, 0):
        raise InvalidValue(text("runs.snapshot.form"))
    shape, _, dtype = npy.read_array_header_1_0(file)
    # This also refuses object arrays, which would be unpickled, and shapes larger than the data.
    fits = len(shape) == 4 and min(shape) > 0 and max(shape) <= MAX_SIDE and shape[1] in (1, 3, 4)
    if dtype != np.uint8 or not fits or file.tell() + math.prod(shape) != len(data):
        raise InvalidValue(text("runs.snapshot.array", dtype=dtype, shape=str(shape)))
    file.seek(0)
    return np.asarray(npy.read_array(file, allow_pickle=False))
