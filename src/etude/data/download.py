"""Download one file: resume an interrupted download, check it, and only then rename it.

    url -> path.part (continued by a Range request) -> size and checksum -> fsync -> rename -> path

The .part file keeps the bytes received so far, even if the process is killed.
"""

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from etude.errors import DataError, InvalidValue, StorageError, write_error
from etude.locale.texts import Sentence, Text, text
from etude.system import portable

CHUNK = 1 << 18
TIMEOUT = 20.0
TRIES = 4
AGAIN = {408, 425, 429, 500, 502, 503, 504}
Progress = Callable[[int, int], None]


class _CutError(Exception):
    """The connection failed in a way that another attempt may repair. what: in words."""

    def __init__(self, what: Sentence) -> None:
        self.what = what
        super().__init__(what)


def fetch(
    url: str,
    path: Path,
    *,
    size: int,
    md5: str = "",
    sha256: str = "",
    progress: Progress | None = None,
    pause: float = 1.0,
    by_hand: Sentence = "",
) -> None:
    """Download `url` to `path`; do nothing if `path` exists.

    size: expected bytes. progress(done, size) is called after every chunk. pause: seconds before
    the second attempt, doubled before each further one. by_hand: advice for a machine without a
    network. Raises DataError if the download fails or its content is wrong, StorageError if the
    file cannot be written.
    """
    if not url.startswith(("https://", "http://")):
        raise DataError(text("data.download.address", url=url))
    if not (md5 or sha256):
        raise InvalidValue(text("data.download.unchecked"))
    part = path.with_name(path.name + ".part")
    if path.exists():
        return
    with _alone(part, size):
        # Another process may have finished it while this one waited for the lock.
        if path.exists():
            return
        with _part(part, size) as file:
            _try(url, file, part, size, progress, pause, by_hand)
            wrong = _wrong(file, size, md5, sha256)
            _synced(file, part, size)
        # After the file is closed: Windows neither removes nor renames an open file.
        if wrong:
            part.unlink(missing_ok=True)
            raise DataError(
                text("data.download.differs", url=url, wrong=wrong),
                do=by_hand or text("data.download.differs.do"),
            )
        _name(part, path, size)


@contextmanager
def _alone(part: Path, size: int) -> Iterator[None]:
    """Hold the lock of this download; a second process waits until the first has the file."""
    # Only the start may fail with a StorageError; an OSError of the body is not one of the lock.
    with ExitStack() as stack:
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(portable.hold_lock(part.with_suffix(".lock")))
        except OSError as error:
            raise _storage(part, size, error) from error
        yield


def _synced(file: BinaryIO, part: Path, size: int) -> None:
    try:
        os.fsync(file.fileno())
    except OSError as error:
        raise _storage(part, size, error) from error


def _name(part: Path, path: Path, size: int) -> None:
    """Rename the synced file to `path`, and sync the folder so that the name survives a crash."""
    try:
        part.rename(path)
        portable.sync_folder(path.parent)
    except OSError as error:
        raise _storage(path, size, error) from error


def _part(part: Path, size: int) -> BinaryIO:
    try:
        return os.fdopen(portable.open_to_write(part, empty=False), "r+b")
    except OSError as error:
        raise _storage(part, size, error) from error


def _try(
    url: str,
    file: BinaryIO,
    part: Path,
    size: int,
    progress: Progress | None,
    pause: float,
    by_hand: Sentence,
) -> None:
    """Download up to `size` bytes in at most TRIES attempts, each of which resumes the last one."""
    reason: Sentence = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _continue(url, file, part, size, progress)
            return
        except _CutError as cut:
            reason = cut.what
    raise DataError(
        text("data.download.failed", url=url, count=TRIES, why=reason),
        do=by_hand or text("data.download.failed.do"),
    )


def _continue(url: str, file: BinaryIO, part: Path, size: int, progress: Progress | None) -> None:
    """One request for the missing bytes. Raises _CutError if another attempt makes sense."""
    have = os.fstat(file.fileno()).st_size
    if have > size:  # the file cannot be a part of this download
        have = 0
    if have == size:
        return
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with _opener().open(request, timeout=TIMEOUT) as answer:
            # A server that ignores Range answers 200 and sends the whole file.
            resumed = answer.status == 206 and _begins_at(answer, have)
            if answer.status == 206 and not resumed:
                _cut_to(file, part, 0, size)
                raise _CutError(text("data.download.position"))
            _cut_to(file, part, have if resumed else 0, size)
            _copy(answer, file, part, size, progress)
    except urllib.error.HTTPError as error:
        error.close()
        answered = text("data.download.answer", code=error.code, reason=error.reason)
        if error.code == 416:  # the range does not fit the server's file: start from the beginning
            _cut_to(file, part, 0, size)
        elif error.code not in AGAIN:
            raise DataError(
                text("data.fault", where=url, what=answered), do=text("data.download.answer.do")
            ) from None
        raise _CutError(answered) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise _CutError(str(reason)) from None


def _copy(
    answer: http.client.HTTPResponse,
    file: BinaryIO,
    part: Path,
    size: int,
    progress: Progress | None,
) -> None:
    done = file.tell()
    # One byte more than expected is enough to know that it is the wrong file.
    while done <= size and (chunk := answer.read(min(CHUNK, size + 1 - done))):
        try:
            file.write(chunk)
            file.flush()
        except OSError as error:
            raise _storage(part, size, error) from error
        done += len(chunk)
        if progress:
            progress(done, size)
    if done < size and answer.length == 0:
        return  # complete for the server, but too short: the size check reports it
    if done < size:
        raise _CutError(text("data.download.cut", done=done, size=size))


def _wrong(file: BinaryIO, size: int, md5: str, sha256: str) -> Text | None:
    """How the file differs from the published one; None if it does not."""
    file.seek(0)
    actual = os.fstat(file.fileno()).st_size
    if actual > size:  # `_copy` stops one byte after the expected ones
        return text("data.download.long", expected=size, actual=actual)
    if actual < size:
        return text("data.download.short", expected=size, actual=actual)
    for name, expected in (("md5", md5), ("sha256", sha256)):
        file.seek(0)
        digest = hashlib.new(name, usedforsecurity=False)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
        found = digest.hexdigest()
        if expected and found != expected:
            return text("data.download.sum", name=name, expected=expected, actual=found)
    return None


def _begins_at(answer: http.client.HTTPResponse, have: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _cut_to(file: BinaryIO, part: Path, have: int, size: int) -> None:
    try:
        file.truncate(have)
        file.seek(have)
    except OSError as error:
        raise _storage(part, size, error) from error


def _opener() -> urllib.request.OpenerDirector:
    """An opener for http and https only, so that no redirect can lead to a local file or ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _storage(path: Path, size: int, error: OSError) -> StorageError:
    return write_error(path, error, size, safe=text("data.download.kept"))
