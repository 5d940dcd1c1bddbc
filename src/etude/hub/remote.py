"""Push the files of a run to a repository of the Hub, and pull those of one.

    push: what is there -> create, if it is missing -> one commit of what differs -> what is there
    pull: what is there -> sizes -> the files of one commit -> their hashes -> a folder of the cache

A commit is complete or absent, so nothing half-written is left on the server.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from etude.errors import DataError, RunError, UsageError
from etude.hub import layout
from etude.hub.library import Place, opened, place_of, tried, unlike
from etude.hub.read import content
from etude.locale.texts import Text, text
from etude.system import limits
from etude.system.limits import Plain

TIMEOUT = 20.0
"""Seconds that the server has for one answer about a repository."""


@dataclass(frozen=True)
class Stored:
    """A file on the server: its size in bytes, and its digest: SHA-256 of a large file, and of a
    small one the SHA-1 that git computes. None, "": the server does not say."""

    size: int | None
    digest: str

    def is_(self, content: bytes) -> bool:
        """Whether this is the content of the file."""
        return bool(self.digest) and self.digest == digest(content, len(self.digest))


@dataclass(frozen=True)
class Remote:
    """A repository on the server at one commit."""

    commit: str
    private: bool
    files: Mapping[str, Stored]


@dataclass(frozen=True)
class Pushed:
    """What a push did. changed: the files that were uploaded, removed: those that were deleted.

    With neither there was nothing to push. created: whether the repository is new.
    """

    name: str
    url: str
    commit: str
    private: bool
    created: bool
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def plain(self) -> Plain:
        """As plain JSON values."""
        return {**asdict(self), "changed": list(self.changed), "removed": list(self.removed)}


def digest(content: bytes, length: int) -> str:
    """SHA-256 (64 digits) of a content, or the SHA-1 that git gives it (40 digits)."""
    if length == 64:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def require_access(name: str) -> None:
    """Raise UsageError if the library or a token for an upload is missing, before any work."""
    with opened() as hub:
        place_of(hub, name, None, write=True)


def push(contents: Mapping[str, bytes], name: str, label: str, private: bool) -> Pushed:
    """Upload the files of a run, which is called `label`, to the repository `name` in one commit.

    It is created if it does not exist. Files that are equal are not uploaded. Raises UsageError for
    a repository that is public or is not that of a run, DataError for what fails on the way.
    """
    with opened() as hub:
        place = place_of(hub, name, None, write=True)
        api = hub.HfApi()
        before = look_up(api, place, None, missing=True)
        if before is not None:
            _require_ours(hub, place, before, contents, private)
        changed, removed = differences(before, contents)
        url = f"{place.server}/{name}"
        if before is not None and not changed and not removed:
            return Pushed(name, url, before.commit, before.private, created=False)
        if before is None:
            tried(place, lambda: api.create_repo(name, private=private, exist_ok=True))
        operations = [
            *(hub.CommitOperationAdd(file, contents[file]) for file in changed),
            *(hub.CommitOperationDelete(file) for file in removed),
        ]
        parent = None if before is None else before.commit
        tried(
            place,
            lambda: api.create_commit(
                name, operations, commit_message=f"Push {label}", parent_commit=parent
            ),
        )
        after = look_up(api, place, None, missing=False)
        if after is None or any(differences(after, contents)):
            raise DataError(text("hub.unequal", **place._asdict()), do=text("hub.unequal.do"))
        return Pushed(name, url, after.commit, after.private, before is None, changed, removed)


def differences(
    before: Remote | None, contents: Mapping[str, bytes]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(files to upload, files to delete). Files on the server are deleted only if an earlier push
    wrote them and this one does not have them."""
    there = before.files if before else {}
    changed = tuple(
        name for name, content in contents.items()
        if name not in there or not there[name].is_(content)
    )  # fmt: skip
    ours = (
        name for name in there
        if name in (layout.ONNX, layout.TIMING) or layout.PICTURE.fullmatch(name)
    )  # fmt: skip
    return changed, tuple(name for name in ours if name not in contents)


def _require_ours(
    hub: Any, place: Place, before: Remote, contents: Mapping[str, bytes], private: bool
) -> None:
    """Raise UsageError for a repository with files of something else, or for a public one if the
    files are to be private."""
    if private and not before.private:
        raise UsageError(text("hub.public", name=place.name), do=text("hub.public.do"))
    held = before.files.get(layout.CONFIG)
    if held is None:
        other = [n for n in (layout.WEIGHTS, layout.RECIPE) if n in before.files]
    elif held.is_(contents[layout.CONFIG]):
        return
    else:
        _require_size(place, layout.CONFIG, held)
        folder = Path(
            tried(
                place,
                lambda: hub.hf_hub_download(place.name, layout.CONFIG, revision=before.commit),
            )
        ).parent
        try:
            found = limits.parse_json(content(folder, layout.CONFIG))
        except (ValueError, RunError):
            found = {}
        other = [] if isinstance(found.get("etude"), dict) else [layout.CONFIG]
    if other:
        raise UsageError(
            text("hub.occupied", name=place.name, names=other), do=text("hub.occupied.do")
        )


def pull(name: str, revision: str | None, token: str | bool | None, offline: bool) -> Path:
    """The folder of the library's cache with the files of a repository at one commit.

    revision: a branch, a tag or a commit; None is the newest commit. offline: read the copy in the
    cache, without any request. Raises DataError for what fails, RunError for a repository that is
    not that of a run.
    """
    with opened() as hub:
        place = place_of(hub, name, token, write=False)
        if offline or hub.constants.HF_HUB_OFFLINE:
            return _cached(hub, place, revision)
        api = hub.HfApi(token=token)
        remote = look_up(api, place, revision, missing=False)
        assert remote is not None  # `missing` says so
        lacking = [file for file in layout.NEEDED if file not in remote.files]
        if lacking:
            raise RunError(
                text("hub.incomplete", where=place.name, names=lacking),
                do=text("hub.incomplete.do"),
            )
        folder = Path()
        for file in layout.READ:
            if file in remote.files:
                _require_size(place, file, remote.files[file])
                folder = _downloaded(hub, place, file, remote, token)
        # By the commit, so that all files are of one; by the name of the branch or tag once more,
        # because only that call makes the cache remember the commit for a time without a network.
        tried(
            place,
            lambda: hub.hf_hub_download(name, layout.CONFIG, revision=revision, token=token),
        )
        return folder


def _downloaded(
    hub: Any, place: Place, file: str, remote: Remote, token: str | bool | None
) -> Path:
    """Download one file into the cache, and return the folder that it is in. Raises DataError for
    one whose hash is not that of the repository; it is removed from the cache."""
    path = Path(
        tried(
            place,
            lambda: hub.hf_hub_download(place.name, file, revision=remote.commit, token=token),
        )
    )
    if not remote.files[file].is_(content(path.parent, file)):
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise DataError(text("hub.hash", name=place.name, file=file), do=text("hub.hash.do"))
    return path.parent


def _cached(hub: Any, place: Place, revision: str | None) -> Path:
    """The folder of an earlier download. Raises DataError if the cache has none, or a file of it
    was damaged."""
    folder = Path()
    for file in layout.NEEDED:
        path = tried(
            place,
            lambda file=file: hub.hf_hub_download(  # type: ignore[misc]
                place.name, file, revision=revision, local_files_only=True
            ),
        )
        folder = Path(path).parent
        # In the cache a file has its hash as its name, and the folder a link to it.
        name = Path(path).resolve().name
        known = Stored(None, name if len(name) in (40, 64) else "")
        if known.digest and not known.is_(content(folder, file)):
            raise DataError(
                text("hub.hash.cached", name=place.name, file=file), do=text("hub.hash.do")
            )
    return folder


def _require_size(place: Place, file: str, stored: Stored) -> None:
    """Raise DataError for a file that is too large, or of a size that the server does not say."""
    most = layout.largest(file)
    if stored.size is None or not stored.digest:
        raise DataError(unlike(place), do=text("hub.answer.do", **place._asdict()))
    if stored.size > most:
        raise DataError(
            text("hub.large", name=place.name, file=file, size=stored.size, most=most),
            do=text("hub.large.do"),
        )


def look_up(api: Any, place: Place, revision: str | None, missing: bool) -> Remote | None:
    """The repository on the server; with `missing`, None if there is none. Raises DataError."""

    def asked() -> Remote | None:
        try:
            info = api.model_info(
                place.name, revision=revision, files_metadata=True, timeout=TIMEOUT
            )
        except OSError as error:
            # Of a private repository of somebody else a server says the same.
            answer = getattr(error, "response", None)
            if missing and answer is not None and answer.status_code == 404:
                return None
            raise
        if not layout.COMMIT.fullmatch(str(info.sha)):
            raise ValueError
        files = {str(each.rfilename): _stored(each) for each in info.siblings or ()}
        return Remote(info.sha, bool(info.private), files)

    return tried(place, asked)


def _stored(sibling: Any) -> Stored:
    """Size and digest of a file, as the server lists it."""
    large = sibling.lfs
    size = large.size if large else sibling.size
    digest = str(large.sha256 if large else sibling.blob_id or "")
    fits = len(digest) == (64 if large else 40)
    return Stored(size if isinstance(size, int) else None, digest if fits else "")


def summary(pushed: Pushed) -> Text:
    """What a push did, in one sentence."""
    if not pushed.changed and not pushed.removed:
        return text("hub.nothing", url=pushed.url)
    seen = text("hub.private" if pushed.private else "hub.visible")
    key = "hub.created" if pushed.created else "hub.updated"
    values = {"changed": len(pushed.changed), "commit": pushed.commit[:12]}
    return text(key, url=pushed.url, seen=seen, **values)
